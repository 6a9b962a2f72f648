/*
 * batch.h
 *		Many documents in one call.
 *
 *		Batch *b = batch_begin(relid, &options, keep);
 *		for each document batch_add(b, doc);
 *		batch_run(b);
 *		... batch_size(b), batch_answer(b, i) ...
 *		batch_end(b);
 */
#ifndef UPSERT_BATCH_H
#define UPSERT_BATCH_H

#include "document/document.h"

typedef struct Batch Batch;

typedef struct BatchSummary
{
	int64		inserted;
	int64		updated;		/* or replaced */
	int64		unchanged;
	int64		ignored;
} BatchSummary;

/* Opens the collection; keep: answers will be asked for, not only counts. */
extern Batch *batch_begin(Oid relid, const UpsertOptions *options, bool keep);

extern const Collection *batch_collection(const Batch *b);

/*
 * Adds a document, which must live until the batch has run.  Errors: UP004
 * and UP006, unless the option ignoreErrors makes answers of them.
 */
extern void batch_add(Batch *b, Jsonb *doc);

/*
 * Applies what was added, in the order of the keys, so that batches of two
 * sessions cannot deadlock.  Error 21000 for a key that comes twice, if the
 * option "duplicates" says so, and whatever the single upsert raises.
 */
extern void batch_run(Batch *b);

/* How many were added, and the answer to the i-th, from 0, in input order. */
extern int	batch_size(const Batch *b);
extern const Answer *batch_answer(const Batch *b, int i);

/* Counts over all runs of this batch. */
extern BatchSummary batch_summary(const Batch *b);

/* Forgets items and answers, to be filled again. */
extern void batch_reset(Batch *b);

/*
 * Closes the collection; triggers and checks that come last run here.  Answers
 * are there until batch_end(), which closes it, too, if need be.
 */
extern void batch_close(Batch *b);
extern void batch_end(Batch *b);

#endif							/* UPSERT_BATCH_H */
