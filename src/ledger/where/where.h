/*
 * where.h
 *		The patterns of ledger_update as one SQL query.
 *
 *		variable.c	variables and constants
 *		pattern.c	node patterns
 *		where.c		groups and operators: optional, union, ...
 *		expr.c		the expressions of filter and bind
 *		query.c		subqueries
 *		path.c		property paths
 *		dataset.c	graphs: their names, and what patterns are asked of
 */
#ifndef UPSERT_LEDGER_WHERE_H
#define UPSERT_LEDGER_WHERE_H

#include "compat.h"
#include "ledger/ledger.h"

/*
 * A variable's name follows this where it stood as "?name".  Its last byte, a
 * NUL, can stand in no jsonb, so whatever a caller sends is something else; and
 * "://" keeps contexts from reading a prefix into it.
 */
#define VARIABLE_IRI	"variable://\0"

/* The first item of a list that was written as {"@list": [...]}. */
#define LIST_MARK		VARIABLE_IRI "\0@list"

/* A predicate that is a path: its number follows. */
#define PATH_IRI		"path://\0"

/* What the graph "default" is called where a graph must have an IRI. */
#define DEFAULT_GRAPH_IRI	"urn:upsert:graph:default"

/* The graph in which the commits of a ledger are nodes; patterns may read it. */
#define COMMITS_GRAPH		"#txn-meta"

#define WHERE_MAX_VARIABLES	64
#define WHERE_MAX_PARAMS	1000

/* generated SQL may grow to this; expressions can multiply */
#define WHERE_MAX_SQL	(1024 * 1024)

#define AND_EQ		" OPERATOR(pg_catalog.=) "
#define ARROW		" OPERATOR(pg_catalog.->) "
#define ARROW_TEXT	" OPERATOR(pg_catalog.->>) "
#define CONTAINS	" OPERATOR(pg_catalog.@>) "

/* The graph in which patterns are looked for. */
typedef struct GraphScope
{
	JldStr		name;			/* empty: the default graph */
	int			variable;		/* that ranges over the named graphs; -1: name
								 * says it */
	const char *relation;		/* several graphs as one, for FROM; NULL: name
								 * or variable says which */
} GraphScope;

/* A query in the making. */
typedef struct Where
{
	const Ledger *ledger;
	const char *schema;			/* of ledger_values and ledger_members, quoted */
	JldProcessor *proc;			/* for node patterns: safe, with the context */
	GraphScope	scope;			/* of the patterns being compiled */
	int64		t;				/* that is asked; -1: the present */
	JldValue   *named;			/* object, alias -> IRI: the named graphs that
								 * may be asked; NULL: all */
	JldValue   *variables;		/* an array of names */
	JldValue   *paths;			/* terms that are paths -> these, as data;
								 * NULL: none */
	const struct Bindings *rows;	/* what aggregates see; NULL: there are
									 * none */
	char	   *secret;			/* of random values; NULL: none was needed yet */
	int			aliases;		/* given out so far */
	int			nparams;
	Oid			types[WHERE_MAX_PARAMS];
	Datum		params[WHERE_MAX_PARAMS];
} Where;

/* An SQL expression of the query, for one variable */
typedef struct Binding
{
	const char *sql;			/* NULL: not bound here; else a jsonb, either
								 * {"@id"} or a value object */
	bool		certain;		/* never NULL */
	bool		computed;		/* an expression of others */
} Binding;

typedef struct Bindings
{
	Binding		of[WHERE_MAX_VARIABLES];
} Bindings;

/* Raises UP006 about a pattern. */
pg_noreturn extern void where_bad_pattern(const JldValue *pattern, const char *why);

/*
 * A copy of a JSON value in which every "?name", as key or string, has become
 * VARIABLE_IRI "name", and every {"@list": [...]} begins with LIST_MARK;
 * "@context" and "@value" stay as they are.
 */
extern JldValue *where_mark_variables(JldValue *v);

/* The same backwards: what of it turns out to be data. */
extern JldValue *where_unmark(JldValue *v);

/* For messages: jld_excerpt() of what the caller wrote. */
extern char *where_excerpt(const JldValue *v);

/*
 * The items of a list in a marked pattern or template, and whether it was
 * written as {"@list": [...]}, not by a context.
 */
extern JldValue *where_list_items(JldValue *list, bool *explicit);

/* The number of the variable that an IRI or a value stands for; -1: none. */
extern int	where_variable(Where *w, JldStr iri);
extern int	where_variable_value(Where *w, const JldValue *value);

/* May it be a list?  A variable that did not stand as "@id" may. */
extern bool where_may_be_list(Where *w, const JldValue *value);

/* A new parameter: its "$n". */
extern const char *where_param(Where *w, Oid type, Datum value);
extern const char *where_jsonb_param(Where *w, const JldValue *v);
extern const char *where_text_param(Where *w, JldStr s);

/*
 * The value that a constant of "values" or of an expression means: a value
 * object or {"@id"}, by the context.  Error UP006 if it is not one value.
 */
extern JldValue *where_term(Where *w, JldValue *value);

/*
 * The IRI that a (marked) name of a graph means: a variable's, an alias's, by
 * the context, or DEFAULT_GRAPH_IRI.  Error UP004 if it is none.
 */
extern JldStr where_graph_name(Where *w, const JldValue *name);

/*
 * Nodes, and ["graph", name, node ...], as JSON-LD: a node whose @graph is a
 * name, and such an array, become the named graph that they stand for.
 */
extern JldValue *where_graph_nodes(Where *w, JldValue *nodes);

/*
 * What "graph" names (key is for messages): a graph; the ledger's own name means
 * the default one.  "from" goes to w->scope and w->t; "fromNamed" becomes
 * w->named.  Errors UP006, 0A000, and those of ledger_check_t().
 */
extern JldStr where_read_graph(Where *w, const char *key, JldValue *name);
extern void where_read_from(Where *w, JldValue *from);
extern JldValue *where_read_from_named(Where *w, JldValue *named);

/* The nodes at the time that is asked, for FROM. */
extern const char *where_relation(Where *w);

/* Are they those of the table, with its indexes? */
extern bool where_is_table(const Where *w);

/* What new rows of w->scope, one graph that needs no name, come from. */
extern const char *where_scope_relation(Where *w);

/*
 * A context without its terms that are paths ("@path"), which go to w->paths.
 * Where one stands as a key, where_mark_paths() puts what where_is_path() knows.
 * Errors UP006: a malformed one; one in a template.
 */
extern JldValue *where_take_paths(Where *w, JldValue *context);
extern JldValue *where_mark_paths(Where *w, JldValue *v);
extern bool where_is_path(JldStr key);
extern void where_refuse_paths(const JldValue *value);

/*
 * The pairs of nodes or values that a path joins, for FROM: s and o, s being
 * "from" (NULL: any); backwards: o is reached from s that way.  graph (SQL):
 * which one; NULL: where_scope_relation().
 */
extern char *where_walk(Where *w, JldStr key, bool backwards, const char *from,
						const char *graph);

/* The scope that the name of a graph makes. */
extern GraphScope where_scope(Where *w, JldStr name);

/*
 * "SELECT every bound variable FROM from WHERE true conditions".  *out has the
 * same variables as columns v0, v1 ... (not to be used before the caller has
 * given the subquery a name: where_rename).
 */
extern char *where_finish(const char *from, const char *conditions,
						  const Bindings *bindings, Bindings *out);

/* The bindings as columns of a subquery that is about to get this alias. */
extern void where_rename(Bindings *bindings, const char *alias);

/*
 * Each of these appends patterns to a chain, a SELECT with the columns that
 * bindings has, and answers the longer chain.
 */
extern char *where_nodes(Where *w, const char *chain, JldValue *nodes,
						 Bindings *bindings);
extern char *where_group(Where *w, const char *chain, const JldValue *patterns,
						 Bindings *bindings);
extern char *where_query(Where *w, const char *chain, const JldValue *pattern,
						 Bindings *bindings);

/* The chain without anything: one solution in which nothing is bound. */
extern char *where_start(Bindings *bindings);

/*
 * A chain joined with a relation (SQL that may stand in FROM, with columns v0,
 * v1 ... of inner) on the variables that both have.
 */
extern char *where_join(Where *w, const char *chain, const char *relation,
						const Bindings *inner, Bindings *bindings);

/*
 * Compiles "where" (a pattern or an array of such) and "values" (NULL: none),
 * both marked: a SELECT with a column v0, v1 ... for every variable that
 * *bindings has bound.  Error UP006 for what is no pattern.
 */
extern char *where_compile(Where *w, JldValue *where, JldValue *values,
						   Bindings *bindings);

/*
 * Compiles a filter to an SQL boolean, a bind to an SQL jsonb.  The expression
 * is text like "(> ?age 30)" or data like [">", "?age", 30], marked.
 */
extern char *where_filter(Where *w, const JldValue *expr, const Bindings *bindings);
extern char *where_bind(Where *w, const JldValue *expr, const Bindings *bindings);

/* The list that an expression makes as a JSON array; of all else, an empty one. */
extern char *where_items(Where *w, const JldValue *expr, const Bindings *bindings);

/* An S-expression as data; other values as they are. */
extern const JldValue *where_parse(Where *w, const JldValue *expr);

/* The term in sql as a number or as text; NULL if it is none. */
extern char *where_number(const char *sql);
extern char *where_text(const char *sql);

#endif							/* UPSERT_LEDGER_WHERE_H */
