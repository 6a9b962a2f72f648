/*
 * uniquekey.c
 *		Which unique indexes stand behind a set of columns.
 *
 * Columns alone do not make a key: an index has an equality of its own, by
 * its operator classes and collations.
 *
 *		CREATE TABLE t (id text PRIMARY KEY)
 *		CREATE UNIQUE INDEX t_ci ON t (id COLLATE ci)	-- 'a' is 'A'
 *
 * Who looks for id = 'A' does not find 'a', so that t_ci cannot arbitrate for
 * the key (id): a conflict there is a violation.  An index has the columns'
 * own equality if it has the "=" that SQL has for their types, and tells the
 * same strings apart as their collations do; deterministic ones all tell the
 * same.
 *
 * REINDEX CONCURRENTLY swaps index OIDs, so what is known of a table's indexes
 * is kept (memo.c) until the relation cache reports a change.  Knows nothing
 * of rows.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_index.h"
#include "nodes/nodes.h"
#include "storage/lockdefs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "catalog/memo.h"
#include "catalog/uniquekey.h"

typedef struct IndexFacts
{
	Oid			oid;
	bool		unique;
	bool		immediate;
	bool		ready;
	bool		valid;
	bool		partial;
	bool		nulls_equal;	/* NULLS NOT DISTINCT */
	bool		btree;
	bool		own_equality;	/* that of its columns */
	int			nkeys;
	AttrNumber	keys[INDEX_MAX_KEYS];	/* 0: an expression */
} IndexFacts;

typedef struct TableIndexes
{
	Memo		memo;
	List	   *facts;			/* of IndexFacts */
} TableIndexes;

static bool
same_collation(Oid a, Oid b)
{
	return a == b ||
		(OidIsValid(a) && OidIsValid(b) &&
		 get_collation_isdeterministic(a) && get_collation_isdeterministic(b));
}

bool
unique_key_has_own_equality(Relation rel, Relation index)
{
	int			i;

	for (i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];
		Form_pg_attribute att;
		Oid			eq;

		if (attno <= 0)
			continue;			/* an expression is always compared so */
		att = TupleDescAttr(RelationGetDescr(rel), attno - 1);
		eq = get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
								 index->rd_opcintype[i], BTEqualStrategyNumber);
		if (!OidIsValid(eq) ||
			eq != lookup_type_cache(att->atttypid, TYPECACHE_EQ_OPR)->eq_opr ||
			!same_collation(index->rd_indcollation[i], att->attcollation))
			return false;
	}
	return true;
}

static void
gather_indexes(Memo *memo, Relation rel)
{
	ListCell   *lc;

	foreach(lc, memo->indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;
		IndexFacts *facts = palloc(sizeof(IndexFacts));
		int			i;

		facts->oid = lfirst_oid(lc);
		/* WITHOUT OVERLAPS is unique, yet no arbiter */
		facts->unique = form->indisunique && !form->indisexclusion;
		facts->immediate = form->indimmediate;
		facts->ready = form->indisready;
		facts->valid = form->indisvalid;
		facts->partial = RelationGetIndexPredicate(index) != NIL;
		facts->nulls_equal = form->indnullsnotdistinct;
		facts->btree = index->rd_rel->relam == BTREE_AM_OID;
		facts->own_equality = facts->unique && facts->btree &&
			unique_key_has_own_equality(rel, index);
		facts->nkeys = form->indnkeyatts;
		for (i = 0; i < facts->nkeys; i++)
			facts->keys[i] = form->indkey.values[i];
		((TableIndexes *) memo)->facts =
			lappend(((TableIndexes *) memo)->facts, facts);
		index_close(index, NoLock);
	}
}

static MemoCache table_indexes = {"upsert indexes", sizeof(TableIndexes), gather_indexes};

static List *
indexes_of(Relation rel)
{
	return ((TableIndexes *) memo_of(&table_indexes, rel))->facts;
}

static bool
same_columns(const IndexFacts *index, int nkeys, const AttrNumber *keys)
{
	int			i;
	int			k;

	if (index->nkeys != nkeys)
		return false;
	for (i = 0; i < nkeys; i++)
	{
		for (k = 0; k < nkeys; k++)
			if (index->keys[i] == keys[k])
				break;
		if (k == nkeys)
			return false;
	}
	return true;
}

/* Would INSERT ... ON CONFLICT (these columns) use this index? */
static bool
is_inferred(const IndexFacts *index, int nkeys, const AttrNumber *keys)
{
	return index->unique && index->immediate && index->ready &&
		!index->partial && same_columns(index, nkeys, keys);
}

List *
unique_key_arbiters(Relation rel, int nkeys, const AttrNumber *keys)
{
	List	   *arbiters = NIL;
	bool		probe = false;
	ListCell   *lc;

	foreach(lc, indexes_of(rel))
	{
		const IndexFacts *index = lfirst(lc);

		if (!is_inferred(index, nkeys, keys) || !index->own_equality ||
			index->nulls_equal)
			continue;
		/* what can be looked up in comes first */
		if (index->valid)
			arbiters = lcons_oid(index->oid, arbiters);
		else
			arbiters = lappend_oid(arbiters, index->oid);
		probe = probe || index->valid;
	}
	return probe ? arbiters : NIL;
}

/* Do two indexes keep the same rows apart by the same key? */
static bool
same_key(Relation a, Relation b)
{
	Form_pg_index fa = a->rd_index;
	Form_pg_index fb = b->rd_index;
	int			i;

	if (fa->indnkeyatts != fb->indnkeyatts ||
		fa->indnullsnotdistinct != fb->indnullsnotdistinct ||
		!equal(RelationGetIndexExpressions(a), RelationGetIndexExpressions(b)) ||
		!equal(RelationGetIndexPredicate(a), RelationGetIndexPredicate(b)))
		return false;
	for (i = 0; i < fa->indnkeyatts; i++)
		if (fa->indkey.values[i] != fb->indkey.values[i] ||
			a->rd_opfamily[i] != b->rd_opfamily[i] ||
			a->rd_indcollation[i] != b->rd_indcollation[i])
			return false;
	return true;
}

void
unique_key_check(Relation rel, Oid indexoid)
{
	List	   *indexes = RelationGetIndexList(rel);

	if (!list_member_oid(indexes, indexoid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("the unique index that was to be used for \"%s\" was dropped meanwhile",
						RelationGetRelationName(rel))));
	list_free(indexes);
}

List *
unique_key_arbiters_like(Relation rel, Oid indexoid)
{
	Relation	model = index_open(indexoid, AccessShareLock);
	List	   *arbiters = NIL;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;

		if (form->indisunique && form->indimmediate && form->indisready &&
			index->rd_rel->relam == BTREE_AM_OID && same_key(model, index))
			arbiters = lfirst_oid(lc) == indexoid ?
				lcons_oid(indexoid, arbiters) :
				lappend_oid(arbiters, lfirst_oid(lc));
		index_close(index, NoLock);
	}
	list_free(indexes);
	if (!model->rd_index->indisvalid)
		arbiters = NIL;
	index_close(model, NoLock);
	return arbiters;
}

Oid
unique_key_of_columns(Relation rel, int nkeys, const AttrNumber *keys,
					  bool *alone)
{
	Oid			result = InvalidOid;
	ListCell   *lc;

	*alone = true;
	foreach(lc, indexes_of(rel))
	{
		const IndexFacts *index = lfirst(lc);

		if (!is_inferred(index, nkeys, keys))
			continue;
		if (!index->own_equality)
			*alone = false;
		else if (index->valid && !OidIsValid(result))
			result = index->oid;
	}
	return result;
}

bool
unique_key_is_deferrable(Relation rel, int nkeys, const AttrNumber *keys)
{
	ListCell   *lc;

	foreach(lc, indexes_of(rel))
	{
		const IndexFacts *index = lfirst(lc);

		if (index->unique && !index->immediate && index->ready &&
			same_columns(index, nkeys, keys))
			return true;
	}
	return false;
}

List *
unique_keys_immediate(Relation rel)
{
	List	   *immediate = NIL;
	ListCell   *lc;

	foreach(lc, indexes_of(rel))
	{
		const IndexFacts *index = lfirst(lc);

		if (index->unique && index->immediate)
			immediate = lappend_oid(immediate, index->oid);
	}
	return immediate;
}

bool
unique_keys_are_immediate(Relation rel)
{
	ListCell   *lc;

	foreach(lc, indexes_of(rel))
		if (!((const IndexFacts *) lfirst(lc))->immediate)
		return false;
	return true;
}
