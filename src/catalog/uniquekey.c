/*
 * uniquekey.c
 *		Which unique indexes stand behind a set of columns.
 *
 * Reads the relation cache only, at every call: REINDEX CONCURRENTLY swaps
 * index OIDs, so none may be remembered past a relcache invalidation.  Knows
 * nothing of rows.
 */
#include "postgres.h"

#include "compat.h"

#include "access/genam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_index.h"
#include "nodes/nodes.h"
#include "storage/lockdefs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "catalog/uniquekey.h"

static bool
same_columns(Form_pg_index index, int nkeys, const AttrNumber *keys)
{
	int			i;
	int			k;

	if (index->indnkeyatts != nkeys)
		return false;
	for (i = 0; i < nkeys; i++)
	{
		for (k = 0; k < nkeys; k++)
			if (index->indkey.values[i] == keys[k])
				break;
		if (k == nkeys)
			return false;
	}
	return true;
}

/* Would INSERT ... ON CONFLICT (these columns) use this index? */
static bool
arbitrates(Relation index, int nkeys, const AttrNumber *keys)
{
	Form_pg_index form = index->rd_index;

	return form->indisunique && form->indimmediate && form->indisready &&
		RelationGetIndexPredicate(index) == NIL &&
		same_columns(form, nkeys, keys);
}

List *
unique_key_arbiters(Relation rel, int nkeys, const AttrNumber *keys)
{
	List	   *arbiters = NIL;
	bool		probe = false;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (arbitrates(index, nkeys, keys) &&
			index->rd_rel->relam == BTREE_AM_OID &&
			!compat_index_nulls_not_distinct(index->rd_index))
		{
			arbiters = lappend_oid(arbiters, lfirst_oid(lc));
			probe = probe || index->rd_index->indisvalid;
		}
		index_close(index, NoLock);
	}
	list_free(indexes);
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
		compat_index_nulls_not_distinct(fa) != compat_index_nulls_not_distinct(fb) ||
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
			arbiters = lappend_oid(arbiters, lfirst_oid(lc));
		index_close(index, NoLock);
	}
	list_free(indexes);
	if (!model->rd_index->indisvalid)
		arbiters = NIL;
	index_close(model, NoLock);
	return arbiters;
}

bool
unique_key_can_arbitrate(Relation rel, int nkeys, const AttrNumber *keys)
{
	bool		found = false;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		found = found || (index->rd_index->indisvalid &&
						  arbitrates(index, nkeys, keys));
		index_close(index, NoLock);
	}
	list_free(indexes);
	return found;
}

List *
unique_keys_immediate(Relation rel)
{
	List	   *immediate = NIL;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisunique && index->rd_index->indimmediate)
			immediate = lappend_oid(immediate, lfirst_oid(lc));
		index_close(index, NoLock);
	}
	list_free(indexes);
	return immediate;
}

bool
unique_keys_are_immediate(Relation rel)
{
	bool		result = true;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		result = result && index->rd_index->indimmediate;
		index_close(index, NoLock);
	}
	list_free(indexes);
	return result;
}

Oid
unique_key_probe_index(List *arbiters)
{
	ListCell   *lc;

	foreach(lc, arbiters)
	{
		if (get_index_isvalid(lfirst_oid(lc)))
			return lfirst_oid(lc);
	}
	elog(ERROR, "no valid index among the arbiters");
	return InvalidOid;			/* keep the compiler quiet */
}
