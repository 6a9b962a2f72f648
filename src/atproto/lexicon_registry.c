/*
 * lexicon_registry.c
 *		The lexicons that this database knows.
 *
 * They are rows of the table at_lexicons(nsid, lexicon) in the extension's
 * schema, and travel in dumps.  Each backend keeps those that it has used, and
 * those that it has found missing, in a memo of that table:
 *
 *		NSID -> lexicon (jsonb in the memo's context) | NULL
 *
 * The table's own trigger sends a relcache invalidation, whichever way the
 * rows were changed, and PostgreSQL delivers it at commit to all backends,
 * and to ours at the end of the command and again if the transaction fails.
 * Entries are read with the latest snapshot, so that an old one of REPEATABLE
 * READ does not outlive its transaction in the memo.
 *
 * This module must not know what is in a lexicon.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "atproto/lexicon.h"
#include "atproto/lexicon_registry.h"
#include "base/schema.h"
#include "base/spivalue.h"
#include "call/argument.h"
#include "catalog/memo.h"
#include "compat.h"
#include "upsert.h"

#define LEXICONS_TABLE	"at_lexicons"
#define NSID_SIZE		320		/* the longest NSID, terminated */

/* names that were looked up in vain stay, up to this many */
#define LEXICON_CACHE_MAX	1024

typedef struct LexiconEntry
{
	char		nsid[NSID_SIZE];	/* hash key */
	Jsonb	   *lexicon;		/* NULL: not registered */
} LexiconEntry;

/* What a backend keeps. */
typedef struct Lexicons
{
	Memo		memo;
	HTAB	   *entries;
} Lexicons;

static Jsonb *load_lexicon(const char *nsid, MemoryContext context);

static void
make_lexicons(Memo *memo, Relation rel)
{
	HASHCTL		ctl = {.keysize = NSID_SIZE, .entrysize = sizeof(LexiconEntry),
	.hcxt = memo->context};

	((Lexicons *) memo)->entries = hash_create("upsert lexicons", 32, &ctl,
											   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static MemoCache lexicons = {"upsert lexicons", sizeof(Lexicons), make_lexicons};

static Lexicons *
known_lexicons(void)
{
	Relation	rel = table_open(upsert_table(LEXICONS_TABLE), AccessShareLock);
	Lexicons   *known = (Lexicons *) memo_of(&lexicons, rel);

	if (hash_get_num_entries(known->entries) >= LEXICON_CACHE_MAX)
	{
		memo_forget(&known->memo);
		known = (Lexicons *) memo_of(&lexicons, rel);
	}
	table_close(rel, NoLock);
	return known;
}

/* Reads a lexicon from the table into context; NULL if it is not there. */
static Jsonb *
load_lexicon(const char *nsid, MemoryContext context)
{
	Oid			argtypes[] = {TEXTOID};
	Datum		args[] = {CStringGetTextDatum(nsid)};
	char	   *query = psprintf("SELECT lexicon FROM %s WHERE nsid OPERATOR(pg_catalog.=) $1",
								 upsert_table_quoted(LEXICONS_TABLE));
	Jsonb	   *result = NULL;

	PushActiveSnapshot(GetLatestSnapshot());
	SPI_connect();
	if (SPI_execute_with_args(query, 1, argtypes, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read %s", LEXICONS_TABLE);
	if (SPI_processed > 0)
	{
		bool		isnull;
		Datum		value = spi_value(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, 1, JSONBOID,
									  &isnull);

		if (!isnull)
		{
			MemoryContext old_context = MemoryContextSwitchTo(context);

			result = DatumGetJsonbPCopy(value);
			MemoryContextSwitchTo(old_context);
		}
	}
	SPI_finish();
	PopActiveSnapshot();
	return result;
}

Jsonb *
lexicon_registry_lookup(const char *nsid, int len)
{
	char		name[NSID_SIZE];
	Lexicons   *known;
	LexiconEntry *entry;

	if (len >= NSID_SIZE)
		return NULL;
	memcpy(name, nsid, len);
	name[len] = '\0';

	/* pinned here, so what it holds lives as long as the caller needs it */
	known = known_lexicons();
	entry = hash_search(known->entries, name, HASH_FIND, NULL);
	if (entry == NULL)
	{
		Jsonb	   *lexicon = load_lexicon(name, known->memo.context);

		entry = hash_search(known->entries, name, HASH_ENTER, NULL);
		entry->lexicon = lexicon;
	}
	return entry->lexicon;
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_put_lexicon);
PG_FUNCTION_INFO_V1(at_drop_lexicon);
PG_FUNCTION_INFO_V1(at_lexicons_changed);

/* at_put_lexicon(lexicon jsonb) -> text */
Datum
at_put_lexicon(PG_FUNCTION_ARGS)
{
	Oid			argtypes[] = {TEXTOID, JSONBOID};
	Datum		args[2];
	char	   *command;

	arguments_require(fcinfo, 1);
	args[1] = JsonbPGetDatum(PG_GETARG_JSONB_P(0));
	args[0] = CStringGetTextDatum(lexicon_check(DatumGetJsonbP(args[1])));
	command = psprintf("INSERT INTO %s AS old (nsid, lexicon) VALUES ($1, $2) "
					   "ON CONFLICT (nsid) DO UPDATE SET lexicon = excluded.lexicon "
					   "WHERE old.lexicon OPERATOR(pg_catalog.<>) excluded.lexicon",
					   upsert_table_quoted(LEXICONS_TABLE));
	SPI_connect();
	spi_expect(SPI_execute_with_args(command, 2, argtypes, args, NULL, false, 0),
			   SPI_OK_INSERT, LEXICONS_TABLE);
	SPI_finish();
	PG_RETURN_DATUM(args[0]);
}

/* at_drop_lexicon(nsid text) -> boolean */
Datum
at_drop_lexicon(PG_FUNCTION_ARGS)
{
	Oid			argtypes[] = {TEXTOID};
	Datum		args[] = {PG_GETARG_DATUM(0)};
	char	   *command;
	uint64		deleted;

	arguments_require(fcinfo, 1);
	command = psprintf("DELETE FROM %s WHERE nsid OPERATOR(pg_catalog.=) $1",
					   upsert_table_quoted(LEXICONS_TABLE));
	SPI_connect();
	spi_expect(SPI_execute_with_args(command, 1, argtypes, args, NULL, false, 0),
			   SPI_OK_DELETE, LEXICONS_TABLE);
	deleted = SPI_processed;
	SPI_finish();
	PG_RETURN_BOOL(deleted > 0);
}

/* at_lexicons_changed() -> trigger, on each statement that changes the table */
Datum
at_lexicons_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"at_lexicons_changed")));

	/*
	 * where each node has a copy of its own, what is kept is that of the
	 * table
	 */
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	CacheInvalidateRelcacheByRelid(upsert_table(LEXICONS_TABLE));
	PG_RETURN_POINTER(NULL);
}
