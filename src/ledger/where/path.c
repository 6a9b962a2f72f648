/*
 * path.c
 *		Property paths -> SQL.
 *
 *		"@context": {"reaches": {"@path": "(ex:knows|^ex:likes)+"}}
 *
 * A term with @path is taken out of the context, and where it stands as a key,
 * PATH_IRI and its number are put, which JSON-LD takes through like other
 * predicates.  The path itself is data: an IRI, or an array of an operator and
 * paths:
 *
 *		"/", "|"		one after another, either
 *		"^"				backwards
 *		"+", "*", "?"	once or more, any number of times, at most once
 *
 * It is walked from the end that is known, in SQL that has the other end as
 * column o: backwards, if only the object is known; from each term of the graph,
 * if neither is.  What may be walked any number of times is a recursive query
 * that stops where it has been, so circles end.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "jsonld/context.h"
#include "ledger/term.h"
#include "ledger/where/where.h"
#include "upsert.h"

/* The characters that end the name of a predicate in a path. */
#define PATH_SYNTAX	"/|()^*+?<> \t\n\r"

typedef struct Walk
{
	Where	   *w;
	const char *relation;		/* of nodes, for FROM */
	const char *graph;			/* SQL: which one; NULL: relation is one */
	bool		indexed;		/* it has keys */
} Walk;

static JldValue *parse_alternative(const char **pos, const JldValue *whole);
static JldValue *check_path(JldValue *path, const JldValue *whole);
static char *walk_path(Walk *walk, const JldValue *path, bool backwards, const char *from);

/* --- contexts ------------------------------------------------------------- */

pg_noreturn static void
bad_path(const JldValue *path, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid @path: %s", why),
			 errdetail("It is %s.", jld_excerpt(path))));
}

static JldValue *
operation(const char *name, JldValue *operand)
{
	JldValue   *path = jld_array_of(jld_new_string(jld_str(pstrdup(name))));

	jld_push(path, operand);
	return path;
}

static void
skip_space(const char **pos)
{
	while (**pos != '\0' && strchr(" \t\n\r", **pos))
		(*pos)++;
}

/* ^ primary [+*?] */
static JldValue *
parse_element(const char **pos, const JldValue *whole)
{
	JldValue   *path;
	const char *start;

	check_stack_depth();
	skip_space(pos);
	if (**pos == '^')
	{
		(*pos)++;
		return operation("^", parse_element(pos, whole));
	}
	if (**pos == '(')
	{
		(*pos)++;
		path = parse_alternative(pos, whole);
		skip_space(pos);
		if (**pos != ')')
			bad_path(whole, "missing \")\"");
		(*pos)++;
	}
	else if (**pos == '<')
	{
		start = ++*pos;
		while (**pos != '\0' && **pos != '>')
			(*pos)++;
		if (**pos != '>')
			bad_path(whole, "missing \">\"");
		path = jld_new_string((JldStr) {start, (int) (*pos - start)});
		(*pos)++;
	}
	else
	{
		start = *pos;
		while (**pos != '\0' && strchr(PATH_SYNTAX, **pos) == NULL)
			(*pos)++;
		if (*pos == start)
			bad_path(whole, "a predicate is missing");
		path = jld_new_string((JldStr) {start, (int) (*pos - start)});
	}
	for (skip_space(pos); **pos != '\0' && strchr("+*?", **pos); skip_space(pos))
	{
		char		name[2] = {**pos, '\0'};

		path = operation(name, path);
		(*pos)++;
	}
	return path;
}

/* element / element ... */
static JldValue *
parse_sequence(const char **pos, const JldValue *whole)
{
	JldValue   *path = parse_element(pos, whole);
	bool		first = true;

	for (skip_space(pos); **pos == '/'; skip_space(pos))
	{
		(*pos)++;
		if (first)
			path = operation("/", path);
		first = false;
		jld_push(path, parse_element(pos, whole));
	}
	return path;
}

/* sequence | sequence ... */
static JldValue *
parse_alternative(const char **pos, const JldValue *whole)
{
	JldValue   *path = parse_sequence(pos, whole);
	bool		first = true;

	for (skip_space(pos); **pos == '|'; skip_space(pos))
	{
		(*pos)++;
		if (first)
			path = operation("|", path);
		first = false;
		jld_push(path, parse_sequence(pos, whole));
	}
	return path;
}

/* A path that came as data: are its operators such, with operands? */
static JldValue *
check_path(JldValue *path, const JldValue *whole)
{
	JldStr		name;

	check_stack_depth();
	if (jld_is_string(path) && path->u.string.len > 0)
		return path;
	if (!jld_is_array(path) || path->n < 2 || !jld_is_string(path->u.items[0]))
		bad_path(whole, "neither an IRI nor an array of an operator and paths");
	name = path->u.items[0]->u.string;
	if (name.len != 1 || strchr("/|^+*?", name.data[0]) == NULL)
		bad_path(whole, psprintf("there is no operator \"%s\"", jld_cstr(name)));
	if (strchr("^+*?", name.data[0]) && path->n != 2)
		bad_path(whole, psprintf("\"%s\" takes one path", jld_cstr(name)));
	for (int i = 1; i < path->n; i++)
		(void) check_path(path->u.items[i], whole);
	return path;
}

static JldValue *
read_path(JldValue *path)
{
	const char *pos;
	JldValue   *read;

	if (!jld_is_string(path))
		return check_path(path, path);
	pos = jld_cstr(path->u.string);
	read = parse_alternative(&pos, path);
	skip_space(&pos);
	if (*pos != '\0')
		bad_path(path, psprintf("something follows it at \"%s\"", pos));
	return read;
}

JldValue *
where_take_paths(Where *w, JldValue *context)
{
	JldValue   *taken;

	check_stack_depth();
	if (jld_is_array(context))
	{
		taken = jld_new_array(context->n);
		for (int i = 0; i < context->n; i++)
			jld_push(taken, where_take_paths(w, context->u.items[i]));
		return taken;
	}
	if (!jld_is_object(context))
		return context;
	taken = jld_new_object(context->n);
	for (int i = 0; i < context->n; i++)
	{
		JldMember  *m = &context->u.object.members[i];
		JldValue   *path = jld_is_object(m->value) ? jld_get(m->value, JLD_STR("@path")) : NULL;

		if (path == NULL)
		{
			jld_put(taken, m->key, m->value);
			continue;
		}
		if (jld_has(m->value, JLD_STR("@reverse")))
			bad_path(path, "it stands beside @reverse");
		if (w->paths == NULL)
			w->paths = jld_new_object(2);
		jld_put(w->paths, m->key, read_path(path));
	}
	return taken;
}

JldValue *
where_mark_paths(Where *w, JldValue *v)
{
	JldValue   *marked;

	check_stack_depth();
	if (w->paths == NULL || !(jld_is_object(v) || jld_is_array(v)))
		return v;
	marked = jld_is_array(v) ? jld_new_array(v->n) : jld_new_object(v->n);
	for (int i = 0; i < v->n; i++)
	{
		JldMember  *m = &v->u.object.members[i];
		JldStr		key;

		if (jld_is_array(v))
		{
			jld_push(marked, where_mark_paths(w, v->u.items[i]));
			continue;
		}
		if (jld_is(m->key, "@context") || jld_is(m->key, "@value"))
		{
			jld_put(marked, m->key, m->value);
			continue;
		}
		key = m->key;
		for (int k = 0; k < w->paths->n; k++)
			if (jld_eq(w->paths->u.object.members[k].key, m->key))
				key = jld_str_cat(JLD_STR(PATH_IRI), jld_str(psprintf("%d", k)));
		jld_put(marked, key, where_mark_paths(w, m->value));
	}
	return marked;
}

bool
where_is_path(JldStr key)
{
	int			prefix = sizeof(PATH_IRI) - 1;

	return key.len > prefix && memcmp(key.data, PATH_IRI, prefix) == 0;
}

void
where_refuse_paths(const JldValue *value)
{
	check_stack_depth();
	for (int i = 0; jld_is_array(value) && i < value->n; i++)
		where_refuse_paths(value->u.items[i]);
	for (int i = 0; jld_is_object(value) && i < value->n; i++)
	{
		JldMember  *m = &value->u.object.members[i];

		if (where_is_path(m->key))
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("a path cannot be written, only looked for"),
					 errhint("A term with @path belongs to \"where\".")));
		where_refuse_paths(m->value);
	}
}

/* --- walks ---------------------------------------------------------------- */

/* The member of a stored node that a predicate of a path is. */
static JldStr
predicate_key(Where *w, JldStr name)
{
	JldStr		iri = context_expand_iri(w->proc, context_initial(w->proc), name, false, true);

	if (iri.data && (jld_is(iri, "@type") || jld_is(iri, RDF_TYPE)))
		return JLD_STR("@type");
	if (iri.data == NULL || iri.data[0] == '@')
		bad_path(jld_new_string(name), "a path is made of predicates");
	name_check_iri(iri);
	return iri;
}

static char *
in_graph(Walk *walk, const char *alias)
{
	return walk->graph ? psprintf("%s.graph" AND_EQ "%s", alias, walk->graph) : pstrdup("true");
}

static char *
walk_predicate(Walk *walk, JldStr name, bool backwards, const char *from)
{
	Where	   *w = walk->w;
	JldStr		key = predicate_key(w, name);
	const char *param = where_text_param(w, key);
	bool		is_type = jld_is(key, "@type");
	char	   *n = psprintf("n%d", w->aliases++);
	char	   *e = psprintf("e%d", w->aliases++);
	const char *keys = "";

	if (!backwards)
		return psprintf(is_type ? "SELECT pg_catalog.jsonb_build_object('@id', %s.value) AS o FROM %s AS %s CROSS JOIN LATERAL %s.ledger_values(%s.doc" ARROW "%s) AS %s "
						"WHERE %s AND %s.iri" AND_EQ "(%s" ARROW_TEXT "'@id')" :
						"SELECT %s.value AS o FROM %s AS %s CROSS JOIN LATERAL %s.ledger_values(%s.doc" ARROW "%s) AS %s "
						"WHERE %s AND %s.iri" AND_EQ "(%s" ARROW_TEXT "'@id')",
						e, walk->relation, n, w->schema, n, param, e, in_graph(walk, n), n, from);
	if (is_type)
		from = psprintf("(%s" ARROW "'@id')", from);
	if (walk->indexed)
		keys = psprintf(" AND %s.keys" CONTAINS "ARRAY[%s.ledger_key(%s, %s)]", n, w->schema, param, from);
	return psprintf("SELECT pg_catalog.jsonb_build_object('@id', %s.iri) AS o FROM %s AS %s WHERE %s%s "
					"AND %s.doc" CONTAINS "pg_catalog.jsonb_build_object(%s, pg_catalog.jsonb_build_array(%s)) "
					"AND EXISTS (SELECT FROM %s.ledger_values(%s.doc" ARROW "%s) AS %s WHERE %s.value" AND_EQ "%s)",
					n, walk->relation, n, in_graph(walk, n), keys,
					n, param, from, w->schema, n, param, e, e, from);
}

/* From "from" (a short expression): a SELECT with column o. */
static char *
walk_path(Walk *walk, const JldValue *path, bool backwards, const char *from)
{
	Where	   *w = walk->w;
	char		name;
	int			n = path->n - 1;
	char	   *sql = NULL;

	check_stack_depth();
	if (jld_is_string(path))
		return walk_predicate(walk, path->u.string, backwards, from);
	name = path->u.items[0]->u.string.data[0];
	switch (name)
	{
		case '^':
			sql = walk_path(walk, path->u.items[1], !backwards, from);
			break;
		case '/':
			for (int i = 0; i < n; i++)
			{
				const JldValue *step = path->u.items[backwards ? n - i : i + 1];
				char	   *a = psprintf("w%d", w->aliases++);
				char	   *b = psprintf("w%d", w->aliases++);

				sql = sql == NULL ? walk_path(walk, step, backwards, from) :
					psprintf("SELECT %s.o FROM (%s) AS %s CROSS JOIN LATERAL (%s) AS %s",
							 b, sql, a, walk_path(walk, step, backwards, psprintf("%s.o", a)), b);
			}
			break;
		case '|':
			for (int i = 0; i < n; i++)
			{
				char	   *one = psprintf("SELECT w.o FROM (%s) AS w", walk_path(walk, path->u.items[i + 1], backwards, from));

				sql = sql == NULL ? one : psprintf("%s UNION ALL %s", sql, one);
			}
			break;
		case '?':
			sql = psprintf("SELECT %s AS o UNION SELECT w.o FROM (%s) AS w",
						   from, walk_path(walk, path->u.items[1], backwards, from));
			break;
		default:
			{
				char	   *r = psprintf("w%d", w->aliases++);
				const char *first = name == '*' ? psprintf("%s AS o", from) :
				psprintf("w.o FROM (%s) AS w", walk_path(walk, path->u.items[1], backwards, from));

				sql = psprintf("WITH RECURSIVE %s(o) AS (SELECT %s UNION SELECT w.o FROM %s CROSS JOIN LATERAL (%s) AS w) SELECT %s.o FROM %s",
							   r, first, r, walk_path(walk, path->u.items[1], backwards, psprintf("%s.o", r)), r, r);
			}
	}
	if (strlen(sql) > WHERE_MAX_SQL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("\"where\" is too complex")));
	return sql;
}

/* All terms of a graph that can be an end of a path. */
static char *
all_terms(Walk *walk)
{
	Where	   *w = walk->w;

	return psprintf("SELECT pg_catalog.jsonb_build_object('@id', n.iri) AS o FROM %s AS n WHERE %s "
					"UNION SELECT CASE WHEN m.key" AND_EQ "'@type' THEN pg_catalog.jsonb_build_object('@id', v.value) ELSE v.value END "
					"FROM %s AS n CROSS JOIN LATERAL %s.ledger_members(n.doc OPERATOR(pg_catalog.-) '@id'::pg_catalog.text) AS m "
					"CROSS JOIN LATERAL %s.ledger_values(m.value) AS v WHERE %s",
					walk->relation, in_graph(walk, "n"), walk->relation, w->schema, w->schema, in_graph(walk, "n"));
}

char *
where_walk(Where *w, JldStr key, bool backwards, const char *from, const char *graph)
{
	int			prefix = sizeof(PATH_IRI) - 1;
	int			number = atoi(jld_cstr((JldStr) {key.data + prefix, key.len - prefix}));
	Walk		walk = {w, where_relation(w), graph, where_is_table(w) && w->ledger->has_keys};
	char	   *s = psprintf("w%d", w->aliases++);
	char	   *e = psprintf("w%d", w->aliases++);

	if (graph == NULL)
		walk.relation = where_scope_relation(w);
	return psprintf("(SELECT %s.o AS s, %s.o AS o FROM (%s) AS %s CROSS JOIN LATERAL (%s) AS %s)",
					s, e, from ? psprintf("SELECT %s AS o OFFSET 0", from) : all_terms(&walk), s,
					walk_path(&walk, w->paths->u.object.members[number].value, backwards, psprintf("%s.o", s)), e);
}
