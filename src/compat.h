/*
 * compat.h
 *		The one place that knows PostgreSQL's major versions.
 *
 * Every difference between majors 15 to 19 that touches us is one static
 * inline function or macro here with one spelling; no other file tests
 * PG_VERSION_NUM.  What only the store calls, the executor's side, is in
 * store/compat_executor.h.
 */
#ifndef UPSERT_COMPAT_H
#define UPSERT_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "upsert is written for PostgreSQL 15 to 19: see docs/versions.md"
#endif

/*
 * These minors changed the size of ResultRelInfo, which we allocate, and were
 * replaced within a week: code built on them crashes elsewhere and vice versa.
 */
#if PG_VERSION_NUM == 150009 || PG_VERSION_NUM == 160005 || \
	PG_VERSION_NUM == 170001
#error "this PostgreSQL minor release has a broken ABI; build on the next one"
#endif

#include "access/tupdesc.h"
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 170000
#include "storage/procnumber.h"
#else
#include "storage/backendid.h"
#endif
#if PG_VERSION_NUM >= 190000
#include "nodes/miscnodes.h"
#endif

/* 18 puts it before the declaration: "pg_noreturn static void f(void);" */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 19 has a word for what was a comment, which clang never read */
#if PG_VERSION_NUM < 190000
#if __has_attribute(fallthrough)
#define pg_fallthrough __attribute__((fallthrough))
#else
#define pg_fallthrough
#endif
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

/* A tuple descriptor made by hand is complete: 19 wants to be told. */
static inline void
compat_tupdesc_finish(TupleDesc desc)
{
#if PG_VERSION_NUM >= 190000
	TupleDescFinalize(desc);
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
 * A jsonb under construction, zeroed before the first push.  Pushes until the
 * outermost container is closed; that push returns the whole, which is in
 * state->result from then on.  What the others return means nothing.
 */
#if PG_VERSION_NUM >= 190000
typedef JsonbInState CompatJsonbState;
#else
typedef struct CompatJsonbState
{
	JsonbParseState *parseState;
	JsonbValue *result;
} CompatJsonbState;
#endif

static inline JsonbValue *
compat_jsonb_push(CompatJsonbState *state, JsonbIteratorToken token,
				  JsonbValue *value)
{
#if PG_VERSION_NUM >= 190000
	pushJsonbValue(state, token, value);
#else
	state->result = pushJsonbValue(&state->parseState, token, value);
#endif
	return state->result;
}

/*
 * Arithmetic that says by *overflow that numeric, or an int4, cannot hold the
 * result; what is returned then must not be looked at.
 */
#if PG_VERSION_NUM >= 190000
#define COMPAT_NUMERIC_OPERATION(name) \
static inline Numeric \
compat_numeric_##name(Numeric a, Numeric b, bool *overflow) \
{ \
	ErrorSaveContext escontext = {T_ErrorSaveContext}; \
	Numeric		result = numeric_##name##_safe(a, b, (Node *) &escontext); \
\
	*overflow = escontext.error_occurred; \
	return result; \
}
#else
#define COMPAT_NUMERIC_OPERATION(name) \
static inline Numeric \
compat_numeric_##name(Numeric a, Numeric b, bool *overflow) \
{ \
	*overflow = false; \
	return numeric_##name##_opt_error(a, b, overflow); \
}
#endif

COMPAT_NUMERIC_OPERATION(add)
COMPAT_NUMERIC_OPERATION(sub)
COMPAT_NUMERIC_OPERATION(mul)
COMPAT_NUMERIC_OPERATION(mod)

static inline int32
compat_numeric_int4(Numeric n, bool *overflow)
{
#if PG_VERSION_NUM >= 190000
	ErrorSaveContext escontext = {T_ErrorSaveContext};
	int32		result = numeric_int4_safe(n, (Node *) &escontext);

	*overflow = escontext.error_occurred;
	return result;
#else
	*overflow = false;
	return numeric_int4_opt_error(n, overflow);
#endif
}

#endif							/* UPSERT_COMPAT_H */
