/*
 * value_build.c
 *		Builds arrays and objects of the expression language.
 *
 * PostgreSQL's pushJsonbValue() takes a container that is to become a member
 * apart and puts it together again.  Here members are collected as they are,
 * and finish writes the container's own layout in one pass: scalars are
 * copied by value, containers as one block of bytes.
 *
 *		header | entry 0 .. entry n-1 | data 0 .. data n-1
 *
 * For an object the entries are the names in jsonb's order (by length, then
 * bytes), then the values in the order of their names.  An entry holds the
 * length of its data; every JB_OFFSET_STRIDE-th the offset of the data's end.
 * Numbers and containers begin at a multiple of four: the padding before them
 * counts as theirs.  The layout is jsonb's; see utils/jsonb.h.
 */
#include "postgres.h"

#include "expr/value.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* as jsonb_util.c: what the entry of a member and an allocation can count */
#define MAX_MEMBERS (Min(MaxAllocSize / sizeof(JsonbValue), JB_CMASK))

static void
builder_reserve(ValueBuilder *b)
{
	if (b->count < b->space)
		return;
	if ((Size) b->count >= MAX_MEMBERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an array or object cannot have more than %zu members",
						(Size) MAX_MEMBERS)));
	CHECK_FOR_INTERRUPTS();
	b->space = b->space == 0 ? 8 : Min((Size) b->space * 2, MAX_MEMBERS);
	if (b->values == NULL)
		b->values = (JsonbValue *) palloc(b->space * sizeof(JsonbValue));
	else
		b->values = (JsonbValue *) repalloc(b->values,
											b->space * sizeof(JsonbValue));
}

void
value_array_begin(ValueBuilder *b)
{
	memset(b, 0, sizeof(ValueBuilder));
}

void
value_array_add(ValueBuilder *b, const JsonbValue *v)
{
	builder_reserve(b);
	b->values[b->count++] = *v;
}

void
value_object_begin(ValueBuilder *b)
{
	memset(b, 0, sizeof(ValueBuilder));
}

void
value_object_put(ValueBuilder *b, const char *name, int len,
				 const JsonbValue *v)
{
	int			space = b->space;

	builder_reserve(b);
	if (b->keys == NULL)
		b->keys = (JsonbValue *) palloc(b->space * sizeof(JsonbValue));
	else if (space != b->space)
		b->keys = (JsonbValue *) repalloc(b->keys,
										  b->space * sizeof(JsonbValue));
	value_set_string(&b->keys[b->count], name, len);
	b->values[b->count++] = *v;
}

/* The bytes that a member's data takes when it starts at offset. */
static Size
member_size(const JsonbValue *v, Size offset)
{
	switch (v->type)
	{
		case jbvNull:
		case jbvBool:
			return 0;
		case jbvString:
			return v->val.string.len;
		case jbvNumeric:
			return INTALIGN(offset) - offset + VARSIZE_ANY(v->val.numeric);
		case jbvBinary:
			return INTALIGN(offset) - offset + v->val.binary.len;
		default:
			elog(ERROR, "unexpected jsonb value type: %d", (int) v->type);
			return 0;			/* keep the compiler quiet */
	}
}

/* Where the next entry and the next data go. */
typedef struct Writer
{
	JEntry	   *entries;
	char	   *data;
	int			next;
	Size		offset;
} Writer;

static void
write_member(Writer *w, const JsonbValue *v)
{
	Size		size = member_size(v, w->offset);
	Size		aligned = INTALIGN(w->offset);
	JEntry		entry = 0;

	switch (v->type)
	{
		case jbvNull:
			entry = JENTRY_ISNULL;
			break;
		case jbvBool:
			entry = v->val.boolean ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
			break;
		case jbvString:
			entry = JENTRY_ISSTRING;
			memcpy(w->data + w->offset, v->val.string.val, size);
			break;
		case jbvNumeric:
			entry = JENTRY_ISNUMERIC;
			memset(w->data + w->offset, 0, aligned - w->offset);
			memcpy(w->data + aligned, v->val.numeric,
				   VARSIZE_ANY(v->val.numeric));
			break;
		default:
			entry = JENTRY_ISCONTAINER;
			memset(w->data + w->offset, 0, aligned - w->offset);
			memcpy(w->data + aligned, v->val.binary.data, v->val.binary.len);
			break;
	}
	w->offset += size;
	if (w->next % JB_OFFSET_STRIDE == 0)
		entry |= (JEntry) w->offset | JENTRY_HAS_OFF;
	else
		entry |= (JEntry) size;
	w->entries[w->next++] = entry;
}

static void
write_container(uint32 flag, int count, const JsonbValue *keys,
				const JsonbValue *values, JsonbValue *out)
{
	int			entries = keys ? 2 * count : count;
	Size		head = sizeof(uint32) + (Size) entries * sizeof(JEntry);
	Size		size = 0;
	JsonbContainer *container;
	Writer		w;

	for (int i = 0; keys && i < count; i++)
		size += member_size(&keys[i], size);
	for (int i = 0; i < count; i++)
		size += member_size(&values[i], size);
	if (size > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("total size of array or object members exceeds the maximum of %u bytes",
						JENTRY_OFFLENMASK)));

	container = (JsonbContainer *) palloc(head + size);
	container->header = (uint32) count | flag;
	w.entries = container->children;
	w.data = (char *) container + head;
	w.next = 0;
	w.offset = 0;
	for (int i = 0; keys && i < count; i++)
		write_member(&w, &keys[i]);
	for (int i = 0; i < count; i++)
		write_member(&w, &values[i]);

	out->type = jbvBinary;
	out->val.binary.data = container;
	out->val.binary.len = head + size;
}

static void
builder_free(ValueBuilder *b)
{
	if (b->values)
		pfree(b->values);
	if (b->keys)
		pfree(b->keys);
	memset(b, 0, sizeof(ValueBuilder));
}

void
value_array_finish(ValueBuilder *b, JsonbValue *out)
{
	if (b->count == 0)
		value_set_empty_array(out);
	else
		write_container(JB_FARRAY, b->count, NULL, b->values, out);
	builder_free(b);
}

/* jsonb's order of names, and the order of arrival among equal ones */
static int
name_compare(const JsonbValue *a, const JsonbValue *b)
{
	if (a->val.string.len != b->val.string.len)
		return a->val.string.len < b->val.string.len ? -1 : 1;
	return memcmp(a->val.string.val, b->val.string.val, a->val.string.len);
}

typedef struct Member
{
	JsonbValue	key;
	JsonbValue	value;
	int			arrival;
} Member;

static int
member_compare(const void *a, const void *b)
{
	const Member *x = (const Member *) a;
	const Member *y = (const Member *) b;
	int			cmp = name_compare(&x->key, &y->key);

	if (cmp == 0)
		cmp = x->arrival < y->arrival ? -1 : 1;
	return cmp;
}

/* Put the members into jsonb's order, each name once. */
static void
sort_members(ValueBuilder *b, bool first_wins)
{
	Member	   *members;
	int			kept = 0;

	members = (Member *) palloc_extended(b->count * sizeof(Member),
										 MCXT_ALLOC_HUGE);
	for (int i = 0; i < b->count; i++)
	{
		members[i].key = b->keys[i];
		members[i].value = b->values[i];
		members[i].arrival = i;
	}
	qsort(members, b->count, sizeof(Member), member_compare);
	for (int i = 0; i < b->count; i++)
	{
		bool		again = kept > 0 &&
			name_compare(&b->keys[kept - 1], &members[i].key) == 0;

		if (!again)
			b->keys[kept++] = members[i].key;
		if (!again || !first_wins)
			b->values[kept - 1] = members[i].value;
	}
	b->count = kept;
	pfree(members);
}

void
value_object_finish(ValueBuilder *b, bool first_wins, JsonbValue *out)
{
	bool		sorted = true;

	for (int i = 1; i < b->count && sorted; i++)
		sorted = name_compare(&b->keys[i - 1], &b->keys[i]) < 0;
	if (b->count == 0)
		value_set_empty_object(out);
	else
	{
		if (!sorted)
			sort_members(b, first_wins);
		write_container(JB_FOBJECT, b->count, b->keys, b->values, out);
	}
	builder_free(b);
}
