/*
 * get.c
 *		Reading a ledger: a node, now or as of a t, and flakes.
 *
 * The node now is its row.  The node as of t is what its flakes leave: a
 * statement holds if it was asserted once more than it was retracted up to
 * that t.  Both are compacted with the caller's context.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/spivalue.h"
#include "call/answer.h"
#include "call/argument.h"
#include "ledger/ledger.h"
#include "ledger/term.h"

static void need_history(const Ledger *ledger);
static void query(const char *command, int nargs, Oid *types, Datum *values,
				  const char *nulls);
static JldValue *node_now(const Ledger *ledger, JldStr graph, JldStr id);
static JldValue *node_then(const Ledger *ledger, JldStr graph, JldStr id, int64 t);

static void
need_history(const Ledger *ledger)
{
	if (ledger->flakes == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("ledger \"%s\" keeps no history", ledger->name),
				 errhint("It was created with the option \"history\": false.")));
}

static void
query(const char *command, int nargs, Oid *types, Datum *values, const char *nulls)
{
	int			result = SPI_execute_with_args(command, nargs, types, values,
											   nulls, true, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args returned %s",
			 SPI_result_code_string(result));
}

static Datum
text_datum(JldStr s)
{
	return PointerGetDatum(cstring_to_text_with_len(s.data, s.len));
}

/* The stored node, or NULL. */
static JldValue *
node_now(const Ledger *ledger, JldStr graph, JldStr id)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {text_datum(graph), text_datum(id)};
	bool		isnull;

	query(psprintf("SELECT doc FROM %s WHERE graph OPERATOR(pg_catalog.=) $1 AND iri OPERATOR(pg_catalog.=) $2",
				   ledger->nodes), 2, types, values, NULL);
	if (SPI_processed == 0)
		return NULL;
	return jld_from_jsonb(DatumGetJsonbPCopy(spi_value(SPI_tuptable->vals[0],
													   SPI_tuptable->tupdesc, 1,
													   JSONBOID, &isnull)));
}

/* The node as it was after t, or NULL. */
static JldValue *
node_then(const Ledger *ledger, JldStr graph, JldStr id, int64 t)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT8OID};
	Datum		values[] = {text_datum(graph), text_datum(id), Int64GetDatum(t)};
	Statement  *statements;
	int			n;

	need_history(ledger);
	query(psprintf("SELECT p, o FROM %s WHERE graph OPERATOR(pg_catalog.=) $1 AND s OPERATOR(pg_catalog.=) $2 "
				   "AND t OPERATOR(pg_catalog.<=) $3 GROUP BY p, o "
				   "HAVING pg_catalog.sum(CASE WHEN op THEN 1 ELSE -1 END) OPERATOR(pg_catalog.>) 0 "
				   "ORDER BY p USING OPERATOR(pg_catalog.<), o USING OPERATOR(pg_catalog.<)",
				   ledger->flakes), 3, types, values, NULL);
	n = (int) SPI_processed;
	if (n == 0)
		return NULL;
	statements = palloc(sizeof(Statement) * n);
	for (int i = 0; i < n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		statements[i].p = jld_str(TextDatumGetCString(spi_value(row, desc, 1, TEXTOID, &isnull)));
		statements[i].o = jld_from_jsonb(DatumGetJsonbPCopy(spi_value(row, desc, 2, JSONBOID, &isnull)));
	}
	return node_from_statements(id, statements, n);
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_get);
PG_FUNCTION_INFO_V1(ledger_flakes);

/* ledger_get(ledger text, iri text, context jsonb, t int8, options jsonb) -> jsonb */
Datum
ledger_get(PG_FUNCTION_ARGS)
{
	JldValue   *context = NULL;
	MemoryContext caller = CurrentMemoryContext;
	LedgerOptions options;
	JldProcessor proc;
	Ledger	   *ledger;
	JldValue   *node;
	JldStr		id;
	JldStr		graph;
	Jsonb	   *answer;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	ledger_options(argument_jsonb(fcinfo, 4), LEDGER_OPTION_GRAPH, &options);
	if (!PG_ARGISNULL(2))
		context = jld_from_jsonb(PG_GETARG_JSONB_P(2));

	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	if (context == NULL)
		context = ledger->context ? ledger->context : jld_new_object(0);
	jsonld_begin(&proc, NULL);
	id = ledger_iri_argument(ledger, &proc, PG_GETARG_TEXT_PP(1), context);
	graph = ledger_graph_argument(ledger, &proc, options.graph, context);
	node = PG_ARGISNULL(3) ? node_now(ledger, graph, id) :
		node_then(ledger, graph, id, PG_GETARG_INT64(3));
	if (node == NULL)
	{
		SPI_finish();
		PG_RETURN_NULL();
	}
	node = term_show_node(node, ledger_context(&proc, context_plain(&proc), context));
	node = jsonld_compact(&proc, jld_array_of(node), context, false);
	MemoryContextSwitchTo(caller);
	answer = jld_to_jsonb(node);
	SPI_finish();
	PG_RETURN_JSONB_P(answer);
}

/*
 * ledger_flakes(ledger text, from_t int8, to_t int8, graph text)
 * -> TABLE(t int8, s text, p text, o jsonb, op bool)
 */
Datum
ledger_flakes(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INT8OID, INT8OID, TEXTOID};
	Datum		args[3];
	char		arg_nulls[] = "nn ";
	TupleDesc	desc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &desc);
	JldStr		graph = JLD_STR("");
	JldProcessor proc;
	Ledger	   *ledger;
	Portal		portal;

	if (PG_ARGISNULL(0))
		return (Datum) 0;
	for (int i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(i + 1))
			continue;
		args[i] = PG_GETARG_DATUM(i + 1);
		arg_nulls[i] = ' ';
	}
	if (!PG_ARGISNULL(3))
		graph = jld_str(text_to_cstring(PG_GETARG_TEXT_PP(3)));

	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	need_history(ledger);
	jsonld_begin(&proc, NULL);
	args[2] = text_datum(ledger_graph_argument(ledger, &proc, graph, NULL));
	portal = SPI_cursor_open_with_args(NULL,
									   psprintf("SELECT t, s, p, o, op FROM %s "
												"WHERE graph OPERATOR(pg_catalog.=) $3 "
												"AND ($1 IS NULL OR t OPERATOR(pg_catalog.>=) $1) "
												"AND ($2 IS NULL OR t OPERATOR(pg_catalog.<=) $2) "
												"ORDER BY t USING OPERATOR(pg_catalog.<), s USING OPERATOR(pg_catalog.<), "
												"p USING OPERATOR(pg_catalog.<), op USING OPERATOR(pg_catalog.<), "
												"o USING OPERATOR(pg_catalog.<)",
												ledger->flakes),
									   lengthof(types), types, args, arg_nulls, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, 1000);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			Datum		values[5];
			bool		nulls[5];

			CHECK_FOR_INTERRUPTS();
			for (int k = 0; k < lengthof(values); k++)
				values[k] = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, k + 1,
									  TupleDescAttr(desc, k)->atttypid, &nulls[k]);
			tuplestore_putvalues(rows, desc, values, nulls);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	return (Datum) 0;
}
