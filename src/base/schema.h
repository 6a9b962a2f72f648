/*
 * schema.h
 *		Where the extension's own objects are, and how statements write the
 *		name of a relation.
 */
#ifndef UPSERT_BASE_SCHEMA_H
#define UPSERT_BASE_SCHEMA_H

/* Called once by _PG_init. */
extern void schema_init(void);

/*
 * The schema that the extension is installed in; its name as statements write
 * it, palloc'd; one of its tables, written likewise.
 */
extern Oid	upsert_schema(void);
extern const char *upsert_schema_quoted(void);
extern const char *upsert_table_quoted(const char *name);

/* One of its tables; error 42P01 if somebody has taken it away. */
extern Oid	upsert_table(const char *name);

/* Any relation's name, with its schema, as statements write it; palloc'd. */
extern char *relation_quoted(Oid relid);

#endif							/* UPSERT_BASE_SCHEMA_H */
