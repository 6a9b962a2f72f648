/*
 * companion.c
 *		The functions that companion extensions call.
 *
 *		companion  --- find_rendezvous_variable --->  companion_functions
 *			|													|
 *			+--- CompanionWrite, CompanionRecord ---> record.c, record_store.c
 *
 * A companion is built and installed apart from us, and may be of another
 * day.  So it sees plain structs that are made for it, and never ours, which
 * may change with every commit; it asks for the version before it calls.
 *
 * This module must not know what a companion does.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "atproto/companion.h"
#include "atproto/lexicon_registry.h"
#include "atproto/record.h"
#include "atproto/record_store.h"
#include "atproto/syntax.h"
#include "base/spivalue.h"
#include "base/tid.h"
#include "call/argument.h"
#include "upsert.h"

/* A look at one record */
typedef struct Look
{
	RecordStore *rs;
	MemoryContext context;		/* of the answer */
	CompanionRecord *record;
} Look;

static void
companion_check_store(Oid relid)
{
	RecordColumns columns;

	record_store_columns(relid, &columns);
}

static StoreVerdict
take_record(void *arg, TupleTableSlot *slot, StoreRow *row)
{
	Look	   *look = arg;
	CompanionRecord *record = look->record;
	StoredRecord stored = record_store_read(look->rs, slot);
	MemoryContext old_context = MemoryContextSwitchTo(look->context);

	memset(record, 0, sizeof(CompanionRecord));
	record->exists = slot != NULL;
	if (stored.record != NULL)
	{
		record->record = palloc(VARSIZE(stored.record));
		memcpy(record->record, stored.record, VARSIZE(stored.record));
	}
	if (stored.cid != NULL)
		record->cid = pstrdup(stored.cid);
	else if (record->record != NULL)
	{
		record->cid = palloc(CID_TEXT_LENGTH + 1);
		(void) record_compute_cid(record->record, record->cid);
	}
	MemoryContextSwitchTo(old_context);
	return STORE_KEEP;
}

static void
companion_read(Oid relid, const char *const *uris, int n,
			   CompanionRecord *records)
{
	RecordStore rs;
	Look		look = {&rs, CurrentMemoryContext};

	record_store_open_reader(&rs, relid);
	for (int i = 0; i < n; i++)
	{
		look.record = &records[i];
		record_store_look(&rs, uris[i], take_record, &look);
	}
	record_store_close(&rs);
}

static void
companion_write(Oid relid, const char *repo, bool force, CompanionWrite *writes,
				int n)
{
	static const RecordOp ops[] = {
		[COMPANION_CREATE] = RECORD_CREATE,
		[COMPANION_PUT] = RECORD_PUT,
		[COMPANION_DELETE] = RECORD_DELETE,
	};
	RecordOptions options = {.force = force, .batch = n > 1};
	RecordWrite *w = palloc0(sizeof(RecordWrite) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		w[i].op = ops[writes[i].op];
		w[i].collection = writes[i].collection;
		w[i].rkey = writes[i].rkey;
		w[i].record = writes[i].record;
		w[i].guarded = writes[i].guarded;
		w[i].seen = writes[i].seen;
	}
	record_write(relid, repo, &options, false, w, n);
	for (int i = 0; i < n; i++)
	{
		writes[i].rkey = w[i].rkey;
		writes[i].uri = w[i].uri;
		writes[i].cid = w[i].cid;
		writes[i].changed = w[i].action != UPSERT_UNCHANGED && w[i].action != UPSERT_IGNORED;
	}
}

static Jsonb *
companion_lexicon(const char *collection)
{
	return lexicon_registry_lookup(collection, strlen(collection));
}

static void
companion_check_collection(const char *collection)
{
	RecordMaker maker = {.context = CurrentMemoryContext};

	record_check_names(&maker, collection, NULL);
}

static void
companion_split_uri(const char *str, char **repo, char **collection,
					char **rkey)
{
	AtUri		uri = record_split_uri(str);

	*repo = pnstrdup(uri.authority.str, uri.authority.len);
	*collection = pnstrdup(uri.collection.str, uri.collection.len);
	*rkey = pnstrdup(uri.rkey.str, uri.rkey.len);
}

static const CompanionFunctions companion_functions = {
	.version = COMPANION_VERSION,
	.upsert = UPSERT_VERSION,
	.check_store = companion_check_store,
	.lock_repo = record_store_lock,
	.read = companion_read,
	.write = companion_write,
	.lexicon = companion_lexicon,
	.check_repo = record_check_repo,
	.check_collection = companion_check_collection,
	.split_uri = companion_split_uri,
	.arguments_require = arguments_require,
	.options_read = options_read,
	.spi_value = spi_value,
	.tid_is_valid = tid_is_valid,
	.tid_decode = tid_decode,
	.tid_encode = tid_encode,
	.tid_next = tid_next,
};

void
companion_init(void)
{
	*find_rendezvous_variable(COMPANION_VARIABLE) =
		unconstify(CompanionFunctions *, &companion_functions);
}
