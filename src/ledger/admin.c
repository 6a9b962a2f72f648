/*
 * admin.c
 *		Ledgers as a whole: which there are, their nodes at a time, what changed
 *		between two times, giving up history, copies.
 *
 * What is read of the past is read as in history.c: from the present state,
 * and the log of what came after.
 */
#include "postgres.h"

#include "base/ddl.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "base/spivalue.h"
#include "call/answer.h"
#include "call/argument.h"
#include "call/options.h"
#include "jsonld/nodemap.h"
#include "ledger/history.h"
#include "ledger/stored.h"
#include "ledger/term.h"
#include "upsert.h"

/* rows of a cursor at a time */
#define BATCH	1000

/* --- all nodes at a time ---------------------------------------------------- */

/* Rows of a cursor, one after another. */
typedef struct Rows
{
	Portal		portal;
	SPITupleTable *tuptable;
	uint64		n;
	uint64		next;
} Rows;

static void
rows_open(Rows *rows, const char *command, JldStr graph, int64 t)
{
	Oid			types[] = {TEXTOID, INT8OID};
	Datum		values[] = {jld_text_datum(graph), Int64GetDatum(t)};

	memset(rows, 0, sizeof(Rows));
	rows->portal = SPI_cursor_open_with_args(NULL, command, lengthof(types), types, values,
											 NULL, true, 0);
}

/* The row at hand, or NULL at the end. */
static HeapTuple
rows_here(Rows *rows)
{
	if (rows->next == rows->n)
	{
		if (rows->tuptable)
			SPI_freetuptable(rows->tuptable);
		SPI_cursor_fetch(rows->portal, true, BATCH);
		rows->tuptable = SPI_tuptable;
		rows->n = SPI_processed;
		rows->next = 0;
		if (rows->n == 0)
			return NULL;
	}
	return rows->tuptable->vals[rows->next];
}

static JldStr
rows_text(Rows *rows, int column)
{
	bool		isnull;
	text	   *value = DatumGetTextPP(spi_value(rows_here(rows), rows->tuptable->tupdesc,
												 column, TEXTOID, &isnull));

	return (JldStr) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

static Jsonb *
rows_jsonb(Rows *rows, int column)
{
	bool		isnull;
	Datum		value = spi_value(rows_here(rows), rows->tuptable->tupdesc, column, JSONBOID,
								  &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

/* What is to be done with each node. */
typedef void (*NodeWork) (void *arg, JldStr iri, JldValue *node);

/* All nodes of a graph as of t, in the order of their IRIs. */
static void
nodes_at(const Ledger *ledger, JldStr graph, int64 t, NodeWork work, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ledger node", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	Rows		now;
	Rows		changes = {0};

	rows_open(&now, psprintf("SELECT iri, doc FROM %s WHERE graph OPERATOR(pg_catalog.=) $1 AND ($2 IS NOT NULL) "
							 "ORDER BY iri USING OPERATOR(pg_catalog.<)", ledger->nodes), graph, t);
	if (t < ledger->t)
		rows_open(&changes, psprintf("SELECT s, retracted, asserted FROM %s WHERE graph OPERATOR(pg_catalog.=) $1 "
									 "AND t OPERATOR(pg_catalog.>) $2 ORDER BY s USING OPERATOR(pg_catalog.<), t USING OPERATOR(pg_catalog.<)",
									 ledger->log), graph, t);
	for (;;)
	{
		bool		is_now = rows_here(&now) != NULL;
		bool		is_changed = changes.portal && rows_here(&changes) != NULL;
		int			order = !is_now ? 1 : !is_changed ? -1 : 0;
		JldValue   *node = NULL;
		JldStr		iri;

		CHECK_FOR_INTERRUPTS();
		if (!is_now && !is_changed)
			break;
		if (order == 0)
			order = jld_cmp(rows_text(&now, 1), rows_text(&changes, 1));
		MemoryContextSwitchTo(context);
		iri = jld_str_copy(order <= 0 ? rows_text(&now, 1) : rows_text(&changes, 1));
		if (order <= 0)
		{
			node = stored_node(rows_jsonb(&now, 2));
			now.next++;
		}
		if (order >= 0)
		{
			Past	   *past = history_begin();

			while (rows_here(&changes) && jld_eq(rows_text(&changes, 1), iri))
			{
				history_undo(past, stored_half(rows_jsonb(&changes, 2)),
							 stored_half(rows_jsonb(&changes, 3)));
				changes.next++;
			}
			node = history_end(past, iri, node);
		}
		MemoryContextSwitchTo(caller);
		if (node)
			work(arg, iri, node);
		MemoryContextReset(context);
	}
	SPI_cursor_close(now.portal);
	if (changes.portal)
		SPI_cursor_close(changes.portal);
	MemoryContextDelete(context);
}

typedef struct NodeAnswer
{
	Tuplestorestate *rows;
	TupleDesc	desc;
	JldProcessor proc;
	JldValue   *context;
	ActiveContext *active;
} NodeAnswer;

static void
answer_node(void *arg, JldStr iri, JldValue *node)
{
	NodeAnswer *answer = arg;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	node = jsonld_compact(&answer->proc, jld_array_of(term_show_node(node, answer->active)),
						  answer->context, false);
	values[0] = jld_text_datum(iri);
	values[1] = JsonbPGetDatum(jld_to_jsonb(node));
	tuplestore_putvalues(answer->rows, answer->desc, values, nulls);
}

/* --- states ----------------------------------------------------------------- */

typedef struct StateAnswer
{
	Tuplestorestate *rows;
	TupleDesc	desc;
	Datum		graph;
} StateAnswer;

static void
answer_state(void *arg, JldStr iri, JldValue *node)
{
	StateAnswer *answer = arg;
	Datum		values[] = {answer->graph, jld_text_datum(iri),
	JsonbPGetDatum(jld_to_jsonb(node))};
	bool		nulls[] = {false, false, false};

	tuplestore_putvalues(answer->rows, answer->desc, values, nulls);
}

/* --- copies ----------------------------------------------------------------- */

typedef struct CopyWork
{
	SPIPlanPtr	insert;
	Datum		graph;
} CopyWork;

static void
copy_node(void *arg, JldStr iri, JldValue *node)
{
	CopyWork   *copy = arg;
	Datum		values[] = {copy->graph, jld_text_datum(iri),
	JsonbPGetDatum(jld_to_jsonb(node))};

	if (SPI_execute_plan(copy->insert, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not copy a node");
}

/* Runs a command with t as its parameter. */
static void
execute_t(const char *command, int64 t)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(t)};

	if (SPI_execute_with_args(command, 1, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not run a command of a ledger");
}

/* The graphs that a ledger has, or had: an array of names. */
static JldValue *
graphs_of(const Ledger *ledger)
{
	JldValue   *graphs = jld_new_array(1);

	if (SPI_execute(psprintf("SELECT graph FROM %s UNION SELECT graph FROM %s", ledger->nodes, ledger->log),
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the graphs of a ledger");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		text	   *graph = DatumGetTextPP(spi_value(SPI_tuptable->vals[i],
													 SPI_tuptable->tupdesc, 1, TEXTOID, &isnull));

		jld_push(graphs, jld_new_string(jld_str_copy((JldStr) {VARDATA_ANY(graph),
															   VARSIZE_ANY_EXHDR(graph)})));
	}
	return graphs;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_nodes);
PG_FUNCTION_INFO_V1(ledger_state);
PG_FUNCTION_INFO_V1(ledger_merge);
PG_FUNCTION_INFO_V1(ledger_diff);
PG_FUNCTION_INFO_V1(ledger_compact);
PG_FUNCTION_INFO_V1(ledger_copy);
PG_FUNCTION_INFO_V1(ledger_list);

/* ledger_nodes(ledger text, t int8, options jsonb) -> TABLE(iri text, node jsonb) */
Datum
ledger_nodes(PG_FUNCTION_ARGS)
{
	NodeAnswer	answer;
	LedgerOptions options;
	Ledger	   *ledger;
	JldStr		graph;
	int64		t;

	answer.rows = answer_begin_set(fcinfo, &answer.desc);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ledger_options(argument_jsonb(fcinfo, 2), LEDGER_OPTION_GRAPH | LEDGER_OPTION_AT, &options);
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	if (!ledger_asked_t(fcinfo, 1, ledger, &options, &t))
		t = ledger->t;
	jsonld_begin(&answer.proc, NULL);
	answer.context = ledger->context ? ledger->context : jld_new_object(0);
	answer.active = ledger_context(&answer.proc, context_plain(&answer.proc), answer.context);
	graph = ledger_graph_argument(ledger, &answer.proc, options.graph, answer.context);
	nodes_at(ledger, graph, t, answer_node, &answer);
	SPI_finish();
	return (Datum) 0;
}

/* ledger_state(ledger text, t int8) -> TABLE(graph text, iri text, doc jsonb) */
Datum
ledger_state(PG_FUNCTION_ARGS)
{
	StateAnswer answer;
	Ledger	   *ledger;
	JldValue   *graphs;

	answer.rows = answer_begin_set(fcinfo, &answer.desc);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	ledger_check_t(ledger, PG_GETARG_INT64(1));
	graphs = graphs_of(ledger);
	for (int i = 0; i < graphs->n; i++)
	{
		JldStr		graph = graphs->u.items[i]->u.string;

		answer.graph = jld_text_datum(graph);
		nodes_at(ledger, graph, PG_GETARG_INT64(1), answer_state, &answer);
	}
	SPI_finish();
	return (Datum) 0;
}

/* ledger_merge(docs jsonb) -> jsonb */
Datum
ledger_merge(PG_FUNCTION_ARGS)
{
	JldValue   *docs = jld_from_jsonb(PG_GETARG_JSONB_P(0));
	JldValue   *merged = jld_new_object(8);
	UniqueIndex *index = unique_index_create();

	if (!jld_is_array(docs))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expanded nodes must be an array"),
				 errdetail("They are %s.", jld_excerpt(docs))));
	for (int i = 0; i < docs->n; i++)
	{
		JldValue   *doc = docs->u.items[i];

		for (int k = 0; jld_is_object(doc) && k < doc->n; k++)
		{
			JldMember  *m = &doc->u.object.members[k];
			JldValue   *values = jld_get(merged, m->key);

			if (!jld_is_array(m->value))
			{
				jld_put(merged, m->key, m->value);
				continue;
			}
			if (!jld_is_array(values))
				jld_put(merged, m->key, values = jld_new_array(m->value->n));
			for (int v = 0; v < m->value->n; v++)
				unique_push(index, values, m->value->u.items[v]);
		}
	}
	PG_RETURN_JSONB_P(jld_to_jsonb(merged));
}

/* ledger_diff(ledger text, t1 int8, t2 int8) -> TABLE(s text, p text, o jsonb, op bool, graph text) */
Datum
ledger_diff(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INT8OID, INT8OID, INT4OID};
	Datum		args[3];
	TupleDesc	desc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &desc);
	Ledger	   *ledger;
	bool		back;
	int			nest;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return (Datum) 0;
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	for (int i = 1; i <= 2; i++)
		ledger_check_t(ledger, PG_GETARG_INT64(i));
	back = PG_GETARG_INT64(1) > PG_GETARG_INT64(2);
	args[0] = PG_GETARG_DATUM(back ? 2 : 1);
	args[1] = PG_GETARG_DATUM(back ? 1 : 2);
	args[2] = Int32GetDatum(back ? -1 : 1);
	nest = NewGUCNestLevel();
	(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (SPI_execute_with_args(psprintf("SELECT f.s, f.p, f.o, f.n OPERATOR(pg_catalog.>) 0 AS op, f.graph FROM ("
									   "SELECT graph, s, p, o, pg_catalog.sum(CASE WHEN op THEN $3 ELSE OPERATOR(pg_catalog.-) $3 END) AS n "
									   "FROM %s WHERE t OPERATOR(pg_catalog.>) $1 AND t OPERATOR(pg_catalog.<=) $2 "
									   "GROUP BY graph, s, p, o) AS f WHERE f.n OPERATOR(pg_catalog.<>) 0 "
									   "ORDER BY f.graph USING OPERATOR(pg_catalog.<), f.s USING OPERATOR(pg_catalog.<), f.p USING OPERATOR(pg_catalog.<), "
									   "op USING OPERATOR(pg_catalog.<), f.o USING OPERATOR(pg_catalog.<)",
									   ledger->flakes),
							  lengthof(types), types, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the flakes of a ledger");
	ledger_put_rows(rows, desc);
	AtEOXact_GUC(true, nest);
	SPI_finish();
	return (Datum) 0;
}

/* ledger_compact(ledger text, before_t int8) -> int8 */
Datum
ledger_compact(PG_FUNCTION_ARGS)
{
	Ledger	   *ledger;
	int64		t;
	int64		removed;

	arguments_require(fcinfo, 2);
	t = PG_GETARG_INT64(1);
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), false);
	ledger_check_newest(ledger, t);
	/* what this transaction does is not over */
	if (SPI_execute(psprintf("SELECT FROM %s WHERE txn OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id_if_assigned()",
							 ledger->head), false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the head of a ledger");
	if (SPI_processed > 0 && t == ledger->t)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("t " INT64_FORMAT " of ledger \"%s\" is still being made", t, ledger->name),
				 errhint("Give it up in another transaction.")));
	/* the clock waits, so that no t is given out that is being given up */
	execute_t(psprintf("UPDATE %s SET floor = GREATEST(floor, $1)", ledger->head), t);
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the floor of ledger \"%s\" cannot be moved", ledger->name)));
	execute_t(psprintf("DELETE FROM %s WHERE t OPERATOR(pg_catalog.<=) $1", ledger->log), t);
	removed = (int64) SPI_processed;
	SPI_finish();
	PG_RETURN_INT64(removed);
}

/* ledger_copy(ledger text, new_name text, t int8) */
Datum
ledger_copy(PG_FUNCTION_ARGS)
{
	Ledger	   *ledger;
	Ledger	   *copy;
	int64		t;
	JldValue   *graphs;
	CopyWork	work;
	Oid			types[] = {TEXTOID, TEXTOID, JSONBOID};

	arguments_require(fcinfo, 2);
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), false);
	t = PG_ARGISNULL(2) ? ledger->t : PG_GETARG_INT64(2);
	if (!PG_ARGISNULL(2))
		ledger_check_t(ledger, t);
	ledger_create_like(ledger, PG_GETARG_TEXT_PP(1));
	copy = ledger_open(PG_GETARG_TEXT_PP(1), false);

	if (t == ledger->t)
		ddl_execute(psprintf("INSERT INTO %s (graph, iri, doc) SELECT graph, iri, doc FROM %s", copy->nodes, ledger->nodes));
	else
	{
		work.insert = SPI_prepare(psprintf("INSERT INTO %s (graph, iri, doc) VALUES ($1, $2, $3)", copy->nodes),
								  lengthof(types), types);
		graphs = graphs_of(ledger);
		for (int i = 0; i < graphs->n; i++)
		{
			JldStr		graph = graphs->u.items[i]->u.string;

			work.graph = jld_text_datum(graph);
			nodes_at(ledger, graph, t, copy_node, &work);
		}
	}
	if (ledger->log)
	{
		execute_t(psprintf("INSERT INTO %s SELECT * FROM %s WHERE t OPERATOR(pg_catalog.<=) $1", copy->log, ledger->log), t);
		execute_t(psprintf("INSERT INTO %s SELECT * FROM %s WHERE t OPERATOR(pg_catalog.<=) $1", copy->commits, ledger->commits), t);
	}
	execute_t(psprintf("UPDATE %s SET t = $1, floor = " INT64_FORMAT, copy->head, ledger->floor), t);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * ledger_list() -> TABLE(name text, schema text, t int8, nodes int8, flakes int8, size int8, floor int8)
 * those that the caller may read
 */
Datum
ledger_list(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &desc);
	SPITupleTable *found;
	uint64		n;

	SPI_connect();
	if (SPI_execute("SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.reltuples::pg_catalog.int8, h.oid, l.oid, m.oid, "
					"pg_catalog.pg_total_relation_size(c.oid) OPERATOR(pg_catalog.+) pg_catalog.pg_total_relation_size(h.oid) "
					"OPERATOR(pg_catalog.+) COALESCE(pg_catalog.pg_total_relation_size(l.oid), 0) OPERATOR(pg_catalog.+) COALESCE(pg_catalog.pg_total_relation_size(m.oid), 0) "
					"FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
					"JOIN pg_catalog.pg_class AS h ON h.relnamespace OPERATOR(pg_catalog.=) c.relnamespace AND h.relkind OPERATOR(pg_catalog.=) 'r' "
					"AND h.relname OPERATOR(pg_catalog.=) (c.relname OPERATOR(pg_catalog.||) '" LEDGER_HEAD "')::pg_catalog.name "
					"LEFT JOIN pg_catalog.pg_class AS l ON l.relnamespace OPERATOR(pg_catalog.=) c.relnamespace "
					"AND l.relname OPERATOR(pg_catalog.=) (c.relname OPERATOR(pg_catalog.||) '" LEDGER_LOG "')::pg_catalog.name "
					"LEFT JOIN pg_catalog.pg_class AS m ON m.relnamespace OPERATOR(pg_catalog.=) c.relnamespace "
					"AND m.relname OPERATOR(pg_catalog.=) (c.relname OPERATOR(pg_catalog.||) '" LEDGER_COMMITS "')::pg_catalog.name "
					"AND pg_catalog.has_table_privilege(m.oid, 'SELECT') "
					"WHERE c.relkind OPERATOR(pg_catalog.=) 'r' AND pg_catalog.strpos(c.relname, ':') OPERATOR(pg_catalog.>) 0 "
					"AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
					"AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(h.oid, 'SELECT') "
					"ORDER BY 1, 2", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look for ledgers");
	found = SPI_tuptable;
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		char	   *schema = SPI_getvalue(found->vals[i], found->tupdesc, 1);
		char	   *name = SPI_getvalue(found->vals[i], found->tupdesc, 2);
		Datum		values[7];
		bool		nulls[7] = {0};
		bool		isnull;
		Oid			head = DatumGetObjectId(spi_value(found->vals[i], found->tupdesc, 4, OIDOID,
													  &isnull));
		Oid			commits;

		CHECK_FOR_INTERRUPTS();
		if (!ledger_is_head(head))
			continue;
		values[0] = CStringGetTextDatum(name);
		values[1] = CStringGetTextDatum(schema);
		values[3] = Int64GetDatum(Max(DatumGetInt64(spi_value(found->vals[i], found->tupdesc, 3,
															  INT8OID, &isnull)), 0));
		values[5] = spi_value(found->vals[i], found->tupdesc, 7, INT8OID, &isnull);
		if (SPI_execute(psprintf("SELECT t, floor FROM %s", quote_qualified_identifier(schema, psprintf("%s" LEDGER_HEAD, name))), true, 1) != SPI_OK_SELECT ||
			SPI_processed != 1)
			continue;
		values[2] = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, INT8OID, &nulls[2]);
		values[6] = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, INT8OID, &nulls[6]);
		commits = DatumGetObjectId(spi_value(found->vals[i], found->tupdesc, 6, OIDOID, &nulls[4]));
		values[4] = (Datum) 0;
		nulls[4] = nulls[4] || !ledger_is_commits(commits);
		if (!nulls[4])
		{
			if (SPI_execute(psprintf("SELECT COALESCE(pg_catalog.sum(asserted OPERATOR(pg_catalog.+) retracted), 0)::pg_catalog.int8 FROM %s",
									 quote_qualified_identifier(schema, psprintf("%s" LEDGER_COMMITS, name))), true, 1) != SPI_OK_SELECT)
				elog(ERROR, "could not count flakes");
			values[4] = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, INT8OID,
								  &nulls[4]);
		}
		tuplestore_putvalues(rows, desc, values, nulls);
	}
	SPI_finish();
	return (Datum) 0;
}
