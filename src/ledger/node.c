/*
 * node.c
 *		The algebra of nodes: old node and payload -> new node and flakes.
 *
 * A node maps predicates to sets of values.  The order in which the values of
 * a set are stored means nothing; where a set stays the same, so does its
 * stored order.  Only lists have an order.
 *
 *		value in a node						statements
 *		{"@value": "a"}						p {"@value": "a"}
 *		{"@list": [{"@value": "a"}, ...]}	p {"@value": "a", "@position": 0} ...
 *		"iri" (under @type)					rdf:type {"@id": "iri"}
 *
 * Two statements are the same if value, datatype, language, direction and
 * list position are.  Numbers are the same if they are equal: 1 is 1.0.
 *
 * Pure: knows no tables.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "jsonld/nodemap.h"
#include "ledger/node.h"
#include "upsert.h"

/* up to so many comparisons are made one by one, without a hash table */
#define FEW_COMPARISONS		64

static JldValue *difference(const JldValue *a, const JldValue *b);
static bool same_set(const JldValue *a, const JldValue *b);
static JldValue *join(const NodeChange *change, JldStr predicate,
					  const JldValue *values, const JldValue *more);
static JldValue *statements(JldStr predicate, const JldValue *values);
static void add_flakes(JldStr predicate, const JldValue *values, bool op,
					   List **flakes);
static JldValue *changed_values(const NodeChange *change, JldStr predicate,
								JldValue *old);
static void change_predicate(const NodeChange *change, JldStr predicate,
							 JldValue *old, JldValue *new, List **retracted,
							 List **asserted);

/* --- sets of values ------------------------------------------------------- */

/* The items of a that are not in b. */
static JldValue *
difference(const JldValue *a, const JldValue *b)
{
	JldValue   *rest = jld_new_array(0);

	if ((int64) a->n * b->n <= FEW_COMPARISONS)
	{
		for (int i = 0; i < a->n; i++)
		{
			bool		found = false;

			for (int k = 0; k < b->n && !found; k++)
				found = jld_equal(a->u.items[i], b->u.items[k]);
			if (!found)
				jld_push(rest, a->u.items[i]);
		}
	}
	else
	{
		UniqueIndex *index = unique_index_create();
		JldValue   *seen = jld_new_array(b->n);

		for (int k = 0; k < b->n; k++)
			(void) unique_push(index, seen, b->u.items[k]);
		for (int i = 0; i < a->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (unique_push(index, seen, a->u.items[i]))
				jld_push(rest, a->u.items[i]);
		}
	}
	return rest;
}

static bool
same_set(const JldValue *a, const JldValue *b)
{
	return difference(a, b)->n == 0 && difference(b, a)->n == 0;
}

/* Both together; a new array. */
static JldValue *
join(const NodeChange *change, JldStr predicate, const JldValue *values,
	 const JldValue *more)
{
	JldValue   *all = jld_copy_shallow(values);
	int			lists = 0;

	jld_push_all(all, difference(more, values));
	for (int i = 0; i < all->n; i++)
		lists += jld_is_list_object(all->u.items[i]) ? 1 : 0;
	if (lists > 1)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a predicate can have one list only"),
				 errdetail("Node \"%s\" has another one under \"%s\".",
						   jld_cstr(change->id), jld_cstr(predicate)),
				 errhint("ledger_upsert replaces the list.")));
	return all;
}

/* --- statements ----------------------------------------------------------- */

/* The objects of the statements that values make. */
static JldValue *
statements(JldStr predicate, const JldValue *values)
{
	JldValue   *objects = jld_new_array(values->n);

	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = values->u.items[i];
		JldValue   *list;

		if (value->type == JLD_STRING)
		{
			JldValue   *reference = jld_new_object(1);

			jld_put(reference, JLD_STR("@id"), value);
			jld_push(objects, reference);
			continue;
		}
		list = jld_get(value, JLD_STR("@list"));
		if (list == NULL)
		{
			jld_push(objects, value);
			continue;
		}
		for (int k = 0; k < list->n; k++)
		{
			JldValue   *item = jld_copy_shallow(list->u.items[k]);

			jld_put(item, JLD_STR("@position"),
					jld_new_number(int64_to_numeric(k)));
			jld_push(objects, item);
		}
	}
	return objects;
}

static void
add_flakes(JldStr predicate, const JldValue *values, bool op, List **flakes)
{
	for (int i = 0; i < values->n; i++)
	{
		Flake	   *flake = palloc(sizeof(Flake));

		flake->p = jld_is(predicate, "@type") ? JLD_STR(RDF_TYPE) : predicate;
		flake->o = values->u.items[i];
		flake->op = op;
		*flakes = lappend(*flakes, flake);
	}
}

/* --- changes -------------------------------------------------------------- */

/* The values of a predicate after the change; old may be NULL, and so the answer. */
static JldValue *
changed_values(const NodeChange *change, JldStr predicate, JldValue *old)
{
	JldValue   *given = change->node ? jld_get(change->node, predicate) : NULL;
	JldValue   *gone = change->retract ? jld_get(change->retract, predicate) : NULL;

	switch (change->mode)
	{
		case NODE_UPSERT:
			return given ? given : old;
		case NODE_REPLACE:
		case NODE_DELETE:
			return given;
		case NODE_INSERT:
		case NODE_UPDATE:
			if (gone && old)
				old = difference(old, gone);
			return given && old ? join(change, predicate, old, given) :
				given ? given : old;
	}
	return old;					/* not reached */
}

/* Puts the difference between old and new values (either may be NULL). */
static void
change_predicate(const NodeChange *change, JldStr predicate, JldValue *old,
				 JldValue *new, List **retracted, List **asserted)
{
	JldValue   *none = jld_new_array(0);
	JldValue   *before = old ? statements(predicate, old) : none;
	JldValue   *after = new ? statements(predicate, new) : none;

	add_flakes(predicate, difference(before, after), false, retracted);
	add_flakes(predicate, difference(after, before), true, asserted);
}

JldValue *
node_change(const NodeChange *change, JldValue *old, List **flakes)
{
	JldValue   *result = jld_new_object((old ? old->n : 0) +
										(change->node ? change->node->n : 1));
	List	   *retracted = NIL;
	List	   *asserted = NIL;

	jld_put(result, JLD_STR("@id"), jld_new_string(change->id));
	for (int i = 0; old && i < old->n; i++)
	{
		JldMember  *m = &old->u.object.members[i];
		JldValue   *values;

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@id"))
			continue;
		values = changed_values(change, m->key, m->value);
		if (values != m->value)
		{
			if (values && same_set(values, m->value))
				values = m->value;
			else
				change_predicate(change, m->key, m->value, values,
								 &retracted, &asserted);
		}
		if (values && values->n > 0)
			jld_put(result, m->key, values);
	}
	for (int i = 0; change->node && i < change->node->n; i++)
	{
		JldMember  *m = &change->node->u.object.members[i];

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@id") || m->value->n == 0 ||
			(old && jld_get(old, m->key)))
			continue;
		change_predicate(change, m->key, NULL, m->value, &retracted, &asserted);
		jld_put(result, m->key, m->value);
	}
	*flakes = list_concat(retracted, asserted);
	return result->n > 1 ? result : NULL;
}

/* --- back from statements ------------------------------------------------- */

JldValue *
node_from_statements(JldStr id, const Flake *flakes, int n)
{
	JldValue   *node = jld_new_object(8);
	JldValue   *lists = jld_new_object(0);	/* predicate -> items by position */

	jld_put(node, JLD_STR("@id"), jld_new_string(id));
	for (int i = 0; i < n; i++)
	{
		JldStr		predicate = flakes[i].p;
		JldValue   *value = flakes[i].o;
		JldValue   *position = jld_get(value, JLD_STR("@position"));
		JldValue   *items;
		int			place;

		if (position == NULL)
		{
			if (jld_is(predicate, RDF_TYPE))
			{
				predicate = JLD_STR("@type");
				value = jld_get(value, JLD_STR("@id"));
			}
			jld_add_value(node, predicate, value, true);
			continue;
		}

		items = jld_get(lists, predicate);
		if (items == NULL)
		{
			JldValue   *list = jld_new_object(1);

			items = jld_new_array(1);
			jld_put(lists, predicate, items);
			jld_put(list, JLD_STR("@list"), items);
			jld_add_value(node, predicate, list, true);
		}
		place = DatumGetInt32(DirectFunctionCall1(numeric_int4,
												  NumericGetDatum(position->u.number)));
		if (place < 0 || place >= n)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("history of node \"%s\" has a list with holes", jld_cstr(id))));
		while (items->n <= place)
			jld_push(items, &jld_null);
		value = jld_copy_shallow(value);
		(void) jld_remove(value, JLD_STR("@position"));
		items->u.items[place] = value;
	}
	return node;
}
