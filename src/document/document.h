/*
 * document.h
 *		One document, upserted: the layer between those who say what a
 *		document becomes (SQL functions, C8QL, ledgers) and the store.
 *
 *		DocumentStore *ds = document_open(collection_resolve(relid), &options);
 *		for each item
 *			document_apply(ds, &key, compose, arg, &result);
 *		document_close(ds);
 */
#ifndef UPSERT_DOCUMENT_H
#define UPSERT_DOCUMENT_H

#include "call/answer.h"
#include "call/options.h"
#include "catalog/collection.h"
#include "store/store.h"
#include "utils/jsonb.h"

typedef struct DocumentStore DocumentStore;

/*
 * Says what the document becomes.  "old" is the stored document (without
 * system attributes) or NULL if there is none, "old_rev" its revision or NULL
 * if it has none.  With STORE_WRITE, *new is the new document, system
 * attributes stripped; that it equals the old one need not be noticed here.
 * May run several times for one item, see store.h.
 */
typedef StoreVerdict (*DocumentCompose) (void *arg, const Jsonb *old,
										 const char *old_rev, Jsonb **new);

/*
 * What became of it.  Everything lives until the next document_apply().
 */
typedef struct DocumentResult
{
	StoreOutcome outcome;
	char	   *key;			/* NULL only if none was given or generated */
	char	   *rev;			/* the revision now; NULL if none is kept */
	char	   *old_rev;
	Jsonb	   *old;			/* without system attributes; NULL: was not
								 * there */
	Jsonb	   *new;			/* the document now; NULL: is not there */
} DocumentResult;

/*
 * Opens the collection that was described, and that keys are parsed by, which
 * must outlive the store; of the options, dryRun, exclusive, waitForSync and
 * ignoreChanges matter here.  Errors: 55006 if the description is not true any more, and
 * those of store_open().
 */
extern DocumentStore *document_open(const Collection *c,
									const UpsertOptions *options);

/* The same, beside other stores of this level; see store.h. */
extern DocumentStore *document_open_beside(StoreLevel *level,
										   const Collection *c,
										   const UpsertOptions *options);

/*
 * The same for a batch, whose keys come in order; level: NULL, one of its own.  Without "answers", a
 * DocumentResult has nothing but the outcome.  Documents may wait to be
 * inserted, if not NULL: those that document_next() has announced, until
 * document_flush().
 */
extern DocumentStore *document_open_batch(StoreLevel *level,
										  const Collection *c,
										  const UpsertOptions *options,
										  bool answers,
										  const StoreWaiting *waiting);
extern void document_next(DocumentStore *ds, int item);
extern void document_flush(DocumentStore *ds);

/*
 * The same for documents that are found by other columns than the key, which
 * this unique index is on.  level: NULL, one of its own.
 */
extern DocumentStore *document_open_by(StoreLevel *level, const Collection *c,
									   const UpsertOptions *options, int nkeys,
									   const AttrNumber *keys, Oid arbiter);

extern const Collection *document_collection(DocumentStore *ds);

/*
 * Upserts the document with this key; NULL: a new document whose key is to
 * be generated.  Errors: UP006 if the new document is no object or, in an
 * edge collection, lacks a good _from or _to; those of store_apply().
 */
extern void document_apply(DocumentStore *ds, const Datum *key,
						   DocumentCompose compose, void *arg,
						   DocumentResult *result);

/*
 * The same where the store was opened by other columns: found_by are their
 * values, key that of a new document, NULL: to be generated.
 */
extern void document_apply_by(DocumentStore *ds, const Datum *found_by,
							  const Datum *key, DocumentCompose compose,
							  void *arg, DocumentResult *result);

/*
 * Items of one key that are to be one row.  "composes" is told before each
 * item's turn, gives the argument of its compose, and may be asked again from
 * the first on; "composed" is told what became of the item, "written" that
 * what follows is the writing of them all, and which was the first to change
 * something.
 */
typedef struct DocumentFold
{
	int			n;
	DocumentCompose compose;
	void	   *(*composes) (void *arg, int i);
	void		(*composed) (void *arg, int i, const DocumentResult *result);
	void		(*written) (void *arg, int first);
	void	   *arg;
} DocumentFold;

/*
 * Upserts the document with this key as document_apply() would for each of
 * the items, with a single write.  False if the table did not take it (a
 * policy), and nothing has been written: then they are to be applied one by
 * one.  Only where store_folding() allows it.
 */
extern bool document_apply_fold(DocumentStore *ds, const Datum *key,
								const DocumentFold *fold);

/* The store below. */
extern Store *document_store(DocumentStore *ds);

/* For a compose that was given an old document: its key. */
extern char *document_stored_key(DocumentStore *ds);

extern void document_close(DocumentStore *ds);

/*
 * The document as OLD and NEW show it, with _id, _key and _rev (left out if
 * NULL), in the current memory context.
 */
extern Jsonb *document_show(const Collection *c, const char *key,
							const char *rev, const Jsonb *doc);

/* The document without _id, _key and _rev; doc itself if it has none. */
extern Jsonb *document_body(const Jsonb *doc);

/* Builds the answer in the current memory context; nothing is shared. */
extern void document_answer(Answer *answer, const Collection *c,
							UpsertReturn ret, UpsertOutcome outcome,
							const DocumentResult *result);

#endif							/* UPSERT_DOCUMENT_H */
