/*
 * table.h
 *		JSON objects into the columns of ordinary tables.
 *
 *		table.c		the table: its columns by name, which may be read, how
 *					a JSON value becomes a column's value and a row JSON
 *		criteria.c	what tells whether an object is there: unique keys, or
 *					any columns
 *		object.c	one object, upserted; request.c, any.c parts of it
 *		objects.c	many, and the SQL functions
 *		schema.c	the JSON Schema of what may be sent
 */
#ifndef UPSERT_OBJECT_TABLE_H
#define UPSERT_OBJECT_TABLE_H

#include "catalog/memo.h"
#include "compat.h"
#include "call/answer.h"
#include "call/options.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "store/store.h"
#include "utils/array.h"
#include "utils/relcache.h"

/* How values of one column are made; table.c's own. */
typedef struct ColumnInput ColumnInput;

/* What there is within a value of a column, domains aside. */
typedef enum ColumnShape
{
	COLUMN_PLAIN,				/* nothing that a caller gives in part */
	COLUMN_JSONB,
	COLUMN_COMPOSITE
} ColumnShape;

/* What is known of a table from one call to the next. */
typedef struct TableFacts
{
	Memo		memo;
	AttrNumber	rev_attno;		/* column "_rev" of type text, if any */
	Bitmapset  *required;		/* columns that a new row has to be given */
	List	   *criteria;		/* as criteria_list() has it */

	/* by attribute number - 1, made on demand */
	ColumnInput **inputs;
	struct FmgrInfo **outputs;	/* to_jsonb() of the column's type */
	struct FmgrInfo **texts;	/* output functions */
} TableFacts;

/* A table as a target of objects. */
typedef struct ObjectTable
{
	Oid			relid;
	Relation	rel;			/* open until object_table_close() */
	TupleDesc	tupdesc;
	TableFacts *facts;
	Bitmapset  *readable;		/* attribute numbers that the user may read */
	bool		json_null;		/* null for a jsonb column is JSON's null */
	AttrNumber	converting;		/* whose value is being made; an error leaves
								 * it there */
} ObjectTable;

/* The name that stands for whichever unique keys an object fills. */
#define CRITERIA_ANY "any"

/* What tells whether an object is there already. */
typedef struct Criteria
{
	char	   *name;			/* of the unique index; NULL: only columns */
	Oid			index;			/* InvalidOid: no index makes them unique */
	bool		primary;
	bool		nulls_equal;	/* NULLS NOT DISTINCT: null is a value */
	bool		special;		/* partial, expressions, or an equality of its
								 * own: needs this index */
	bool		plain;			/* neither partial nor expressions */
	const char *unusable;		/* why not; NULL: it can be used */
	Oid			order[INDEX_MAX_KEYS];	/* by key: how the index compares it,
										 * and */
	Oid			collation[INDEX_MAX_KEYS];	/* under which; InvalidOid: as the
											 * column's type does */
	int			nkeys;			/* columns whose values decide, in the order */
	AttrNumber	keys[INDEX_MAX_KEYS];	/* of the index */
	Bitmapset  *predicate;		/* columns that its predicate reads */
} Criteria;

/* How the caller names the criteria: columns, or else a name or NULL. */
typedef struct CriteriaSelector
{
	const char *name;
	ArrayType  *columns;
} CriteriaSelector;

/*
 * Opens a table, view or foreign table: 42P01 if there is none, 42809 if it
 * is something else.  Takes AccessShareLock to the end of the transaction.
 * Lives in the current memory context.
 */
extern ObjectTable *object_table_open(Oid relid);
extern void object_table_close(ObjectTable *table);

/* The column of this name, or InvalidAttrNumber. */
extern AttrNumber object_table_column(const ObjectTable *table,
									  const char *name, int len);

/* Is the column called so? */
extern bool object_table_is_column(const ObjectTable *table, AttrNumber attno,
								   const char *name, int len);

/* Raises 42703 and suggests the column whose name is nearest. */
pg_noreturn extern void object_table_no_column(const ObjectTable *table,
											   const char *name, int len);

/*
 * A JSON value as one of the column's type: what jsonb_populate_record() makes
 * of it.  May point into the JSON.  Errors of the type's input, with the
 * attribute named in the context.
 */
extern Datum object_table_value(ObjectTable *table, AttrNumber attno,
								const JsonbValue *v, bool *isnull);

/*
 * Error 42703 if the value gives an attribute that is no field of the
 * composite type, or of one within it.  path is for the message.
 */
extern void object_check_fields(Oid type, const JsonbValue *v, const char *path);

/*
 * Is it hstore, whose JSON is an object of strings?  Known by its input
 * function: the type may be in any schema.
 */
extern bool object_type_is_pairs(Oid type);

extern ColumnShape object_table_shape(ObjectTable *table, AttrNumber attno);

/* A row type of one column, blessed. */
extern TupleDesc object_one_column(const char *name, Oid type, int32 typmod,
								   Oid collation);

/* {"name": v} */
extern Jsonb *object_of_one(const char *name, const JsonbValue *v);

/* A column's value as its type writes it. */
extern char *object_table_text(ObjectTable *table, AttrNumber attno, Datum value);

/* A column's value as JSON: what to_jsonb() makes of it. */
extern void object_table_json(ObjectTable *table, AttrNumber attno, Datum value,
							  bool isnull, JsonbValue *result);

/* The readable columns of a row as an object: what to_jsonb() makes of it. */
extern Jsonb *object_table_row(ObjectTable *table, TupleTableSlot *row);

/*
 * The criteria that are selected, but for CRITERIA_ANY.  A name that is none
 * and reads as an array literal, "{a,b}", stands for columns: that is how
 * drivers send an array that nobody gave a type.
 */
extern Criteria *criteria_select(const ObjectTable *table,
								 const CriteriaSelector *selector);

/* Does it select whichever unique keys the object fills? */
static inline bool
criteria_selects_any(const CriteriaSelector *selector)
{
	return selector->name != NULL && strcmp(selector->name, CRITERIA_ANY) == 0;
}

/*
 * The criteria of this name: NULL for the primary key, or a unique constraint
 * or index.  Errors: 42704 if there is none, 42809 if it is not unique, 55000
 * if it cannot be used.
 */
extern Criteria *criteria_by_name(const ObjectTable *table, const char *name);

/*
 * The criteria that consist of these columns; by their unique index, if there
 * is one.  Errors: 42703, 42701, 22004, 22023.
 */
extern Criteria *criteria_by_columns(const ObjectTable *table, ArrayType *names);

/*
 * All unique keys, usable or not; the primary key comes first, then by name.
 * criteria_gather() reads them, given the relation's indexes; criteria_list()
 * takes them from the facts.
 */
extern List *criteria_gather(Relation rel, const List *indexes);
extern List *criteria_list(const ObjectTable *table);

/*
 * The columns without which the key of a new row is not all there: nothing
 * else fills them, and the key would be null.
 */
extern Bitmapset *criteria_needs(const ObjectTable *table, const Criteria *c);

/* The columns' names as text[], and as a list for messages. */
extern Datum criteria_columns(const ObjectTable *table, const Criteria *c);
extern char *criteria_column_list(const ObjectTable *table, const Criteria *c);

#endif							/* UPSERT_OBJECT_TABLE_H */
