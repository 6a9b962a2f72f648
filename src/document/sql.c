/*
 * sql.c
 *		The SQL functions and operators of documents: unpack, call, pack.
 *
 *		upsert, |+, |=							one document
 *		upsert_many, upsert_load, upsert_from	batches
 *
 * What they mean is in request.c and documents.c.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "call/argument.h"
#include "call/remember.h"
#include "document/documents.h"
#include "document/from.h"
#include "document/request.h"
#include "document/route.h"
#include "upsert.h"

/* One document; the answer is built in the current memory context. */
static void
upsert_one(FunctionCallInfo fcinfo, const UpsertOptions *options, Answer *answer)
{
	Oid			relid = PG_GETARG_OID(0);
	Jsonb	   *doc = PG_GETARG_JSONB_P(1);
	bool		distributed = collection_is_distributed(relid);
	DocumentStore *ds;
	DocumentRequest request;
	DocumentResult result;

	if (options->ignore_errors || distributed)
	{
		/* an error must be undone before it can be ignored */
		DocumentBatch *b = documents_begin(relid, options, true);

		documents_single(b);
		if (distributed && route_is_alone(fcinfo, 2))
			documents_alone(b);
		documents_add(b, doc, 1);
		documents_run(b);
		*answer = *documents_answer(b, 0);
		documents_close(b);		/* the rest goes with its context */
		return;
	}

	ds = document_open(collection_resolve(relid), options);
	request_prepare(&request, document_collection(ds), options, false, doc, NULL);
	request_apply(&request, ds, &result);
	document_answer(answer, document_collection(ds), options->ret,
					request_outcome(options, &result), &result);
	document_close(ds);
}

/* Adds the documents that an argument has. */
static void
add_array(DocumentBatch *b, FunctionCallInfo fcinfo, int argno)
{
	Jsonb	   *docs = argument_items(fcinfo, argno, "documents",
									  "One document is for upsert().");
	JsonbIterator *it = JsonbIteratorInit(&docs->root);
	JsonbIteratorToken token;
	JsonbValue	v;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			documents_add(b, JsonbValueToJsonb(&v), documents_size(b) + 1);
	}
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert);
PG_FUNCTION_INFO_V1(upsert_merge_operator);
PG_FUNCTION_INFO_V1(upsert_replace_operator);
PG_FUNCTION_INFO_V1(upsert_many);
PG_FUNCTION_INFO_V1(upsert_load);
PG_FUNCTION_INFO_V1(upsert_from);

static Datum
upsert_once(PG_FUNCTION_ARGS)
{
	UpsertOptions options;
	Answer		answer;
	Datum		values[5];
	bool		nulls[5];

	arguments_require(fcinfo, 2);
	options_parse(argument_jsonb(fcinfo, 2), CALL_UPSERT, &options);
	upsert_one(fcinfo, &options, &answer);
	answer_columns(&answer, values, nulls);
	PG_RETURN_DATUM(answer_row(fcinfo, values, nulls));
}

Datum
upsert(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_once);
}

static Datum
upsert_operator(FunctionCallInfo fcinfo, UpsertMode mode)
{
	UpsertOptions options;
	Answer		answer;

	arguments_require(fcinfo, 2);
	options_default(&options);
	options.mode = mode;
	options.ret = RETURN_NEW;
	upsert_one(fcinfo, &options, &answer);
	if (answer.new == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(answer.new);
}

Datum
upsert_merge_operator(PG_FUNCTION_ARGS)
{
	return upsert_operator(fcinfo, MODE_UPDATE);
}

Datum
upsert_replace_operator(PG_FUNCTION_ARGS)
{
	return upsert_operator(fcinfo, MODE_REPLACE);
}

static Datum
upsert_many_once(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	UpsertOptions options;
	DocumentBatch *b;
	int			i;

	arguments_require(fcinfo, 2);
	options_parse(argument_jsonb(fcinfo, 2), CALL_UPSERT_MANY, &options);
	b = documents_begin(PG_GETARG_OID(0), &options, true);
	add_array(b, fcinfo, 1);
	documents_run(b);
	for (i = 0; i < documents_size(b); i++)
		answer_put_item(rows, tupdesc, i + 1, documents_answer(b, i));
	documents_end(b);
	return (Datum) 0;
}

Datum
upsert_many(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_many_once);
}

static Datum
summary_row(FunctionCallInfo fcinfo, DocumentBatch *b)
{
	DocumentSummary summary = documents_summary(b);
	Datum		values[4];
	bool		nulls[4] = {0};

	values[0] = Int64GetDatum(summary.inserted);
	values[1] = Int64GetDatum(summary.updated);
	values[2] = Int64GetDatum(summary.unchanged);
	values[3] = Int64GetDatum(summary.ignored);
	documents_end(b);
	PG_RETURN_DATUM(answer_row(fcinfo, values, nulls));
}

static Datum
upsert_load_once(PG_FUNCTION_ARGS)
{
	UpsertOptions options;
	DocumentBatch *b;

	arguments_require(fcinfo, 2);
	options_parse(argument_jsonb(fcinfo, 2), CALL_UPSERT_LOAD, &options);
	b = documents_begin(PG_GETARG_OID(0), &options, false);
	add_array(b, fcinfo, 1);
	documents_run(b);
	return summary_row(fcinfo, b);
}

Datum
upsert_load(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_load_once);
}

Datum
upsert_from(PG_FUNCTION_ARGS)
{
	UpsertOptions options;
	DocumentBatch *b;

	arguments_require(fcinfo, 2);
	options_parse(argument_jsonb(fcinfo, 2), CALL_UPSERT_FROM, &options);
	b = documents_begin(PG_GETARG_OID(0), &options, false);
	documents_from_query(b, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	return summary_row(fcinfo, b);
}
