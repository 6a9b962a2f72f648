/*
 * bounds.c
 *		A Lua state that cannot outlive, outrun or outgrow the call that made it.
 *
 * Owns the allocator, the hook, the settings and the crossing between Lua and
 * PostgreSQL.  Knows no library and no record.  bounds.h has the rule of
 * errors; how it is kept:
 *
 * Lua throws with longjmp to a buffer that it keeps in the state, PostgreSQL
 * with siglongjmp to PG_exception_stack.  Neither knows of the other.  An
 * error of PostgreSQL that jumps over Lua's frames leaves the state as it
 * was in the middle of an instruction, with a jump buffer that points into a
 * dead frame.  That is no harm to a state that nobody uses again: there are
 * no finalizers, the collector is stopped, nothing in it owns anything but
 * memory, and that belongs to a memory context.  So the allocator and the
 * hook may simply ereport(), and no pcall can catch it, because it is not
 * Lua that throws.
 *
 * The other way round, a Lua error that jumped over a PG_TRY would leave
 * PG_exception_stack in a dead frame.  The only PG_TRY around Lua is in
 * bounds_pcall(), and lua_pcall() lets nothing out.
 *
 * MEMORY.  Lua tells the size of what it frees, so blocks need no headers:
 *
 *		chunk: | block | block | block |  free  |	16 bytes to 8 kB, by classes;
 *												freed ones wait in free[class]
 *		above 8 kB: a palloc of its own, which repalloc can grow in place
 *
 * Nothing is collected: what a script has let go is given back when the call
 * is over, but for the old halves of tables and buffers that grew.
 *
 * STEPS.  A script pays a step for each instruction, by a hook that counts,
 * and for each round of a loop in C, by bounds_charge().  That alone would
 * not bound the time, for some instructions of Lua do much: two strings of
 * megabytes are compared in one; a table of which all keys collide is
 * searched in one; a call may copy the whole stack.  No hook sees inside.
 * But their length is bounded by the largest block that the state has ever
 * allocated, and the allocator sees that: strings by their tag, parts of
 * tables and the stack as arrays.  So each instruction is charged as if it
 * had to do with the largest:
 *
 *		1 + longest string / STRING_RATE + largest array / ARRAY_RATE
 *		  + metatables / METATABLE_RATE
 *
 * which is 1 in an ordinary script, and the hook comes the more often the
 * more an instruction may take, so that a cancel never waits long.  (The
 * metatables are for chains of __index: an access walks through as many as
 * there are, up to two thousand.)  To copy and to hash again costs by the size
 * of the block (ALLOC_RATE).
 *
 * COPIES.  To fill a state with its libraries takes longer than most scripts.
 * But all of a state is in its first chunk until a script runs, the chunk can
 * have the same address in every call, and then a copy of its bytes is a state
 * as good as new:
 *
 *		stage: | Bounds | lua_State, libraries |  rest of the first chunk  |
 *		image: | the same, as it was		   |	copied over it for a call
 *
 * There is one stage; a script within a script, and one whose memory is less,
 * gets a state that is filled for it.
 *
 * LOCALE.  Lua compares strings with strcoll(), and the locale of a backend
 * is the database's.  Scripts must not depend on it (and in some locales
 * strcoll takes a hundred times as long), so Lua runs with a thread locale
 * of C, which functions of the host change for the time of their call.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <locale.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "bounds.h"
#include "compat.h"
#include "upsert.h"

#if LUA_VERSION_NUM != 504
#error "upsert_lua is written for Lua 5.4"
#endif

/* Classes of blocks: every 16 bytes to 512, then four between powers of 2 */
#define SMALL_STEP		16
#define SMALL_MAX		512
#define SMALL_CLASSES	(SMALL_MAX / SMALL_STEP)
#define BLOCK_MAX		8192
#define CLASSES			(SMALL_CLASSES + 16)

/* Chunks double from the first to the last */
#define FIRST_CHUNK		(32 * 1024)
#define LAST_CHUNK		(1024 * 1024)

/* ... but that of the stage, which most scripts never leave */
#define STAGE_SIZE		(96 * 1024)

/* What a palloc of its own costs beside its size */
#define LARGE_OVERHEAD	64

/* Bytes that are worth a step: see above */
#define STRING_RATE		8192
#define ARRAY_RATE		(128 * 1024)
#define ALLOC_RATE		256

/* Tables in a chain of __index that are worth a step, and how many there are */
#define METATABLE_RATE	100
#define METATABLE_MAX	2000

/* Instructions between two calls of the hook, in an ordinary script */
#define HOOK_PERIOD		1000

/* Source text is compiled in pieces of this length */
#define SOURCE_PIECE	512

/*
 * Where AddressSanitizer looks, and nobody else touches the memory of chunks
 * (contexts do when they go, in a server with assertions), a block ends where
 * it was asked to, and there is a gap behind it.
 */
#ifdef WATCH_BLOCKS
#include <sanitizer/asan_interface.h>
#define HIDE_BLOCK(ptr, n)		ASAN_POISON_MEMORY_REGION(ptr, n)
#define SHOW_BLOCK(ptr, n)		ASAN_UNPOISON_MEMORY_REGION(ptr, n)
#define BLOCK_GAP		16
#else
#define HIDE_BLOCK(ptr, n)		((void) 0)
#define SHOW_BLOCK(ptr, n)		((void) 0)
#define BLOCK_GAP		0
#endif

/* A block that waits to be used again */
typedef struct FreeBlock
{
	struct FreeBlock *next;
} FreeBlock;

/* What is behind a state: the user data of its allocator */
typedef struct Bounds
{
	lua_State  *L;				/* NULL until it is made */
	MemoryContext context;

	uint64		steps;
	uint64		max_steps;
	Size		longest;		/* string ever made */
	Size		largest;		/* array ever made */
	uint64		metatables;
	uint64		surcharge;		/* by these three, of each instruction */
	int			period;			/* of the hook */

	bool		allocating;		/* and should it fail, for ever */
	Size		used;
	Size		limit;
	Size		next_chunk;
	char	   *chunk;			/* what is left of the last chunk */
	char	   *chunk_end;
	FreeBlock  *free[CLASSES];

	locale_t	outer;			/* PostgreSQL's, while Lua runs */
} Bounds;

/* Where states are copied to; see above */
static char *stage = NULL;
static bool stage_taken = false;

/* What was on it once */
struct BoundsImage
{
	Size		size;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
};

static BoundsImage *libraries = NULL;

static int	max_steps = 1000000;
static int	max_memory = 64 * 1024;

static locale_t c_locale = (locale_t) 0;

void
bounds_define_settings(void)
{
	DefineCustomIntVariable("upsert_lua.max_steps",
							"Steps after which a script is ended.",
							"A step is about an instruction of Lua.",
							&max_steps,
							1000000, 1000, INT_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("upsert_lua.max_memory",
							"Memory that a script may use.",
							NULL,
							&max_memory,
							64 * 1024, 128, MAX_KILOBYTES,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
}

static inline Bounds *
bounds_of(lua_State *L)
{
	void	   *bounds;

	lua_getallocf(L, &bounds);
	return bounds;
}

/* --- locale ----------------------------------------------------------------- */

/*
 * Functions of the host run under the locale that PostgreSQL had.  Should one
 * raise a Lua error, then whoever catches it restores what he had; until
 * then handlers of <close> compare strings by the database's rules.
 */
static int
call_host(lua_State *L, int upvalues)
{
	lua_CFunction function;
	locale_t	inner;
	int			n;

	function = (lua_CFunction) lua_touserdata(L, lua_upvalueindex(upvalues + 1));
	inner = uselocale(bounds_of(L)->outer);
	n = function(L);
	uselocale(inner);
	return n;
}

static int
call_host_0(lua_State *L)
{
	return call_host(L, 0);
}

static int
call_host_1(lua_State *L)
{
	return call_host(L, 1);
}

static int
call_host_2(lua_State *L)
{
	return call_host(L, 2);
}

static int
call_host_3(lua_State *L)
{
	return call_host(L, 3);
}

void
bounds_pushclosure(lua_State *L, lua_CFunction function, int n)
{
	static const lua_CFunction callers[] = {
		call_host_0, call_host_1, call_host_2, call_host_3
	};

	Assert(n >= 0 && n < lengthof(callers));
	lua_pushlightuserdata(L, (void *) function);
	lua_pushcclosure(L, callers[n], n + 1);
}

void
bounds_setfuncs(lua_State *L, const BoundsFunction *functions)
{
	for (; functions->name != NULL; functions++)
	{
		bounds_pushfunction(L, functions->function);
		lua_setfield(L, -2, functions->name);
	}
}

/* --- steps ------------------------------------------------------------------ */

int
bounds_line(lua_State *L)
{
	lua_Debug	ar;

	if (bounds_of(L)->allocating)
		return 0;
	for (int level = 0; lua_getstack(L, level, &ar); level++)
	{
		if (lua_getinfo(L, "l", &ar) && ar.currentline > 0)
			return ar.currentline;
	}
	return 0;
}

pg_noreturn static void
steps_exceeded(Bounds *bounds)
{
	uselocale(bounds->outer);
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
			 errmsg("script takes more than " UINT64_FORMAT " steps",
					bounds->max_steps),
			 errhint("See whether a loop does not end; the limit is the setting upsert_lua.max_steps.")));
}

static inline void
charge(Bounds *bounds, uint64 n)
{
	/* no sum of charges gets near to overflow: they are bounded by memory */
	bounds->steps += n;
	if (unlikely(bounds->steps > bounds->max_steps))
		steps_exceeded(bounds);
	if (unlikely(InterruptPending))
	{
		locale_t	inner = uselocale(bounds->outer);

		CHECK_FOR_INTERRUPTS();
		uselocale(inner);
	}
}

void
bounds_charge(lua_State *L, uint64 n)
{
	charge(bounds_of(L), Min(n, PG_INT32_MAX));
}

void
bounds_charge_accesses(lua_State *L, uint64 n)
{
	Bounds	   *bounds = bounds_of(L);

	charge(bounds, Min(n, PG_INT32_MAX) * (1 + bounds->surcharge));
}

uint64
bounds_steps(lua_State *L)
{
	return bounds_of(L)->steps;
}

static void
count_hook(lua_State *L, lua_Debug *ar)
{
	Bounds	   *bounds = bounds_of(L);

	charge(bounds, bounds->period * (1 + bounds->surcharge));
}

/*
 * Keeps the price of an instruction, and the period of the hook with it.
 * Setting the hook starts its count anew, so what was counted is charged.
 */
static void
set_surcharge(Bounds *bounds)
{
	int			period;

	bounds->surcharge = bounds->longest / STRING_RATE +
		bounds->largest / ARRAY_RATE +
		Min(bounds->metatables, METATABLE_MAX) / METATABLE_RATE;

	period = Max(HOOK_PERIOD / (1 + bounds->surcharge), 1);
	if (period <= bounds->period / 2 && bounds->L != NULL)
	{
		bounds->steps += bounds->period;
		bounds->period = period;
		lua_sethook(bounds->L, count_hook, LUA_MASKCOUNT, period);
	}
}

/* A block of n bytes was asked for; tag is what Lua says of a new one. */
static void
note_block(Bounds *bounds, int tag, Size n)
{
	if (tag == LUA_TSTRING)
		bounds->longest = Max(bounds->longest, n);
	else
		bounds->largest = Max(bounds->largest, n);
	set_surcharge(bounds);
}

void
bounds_note_metatable(lua_State *L)
{
	Bounds	   *bounds = bounds_of(L);

	bounds->metatables++;
	set_surcharge(bounds);
}

/* --- memory ----------------------------------------------------------------- */

pg_noreturn static void
memory_exceeded(Bounds *bounds)
{
	uselocale(bounds->outer);
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
			 errmsg("script uses more than %zu kB of memory",
					bounds->limit / 1024),
			 errhint("Nothing that a script lets go is given back before it ends; the limit is the setting upsert_lua.max_memory.")));
}

static void
use_memory(Bounds *bounds, Size n)
{
	if (n > bounds->limit - bounds->used)
		memory_exceeded(bounds);
	bounds->used += n;
}

/* The class of blocks of n bytes, 1 to BLOCK_MAX, and the size of its blocks */
static inline int
class_of(Size n, Size *size)
{
	int			power;
	int			quarter;
	Size		step;

	if (n <= SMALL_MAX)
	{
		*size = TYPEALIGN(SMALL_STEP, n);
		return *size / SMALL_STEP - 1;
	}
	/* 2^power < n <= 2^(power + 1) */
	power = pg_leftmost_one_pos32(n - 1);
	step = (Size) 1 << (power - 2);
	*size = TYPEALIGN(step, n);
	quarter = (*size - ((Size) 1 << power)) / step;
	return SMALL_CLASSES + (power - 9) * 4 + quarter - 1;
}

static void *
block_alloc(Bounds *bounds, Size n)
{
	Size		size;
	int			class = class_of(n, &size);
	FreeBlock  *block = bounds->free[class];

	if (block != NULL)
	{
		SHOW_BLOCK(block, Max(n, sizeof(FreeBlock)));
		bounds->free[class] = block->next;
		return block;
	}
	size += BLOCK_GAP;
	if (bounds->chunk_end - bounds->chunk < size)
	{
		Size		want = Min(bounds->next_chunk,
							   bounds->limit - bounds->used);

		if (want < size)
			memory_exceeded(bounds);
		bounds->chunk = MemoryContextAlloc(bounds->context, want);
		bounds->chunk_end = bounds->chunk + want;
		bounds->used += want;
		bounds->next_chunk = Min(bounds->next_chunk * 2, LAST_CHUNK);
		/* a small one is in a block that others use after us */
		if (want >= FIRST_CHUNK)
			HIDE_BLOCK(bounds->chunk, want);
	}
	block = (FreeBlock *) bounds->chunk;
	SHOW_BLOCK(block, n);
	bounds->chunk += size;
	return block;
}

static void
block_free(Bounds *bounds, void *ptr, Size n)
{
	Size		size;
	int			class = class_of(n, &size);
	FreeBlock  *block = ptr;

	SHOW_BLOCK(block, sizeof(FreeBlock));
	block->next = bounds->free[class];
	bounds->free[class] = block;
	HIDE_BLOCK(block, size);
}

static void *
large_alloc(Bounds *bounds, Size n)
{
	if (n > MaxAllocHugeSize - LARGE_OVERHEAD)
		memory_exceeded(bounds);
	use_memory(bounds, n + LARGE_OVERHEAD);
	return MemoryContextAllocHuge(bounds->context, n);
}

static void
large_free(Bounds *bounds, void *ptr, Size n)
{
	bounds->used -= n + LARGE_OVERHEAD;
	pfree(ptr);
}

static void *
any_alloc(Bounds *bounds, Size n)
{
	return n <= BLOCK_MAX ? block_alloc(bounds, n) : large_alloc(bounds, n);
}

static void
any_free(Bounds *bounds, void *ptr, Size n)
{
	if (n == 0)
		return;
	if (n <= BLOCK_MAX)
		block_free(bounds, ptr, n);
	else
		large_free(bounds, ptr, n);
}

/* Gives a block another size, as realloc(); either may be 0. */
static void *
change_block(Bounds *bounds, void *ptr, Size osize, Size nsize)
{
	void	   *result;

	if (ptr == NULL)
		return any_alloc(bounds, nsize);
	if (osize > BLOCK_MAX && nsize > BLOCK_MAX)
	{
		if (nsize > osize)
			use_memory(bounds, nsize - osize);
		else
			bounds->used -= osize - nsize;
		if (nsize > MaxAllocHugeSize)
			memory_exceeded(bounds);
		return repalloc_huge(ptr, nsize);
	}
	result = any_alloc(bounds, nsize);
	memcpy(result, ptr, Min(osize, nsize));
	any_free(bounds, ptr, osize);
	return result;
}

/*
 * The lua_Alloc.  Never answers NULL for want of memory: it raises UP009.
 * Lua may be moving its stack meanwhile, so whoever tells of the error must
 * not look at it.
 */
static void *
bounds_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	Bounds	   *bounds = ud;
	void	   *result;

	if (nsize == 0)
	{
		if (ptr != NULL)
			any_free(bounds, ptr, osize);
		return NULL;
	}
	bounds->allocating = true;
	if (nsize >= ALLOC_RATE && (ptr == NULL || nsize > osize))
	{
		/* of a new block osize says what it is for */
		note_block(bounds, ptr == NULL ? (int) osize : 0, nsize);
		charge(bounds, nsize / ALLOC_RATE);
	}
	result = change_block(bounds, ptr, osize, nsize);
	bounds->allocating = false;
	return result;
}

void
bounds_check_memory(lua_State *L, Size n)
{
	Bounds	   *bounds = bounds_of(L);

	if (n > bounds->limit - bounds->used)
		memory_exceeded(bounds);
}

Size
bounds_memory(lua_State *L)
{
	return bounds_of(L)->used;
}

/* --- the state -------------------------------------------------------------- */

/* A Lua error outside of any protected call: the state is dead with it. */
static int
panic(lua_State *L)
{
	Bounds	   *bounds = bounds_of(L);

	uselocale(bounds->outer);
	ereport(ERROR,
			(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
			 errmsg("%s", bounds_message(L, -1))));
	return 0;
}

/* Makes a state in zeroed Bounds whose chunk may be there already. */
static void
make_state(Bounds *bounds, MemoryContext context)
{
	lua_State  *L;

	if (c_locale == (locale_t) 0)
	{
		c_locale = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
		if (c_locale == (locale_t) 0)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("could not make a locale: %m")));
	}

	bounds->context = context;
	bounds->max_steps = max_steps;
	bounds->limit = (Size) max_memory * 1024;
	bounds->next_chunk = FIRST_CHUNK;
	bounds->period = HOOK_PERIOD;
	bounds->outer = uselocale((locale_t) 0);

	L = lua_newstate(bounds_alloc, bounds);
	if (L == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not make a Lua state")));
	bounds->L = L;
	*(void **) lua_getextraspace(L) = NULL;
	lua_atpanic(L, panic);
	lua_gc(L, LUA_GCSTOP);
	lua_sethook(L, count_hook, LUA_MASKCOUNT, bounds->period);
}

static MemoryContext
make_context(MemoryContext parent)
{
	return AllocSetContextCreate(parent, "Lua state", ALLOCSET_SMALL_SIZES);
}

lua_State *
bounds_open(MemoryContext parent)
{
	MemoryContext context = make_context(parent);
	Bounds	   *bounds = MemoryContextAllocZero(context, sizeof(Bounds));

	make_state(bounds, context);
	return bounds->L;
}

/* The call that had the stage is over, however it ended. */
static void
leave_stage(void *arg)
{
	stage_taken = false;
}

/* Takes the stage for a call; false if it cannot be had. */
static bool
take_stage(MemoryContext parent, MemoryContext *context)
{
	MemoryContextCallback *callback;

	if (stage_taken || (Size) max_memory * 1024 < 2 * STAGE_SIZE)
		return false;
	*context = make_context(parent);
	callback = MemoryContextAlloc(*context, sizeof(MemoryContextCallback));
	callback->func = leave_stage;
	MemoryContextRegisterResetCallback(*context, callback);
	stage_taken = true;
	return true;
}

/* Makes the first state on the stage. */
static void
prepare_stage(MemoryContext context, void (*prepare) (lua_State *L))
{
	Bounds	   *bounds;

	if (stage == NULL)
		stage = MemoryContextAlloc(TopMemoryContext, STAGE_SIZE);
	memset(stage, 0, sizeof(Bounds));
	bounds = (Bounds *) stage;
	bounds->chunk = (char *) TYPEALIGN(SMALL_STEP, stage + sizeof(Bounds));
	bounds->chunk_end = stage + STAGE_SIZE;
	bounds->used = STAGE_SIZE;
	make_state(bounds, context);
	prepare(bounds->L);
	libraries = bounds_take_image(bounds->L);
	if (libraries == NULL)
		elog(ERROR, "the libraries of scripts do not fit onto their stage");
}

static lua_State *
enter_stage(MemoryContext context, const BoundsImage *image)
{
	Bounds	   *bounds = (Bounds *) stage;

	memcpy(stage, image->bytes, image->size);
	bounds->context = context;
	bounds->max_steps = max_steps;
	bounds->limit = (Size) max_memory * 1024;
	bounds->outer = uselocale((locale_t) 0);
	return bounds->L;
}

lua_State *
bounds_open_prepared(MemoryContext parent, void (*prepare) (lua_State *L))
{
	MemoryContext context;
	lua_State  *L;

	if (!take_stage(parent, &context))
	{
		L = bounds_open(parent);
		prepare(L);
		return L;
	}
	if (libraries == NULL)
		prepare_stage(context, prepare);
	return enter_stage(context, libraries);
}

BoundsImage *
bounds_take_image(lua_State *L)
{
	Bounds	   *bounds = bounds_of(L);
	Size		size = bounds->chunk - stage;
	BoundsImage *image;

	/* all of it, and nothing anywhere else */
	if ((char *) bounds != stage || bounds->used != STAGE_SIZE)
		return NULL;
	image = MemoryContextAlloc(TopMemoryContext,
							   offsetof(BoundsImage, bytes) + size);
	image->size = size;
	memcpy(image->bytes, stage, size);
	return image;
}

lua_State *
bounds_open_image(MemoryContext parent, const BoundsImage *image)
{
	MemoryContext context;

	if (!take_stage(parent, &context))
		return NULL;
	return enter_stage(context, image);
}

void
bounds_free_image(BoundsImage *image)
{
	pfree(image);
}

void
bounds_close(lua_State *L)
{
	MemoryContextDelete(bounds_of(L)->context);
}

/* Source text on its way to the compiler */
typedef struct Source
{
	const char *text;
	size_t		len;
	size_t		done;
} Source;

/*
 * The compiler walks through lists of jumps that may be as long as what it
 * has read, once a token.
 */
static const char *
read_source(lua_State *L, void *data, size_t *size)
{
	Source	   *source = data;
	const char *piece = source->text + source->done;

	*size = Min(source->len - source->done, SOURCE_PIECE);
	bounds_charge(L, *size / 8 + source->done / 32);
	source->done += *size;
	return piece;
}

int
bounds_load(lua_State *L, const char *text, size_t len, const char *name)
{
	Source		source = {.text = text, .len = len, .done = 0};

	return lua_load(L, read_source, &source, name, "t");
}

int
bounds_pcall(lua_State *L, int nargs, int nresults)
{
	Bounds	   *bounds = bounds_of(L);
	locale_t	outer;
	volatile int status = LUA_OK;

	check_stack_depth();
	outer = bounds->outer = uselocale(c_locale);
	PG_TRY();
	{
		status = lua_pcall(L, nargs, nresults, 0);
	}
	PG_FINALLY();
	{
		uselocale(outer);
	}
	PG_END_TRY();
	return status;
}

char *
bounds_message(lua_State *L, int index)
{
	const char *text;
	size_t		len;
	char	   *result;
	char	   *out;

	switch (lua_type(L, index))
	{
		case LUA_TSTRING:
			text = lua_tolstring(L, index, &len);
			break;
		case LUA_TNUMBER:
			return lua_isinteger(L, index) ?
				psprintf(INT64_FORMAT, (int64) lua_tointeger(L, index)) :
				psprintf("%.14g", lua_tonumber(L, index));
		default:
			return psprintf("(error object is a %s value)",
							luaL_typename(L, index));
	}

	/* a message must be text: what is none becomes question marks */
	len = Min(len, MESSAGE_MAX);
	out = result = palloc(len + 1);
	while (len > 0)
	{
		int			n = pg_encoding_verifymbchar(GetDatabaseEncoding(),
												 text, len);

		if (n <= 0)
		{
			*out++ = '?';
			n = 1;
		}
		else
		{
			memcpy(out, text, n);
			out += n;
		}
		text += n;
		len -= n;
	}
	*out = '\0';
	return result;
}
