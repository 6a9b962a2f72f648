/*
 * get.c
 *		Reading a node of a ledger, now or as of a t.
 *
 * The node now is its row, the node as of t what history.c makes of it.  Both
 * are compacted with the caller's context.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"

#include "call/argument.h"
#include "ledger/history.h"
#include "ledger/term.h"

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_get);

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
	int64		t;
	Jsonb	   *answer;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	ledger_options(argument_jsonb(fcinfo, 4), LEDGER_OPTION_GRAPH | LEDGER_OPTION_AT, &options);
	if (!PG_ARGISNULL(2))
		context = jld_from_jsonb(PG_GETARG_JSONB_P(2));

	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	if (context == NULL)
		context = ledger->context ? ledger->context : jld_new_object(0);
	jsonld_begin(&proc, NULL);
	id = ledger_iri_argument(ledger, &proc, PG_GETARG_TEXT_PP(1), context);
	graph = ledger_graph_argument(ledger, &proc, options.graph, context);
	node = ledger_asked_t(fcinfo, 3, ledger, &options, &t) ? history_node(ledger, graph, id, t) :
		history_now(ledger, graph, id);
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
