/*
 * argument.c
 *		The arguments of a writing call: NULL among them, and what has to be an
 *		array or an object.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "funcapi.h"
#include "utils/syscache.h"

#include "call/argument.h"
#include "call/excerpt.h"
#include "jsonb/doc.h"
#include "store/count.h"
#include "upsert.h"

/* What the catalog calls the function's argument, counted from 0. */
static const char *
argument_name(FunctionCallInfo fcinfo, int argno)
{
	HeapTuple	proc = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			n;

	if (!HeapTupleIsValid(proc))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	n = get_func_arg_info(proc, &types, &names, &modes);
	ReleaseSysCache(proc);
	return argno < n && names ? names[argno] : "?";
}

void
arguments_require(FunctionCallInfo fcinfo, int n)
{
	count_call_begins();
	for (int i = 0; i < n; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not be null",
							argument_name(fcinfo, i))));
}

Jsonb *
argument_items(FunctionCallInfo fcinfo, int argno, const char *noun,
			   const char *hint)
{
	Jsonb	   *items = PG_GETARG_JSONB_P(argno);

	if (!JB_ROOT_IS_ARRAY(items) || JB_ROOT_IS_SCALAR(items))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("%s must be a JSON array", noun),
				 errdetail("They are %s.",
						   JB_ROOT_IS_SCALAR(items) ? "a scalar" : "an object"),
				 hint ? errhint("%s", hint) : 0));
	return items;
}

Jsonb *
argument_bind(FunctionCallInfo fcinfo, int argno)
{
	Jsonb	   *bind = argument_jsonb(fcinfo, argno);

	if (bind == NULL)
		return doc_empty();
	if (!JB_ROOT_IS_OBJECT(bind))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bind parameters must be an object"),
				 errdetail("They are %s.", excerpt_jsonb(bind)),
				 errhint("Give them as {\"name\": value}.")));
	return bind;
}
