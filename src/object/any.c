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
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "object/object_impl.h"
#include "store/group.h"

/* A row that one of the unique keys of "any" found. */
typedef struct FoundRow
{
	Criteria   *by;				/* NULL: none was found */
	Oid			tableoid;
	ItemPointerData tid;
} FoundRow;

/* A race is lost so often before its error is believed. */
#define MAX_ANY_TRIES 10

/* A callback that only looks. */
static StoreVerdict
look_at_row(void *arg, TupleTableSlot *old, StoreRow *row)
{
	FoundRow   *found = arg;

	if (old)
	{
		found->tableoid = old->tts_tableOid;
		found->tid = old->tts_tid;
	}
	return STORE_SKIP;
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
		FoundRow	found = {lfirst(lc)};
		bool		there;

		object_use_criteria(os, r, lfirst(lc));
		object_open_by_key(os, true);
		(void) store_apply(os->store, r->key, r->key_isnull, look_at_row, &found);
		there = store_old(os->store) != NULL;
		object_close_by_key(os);
		if (!there)
			continue;

		if (!ItemPointerIsValid(&found.tid))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("criteria \"any\" need the privilege to select from all of \"%s\"",
							RelationGetRelationName(os->table->rel)),
					 errhint("Name one unique key as criteria.")));
		if (result.by == NULL)
			result = found;
		else if (result.tableoid != found.tableoid ||
				 !ItemPointerEquals(&result.tid, &found.tid))
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
	}
}
