/*
 * value_jsonb.c
 *		The value model of the JSON-LD processor, from and to jsonb.
 *
 * Owns the conversion: linear in the size of the document, with no step
 * between.  Reading walks the JEntries directly: iterators would allocate for
 * each container.  Writing puts the image (jsonb/build.h) in one pass, with
 * the members of an object in the order of jsonb's keys.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "call/excerpt.h"
#include "jsonb/build.h"
#include "jsonld/value.h"

/* objects of up to so many members are put in order on the stack */
#define SMALL_OBJECT	16

static JldValue *from_entry(JsonbContainer *jc, char *base, uint32 offset,
							int entry);
static Size image_size(const JldValue *v);
static void scalar_item(const JldValue *v, DocItem *item);
static void put_value(DocBuilder *b, DocFrame *f, const JldValue *v);
static void put_array(DocBuilder *b, DocFrame *parent, const JldValue *v);
static void put_object(DocBuilder *b, DocFrame *parent, const JldValue *v);
static void key_order(const JldValue *object, int *order);

/* --- from jsonb ----------------------------------------------------------- */

JldValue *
jld_from_jsonb(Jsonb *jb)
{
	JldValue   *v = jld_from_container(&jb->root);

	/* a scalar is stored as an array of one */
	return JB_ROOT_IS_SCALAR(jb) ? v->u.items[0] : v;
}

JldValue *
jld_from_value(const JsonbValue *value)
{
	JsonbValue	copy = *value;

	return jld_from_jsonb(JsonbValueToJsonb(&copy));
}

bool
jld_string_of(const JsonbValue *value, JldStr *s)
{
	if (value->type != jbvString)
		return false;
	*s = (JldStr) {value->val.string.val, value->val.string.len};
	return true;
}

JldValue *
jld_from_container(JsonbContainer *jc)
{
	int			n = JsonContainerSize(jc);
	uint32		offset = 0;
	JldValue   *v;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (JsonContainerIsObject(jc))
	{
		char	   *base = (char *) &jc->children[n * 2];

		v = jld_new_object(n);
		for (int i = 0; i < n; i++)
		{
			uint32		start = offset;

			JBE_ADVANCE_OFFSET(offset, jc->children[i]);
			v->u.object.members[i].key.data = base + start;
			v->u.object.members[i].key.len = offset - start;
		}
		for (int i = 0; i < n; i++)
		{
			v->u.object.members[i].value = from_entry(jc, base, offset, n + i);
			JBE_ADVANCE_OFFSET(offset, jc->children[n + i]);
		}
		v->n = n;
		jld_reindex(v);
	}
	else
	{
		char	   *base = (char *) &jc->children[n];

		v = jld_new_array(n);
		for (int i = 0; i < n; i++)
		{
			v->u.items[i] = from_entry(jc, base, offset, i);
			JBE_ADVANCE_OFFSET(offset, jc->children[i]);
		}
		v->n = n;
	}
	return v;
}

/* the value of one JEntry, whose data start at offset */
static JldValue *
from_entry(JsonbContainer *jc, char *base, uint32 offset, int entry)
{
	JEntry		je = jc->children[entry];
	uint32		end = offset;

	if (JBE_ISSTRING(je))
	{
		JBE_ADVANCE_OFFSET(end, je);
		return jld_new_string((JldStr) {base + offset, end - offset});
	}
	if (JBE_ISCONTAINER(je))
		return jld_from_container((JsonbContainer *) (base + INTALIGN(offset)));
	if (JBE_ISNUMERIC(je))
		return jld_new_number((Numeric) (base + INTALIGN(offset)));
	if (JBE_ISNULL(je))
		return &jld_null;
	return jld_new_bool(JBE_ISBOOL_TRUE(je));
}

/* --- to jsonb ------------------------------------------------------------- */

Jsonb *
jld_to_jsonb(const JldValue *v)
{
	DocBuilder	b;
	DocItem		item;

	if (v->type == JLD_ARRAY || v->type == JLD_OBJECT)
	{
		Size		size = VARHDRSZ + image_size(v);

		doc_build_init_at(&b, jld_alloc_large(size), size);
		if (v->type == JLD_ARRAY)
			put_array(&b, NULL, v);
		else
			put_object(&b, NULL, v);
		return doc_build_finish(&b);
	}
	scalar_item(v, &item);
	return doc_from_item(&item);
}

/*
 * At least what the image of an array or object takes: with the whole of it in
 * place beforehand nothing is moved while it grows.
 */
static Size
image_size(const JldValue *v)
{
	bool		is_object = v->type == JLD_OBJECT;
	Size		size = 2 * sizeof(uint32) + sizeof(JEntry) * (Size) v->n * (is_object ? 2 : 1);

	check_stack_depth();
	for (int i = 0; i < v->n; i++)
	{
		const JldValue *item = is_object ? v->u.object.members[i].value : v->u.items[i];

		if (is_object)
			size += v->u.object.members[i].key.len;
		if (item->type == JLD_STRING)
			size += item->u.string.len;
		else if (item->type == JLD_NUMBER)
			size += VARSIZE_ANY(item->u.number) + sizeof(uint32);
		else if (item->type == JLD_ARRAY || item->type == JLD_OBJECT)
			size += image_size(item);
	}
	return size;
}

static void
scalar_item(const JldValue *v, DocItem *item)
{
	item->len = 0;
	item->data = NULL;
	switch (v->type)
	{
		case JLD_NULL:
			item->type = JENTRY_ISNULL;
			break;
		case JLD_BOOL:
			item->type = v->u.boolean ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
			break;
		case JLD_NUMBER:
			item->type = JENTRY_ISNUMERIC;
			item->len = VARSIZE_ANY(v->u.number);
			item->data = (const char *) v->u.number;
			break;
		default:
			Assert(v->type == JLD_STRING);
			doc_string_item(item, v->u.string.data, v->u.string.len);
			break;
	}
}

static void
put_value(DocBuilder *b, DocFrame *f, const JldValue *v)
{
	DocItem		item;

	if (v->type == JLD_ARRAY)
		put_array(b, f, v);
	else if (v->type == JLD_OBJECT)
		put_object(b, f, v);
	else
	{
		scalar_item(v, &item);
		doc_put_item(b, f, &item);
	}
}

static void
put_array(DocBuilder *b, DocFrame *parent, const JldValue *v)
{
	DocFrame	f;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	doc_open_array(b, &f, v->n);
	for (int i = 0; i < v->n; i++)
		put_value(b, &f, v->u.items[i]);
	doc_close(b, &f, parent);
}

static void
put_object(DocBuilder *b, DocFrame *parent, const JldValue *v)
{
	DocFrame	f;
	DocItem		item;
	int			small[SMALL_OBJECT];
	int		   *order = v->n <= SMALL_OBJECT ? small : palloc(sizeof(int) * v->n);

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	key_order(v, order);
	doc_open_object(b, &f, v->n);
	for (int i = 0; i < v->n; i++)
	{
		JldStr		key = v->u.object.members[order[i]].key;

		doc_string_item(&item, key.data, key.len);
		doc_put_item(b, &f, &item);
	}
	for (int i = 0; i < v->n; i++)
		put_value(b, &f, v->u.object.members[order[i]].value);
	doc_close(b, &f, parent);
	if (order != small)
		pfree(order);
}

/* jsonb's order of keys: shorter first, then by bytes */
static inline int
compare_keys(JldStr a, JldStr b)
{
	if (a.len != b.len)
		return a.len > b.len ? 1 : -1;
	return memcmp(a.data, b.data, a.len);
}

static int
compare_member_keys(const void *a, const void *b, void *members)
{
	const JldMember *m = members;

	return compare_keys(m[*(const int *) a].key, m[*(const int *) b].key);
}

/* the numbers of the members in that order; most come nearly so */
static void
key_order(const JldValue *object, int *order)
{
	JldMember  *m = object->u.object.members;

	for (int i = 0; i < object->n; i++)
	{
		int			k = i;

		order[i] = i;
		if (object->n > SMALL_OBJECT)
			continue;
		for (; k > 0 && compare_keys(m[order[k - 1]].key, m[i].key) > 0; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	if (object->n > SMALL_OBJECT)
		qsort_arg(order, object->n, sizeof(int), compare_member_keys, m);
}

Jsonb *
jld_jsonb_copy(const Jsonb *jb)
{
	Jsonb	   *copy = palloc_extended(VARSIZE(jb), MCXT_ALLOC_HUGE);

	memcpy(copy, jb, VARSIZE(jb));
	return copy;
}

char *
jld_excerpt(const JldValue *v)
{
	return excerpt_jsonb(jld_to_jsonb(v));
}
