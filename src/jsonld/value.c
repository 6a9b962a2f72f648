/*
 * value.c
 *		The JSON value model of the JSON-LD processor.
 *
 * Owns the tree of value.h: constructors, maps with insertion order and deep
 * comparison.  Knows nothing of JSON-LD but the little algorithm "add value",
 * which is about arrays only.  From and to jsonb is value_jsonb.c's.
 *
 * The one data structure:
 *
 *		JldValue(object)
 *		  n = 3, cap = 4
 *		  members -> [ key0 value0 | key1 value1 | key2 value2 | ... ]
 *		  index   -> NULL, or once n > OBJECT_LINEAR_MAX a power-of-two table of
 *					 member numbers + 1, open addressing, 0 = free
 *
 * A document is thousands of small pieces that die together, so they are cut
 * from the blocks of an arena, which belongs to the memory context that
 * jld_arena_begin() named.  In any other context the pieces are palloc'd.
 *
 *		arenas -> [mcxt, free, left] -> ...		static: one per running call,
 *												unlinked when mcxt is reset
 *		spare	  the first block of an arena, kept from call to call, so that
 *				  small documents need no memory from the system
 *
 * What a large document costs more than its size says is memory that the
 * system hands out page by page.  So blocks grow with the document, and for
 * large ones we ask for large pages where there are any.
 */
#include "postgres.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "jsonld/value.h"

/* objects of up to so many members are searched from front to back */
#define OBJECT_LINEAR_MAX	8

/* and those of up to so many are sorted without qsort */
#define SORTED_BY_HAND_MAX	16

/* sizes of an arena's blocks; what is larger than a quarter goes its own way */
#define ARENA_SPARE_BYTES	(256 * 1024)
#define ARENA_BLOCK_MIN		(64 * 1024)
#define ARENA_BLOCK_MAX		(16 * 1024 * 1024)
#define ARENA_LARGE_PAGE	(2 * 1024 * 1024)
#define ARENA_PIECE_MAX		(16 * 1024)

typedef struct Arena
{
	struct Arena *next;
	MemoryContext mcxt;
	char	   *free;
	Size		left;
	Size		block;			/* size of the next block */
	bool		has_spare;		/* the first block is the spare one */
	MemoryContextCallback callback;
} Arena;

static Arena *arenas = NULL;
static char *spare = NULL;
static bool spare_in_use = false;

static void arena_end(void *arg);
static void prefer_large_pages(char *block, Size size);
static void *piece_from_new_block(Arena *arena, Size size);

JldValue	jld_null = {.type = JLD_NULL};
JldValue	jld_true = {.type = JLD_BOOL, .u.boolean = true};
JldValue	jld_false = {.type = JLD_BOOL, .u.boolean = false};

/* --- memory --------------------------------------------------------------- */

void
jld_arena_begin(MemoryContext mcxt)
{
	Arena	   *arena;

	for (arena = arenas; arena; arena = arena->next)
		if (arena->mcxt == mcxt)
			return;
	if (spare == NULL)
		spare = MemoryContextAlloc(TopMemoryContext, ARENA_SPARE_BYTES);
	arena = MemoryContextAllocZero(mcxt, sizeof(Arena));
	arena->mcxt = mcxt;
	arena->block = ARENA_BLOCK_MIN;
	arena->callback.func = arena_end;
	arena->callback.arg = arena;
	MemoryContextRegisterResetCallback(mcxt, &arena->callback);
	if (!spare_in_use)
	{
		arena->has_spare = spare_in_use = true;
		arena->free = spare;
		arena->left = ARENA_SPARE_BYTES;
	}
	arena->next = arenas;
	arenas = arena;
}

/* the memory context of an arena is reset: its blocks go with it */
static void
arena_end(void *arg)
{
	Arena	   *arena = arg;
	Arena	  **link = &arenas;

	while (*link && *link != arena)
		link = &(*link)->next;
	if (*link)
		*link = arena->next;
	if (arena->has_spare)
		spare_in_use = false;
}

/* a hint; what the system makes of it is its own business */
static void
prefer_large_pages(char *block, Size size)
{
#ifdef MADV_HUGEPAGE
	char	   *start = (char *) TYPEALIGN(ARENA_LARGE_PAGE, block);
	char	   *end = (char *) TYPEALIGN_DOWN(ARENA_LARGE_PAGE, block + size);

	if (start < end)
		(void) madvise(start, end - start, MADV_HUGEPAGE);
#endif
}

void *
jld_alloc_large(Size size)
{
	char	   *piece = palloc_extended(size, MCXT_ALLOC_HUGE);

	prefer_large_pages(piece, size);
	return piece;
}

static void *
piece_from_new_block(Arena *arena, Size size)
{
	void	   *piece;

	if (size > ARENA_PIECE_MAX)
		return jld_alloc_large(size);
	arena->free = jld_alloc_large(arena->block);
	arena->left = arena->block;
	arena->block = Min(arena->block * 2, ARENA_BLOCK_MAX);
	piece = arena->free;
	arena->free += size;
	arena->left -= size;
	return piece;
}

void *
jld_alloc(Size size)
{
	Arena	   *arena = arenas;
	void	   *piece;

	while (arena && arena->mcxt != CurrentMemoryContext)
		arena = arena->next;
	if (arena == NULL)
		return palloc_extended(size, MCXT_ALLOC_HUGE);
	size = MAXALIGN(size);
	if (size > arena->left)
		return piece_from_new_block(arena, size);
	piece = arena->free;
	arena->free += size;
	arena->left -= size;
	return piece;
}

/* a larger copy of the first used bytes; what was there is left behind */
static void *
grow(void *old, Size used, Size size)
{
	void	   *grown = jld_alloc(size);

	if (used > 0)
		memcpy(grown, old, used);
	return grown;
}

/* --- strings -------------------------------------------------------------- */

JldStr
jld_str(const char *cstr)
{
	return (JldStr) {cstr, strlen(cstr)};
}

JldStr
jld_str_copy(JldStr s)
{
	char	   *copy;

	if (s.data == NULL)
		return s;
	copy = jld_alloc(s.len + 1);
	memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	return (JldStr) {copy, s.len};
}

JldStr
jld_str_cat(JldStr a, JldStr b)
{
	char	   *cat = jld_alloc(a.len + b.len + 1);

	memcpy(cat, a.data, a.len);
	memcpy(cat + a.len, b.data, b.len);
	cat[a.len + b.len] = '\0';
	return (JldStr) {cat, a.len + b.len};
}

char *
jld_cstr(JldStr s)
{
	return pnstrdup(s.data ? s.data : "", s.len);
}

Datum
jld_text_datum(JldStr s)
{
	return PointerGetDatum(cstring_to_text_with_len(s.data, s.len));
}

int
jld_cmp(JldStr a, JldStr b)
{
	int			cmp = memcmp(a.data, b.data, Min(a.len, b.len));

	return cmp != 0 ? cmp : a.len - b.len;
}

/*
 * Eight bytes a step: keys and IRIs are hashed wherever they go, and what
 * hashes them byte by byte shows.  Good for tables in memory only.
 */
static uint64
hash_string(JldStr s)
{
	const uint64 factor = UINT64CONST(0x9E3779B97F4A7C15);
	uint64		hash = s.len * factor;
	const char *p = s.data;
	int			left = s.len;
	uint64		word;

	for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word))
	{
		memcpy(&word, p, sizeof(word));
		hash = (((hash << 23) | (hash >> 41)) ^ word) * factor;
	}
	if (left > 0)
	{
		word = 0;
		memcpy(&word, p, left);
		hash = (((hash << 23) | (hash >> 41)) ^ word) * factor;
	}
	hash ^= hash >> 32;
	hash *= factor;
	return hash ^ (hash >> 29);
}

uint32
jld_hash(JldStr s)
{
	return (uint32) hash_string(s);
}

/* --- constructors --------------------------------------------------------- */

JldValue *
jld_new_string(JldStr s)
{
	JldValue   *v = jld_alloc(sizeof(JldValue));

	v->type = JLD_STRING;
	v->validated = false;
	v->n = v->cap = 0;
	v->u.string = s;
	return v;
}

JldValue *
jld_new_number(Numeric n)
{
	JldValue   *v = jld_alloc(sizeof(JldValue));

	v->type = JLD_NUMBER;
	v->validated = false;
	v->n = v->cap = 0;
	v->u.number = n;
	return v;
}

JldValue *
jld_new_bool(bool b)
{
	return b ? &jld_true : &jld_false;
}

JldValue *
jld_new_array(int cap)
{
	JldValue   *v = jld_alloc(sizeof(JldValue));

	v->type = JLD_ARRAY;
	v->validated = false;
	v->n = 0;
	v->cap = cap;
	v->u.items = cap > 0 ? jld_alloc(sizeof(JldValue *) * cap) : NULL;
	return v;
}

JldValue *
jld_new_object(int cap)
{
	JldValue   *v = jld_alloc(sizeof(JldValue));

	v->type = JLD_OBJECT;
	v->validated = false;
	v->n = 0;
	v->cap = cap;
	v->u.object.members = cap > 0 ? jld_alloc(sizeof(JldMember) * cap) : NULL;
	v->u.object.index = NULL;
	return v;
}

JldValue *
jld_array_of(JldValue *item)
{
	JldValue   *array = jld_new_array(1);

	jld_push(array, item);
	return array;
}

JldValue *
jld_copy_shallow(const JldValue *v)
{
	JldValue   *copy = jld_alloc(sizeof(JldValue));

	*copy = *v;
	copy->validated = false;
	copy->cap = v->n;
	if (v->type == JLD_ARRAY && v->n > 0)
	{
		copy->u.items = jld_alloc(sizeof(JldValue *) * v->n);
		memcpy(copy->u.items, v->u.items, sizeof(JldValue *) * v->n);
	}
	else if (v->type == JLD_OBJECT)
	{
		copy->u.object.index = NULL;
		if (v->n > 0)
		{
			copy->u.object.members = jld_alloc(sizeof(JldMember) * v->n);
			memcpy(copy->u.object.members, v->u.object.members,
				   sizeof(JldMember) * v->n);
			jld_reindex(copy);
		}
	}
	return copy;
}

/* --- arrays --------------------------------------------------------------- */

/* room for n more items, growing geometrically */
static void
array_reserve(JldValue *array, int n)
{
	int			cap = array->cap;

	Assert(array->type == JLD_ARRAY);
	if (array->n + n <= cap)
		return;
	cap = Max(Max(4, cap * 2), array->n + n);
	array->u.items = grow(array->u.items, sizeof(JldValue *) * array->n,
						  sizeof(JldValue *) * cap);
	array->cap = cap;
}

void
jld_push(JldValue *array, JldValue *item)
{
	array_reserve(array, 1);
	array->u.items[array->n++] = item;
}

void
jld_push_all(JldValue *array, const JldValue *items)
{
	if (items->n == 0)
		return;
	array_reserve(array, items->n);
	memcpy(array->u.items + array->n, items->u.items,
		   sizeof(JldValue *) * items->n);
	array->n += items->n;
}

/* --- objects -------------------------------------------------------------- */

/* number of slots of the index of an object with room for cap members */
static inline uint32
index_slots(int cap)
{
	return pg_nextpower2_32(Max(cap, OBJECT_LINEAR_MAX) * 2);
}

static inline void
index_member(JldValue *object, int member)
{
	uint32		mask = index_slots(object->cap) - 1;
	uint32		slot = jld_hash(object->u.object.members[member].key) & mask;

	while (object->u.object.index[slot] != 0)
		slot = (slot + 1) & mask;
	object->u.object.index[slot] = member + 1;
}

/* make the index anew for the present cap, or drop it where it is not worth it */
void
jld_reindex(JldValue *object)
{
	Size		size = sizeof(int32) * index_slots(object->cap);

	object->u.object.index = NULL;
	if (object->n <= OBJECT_LINEAR_MAX)
		return;
	object->u.object.index = jld_alloc(size);
	memset(object->u.object.index, 0, size);
	for (int i = 0; i < object->n; i++)
		index_member(object, i);
}

int
jld_find(const JldValue *object, JldStr key)
{
	JldMember  *members = object->u.object.members;

	Assert(object->type == JLD_OBJECT);
	if (object->u.object.index)
	{
		uint32		mask = index_slots(object->cap) - 1;
		uint32		slot = jld_hash(key) & mask;
		int			member;

		while ((member = object->u.object.index[slot]) != 0)
		{
			if (jld_eq(members[member - 1].key, key))
				return member - 1;
			slot = (slot + 1) & mask;
		}
		return -1;
	}
	for (int i = 0; i < object->n; i++)
		if (jld_eq(members[i].key, key))
			return i;
	return -1;
}

JldValue *
jld_get(const JldValue *object, JldStr key)
{
	int			i = jld_find(object, key);

	return i < 0 ? NULL : object->u.object.members[i].value;
}

/* append a member whose key is known to be new */
void
jld_append(JldValue *object, JldStr key, JldValue *value)
{
	if (object->n == object->cap)
	{
		int			cap = Max(4, object->cap * 2);

		object->u.object.members = grow(object->u.object.members,
										sizeof(JldMember) * object->n,
										sizeof(JldMember) * cap);
		object->cap = cap;
		object->u.object.members[object->n++] = (JldMember) {key, value};
		jld_reindex(object);
		return;
	}
	object->u.object.members[object->n++] = (JldMember) {key, value};
	if (object->u.object.index)
		index_member(object, object->n - 1);
	else if (object->n > OBJECT_LINEAR_MAX)
		jld_reindex(object);
}

void
jld_put(JldValue *object, JldStr key, JldValue *value)
{
	int			i = jld_find(object, key);

	if (i >= 0)
		object->u.object.members[i].value = value;
	else
		jld_append(object, key, value);
}

bool
jld_remove(JldValue *object, JldStr key)
{
	int			i = jld_find(object, key);

	if (i < 0)
		return false;
	memmove(object->u.object.members + i, object->u.object.members + i + 1,
			sizeof(JldMember) * (object->n - i - 1));
	object->n--;
	if (object->u.object.index)
		jld_reindex(object);
	return true;
}

static int
compare_member_numbers(const void *a, const void *b, void *members)
{
	JldMember  *m = members;

	return jld_cmp(m[*(const int *) a].key, m[*(const int *) b].key);
}

int *
jld_sorted(const JldValue *object)
{
	int		   *numbers = palloc(sizeof(int) * Max(object->n, 1));

	/* few members are put in order as they come */
	if (object->n <= SORTED_BY_HAND_MAX)
	{
		for (int i = 0; i < object->n; i++)
		{
			JldMember  *m = object->u.object.members;
			int			k = i;

			for (; k > 0 && jld_cmp(m[numbers[k - 1]].key, m[i].key) > 0; k--)
				numbers[k] = numbers[k - 1];
			numbers[k] = i;
		}
		return numbers;
	}
	for (int i = 0; i < object->n; i++)
		numbers[i] = i;
	qsort_arg(numbers, object->n, sizeof(int), compare_member_numbers,
			  object->u.object.members);
	return numbers;
}

void
jld_add_value(JldValue *object, JldStr key, JldValue *value, bool as_array)
{
	int			i = jld_find(object, key);
	JldValue   *old = i < 0 ? NULL : object->u.object.members[i].value;

	/* 1) as array: the entry becomes an array */
	if (as_array && (old == NULL || old->type != JLD_ARRAY))
	{
		JldValue   *array = jld_new_array(value->type == JLD_ARRAY ?
										  value->n + 1 : 1);

		if (old)
			jld_push(array, old);
		old = array;
		if (i < 0)
			jld_append(object, key, array);
		else
			object->u.object.members[i].value = array;
	}

	/* 2) an array: each of its items */
	if (value->type == JLD_ARRAY)
	{
		if (old && old->type == JLD_ARRAY)
			jld_push_all(old, value);
		else
			for (int k = 0; k < value->n; k++)
				jld_add_value(object, key, value->u.items[k], as_array);
		return;
	}

	/* 3) otherwise append, making an array where there was a single value */
	if (old == NULL)
		jld_append(object, key, value);
	else if (old->type == JLD_ARRAY)
		jld_push(old, value);
	else
	{
		JldValue   *array = jld_new_array(2);

		jld_push(array, old);
		jld_push(array, value);
		object->u.object.members[i].value = array;
	}
}

/* --- comparison ----------------------------------------------------------- */

static bool
number_equal(Numeric a, Numeric b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(a),
											NumericGetDatum(b)));
}

bool
jld_equal(const JldValue *a, const JldValue *b)
{
	if (a == b)
		return true;
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case JLD_NULL:
			return true;
		case JLD_BOOL:
			return a->u.boolean == b->u.boolean;
		case JLD_NUMBER:
			return number_equal(a->u.number, b->u.number);
		case JLD_STRING:
			return jld_eq(a->u.string, b->u.string);
		case JLD_ARRAY:
			check_stack_depth();
			if (a->n != b->n)
				return false;
			for (int i = 0; i < a->n; i++)
				if (!jld_equal(a->u.items[i], b->u.items[i]))
					return false;
			return true;
		case JLD_OBJECT:
			check_stack_depth();
			if (a->n != b->n)
				return false;
			for (int i = 0; i < a->n; i++)
			{
				const JldMember *m = &a->u.object.members[i];
				JldValue   *other;

				/* both often come from jsonb: same order */
				if (jld_eq(m->key, b->u.object.members[i].key))
					other = b->u.object.members[i].value;
				else
					other = jld_get(b, m->key);
				if (other == NULL || !jld_equal(m->value, other))
					return false;
			}
			return true;
	}
	return false;				/* keep the compiler quiet */
}

uint64
jld_hash_value(const JldValue *v)
{
	uint64		hash = v->type;

	switch (v->type)
	{
		case JLD_NULL:
			break;
		case JLD_BOOL:
			hash = hash_combine64(hash, v->u.boolean);
			break;
		case JLD_NUMBER:
			hash = hash_combine64(hash,
								  DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended,
																	 NumericGetDatum(v->u.number),
																	 UInt64GetDatum(0))));
			break;
		case JLD_STRING:
			hash = hash_combine64(hash, hash_string(v->u.string));
			break;
		case JLD_ARRAY:
			check_stack_depth();
			for (int i = 0; i < v->n; i++)
				hash = hash_combine64(hash, jld_hash_value(v->u.items[i]));
			break;
		case JLD_OBJECT:
			check_stack_depth();
			/* a sum: the order of members does not count */
			for (int i = 0; i < v->n; i++)
			{
				const JldMember *m = &v->u.object.members[i];

				hash += hash_combine64(hash_string(m->key), jld_hash_value(m->value));
			}
			break;
	}
	return hash;
}

JldValue *
jld_copy_deep(const JldValue *v)
{
	JldValue   *copy;

	switch (v->type)
	{
		case JLD_NULL:
			return &jld_null;
		case JLD_BOOL:
			return jld_new_bool(v->u.boolean);
		case JLD_NUMBER:
			return jld_new_number(DatumGetNumericCopy(NumericGetDatum(v->u.number)));
		case JLD_STRING:
			return jld_new_string(jld_str_copy(v->u.string));
		case JLD_ARRAY:
			check_stack_depth();
			copy = jld_new_array(v->n);
			for (int i = 0; i < v->n; i++)
				jld_push(copy, jld_copy_deep(v->u.items[i]));
			return copy;
		case JLD_OBJECT:
			check_stack_depth();
			copy = jld_new_object(v->n);
			for (int i = 0; i < v->n; i++)
				jld_append(copy, jld_str_copy(v->u.object.members[i].key),
						   jld_copy_deep(v->u.object.members[i].value));
			return copy;
	}
	return NULL;				/* keep the compiler quiet */
}
