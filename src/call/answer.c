/*
 * answer.c
 *		From what became of an item to the row that SQL sees of it.
 *
 *		upsert_result	action, key, rev, old, new
 *		upsert_item		ord, action, key, rev, old, new, error
 *
 * The only file that knows these types' order of columns.
 */
#include "postgres.h"

#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "call/answer.h"

static void
push_member(CompatJsonbState *state, const char *name, const char *value)
{
	JsonbValue	v;

	if (value == NULL)
		return;
	v.type = jbvString;
	v.val.string.val = unconstify(char *, name);
	v.val.string.len = strlen(name);
	(void) compat_jsonb_push(state, WJB_KEY, &v);
	v.val.string.val = unconstify(char *, value);
	v.val.string.len = strlen(value);
	(void) compat_jsonb_push(state, WJB_VALUE, &v);
}

static void
free_part(void *part)
{
	if (part)
		pfree(part);
}

void
answer_clear(Answer *answer)
{
	free_part(answer->key);
	free_part(answer->rev);
	free_part(answer->old);
	free_part(answer->new);
	free_part(answer->error);
	memset(answer, 0, sizeof(*answer));
}

Jsonb *
answer_error(const ErrorData *error, const char *column)
{
	CompatJsonbState state = {0};

	(void) compat_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	push_member(&state, "sqlstate", unpack_sql_state(error->sqlerrcode));
	push_member(&state, "message", error->message);
	push_member(&state, "detail", error->detail);
	push_member(&state, "hint", error->hint);
	push_member(&state, "table", error->table_name);
	push_member(&state, "column", error->column_name ? error->column_name : column);
	push_member(&state, "constraint", error->constraint_name);
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_OBJECT, NULL));
}

void
answer_ignored(Answer *answer, char *key, const ErrorData *error,
			   const char *column)
{
	memset(answer, 0, sizeof(*answer));
	answer->outcome = UPSERT_IGNORED;
	answer->key = key;
	if (error)
		answer->error = answer_error(error, column);
}

static void
text_column(const char *text, Datum *value, bool *isnull)
{
	*isnull = text == NULL;
	*value = text ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
jsonb_column(const Jsonb *jsonb, Datum *value, bool *isnull)
{
	*isnull = jsonb == NULL;
	*value = PointerGetDatum(jsonb);
}

void
answer_columns(const Answer *answer, Datum *values, bool *nulls)
{
	text_column(outcome_name(answer->outcome), &values[0], &nulls[0]);
	text_column(answer->key, &values[1], &nulls[1]);
	text_column(answer->rev, &values[2], &nulls[2]);
	jsonb_column(answer->old, &values[3], &nulls[3]);
	jsonb_column(answer->new, &values[4], &nulls[4]);
}

TupleDesc
answer_row_type(FunctionCallInfo fcinfo)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	return BlessTupleDesc(tupdesc);
}

Datum
answer_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);
	TupleDesc	tupdesc;
	HeapTuple	row;

	/* a caller that is no expression leaves it to the catalog */
	if (!OidIsValid(type))
		type = get_func_rettype(fcinfo->flinfo->fn_oid);
	tupdesc = lookup_rowtype_tupdesc(type, -1);
	row = heap_form_tuple(tupdesc, values, nulls);
	ReleaseTupleDesc(tupdesc);
	return HeapTupleGetDatum(row);
}

Tuplestorestate *
answer_begin_set(FunctionCallInfo fcinfo, TupleDesc *tupdesc)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	*tupdesc = rsinfo->setDesc;
	return rsinfo->setResult;
}

Tuplestorestate *
answer_begin_values(FunctionCallInfo fcinfo, TupleDesc *tupdesc)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	*tupdesc = rsinfo->setDesc;
	return rsinfo->setResult;
}

void
answer_put_item(Tuplestorestate *rows, TupleDesc tupdesc, int ord,
				const Answer *answer)
{
	Datum		values[7];
	bool		nulls[7];

	values[0] = Int32GetDatum(ord);
	nulls[0] = false;
	answer_columns(answer, values + 1, nulls + 1);
	nulls[6] = answer->error == NULL;
	values[6] = PointerGetDatum(answer->error);
	tuplestore_putvalues(rows, tupdesc, values, nulls);
}

void
answer_write(WireOut *out, const Answer *answer)
{
	wire_put_number(out, answer->outcome);
	wire_put_string(out, answer->key);
	wire_put_string(out, answer->rev);
	wire_put_doc(out, answer->old);
	wire_put_doc(out, answer->new);
	wire_put_doc(out, answer->error);
}

void
answer_read(WireIn *in, Answer *answer)
{
	int64		outcome = wire_take_number(in);

	if (outcome > UPSERT_DELETED)
		wire_malformed(in);
	answer->outcome = outcome;
	answer->key = wire_take_string(in);
	answer->rev = wire_take_string(in);
	answer->old = wire_take_doc(in);
	answer->new = wire_take_doc(in);
	answer->error = wire_take_doc(in);
}
