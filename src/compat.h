/*
 * compat.h
 *		The one place that knows PostgreSQL's major versions.
 *
 * Every difference between majors 14 to 18 that touches us is one static
 * inline function or macro here with one spelling; no other file tests
 * PG_VERSION_NUM.
 */
#ifndef UPSERT_COMPAT_H
#define UPSERT_COMPAT_H

#if PG_VERSION_NUM < 140000
#error "upsert needs PostgreSQL 14 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif							/* UPSERT_COMPAT_H */
