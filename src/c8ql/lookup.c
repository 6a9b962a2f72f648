/*
 * c8ql/lookup.c
 *		How what UPSERT looks for is found: the search as a query.
 *
 *		leaves		handles: columns and index expressions that stand for a path
 *			\		/
 *		SELECT key FROM docs WHERE handle = $1 AND doc @> $2 ...
 *
 * SQL's operators are stricter than the language's "==", so what SQL finds is a
 * superset, by the containment of what the values must have in common
 * (doc @> {"name": "x"}) and by the handles; each find is checked by
 * search_matches().  Only where all values are scalars and none is null SQL's
 * answer is exact.
 *
 * It finds keys.  Applying the operation to the row of that key, and checking
 * there again that it still matches, is the caller's business.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/spivalue.h"
#include "c8ql/search_impl.h"
#include "document/fetch.h"
#include "expr/value.h"
#include "jsonb/doc.h"

/* matches that are looked at in one go */
#define FETCH_SIZE 32

/* A query for SQL: which handles are used, with which values. */
typedef struct Lookup
{
	StringInfoData sql;
	bool		exact;
	bool		unique;
	int			nargs;
	Oid			types[MAX_HANDLES + 1];
	Datum		args[MAX_HANDLES + 1];
} Lookup;

/* ----------
 * The query
 * ----------
 */

/*
 * The part of a value that every value equal to it contains, in the sense of
 * jsonb's @>: without nulls, in arrays and objects.  False if there is none.
 */
static bool
common_part(const JsonbValue *value, JsonbValue *out)
{
	ValueType	type = value_type(value);
	ValueBuilder builder;
	ValueIter	it;
	JsonbValue	name;
	JsonbValue	member;
	JsonbValue	part;

	check_stack_depth();
	*out = *value;
	if (type == VALUE_NULL)
		return false;
	if (type != VALUE_ARRAY && type != VALUE_OBJECT)
		return true;

	if (type == VALUE_ARRAY)
		value_array_begin(&builder);
	else
		value_object_begin(&builder);
	value_iter_init(&it, value);
	while (value_iter_next(&it, &name, &member))
	{
		if (!common_part(&member, &part))
			continue;
		if (type == VALUE_ARRAY)
			value_array_add(&builder, &part);
		else
			value_object_put(&builder, name.val.string.val,
							 name.val.string.len, &part);
	}
	if (type == VALUE_ARRAY)
		value_array_finish(&builder, out);
	else
		value_object_finish(&builder, true, out);
	return true;
}

/* The value as the object that has it at a path. */
static void
nest(const Path *path, int depth, const JsonbValue *value, JsonbValue *out)
{
	ValueBuilder builder;
	JsonbValue	inner = *value;

	for (int i = path->depth - 1; i >= depth; i--)
	{
		value_object_begin(&builder);
		value_object_put(&builder, path->names[i], strlen(path->names[i]),
						 &inner);
		value_object_finish(&builder, true, out);
		inner = *out;
	}
}

static void
append_condition(Lookup *lookup, const char *left, const char *operator,
				 Oid type, Datum value)
{
	lookup->types[lookup->nargs] = type;
	lookup->args[lookup->nargs] = value;
	lookup->nargs++;
	appendStringInfo(&lookup->sql, "%s%s OPERATOR(pg_catalog.%s) $%d",
					 lookup->nargs == 1 ? " WHERE " : " AND ",
					 left, operator, lookup->nargs);
}

/*
 * Use a column or index expression for this leaf.  True if it says all that
 * there is to say.
 */
static bool
use_handle(Search *search, const Leaf *leaf, Lookup *lookup)
{
	bool		exact = false;

	for (int i = 0; i < search->known.count; i++)
	{
		const Handle *handle = &search->known.items[i];

		if (!path_same(handle->path, leaf->path) ||
			lookup->nargs >= MAX_HANDLES)
			continue;
		if (handle->text && leaf->value.type == jbvString)
		{
			append_condition(lookup, handle->sql, "=", TEXTOID,
							 value_text_datum(&leaf->value));
			lookup->unique |= handle->unique;
		}
		else if (!handle->text && leaf->value.type != jbvBinary)
		{
			append_condition(lookup, handle->sql, "=", JSONBOID,
							 JsonbPGetDatum(value_to_jsonb(&leaf->value)));
			lookup->unique |= handle->unique;
			exact = true;
		}
	}
	return exact;
}

static void
build_lookup(Search *search, Lookup *lookup)
{
	const Collection *collection = search->collection;
	char	   *key = document_column(collection, collection->key_attno);
	ValueBuilder contained;
	bool		textual = collection->key_type == TEXTOID ||
	collection->key_type == VARCHAROID;
	const char *order = textual ? " COLLATE pg_catalog.\"C\"" : "";
	StringInfoData select;

	memset(lookup, 0, sizeof(Lookup));
	lookup->exact = search->filter == NULL && !search->verify;
	initStringInfo(&lookup->sql);
	value_object_begin(&contained);
	for (int i = 0; i < search->nleaves; i++)
	{
		const Leaf *leaf = &search->leaves[i];
		JsonbValue	part;
		JsonbValue	nested;

		if (leaf->value.type == jbvNull || leaf->value.type == jbvBinary)
			lookup->exact = false;
		if (leaf->path->names[0][0] == '_' &&
			(path_is_system(leaf->path, "_key") || path_is_system(leaf->path, "_id") ||
			 path_is_system(leaf->path, "_rev")))
		{
			lookup->exact = false;
			continue;
		}
		if (!common_part(&leaf->value, &part) ||
			use_handle(search, leaf, lookup))
			continue;
		nest(leaf->path, 0, &part, &nested);

		/*
		 * one condition for each: merging paths that share a name is not
		 * worth the trouble, and @> of the document is cheap
		 */
		if (lookup->nargs < MAX_HANDLES)
			append_condition(lookup,
							 document_column(collection, collection->doc_attno),
							 "@>", JSONBOID,
							 JsonbPGetDatum(value_to_jsonb(&nested)));
		else
			lookup->exact = false;
	}

	initStringInfo(&select);
	if (lookup->exact && lookup->unique)
		appendStringInfo(&select, "SELECT %s FROM %s%s LIMIT 2",
						 key, document_table(collection), lookup->sql.data);
	else if (lookup->exact)
		/* without the CTE the planner would walk the key's index instead */
		appendStringInfo(&select,
						 "WITH m AS MATERIALIZED (SELECT %s AS k FROM %s%s) SELECT k FROM m ORDER BY k%s LIMIT 2",
						 key, document_table(collection), lookup->sql.data,
						 order);
	else
		appendStringInfo(&select,
						 "WITH m AS MATERIALIZED (SELECT %s AS k, %s AS r, %s AS d FROM %s%s) SELECT k, r, d FROM m ORDER BY k%s",
						 key,
						 document_column(collection, collection->rev_attno),
						 document_column(collection, collection->doc_attno),
						 document_table(collection), lookup->sql.data, order);
	lookup->sql = select;
}

/* ----------
 * Its rows
 * ----------
 */

/* A row of SPI's, the key of which is this: does it match? */
static bool
row_matches(Search *search, Run *run, uint64 i, Datum key)
{
	HeapTuple	tuple = SPI_tuptable->vals[i];
	TupleDesc	desc = SPI_tuptable->tupdesc;
	bool		isnull;
	Datum		doc = spi_value(tuple, desc, 3, JSONBOID, &isnull);

	return search_matches(search, run, isnull ? doc_empty() : DatumGetJsonbP(doc),
						  collection_key_to_string(search->collection, key),
						  SPI_getvalue(tuple, desc, 2));
}

static Datum
copy_key(const Collection *collection, Datum key, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	int16		typlen;
	bool		typbyval;

	get_typlenbyval(collection->key_type, &typlen, &typbyval);
	key = datumCopy(key, typbyval, typlen);
	MemoryContextSwitchTo(old_context);
	return key;
}

/* The keys of the first matches, as many as are wanted, in the caller's memory. */
static int
fetch_keys(Search *search, Run *run, const Lookup *lookup, Portal portal,
		   Datum *keys, int wanted, MemoryContext caller)
{
	int			found = 0;
	bool		more = true;

	while (more && found < wanted)
	{
		SPI_cursor_fetch(portal, true, lookup->exact ? wanted : FETCH_SIZE);
		more = !lookup->exact && SPI_processed == FETCH_SIZE;
		for (uint64 i = 0; i < SPI_processed && found < wanted; i++)
		{
			bool		isnull;
			Datum		key = spi_value(SPI_tuptable->vals[i],
										SPI_tuptable->tupdesc, 1,
										search->collection->key_type, &isnull);

			CHECK_FOR_INTERRUPTS();
			if (lookup->exact || row_matches(search, run, i, key))
				keys[found++] = copy_key(search->collection, key, caller);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	return found;
}

bool
search_find(Search *search, Run *run, bool latest, bool single, Datum *key)
{
	const Collection *collection = search->collection;
	MemoryContext caller = CurrentMemoryContext;
	Lookup		lookup;
	Portal		portal;
	Datum		keys[2];
	int			found;

	build_lookup(search, &lookup);
	CommandCounterIncrement();
	PushActiveSnapshot(latest ? GetLatestSnapshot() : GetTransactionSnapshot());
	SPI_connect();
	portal = SPI_cursor_open(NULL,
							 document_plan(collection, lookup.sql.data,
										   lookup.nargs, lookup.types),
							 lookup.args, NULL, true);
	found = fetch_keys(search, run, &lookup, portal, keys, single ? 2 : 1, caller);
	SPI_cursor_close(portal);
	SPI_finish();
	PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	if (single && found > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one document matches the search"),
				 errdetail("In collection \"%s\" \"%s\" and \"%s\" do.",
						   collection->name,
						   collection_key_to_string(collection, keys[0]),
						   collection_key_to_string(collection, keys[1])),
				 errhint("Search by a unique attribute, or say \"multiple\": \"first\" to take the one with the least key.")));
	if (found > 0)
		*key = keys[0];
	return found > 0;
}

/* ----------
 * In words
 * ----------
 */

/*
 * For c8ql_explain(): what can be said before the values of the
 * rows are known.  A search by parameter has its attributes from the binds.
 */
char *
search_explain(Search *search, const Jsonb *bind)
{
	const Handle *indexed = NULL;
	const Leaf *leaves = search->planned;
	int			nleaves = search->nplanned;

	if (search->object)
	{
		JsonbValue	binds;
		JsonbValue	value;

		value_set_empty_object(&binds);
		if (bind)
			value_from_jsonb(unconstify(Jsonb *, bind), &binds);
		if (!value_attribute(&binds, search->parameter,
							 strlen(search->parameter), &value) ||
			value_type(&value) != VALUE_OBJECT)
			return "by the attributes that the parameter has when it runs";
		search->nleaves = 0;
		search_walk_object(search, NULL, &value);
		leaves = search->leaves;
		nleaves = search->nleaves;
	}

	for (int i = 0; i < nleaves; i++)
	{
		if (path_is_system(leaves[i].path, "_key") ||
			path_is_system(leaves[i].path, "_id"))
			return "key";
	}
	for (int i = 0; i < nleaves; i++)
	{
		for (int k = 0; k < search->known.count; k++)
		{
			if (!path_same(search->known.items[k].path, leaves[i].path))
				continue;
			if (indexed == NULL || search->known.items[k].unique)
				indexed = &search->known.items[k];
		}
	}
	if (indexed && indexed->unique)
		return psprintf("unique index %s", indexed->index);
	if (indexed)
		return psprintf("index scan on %s + search lock", indexed->index);
	if (search->known.gin && search->filter == NULL && nleaves > 0)
		return psprintf("index scan on %s + search lock", search->known.gin);
	return "full scan + search lock";
}
