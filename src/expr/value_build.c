/*
 * value_build.c
 *		Builds arrays and objects of the expression language.
 *
 * PostgreSQL's pushJsonbValue() takes a container that is to become a member
 * apart and puts it together again.  Here members are collected as they are,
 * sorted where that is needed, and written as an image by jsonb/build.c.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "expr/value.h"
#include "jsonb/build.h"

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

static void
put_members(DocBuilder *b, DocFrame *f, const JsonbValue *members, int n)
{
	for (int i = 0; i < n; i++)
	{
		DocItem		item;

		doc_value_item(&members[i], &item);
		doc_put_item(b, f, &item);
	}
}

/* No more than what the members take, so that nothing has to be moved. */
static Size
size_of_members(const JsonbValue *members, int n)
{
	Size		size = n * 2 * sizeof(JEntry);

	for (int i = 0; i < n; i++)
	{
		DocItem		item;

		doc_value_item(&members[i], &item);
		size += item.len;
	}
	return size;
}

static void
write_container(int count, const JsonbValue *keys, const JsonbValue *values,
				JsonbValue *out)
{
	Size		size = size_of_members(values, count) + 2 * sizeof(uint32);
	DocBuilder	b;
	DocFrame	f;
	Jsonb	   *image;

	if (keys)
		size += size_of_members(keys, count);
	doc_build_init(&b, size);
	if (keys)
	{
		doc_open_object(&b, &f, count);
		put_members(&b, &f, keys, count);
	}
	else
		doc_open_array(&b, &f, count);
	put_members(&b, &f, values, count);
	doc_close(&b, &f, NULL);
	image = doc_build_finish(&b);

	out->type = jbvBinary;
	out->val.binary.data = &image->root;
	out->val.binary.len = VARSIZE(image) - VARHDRSZ;
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
		write_container(b->count, NULL, b->values, out);
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
		write_container(b->count, b->keys, b->values, out);
	}
	builder_free(b);
}
