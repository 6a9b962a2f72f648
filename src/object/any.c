/*
 * any.c
 *		By whichever unique keys an object fills.
 *
 *		look by each key		rows found		then
 *								none			insert
 *								one				update it, by the key that found it
 *								several			21000
 *
 * Between looking and writing another session may add or take away a row.  So
 * what is written must be as it was found, and a violation of one of these
 * keys means to look again: the write runs in a subtransaction.  An object
 * that fills one key only needs none of that.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "object/object_impl.h"
#include "store/count.h"
#include "store/group.h"

/* A row that one of the unique keys of "any" found. */
typedef struct FoundRow
{
	Criteria   *by;				/* NULL: none was found */
	Oid			tableoid;
	ItemPointerData tid;

	/* its values in the columns of the criteria "like", and where they are */
	const Criteria *like;
	TupleDesc	tupdesc;
	MemoryContext context;
	Datum		key[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
} FoundRow;

/* A race is lost so often before its error is believed. */
#define MAX_ANY_TRIES 10

/* So often the row found is another at the second look before we give up. */
#define MAX_ANY_CHANGES 1000

/* A callback that only looks. */
static StoreVerdict
look_at_row(void *arg, TupleTableSlot *old, StoreRow *row)
{
	FoundRow   *found = arg;

	if (old)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(found->context);
		int			i;

		found->tableoid = old->tts_tableOid;
		found->tid = old->tts_tid;
		for (i = 0; i < found->like->nkeys; i++)
		{
			Form_pg_attribute att = TupleDescAttr(found->tupdesc,
												  found->like->keys[i] - 1);

			found->key[i] = slot_getattr(old, att->attnum, &found->isnull[i]);
			if (!found->isnull[i])
				found->key[i] = datumCopy(found->key[i], att->attbyval, att->attlen);
		}
		MemoryContextSwitchTo(oldcontext);
	}
	return STORE_SKIP;
}

/*
 * Are two rows that the keys found one?  Who may not read the whole table is
 * not told where they are, but no two have all of a unique key in common.
 */
static bool
same_row(ObjectStore *os, const FoundRow *a, const FoundRow *b)
{
	int			i;

	if (ItemPointerIsValid(&a->tid))
		return a->tableoid == b->tableoid &&
			ItemPointerEquals((ItemPointer) &a->tid, (ItemPointer) &b->tid);
	if (!a->by->plain)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("criteria \"any\" need the privilege to select from all of \"%s\"",
						RelationGetRelationName(os->table->rel)),
				 errhint("Name one unique key as criteria.")));
	for (i = 0; i < a->like->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(a->tupdesc, a->like->keys[i] - 1);

		if (a->isnull[i] != b->isnull[i] ||
			(!a->isnull[i] && !datum_image_eq(a->key[i], b->key[i],
											  att->attbyval, att->attlen)))
			return false;
	}
	return true;
}

/*
 * The one row that the keys find.  All look with one snapshot: a row that is
 * updated in between would be found at two places.
 */
static FoundRow
find_any(ObjectStore *os, ObjectRequest *r)
{
	FoundRow	result = {NULL};
	ListCell   *lc;

	os->look = RegisterSnapshot(GetTransactionSnapshot());
	foreach(lc, r->filled)
	{
		FoundRow	found = {.by = lfirst(lc)};
		bool		there;

		found.like = result.by ? result.by : found.by;
		found.tupdesc = os->table->tupdesc;
		found.context = CurrentMemoryContext;
		object_use_criteria(os, r, lfirst(lc));
		object_open_by_key(os, true);
		(void) store_apply(os->store, r->key, r->key_isnull, look_at_row, &found);
		there = store_old(os->store) != NULL;
		object_close_by_key(os);
		if (!there)
			continue;

		if (result.by == NULL)
			result = found;
		else if (!same_row(os, &result, &found))
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("more than one row of \"%s\" matches",
							RelationGetRelationName(os->table->rel)),
					 errdetail("\"%s\" and \"%s\" find different rows.",
							   result.by->name, found.by->name),
					 errhint("Name the key that tells which row is meant as criteria.")));
	}
	UnregisterSnapshot(os->look);
	os->look = NULL;
	return result;
}

typedef struct AnyTry
{
	ObjectApply apply;
	MemoryContext context;
	Answer	   *answer;
	ErrorData  *error;
} AnyTry;

/* GroupWork: writes what was found. */
static void
try_any(void *arg, int first, int n, int *current)
{
	AnyTry	   *t = arg;

	object_open_by_key(t->apply.os, t->apply.os->options->dry_run);
	object_apply_by_key(&t->apply, t->context, t->answer);
	object_close_by_key(t->apply.os);
}

static void
any_failed(void *arg, int item, ErrorData *error)
{
	((AnyTry *) arg)->error = error;
}

/* Was it one of these keys that somebody else took meanwhile? */
static bool
is_lost_race(const ObjectRequest *r, const ErrorData *error)
{
	ListCell   *lc;

	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION ||
		error->constraint_name == NULL || IsolationUsesXactSnapshot())
		return false;
	foreach(lc, r->filled)
		if (strcmp(((Criteria *) lfirst(lc))->name, error->constraint_name) == 0)
		return true;
	return false;
}

void
object_apply_by_any(ObjectStore *os, ObjectRequest *r, MemoryContext context,
					Answer *answer)
{
	bool		race = list_length(r->filled) > 1;
	int			tries;

	os->look = NULL;			/* an error may have left it there */

	for (tries = 0;; tries++)
	{
		AnyTry		t = {{os, r}, context, answer};
		FoundRow	found = {NULL};
		int			current;

		CHECK_FOR_INTERRUPTS();
		if (race)
			found = find_any(os, r);
		if (r->filled == NIL)
		{
			/* nothing to be found by: a new row */
			os->criteria = linitial(os->any);
			r->has_key = false;
		}
		else
			object_use_criteria(os, r, found.by ? found.by : linitial(r->filled));

		t.apply.expect = race;
		t.apply.expect_row = found.by != NULL;
		if (race)
			group_run(1, try_any, any_failed, &t);
		else
			try_any(&t, 0, 1, &current);

		if (t.error && (tries == MAX_ANY_TRIES || !is_lost_race(r, t.error)))
			ReThrowError(t.error);
		if (t.error == NULL && !t.apply.changed)
			return;
		if (!os->options->dry_run)
			count_conflict(os->table->relid);
		if (tries == MAX_ANY_CHANGES)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access due to concurrent update")));
	}
}
