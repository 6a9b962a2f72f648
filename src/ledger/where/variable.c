/*
 * variable.c
 *		Variables and constants of patterns.
 *
 *		"?name"		as key or string	VARIABLE_IRI "name"
 *					as "@id"			VARIABLE_IRI NODE_MARK "name"
 *
 * A variable is marked before JSON-LD is asked what a pattern means, by an IRI
 * that no caller can send; what comes back of it is looked up by that.  One that
 * stood as "@id" is known for a node whatever its context.  Constants become
 * parameters of the query.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "ledger/name.h"
#include "ledger/term.h"
#include "ledger/where/where.h"
#include "upsert.h"

/* between prefix and name of a variable that stood as "@id" */
#define NODE_MARK	"\1"

void
where_bad_pattern(const JldValue *pattern, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid pattern in \"where\": %s", why),
			 errdetail("The pattern is %s.", where_excerpt(pattern))));
}

/* --- variables ------------------------------------------------------------ */

static bool
is_variable(JldStr s)
{
	if (s.len < 2 || s.data[0] != '?')
		return false;
	for (int i = 1; i < s.len; i++)
		if (!isalnum((unsigned char) s.data[i]) && s.data[i] != '_' && s.data[i] != '-')
			return false;
	return true;
}

static JldStr
mark(JldStr s)
{
	if (!is_variable(s))
		return s;
	return jld_str_cat(JLD_STR(VARIABLE_IRI), (JldStr) {s.data + 1, s.len - 1});
}

/* The same of the name of a node, which is one node whatever its context. */
static JldStr
mark_node(JldStr s)
{
	return jld_str_cat(JLD_STR(VARIABLE_IRI NODE_MARK), (JldStr) {s.data + 1, s.len - 1});
}

/* A list as it was written, told apart from what a context makes one. */
static JldValue *
mark_list(JldValue *items)
{
	JldValue   *mark = jld_new_object(1);
	JldValue   *marked = jld_array_of(mark);

	jld_put(mark, JLD_STR("@value"), jld_new_string(JLD_STR(LIST_MARK)));
	items = where_mark_variables(items);
	if (jld_is_array(items))
		jld_push_all(marked, items);
	else
		jld_push(marked, items);
	return marked;
}

JldValue *
where_list_items(JldValue *list, bool *explicit)
{
	JldValue   *items = jld_get(list, JLD_STR("@list"));
	JldValue   *first = items->n > 0 && jld_is_object(items->u.items[0]) ?
	jld_get(items->u.items[0], JLD_STR("@value")) : NULL;
	JldValue   *rest;

	*explicit = jld_is_string(first) && jld_is(first->u.string, LIST_MARK);
	if (!*explicit)
		return items;
	rest = jld_new_array(items->n - 1);
	for (int i = 1; i < items->n; i++)
		jld_push(rest, items->u.items[i]);
	return rest;
}

static JldStr
unmark(JldStr s)
{
	int			prefix = sizeof(VARIABLE_IRI) - 1;

	if (s.len <= prefix || memcmp(s.data, VARIABLE_IRI, prefix) != 0)
		return s;
	if (s.data[prefix] == NODE_MARK[0])
		prefix++;
	return jld_str_cat(JLD_STR("?"), (JldStr) {s.data + prefix, s.len - prefix});
}

bool
where_may_be_list(Where *w, const JldValue *value)
{
	JldValue   *id = jld_is_object(value) ? jld_get(value, JLD_STR("@id")) : NULL;

	return where_variable_value(w, value) >= 0 &&
		!(id && id->u.string.data[sizeof(VARIABLE_IRI) - 1] == NODE_MARK[0]);
}

JldValue *
where_unmark(JldValue *v)
{
	JldValue   *plain;

	check_stack_depth();
	switch (v->type)
	{
		case JLD_STRING:
			return jld_new_string(unmark(v->u.string));
		case JLD_ARRAY:
			plain = jld_new_array(v->n);
			for (int i = 0; i < v->n; i++)
				jld_push(plain, where_unmark(v->u.items[i]));
			return plain;
		case JLD_OBJECT:
			plain = jld_new_object(v->n);
			for (int i = 0; i < v->n; i++)
			{
				JldMember  *m = &v->u.object.members[i];
				JldValue   *value = m->value;
				bool		explicit;

				if (jld_is(m->key, "@list") && jld_is_array(value))
					value = where_list_items(v, &explicit);
				jld_put(plain, unmark(m->key), where_unmark(value));
			}
			return plain;
		default:
			return v;
	}
}

char *
where_excerpt(const JldValue *v)
{
	return jld_excerpt(where_unmark(unconstify(JldValue *, v)));
}

JldValue *
where_mark_variables(JldValue *v)
{
	JldValue   *marked;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (v->type)
	{
		case JLD_STRING:
			return is_variable(v->u.string) ? jld_new_string(mark(v->u.string)) : v;
		case JLD_ARRAY:
			marked = jld_new_array(v->n);
			for (int i = 0; i < v->n; i++)
				jld_push(marked, where_mark_variables(v->u.items[i]));
			return marked;
		case JLD_OBJECT:
			{
				JldValue   *variable = jld_get(v, JLD_STR("@variable"));

				if (variable && v->n == 1)
					return where_mark_variables(variable);
			}
			marked = jld_new_object(v->n);
			for (int i = 0; i < v->n; i++)
			{
				JldMember  *m = &v->u.object.members[i];

				if (jld_is(m->key, "@context") || jld_is(m->key, "@value"))
					jld_put(marked, m->key, m->value);
				else if (jld_is(m->key, "@list"))
					jld_put(marked, m->key, mark_list(m->value));
				else if (jld_is(m->key, "@id") && jld_is_string(m->value) && is_variable(m->value->u.string))
					jld_put(marked, m->key, jld_new_string(mark_node(m->value->u.string)));
				else
					jld_put(marked, mark(m->key), where_mark_variables(m->value));
			}
			return marked;
		default:
			return v;
	}
}

int
where_variable(Where *w, JldStr iri)
{
	int			prefix = sizeof(VARIABLE_IRI) - 1;
	JldStr		name = {iri.data + prefix, iri.len - prefix};

	if (iri.len <= prefix || memcmp(iri.data, VARIABLE_IRI, prefix) != 0)
		return -1;
	if (name.data[0] == NODE_MARK[0])
		name = (JldStr) {name.data + 1, name.len - 1};
	for (int i = 0; i < w->variables->n; i++)
		if (jld_eq(w->variables->u.items[i]->u.string, name))
			return i;
	if (w->variables->n == WHERE_MAX_VARIABLES)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many variables"),
				 errdetail("At most %d are possible.", WHERE_MAX_VARIABLES)));
	jld_push(w->variables, jld_new_string(name));
	return w->variables->n - 1;
}

int
where_variable_value(Where *w, const JldValue *value)
{
	JldValue   *inner;

	if (jld_is_string(value))
		return where_variable(w, value->u.string);
	if (!jld_is_object(value))
		return -1;
	inner = jld_get(value, JLD_STR("@value"));
	if (inner == NULL && value->n == 1)
		inner = jld_get(value, JLD_STR("@id"));
	return jld_is_string(inner) ? where_variable(w, inner->u.string) : -1;
}

/* --- constants ------------------------------------------------------------ */

const char *
where_param(Where *w, Oid type, Datum value)
{
	if (w->nparams == WHERE_MAX_PARAMS)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many constants in \"where\""),
				 errdetail("At most %d are possible.", WHERE_MAX_PARAMS)));
	w->types[w->nparams] = type;
	w->params[w->nparams] = value;
	return psprintf("$%d", ++w->nparams);
}

const char *
where_jsonb_param(Where *w, const JldValue *v)
{
	return where_param(w, JSONBOID, JsonbPGetDatum(jld_to_jsonb(v)));
}

const char *
where_text_param(Where *w, JldStr s)
{
	return where_param(w, TEXTOID, jld_text_datum(s));
}

JldValue *
where_term(Where *w, JldValue *value)
{
	JldValue   *holder = jld_new_object(1);
	JldValue   *expanded;
	JldValue   *type;

	if (value->type == JLD_NULL || value->type == JLD_ARRAY || where_variable_value(w, value) >= 0)
		where_bad_pattern(value, "null, arrays and variables cannot be values");
	if (value->type != JLD_OBJECT)
	{
		jld_put(holder, JLD_STR("@value"), value);
		return term_normal(holder);
	}
	/* Fluree's way to write a reference */
	type = jld_get(value, JLD_STR("@type"));
	if (jld_is_string(type) && jld_is(type->u.string, "@id") &&
		jld_is_string(jld_get(value, JLD_STR("@value"))) && value->n == 2)
	{
		JldValue   *reference = jld_new_object(1);

		jld_put(reference, JLD_STR("@id"), jld_get(value, JLD_STR("@value")));
		value = reference;
	}
	/* by the context, as the value of some property */
	jld_put(holder, JLD_STR("urn:upsert:values"), value);
	expanded = jsonld_expand(w->proc, holder);
	value = expanded->n == 1 ? jld_get(expanded->u.items[0], JLD_STR("urn:upsert:values")) : NULL;
	if (value == NULL || value->n != 1)
		where_bad_pattern(holder->u.object.members[0].value, "not one value");
	value = value->u.items[0];
	if (jld_is_node_object(value) && (value->n != 1 || !jld_has(value, JLD_STR("@id"))))
		where_bad_pattern(value, "a node cannot be a value, only a reference to one");
	if (jld_has(value, JLD_STR("@id")))
	{
		name_check_iri(jld_get(value, JLD_STR("@id"))->u.string);
		return value;
	}
	return term_normal(where_unmark(value));
}
