/*
 * refs.c
 *		What records refer to, in a table beside theirs.
 *
 *		status_refs (target, uri)		"uri" refers to "target"
 *
 * A reference is any string in a record, at whatever depth, that is an AT URI
 * or a DID: likes and replies name records, follows and mentions accounts.
 * The rows are changed with the record, in the same transaction, by the
 * difference of the two sets of targets, so that an update that leaves the
 * references alone touches none of them.  Only the writer of a record touches
 * its rows, so nobody waits here who did not wait for the record.
 *
 *		old record -> {a, b, c}		sorted
 *		new record -> {   b, c, d}	sorted		delete a, insert d
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "atproto/record_store.h"
#include "atproto/refs.h"
#include "atproto/syntax.h"

struct Refs
{
	Store	   *store;
	RecordColumns columns;
	MemoryContext context;		/* reset for each record */
};

/* The targets of one record */
typedef struct Targets
{
	JsonbValue *values;			/* strings, sorted, each once */
	int			n;
	int			allocated;
} Targets;

/* One row to be written */
typedef struct RefRow
{
	const RecordColumns *columns;
	Datum		key[3];			/* target, uri, repo */
	bool		remove;
} RefRow;

static void gather(const Jsonb *record, Targets *targets);
static int	compare_targets(const void *a, const void *b);
static StoreVerdict compose_ref(void *arg, TupleTableSlot *old, StoreRow *row);
static void write_ref(Refs *refs, const char *uri, const JsonbValue *target,
					  bool remove);

bool
refs_are_kept(Oid relid)
{
	RecordColumns columns;

	return OidIsValid(record_store_beside(relid, RECORD_REFS, &columns));
}

Refs *
refs_open(Oid relid, StoreLevel *level)
{
	RecordColumns columns;
	Oid			refs_relid = record_store_beside(relid, RECORD_REFS, &columns);
	StoreTarget target = {.relid = refs_relid, .nkeys = 2, .level = level};
	Refs	   *refs;

	if (!OidIsValid(refs_relid) || columns.target == InvalidAttrNumber ||
		columns.uri == InvalidAttrNumber)
		return NULL;
	refs = palloc0(sizeof(Refs));
	refs->columns = columns;
	target.keys[0] = columns.target;
	target.keys[1] = columns.uri;
	record_store_add_repo(&target, &columns);
	target.insert_columns = bms_add_member(bms_make_singleton(columns.target),
										   columns.uri);
	if (columns.repo != InvalidAttrNumber)
		target.insert_columns = bms_add_member(target.insert_columns, columns.repo);
	target.read_columns = bms_copy(target.insert_columns);
	refs->store = store_open(&target);
	refs->context = AllocSetContextCreate(CurrentMemoryContext,
										  "upsert references",
										  ALLOCSET_SMALL_SIZES);
	return refs;
}

void
refs_close(Refs *refs)
{
	if (refs == NULL)
		return;
	store_close(refs->store);
	MemoryContextDelete(refs->context);
}

static int
compare_targets(const void *a, const void *b)
{
	const JsonbValue *va = a;
	const JsonbValue *vb = b;
	int			cmp = memcmp(va->val.string.val, vb->val.string.val,
							 Min(va->val.string.len, vb->val.string.len));

	return cmp != 0 ? cmp : va->val.string.len - vb->val.string.len;
}

/* Finds the targets of a record, which may be NULL. */
static void
gather(const Jsonb *record, Targets *targets)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;
	int			n = 0;

	memset(targets, 0, sizeof(Targets));
	if (record == NULL)
		return;
	it = JsonbIteratorInit(unconstify(JsonbContainer *, &record->root));
	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		const char *str = v.val.string.val;
		int			len = v.val.string.len;

		if ((token != WJB_VALUE && token != WJB_ELEM) || v.type != jbvString)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (len < 4 || (memcmp(str, "at:/", 4) != 0 && memcmp(str, "did:", 4) != 0) ||
			!(syntax_is_did(str, len) || syntax_is_at_uri(str, len)))
			continue;
		if (targets->n == targets->allocated)
		{
			targets->allocated = Max(targets->allocated * 2, 8);
			targets->values = targets->values == NULL ?
				palloc(targets->allocated * sizeof(JsonbValue)) :
				repalloc(targets->values, targets->allocated * sizeof(JsonbValue));
		}
		targets->values[targets->n++] = v;
	}
	qsort(targets->values, targets->n, sizeof(JsonbValue), compare_targets);
	for (int i = 0; i < targets->n; i++)
	{
		if (i == 0 || compare_targets(&targets->values[n - 1], &targets->values[i]) != 0)
			targets->values[n++] = targets->values[i];
	}
	targets->n = n;
}

static StoreVerdict
compose_ref(void *arg, TupleTableSlot *old, StoreRow *row)
{
	RefRow	   *ref = arg;

	if (ref->remove)
		return old != NULL ? STORE_REMOVE : STORE_KEEP;
	if (old != NULL)
		return STORE_KEEP;
	store_row_set(row, ref->columns->target, ref->key[0], false);
	store_row_set(row, ref->columns->uri, ref->key[1], false);
	if (ref->columns->repo != InvalidAttrNumber)
		store_row_set(row, ref->columns->repo, ref->key[2], false);
	return STORE_WRITE;
}

static void
write_ref(Refs *refs, const char *uri, const JsonbValue *target, bool remove)
{
	RefRow		ref = {.columns = &refs->columns, .remove = remove};

	ref.key[0] = PointerGetDatum(cstring_to_text_with_len(target->val.string.val,
														  target->val.string.len));
	ref.key[1] = CStringGetTextDatum(uri);
	ref.key[2] = record_store_repo_key(uri);
	(void) store_apply(refs->store, ref.key, NULL, compose_ref, &ref);
}

void
refs_change(Refs *refs, const char *uri, const Jsonb *old, const Jsonb *new)
{
	MemoryContext old_context;
	Targets		before;
	Targets		after;
	int			i = 0;
	int			k = 0;

	if (refs == NULL)
		return;
	old_context = MemoryContextSwitchTo(refs->context);
	gather(old, &before);
	gather(new, &after);
	while (i < before.n || k < after.n)
	{
		int			cmp = i == before.n ? 1 : k == after.n ? -1 :
		compare_targets(&before.values[i], &after.values[k]);

		if (cmp < 0)
			write_ref(refs, uri, &before.values[i++], true);
		else if (cmp > 0)
			write_ref(refs, uri, &after.values[k++], false);
		else
		{
			i++;
			k++;
		}
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(refs->context);
}
