/*
 * advice.c
 *		collection_advice(): what would make a table a better collection.
 *
 * Reads the relation cache only.  Each check is one small function; the order
 * in the list below is the order of the answer.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/tuplestore.h"

#include "base/ddl.h"
#include "base/schema.h"
#include "catalog/collection.h"
#include "catalog/distributed.h"
#include "catalog/guard.h"
#include "catalog/uniquekey.h"
#include "call/answer.h"
#include "store/store.h"

typedef struct Advice
{
	Relation	rel;
	Collection	c;
	Tuplestorestate *rows;
	TupleDesc	tupdesc;
} Advice;

static void
give(Advice *a, const char *severity, const char *subject, const char *advice)
{
	Datum		values[3];
	bool		nulls[3] = {0};

	values[0] = CStringGetTextDatum(severity);
	values[1] = CStringGetTextDatum(subject);
	values[2] = CStringGetTextDatum(advice);
	tuplestore_putvalues(a->rows, a->tupdesc, values, nulls);
}

static void
check_revision(Advice *a)
{
	if (a->c.rev_attno == InvalidAttrNumber)
		give(a, "warning", RelationGetRelationName(a->rel),
			 "There is no text column \"_rev\": revisions are not kept, and ifRev can only ask for absence.");
}

/* Does plain SQL keep the promise of revisions? */
static void
check_plain_sql(Advice *a)
{
	const char *schema = upsert_schema_quoted();
	const char *table = relation_quoted(RelationGetRelid(a->rel));
	char		kind = a->rel->rd_rel->relkind;

	if (a->c.rev_attno == InvalidAttrNumber ||
		(kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE))
		return;
	if (!TupleDescAttr(RelationGetDescr(a->rel), a->c.rev_attno - 1)->atthasdef)
		give(a, "notice", "_rev",
			 psprintf("An INSERT that names no \"_rev\" gets none. Run: ALTER TABLE %s ALTER _rev SET DEFAULT %s.at_tid();",
					  table, schema));
	if (!OidIsValid(a->c.guard))
		give(a, "warning", "_rev",
			 psprintf("An UPDATE of the document leaves \"_rev\" as it is, so that a stale ifRev passes after it. Run: CREATE TRIGGER \"%s\" BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %s.%s();",
					  GUARD_TRIGGER_OF_OTHERS, table, schema, GUARD_FUNCTION));
}

static void
check_key(Advice *a)
{
	AttrNumber	key = a->c.key_attno;

	if ((a->c.key_type == TEXTOID || a->c.key_type == VARCHAROID) &&
		a->c.key_collation != C_COLLATION_OID)
		give(a, "notice",
			 NameStr(TupleDescAttr(RelationGetDescr(a->rel), key - 1)->attname),
			 "Give the key column COLLATE \"C\": comparisons are faster, and its index survives changes of the system's locales.");
	if (unique_key_arbiters(a->rel, 1, &key) == NIL)
		give(a, "warning",
			 NameStr(TupleDescAttr(RelationGetDescr(a->rel), key - 1)->attname),
			 "The key has no immediate unique index that can arbitrate: upserts go through SQL and may need a retry per conflict.");
}

static void
check_fillfactor(Advice *a)
{
	if (a->rel->rd_rel->relkind == RELKIND_RELATION &&
		RelationGetFillFactor(a->rel, HEAP_DEFAULT_FILLFACTOR) >= 100)
		give(a, "notice", RelationGetRelationName(a->rel),
			 "Set fillfactor below 100 (85 is good): updates then find room on the same page and stay HOT.");
}

/* Indexes whose entries change with every update of a document. */
static void
check_indexes(Advice *a)
{
	List	   *indexes = RelationGetIndexList(a->rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		const char *name = RelationGetRelationName(index);
		Bitmapset  *columns = NULL;
		int			i;

		for (i = 0; i < index->rd_index->indnatts; i++)
			columns = bms_add_member(columns, index->rd_index->indkey.values[i]);

		if (bms_is_member(a->c.doc_attno, columns))
			give(a, "warning", name,
				 "The index is on the document itself: no update can be HOT, and each writes to every index.");
		else if (RelationGetIndexExpressions(index) != NIL ||
				 RelationGetIndexPredicate(index) != NIL)
		{
			Bitmapset  *used = NULL;

			pull_varattnos((Node *) RelationGetIndexExpressions(index), 1, &used);
			pull_varattnos((Node *) RelationGetIndexPredicate(index), 1, &used);
			if (bms_is_member(a->c.doc_attno - FirstLowInvalidHeapAttributeNumber, used))
				give(a, "warning", name,
					 "The index has an expression on the document: no update can be HOT. Index a stored generated column instead (create_collection option \"unique\").");
		}
		if (a->c.rev_attno != InvalidAttrNumber &&
			bms_is_member(a->c.rev_attno, columns))
			give(a, "warning", name,
				 "The index is on \"_rev\", which changes with every update: no update can be HOT.");
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
}

static void
check_triggers(Advice *a)
{
	TriggerDesc *triggers = a->rel->trigdesc;
	bool		before_update = false;

	/* the guard does not fire in upserts */
	for (int i = 0; triggers && i < triggers->numtriggers; i++)
		before_update |= triggers->triggers[i].tgoid != a->c.guard &&
			TRIGGER_TYPE_MATCHES(triggers->triggers[i].tgtype, TRIGGER_TYPE_ROW,
								 TRIGGER_TYPE_BEFORE, TRIGGER_TYPE_UPDATE);
	if (before_update)
		give(a, "notice", RelationGetRelationName(a->rel),
			 "A BEFORE UPDATE row trigger makes every update lock its row first (56 bytes of WAL more).");
}

/* The road to a table that Citus has on several nodes. */
static void
check_distribution(Advice *a, const Distribution *d)
{
	const char *name = RelationGetRelationName(a->rel);

	if (d->kind == DISTRIBUTED_REFERENCE)
		give(a, "notice", name, "All of it is on each node: upserts go through SQL, and each write to all nodes.");
	else if (d->kind == DISTRIBUTED_BY_SCHEMA)
		give(a, "notice", name, "It lies on the node of its schema: upserts go through SQL.");
	else if (d->kind != DISTRIBUTED_BY_HASH)
		give(a, "notice", name, "It is distributed, and not by the hash of a column: upserts go through SQL.");
	else if (d->column != a->c.key_attno)
		give(a, "warning", name, "It is distributed by another column than the key: upserts go through SQL, and each asks all nodes.");
	else if (distributed_function(d, a->rel) == NULL)
		give(a, "warning", name,
			 psprintf("No function of the table's owner takes calls to its shards: upserts go through SQL. Run: %s",
					  distributed_function_command(d, a->rel)));
	else
		give(a, "notice", name,
			 psprintf("It has %d shards: upserts by the key go to their nodes, all else through SQL.", d->nshards));
}

/* A ledger, or a store of records: several tables that are written to together. */
static void
check_parts(Advice *a)
{
	const char *name = RelationGetRelationName(a->rel);
	const Distribution *d = distribution_of(a->rel);
	List	   *parts = distributed_is_here() ? ddl_parts(RelationGetRelid(a->rel)) : NIL;
	ListCell   *lc;

	if (parts == NIL)
		return;
	if (d == NULL)
	{
		give(a, "notice", name,
			 psprintf("It and what belongs to it, %d tables, lie on this node alone. Made in a schema that Citus has distributed (SET citus.enable_schema_based_sharding = on; CREATE SCHEMA ...), they lie together on one that Citus chooses.",
					  list_length(parts) + 1));
		return;
	}
	foreach(lc, parts)
	{
		Relation	part = try_relation_open(lfirst_oid(lc), AccessShareLock);
		const Distribution *its;

		if (part == NULL)
			continue;
		its = distribution_of(part);
		if (its == NULL || (its->kind != DISTRIBUTED_REFERENCE &&
							(its->kind != d->kind || its->colocation != d->colocation)))
			give(a, "warning", RelationGetRelationName(part),
				 psprintf("It belongs to \"%s\" and does not lie where that does: writing to both is a transaction of several nodes. Make them anew in a schema that Citus has distributed.",
						  name));
		relation_close(part, NoLock);
	}
}

/* What sends every row through SQL statements. */
static void
check_direct(Advice *a)
{
	const char *name = RelationGetRelationName(a->rel);

	if (distribution_of(a->rel) != NULL)
	{
		check_distribution(a, distribution_of(a->rel));
		return;
	}
	if (a->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		give(a, "notice", name, "The table is partitioned: upserts go through SQL.");
	else if (a->rel->rd_rel->relkind != RELKIND_RELATION ||
			 a->rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		give(a, "notice", name, "The relation is no plain heap table: upserts go through SQL.");
	if (a->rel->rd_rel->relhassubclass &&
		a->rel->rd_rel->relkind == RELKIND_RELATION)
		give(a, "notice", name, "The table has (or had) inheritance children: upserts go through SQL.");
	if (a->rel->rd_rules != NULL && a->rel->rd_rel->relkind != RELKIND_VIEW)
		give(a, "warning", name, "The table has rules: upserts go through SQL, and RETURNING may be missing.");
	if (check_enable_rls(RelationGetRelid(a->rel), InvalidOid, true) == RLS_ENABLED)
		give(a, "notice", name, "Row-level security applies to you: upserts go through SQL.");
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(collection_advice);
PG_FUNCTION_INFO_V1(collection_path);

Datum
collection_advice(PG_FUNCTION_ARGS)
{
	Advice		a = {NULL};
	const char *reason;

	a.rows = answer_begin_set(fcinfo, &a.tupdesc);
	a.rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	if (a.rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist",
						PG_GETARG_OID(0))));
	if (!collection_describe(a.rel, &a.c, &reason))
		give(&a, "error", RelationGetRelationName(a.rel), reason);
	else
	{
		check_revision(&a);
		check_plain_sql(&a);
		check_key(&a);
		check_fillfactor(&a);
		check_indexes(&a);
		check_triggers(&a);
		check_direct(&a);
	}
	check_parts(&a);
	relation_close(a.rel, NoLock);
	return (Datum) 0;
}

/* Do upserts by the key go to its shards? */
static bool
has_shards(Relation rel, const Collection *c)
{
	const Distribution *d = distribution_of(rel);

	return d && d->column == c->key_attno && store_wants_direct() &&
		distributed_function(d, rel) != NULL;
}

/*
 * How the caller's upserts reach the rows: "direct", "shards" or "SQL"; NULL: no
 * collection.
 */
Datum
collection_path(PG_FUNCTION_ARGS)
{
	Relation	rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	StoreTarget target = {.nkeys = 1};
	Collection	c = {0};
	const char *reason;
	const char *path = NULL;

	if (rel == NULL)
		PG_RETURN_NULL();
	if (collection_describe(rel, &c, &reason))
	{
		target.relid = RelationGetRelid(rel);
		target.keys[0] = c.key_attno;
		path = store_is_direct(rel, &target) ? "direct" :
			has_shards(rel, &c) ? "shards" : "SQL";
	}
	relation_close(rel, AccessShareLock);
	if (path == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(path));
}
