/*
 * facts.c
 *		What is known of a table from one call to the next.
 *
 *		relid --> TableFacts	criteria, readers and writers of the columns
 *
 * A call that upserts one small row would spend a fifth of its time on looking
 * all that up in the catalogs.  So a backend keeps it, in this one cache, until
 * the relation cache reports a change of the table or of one of its indexes.
 * That may happen in the middle of a call, which goes on with what it has: the
 * report only makes facts stale, the next one who asks throws them away, and
 * they live on to the end of that transaction.
 *
 * Nothing of a user is in here: privileges are asked for at each call.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "relational/relational.h"

typedef struct FactsEntry
{
	Oid			relid;			/* hash key */
	TableFacts *facts;
} FactsEntry;

static HTAB *entries = NULL;
static uint64 changes = 0;		/* reports so far */

/* The relation cache reports a change: of this one, or of all. */
static void
relation_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS seq;
	FactsEntry *entry;

	changes++;
	hash_seq_init(&seq, entries);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		TableFacts *facts = entry->facts;

		/* row types are relations too, of which we do not know the names */
		if (relid == InvalidOid || relid == entry->relid || facts->has_rows ||
			list_member_oid(facts->indexes, relid))
			facts->stale = true;
	}
}

static void
forget_stale(void)
{
	HASH_SEQ_STATUS seq;
	FactsEntry *entry;

	hash_seq_init(&seq, entries);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		if (!entry->facts->stale)
			continue;
		MemoryContextSetParent(entry->facts->context, TopTransactionContext);
		(void) hash_search(entries, &entry->relid, HASH_REMOVE, NULL);
	}
}

static void
init_cache(void)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(FactsEntry)};

	entries = hash_create("upsert tables", 32, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

static AttrNumber
revision_column(TupleDesc tupdesc)
{
	int			i;

	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (!att->attisdropped && att->atttypid == TEXTOID &&
			strcmp(NameStr(att->attname), "_rev") == 0)
			return i + 1;
	}
	return InvalidAttrNumber;
}

static TableFacts *
gather(Relation rel)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert table",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	TableFacts *facts = palloc0(sizeof(TableFacts));

	facts->context = context;
	facts->rev_attno = revision_column(tupdesc);
	facts->inputs = palloc0(sizeof(ColumnInput *) * tupdesc->natts);
	facts->outputs = palloc0(sizeof(FmgrInfo *) * tupdesc->natts);
	facts->texts = palloc0(sizeof(FmgrInfo *) * tupdesc->natts);
	facts->indexes = RelationGetIndexList(rel);
	facts->criteria = criteria_gather(rel, facts->indexes);
	MemoryContextSwitchTo(oldcontext);
	return facts;
}

TableFacts *
table_facts(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	FactsEntry *entry;
	TableFacts *facts;
	uint64		as_of;

	if (entries == NULL)
		init_cache();
	entry = hash_search(entries, &relid, HASH_FIND, NULL);
	if (entry && !entry->facts->stale)
		return entry->facts;

	forget_stale();
	as_of = changes;
	facts = gather(rel);
	facts->stale = as_of != changes;

	/* nothing may fail once there is an entry */
	entry = hash_search(entries, &relid, HASH_ENTER, NULL);
	entry->facts = facts;
	MemoryContextSetParent(facts->context, CacheMemoryContext);
	return facts;
}
