/*
 * exchange.c
 *		Ledgers as N-Quads, out and in.
 *
 *		node		-> quads, one a row (ledger_export)
 *		N-Quads	 -> expanded document -> changes (ledger_import)
 *
 * What goes out comes back as it was: labels that the ledger gave stay names,
 * directions travel in datatypes (i18n), lists as chains of blank nodes of
 * their own.
 *
 * A statement a row comes in by chunks (ledger_import_from).  A blank node is
 * what the whole input says of it, and so is a list: statements with labels of
 * the input wait for its end.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/spivalue.h"
#include "call/argument.h"
#include "jsonld/jcs.h"
#include "jsonld/nquads.h"
#include "ledger/history.h"
#include "ledger/naming.h"
#include "ledger/stored.h"
#include "upsert.h"

/* rows of a cursor at a time, and statements of an import at a time */
#define EXPORT_BATCH	1000
#define IMPORT_CHUNK	20000

/* --- out ------------------------------------------------------------------- */

typedef struct Export
{
	Tuplestorestate *rows;
	TupleDesc	desc;
	StringInfoData line;
	RdfTerm		graph;
	int64		labels;			/* of cells of lists, given out so far */
} Export;

static void
put_quad(Export *ex, RdfTerm subject, JldStr predicate, RdfTerm object)
{
	RdfQuad		quad = {subject, rdf_resource(predicate), object, ex->graph};
	Datum		value;
	bool		isnull = false;

	resetStringInfo(&ex->line);
	nquads_append(&ex->line, &quad);
	/* a row needs no end of line */
	value = PointerGetDatum(cstring_to_text_with_len(ex->line.data, ex->line.len - 1));
	tuplestore_putvalues(ex->rows, ex->desc, &value, &isnull);
	pfree(DatumGetPointer(value));
}

/* A literal; its direction goes into the datatype. */
static RdfTerm
literal_term(const JldValue *object)
{
	const JldValue *value = jld_get(object, JLD_STR("@value"));
	const JldValue *type = jld_get(object, JLD_STR("@type"));
	const JldValue *language = jld_get(object, JLD_STR("@language"));
	const JldValue *direction = jld_get(object, JLD_STR("@direction"));
	JldStr		datatype = jld_is_string(type) ? type->u.string : JLD_NOSTR;
	RdfTerm		term;

	if (jld_is_string(type) && jld_is(datatype, "@json"))
	{
		StringInfoData text;

		initStringInfo(&text);
		jcs_append(&text, value);
		return rdf_literal((JldStr) {text.data, text.len}, JLD_STR(RDF_NS "JSON"));
	}
	term.value = rdf_scalar_lexical(value, &datatype);
	if (jld_is_string(direction))
		datatype = jld_str(psprintf(I18N_NS "%s_%s",
									jld_is_string(language) ? jld_cstr(language->u.string) : "",
									jld_cstr(direction->u.string)));
	term = rdf_literal(term.value, datatype);
	if (jld_is_string(language) && !jld_is_string(direction))
	{
		term.datatype = JLD_STR(RDF_NS "langString");
		term.language = language->u.string;
	}
	return term;
}

static RdfTerm put_list(Export *ex, const JldValue *items);

static RdfTerm
value_term(Export *ex, const JldValue *value)
{
	if (jld_is_string(value))	/* of @type */
		return rdf_resource(value->u.string);
	if (jld_is_list_object(value))
		return put_list(ex, jld_get(value, JLD_STR("@list")));
	if (jld_is_value_object(value))
		return literal_term(value);
	return rdf_resource(jld_get(value, JLD_STR("@id"))->u.string);
}

static RdfTerm
put_list(Export *ex, const JldValue *items)
{
	RdfTerm		nil = rdf_resource(JLD_STR(RDF_NS "nil"));
	RdfTerm		head = nil;
	RdfTerm		cell = nil;

	for (int i = 0; i < items->n; i++)
	{
		RdfTerm		next = rdf_resource(jld_str(psprintf("_:cell" INT64_FORMAT, ex->labels++)));

		CHECK_FOR_INTERRUPTS();
		if (i == 0)
			head = next;
		else
			put_quad(ex, cell, JLD_STR(RDF_NS "rest"), next);
		put_quad(ex, next, JLD_STR(RDF_NS "first"), value_term(ex, items->u.items[i]));
		cell = next;
	}
	if (items->n > 0)
		put_quad(ex, cell, JLD_STR(RDF_NS "rest"), nil);
	return head;
}

static void
put_node(Export *ex, const JldValue *node)
{
	JldValue   *id = jld_get(node, JLD_STR("@id"));

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];
		JldStr		predicate = jld_is(m->key, "@type") ? JLD_STR(RDF_TYPE) : m->key;

		if (!jld_is_array(m->value))
			continue;
		for (int k = 0; k < m->value->n; k++)
			put_quad(ex, rdf_resource(id->u.string), predicate,
					 value_term(ex, m->value->u.items[k]));
	}
}

/* --- in -------------------------------------------------------------------- */

/* Adds the statements of a dataset to a ledger: a receipt. */
static Jsonb *
import_dataset(Ledger *ledger, const LedgerOptions *options, const RdfDataset *dataset)
{
	JldProcessor proc;
	List	   *nodes;
	List	   *changes = NIL;
	ListCell   *lc;

	ledger_processor(ledger, options, true, &proc);
	proc.options.rdfDirection = JLD_DIRECTION_I18N;
	nodes = payload_nodes(&proc, jsonld_from_rdf(&proc, dataset), NULLS_IGNORE,
						  PAYLOAD_BY_CONTENT | PAYLOAD_TERMS);
	foreach(lc, nodes)
	{
		const PayloadNode *node = lfirst(lc);
		NodeChange *change = palloc0(sizeof(NodeChange));

		change->graph = node->graph;
		change->id = node->id;
		change->node = node->node;
		change->mode = NODE_INSERT;
		changes = lappend(changes, change);
	}
	return ledger_apply(ledger, changes, &(LedgerApply) {.message = &options->message});
}

static bool
is_local_term(const RdfTerm *term)
{
	return term->kind == RDF_BLANK && naming_is_local(term->value);
}

/* One import of many statements. */
typedef struct Import
{
	Ledger	   *ledger;
	LedgerOptions options;
	StringInfoData chunk;		/* statements to be taken in */
	StringInfoData waiting;		/* ... at the end */
	int			nchunk;
	int64		asserted;
	int64		retracted;
	MemoryContext context;		/* of one chunk */
} Import;

static int64
count_of(const Jsonb *receipt, const char *key)
{
	JldValue   *count = jld_get(jld_from_jsonb(unconstify(Jsonb *, receipt)), jld_str(key));

	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(count->u.number)));
}

static void
run_chunk(Import *import, StringInfo text)
{
	MemoryContext caller = MemoryContextSwitchTo(import->context);

	if (text->len > 0)
	{
		Jsonb	   *receipt = import_dataset(import->ledger, &import->options,
											 nquads_parse(text->data, text->len, 0));

		import->asserted += count_of(receipt, "asserted");
		import->retracted += count_of(receipt, "retracted");
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(import->context);
	resetStringInfo(text);
	import->nchunk = 0;
}

/* Takes note of one row of the input. */
static void
add_statement(Import *import, text *statement)
{
	MemoryContext caller = MemoryContextSwitchTo(import->context);
	RdfDataset *dataset = nquads_parse(VARDATA_ANY(statement), VARSIZE_ANY_EXHDR(statement), 0);
	bool		waits = false;
	StringInfo	to;

	for (int i = 0; i < dataset->n && !waits; i++)
		waits = is_local_term(&dataset->quads[i].subject) ||
			is_local_term(&dataset->quads[i].object) || is_local_term(&dataset->quads[i].graph);
	MemoryContextSwitchTo(caller);
	to = waits ? &import->waiting : &import->chunk;
	appendBinaryStringInfo(to, VARDATA_ANY(statement), VARSIZE_ANY_EXHDR(statement));
	appendStringInfoChar(to, '\n');
	if (!waits)
		import->nchunk++;
	if (import->nchunk >= IMPORT_CHUNK)
		run_chunk(import, &import->chunk);
}

/* {"ledger", "t", "asserted", "retracted"} */
static Datum
import_receipt(const Import *import)
{
	JldValue   *receipt = jld_new_object(4);

	jld_put(receipt, JLD_STR("ledger"), jld_new_string(jld_str(import->ledger->name)));
	jld_put(receipt, JLD_STR("t"), jld_new_number(int64_to_numeric(import->ledger->t)));
	jld_put(receipt, JLD_STR("asserted"), jld_new_number(int64_to_numeric(import->asserted)));
	jld_put(receipt, JLD_STR("retracted"), jld_new_number(int64_to_numeric(import->retracted)));
	return ledger_return(jld_to_jsonb(receipt));
}

static void
begin_import(Import *import, text *ledger, Jsonb *options)
{
	memset(import, 0, sizeof(Import));
	ledger_options(options, LEDGER_OPTION_MESSAGE, &import->options);
	import->options.strict_compact_iri = false;
	SPI_connect();
	import->ledger = ledger_open(ledger, false);
	import->context = AllocSetContextCreate(CurrentMemoryContext, "ledger import",
											ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&import->chunk);
	initStringInfo(&import->waiting);
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_export);
PG_FUNCTION_INFO_V1(ledger_import);
PG_FUNCTION_INFO_V1(ledger_import_from);

/* ledger_export(ledger text, options jsonb) -> SETOF text */
Datum
ledger_export(PG_FUNCTION_ARGS)
{
	Export		ex = {0};
	LedgerOptions options;
	JldProcessor proc;
	Ledger	   *ledger;
	Portal		portal;
	MemoryContext context;
	MemoryContext caller;
	Oid			types[] = {TEXTOID};
	Datum		values[1];
	char		nulls[] = "n";

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	ex.rows = ((ReturnSetInfo *) fcinfo->resultinfo)->setResult;
	ex.desc = ((ReturnSetInfo *) fcinfo->resultinfo)->setDesc;
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	ledger_options(argument_jsonb(fcinfo, 1), LEDGER_OPTION_GRAPH, &options);
	initStringInfo(&ex.line);

	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	if (options.graph.len > 0)
	{
		JldStr		graph;

		jsonld_begin(&proc, NULL);
		graph = ledger_graph_argument(ledger, &proc, options.graph, NULL);
		values[0] = jld_text_datum(graph);
		nulls[0] = ' ';
	}
	context = AllocSetContextCreate(CurrentMemoryContext, "ledger export", ALLOCSET_DEFAULT_SIZES);
	portal = SPI_cursor_open_with_args(NULL,
									   psprintf("SELECT graph, doc FROM %s WHERE ($1 IS NULL OR graph OPERATOR(pg_catalog.=) $1) "
												"ORDER BY graph USING OPERATOR(pg_catalog.<), iri USING OPERATOR(pg_catalog.<)",
												ledger->nodes),
									   lengthof(types), types, values, nulls, true, 0);
	do
	{
		SPI_cursor_fetch(portal, true, EXPORT_BATCH);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			HeapTuple	row = SPI_tuptable->vals[i];
			bool		isnull;
			text	   *graph;
			Jsonb	   *doc;

			CHECK_FOR_INTERRUPTS();
			caller = MemoryContextSwitchTo(context);
			graph = DatumGetTextPP(spi_value(row, SPI_tuptable->tupdesc, 1, TEXTOID, &isnull));
			doc = DatumGetJsonbP(spi_value(row, SPI_tuptable->tupdesc, 2, JSONBOID, &isnull));
			memset(&ex.graph, 0, sizeof(RdfTerm));
			if (VARSIZE_ANY_EXHDR(graph) > 0)
				ex.graph = rdf_resource((JldStr) {VARDATA_ANY(graph), VARSIZE_ANY_EXHDR(graph)});
			put_node(&ex, stored_node(doc));
			MemoryContextSwitchTo(caller);
			MemoryContextReset(context);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_finish();
	return (Datum) 0;
}

/* ledger_import(ledger text, nquads text, options jsonb) -> jsonb */
Datum
ledger_import(PG_FUNCTION_ARGS)
{
	Import		import;
	text	   *nquads;
	RdfDataset *dataset;

	arguments_require(fcinfo, 2);
	nquads = PG_GETARG_TEXT_PP(1);
	begin_import(&import, PG_GETARG_TEXT_PP(0), argument_jsonb(fcinfo, 2));
	dataset = nquads_parse(VARDATA_ANY(nquads), VARSIZE_ANY_EXHDR(nquads), 0);
	return ledger_return(import_dataset(import.ledger, &import.options, dataset));
}

/* ledger_import_from(ledger text, query text, options jsonb) -> jsonb */
Datum
ledger_import_from(PG_FUNCTION_ARGS)
{
	Import		import;
	Portal		portal;
	SPIPlanPtr	plan;

	arguments_require(fcinfo, 2);
	begin_import(&import, PG_GETARG_TEXT_PP(0), argument_jsonb(fcinfo, 2));
	plan = SPI_prepare(text_to_cstring(PG_GETARG_TEXT_PP(1)), 0, NULL);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query of ledger_import_from returns no rows"),
				 errhint("Give a query with one column of type text, a statement a row.")));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, false);
	for (;;)
	{
		SPITupleTable *tuptable;
		uint64		n;

		SPI_cursor_fetch(portal, true, EXPORT_BATCH);
		n = SPI_processed;
		tuptable = SPI_tuptable;
		if (n == 0)
			break;
		if (tuptable->tupdesc->natts != 1 ||
			TupleDescAttr(tuptable->tupdesc, 0)->atttypid != TEXTOID)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("the query of ledger_import_from must return one column of type text")));
		for (uint64 i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		statement =
			spi_value(tuptable->vals[i], tuptable->tupdesc, 1, TEXTOID, &isnull);

			CHECK_FOR_INTERRUPTS();
			if (!isnull)
				add_statement(&import, DatumGetTextPP(statement));
		}
		SPI_freetuptable(tuptable);
	}
	SPI_cursor_close(portal);
	run_chunk(&import, &import.chunk);
	run_chunk(&import, &import.waiting);
	return import_receipt(&import);
}
