/*
 * tally.c
 *		What upserts have done to each table, over transactions and sessions.
 *
 * A fixed number of slots, in shared memory where the library is preloaded,
 * else in the session's own:
 *
 *		lock	shared: to add to a slot		exclusive: to take or empty one
 *		slots	[ database, table | usage | counts ... ][ ... ][ free ]
 *
 * A session remembers which slot was a table's.  That the slot says so itself
 * is looked at under the lock, so nobody need be told when it goes to another
 * table.  Who finds no slot takes a free one, or else that of the least used
 * table: usage goes up with each transaction that adds, and down for all by a
 * sixteenth each time that one is taken away, so that what was busy once gives
 * way at last.
 *
 * Nothing is kept over a restart, nor told of a table that is dropped: nobody
 * looks for it, and its slot is soon the least used.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "store/tally.h"

/* Of one session, where nothing is shared. */
#define SESSION_SLOTS 100

/* Slots that a session remembers. */
#define REMEMBERED 64

#define TRANCHE "upsert_stats"

typedef struct TallySlot
{
	Oid			database;		/* InvalidOid: free */
	Oid			relid;
	TimestampTz since;
	pg_atomic_uint64 usage;
	pg_atomic_uint64 counts[COUNT_END];
} TallySlot;

typedef struct TallyArea
{
	int			size;
	TallySlot	slots[FLEXIBLE_ARRAY_MEMBER];
} TallyArea;

static int	max_tables = 1000;
static TallyArea *area = NULL;
static LWLock *lock = NULL;		/* NULL: the area is the session's own */
static int	remembered[REMEMBERED];

static shmem_request_hook_type next_request_hook = NULL;
static shmem_startup_hook_type next_startup_hook = NULL;

/* ----------
 * Memory
 * ----------
 */

static Size
area_size(int slots)
{
	return add_size(offsetof(TallyArea, slots), mul_size(sizeof(TallySlot), slots));
}

static void
make_area(TallyArea *new, int slots)
{
	memset(new, 0, area_size(slots));
	new->size = slots;
	for (int i = 0; i < slots; i++)
	{
		pg_atomic_init_u64(&new->slots[i].usage, 0);
		for (int what = 0; what < COUNT_END; what++)
			pg_atomic_init_u64(&new->slots[i].counts[what], 0);
	}
}

static void
request_memory(void)
{
	if (next_request_hook)
		next_request_hook();
	RequestAddinShmemSpace(area_size(max_tables));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

static void
find_memory(void)
{
	bool		found;

	if (next_startup_hook)
		next_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	area = ShmemInitStruct(TRANCHE, area_size(max_tables), &found);
	lock = &GetNamedLWLockTranche(TRANCHE)->lock;
	if (!found)
		make_area(area, max_tables);
	LWLockRelease(AddinShmemInitLock);
}

void
tally_init(void)
{
	bool		preloaded = process_shared_preload_libraries_in_progress;

	DefineCustomIntVariable("upsert.stats_max",
							"Tables that upsert_stats counts for.",
							"The least used one gives way to another. It matters where upsert is in shared_preload_libraries.",
							&max_tables, max_tables, 16, 10000,
							preloaded ? PGC_POSTMASTER : PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	if (!preloaded)
		return;
	next_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = find_memory;
}

void
tally_prepare(void)
{
	TallyArea  *own;

	if (area)
		return;
	own = MemoryContextAlloc(TopMemoryContext, area_size(SESSION_SLOTS));
	make_area(own, SESSION_SLOTS);
	area = own;
}

bool
tally_is_shared(void)
{
	return lock != NULL;
}

static void
acquire(LWLockMode mode)
{
	if (lock)
		LWLockAcquire(lock, mode);
}

static void
release(void)
{
	if (lock)
		LWLockRelease(lock);
}

/* ----------
 * Slots
 * ----------
 */

static bool
is_slot_of(const TallySlot *slot, Oid relid)
{
	return slot->relid == relid && slot->database == MyDatabaseId;
}

/* The table's slot, or NULL. */
static TallySlot *
find_slot(Oid relid)
{
	int		   *place = &remembered[relid % REMEMBERED];

	if (*place < area->size && is_slot_of(&area->slots[*place], relid))
		return &area->slots[*place];
	for (int i = 0; i < area->size; i++)
		if (is_slot_of(&area->slots[i], relid))
		{
			*place = i;
			return &area->slots[i];
		}
	return NULL;
}

static void
empty_slot(TallySlot *slot)
{
	slot->database = InvalidOid;
	slot->relid = InvalidOid;
	pg_atomic_write_u64(&slot->usage, 0);
	for (int what = 0; what < COUNT_END; what++)
		pg_atomic_write_u64(&slot->counts[what], 0);
}

/* A free slot, which may have to be made; under the exclusive lock. */
static TallySlot *
free_slot(void)
{
	TallySlot  *least = NULL;
	uint64		least_usage = PG_UINT64_MAX;

	for (int i = 0; i < area->size; i++)
	{
		uint64		usage = pg_atomic_read_u64(&area->slots[i].usage);

		if (!OidIsValid(area->slots[i].database))
			return &area->slots[i];
		if (usage < least_usage)
		{
			least = &area->slots[i];
			least_usage = usage;
		}
	}
	for (int i = 0; i < area->size; i++)
	{
		uint64		usage = pg_atomic_read_u64(&area->slots[i].usage);

		pg_atomic_write_u64(&area->slots[i].usage, usage - (usage + 15) / 16);
	}
	empty_slot(least);
	return least;
}

static TallySlot *
take_slot(Oid relid)
{
	TallySlot  *slot = find_slot(relid);

	if (slot)
		return slot;
	slot = free_slot();
	slot->database = MyDatabaseId;
	slot->relid = relid;
	slot->since = GetCurrentTimestamp();
	remembered[relid % REMEMBERED] = slot - area->slots;
	return slot;
}

/* ----------
 * What others do with them
 * ----------
 */

void
tally_add(Oid relid, const int64 *counts)
{
	TallySlot  *slot;

	acquire(LW_SHARED);
	slot = find_slot(relid);
	if (slot == NULL)
	{
		release();
		acquire(LW_EXCLUSIVE);
		slot = take_slot(relid);
	}
	pg_atomic_fetch_add_u64(&slot->usage, 1);
	for (int what = 0; what < COUNT_END; what++)
		if (counts[what] != 0)
			pg_atomic_fetch_add_u64(&slot->counts[what], counts[what]);
	release();
}

Tally *
tally_read(int *n)
{
	Tally	   *result;

	*n = 0;
	if (area == NULL)
		return NULL;
	result = palloc(sizeof(Tally) * area->size);
	acquire(LW_SHARED);
	for (int i = 0; i < area->size; i++)
	{
		TallySlot  *slot = &area->slots[i];
		Tally	   *tally = &result[*n];

		if (slot->database != MyDatabaseId)
			continue;
		tally->relid = slot->relid;
		tally->since = slot->since;
		for (int what = 0; what < COUNT_END; what++)
			tally->counts[what] = pg_atomic_read_u64(&slot->counts[what]);
		(*n)++;
	}
	release();
	return result;
}

void
tally_forget(Oid relid)
{
	if (area == NULL)
		return;
	acquire(LW_EXCLUSIVE);
	for (int i = 0; i < area->size; i++)
		if (area->slots[i].database == MyDatabaseId &&
			(!OidIsValid(relid) || area->slots[i].relid == relid))
			empty_slot(&area->slots[i]);
	release();
}
