/*
 * summary.c
 *		Indexes that keep summaries of pages, BRIN, for rows that go into a page
 *		together.
 *
 * To put a row into such an index takes a look at its map and at the summary of
 * the row's page, and is as expensive as half a descent of a tree.  It changes
 * nothing if a row of the same page has the same value and has been put in:
 *
 *		page 7		t = 5	t = 5	t = 5	t = 6	t = 6
 *					put						put
 *
 * A summary that is made of the page meanwhile sees the first such row, which is
 * in the table, and so its value.
 *
 * Only plain columns that are passed by value are looked at this way.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/genam.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "executor/executor.h"

#include "store/summary.h"

typedef struct Summary
{
	int			number;			/* among the table's open indexes */
	Relation	index;
	IndexInfo  *info;

	/* the last row that was put in */
	BlockNumber block;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
} Summary;

struct Summaries
{
	int			n;
	Summary    *summaries;
};

static bool
is_summary(Relation index, const IndexInfo *info)
{
	if (index->rd_rel->relam != BRIN_AM_OID || info->ii_Expressions != NIL ||
		info->ii_Predicate != NIL || !info->ii_ReadyForInserts)
		return false;
	for (int i = 0; i < info->ii_NumIndexAttrs; i++)
		if (!TupleDescAttr(RelationGetDescr(index), i)->attbyval)
			return false;
	return true;
}

Summaries *
summaries_find(ResultRelInfo *rri)
{
	Summaries  *s = palloc0(sizeof(Summaries));

	s->summaries = palloc0(sizeof(Summary) * Max(rri->ri_NumIndices, 1));
	for (int i = 0; i < rri->ri_NumIndices; i++)
	{
		Relation	index = rri->ri_IndexRelationDescs[i];
		Summary    *summary = &s->summaries[s->n];

		if (!is_summary(index, rri->ri_IndexRelationInfo[i]))
			continue;
		summary->number = i;
		summary->index = index;
		summary->info = rri->ri_IndexRelationInfo[i];
		summary->block = InvalidBlockNumber;
		s->n++;
	}
	return s->n > 0 ? s : NULL;
}

void
summaries_take(Summaries *s, ResultRelInfo *rri)
{
	for (int i = 0; i < s->n; i++)
		rri->ri_IndexRelationDescs[s->summaries[i].number] = NULL;
}

void
summaries_give_back(Summaries *s, ResultRelInfo *rri)
{
	for (int i = 0; i < s->n; i++)
		rri->ri_IndexRelationDescs[s->summaries[i].number] = s->summaries[i].index;
}

/* Are these the values of the row before? */
static bool
same_values(const Summary *summary, const Datum *values, const bool *isnull)
{
	for (int i = 0; i < summary->info->ii_NumIndexAttrs; i++)
		if (isnull[i] != summary->isnull[i] ||
			(!isnull[i] && values[i] != summary->values[i]))
			return false;
	return true;
}

void
summaries_add(Summaries *s, EState *estate, Relation rel, TupleTableSlot *slot)
{
	BlockNumber block = ItemPointerGetBlockNumber(&slot->tts_tid);

	for (int i = 0; i < s->n; i++)
	{
		Summary    *summary = &s->summaries[i];
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		FormIndexDatum(summary->info, slot, estate, values, isnull);
		if (block == summary->block && same_values(summary, values, isnull))
			continue;
		(void) index_insert(summary->index, values, isnull, &slot->tts_tid, rel,
							UNIQUE_CHECK_NO, false, summary->info);
		summary->block = block;
		memcpy(summary->values, values, sizeof(values));
		memcpy(summary->isnull, isnull, sizeof(isnull));
	}
}
