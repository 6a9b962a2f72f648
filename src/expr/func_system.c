/*
 * func_system.c
 *		Functions that tell where and as whom the expression runs, and what a
 *		revision of ours says.
 */
#include "postgres.h"

#include "base/tid.h"
#include "commands/dbcommands.h"
#include "expr/date.h"
#include "expr/func_util.h"
#include "miscadmin.h"
#include "upsert.h"
#include "utils/lsyscache.h"

/* CURRENT_USER: the role whose rights count, as SQL's CURRENT_USER */
static void
fn_current_user(ExprCall *call, JsonbValue *result)
{
	char	   *name = GetUserNameFromId(GetUserId(), false);

	value_set_string(result, name, strlen(name));
}

static void
fn_current_database(ExprCall *call, JsonbValue *result)
{
	char	   *name = get_database_name(MyDatabaseId);

	value_set_string(result, name, strlen(name));
}

/* VERSION: of this extension */
static void
fn_version(ExprCall *call, JsonbValue *result)
{
	value_set_string(result, UPSERT_VERSION, strlen(UPSERT_VERSION));
}

/*
 * DECODE_REV: our revisions are TIDs.  What is below the millisecond, and the
 * clock id, is the count: it orders the revisions of one millisecond.
 */
static void
fn_decode_rev(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *rev = &call->args[0];
	ValueBuilder b;
	JsonbValue	part;
	uint64		bits;
	uint64		micros;
	char	   *date;

	if (!func_arg_is_string(call, 0) ||
		!tid_is_valid(rev->val.string.val, rev->val.string.len) ||
		(bits = tid_decode(rev->val.string.val)) >> TID_CLOCK_BITS > TID_MICROS_MAX ||
		!date_in_calendar((int64) ((bits >> TID_CLOCK_BITS) / 1000)))
	{
		func_invalid_argument(call, result);
		return;
	}
	micros = bits >> TID_CLOCK_BITS;
	date = date_format_iso((int64) (micros / 1000));
	value_object_begin(&b);
	value_set_string(&part, date, strlen(date));
	value_object_put(&b, "date", 4, &part);
	value_set_int64(&part, (int64) (bits - (micros / 1000 * 1000 << TID_CLOCK_BITS)));
	value_object_put(&b, "count", 5, &part);
	value_object_finish(&b, false, result);
}

const ExprFunctionDef func_system_table[] = {
	{"CURRENT_USER", 0, 0, EXPR_FN_VOLATILE, fn_current_user},
	{"CURRENT_DATABASE", 0, 0, EXPR_FN_VOLATILE, fn_current_database},
	{"VERSION", 0, 0, 0, fn_version},
	{"DECODE_REV", 1, 1, 0, fn_decode_rev},
	{NULL}
};
