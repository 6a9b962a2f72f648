/*
 * func_document.c
 *		Functions over objects: their attributes, their merger, their names.
 *
 * Attribute order is jsonb's (by length of the name, then its bytes): jsonb
 * does not remember another.  Functions that read stored documents have a
 * name and an arity here but no C function: the executor supplies it.
 */
#include "postgres.h"

#include "expr/func_util.h"
#include "miscadmin.h"

static void
fn_has(ExprCall *call, JsonbValue *result)
{
	FuncText	name = func_text(&call->args[1]);
	JsonbValue	ignored;

	value_set_bool(result, value_attribute(&call->args[0], name.data, name.len,
										   &ignored));
}

/* Put all attributes of an object. */
static void
put_attributes(ValueBuilder *b, const JsonbValue *object)
{
	ValueIter	it;
	JsonbValue	key,
				value;

	value_iter_init(&it, object);
	while (value_iter_next(&it, &key, &value))
		value_object_put(b, key.val.string.val, key.val.string.len, &value);
}

static void
fn_merge(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;
	bool		ok = true;

	value_object_begin(&b);
	if (call->nargs == 1 && func_arg_is_array(call, 0))
	{
		value_iter_init(&it, &call->args[0]);
		while (ok && value_iter_next(&it, NULL, &member))
		{
			ok = value_type(&member) == VALUE_OBJECT;
			put_attributes(&b, &member);
		}
	}
	else
	{
		for (int i = 0; ok && i < call->nargs; i++)
		{
			ok = func_arg_is_object(call, i);
			put_attributes(&b, &call->args[i]);
		}
	}
	if (ok)
		value_object_finish(&b, false, result);
	else
		func_invalid_argument(call, result);
}

const ExprFunctionDef func_document_table[] = {
	{"HAS", 2, 2, 0, fn_has},
	{"MERGE", 1, -1, 0, fn_merge},
	{"DOCUMENT", 1, 2, EXPR_FN_READS_DOCUMENTS, NULL},
	{"COLLECTION_COUNT", 1, 1, EXPR_FN_READS_DOCUMENTS, NULL},
	{NULL}
};
