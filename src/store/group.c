/*
 * group.c
 *		Per-item errors without a subtransaction per item.
 *
 * A subtransaction costs an xid and, past 64 of them, everybody's snapshot
 * speed.  So items run in groups:
 *
 *		[ 0 .. 255 ]  one subtransaction; nothing failed: done
 *		[ 256 ........ 300 ..... 511 ]  item 300 failed: roll back, then
 *		[ 256 .. 299 ]  again, which worked before
 *				[ 300 ]  alone: its error is the answer
 *					  [ 301 .. 511 ]  on from there
 *
 * An error that shows only at the end of a group (a deferred check) names no
 * item: then the group is halved.  Knows nothing of what the items are.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "store/group.h"

#define GROUP_SIZE 256

typedef struct GroupRun
{
	GroupWork	work;
	GroupFailed failed;
	void	   *arg;
} GroupRun;

/* Is this error an answer to one item, or trouble for everybody? */
static bool
is_item_error(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_CONNECTION_EXCEPTION:
		case ERRCODE_INVALID_TRANSACTION_STATE:
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_CONFIG_FILE_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return false;
		default:
			return true;
	}
}

ErrorData *
group_try(GroupWork work, void *arg, int first, int n, int *current)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(arg, first, n, current);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (error && !is_item_error(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

static void
do_group(GroupRun *run, int first, int n)
{
	check_stack_depth();
	while (n > 0)
	{
		int			current = first;
		ErrorData  *error;
		int			before;

		CHECK_FOR_INTERRUPTS();
		error = group_try(run->work, run->arg, first, n, &current);
		if (error == NULL)
			return;
		if (n == 1)
		{
			run->failed(run->arg, first, error);
			return;
		}

		if (current >= first + n)
		{
			/* nobody was being done: split, and go on with the second half */
			before = n / 2;
			do_group(run, first, before);
		}
		else
		{
			before = current - first;
			do_group(run, first, before);
			do_group(run, current, 1);
			before++;
		}
		first += before;
		n -= before;
	}
}

void
group_run(int n, GroupWork work, GroupFailed failed, void *arg)
{
	GroupRun	run = {work, failed, arg};
	int			first;

	for (first = 0; first < n; first += GROUP_SIZE)
		do_group(&run, first, Min(GROUP_SIZE, n - first));
}
