/*
 * c8ql/run.c
 *		Runs queries, and owns what all their steps share: the open stores,
 *		the warnings, the counts.
 *
 * The language's rule for LIMIT after a modification is here too: a query
 * that writes is always run to its end, however few rows it answers.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/run.h"

/* warnings that an answer lists */
#define MAX_WARNINGS 1000

static bool is_new(RunQuery *query, HTAB *seen, const JsonbValue *value);

/* Values of RETURN DISTINCT by hash. */
typedef struct SeenEntry
{
	uint32		hash;
	List	   *values;			/* JsonbValue */
} SeenEntry;

void
run_start(Step *step, Run *run)
{
	check_stack_depth();
	if (step->input)
		run_start(step->input, run);
	step->start(step, run);
}

static void
run_finish(Step *step, Run *run)
{
	for (; step; step = step->input)
	{
		if (step->finish)
			step->finish(step, run);
	}
}

void
run_query(RunQuery *query, Run *run, RunEmit emit, void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext values;
	HTAB	   *seen = NULL;

	MemoryContextReset(query->seen);
	values = AllocSetContextCreate(query->seen, "C8QL result",
								   ALLOCSET_DEFAULT_SIZES);
	if (query->distinct)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(uint32);
		ctl.entrysize = sizeof(SeenEntry);
		ctl.hcxt = query->seen;
		seen = hash_create("C8QL distinct values", 256, &ctl,
						   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}

	run_start(query->last, run);
	for (;;)
	{
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		if (!run_next(query->last, run))
			break;
		if (query->result == NULL)
			continue;
		MemoryContextReset(values);
		MemoryContextSwitchTo(values);
		expr_run(query->result, &run->frame, &value);
		if (seen == NULL || is_new(query, seen, &value))
		{
			MemoryContextSwitchTo(caller);
			emit(arg, &value);
		}
		MemoryContextSwitchTo(caller);
	}
	run_finish(query->last, run);
	MemoryContextReset(query->seen);
}

static bool
is_new(RunQuery *query, HTAB *seen, const JsonbValue *value)
{
	uint32		hash = value_hash(value);
	MemoryContext caller;
	SeenEntry  *entry;
	JsonbValue *copy;
	bool		found;
	ListCell   *lc;

	entry = hash_search(seen, &hash, HASH_ENTER, &found);
	if (!found)
		entry->values = NIL;
	foreach(lc, entry->values)
	{
		if (value_equal(lfirst(lc), value))
			return false;
	}
	caller = MemoryContextSwitchTo(query->seen);
	copy = palloc(sizeof(JsonbValue));
	value_copy(value, copy);
	entry->values = lappend(entry->values, copy);
	MemoryContextSwitchTo(caller);
	return true;
}

void
run_count(Run *run, StoreOutcome outcome)
{
	run->writes_executed++;
	switch (outcome)
	{
		case STORE_INSERTED:
			run->inserted++;
			break;
		case STORE_UPDATED:
			run->updated++;
			break;
		case STORE_DELETED:
			run->removed++;
			break;
		default:
			run->unchanged++;
			break;
	}
}

DocumentStore *
run_writer(Run *run, const Collection *collection,
		   const UpsertOptions *options)
{
	return run_writer_together(run, collection, options, true, NULL);
}

DocumentStore *
run_writer_together(Run *run, const Collection *collection,
					const UpsertOptions *options, bool answers,
					const StoreWaiting *waiting)
{
	MemoryContext caller;
	RunWriter  *writer;
	ListCell   *lc;

	foreach(lc, run->writers)
	{
		writer = lfirst(lc);
		if (writer->relid == collection->relid &&
			writer->exclusive == options->exclusive && writer->waiting == waiting)
			return writer->store;
	}
	caller = MemoryContextSwitchTo(run->context);
	writer = palloc(sizeof(RunWriter));
	writer->relid = collection->relid;
	writer->exclusive = options->exclusive;
	writer->waiting = waiting;
	writer->store = waiting ?
		document_open_batch(run->level, collection, options, answers, waiting) :
		document_open_beside(run->level, collection, options);
	run->writers = lcons(writer, run->writers);
	MemoryContextSwitchTo(caller);
	return writer->store;
}

void
run_warn(void *arg, int errornum, const char *message)
{
	Run		   *run = arg;
	MemoryContext caller;

	if (run->fail_on_warning)
		expr_error(errornum, "%s", message);
	if (!run->keep_warnings)
	{
		expr_warn_default(NULL, errornum, message);
		return;
	}
	if (list_length(run->warnings) >= MAX_WARNINGS && !run->keep_all_warnings)
	{
		run->warnings_dropped++;
		return;
	}
	caller = MemoryContextSwitchTo(run->context);
	run->warnings = run_note_warning(run->warnings, errornum, message);
	MemoryContextSwitchTo(caller);
}

List *
run_note_warning(List *warnings, int errornum, const char *message)
{
	RunWarning *warning = palloc(sizeof(RunWarning));

	warning->errornum = errornum;
	warning->message = pstrdup(message);
	return lappend(warnings, warning);
}

void
run_warn_noted(Run *run, const List *warnings)
{
	ListCell   *lc;

	foreach(lc, warnings)
	{
		const RunWarning *warning = lfirst(lc);

		run_warn(run, warning->errornum, warning->message);
	}
}

Jsonb *
run_copy_jsonb(const Jsonb *jsonb)
{
	Jsonb	   *copy = palloc(VARSIZE(jsonb));

	memcpy(copy, jsonb, VARSIZE(jsonb));
	return copy;
}
