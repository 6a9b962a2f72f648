/*
 * where.h
 *		The patterns of ledger_update as one SQL query.
 */
#ifndef UPSERT_LEDGER_WHERE_H
#define UPSERT_LEDGER_WHERE_H

#include "ledger/ledger.h"

/* A variable's name follows this where it stood as "?name". */
#define VARIABLE_IRI	"urn:upsert:variable:"

#define WHERE_MAX_VARIABLES	64
#define WHERE_MAX_PARAMS	1000

/* A query in the making. */
typedef struct Where
{
	const Ledger *ledger;
	JldProcessor *proc;			/* for node patterns: safe, with the context */
	JldStr		graph;			/* in which all patterns are looked for */
	JldValue   *variables;		/* an array of names */
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
} Binding;

typedef struct Bindings
{
	Binding		of[WHERE_MAX_VARIABLES];
} Bindings;

/*
 * A copy of a JSON value in which every "?name", as key or string, has become
 * VARIABLE_IRI "name"; "@context" and "@value" stay as they are.
 */
extern JldValue *where_mark_variables(JldValue *v);

/* The number of the variable that an IRI or a value stands for; -1: none. */
extern int	where_variable(Where *w, JldStr iri);
extern int	where_variable_value(Where *w, const JldValue *value);

/* A new parameter: its "$n". */
extern const char *where_param(Where *w, Oid type, Datum value);

/*
 * Compiles "where" (a pattern or an array of such) and "values" (NULL: none),
 * both marked: a SELECT with a column v0, v1 ... for every variable that
 * *bindings has bound.  Error UP006 for what is no pattern.
 */
extern char *where_compile(Where *w, JldValue *where, JldValue *values,
						   Bindings *bindings);

/*
 * expr.c: compiles a filter to an SQL boolean, and a bind to an SQL jsonb.
 * The expression is text like "(> ?age 30)" or data like [">", "?age", 30],
 * marked.
 */
extern char *where_filter(Where *w, const JldValue *expr, const Bindings *bindings);
extern char *where_bind(Where *w, const JldValue *expr, const Bindings *bindings);

#endif							/* UPSERT_LEDGER_WHERE_H */
