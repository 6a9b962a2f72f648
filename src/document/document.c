/*
 * document.c
 *		One document, upserted.
 *
 * Turns "what the document becomes" into "what the row becomes":
 *
 *		old row --> old document, old revision --> compose --> new document
 *		new row <-- key, next revision, document <------------------+
 *
 * It adds what is true of every document, whoever composed it: a document is
 * an object, an edge has ends, a document with the same image as before is
 * not written, a written one gets the next revision.  It knows nothing of
 * modes or languages, and touches rows only through the store.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "base/tid.h"
#include "compat.h"
#include "jsonb/doc.h"
#include "document/document.h"
#include "upsert.h"

struct DocumentStore
{
	const Collection *collection;
	Store	   *store;
	const char **ignored;		/* attributes whose changes do not count */
	int			nignored;
	TupleTableSlot *old;		/* the row that is composed on */
	bool		quiet;			/* nobody asks for more than outcomes */
};

/* One item on its way through the store. */
typedef struct DocumentApply
{
	DocumentStore *ds;
	const Datum *key;			/* of a new document; NULL: to be generated */
	DocumentCompose compose;
	void	   *arg;

	/* filled by the last composition */
	Jsonb	   *old;
	char	   *old_rev;
} DocumentApply;

static const char *const system_attributes[] = {"_id", "_key", "_rev"};

static DocumentStore *open_store(StoreLevel *level, const Collection *c,
								 const UpsertOptions *options, int nkeys,
								 const AttrNumber *keys, Oid arbiter,
								 bool ascending, const StoreWaiting *waiting);

DocumentStore *
document_open(const Collection *c, const UpsertOptions *options)
{
	return document_open_beside(NULL, c, options);
}

DocumentStore *
document_open_beside(StoreLevel *level, const Collection *c,
					 const UpsertOptions *options)
{
	return document_open_by(level, c, options, 1, &c->key_attno, InvalidOid);
}

/* May a document that is not there be the answer, instead of a reason to insert it? */
static bool
absence_answers(const UpsertOptions *options)
{
	return options->must_exist || !options->ignore_revs ||
		(options->if_rev_given && options->if_rev);
}

DocumentStore *
document_open_batch(StoreLevel *level, const Collection *c,
					const UpsertOptions *options, bool answers,
					const StoreWaiting *waiting)
{
	DocumentStore *ds = open_store(level, c, options, 1, &c->key_attno,
								   InvalidOid, !absence_answers(options),
	/* a domain's constraints may look at what is there */
								   OidIsValid(c->key_domain) ? NULL : waiting);

	ds->quiet = !answers;
	return ds;
}

void
document_next(DocumentStore *ds, int item)
{
	store_next(ds->store, item);
}

void
document_flush(DocumentStore *ds)
{
	store_flush(ds->store);
}

DocumentStore *
document_open_by(StoreLevel *level, const Collection *c,
				 const UpsertOptions *options, int nkeys,
				 const AttrNumber *keys, Oid arbiter)
{
	return open_store(level, c, options, nkeys, keys, arbiter, false, NULL);
}

static DocumentStore *
open_store(StoreLevel *level, const Collection *c,
		   const UpsertOptions *options, int nkeys,
		   const AttrNumber *keys, Oid arbiter, bool ascending,
		   const StoreWaiting *waiting)
{
	DocumentStore *ds = palloc0(sizeof(DocumentStore));
	StoreTarget target = {0};
	ListCell   *lc;

	target.relid = c->relid;
	target.nkeys = nkeys;
	memcpy(target.keys, keys, sizeof(AttrNumber) * nkeys);
	target.arbiter = arbiter;
	target.update_columns = c->set_columns;
	target.insert_columns = c->columns;
	target.read_columns = target.insert_columns;
	if (OidIsValid(arbiter))
	{
		target.read_columns = bms_copy(target.insert_columns);
		for (int i = 0; i < nkeys; i++)
			target.read_columns = bms_add_member(target.read_columns, keys[i]);
	}
	target.preview = options->dry_run;
	target.exclusive = options->exclusive;
	target.ascending = ascending;
	target.waiting = waiting;
	target.level = level;
	target.spared_trigger = c->guard;

	ds->collection = c;
	if (options->ignore_changes)
		ds->ignored = palloc(sizeof(char *) * list_length(options->ignore_changes));
	foreach(lc, options->ignore_changes)
		ds->ignored[ds->nignored++] = lfirst(lc);
	ds->store = store_open(&target);
	/* from here on the store holds the table as it is */
	collection_check(c, store_relation(ds->store));
	options_apply_wait_for_sync(options);
	return ds;
}

const Collection *
document_collection(DocumentStore *ds)
{
	return ds->collection;
}

void
document_close(DocumentStore *ds)
{
	store_close(ds->store);
	pfree(ds);
}

/* ----------
 * Checks that hold for every document
 * ----------
 */

/* "collection/key", as _from and _to must be */
static bool
is_document_id(const JsonbValue *v)
{
	const char *slash;
	int			len;

	if (v->type != jbvString)
		return false;
	len = v->val.string.len;
	slash = memchr(v->val.string.val, '/', len);
	return slash != NULL && slash > v->val.string.val &&
		slash < v->val.string.val + len - 1 &&
		memchr(slash + 1, '/', v->val.string.val + len - slash - 1) == NULL;
}

static void
check_edge_end(const Collection *c, const Jsonb *doc, const char *attribute)
{
	JsonbValue	v;
	bool		there = doc_get_attribute(doc, attribute, &v);

	if (there && is_document_id(&v))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("edge attribute \"%s\" is missing or invalid", attribute),
			 there && v.type == jbvString ?
			 errdetail("The attribute is \"%.*s\".",
					   v.val.string.len, v.val.string.val) :
			 errdetail("The document has no string attribute \"%s\".", attribute),
			 errhint("In the edge collection \"%s\" every document needs \"_from\" and \"_to\" of the form \"collection/key\".",
					 c->name)));
}

static void
check_document(const Collection *c, const Jsonb *doc)
{
	if (!JB_ROOT_IS_OBJECT(doc))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a document must be a JSON object"),
				 errdetail("The document is %s.",
						   JB_ROOT_IS_SCALAR(doc) ? "a scalar" : "an array")));
	if (c->edge)
	{
		check_edge_end(c, doc, "_from");
		check_edge_end(c, doc, "_to");
	}
}

/* ----------
 * One item
 * ----------
 */

/* The document in a row; an empty one where the column is NULL. */
static Jsonb *
row_document(const Collection *c, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, c->doc_attno, &isnull);

	return isnull ? doc_empty() : DatumGetJsonbP(value);
}

static char *
row_revision(const Collection *c, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value;

	if (c->rev_attno == InvalidAttrNumber)
		return NULL;
	value = slot_getattr(slot, c->rev_attno, &isnull);
	return isnull ? NULL : TextDatumGetCString(value);
}

static char *
row_key(const Collection *c, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, c->key_attno, &isnull);

	return isnull ? NULL : collection_key_to_string(c, value);
}

/* The same but for attributes whose changes do not count? */
static bool
same_to_caller(DocumentStore *ds, Jsonb *new, Jsonb *old)
{
	if (new == old || doc_equal_value(new, old))
		return true;
	return ds->nignored > 0 && JB_ROOT_IS_OBJECT(new) && JB_ROOT_IS_OBJECT(old) &&
		doc_equal_value(doc_strip_attributes(new, ds->ignored, ds->nignored),
						doc_strip_attributes(old, ds->ignored, ds->nignored));
}

/* What the document becomes.  STORE_KEEP where it stays the same. */
static StoreVerdict
compose_document(DocumentStore *ds, DocumentCompose compose, void *arg,
				 Jsonb *old, const char *old_rev, Jsonb **new)
{
	StoreVerdict verdict = compose(arg, old, old_rev, new);

	if (verdict != STORE_WRITE)
		return verdict;
	if (old && same_to_caller(ds, *new, old))
		return STORE_KEEP;

	check_document(ds->collection, *new);
	return STORE_WRITE;
}

/* NULL where none is kept. */
static char *
next_revision(const Collection *c, const char *old_rev)
{
	char	   *rev;

	if (c->rev_attno == InvalidAttrNumber)
		return NULL;
	rev = palloc(TID_LENGTH + 1);
	tid_next_after(old_rev, rev);
	return rev;
}

/* The key of a new row; false if the table is to make it. */
static bool
new_key(const Collection *c, const Datum *given, Datum *key)
{
	if (given)
		*key = *given;
	else if (!collection_generate_key(c, key))
		return false;
	collection_check_new_key(c, *key);
	return true;
}

static void
set_document(const Collection *c, StoreRow *row, const Jsonb *doc,
			 const char *rev)
{
	store_row_set(row, c->doc_attno, JsonbPGetDatum(doc), false);
	if (rev)
		store_row_set(row, c->rev_attno,
					  PointerGetDatum(cstring_to_text_with_len(rev, TID_LENGTH)), false);
}

/* The store's callback: a row from a document. */
static StoreVerdict
compose_row(void *arg, TupleTableSlot *old, StoreRow *row)
{
	DocumentApply *a = arg;
	const Collection *c = a->ds->collection;
	StoreVerdict verdict;
	Jsonb	   *new = NULL;
	Datum		key;

	a->ds->old = old;
	a->old = old ? row_document(c, old) : NULL;
	a->old_rev = old ? row_revision(c, old) : NULL;

	verdict = compose_document(a->ds, a->compose, a->arg, a->old, a->old_rev,
							   &new);
	if (verdict != STORE_WRITE)
		return verdict;
	if (old == NULL && new_key(c, a->key, &key))
		store_row_set(row, c->key_attno, key, false);
	set_document(c, row, new, next_revision(c, a->old_rev));
	return STORE_WRITE;
}

char *
document_stored_key(DocumentStore *ds)
{
	return row_key(ds->collection, ds->old);
}

void
document_apply(DocumentStore *ds, const Datum *key, DocumentCompose compose,
			   void *arg, DocumentResult *result)
{
	document_apply_by(ds, key, key, compose, arg, result);
}

void
document_apply_by(DocumentStore *ds, const Datum *found_by, const Datum *key,
				  DocumentCompose compose, void *arg, DocumentResult *result)
{
	const Collection *c = ds->collection;
	DocumentApply a = {0};
	TupleTableSlot *slot;

	a.ds = ds;
	a.key = key;
	a.compose = compose;
	a.arg = arg;

	memset(result, 0, sizeof(*result));
	result->outcome = store_apply(ds->store, found_by, NULL, compose_row, &a);

	if (ds->quiet)
		return;
	/* the last composition saw the row that was there */
	result->old = a.old;
	result->old_rev = a.old_rev;

	slot = store_new(ds->store);
	if (slot)
	{
		result->new = row_document(c, slot);
		result->rev = row_revision(c, slot);
	}
	else
	{
		slot = store_old(ds->store);
		if (slot && result->outcome != STORE_DELETED)
		{
			result->new = a.old;
			result->rev = a.old_rev;
		}
	}
	if (slot)
		result->key = row_key(c, slot);
	else if (key)
		result->key = collection_key_to_string(c, *key);
}

/* ----------
 * Items of one key
 * ----------
 */

typedef struct FoldApply
{
	DocumentStore *ds;
	const Datum *key;
	const DocumentFold *fold;
	bool		writes;			/* the last composition came to a new row */
	bool		passes;			/* ... or it is not the row that is meant */
} FoldApply;

/*
 * The store's callback: a row from all items.  Each sees the document that the
 * one before it has made.  Of those in between only the last is kept: what has
 * to stay, "composed" copies.
 */
static StoreVerdict
compose_fold(void *arg, TupleTableSlot *old, StoreRow *row)
{
	FoldApply  *a = arg;
	const DocumentFold *fold = a->fold;
	const Collection *c = a->ds->collection;
	Jsonb	   *doc = old ? row_document(c, old) : NULL;
	char	   *rev = old ? row_revision(c, old) : NULL;
	char	   *key = old ? row_key(c, old) : collection_key_to_string(c, *a->key);
	MemoryContext context = CurrentMemoryContext;
	MemoryContext next = AllocSetContextCreate(context, "upsert fold", ALLOCSET_DEFAULT_SIZES);
	MemoryContext last = AllocSetContextCreate(context, "upsert fold", ALLOCSET_DEFAULT_SIZES);
	MemoryContext swap;
	int			first = -1;		/* that changes something */
	int			passed = 0;
	Datum		newkey = *a->key;

	a->ds->old = old;
	for (int i = 0; i < fold->n; i++)
	{
		DocumentResult result = {.key = key, .old = doc, .old_rev = rev,
		.new = doc, .rev = rev};

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(next);
		MemoryContextSwitchTo(next);
		switch (compose_document(a->ds, fold->compose, fold->composes(fold->arg, i),
								 doc, rev, &result.new))
		{
			case STORE_KEEP:
				result.outcome = STORE_UNCHANGED;
				break;
			case STORE_WRITE:
				result.outcome = doc ? STORE_UPDATED : STORE_INSERTED;
				break;
			case STORE_PASS:
				passed++;
				pg_fallthrough;
			case STORE_SKIP:
			case STORE_REMOVE:	/* is nothing that a batch asks for */
				result.outcome = STORE_SKIPPED;
				break;
		}
		if (result.outcome == STORE_UNCHANGED || result.outcome == STORE_SKIPPED)
		{
			result.new = doc;
			fold->composed(fold->arg, i, &result);
			continue;
		}
		if (result.outcome == STORE_INSERTED)
			(void) new_key(c, a->key, &newkey);
		result.rev = next_revision(c, rev);
		fold->composed(fold->arg, i, &result);
		if (first < 0)
			first = i;
		doc = result.new;
		rev = result.rev;
		swap = next;
		next = last;
		last = swap;
	}
	MemoryContextSwitchTo(context);

	a->writes = first >= 0;
	a->passes = passed == fold->n;
	if (!a->writes)
		return a->passes ? STORE_PASS : STORE_KEEP;
	if (old == NULL)
		store_row_set(row, c->key_attno, newkey, false);
	set_document(c, row, doc, rev);
	fold->written(fold->arg, first);
	return STORE_WRITE;
}

bool
document_apply_fold(DocumentStore *ds, const Datum *key,
					const DocumentFold *fold)
{
	FoldApply	a = {ds, key, fold};
	StoreOutcome outcome = store_apply(ds->store, key, NULL, compose_fold, &a);

	if (a.writes && outcome == STORE_SKIPPED)
		return false;
	if (!a.passes)
		store_count_folded(ds->store, fold->n - 1);
	return true;
}

Store *
document_store(DocumentStore *ds)
{
	return ds->store;
}

/* ----------
 * System attributes
 * ----------
 */

Jsonb *
document_show(const Collection *c, const char *key, const char *rev,
			  const Jsonb *doc)
{
	DocAttribute attrs[3];
	int			n = 0;

	if (key)
	{
		int			prefix = strlen(c->name) + 1;
		int			len = strlen(key);
		char	   *id = palloc(prefix + len);

		memcpy(id, c->name, prefix);
		id[prefix - 1] = '/';
		memcpy(id + prefix, key, len);
		attrs[n++] = (DocAttribute) {"_id", id, prefix + len};
		attrs[n++] = (DocAttribute) {"_key", key, len};
	}
	if (rev)
		attrs[n++] = (DocAttribute) {"_rev", rev, strlen(rev)};

	/* what others have stored may be no object, and has no attributes */
	if (n == 0 || !JB_ROOT_IS_OBJECT(doc))
		return (Jsonb *) DatumGetPointer(datumCopy(PointerGetDatum(doc), false, -1));
	return doc_add_attributes(doc, attrs, n);
}

Jsonb *
document_body(const Jsonb *doc)
{
	return doc_strip_attributes(doc, system_attributes,
								lengthof(system_attributes));
}

/* ----------
 * Answers
 * ----------
 */

static Jsonb *
show(const Collection *c, const DocumentResult *result, const char *rev,
	 const Jsonb *doc)
{
	return doc ? document_show(c, result->key, rev, doc) : NULL;
}

static Jsonb *
diff(const DocumentResult *result)
{
	if (result->new == NULL)
		return NULL;
	return doc_diff(result->old ? result->old : doc_empty(), result->new);
}

void
document_answer(Answer *answer, const Collection *c, UpsertReturn ret,
				UpsertOutcome outcome, const DocumentResult *result)
{
	memset(answer, 0, sizeof(*answer));
	answer->outcome = outcome;
	/* a dry run may not know the key that the table would make */
	if ((result->key == NULL && result->new == NULL) || ret == RETURN_NONE)
		return;

	if (result->key)
		answer->key = pstrdup(result->key);
	if (result->rev)
		answer->rev = pstrdup(result->rev);
	if (ret == RETURN_BOTH || ret == RETURN_OLD)
		answer->old = show(c, result, result->old_rev, result->old);
	if (ret == RETURN_BOTH || ret == RETURN_NEW)
		answer->new = show(c, result, result->rev, result->new);
	if (ret == RETURN_DIFF)
		answer->new = diff(result);
}
