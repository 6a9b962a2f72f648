/*
 * create.c
 *		Making and dropping ledgers.
 *
 * The tables are described at the head of ledger.c.  What is chosen here for
 * all time of a ledger is how they are stored and indexed.
 *
 *		nodes		room on each page, so that updates stay there; a GIN index on
 *					what keys.c makes of a node for the patterns of
 *					ledger_update, and on demand one on whole nodes
 *		log			by (s, graph, t): a node's history, whichever graph is asked;
 *					a BRIN index on t, as rows come in its order
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/ddl.h"
#include "base/schema.h"
#include "call/argument.h"
#include "call/options.h"
#include "jsonld/context.h"
#include "ledger/ledger.h"

/* room on the page, so that updates stay there */
#define NODES_FILLFACTOR	85

/*
 * How much of the index on keys may wait to be sorted in: what has waited
 * leaves pages behind, which the index keeps.
 */
#define KEYS_PENDING_KB		64

PG_FUNCTION_INFO_V1(create_ledger);
PG_FUNCTION_INFO_V1(drop_ledger);

/* A part of a ledger goes when its nodes do. */
static void
depend(const char *name, const char *suffix, Oid namespace)
{
	ddl_belongs_to(get_relname_relid(psprintf("%s%s", name, suffix), namespace),
				   get_relname_relid(name, namespace));
}

/* What patterns can look by. */
typedef enum LedgerIndex
{
	INDEX_NONE,
	INDEX_REFERENCES,
	INDEX_VALUES
} LedgerIndex;

typedef struct CreateOptions
{
	JldValue   *context;		/* NULL: none */
	bool		history;
	LedgerIndex index;
	bool		if_not_exists;
} CreateOptions;

static bool
take_context(const JsonbValue *value, void *arg)
{
	CreateOptions *options = arg;

	options->context = NULL;
	if (value->type == jbvNull)
		return true;
	if (value->type != jbvString && value->type != jbvBinary)
		return false;
	options->context = jld_from_value(value);
	if (jld_has(options->context, JLD_STR("@context")))
		options->context = jld_get(options->context, JLD_STR("@context"));
	return true;
}

static bool
take_index(const JsonbValue *value, void *arg)
{
	CreateOptions *options = arg;
	JldStr		word;

	if (value->type == jbvBool)
		options->index = value->val.boolean ? INDEX_REFERENCES : INDEX_NONE;
	else if (!jld_string_of(value, &word))
		return false;
	else if (jld_is(word, "references"))
		options->index = INDEX_REFERENCES;
	else if (jld_is(word, "values"))
		options->index = INDEX_VALUES;
	else
		return false;
	return true;
}

static const OptionDef create_options[] = {
	{"context", 1, OPTION_OTHER, 0, NULL, take_context, "a JSON-LD context"},
	{"history", 1, OPTION_BOOL, offsetof(CreateOptions, history)},
	{"index", 1, OPTION_OTHER, 0, NULL, take_index, "true, false, \"references\" or \"values\""},
	{"ifNotExists", 1, OPTION_BOOL, offsetof(CreateOptions, if_not_exists)},
};

/* The name of a part of a ledger, qualified and quoted. */
static char *
part_name(Oid namespace, const char *name, const char *suffix)
{
	return quote_qualified_identifier(get_namespace_name(namespace),
									  psprintf("%s%s", name, suffix));
}

static void
make_nodes(const char *nodes, LedgerIndex index)
{
	const char *keys = index == INDEX_NONE ? "" :
	psprintf("keys pg_catalog.int4[] GENERATED ALWAYS AS (%s.ledger_keys(doc)) STORED, ",
			 upsert_schema_quoted());

	ddl_execute(psprintf("CREATE TABLE %s ("
						 "graph pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						 "iri pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						 "doc pg_catalog.jsonb NOT NULL, %s"
						 "PRIMARY KEY (graph, iri)) WITH (fillfactor = %d)",
						 nodes, keys, NODES_FILLFACTOR));
	if (index != INDEX_NONE)
		ddl_execute(psprintf("CREATE INDEX ON %s USING gin (keys) WITH (gin_pending_list_limit = %d)",
							 nodes, KEYS_PENDING_KB));
	if (index == INDEX_VALUES)
		ddl_execute(psprintf("CREATE INDEX ON %s USING gin (doc pg_catalog.jsonb_path_ops)", nodes));
}

static void
make_head(const char *head, const JldValue *context)
{
	Oid			types[] = {JSONBOID};
	Datum		values[] = {context ? JsonbPGetDatum(jld_to_jsonb(context)) : (Datum) 0};
	int			result;

	ddl_execute(psprintf("CREATE TABLE %s ("
						 "one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one), "
						 "t pg_catalog.int8 NOT NULL, "
						 "txn pg_catalog.xid8, "
						 "context pg_catalog.jsonb, "
						 "floor pg_catalog.int8 NOT NULL DEFAULT 0) WITH (fillfactor = 10)", head));
	result = SPI_execute_with_args(psprintf("INSERT INTO %s (t, context) VALUES (0, $1)", head),
								   1, types, values, context ? " " : "n", false, 0);
	if (result != SPI_OK_INSERT)
		elog(ERROR, "SPI_execute_with_args returned %s", SPI_result_code_string(result));
}

static void
make_history(const char *log, const char *flakes, const char *commits)
{
	ddl_execute(psprintf("CREATE TABLE %s ("
						 "graph pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						 "s pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						 "t pg_catalog.int8 NOT NULL, "
						 "retracted pg_catalog.jsonb, "
						 "asserted pg_catalog.jsonb, "
						 "PRIMARY KEY (s, graph, t))", log));
	ddl_execute(psprintf("CREATE INDEX ON %s USING brin (t)", log));
	ddl_execute(psprintf("CREATE VIEW %s AS SELECT l.t, l.s, "
						 "(CASE WHEN d.p OPERATOR(pg_catalog.=) '@type' THEN '" RDF_TYPE "' ELSE d.p END) "
						 "COLLATE pg_catalog.\"C\" AS p, "
						 "CASE WHEN d.p OPERATOR(pg_catalog.=) '@type' "
						 "THEN pg_catalog.jsonb_build_object('@id', v.o) ELSE v.o END AS o, "
						 "c.op, l.graph FROM %s AS l "
						 "CROSS JOIN LATERAL (VALUES (false, l.retracted), (true, l.asserted)) AS c(op, difference) "
						 "CROSS JOIN LATERAL pg_catalog.jsonb_each(c.difference) AS d(p, o) "
						 "CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(d.o) AS v(o)",
						 flakes, log));
	ddl_execute(psprintf("CREATE TABLE %s ("
						 "t pg_catalog.int8 PRIMARY KEY, "
						 "at pg_catalog.timestamptz NOT NULL, "
						 "author pg_catalog.text, "
						 "role pg_catalog.text NOT NULL, "
						 "message pg_catalog.text, "
						 "asserted pg_catalog.int8 NOT NULL, "
						 "retracted pg_catalog.int8 NOT NULL, "
						 "metadata pg_catalog.jsonb)", commits));
}

/* The tables of a new ledger. */
static void
make_tables(const char *name, Oid namespace, const CreateOptions *options)
{
	make_nodes(part_name(namespace, name, ""), options->index);
	make_head(part_name(namespace, name, LEDGER_HEAD), options->context);
	if (options->history)
		make_history(part_name(namespace, name, LEDGER_LOG),
					 part_name(namespace, name, LEDGER_FLAKES),
					 part_name(namespace, name, LEDGER_COMMITS));

	/* dropping the nodes drops the ledger */
	depend(name, LEDGER_HEAD, namespace);
	if (options->history)
	{
		depend(name, LEDGER_LOG, namespace);
		depend(name, LEDGER_FLAKES, namespace);
		depend(name, LEDGER_COMMITS, namespace);
	}
}

void
ledger_create_like(const Ledger *ledger, text *name)
{
	CreateOptions options = {.context = ledger->context, .history = ledger->log != NULL};
	char	   *full = ledger_full_name(name);
	Oid			namespace = RangeVarGetCreationNamespace(makeRangeVar(NULL, full, -1));

	if (OidIsValid(get_relname_relid(full, namespace)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("ledger \"%s\" already exists", full)));
	options.index = ledger->has_keys ? INDEX_REFERENCES : INDEX_NONE;
	if (SPI_execute_with_args("SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) i.indexrelid "
							  "WHERE i.indrelid OPERATOR(pg_catalog.=) $1 AND a.attname OPERATOR(pg_catalog.=) 'doc'",
							  1, (Oid[]) {OIDOID},
							  (Datum[]) {ObjectIdGetDatum(ledger->nodes_relid)}, NULL, true,
							  1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for an index");
	if (SPI_processed > 0)
		options.index = INDEX_VALUES;
	make_tables(full, namespace, &options);
}

/* create_ledger(name text, options jsonb) */
Datum
create_ledger(PG_FUNCTION_ARGS)
{
	char	   *name;
	CreateOptions options = {.history = true, .index = INDEX_REFERENCES};
	OptionSet	set = OPTION_SET(create_options, 1, &options);
	Oid			namespace;

	arguments_require(fcinfo, 1);
	name = ledger_full_name(PG_GETARG_TEXT_PP(0));
	options_read(argument_jsonb(fcinfo, 1), &set, 1);
	if (options.context)
	{
		JldProcessor proc;

		/* that it is one shows when it is processed */
		jsonld_begin(&proc, NULL);
		(void) context_process(&proc, context_plain(&proc), options.context);
	}

	namespace = RangeVarGetCreationNamespace(makeRangeVar(NULL, name, -1));
	if (OidIsValid(get_relname_relid(name, namespace)))
	{
		ereport(options.if_not_exists ? NOTICE : ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("ledger \"%s\" already exists", name)));
		PG_RETURN_VOID();
	}
	SPI_connect();
	make_tables(name, namespace, &options);
	SPI_finish();
	PG_RETURN_VOID();
}

/* drop_ledger(name text) */
Datum
drop_ledger(PG_FUNCTION_ARGS)
{
	Ledger	   *ledger;

	arguments_require(fcinfo, 1);
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), false);
	/* one by one: a dump does not bring back that they belong together */
	if (ledger->flakes)
		ddl_execute(psprintf("DROP VIEW %s; DROP TABLE %s, %s",
							 ledger->flakes, ledger->log, ledger->commits));
	ddl_execute(psprintf("DROP TABLE %s, %s", ledger->head, ledger->nodes));
	SPI_finish();
	PG_RETURN_VOID();
}
