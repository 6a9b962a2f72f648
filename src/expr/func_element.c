/*
 * func_element.c
 *		Functions that find the elements of an array by their key, as a
 *		collection finds its documents:
 *
 *		UPSERT_BY([{sku: 1, n: 1}], "sku", {sku: 1, m: 2})
 *			[{sku: 1, n: 1, m: 2}]			found: merged where it stands
 *		UPSERT_BY([{sku: 1, n: 1}], "sku", {sku: 2})
 *			[{sku: 1, n: 1}, {sku: 2}]		not found: appended
 *
 * A key is an attribute's name or an array of names; keys are equal as values
 * of the language are.  Of several elements with one key the first is changed,
 * and all are removed.  Elements that are no objects, or have no key, are left
 * alone.  Knows arrays in memory and nothing else.
 */
#include "postgres.h"

#include "expr/func_util.h"
#include "jsonb/doc.h"
#include "miscadmin.h"

/* names that make a key */
#define MAX_NAMES	32

typedef struct Key
{
	int			count;
	JsonbValue	names[MAX_NAMES];
} Key;

/* An array that can be changed. */
typedef struct Elements
{
	int			count;
	int			space;
	JsonbValue *values;
} Elements;

/* Take the argument for the names of a key. */
static bool
key_arg(const JsonbValue *v, Key *key)
{
	ValueIter	it;
	JsonbValue	name;

	key->count = 0;
	if (v->type == jbvString)
	{
		key->names[key->count++] = *v;
		return true;
	}
	if (value_type(v) != VALUE_ARRAY)
		return false;
	value_iter_init(&it, v);
	while (value_iter_next(&it, NULL, &name))
	{
		if (name.type != jbvString || key->count == MAX_NAMES)
			return false;
		key->names[key->count++] = name;
	}
	return key->count > 0;
}

/* The part of a key that an element has; false if it is null or absent. */
static bool
key_part(const JsonbValue *element, const JsonbValue *name, JsonbValue *part)
{
	return value_type(element) == VALUE_OBJECT &&
		value_attribute(element, name->val.string.val, name->val.string.len,
						part) && part->type != jbvNull;
}

static bool
has_key(const JsonbValue *element, const Key *key)
{
	JsonbValue	part;

	for (int i = 0; i < key->count; i++)
	{
		if (!key_part(element, &key->names[i], &part))
			return false;
	}
	return true;
}

static bool
same_key(const JsonbValue *a, const JsonbValue *b, const Key *key)
{
	JsonbValue	x;
	JsonbValue	y;

	for (int i = 0; i < key->count; i++)
	{
		if (!key_part(a, &key->names[i], &x) ||
			!key_part(b, &key->names[i], &y) || !value_equal(&x, &y))
			return false;
	}
	return true;
}

static void
add_element(Elements *elements, const JsonbValue *value)
{
	if (elements->count == elements->space)
	{
		elements->space = Max(elements->space * 2, 16);
		elements->values = elements->values == NULL ?
			palloc(sizeof(JsonbValue) * elements->space) :
			repalloc_huge(elements->values,
						  sizeof(JsonbValue) * elements->space);
	}
	elements->values[elements->count++] = *value;
}

static void
read_elements(const JsonbValue *array, Elements *elements)
{
	ValueIter	it;
	JsonbValue	value;

	memset(elements, 0, sizeof(Elements));
	value_iter_init(&it, array);
	while (value_type(array) == VALUE_ARRAY &&
		   value_iter_next(&it, NULL, &value))
		add_element(elements, &value);
}

static void
return_elements(const Elements *elements, JsonbValue *result)
{
	ValueBuilder b;

	value_array_begin(&b);
	for (int i = 0; i < elements->count; i++)
		value_array_add(&b, &elements->values[i]);
	value_array_finish(&b, result);
}

/* Merge a change into the first element that has its key. */
static bool
change_element(Elements *elements, const Key *key, const JsonbValue *change,
			   bool deep)
{
	for (int i = 0; i < elements->count; i++)
	{
		JsonbValue *element = &elements->values[i];

		CHECK_FOR_INTERRUPTS();
		if (!same_key(element, change, key))
			continue;
		value_from_jsonb(doc_merge(value_to_jsonb(element),
								   value_to_jsonb(change), true, deep),
						 element);
		return true;
	}
	return false;
}

/*
 * UPSERT_BY and UPDATE_BY: (array, key, element or elements[, deep]).  null is
 * an empty array.
 */
static void
change_by(ExprCall *call, bool insert, JsonbValue *result)
{
	Elements	elements;
	Elements	changes;
	Key			key;

	if (!func_arg_is_array(call, 0) && call->args[0].type != jbvNull)
	{
		func_array_expected(call, result);
		return;
	}
	read_elements(&call->args[0], &elements);
	if (func_arg_is_array(call, 2))
		read_elements(&call->args[2], &changes);
	else
	{
		memset(&changes, 0, sizeof(changes));
		add_element(&changes, &call->args[2]);
	}
	if (!key_arg(&call->args[1], &key))
	{
		func_invalid_argument(call, result);
		return;
	}
	for (int i = 0; i < changes.count; i++)
	{
		if (!has_key(&changes.values[i], &key))
		{
			func_invalid_argument(call, result);
			return;
		}
		if (!change_element(&elements, &key, &changes.values[i],
							func_arg_truthy(call, 3)) && insert)
			add_element(&elements, &changes.values[i]);
	}
	return_elements(&elements, result);
}

static void
fn_upsert_by(ExprCall *call, JsonbValue *result)
{
	change_by(call, true, result);
}

static void
fn_update_by(ExprCall *call, JsonbValue *result)
{
	change_by(call, false, result);
}

/* Is it the element that is meant by a value of its key, or by its like? */
static bool
is_meant(const JsonbValue *element, const Key *key, const JsonbValue *by)
{
	JsonbValue	part;

	if (value_type(by) == VALUE_OBJECT)
		return same_key(element, by, key);
	return key->count == 1 && key_part(element, &key->names[0], &part) &&
		value_equal(&part, by);
}

/*
 * REMOVE_BY: (array, key, value, or object that has the key, or an array of
 * these)
 */
static void
fn_remove_by(ExprCall *call, JsonbValue *result)
{
	Elements	elements;
	Elements	meant;
	Elements	rest = {0};
	Key			key;

	if (!func_arg_is_array(call, 0) && call->args[0].type != jbvNull)
	{
		func_array_expected(call, result);
		return;
	}
	if (!key_arg(&call->args[1], &key))
	{
		func_invalid_argument(call, result);
		return;
	}
	read_elements(&call->args[0], &elements);
	if (func_arg_is_array(call, 2))
		read_elements(&call->args[2], &meant);
	else
	{
		memset(&meant, 0, sizeof(meant));
		add_element(&meant, &call->args[2]);
	}
	for (int i = 0; i < elements.count; i++)
	{
		bool		gone = false;

		for (int k = 0; k < meant.count && !gone; k++)
		{
			CHECK_FOR_INTERRUPTS();
			gone = is_meant(&elements.values[i], &key, &meant.values[k]);
		}
		if (!gone)
			add_element(&rest, &elements.values[i]);
	}
	return_elements(&rest, result);
}

const ExprFunctionDef func_element_table[] = {
	{"UPSERT_BY", 3, 4, 0, fn_upsert_by},
	{"UPDATE_BY", 3, 4, 0, fn_update_by},
	{"REMOVE_BY", 3, 3, 0, fn_remove_by},
	{NULL}
};
