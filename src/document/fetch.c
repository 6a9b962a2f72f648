/*
 * fetch.c
 *		Documents read through SELECT: with the caller's rights, by the row
 *		policies that hold for the caller, from whatever relation it is.
 *
 * Plans are kept by their text and the types of their parameters, in a memo of
 * the collection.  Values are taken out of rows by the description that comes
 * with those, not by the collection's: a view may have run anything since.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/schema.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/spivalue.h"
#include "catalog/memo.h"
#include "document/document.h"
#include "document/fetch.h"
#include "jsonb/doc.h"

/* plans that a session keeps of one collection */
#define MAX_PLANS 64

/* A plan that is kept. */
typedef struct KeptPlan
{
	uint32		hash;			/* of the text */
	const char *sql;
	int			nargs;
	const Oid  *types;
	SPIPlanPtr	plan;
	MemoryContextCallback callback;
} KeptPlan;

/* Those of one collection. */
typedef struct CollectionPlans
{
	Memo		memo;
	List	   *plans;			/* of KeptPlan */
} CollectionPlans;

/* ----------
 * Names and plans
 * ----------
 */

char *
document_column(const Collection *c, AttrNumber attno)
{
	if (attno == InvalidAttrNumber)
		return pstrdup("NULL::pg_catalog.text");
	return pstrdup(quote_identifier(get_attname(c->relid, attno, false)));
}

char *
document_table(const Collection *c)
{
	return relation_quoted(c->relid);
}

static void
make_plans(Memo *memo, Relation rel)
{
	/* one by one, as they are asked for */
}

static MemoCache collection_plans = {"upsert document plans", sizeof(CollectionPlans), make_plans};

static void
free_plan(void *arg)
{
	SPI_freeplan(((KeptPlan *) arg)->plan);
}

static KeptPlan *
find_plan(const CollectionPlans *kept, uint32 hash, const char *sql, int nargs,
		  const Oid *types)
{
	ListCell   *lc;

	foreach(lc, kept->plans)
	{
		KeptPlan   *plan = lfirst(lc);

		if (plan->hash == hash && plan->nargs == nargs &&
			strcmp(plan->sql, sql) == 0 &&
			(nargs == 0 || memcmp(plan->types, types, sizeof(Oid) * nargs) == 0))
			return plan;
	}
	return NULL;
}

/* Keeps it, to be freed with the memo. */
static void
keep_plan(CollectionPlans *kept, uint32 hash, const char *sql, int nargs,
		  const Oid *types, SPIPlanPtr plan)
{
	MemoryContext caller = MemoryContextSwitchTo(kept->memo.context);
	KeptPlan   *entry = palloc0(sizeof(KeptPlan));

	entry->hash = hash;
	entry->sql = pstrdup(sql);
	entry->nargs = nargs;
	entry->types = nargs == 0 ? NULL :
		memcpy(palloc(sizeof(Oid) * nargs), types, sizeof(Oid) * nargs);
	entry->plan = plan;
	entry->callback.func = free_plan;
	entry->callback.arg = entry;
	kept->plans = lappend(kept->plans, entry);
	/* nothing fails from here on */
	SPI_keepplan(plan);
	MemoryContextRegisterResetCallback(kept->memo.context, &entry->callback);
	MemoryContextSwitchTo(caller);
}

SPIPlanPtr
document_plan(const Collection *collection, const char *sql, int nargs,
			  const Oid *types)
{
	Relation	rel = collection_hold(collection->relid);
	CollectionPlans *kept = (CollectionPlans *) memo_of(&collection_plans, rel);
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));
	KeptPlan   *found = find_plan(kept, hash, sql, nargs, types);
	SPIPlanPtr	plan;

	if (found == NULL)
	{
		plan = SPI_prepare(sql, nargs, unconstify(Oid *, types));
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		if (list_length(kept->plans) >= MAX_PLANS)
		{
			/* anew; those that run now are pinned */
			memo_forget(&kept->memo);
			kept = (CollectionPlans *) memo_of(&collection_plans, rel);
		}
		keep_plan(kept, hash, sql, nargs, types, plan);
	}
	else
		plan = found->plan;
	collection_release(rel);
	return plan;
}

/* ----------
 * One document
 * ----------
 */

Jsonb *
document_of_tuple(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = spi_value(tuple, desc, column, JSONBOID, &isnull);

	if (isnull)
		return doc_empty();
	return (Jsonb *) PG_DETOAST_DATUM_COPY(value);
}

Jsonb *
document_fetch(const Collection *c, Datum key)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			types[1] = {c->key_type};
	Datum		args[1] = {key};
	char	   *sql = psprintf("SELECT %s, %s FROM %s WHERE %s OPERATOR(pg_catalog.=) $1",
							   document_column(c, c->rev_attno),
							   document_column(c, c->doc_attno),
							   document_table(c),
							   document_column(c, c->key_attno));
	Jsonb	   *found = NULL;

	SPI_connect();
	if (SPI_execute_plan(document_plan(c, sql, 1, types), args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a document");
	if (SPI_processed > 0)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);

		found = document_show(c, collection_key_to_string(c, key),
							  SPI_getvalue(tuple, desc, 1),
							  document_of_tuple(tuple, desc, 2));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return found;
}
