/*
 * compat.h
 *		The one place that knows PostgreSQL's major versions.
 *
 * Every difference between majors 14 to 18 that touches us is one static
 * inline function or macro here with one spelling; no other file tests
 * PG_VERSION_NUM.  What only the store calls, the executor's side, is in
 * store/compat_executor.h.
 */
#ifndef UPSERT_COMPAT_H
#define UPSERT_COMPAT_H

#if PG_VERSION_NUM < 140000
#error "upsert needs PostgreSQL 14 or later"
#endif

/*
 * These minors changed the size of ResultRelInfo, which we allocate, and were
 * replaced within a week: code built on them crashes elsewhere and vice versa.
 */
#if PG_VERSION_NUM == 140014 || PG_VERSION_NUM == 150009 || \
	PG_VERSION_NUM == 160005 || PG_VERSION_NUM == 170001
#error "this PostgreSQL minor release has a broken ABI; build on the next one"
#endif

#include "common/jsonapi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#if PG_VERSION_NUM >= 150000
#include "common/pg_prng.h"
#endif
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 170000
#include "storage/procnumber.h"
#else
#include "storage/backendid.h"
#endif

/*
 * The number of this backend's slot in shared memory: no two living backends
 * share it.
 */
static inline int
compat_backend_slot(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProcNumber;
#else
	return MyBackendId;
#endif
}

#include "catalog/pg_index.h"

/* NULLS NOT DISTINCT came with 15 */
static inline bool
compat_index_nulls_not_distinct(Form_pg_index index)
{
#if PG_VERSION_NUM >= 150000
	return index->indnullsnotdistinct;
#else
	return false;
#endif
}

/* A random double, 0 <= d < 1; not for secrets.  15 brought pg_prng. */
static inline double
compat_random_double(void)
{
#if PG_VERSION_NUM >= 150000
	return pg_prng_double(&pg_global_prng_state);
#else
	uint64		bits;

	if (!pg_strong_random(&bits, sizeof(bits)))
		elog(ERROR, "could not generate random values");
	return (double) (bits >> 11) / ((uint64) 1 << 53);
#endif
}

/* A lexer for JSON text in the database's encoding.  17 lets it be reused. */
static inline JsonLexContext *
compat_json_lex(char *json, size_t len, bool need_escapes)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, json, len, GetDatabaseEncoding(),
										need_escapes);
#else
	return makeJsonLexContextCstringLen(json, len, GetDatabaseEncoding(),
										need_escapes);
#endif
}

/*
 * Make a set-returning function answer by tuplestore: afterwards setResult
 * and setDesc of its ReturnSetInfo are there to be filled.
 */
static inline void
compat_materialize_srf(FunctionCallInfo fcinfo)
{
#if PG_VERSION_NUM >= 150000
	InitMaterializedSRF(fcinfo, 0);
#else
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;
	TupleDesc	desc;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		!(rsinfo->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	old = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setDesc = CreateTupleDescCopy(desc);
	rsinfo->setResult = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	MemoryContextSwitchTo(old);
#endif
}

#endif							/* UPSERT_COMPAT_H */
