/*
 * func_document.c
 *		Functions over objects: their attributes, their merger, their names,
 *		and their text.
 *
 * Attribute order is jsonb's (by length of the name, then its bytes): jsonb
 * does not remember another.  Functions that read stored documents have a
 * name and an arity here but no C function: the executor supplies it.
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "compat.h"
#include "expr/func_util.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* ----------
 * attributes
 * ----------
 */
static void
fn_has(ExprCall *call, JsonbValue *result)
{
	FuncText	name = func_text(&call->args[1]);
	JsonbValue	ignored;

	value_set_bool(result, value_attribute(&call->args[0], name.data, name.len,
										   &ignored));
}

/* System attributes begin with an underscore. */
static bool
is_internal(const JsonbValue *key)
{
	return key->val.string.len > 0 && key->val.string.val[0] == '_';
}

static int
qsort_compare(const void *a, const void *b)
{
	return value_compare((const JsonbValue *) a, (const JsonbValue *) b);
}

/* The names or the values of an object's attributes. */
static void
list_attributes(ExprCall *call, bool names, bool sort, JsonbValue *result)
{
	bool		skip_internal = func_arg_truthy(call, 1);
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	key,
				value;

	if (!func_arg_is_object(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_array_begin(&b);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, &key, &value))
		if (!(skip_internal && is_internal(&key)))
			value_array_add(&b, names ? &key : &value);
	if (sort && b.count > 1)
		qsort(b.values, b.count, sizeof(JsonbValue), qsort_compare);
	value_array_finish(&b, result);
}

static void
fn_attributes(ExprCall *call, JsonbValue *result)
{
	list_attributes(call, true, func_arg_truthy(call, 2), result);
}

static void
fn_values(ExprCall *call, JsonbValue *result)
{
	list_attributes(call, false, false, result);
}

/* ENTRIES: pairs of name and value */
static void
fn_entries(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	ValueBuilder entries;
	JsonbValue	name;
	JsonbValue	value;
	JsonbValue	entry;

	if (!func_arg_is_object(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_array_begin(&entries);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, &name, &value))
	{
		ValueBuilder pair;

		value_array_begin(&pair);
		value_array_add(&pair, &name);
		value_array_add(&pair, &value);
		value_array_finish(&pair, &entry);
		value_array_add(&entries, &entry);
	}
	value_array_finish(&entries, result);
}

/* VALUE(document, path): as document.a[1].b, with the path as an array */
static void
fn_value(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	step;
	JsonbValue	at = call->args[0];

	if (!func_arg_is_object(call, 0) || !func_arg_is_array(call, 1))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_iter_init(&it, &call->args[1]);
	while (value_iter_next(&it, NULL, &step))
	{
		JsonbValue	next;

		if (step.type == jbvString)
			(void) value_attribute(&at, step.val.string.val,
								   step.val.string.len, &next);
		else if (step.type == jbvNumeric && value_type(&at) == VALUE_ARRAY)
			(void) value_index(&at, value_to_int64(&step), &next);
		else if (step.type == jbvNumeric)
		{
			FuncText	name = func_text(&step);

			(void) value_attribute(&at, name.data, name.len, &next);
		}
		else
		{
			func_invalid_argument(call, result);
			return;
		}
		at = next;
	}
	*result = at;
}

/*
 * The names that the arguments from the second on give: strings, numbers, and
 * arrays of strings.
 */
static FuncSet *
named_attributes(ExprCall *call)
{
	FuncSet    *names = func_set_create(call->nargs);

	for (int i = 1; i < call->nargs; i++)
	{
		JsonbValue	name;
		ValueIter	it;
		FuncText	text;

		switch (value_type(&call->args[i]))
		{
			case VALUE_STRING:
			case VALUE_NUMBER:
				text = func_text(&call->args[i]);
				value_set_string(&name, text.data, text.len);
				(void) func_set_add(names, &name);
				break;
			case VALUE_ARRAY:
				value_iter_init(&it, &call->args[i]);
				while (value_iter_next(&it, NULL, &name))
				{
					if (name.type == jbvString)
						(void) func_set_add(names, &name);
					else
						func_warn(call, EXPR_WARN_INVALID_ARGUMENT_TYPE);
				}
				break;
			default:
				break;
		}
	}
	return names;
}

/* A copy of the object with (keep) or without (!keep) the named attributes. */
static void
select_attributes(const JsonbValue *object, const FuncSet *names, bool keep,
				  bool recursive, JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	key,
				value;

	check_stack_depth();
	value_object_begin(&b);
	value_iter_init(&it, object);
	while (value_iter_next(&it, &key, &value))
	{
		if (func_set_contains(names, &key) != keep)
			continue;
		if (recursive && value_type(&value) == VALUE_OBJECT)
		{
			JsonbValue	inner = value;

			select_attributes(&inner, names, keep, true, &value);
		}
		value_object_put(&b, key.val.string.val, key.val.string.len, &value);
	}
	value_object_finish(&b, false, result);
}

static void
select_of_call(ExprCall *call, bool keep, bool recursive, JsonbValue *result)
{
	if (func_arg_is_object(call, 0))
		select_attributes(&call->args[0], named_attributes(call), keep,
						  recursive, result);
	else
		func_invalid_argument(call, result);
}

static void
fn_unset(ExprCall *call, JsonbValue *result)
{
	select_of_call(call, false, false, result);
}

static void
fn_unset_recursive(ExprCall *call, JsonbValue *result)
{
	select_of_call(call, false, true, result);
}

static void
fn_keep(ExprCall *call, JsonbValue *result)
{
	select_of_call(call, true, false, result);
}

static void
fn_keep_recursive(ExprCall *call, JsonbValue *result)
{
	select_of_call(call, true, true, result);
}

/* ----------
 * putting together
 * ----------
 */

/*
 * Right over left.  With deep, where both sides have an object under a name
 * the two are merged in their turn.
 */
static void
merge_objects(const JsonbValue *left, const JsonbValue *right, bool deep,
			  JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	key,
				value,
				old,
				merged;

	check_stack_depth();
	value_object_begin(&b);
	value_iter_init(&it, left);
	while (value_iter_next(&it, &key, &value))
		value_object_put(&b, key.val.string.val, key.val.string.len, &value);
	value_iter_init(&it, right);
	while (value_iter_next(&it, &key, &value))
	{
		if (deep && value_type(&value) == VALUE_OBJECT &&
			value_attribute(left, key.val.string.val, key.val.string.len,
							&old) &&
			value_type(&old) == VALUE_OBJECT)
		{
			merge_objects(&old, &value, true, &merged);
			value = merged;
		}
		value_object_put(&b, key.val.string.val, key.val.string.len, &value);
	}
	value_object_finish(&b, false, result);
}

/* Merge the arguments, or the members of a lone array. */
static void
merge_of_call(ExprCall *call, bool deep, JsonbValue *result)
{
	bool		lone_array = call->nargs == 1 && func_arg_is_array(call, 0);
	int			count = lone_array ? value_count(&call->args[0]) : call->nargs;
	ValueIter	it;
	JsonbValue	member,
				merged;

	value_set_empty_object(&merged);
	if (lone_array)
		value_iter_init(&it, &call->args[0]);
	for (int i = 0; i < count; i++)
	{
		JsonbValue	so_far = merged;

		if (lone_array)
			(void) value_iter_next(&it, NULL, &member);
		else
			member = call->args[i];
		if (value_type(&member) != VALUE_OBJECT)
		{
			func_invalid_argument(call, result);
			return;
		}
		if (i == 0)
			merged = member;
		else
			merge_objects(&so_far, &member, deep, &merged);
	}
	*result = merged;
}

static void
fn_merge(ExprCall *call, JsonbValue *result)
{
	merge_of_call(call, false, result);
}

static void
fn_merge_recursive(ExprCall *call, JsonbValue *result)
{
	merge_of_call(call, true, result);
}

/* ZIP: of a name that comes twice, the first value counts */
static void
fn_zip(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	names,
				values;
	JsonbValue	name,
				value;

	if (!func_arg_is_array(call, 0) || !func_arg_is_array(call, 1) ||
		value_count(&call->args[0]) != value_count(&call->args[1]))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_object_begin(&b);
	value_iter_init(&names, &call->args[0]);
	value_iter_init(&values, &call->args[1]);
	while (value_iter_next(&names, NULL, &name) &&
		   value_iter_next(&values, NULL, &value))
	{
		FuncText	text = func_text(&name);

		value_object_put(&b, text.data, text.len, &value);
	}
	value_object_finish(&b, true, result);
}

/* TRANSLATE: the value's entry in a dictionary, else the default or itself */
static void
fn_translate(ExprCall *call, JsonbValue *result)
{
	FuncText	name = func_text(&call->args[0]);

	if (!func_arg_is_object(call, 1))
		func_invalid_argument(call, result);
	else if (!value_attribute(&call->args[1], name.data, name.len, result))
		*result = call->nargs > 2 ? call->args[2] : call->args[0];
}

/* ----------
 * documents
 * ----------
 */

/* Does every attribute of the example equal the document's? */
static bool
matches_example(const JsonbValue *document, const JsonbValue *example)
{
	ValueIter	it;
	JsonbValue	key,
				wanted,
				found;

	value_iter_init(&it, example);
	while (value_iter_next(&it, &key, &wanted))
	{
		(void) value_attribute(document, key.val.string.val,
							   key.val.string.len, &found);
		if (!value_equal(&found, &wanted))
			return false;
	}
	return true;
}

/* MATCHES(document, example or examples, answer the position?) */
static void
fn_matches(ExprCall *call, JsonbValue *result)
{
	bool		many = func_arg_is_array(call, 1);
	int			count = many ? value_count(&call->args[1]) : 1;
	int			match = -1;
	ValueIter	it;
	JsonbValue	example = call->args[1];

	if (!func_arg_is_object(call, 0))
	{
		value_set_bool(result, false);
		return;
	}
	if (many)
		value_iter_init(&it, &call->args[1]);
	for (int i = 0; i < count && match < 0; i++)
	{
		if (many)
			(void) value_iter_next(&it, NULL, &example);
		if (value_type(&example) != VALUE_OBJECT)
			func_warn(call, EXPR_WARN_INVALID_ARGUMENT_TYPE);
		else if (matches_example(&call->args[0], &example))
			match = i;
	}
	if (func_arg_truthy(call, 2))
		value_set_int64(result, match);
	else
		value_set_bool(result, match >= 0);
}

/* ----------
 * identifiers: "collection/key"
 * ----------
 */

/*
 * Take apart argument i: an identifier, or a document that has one as _id.
 * False for anything else.
 */
static bool
split_identifier(ExprCall *call, int i, JsonbValue *collection, JsonbValue *key)
{
	JsonbValue	id = call->args[i];
	const char *slash;
	const char *end;

	if (value_type(&id) == VALUE_OBJECT)
		(void) value_attribute(&call->args[i], "_id", 3, &id);
	if (id.type != jbvString)
		return false;
	slash = memchr(id.val.string.val, '/', id.val.string.len);
	end = id.val.string.val + id.val.string.len;
	if (slash == NULL || memchr(slash + 1, '/', end - slash - 1) != NULL)
		return false;
	value_set_string(collection, id.val.string.val, slash - id.val.string.val);
	value_set_string(key, slash + 1, end - slash - 1);
	return true;
}

static void
fn_parse_identifier(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	JsonbValue	collection;
	JsonbValue	key;

	if (!split_identifier(call, 0, &collection, &key))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_object_begin(&b);
	value_object_put(&b, "collection", 10, &collection);
	value_object_put(&b, "key", 3, &key);
	value_object_finish(&b, false, result);
}

static void
fn_parse_collection(ExprCall *call, JsonbValue *result)
{
	JsonbValue	key;

	if (!split_identifier(call, 0, result, &key))
		func_invalid_argument(call, result);
}

static void
fn_parse_key(ExprCall *call, JsonbValue *result)
{
	JsonbValue	collection;

	if (!split_identifier(call, 0, &collection, result))
		func_invalid_argument(call, result);
}

static void
fn_is_same_collection(ExprCall *call, JsonbValue *result)
{
	JsonbValue	collection;
	JsonbValue	key;

	if (!func_arg_is_string(call, 0) ||
		!split_identifier(call, 1, &collection, &key))
		func_invalid_argument(call, result);
	else
		value_set_bool(result, value_equal(&call->args[0], &collection));
}

/* CHECK_DOCUMENT: jsonb holds no name twice, so every object is sound */
static void
fn_check_document(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, func_arg_is_object(call, 0));
}

/* ----------
 * text
 * ----------
 */
static void
fn_json_stringify(ExprCall *call, JsonbValue *result)
{
	StringInfoData buf;

	initStringInfo(&buf);
	value_to_json(&call->args[0], &buf);
	func_return_buffer(result, &buf);
}

/*
 * Can jsonb_in read all numbers of a valid JSON text?  It raises an error for
 * one that numeric cannot hold.
 */
static bool
numbers_are_parsable(const char *p)
{
	while (*p)
	{
		if (*p == '"')
		{
			for (p++; *p != '"'; p++)
				if (*p == '\\')
					p++;
			p++;
		}
		else if (*p == '-' || (*p >= '0' && *p <= '9'))
		{
			int			len = strspn(p, "0123456789+-.eE");

			if (!number_is_parsable(p, len))
				return false;
			p += len;
		}
		else
			p++;
	}
	return true;
}

static void
fn_json_parse(ExprCall *call, JsonbValue *result)
{
	char	   *json;
	JsonLexContext *lex;

	if (!func_arg_is_string(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	json = pnstrdup(call->args[0].val.string.val, call->args[0].val.string.len);

	/*
	 * A first pass finds out, without an error, whether it is JSON that jsonb
	 * can hold (with escapes: \u0000 is not).
	 */
	lex = compat_json_lex(json, strlen(json), true);
	if (pg_parse_json(lex, &nullSemAction) != JSON_SUCCESS ||
		!numbers_are_parsable(json))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_from_jsonb(DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														CStringGetDatum(json))),
					 result);
}

const ExprFunctionDef func_document_table[] = {
	{"HAS", 2, 2, 0, fn_has},
	{"ATTRIBUTES", 1, 3, 0, fn_attributes},
	{"KEYS", 1, 3, 0, fn_attributes},
	{"VALUES", 1, 2, 0, fn_values},
	{"UNSET", 2, -1, 0, fn_unset},
	{"UNSET_RECURSIVE", 2, -1, 0, fn_unset_recursive},
	{"KEEP", 2, -1, 0, fn_keep},
	{"KEEP_RECURSIVE", 2, -1, 0, fn_keep_recursive},
	{"MERGE", 1, -1, 0, fn_merge},
	{"MERGE_RECURSIVE", 1, -1, 0, fn_merge_recursive},
	{"ZIP", 2, 2, 0, fn_zip},
	{"TRANSLATE", 2, 3, 0, fn_translate},
	{"MATCHES", 2, 3, 0, fn_matches},
	{"ENTRIES", 1, 1, 0, fn_entries},
	{"VALUE", 2, 2, 0, fn_value},
	{"PARSE_IDENTIFIER", 1, 1, 0, fn_parse_identifier},
	{"PARSE_COLLECTION", 1, 1, 0, fn_parse_collection},
	{"PARSE_KEY", 1, 1, 0, fn_parse_key},
	{"IS_SAME_COLLECTION", 2, 2, 0, fn_is_same_collection},
	{"CHECK_DOCUMENT", 1, 1, 0, fn_check_document},
	{"JSON_STRINGIFY", 1, 1, 0, fn_json_stringify},
	{"JSON_PARSE", 1, 1, 0, fn_json_parse},
	{"DOCUMENT", 1, 2, EXPR_FN_READS_DOCUMENTS, NULL},
	{"COLLECTION_COUNT", 1, 1, EXPR_FN_READS_DOCUMENTS, NULL},
	{"COLLECTIONS", 0, 0, EXPR_FN_VOLATILE, NULL},
	{NULL}
};
