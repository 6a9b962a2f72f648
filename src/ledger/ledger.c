/*
 * ledger.c
 *		Ledgers as tables, and their clock.
 *
 * A ledger "db:main" is four tables and a view in one schema, found along
 * the search path as tables are; whoever may read or write them may read or
 * write the ledger:
 *
 *		"db:main"			(graph, iri PK, doc)			nodes as they are now
 *		"db:main_head"		(one PK, t, txn, context, floor)	one row
 *		"db:main_log"		(s, graph, t PK, ...)		its history, see log.c
 *		"db:main_commits"	(t PK, at, author, ...)		who, when, why: commit.c
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
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/spivalue.h"
#include "call/argument.h"
#include "call/options.h"
#include "base/ddl.h"
#include "compat.h"
#include "jsonld/context.h"
#include "jsonld/iri.h"
#include "ledger/ledger.h"
#include "upsert.h"

/* a name must leave room for the suffixes */
#define NAME_MAX_BYTES	(NAMEDATALEN - 1 - (int) strlen(LEDGER_COMMITS))

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
	{"one", BOOLOID}, {"t", INT8OID}, {"txn", XID8OID}, {"context", JSONBOID},
	{"floor", INT8OID}
};
static const Column log_columns[] = {
	{"graph", TEXTOID}, {"s", TEXTOID}, {"t", INT8OID},
	{"retracted", JSONBOID}, {"asserted", JSONBOID}
};
static const Column commits_columns[] = {
	{"t", INT8OID}, {"at", TIMESTAMPTZOID}, {"author", TEXTOID}, {"role", TEXTOID},
	{"message", TEXTOID}, {"asserted", INT8OID}, {"retracted", INT8OID},
	{"metadata", JSONBOID}
};

static void check_shape(Relation rel, const Column *columns, int n);
static void check_table(Oid relid, const Column *columns, int n);

/* --- names ---------------------------------------------------------------- */

char *
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
	name_check_iri(expanded.data == NULL ? given : expanded);
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

bool
ledger_is_name(const Ledger *ledger, JldStr name)
{
	JldStr		full = jld_str(ledger->name);
	JldStr		bare = {full.data, (int) (strchr(ledger->name, ':') - ledger->name)};

	return jld_eq(name, full) ||
		(jld_eq(name, bare) && strcmp(ledger->name + bare.len, ":main") == 0);
}

char *
ledger_part(const Ledger *ledger, const char *suffix)
{
	return quote_qualified_identifier(get_namespace_name(ledger->namespace),
									  psprintf("%s%s", ledger->name, suffix));
}

/* --- open ----------------------------------------------------------------- */

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

static bool
has_columns(Oid relid, const Column *columns, int n)
{
	for (int i = 0; i < n; i++)
	{
		const char *name = get_attname(relid, i + 1, true);

		if (name == NULL || strcmp(name, columns[i].name) != 0 ||
			get_atttype(relid, i + 1) != columns[i].type)
			return false;
	}
	return true;
}

bool
ledger_is_head(Oid relid)
{
	return has_columns(relid, head_columns, lengthof(head_columns));
}

bool
ledger_is_commits(Oid relid)
{
	return has_columns(relid, commits_columns, lengthof(commits_columns));
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
		companion = psprintf("%s" LEDGER_HEAD, ledger->name);
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
	ledger->namespace = namespace;
	ledger->has_keys = get_atttype(ledger->nodes_relid,
								   get_attnum(ledger->nodes_relid, "keys")) == INT4ARRAYOID;
	ledger->log_relid = get_relname_relid(psprintf("%s" LEDGER_LOG, ledger->name), namespace);
	ledger->commits_relid = get_relname_relid(psprintf("%s" LEDGER_COMMITS, ledger->name), namespace);
	if (OidIsValid(ledger->log_relid))
	{
		if (!OidIsValid(ledger->commits_relid))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("ledger \"%s\" has lost its commits", ledger->name),
					 errdetail("There is no table %s.", ledger_part(ledger, LEDGER_COMMITS))));
		check_table(ledger->log_relid, log_columns, lengthof(log_columns));
		check_table(ledger->commits_relid, commits_columns, lengthof(commits_columns));
		ledger->log = ledger_part(ledger, LEDGER_LOG);
		ledger->commits = ledger_part(ledger, LEDGER_COMMITS);
		ledger->flakes = ledger_part(ledger, LEDGER_FLAKES);
	}

	if (SPI_execute(psprintf("SELECT t, context, floor FROM %s", ledger->head), read_only, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("ledger \"%s\" has lost its head", ledger->name),
				 errdetail("Table %s shows no row.", ledger->head)));
	ledger->t = DatumGetInt64(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										1, INT8OID, &isnull));
	ledger->floor = DatumGetInt64(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
											3, INT8OID, &isnull));
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
		TransactionId xmin = DatumGetTransactionId(spi_value(SPI_tuptable->vals[0],
															 SPI_tuptable->tupdesc,
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
	ddl_execute(psprintf("UPDATE %s SET t = t OPERATOR(pg_catalog.+) 1, "
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

void
ledger_need_history(const Ledger *ledger)
{
	if (ledger->flakes == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("ledger \"%s\" keeps no history", ledger->name),
				 errhint("It was created with the option \"history\": false.")));
}

void
ledger_check_newest(const Ledger *ledger, int64 t)
{
	ledger_need_history(ledger);
	if (t < 0 || t > ledger->t)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ledger \"%s\" has no t " INT64_FORMAT, ledger->name, t),
				 errdetail("The newest is " INT64_FORMAT ".", ledger->t)));
}

void
ledger_check_t(const Ledger *ledger, int64 t)
{
	ledger_check_newest(ledger, t);
	if (t < ledger->floor)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("t " INT64_FORMAT " of ledger \"%s\" has been given up", t, ledger->name),
				 errdetail("The oldest that can be read is " INT64_FORMAT ".", ledger->floor),
				 errhint("ledger_compact() gave up what was before.")));
}

void
ledger_put_rows(Tuplestorestate *rows, TupleDesc desc)
{
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < desc->natts; k++)
			values[k] = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, k + 1,
								  TupleDescAttr(desc, k)->atttypid, &nulls[k]);
		tuplestore_putvalues(rows, desc, values, nulls);
	}
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

static bool
take_author(const JsonbValue *value, void *options)
{
	return jld_string_of(value, &((LedgerOptions *) options)->message.author);
}

static bool
take_message(const JsonbValue *value, void *options)
{
	return jld_string_of(value, &((LedgerOptions *) options)->message.message);
}

/* A time, as the type reads it. */
static bool
take_at(const JsonbValue *value, void *options)
{
	LedgerOptions *o = options;
	JldStr		s;

	if (!jld_string_of(value, &s))
		return false;
	o->at = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(jld_cstr(s)),
													ObjectIdGetDatum(InvalidOid),
													Int32GetDatum(-1)));
	o->has_at = true;
	return true;
}

static bool
take_depth(const JsonbValue *value, void *options)
{
	LedgerOptions *o = options;
	bool		error = false;

	if (value->type != jbvNumeric)
		return false;
	o->depth = compat_numeric_int4(value->val.numeric, &error);
	return !error && o->depth >= 0 &&
		DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(value->val.numeric))) == 0;
}

static bool
take_frame(const JsonbValue *value, void *options)
{
	JldValue   *frame = jld_from_value(value);

	((LedgerOptions *) options)->frame = frame;
	return jld_is_object(frame);
}

static bool
take_unique(const JsonbValue *value, void *options)
{
	JldValue   *names = jld_from_value(value);

	if (!jld_is_array(names))
		return false;
	for (int i = 0; i < names->n; i++)
		if (!jld_is_string(names->u.items[i]))
			return false;
	((LedgerOptions *) options)->unique = names;
	return true;
}

static const char *const nulls_words[] = {"ignore", "delete", "error", NULL};

static const OptionDef ledger_option_defs[] = {
	{"nulls", LEDGER_OPTION_PAYLOAD, OPTION_WORD, offsetof(LedgerOptions, nulls), nulls_words},
	{"strictCompactIri", LEDGER_OPTION_IRIS, OPTION_BOOL, offsetof(LedgerOptions, strict_compact_iri)},
	{"base", LEDGER_OPTION_IRIS, OPTION_OTHER, 0, NULL, take_base, "an absolute IRI"},
	{"author", LEDGER_OPTION_MESSAGE, OPTION_OTHER, 0, NULL, take_author, "a string"},
	{"message", LEDGER_OPTION_MESSAGE, OPTION_OTHER, 0, NULL, take_message, "a string"},
	{"at", LEDGER_OPTION_AT, OPTION_OTHER, 0, NULL, take_at, "a time"},
	{"depth", LEDGER_OPTION_DEPTH, OPTION_OTHER, 0, NULL, take_depth, "a number of steps, from 0"},
	{"frame", LEDGER_OPTION_DEPTH, OPTION_OTHER, 0, NULL, take_frame, "a JSON-LD frame, which is an object"},
	{"uniqueProperties", LEDGER_OPTION_UNIQUE, OPTION_OTHER, 0, NULL, take_unique, "an array of predicates"},
	OPTION_IDEMPOTENCY_KEY(LEDGER_OPTION_ONCE),
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
	proc->options.moreDatatypes = true;
	proc->options.skipBare = true;
	proc->options.noAnnotations = true;
	proc->options.strictCompactIri = options->strict_compact_iri;
	proc->options.base = options->base;
	proc->options.contextKey = JLD_STR("@context");
	if (has_context)
		proc->options.prefixHint = ledger->context ?
			psprintf("the @context that the transaction has, which stands instead of the default context of ledger \"%s\"", ledger->name) :
			"the @context that the transaction has";
	else
	{
		proc->options.expandContext = ledger->context;
		proc->options.prefixHint = psprintf(ledger->context ?
											"an @context in the transaction, or in the default context of ledger \"%s\"" :
											"an @context in the transaction (ledger \"%s\" has no default context)",
											ledger->name);
	}
}
