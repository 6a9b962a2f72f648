/*
 * documents.h
 *		Many documents in one call.
 *
 *		DocumentBatch *b = documents_begin(relid, &options, keep);
 *		for each document documents_add(b, doc, place);
 *		documents_run(b);
 *		... documents_size(b), documents_answer(b, i) ...
 *		documents_end(b);
 */
#ifndef UPSERT_DOCUMENTS_H
#define UPSERT_DOCUMENTS_H

#include "document/by.h"
#include "document/document.h"

typedef struct DocumentBatch DocumentBatch;

typedef struct DocumentSummary
{
	int64		inserted;
	int64		updated;		/* or replaced */
	int64		unchanged;
	int64		ignored;
} DocumentSummary;

/* Opens the collection; keep: answers will be asked for, not only counts. */
extern DocumentBatch *documents_begin(Oid relid, const UpsertOptions *options,
									  bool keep);

extern const Collection *documents_collection(const DocumentBatch *b);

/* The attributes that its documents are found by; NULL: by key. */
extern const DocumentBy *documents_by(const DocumentBatch *b);

/*
 * Is the order of its documents that of shards, and of keys within each?  The
 * place of a key's shard; -1: it has none.
 */
extern bool documents_has_shards(const DocumentBatch *b);
extern int	documents_shard(const DocumentBatch *b, Datum key);

/* Documents need a key (UP004): none is generated. */
extern void documents_need_keys(DocumentBatch *b);

/* To the caller it is no batch: errors do not say which item it was. */
extern void documents_single(DocumentBatch *b);

/* It has one document, and is all that the client asks for; see call/alone.h. */
extern void documents_alone(DocumentBatch *b);

/*
 * Adds a document, which must live until the batch has run; place is where it
 * stood in the input, from 1.
 */
extern void documents_add(DocumentBatch *b, Jsonb *doc, int64 place);

/* The same of one whose key request_find_key() has found; that must live, too. */
extern void documents_add_keyed(DocumentBatch *b, Jsonb *doc, Datum key,
								int64 place);

/*
 * Applies what was added, see batch_run().  Errors: UP004 and UP006, and
 * whatever the single upsert raises, unless the option ignoreErrors makes
 * answers of them.
 */
extern void documents_run(DocumentBatch *b);

/*
 * There will be several runs; was the last one in a subtransaction?  A caller
 * who can makes the next ones larger.
 */
extern void documents_in_parts(DocumentBatch *b);
extern bool documents_was_apart(const DocumentBatch *b);

/* How many were added, and the answer to the i-th, from 0, in input order. */
extern int	documents_size(const DocumentBatch *b);
extern const Answer *documents_answer(const DocumentBatch *b, int i);

/* Counts over all runs of this batch. */
extern DocumentSummary documents_summary(const DocumentBatch *b);

/* Forgets items and answers, to be filled again. */
extern void documents_reset(DocumentBatch *b);

/*
 * Closes the collection; triggers and checks that come last run here.  Answers
 * are there until documents_end(), which closes it, too, if need be.
 */
extern void documents_close(DocumentBatch *b);
extern void documents_end(DocumentBatch *b);

#endif							/* UPSERT_DOCUMENTS_H */
