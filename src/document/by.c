/*
 * by.c
 *		Documents that are found by attributes instead of their key.
 *
 *		["mail"]	unique column mail, made of doc -> 'mail': it arbitrates
 *		["a", "b"]	no such index: look, lock the search, look again
 *
 * Two values are the same by jsonb's "=", which is that of the columns: 1 is
 * 1.0, "1" is not.  What the values are for a document, how they are ordered and
 * locked stands here; what becomes of the document does not.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/spivalue.h"
#include "catalog/docpath.h"
#include "compat.h"
#include "call/options.h"
#include "document/by.h"
#include "document/fetch.h"
#include "expr/value.h"
#include "jsonb/doc.h"
#include "store/searchlock.h"
#include "upsert.h"

/* ----------
 * The index
 * ----------
 */

/* The column of the index that stands for the attribute, or none. */
static AttrNumber
column_for(Relation rel, Relation index, AttrNumber doc, const char *attribute)
{
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];
		Form_pg_attribute att;
		List	   *path;
		bool		as_text;

		if (attno <= 0)
			return InvalidAttrNumber;
		att = TupleDescAttr(RelationGetDescr(rel), attno - 1);
		if (att->attgenerated != ATTRIBUTE_GENERATED_STORED ||
			att->atttypid != JSONBOID)
			return InvalidAttrNumber;
		path = document_path(build_column_default(rel, attno), doc, &as_text);
		if (list_length(path) == 1 && !as_text &&
			strcmp(linitial(path), attribute) == 0)
			return attno;
	}
	return InvalidAttrNumber;
}

static bool
covers(DocumentBy *by, Relation rel, Relation index)
{
	Form_pg_index form = index->rd_index;
	ListCell   *lc;

	if (!form->indisunique || !form->indimmediate || !form->indisvalid ||
		!form->indisready || RelationGetIndexPredicate(index) != NIL ||
		form->indnkeyatts != list_length(by->attributes))
		return false;
	foreach(lc, by->attributes)
	{
		AttrNumber	attno = column_for(rel, index, by->collection->doc_attno,
									   lfirst(lc));

		if (attno == InvalidAttrNumber)
			return false;
		by->columns[foreach_current_index(lc)] = attno;
	}
	return true;
}

DocumentBy *
by_open(const Collection *c, Relation rel, List *attributes)
{
	DocumentBy *by = palloc0(sizeof(DocumentBy));
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, attributes)
		if (strcmp(lfirst(lc), "_id") == 0 || strcmp(lfirst(lc), "_key") == 0 ||
			strcmp(lfirst(lc), "_rev") == 0)
		option_refuse("by", psprintf("The attribute \"%s\" is none that documents store.",
									 (char *) lfirst(lc)));
	if (list_length(attributes) > INDEX_MAX_KEYS)
		option_refuse("by", psprintf("There are more than %d attributes.", INDEX_MAX_KEYS));
	by->collection = c;
	by->attributes = attributes;
	by->columns = palloc0(sizeof(AttrNumber) * list_length(attributes));
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (!OidIsValid(by->index) && covers(by, rel, index))
			by->index = RelationGetRelid(index);
		index_close(index, AccessShareLock);
		if (OidIsValid(by->index))
			break;
	}
	list_free(indexes);
	return by;
}

/* ----------
 * Values
 * ----------
 */

/* The array of the values; NULL, and *absent, where one is missing or null. */
static Jsonb *
collect(const DocumentBy *by, const Jsonb *doc, const char **absent)
{
	CompatJsonbState state = {0};
	ListCell   *lc;

	(void) compat_jsonb_push(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, by->attributes)
	{
		JsonbValue	v;

		if (!doc_get_attribute(doc, lfirst(lc), &v) || v.type == jbvNull)
		{
			*absent = lfirst(lc);
			return NULL;
		}
		(void) compat_jsonb_push(&state, WJB_ELEM, &v);
	}
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
by_values(const DocumentBy *by, const Jsonb *doc, Refusal *why)
{
	const char *absent;
	Jsonb	   *values = collect(by, doc, &absent);

	if (values)
		return values;
	why->sqlstate = ERRCODE_UPSERT_INCOMPLETE_KEY;
	why->message = psprintf("attribute \"%s\", by which documents are found, is missing or null",
							absent);
	why->detail = "The option \"by\" names it.";
	why->hint = "Each document needs a value for all of them.";
	return NULL;
}

int
by_compare(const Jsonb *a, const Jsonb *b)
{
	return compareJsonbContainers(unconstify(JsonbContainer *, &a->root),
								  unconstify(JsonbContainer *, &b->root));
}

bool
by_matches(const DocumentBy *by, const Jsonb *doc, const Jsonb *values)
{
	const char *absent;
	Jsonb	   *now = collect(by, doc, &absent);

	return now != NULL && by_compare(now, values) == 0;
}

void
by_columns(const DocumentBy *by, const Jsonb *values, Datum *columns)
{
	for (int i = 0; i < list_length(by->attributes); i++)
		columns[i] = JsonbPGetDatum(JsonbValueToJsonb(getIthJsonbValueFromContainer(unconstify(JsonbContainer *, &values->root), i)));
}

/* ----------
 * Looking, and locking
 * ----------
 */

/* {"a": 1, "b": 2}, for indexes that know containment */
static Jsonb *
example(const DocumentBy *by, const Jsonb *values)
{
	CompatJsonbState state = {0};
	ListCell   *lc;

	(void) compat_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	foreach(lc, by->attributes)
	{
		JsonbValue	name = {.type = jbvString};

		name.val.string.val = lfirst(lc);
		name.val.string.len = strlen(lfirst(lc));
		(void) compat_jsonb_push(&state, WJB_KEY, &name);
		(void) compat_jsonb_push(&state, WJB_VALUE,
								 getIthJsonbValueFromContainer(unconstify(JsonbContainer *,
																		  &values->root),
															   foreach_current_index(lc)));
	}
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_OBJECT, NULL));
}

/* The query, with the values as its parameters, from 2; 1 is the example. */
static char *
query_text(const DocumentBy *by)
{
	const Collection *c = by->collection;
	char	   *key = document_column(c, c->key_attno);
	char	   *doc = document_column(c, c->doc_attno);
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	/* without the CTE the planner would walk the key's index instead */
	appendStringInfo(&sql,
					 "WITH m AS MATERIALIZED (SELECT %s AS k FROM %s WHERE %s OPERATOR(pg_catalog.@>) $1",
					 key, document_table(c), doc);
	foreach(lc, by->attributes)
		appendStringInfo(&sql, " AND (%s OPERATOR(pg_catalog.->) %s) OPERATOR(pg_catalog.=) $%d",
						 doc, quote_literal_cstr(lfirst(lc)),
						 foreach_current_index(lc) + 2);
	appendStringInfoString(&sql, ") SELECT k FROM m ORDER BY k LIMIT 2");
	return sql.data;
}

bool
by_find(const DocumentBy *by, const Jsonb *values, bool latest, Datum *key)
{
	const Collection *c = by->collection;
	MemoryContext caller = CurrentMemoryContext;
	int			n = list_length(by->attributes) + 1;
	Oid		   *types = palloc(sizeof(Oid) * n);
	Datum	   *args = palloc(sizeof(Datum) * n);
	bool		found;

	for (int i = 0; i < n; i++)
		types[i] = JSONBOID;
	args[0] = JsonbPGetDatum(example(by, values));
	by_columns(by, values, args + 1);

	PushActiveSnapshot(latest ? GetLatestSnapshot() : GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute_plan(document_plan(c, query_text(by), n, types), args, NULL, true,
						 2) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a document");
	found = SPI_processed > 0;
	if (found)
	{
		bool		isnull;
		Datum		first = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
									  1, c->key_type, &isnull);
		int16		typlen;
		bool		typbyval;
		MemoryContext spi;

		if (SPI_processed > 1)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("more than one document has these values"),
					 errdetail("In collection \"%s\" \"%s\" and \"%s\" do.", c->name,
							   SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1),
							   SPI_getvalue(SPI_tuptable->vals[1], SPI_tuptable->tupdesc, 1)),
					 errhint("Find documents by a unique attribute.")));
		get_typlenbyval(c->key_type, &typlen, &typbyval);
		spi = MemoryContextSwitchTo(caller);
		*key = datumCopy(first, typbyval, typlen);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	PopActiveSnapshot();
	return found;
}

void
by_lock(const DocumentBy *by, const Jsonb *values)
{
	uint32		hash = 0;
	ListCell   *lc;

	/* as search_arbitrate() of C8QL does, so that the two wait for each other */
	foreach(lc, by->attributes)
	{
		const char *name = lfirst(lc);
		JsonbValue *v = getIthJsonbValueFromContainer(unconstify(JsonbContainer *, &values->root),
													  foreach_current_index(lc));

		hash += hash_bytes_uint32(hash_combine(value_hash(v),
											   hash_bytes((const unsigned char *) name,
														  strlen(name))));
	}
	search_lock(by->collection->relid, hash);
}

void
by_lock_all(DocumentBy *by)
{
	by->all_locked = true;
	search_lock_all(by->collection->relid);
}
