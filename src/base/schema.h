/*
 * schema.h
 *		Where the extension's own objects are.
 */
#ifndef UPSERT_BASE_SCHEMA_H
#define UPSERT_BASE_SCHEMA_H

/* The schema that the extension is installed in; its name, palloc'd. */
extern Oid	upsert_schema(void);
extern char *upsert_schema_name(void);

#endif							/* UPSERT_BASE_SCHEMA_H */
