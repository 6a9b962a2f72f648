/*
 * value.c
 *		What a value of the expression language is, how it compares, and how
 *		to read one out of a container.
 *
 * AQL knows six types and no error of type: every value has a truth value,
 * and any two values compare.  This file owns those rules; value_cast.c owns
 * the other casts and arithmetic, value_build.c the making of containers.  It
 * must not know expressions, functions, warnings or rows.
 *
 *		null  <  false  <  true  <  numbers  <  strings  <  arrays  <  objects
 *
 *		JsonbValue	jbvNull, jbvBool, jbvNumeric, jbvString
 *					jbvBinary -> JsonbContainer   (every array, every object)
 *
 * A container is read in place: a member's JEntry gives its type and length,
 * a running offset its place, so that a walk neither allocates nor copies.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "expr/value.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* attributes that a comparison of objects sorts without allocating */
#define ATTRIBUTE_SPACE		16

static int	object_compare(const JsonbValue *a, const JsonbValue *b);
static int	array_compare(const JsonbValue *a, const JsonbValue *b);
static bool object_equal(const JsonbValue *a, const JsonbValue *b);
static void member_fill(const JsonbContainer *container, const char *base,
						JEntry entry, uint32 offset, uint32 length,
						JsonbValue *out);

static const JsonbValue null_value = {.type = jbvNull};

/* An array or object, complete with the header that says "no members". */
static const uint32 empty_array_header = JB_FARRAY;
static const uint32 empty_object_header = JB_FOBJECT;

/* ----------
 * types and constructors
 * ----------
 */
ValueType
value_type(const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
			return VALUE_NULL;
		case jbvBool:
			return VALUE_BOOL;
		case jbvNumeric:
			return VALUE_NUMBER;
		case jbvString:
			return VALUE_STRING;
		case jbvBinary:
			return JsonContainerIsObject(v->val.binary.data) ?
				VALUE_OBJECT : VALUE_ARRAY;
		default:
			elog(ERROR, "unexpected jsonb value type: %d", (int) v->type);
			return VALUE_NULL;	/* keep the compiler quiet */
	}
}

const char *
value_typename(const JsonbValue *v)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",
		[VALUE_BOOL] = "bool",
		[VALUE_NUMBER] = "number",
		[VALUE_STRING] = "string",
		[VALUE_ARRAY] = "array",
		[VALUE_OBJECT] = "object",
	};

	return names[value_type(v)];
}

void
value_set_null(JsonbValue *v)
{
	v->type = jbvNull;
}

void
value_set_bool(JsonbValue *v, bool b)
{
	v->type = jbvBool;
	v->val.boolean = b;
}

void
value_set_numeric(JsonbValue *v, Numeric n)
{
	v->type = jbvNumeric;
	v->val.numeric = n;
}

void
value_set_int64(JsonbValue *v, int64 i)
{
	value_set_numeric(v, int64_to_numeric(i));
}

void
value_set_double(JsonbValue *v, double d)
{
	char		buf[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(d) || isinf(d))
	{
		value_set_null(v);
		return;
	}
	/* 2^53: below it a double's integers are exact */
	if (d == rint(d) && fabs(d) <= 9007199254740992.0)
	{
		value_set_int64(v, (int64) d);
		return;
	}
	double_to_shortest_decimal_buf(d, buf);
	value_set_numeric(v, DatumGetNumeric(DirectFunctionCall3(numeric_in,
															 CStringGetDatum(buf),
															 ObjectIdGetDatum(InvalidOid),
															 Int32GetDatum(-1))));
}

void
value_set_string(JsonbValue *v, const char *s, int len)
{
	v->type = jbvString;
	v->val.string.val = unconstify(char *, s);
	v->val.string.len = len;
}

void
value_set_empty_array(JsonbValue *v)
{
	v->type = jbvBinary;
	v->val.binary.data = (JsonbContainer *) unconstify(uint32 *, &empty_array_header);
	v->val.binary.len = sizeof(uint32);
}

void
value_set_empty_object(JsonbValue *v)
{
	v->type = jbvBinary;
	v->val.binary.data = (JsonbContainer *) unconstify(uint32 *, &empty_object_header);
	v->val.binary.len = sizeof(uint32);
}

void
value_from_jsonb(Jsonb *jb, JsonbValue *v)
{
	if (JB_ROOT_IS_SCALAR(jb))
		member_fill(&jb->root, (const char *) &jb->root.children[1],
					jb->root.children[0], 0,
					JBE_OFFLENFLD(jb->root.children[0]), v);
	else
	{
		v->type = jbvBinary;
		v->val.binary.data = &jb->root;
		v->val.binary.len = VARSIZE(jb) - VARHDRSZ;
	}
}

Jsonb *
value_to_jsonb(const JsonbValue *v)
{
	/* for the types that values have, core only reads its argument */
	return JsonbValueToJsonb(unconstify(JsonbValue *, v));
}

Datum
value_text_datum(const JsonbValue *v)
{
	return PointerGetDatum(cstring_to_text_with_len(v->val.string.val,
													v->val.string.len));
}

void
value_copy(const JsonbValue *v, JsonbValue *out)
{
	*out = *v;
	switch (v->type)
	{
		case jbvNumeric:
			out->val.numeric = (Numeric) palloc(VARSIZE_ANY(v->val.numeric));
			memcpy(out->val.numeric, v->val.numeric, VARSIZE_ANY(v->val.numeric));
			break;
		case jbvString:
			out->val.string.val = (char *) palloc(v->val.string.len + 1);
			memcpy(out->val.string.val, v->val.string.val, v->val.string.len);
			out->val.string.val[v->val.string.len] = '\0';
			break;
		case jbvBinary:
			out->val.binary.data = (JsonbContainer *) palloc(v->val.binary.len);
			memcpy(out->val.binary.data, v->val.binary.data, v->val.binary.len);
			break;
		default:
			break;
	}
}

/* ----------
 * truth and order
 * ----------
 */
int
number_compare(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a),
											 NumericGetDatum(b)));
}

bool
value_truthy(const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
			return false;
		case jbvBool:
			return v->val.boolean;
		case jbvString:
			return v->val.string.len > 0;
		case jbvNumeric:
			return number_compare(v->val.numeric, int64_to_numeric(0)) != 0;
		default:
			return true;
	}
}

/* Code point order is byte order: in UTF-8, and by definition of COLLATE "C". */
static int
string_compare(const char *a, int alen, const char *b, int blen)
{
	int			cmp = memcmp(a, b, Min(alen, blen));

	if (cmp == 0)
		cmp = (alen > blen) - (alen < blen);
	return (cmp > 0) - (cmp < 0);
}

int
value_compare(const JsonbValue *a, const JsonbValue *b)
{
	ValueType	atype = value_type(a);
	ValueType	btype = value_type(b);

	if (atype != btype)
		return atype < btype ? -1 : 1;

	switch (atype)
	{
		case VALUE_NULL:
			return 0;
		case VALUE_BOOL:
			return (int) a->val.boolean - (int) b->val.boolean;
		case VALUE_NUMBER:
			return number_compare(a->val.numeric, b->val.numeric);
		case VALUE_STRING:
			return string_compare(a->val.string.val, a->val.string.len,
								  b->val.string.val, b->val.string.len);
		case VALUE_ARRAY:
			return array_compare(a, b);
		case VALUE_OBJECT:
			return object_compare(a, b);
	}
	pg_unreachable();
}

bool
value_equal(const JsonbValue *a, const JsonbValue *b)
{
	/* the same bytes are the same value; different bytes prove nothing */
	if (a->type == jbvBinary && b->type == jbvBinary &&
		a->val.binary.len == b->val.binary.len &&
		memcmp(a->val.binary.data, b->val.binary.data, a->val.binary.len) == 0)
		return true;
	if (a->type != b->type)
		return false;
	if (a->type == jbvString)
		return a->val.string.len == b->val.string.len &&
			memcmp(a->val.string.val, b->val.string.val,
				   a->val.string.len) == 0;
	if (a->type == jbvBinary && value_type(a) == VALUE_OBJECT &&
		value_type(b) == VALUE_OBJECT)
		return object_equal(a, b);
	return value_compare(a, b) == 0;
}

static int
array_compare(const JsonbValue *a, const JsonbValue *b)
{
	ValueIter	ait,
				bit;

	check_stack_depth();
	value_iter_init(&ait, a);
	value_iter_init(&bit, b);
	for (;;)
	{
		JsonbValue	aelem = null_value;
		JsonbValue	belem = null_value;
		bool		amore = value_iter_next(&ait, NULL, &aelem);
		bool		bmore = value_iter_next(&bit, NULL, &belem);
		int			cmp;

		if (!amore && !bmore)
			return 0;
		cmp = value_compare(&aelem, &belem);
		if (cmp != 0)
			return cmp;
	}
}

/* One attribute of an object, for sorting by name. */
typedef struct Attribute
{
	JsonbValue	name;
	JsonbValue	value;
} Attribute;

static int
attribute_name_compare(const JsonbValue *a, const JsonbValue *b)
{
	return string_compare(a->val.string.val, a->val.string.len,
						  b->val.string.val, b->val.string.len);
}

static int
attribute_qsort_compare(const void *a, const void *b)
{
	return attribute_name_compare(&((const Attribute *) a)->name,
								  &((const Attribute *) b)->name);
}

/*
 * jsonb keeps names by length first; the language orders them as strings.
 * The result is in space if that has room for it, else palloc'd.
 */
static Attribute *
attributes_by_name(const JsonbValue *object, Attribute *space, int *count)
{
	ValueIter	it;
	Attribute  *result = space;
	int			n = 0;

	value_iter_init(&it, object);
	if (it.count > ATTRIBUTE_SPACE)
		result = (Attribute *) palloc(sizeof(Attribute) * it.count);
	while (value_iter_next(&it, &result[n].name, &result[n].value))
		n++;
	qsort(result, n, sizeof(Attribute), attribute_qsort_compare);
	*count = n;
	return result;
}

static int
object_compare(const JsonbValue *a, const JsonbValue *b)
{
	Attribute	aspace[ATTRIBUTE_SPACE];
	Attribute	bspace[ATTRIBUTE_SPACE];
	Attribute  *aattrs,
			   *battrs;
	int			na,
				nb,
				i = 0,
				j = 0,
				result = 0;

	check_stack_depth();
	aattrs = attributes_by_name(a, aspace, &na);
	battrs = attributes_by_name(b, bspace, &nb);
	while (result == 0 && (i < na || j < nb))
	{
		int			cmp;

		if (i == na)
			cmp = 1;
		else if (j == nb)
			cmp = -1;
		else
			cmp = attribute_name_compare(&aattrs[i].name, &battrs[j].name);

		/* a name that only one side has is null on the other */
		result = value_compare(cmp <= 0 ? &aattrs[i].value : &null_value,
							   cmp >= 0 ? &battrs[j].value : &null_value);
		if (cmp <= 0)
			i++;
		if (cmp >= 0)
			j++;
	}
	if (aattrs != aspace)
		pfree(aattrs);
	if (battrs != bspace)
		pfree(battrs);
	return result;
}

/*
 * Equality does not depend on the order of names, so it can walk both objects
 * in jsonb's own order: by length, then bytes.
 */
static bool
object_equal(const JsonbValue *a, const JsonbValue *b)
{
	ValueIter	ait,
				bit;
	JsonbValue	akey,
				bkey,
				avalue,
				bvalue;
	bool		amore,
				bmore;

	check_stack_depth();
	value_iter_init(&ait, a);
	value_iter_init(&bit, b);
	amore = value_iter_next(&ait, &akey, &avalue);
	bmore = value_iter_next(&bit, &bkey, &bvalue);
	while (amore || bmore)
	{
		int			cmp;

		if (!amore)
			cmp = 1;
		else if (!bmore)
			cmp = -1;
		else if (akey.val.string.len != bkey.val.string.len)
			cmp = akey.val.string.len < bkey.val.string.len ? -1 : 1;
		else
			cmp = memcmp(akey.val.string.val, bkey.val.string.val,
						 akey.val.string.len);

		if (!value_equal(cmp <= 0 ? &avalue : &null_value,
						 cmp >= 0 ? &bvalue : &null_value))
			return false;
		if (cmp <= 0)
			amore = value_iter_next(&ait, &akey, &avalue);
		if (cmp >= 0)
			bmore = value_iter_next(&bit, &bkey, &bvalue);
	}
	return true;
}

/*
 * Equal arrays may differ in trailing nulls and equal objects in null
 * attributes, so nulls inside containers must not contribute.
 */
uint32
value_hash(const JsonbValue *v)
{
	uint32		hash = (uint32) value_type(v);
	ValueIter	it;
	JsonbValue	key,
				member;

	switch (value_type(v))
	{
		case VALUE_NULL:
			return hash;
		case VALUE_BOOL:
			return hash_combine(hash, v->val.boolean ? 1 : 0);
		case VALUE_NUMBER:
			return hash_combine(hash,
								DatumGetUInt32(DirectFunctionCall1(hash_numeric,
																   NumericGetDatum(v->val.numeric))));
		case VALUE_STRING:
			return hash_combine(hash,
								hash_bytes((const unsigned char *) v->val.string.val,
										   v->val.string.len));
		case VALUE_ARRAY:
		case VALUE_OBJECT:
			check_stack_depth();
			value_iter_init(&it, v);
			for (int i = 0; value_iter_next(&it, &key, &member); i++)
			{
				uint32		h;

				if (member.type == jbvNull)
					continue;
				h = hash_combine(value_hash(&member),
								 key.type == jbvString ?
								 value_hash(&key) : (uint32) i);
				hash = hash_combine(hash, h);
			}
			return hash;
	}
	pg_unreachable();
}

/* ----------
 * reading containers
 * ----------
 */

/* A member from its JEntry; offset and length are of its data, with padding. */
static void
member_fill(const JsonbContainer *container, const char *base, JEntry entry,
			uint32 offset, uint32 length, JsonbValue *out)
{
	switch (entry & JENTRY_TYPEMASK)
	{
		case JENTRY_ISNULL:
			out->type = jbvNull;
			break;
		case JENTRY_ISSTRING:
			value_set_string(out, base + offset, length);
			break;
		case JENTRY_ISNUMERIC:
			out->type = jbvNumeric;
			out->val.numeric = (Numeric) unconstify(char *, base + INTALIGN(offset));
			break;
		case JENTRY_ISBOOL_TRUE:
			value_set_bool(out, true);
			break;
		case JENTRY_ISBOOL_FALSE:
			value_set_bool(out, false);
			break;
		case JENTRY_ISCONTAINER:
			out->type = jbvBinary;
			out->val.binary.data = (JsonbContainer *)
				unconstify(char *, base + INTALIGN(offset));
			out->val.binary.len = length - (INTALIGN(offset) - offset);
			break;
		default:
			elog(ERROR, "unexpected jsonb entry type: %08x", entry);
	}
}

int
value_count(const JsonbValue *v)
{
	return v->type == jbvBinary ? JsonContainerSize(v->val.binary.data) : 0;
}

bool
value_attribute(const JsonbValue *v, const char *name, int len, JsonbValue *out)
{
	if (v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data) &&
		getKeyJsonValueFromContainer(v->val.binary.data, name, len, out) != NULL)
		return true;
	value_set_null(out);
	return false;
}

bool
value_index(const JsonbValue *v, int64 i, JsonbValue *out)
{
	JsonbContainer *container;
	int64		count;

	value_set_null(out);
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		return false;
	container = v->val.binary.data;
	count = JsonContainerSize(container);
	if (i < 0)
		i += count;
	if (i < 0 || i >= count)
		return false;
	member_fill(container, (const char *) &container->children[count],
				container->children[i], getJsonbOffset(container, i),
				getJsonbLength(container, i), out);
	return true;
}

void
value_iter_init(ValueIter *it, const JsonbValue *v)
{
	bool		object;

	memset(it, 0, sizeof(ValueIter));
	if (v->type != jbvBinary)
		return;
	it->container = v->val.binary.data;
	it->count = JsonContainerSize(it->container);
	object = JsonContainerIsObject(it->container);
	it->base = (const char *) &it->container->children[object ? 2 * it->count : it->count];
	if (object && it->count > 0)
		it->value_offset = getJsonbOffset(it->container, it->count);
}

/* The length of the member whose entry is at offset; moves the offset past it */
static inline uint32
entry_advance(JEntry entry, uint32 *offset)
{
	uint32		start = *offset;

	JBE_ADVANCE_OFFSET(*offset, entry);
	return *offset - start;
}

bool
value_iter_next(ValueIter *it, JsonbValue *key, JsonbValue *value)
{
	int			i = it->next;
	int			value_entry = i;
	uint32		start;
	uint32		length;

	if (i >= it->count)
		return false;
	CHECK_FOR_INTERRUPTS();
	it->next++;

	if (JsonContainerIsObject(it->container))
	{
		start = it->key_offset;
		length = entry_advance(it->container->children[i], &it->key_offset);
		if (key)
			value_set_string(key, it->base + start, length);
		value_entry = i + it->count;
	}
	else if (key)
		value_set_null(key);

	start = it->value_offset;
	length = entry_advance(it->container->children[value_entry],
						   &it->value_offset);
	member_fill(it->container, it->base,
				it->container->children[value_entry], start, length, value);
	return true;
}
