/*
 * excerpt.h
 *		A datum as the DETAIL of an error shows it.
 */
#ifndef UPSERT_EXCERPT_H
#define UPSERT_EXCERPT_H

#include "utils/jsonb.h"

/* The JSON text, cut after 200 bytes; palloc'd. */
extern char *excerpt_jsonb(Jsonb *jsonb);

/* The same of a value that stands inside one. */
extern char *excerpt_value(const JsonbValue *v);

#endif							/* UPSERT_EXCERPT_H */
