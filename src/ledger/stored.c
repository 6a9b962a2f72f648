/*
 * stored.c
 *		Reading what a ledger's tables hold.
 *
 * They are ordinary tables, so their owner can update them by other hands than
 * ours.  What has been made of a row is looked at here, once, where it becomes
 * a tree: whoever gets a node from here may take for granted that it is one.
 *
 *		{"@id": "http://n/1", "@type": ["http://c/T"],
 *		 "http://p/1": [{"@value": 1}, {"@id": "http://n/2"},
 *						{"@list": [{"@value": "a", "@language": "en"}]}]}
 *
 * Whether IRIs are IRIs, and whether the log agrees with the nodes, is not
 * asked: that gives other answers, and harms nobody.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "jsonld/value.h"
#include "ledger/stored.h"

static bool
is_string_or_none(const JldValue *object, JldStr key)
{
	const JldValue *value = jld_get(object, key);

	return value == NULL || value->type == JLD_STRING;
}

/* Is it a reference, a literal, or a list, which may be of lists? */
static bool
is_value(const JldValue *value)
{
	const JldValue *literal;
	const JldValue *type;
	const JldValue *list;

	check_stack_depth();
	if (value->type != JLD_OBJECT)
		return false;
	if (jld_has(value, JLD_STR("@id")))
		return jld_is_string(jld_get(value, JLD_STR("@id")));

	literal = jld_get(value, JLD_STR("@value"));
	if (literal)
	{
		type = jld_get(value, JLD_STR("@type"));
		if (!is_string_or_none(value, JLD_STR("@type")) ||
			!is_string_or_none(value, JLD_STR("@language")) ||
			!is_string_or_none(value, JLD_STR("@direction")))
			return false;
		return (type && jld_is(type->u.string, "@json")) ||
			literal->type == JLD_STRING || literal->type == JLD_NUMBER ||
			literal->type == JLD_BOOL;
	}

	list = jld_get(value, JLD_STR("@list"));
	if (!jld_is_array(list))
		return false;
	for (int i = 0; i < list->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_value(list->u.items[i]))
			return false;
	}
	return true;
}

/* Is it a map of predicates to values? */
static bool
is_map(const JldValue *map)
{
	if (map->type != JLD_OBJECT)
		return false;
	for (int i = 0; i < map->n; i++)
	{
		const JldMember *m = &map->u.object.members[i];
		bool		is_type = jld_is(m->key, "@type");

		if (jld_is(m->key, "@id") && m->value->type == JLD_STRING)
			continue;
		if (m->value->type != JLD_ARRAY)
			return false;
		for (int k = 0; k < m->value->n; k++)
		{
			const JldValue *value = m->value->u.items[k];

			if (is_type ? value->type != JLD_STRING : !is_value(value))
				return false;
		}
	}
	return true;
}

JldValue *
stored_node(Jsonb *doc)
{
	JldValue   *node = jld_from_jsonb(doc);

	if (!is_map(node) || !jld_is_string(jld_get(node, JLD_STR("@id"))))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored node is malformed"),
				 errdetail("It is %s.", jld_excerpt(node)),
				 errhint("A node maps predicates to arrays of values.")));
	return node;
}

JldValue *
stored_half(Jsonb *half)
{
	JldValue   *map = half ? jld_from_jsonb(half) : NULL;

	if (map && !is_map(map))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the log of a ledger has a malformed row"),
				 errdetail("It has %s.", jld_excerpt(map)),
				 errhint("A change maps predicates to arrays of values.")));
	return map;
}

JldValue *
stored_metadata(Jsonb *metadata)
{
	JldValue   *map = jld_from_jsonb(metadata);

	if (map->type != JLD_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored metadata of a transaction is no object"),
				 errdetail("It is %s.", jld_excerpt(map))));
	return map;
}
