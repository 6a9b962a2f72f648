/*
 * ledger.c
 *		Ledgers as tables, and their clock.
 *
 * A ledger "db:main" is three tables and a view in one schema, found along
 * the search path as tables are; whoever may read or write them may read or
 * write the ledger:
 *
 *		"db:main"			(graph, iri PK, doc)			nodes as they are now
 *		"db:main_head"		(one PK, t, txn, context)	one row
 *		"db:main_log"		(graph, s, t PK, ...)		its history, see log.c
 *		"db:main_flakes"	(t, s, p, o, op, graph)		view of the log
 *
 * The clock.  A transaction that changes something takes the next t when the
 * first such call ends, by updating the one row of the head; the row stays
 * locked until the transaction ends, so t has no gaps and no duplicates, and
 * a later t is never visible before an earlier one.  Other calls of the same
 * transaction share its t.  That the row is this transaction's own is known
 * by its xmin together with the transaction's full id, stored beside t:
 * neither wraparound nor a restored dump can feign it.
 *
 * Flakes have no order within one t, and need none: a statement that one
 * transaction asserts and retracts leaves no flake at all.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/spivalue.h"
#include "call/argument.h"
#include "call/options.h"
#include "compat.h"
#include "jsonld/context.h"
#include "jsonld/iri.h"
#include "ledger/ledger.h"
#include "upsert.h"

#define HEAD_SUFFIX		"_head"
#define LOG_SUFFIX		"_log"
#define FLAKES_SUFFIX	"_flakes"

/* a name must leave room for the suffixes */
#define NAME_MAX_BYTES	(NAMEDATALEN - 1 - 7)

/* room on the page, so that updates stay there */
#define NODES_FILLFACTOR	85

/* Columns that those who write rows go by the numbers of. */
typedef struct Column
{
	const char *name;
	Oid			type;
} Column;

static const Column nodes_columns[] = {
	{"graph", TEXTOID}, {"iri", TEXTOID}, {"doc", JSONBOID}
};
static const Column head_columns[] = {
	{"one", BOOLOID}, {"t", INT8OID}, {"txn", XID8OID}, {"context", JSONBOID}
};
static const Column log_columns[] = {
	{"graph", TEXTOID}, {"s", TEXTOID}, {"t", INT8OID},
	{"retracted", JSONBOID}, {"asserted", JSONBOID}
};

static char *ledger_full_name(text *name);
static void execute(const char *command);
static void check_shape(Relation rel, const Column *columns, int n);
static void check_table(Oid relid, const Column *columns, int n);
static void depend(const char *name, const char *suffix, Oid namespace);

/* --- names ---------------------------------------------------------------- */

/* The name with its branch; error 42602 if it cannot be one. */
static char *
ledger_full_name(text *name)
{
	char	   *given = text_to_cstring(name);
	char	   *colon = strchr(given, ':');
	char	   *full = colon ? given : psprintf("%s:main", given);
	bool		good = colon == NULL ? given[0] != '\0' :
	colon > given && colon[1] != '\0' && strchr(colon + 1, ':') == NULL;

	for (char *c = given; good && *c; c++)
		good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			(*c >= '0' && *c <= '9') || strchr("_-./:", *c) != NULL;
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid ledger name"),
				 errdetail("The name is \"%s\".", given),
				 errhint("A name is like \"mydb\" or \"mydb:branch\", of letters, digits, \"_\", \"-\", \".\" and \"/\".")));
	if (strlen(full) > NAME_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("ledger name is too long"),
				 errdetail("\"%s\" has %d bytes; at most %d are possible.",
						   full, (int) strlen(full), NAME_MAX_BYTES)));
	return full;
}

ActiveContext *
ledger_context(JldProcessor *proc, ActiveContext *active, JldValue *context)
{
	if (jld_is_object(context) && jld_has(context, JLD_STR("@context")))
		context = jld_get(context, JLD_STR("@context"));
	return context_process(proc, active, context);
}

JldStr
ledger_iri_argument(const Ledger *ledger, JldProcessor *proc, text *iri,
					JldValue *context)
{
	JldStr		given = {VARDATA_ANY(iri), VARSIZE_ANY_EXHDR(iri)};
	ActiveContext *active = context_plain(proc);
	JldStr		expanded;

	/* what the caller's context does not define, the ledger's may */
	if (ledger->context)
		active = ledger_context(proc, active, ledger->context);
	if (context && context != ledger->context)
		active = ledger_context(proc, active, context);
	expanded = context_expand_iri(proc, active, given, true, false);
	payload_check_iri(expanded.data == NULL ? given : expanded);
	return expanded;
}

JldStr
ledger_graph_argument(const Ledger *ledger, JldProcessor *proc, JldStr graph,
					  JldValue *context)
{
	if (graph.len == 0)
		return graph;
	return ledger_iri_argument(ledger, proc,
							   cstring_to_text_with_len(graph.data, graph.len),
							   context);
}

/* --- open ----------------------------------------------------------------- */

static void
execute(const char *command)
{
	int			result = SPI_execute(command, false, 0);

	if (result < 0)
		elog(ERROR, "SPI_execute returned %s", SPI_result_code_string(result));
}

/* Is it a table with the columns that create_ledger() gave it? */
static void
check_shape(Relation rel, const Column *columns, int n)
{
	TupleDesc	desc = RelationGetDescr(rel);
	char		relkind = rel->rd_rel->relkind;
	bool		good = desc->natts >= n &&
		(relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
		 relkind == RELKIND_FOREIGN_TABLE);

	for (int i = 0; good && i < n; i++)
		good = strcmp(NameStr(TupleDescAttr(desc, i)->attname), columns[i].name) == 0 &&
			TupleDescAttr(desc, i)->atttypid == columns[i].type;
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not the table of a ledger", RelationGetRelationName(rel))));
}

static void
check_table(Oid relid, const Column *columns, int n)
{
	Relation	rel = table_open(relid, AccessShareLock);

	check_shape(rel, columns, n);
	table_close(rel, NoLock);
}

void
ledger_check_nodes(Relation rel)
{
	check_shape(rel, nodes_columns, lengthof(nodes_columns));
}

void
ledger_check_log(Relation rel)
{
	check_shape(rel, log_columns, lengthof(log_columns));
}

Ledger *
ledger_open(text *name, bool read_only)
{
	Ledger	   *ledger = palloc0(sizeof(Ledger));
	Oid			namespace;
	Oid			head = InvalidOid;
	char	   *schema;
	char	   *companion;
	MemoryContext caller = CurrentMemoryContext;
	bool		isnull;

	ledger->name = ledger_full_name(name);
	ledger->nodes_relid = RelnameGetRelid(ledger->name);
	if (OidIsValid(ledger->nodes_relid))
	{
		namespace = get_rel_namespace(ledger->nodes_relid);
		companion = psprintf("%s" HEAD_SUFFIX, ledger->name);
		head = get_relname_relid(companion, namespace);
	}
	if (!OidIsValid(head))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("ledger \"%s\" does not exist", ledger->name),
				 errhint("create_ledger() makes one; it is looked for along the search_path.")));
	check_table(ledger->nodes_relid, nodes_columns, lengthof(nodes_columns));
	check_table(head, head_columns, lengthof(head_columns));

	schema = get_namespace_name(namespace);
	ledger->nodes = quote_qualified_identifier(schema, ledger->name);
	ledger->head = quote_qualified_identifier(schema, companion);
	ledger->log_relid = get_relname_relid(psprintf("%s" LOG_SUFFIX, ledger->name),
										  namespace);
	if (OidIsValid(ledger->log_relid))
	{
		check_table(ledger->log_relid, log_columns, lengthof(log_columns));
		ledger->flakes = quote_qualified_identifier(schema,
													psprintf("%s" FLAKES_SUFFIX, ledger->name));
	}

	if (SPI_execute(psprintf("SELECT t, context FROM %s", ledger->head), read_only, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("ledger \"%s\" has lost its head", ledger->name),
				 errdetail("Table %s shows no row.", ledger->head)));
	ledger->t = DatumGetInt64(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										1, INT8OID, &isnull));
	{
		Datum		context = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										2, JSONBOID, &isnull);

		if (!isnull)
		{
			MemoryContextSwitchTo(caller);
			ledger->context = jld_from_jsonb(DatumGetJsonbPCopy(context));
		}
	}
	SPI_freetuptable(SPI_tuptable);
	return ledger;
}

/* --- t --------------------------------------------------------------------- */

int64
ledger_next_t(Ledger *ledger, bool *shared)
{
	bool		isnull;

	/* is the row this transaction's own work? */
	if (SPI_execute(psprintf("SELECT xmin, t FROM %s WHERE txn OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id()",
							 ledger->head), false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the head of a ledger");
	if (SPI_processed == 1)
	{
		TransactionId xmin = DatumGetTransactionId(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
														 1, XIDOID, &isnull));

		if (TransactionIdIsCurrentTransactionId(xmin))
		{
			*shared = true;
			ledger->t = DatumGetInt64(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										2, INT8OID, &isnull));
			return ledger->t;
		}
	}

	*shared = false;
	execute(psprintf("UPDATE %s SET t = t OPERATOR(pg_catalog.+) 1, "
					 "txn = pg_catalog.pg_current_xact_id() RETURNING t",
					 ledger->head));
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the clock of ledger \"%s\" cannot be moved", ledger->name),
				 errdetail("An update of table %s found no row.", ledger->head)));
	ledger->t = DatumGetInt64(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										1, INT8OID, &isnull));
	return ledger->t;
}

/* --- options -------------------------------------------------------------- */

static bool
take_base(const JsonbValue *value, void *options)
{
	LedgerOptions *o = options;

	return jld_string_of(value, &o->base) && iri_is_absolute(o->base);
}

static bool
take_graph(const JsonbValue *value, void *options)
{
	LedgerOptions *o = options;

	return jld_string_of(value, &o->graph) &&
		(iri_is_absolute(o->graph) || jld_is_blank_node_id(o->graph));
}

static const char *const nulls_words[] = {"ignore", "delete", "error", NULL};

static const OptionDef ledger_option_defs[] = {
	{"nulls", LEDGER_OPTION_PAYLOAD, OPTION_WORD, offsetof(LedgerOptions, nulls), nulls_words},
	{"strictCompactIri", LEDGER_OPTION_IRIS, OPTION_BOOL, offsetof(LedgerOptions, strict_compact_iri)},
	{"base", LEDGER_OPTION_IRIS, OPTION_OTHER, 0, NULL, take_base, "an absolute IRI"},
	{"graph", LEDGER_OPTION_GRAPH, OPTION_OTHER, 0, NULL, take_graph, "the IRI of a named graph"},
};

void
ledger_options(Jsonb *json, int takes, LedgerOptions *options)
{
	OptionSet	set = OPTION_SET(ledger_option_defs, takes, options);

	memset(options, 0, sizeof(LedgerOptions));
	options->strict_compact_iri = true;
	options->graph = JLD_STR("");
	options_read(json, &set, 1);
}

void
ledger_processor(const Ledger *ledger, const LedgerOptions *options,
				 bool has_context, JldProcessor *proc)
{
	jsonld_begin(proc, NULL);
	proc->options.safe = true;
	proc->options.keepNulls = true;
	proc->options.keepRelative = true;
	proc->options.jsonDatatype = true;
	proc->options.skipBare = true;
	proc->options.strictCompactIri = options->strict_compact_iri;
	proc->options.base = options->base;
	proc->options.contextKey = JLD_STR("@context");
	if (!has_context)
		proc->options.expandContext = ledger->context;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(create_ledger);
PG_FUNCTION_INFO_V1(drop_ledger);

/* A part of a ledger goes when its nodes do. */
static void
depend(const char *name, const char *suffix, Oid namespace)
{
	ObjectAddress nodes;
	ObjectAddress part;

	ObjectAddressSet(nodes, RelationRelationId, get_relname_relid(name, namespace));
	ObjectAddressSet(part, RelationRelationId,
					 get_relname_relid(psprintf("%s%s", name, suffix), namespace));
	recordDependencyOn(&part, &nodes, DEPENDENCY_AUTO);
}

typedef struct CreateOptions
{
	JldValue   *context;		/* NULL: none */
	bool		history;
	bool		index;
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

static const OptionDef create_options[] = {
	{"context", 1, OPTION_OTHER, 0, NULL, take_context, "a JSON-LD context"},
	{"history", 1, OPTION_BOOL, offsetof(CreateOptions, history)},
	{"index", 1, OPTION_BOOL, offsetof(CreateOptions, index)},
	{"ifNotExists", 1, OPTION_BOOL, offsetof(CreateOptions, if_not_exists)},
};

/* create_ledger(name text, options jsonb) */
Datum
create_ledger(PG_FUNCTION_ARGS)
{
	char	   *name;
	CreateOptions options = {.history = true, .index = true};
	OptionSet	set = OPTION_SET(create_options, 1, &options);
	char	   *schema;
	Oid			namespace;
	char	   *nodes;
	char	   *head;
	char	   *log;
	char	   *flakes;

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
	schema = get_namespace_name(namespace);
	if (OidIsValid(get_relname_relid(name, namespace)))
	{
		ereport(options.if_not_exists ? NOTICE : ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("ledger \"%s\" already exists", name)));
		PG_RETURN_VOID();
	}
	nodes = quote_qualified_identifier(schema, name);
	head = quote_qualified_identifier(schema, psprintf("%s" HEAD_SUFFIX, name));
	log = quote_qualified_identifier(schema, psprintf("%s" LOG_SUFFIX, name));
	flakes = quote_qualified_identifier(schema, psprintf("%s" FLAKES_SUFFIX, name));

	SPI_connect();
	execute(psprintf("CREATE TABLE %s ("
					 "graph pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
					 "iri pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
					 "doc pg_catalog.jsonb NOT NULL, "
					 "PRIMARY KEY (graph, iri)) WITH (fillfactor = %d)",
					 nodes, NODES_FILLFACTOR));
	if (options.index)
		execute(psprintf("CREATE INDEX ON %s USING gin (doc pg_catalog.jsonb_path_ops)", nodes));
	execute(psprintf("CREATE TABLE %s ("
					 "one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one), "
					 "t pg_catalog.int8 NOT NULL, "
					 "txn pg_catalog.xid8, "
					 "context pg_catalog.jsonb) WITH (fillfactor = 10)", head));
	{
		Oid			types[] = {JSONBOID};
		Datum		values[] = {options.context ? JsonbPGetDatum(jld_to_jsonb(options.context)) : (Datum) 0};
		const char *nulls = options.context ? " " : "n";
		int			result = SPI_execute_with_args(psprintf("INSERT INTO %s (t, context) VALUES (0, $1)", head),
												   1, types, values, nulls, false, 0);

		if (result != SPI_OK_INSERT)
			elog(ERROR, "SPI_execute_with_args returned %s", SPI_result_code_string(result));
	}
	if (options.history)
	{
		execute(psprintf("CREATE TABLE %s ("
						 "graph pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						 "s pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						 "t pg_catalog.int8 NOT NULL, "
						 "retracted pg_catalog.jsonb, "
						 "asserted pg_catalog.jsonb, "
						 "PRIMARY KEY (graph, s, t))", log));
		execute(psprintf("CREATE INDEX ON %s USING brin (t)", log));
		execute(psprintf("CREATE VIEW %s AS SELECT l.t, l.s, "
						 "(CASE WHEN d.p OPERATOR(pg_catalog.=) '@type' THEN '" RDF_TYPE "' ELSE d.p END) "
						 "COLLATE pg_catalog.\"C\" AS p, "
						 "CASE WHEN d.p OPERATOR(pg_catalog.=) '@type' "
						 "THEN pg_catalog.jsonb_build_object('@id', v.o) ELSE v.o END AS o, "
						 "c.op, l.graph FROM %s AS l "
						 "CROSS JOIN LATERAL (VALUES (false, l.retracted), (true, l.asserted)) AS c(op, difference) "
						 "CROSS JOIN LATERAL pg_catalog.jsonb_each(c.difference) AS d(p, o) "
						 "CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(d.o) AS v(o)",
						 flakes, log));
	}
	SPI_finish();

	/* dropping the nodes drops the ledger */
	depend(name, HEAD_SUFFIX, namespace);
	if (options.history)
	{
		depend(name, LOG_SUFFIX, namespace);
		depend(name, FLAKES_SUFFIX, namespace);
	}
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
	{
		char	   *schema = get_namespace_name(get_rel_namespace(ledger->log_relid));

		execute(psprintf("DROP VIEW %s", ledger->flakes));
		execute(psprintf("DROP TABLE %s", quote_qualified_identifier(schema, get_rel_name(ledger->log_relid))));
	}
	execute(psprintf("DROP TABLE %s, %s", ledger->head, ledger->nodes));
	SPI_finish();
	PG_RETURN_VOID();
}
