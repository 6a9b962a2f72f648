/*
 * value.h
 *		The JSON value model of the JSON-LD processor: a small mutable tree.
 *
 * jsonb containers cannot be changed in place and the algorithms of JSON-LD
 * change maps all the time, so a call reads its jsonb into this tree, works
 * there, and writes jsonb once at the end.  Everything is allocated in the
 * memory context that is current at the time; nothing is ever freed singly.
 *
 * Sharing: a value may hang below any number of parents.  Whoever made an
 * array or object may change it until it hands it out; after that it is
 * constant.  Strings and numbers point into the (detoasted) jsonb they came
 * from and live as long as it does.
 */
#ifndef UPSERT_JSONLD_VALUE_H
#define UPSERT_JSONLD_VALUE_H

#include "utils/jsonb.h"

/* A piece of UTF-8 text, not NUL-terminated.  data == NULL: no string. */
typedef struct JldStr
{
	const char *data;
	int			len;
} JldStr;

/* static initializer and expression for a literal */
#define JLD_STR_INIT(lit)	{(lit), (int) sizeof(lit) - 1}
#define JLD_STR(lit)		((JldStr) {(lit), (int) sizeof(lit) - 1})
#define JLD_NOSTR			((JldStr) {NULL, 0})

typedef enum JldType
{
	JLD_NULL,
	JLD_BOOL,
	JLD_NUMBER,
	JLD_STRING,
	JLD_ARRAY,
	JLD_OBJECT
} JldType;

typedef struct JldMember
{
	JldStr		key;
	struct JldValue *value;		/* never a C NULL */
} JldMember;

typedef struct JldValue
{
	JldType		type;
	bool		validated;		/* context processing's mark on a scoped
								 * context that it has found valid */
	int			n;				/* items of an array, members of an object */
	int			cap;			/* allocated items or members */
	union
	{
		bool		boolean;
		Numeric		number;
		JldStr		string;
		struct JldValue **items;
		struct
		{
			JldMember  *members;	/* in order of insertion, keys unique */
			int32	   *index;	/* open-addressing hash, or NULL when small */
		}			object;
	}			u;
} JldValue;

/*
 * Memory for values: as palloc, but in the memory context given to
 * jld_arena_begin() (until that is reset) much cheaper.  Never to be pfree'd.
 */
extern void jld_arena_begin(MemoryContext mcxt);
extern void *jld_alloc(Size size);

/* As palloc, for what may be many megabytes: in large pages where there are any. */
extern void *jld_alloc_large(Size size);

/* the three constants, shared by all */
extern JldValue jld_null;
extern JldValue jld_true;
extern JldValue jld_false;

/* Strings.  jld_cmp orders by bytes, which for UTF-8 is code-point order. */
extern JldStr jld_str(const char *cstr);	/* of a C string, not copied */
extern JldStr jld_str_copy(JldStr s);
extern JldStr jld_str_cat(JldStr a, JldStr b);
extern char *jld_cstr(JldStr s);	/* palloc'd, NUL-terminated */
extern Datum jld_text_datum(JldStr s);	/* as a value of type text */
extern int	jld_cmp(JldStr a, JldStr b);
extern uint32 jld_hash(JldStr s);

static inline bool
jld_eq(JldStr a, JldStr b)
{
	return a.len == b.len && (a.data == b.data ||
							  memcmp(a.data, b.data, a.len) == 0);
}

/* does s equal the C literal? */
#define jld_is(s, lit) \
	((s).len == (int) sizeof(lit) - 1 && memcmp((s).data, (lit), sizeof(lit) - 1) == 0)

/* Constructors */
extern JldValue *jld_new_string(JldStr s);
extern JldValue *jld_new_number(Numeric n);
extern JldValue *jld_new_bool(bool b);
extern JldValue *jld_new_array(int cap);
extern JldValue *jld_new_object(int cap);
extern JldValue *jld_array_of(JldValue *item);	/* [item] */
extern JldValue *jld_copy_shallow(const JldValue *v);	/* own items/members */

/* Arrays */
extern void jld_push(JldValue *array, JldValue *item);
extern void jld_push_all(JldValue *array, const JldValue *items);

/* Objects.  get answers NULL where there is no such member. */
extern JldValue *jld_get(const JldValue *object, JldStr key);
extern int	jld_find(const JldValue *object, JldStr key);	/* member number, or -1 */
extern void jld_put(JldValue *object, JldStr key, JldValue *value);

/* put, where the key is known to be new */
extern void jld_append(JldValue *object, JldStr key, JldValue *value);
extern bool jld_remove(JldValue *object, JldStr key);
extern void jld_reindex(JldValue *object);	/* after members were put by hand */
extern int *jld_sorted(const JldValue *object); /* member numbers by jld_cmp */

/*
 * The API specification's "add value": appends value (each item, if it is an
 * array) to the member key, which becomes an array when it must or when
 * as_array.
 */
extern void jld_add_value(JldValue *object, JldStr key, JldValue *value,
						  bool as_array);

/* Same JSON value?  Objects: as maps; arrays: in order; numbers: by value. */
extern bool jld_equal(const JldValue *a, const JldValue *b);

/* A hash that agrees with jld_equal. */
extern uint64 jld_hash_value(const JldValue *v);

static inline bool
jld_is_string(const JldValue *v)
{
	return v && v->type == JLD_STRING;
}

static inline bool
jld_is_array(const JldValue *v)
{
	return v && v->type == JLD_ARRAY;
}

static inline bool
jld_is_object(const JldValue *v)
{
	return v && v->type == JLD_OBJECT;
}

/* The entry of v, which may be NULL or no object; or NULL. */
static inline JldValue *
jld_get_object(const JldValue *v, JldStr key)
{
	return jld_is_object(v) ? jld_get(v, key) : NULL;
}

static inline bool
jld_has(const JldValue *v, JldStr key)
{
	return jld_is_object(v) && jld_get(v, key) != NULL;
}

/*
 * Conversion, linear in size.  jld_from_jsonb's strings and numbers point
 * into jb, which must be detoasted and outlive the tree; jld_to_jsonb makes a
 * jsonb of its own in the current context.
 */
extern JldValue *jld_from_jsonb(Jsonb *jb);
extern JldValue *jld_from_container(JsonbContainer *jc);	/* no raw scalar */
extern JldValue *jld_from_value(const JsonbValue *value);	/* copies */
extern Jsonb *jld_to_jsonb(const JldValue *v);
extern Jsonb *jld_jsonb_copy(const Jsonb *jb);	/* into the current context */

/* Deep copy into the current context: nothing of the source is shared. */
extern JldValue *jld_copy_deep(const JldValue *v);

/* The string, pointing into the value; false if it is none. */
extern bool jld_string_of(const JsonbValue *value, JldStr *s);

/* JSON text for messages, cut where it gets long. */
extern char *jld_excerpt(const JldValue *v);

#endif							/* UPSERT_JSONLD_VALUE_H */
