/*
 * lexicon.c
 *		Does a record match its lexicon?
 *
 * A schema is a tree of objects with a "type", and so is a record; the two
 * are walked together, schema first:
 *
 *		{type: object, properties: {a: {type: integer}}}
 *										|
 *		{a: 1} ------------------------ 1			path $.a
 *
 * References ("#name", "nsid#name", "lex:nsid#name") lead to other definitions, perhaps of
 * another lexicon; a lexicon that is not known leaves that part unjudged, and
 * the answer is then "unknown", as the protocol has it.  Fields that the
 * schema does not mention are allowed; "default" and "knownValues" are hints
 * to readers and change nothing here.
 *
 * Schemas are trusted to be well-formed (lexicon_schema.c checks them when
 * they are registered), but not to the point of crashing.  Records have gone
 * through the data model's rules already, so {"$link"}, {"$bytes"} and blobs
 * are told by their keys.  This module must not know where lexicons are kept.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "atproto/datamodel.h"
#include "atproto/grapheme.h"
#include "atproto/lexicon.h"
#include "atproto/path.h"
#include "atproto/syntax.h"
#include "compat.h"
#include "upsert.h"

/* A definition in its lexicon */
typedef struct Definition
{
	const char *nsid;			/* of the lexicon, not terminated */
	int			nsid_len;
	JsonbContainer *defs;		/* all definitions of the lexicon */
	JsonbContainer *schema;		/* this one */
} Definition;

typedef struct Validator
{
	LexiconLookup lookup;
	void	   *arg;
	char	   *missing;		/* the first lexicon that was not known */
} Validator;

typedef void (*TypeCheck) (Validator *validator, const Definition *def,
						   JsonbValue *value, const AtPath *path);

pg_noreturn static void refuse(const AtPath *path, const char *message);
static void validate(Validator *validator, const Definition *def,
					 JsonbValue *value, const AtPath *path);
static void validate_boolean(Validator *validator, const Definition *def,
							 JsonbValue *value, const AtPath *path);
static void validate_integer(Validator *validator, const Definition *def,
							 JsonbValue *value, const AtPath *path);
static void validate_string(Validator *validator, const Definition *def,
							JsonbValue *value, const AtPath *path);
static void validate_bytes(Validator *validator, const Definition *def,
						   JsonbValue *value, const AtPath *path);
static void validate_link(Validator *validator, const Definition *def,
						  JsonbValue *value, const AtPath *path);
static void validate_blob(Validator *validator, const Definition *def,
						  JsonbValue *value, const AtPath *path);
static void validate_array(Validator *validator, const Definition *def,
						   JsonbValue *value, const AtPath *path);
static void validate_object(Validator *validator, const Definition *def,
							JsonbValue *value, const AtPath *path);
static void validate_record(Validator *validator, const Definition *def,
							JsonbValue *value, const AtPath *path);
static void validate_ref(Validator *validator, const Definition *def,
						 JsonbValue *value, const AtPath *path);
static void validate_union(Validator *validator, const Definition *def,
						   JsonbValue *value, const AtPath *path);
static void validate_unknown(Validator *validator, const Definition *def,
							 JsonbValue *value, const AtPath *path);
static bool get_limit(const Definition *def, const char *name, int64 *limit);
static void check_length(const Definition *def, int64 length,
						 const AtPath *path);
static void check_choice(const Definition *def, JsonbValue *value,
						 const AtPath *path);
static void check_graphemes(const Definition *def, const char *str, int len,
							const AtPath *path);
static bool same_scalar(const JsonbValue *a, const JsonbValue *b);
static bool array_has_string(JsonbContainer *array, const char *str, int len);
static bool has_type(JsonbContainer *object, const char *name);
static bool mime_type_accepted(JsonbContainer *accept, const JsonbValue *type);
static bool find_definition(Validator *validator, const Definition *from,
							const char *ref, int len, Definition *def);
static bool ref_names_type(const Definition *from, const char *ref, int len,
						   const JsonbValue *type);

static const struct
{
	const char *name;
	TypeCheck	check;
}			type_checks[] =

{
	{"array", validate_array},
	{"blob", validate_blob},
	{"boolean", validate_boolean},
	{"bytes", validate_bytes},
	{"cid-link", validate_link},
	{"integer", validate_integer},
	{"object", validate_object},
	{"record", validate_record},
	{"ref", validate_ref},
	{"string", validate_string},
	{"union", validate_union},
	{"unknown", validate_unknown},
};

/* Raises UP006 for the value at path. */
static void
refuse(const AtPath *path, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("record does not match its lexicon: %s", message),
			 errdetail("At %s.", at_path_text(path))));
}

bool
lexicon_get(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), value) != NULL;
}

JsonbContainer *
lexicon_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data) ?
		value->val.binary.data : NULL;
}

JsonbContainer *
lexicon_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) ?
		value->val.binary.data : NULL;
}

int
lexicon_ref_scheme(const char *ref, int len)
{
	int			scheme = strlen("lex:");

	return len >= scheme && memcmp(ref, "lex:", scheme) == 0 ? scheme : 0;
}

bool
lexicon_is_string(const JsonbValue *value, const char *str)
{
	return value->type == jbvString &&
		value->val.string.len == strlen(str) &&
		memcmp(value->val.string.val, str, value->val.string.len) == 0;
}

/* Is there a string like this in the array? */
static bool
array_has_string(JsonbContainer *array, const char *str, int len)
{
	JsonbValue	wanted = {.type = jbvString,
		.val.string = {.len = len, .val = unconstify(char *, str)}
	};

	return findJsonbValueFromContainer(array, JB_FARRAY, &wanted) != NULL;
}

/* Is the object's "$type" this name? */
static bool
has_type(JsonbContainer *object, const char *name)
{
	JsonbValue	type;

	return lexicon_get(object, "$type", &type) && lexicon_is_string(&type, name);
}

static bool
same_scalar(const JsonbValue *a, const JsonbValue *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case jbvBool:
			return a->val.boolean == b->val.boolean;
		case jbvString:
			return a->val.string.len == b->val.string.len &&
				memcmp(a->val.string.val, b->val.string.val,
					   a->val.string.len) == 0;
		case jbvNumeric:
			return DatumGetBool(DirectFunctionCall2(numeric_eq,
													NumericGetDatum(a->val.numeric),
													NumericGetDatum(b->val.numeric)));
		default:
			return false;
	}
}

/* An integer of the schema; false if it is not there. */
static bool
get_limit(const Definition *def, const char *name, int64 *limit)
{
	JsonbValue	v;

	return lexicon_get(def->schema, name, &v) && v.type == jbvNumeric &&
		at_numeric_to_int64(v.val.numeric, limit) == AT_NUMBER_INTEGER;
}

/* Checks minLength and maxLength. */
static void
check_length(const Definition *def, int64 length, const AtPath *path)
{
	int64		limit;

	if (get_limit(def, "minLength", &limit) && length < limit)
		refuse(path, psprintf(_("shorter than %lld"), (long long) limit));
	if (get_limit(def, "maxLength", &limit) && length > limit)
		refuse(path, psprintf(_("longer than %lld"), (long long) limit));
}

/* Checks enum and const. */
static void
check_choice(const Definition *def, JsonbValue *value, const AtPath *path)
{
	JsonbValue	v;
	JsonbContainer *choices;

	if (lexicon_get(def->schema, "const", &v) && !same_scalar(value, &v))
		refuse(path, _("not the constant value"));
	if (lexicon_get(def->schema, "enum", &v) &&
		(choices = lexicon_array(&v)) != NULL &&
		findJsonbValueFromContainer(choices, JB_FARRAY, value) == NULL)
		refuse(path, _("not one of the allowed values"));
}

static void
validate_boolean(Validator *validator, const Definition *def,
				 JsonbValue *value, const AtPath *path)
{
	if (value->type != jbvBool)
		refuse(path, _("not a boolean"));
	check_choice(def, value, path);
}

static void
validate_integer(Validator *validator, const Definition *def,
				 JsonbValue *value, const AtPath *path)
{
	int64		number;
	int64		limit;

	if (value->type != jbvNumeric ||
		at_numeric_to_int64(value->val.numeric, &number) != AT_NUMBER_INTEGER)
		refuse(path, _("not an integer"));
	if (get_limit(def, "minimum", &limit) && number < limit)
		refuse(path, psprintf(_("less than %lld"), (long long) limit));
	if (get_limit(def, "maximum", &limit) && number > limit)
		refuse(path, psprintf(_("greater than %lld"), (long long) limit));
	check_choice(def, value, path);
}

/* Checks minGraphemes and maxGraphemes of UTF-8. */
static void
check_graphemes(const Definition *def, const char *str, int len,
				const AtPath *path)
{
	int64		min = 0;
	int64		max = PG_INT64_MAX;
	int			count;

	get_limit(def, "minGraphemes", &min);
	get_limit(def, "maxGraphemes", &max);

	/* a cluster takes a byte at least */
	if (min <= 0 && len <= max)
		return;
	count = grapheme_count(str, len);
	if (count < min)
		refuse(path, psprintf(_("fewer than %lld graphemes"), (long long) min));
	if (count > max)
		refuse(path, psprintf(_("more than %lld graphemes"), (long long) max));
}

static void
validate_string(Validator *validator, const Definition *def,
				JsonbValue *value, const AtPath *path)
{
	JsonbValue	format;
	const char *str;
	int			len;

	if (value->type != jbvString)
		refuse(path, _("not a string"));
	str = value->val.string.val;
	len = value->val.string.len;
	if (lexicon_get(def->schema, "format", &format) && format.type == jbvString)
	{
		SyntaxCheck check = syntax_lookup(format.val.string.val,
										  format.val.string.len);

		if (check != NULL && !check(str, len))
			refuse(path, psprintf(_("not of format %s"),
								  pnstrdup(format.val.string.val,
										   format.val.string.len)));
	}
	check_choice(def, value, path);

	/* lengths are those of UTF-8 */
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		str = pg_server_to_any(pnstrdup(str, len), len, PG_UTF8);
		len = strlen(str);
	}
	check_length(def, len, path);
	check_graphemes(def, str, len, path);
}

static void
validate_bytes(Validator *validator, const Definition *def,
			   JsonbValue *value, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(value);
	JsonbValue	base64;
	int			ndigits;

	if (object == NULL || !lexicon_get(object, "$bytes", &base64) ||
		base64.type != jbvString)
		refuse(path, _("not bytes"));
	ndigits = base64.val.string.len;
	while (ndigits > 0 && base64.val.string.val[ndigits - 1] == '=')
		ndigits--;
	check_length(def, (int64) ndigits * 3 / 4, path);
}

static void
validate_link(Validator *validator, const Definition *def,
			  JsonbValue *value, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(value);
	JsonbValue	link;

	if (object == NULL || !lexicon_get(object, "$link", &link))
		refuse(path, _("not a link"));
}

/* Does one of the patterns fit?  They may end in a wildcard for the subtype. */
static bool
mime_type_accepted(JsonbContainer *accept, const JsonbValue *type)
{
	const char *str = type->val.string.val;
	int			len = type->val.string.len;

	for (uint32 i = 0; i < JsonContainerSize(accept); i++)
	{
		JsonbValue *pattern = getIthJsonbValueFromContainer(accept, i);
		int			prefix;

		if (lexicon_is_string(pattern, "*/*") || same_scalar(pattern, type))
			return true;
		if (pattern->type != jbvString)
			continue;
		prefix = pattern->val.string.len - 1;
		if (prefix >= 2 && prefix <= len &&
			pattern->val.string.val[prefix] == '*' &&
			memcmp(pattern->val.string.val, str, prefix) == 0)
			return true;
	}
	return false;
}

static void
validate_blob(Validator *validator, const Definition *def,
			  JsonbValue *value, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(value);
	JsonbContainer *accept;
	JsonbValue	v;
	int64		limit;
	int64		size;

	if (object == NULL || !has_type(object, "blob"))
		refuse(path, _("not a blob"));
	if (get_limit(def, "maxSize", &limit) &&
		lexicon_get(object, "size", &v) && v.type == jbvNumeric &&
		at_numeric_to_int64(v.val.numeric, &size) == AT_NUMBER_INTEGER &&
		size > limit)
		refuse(path, psprintf(_("blob greater than %lld bytes"),
							  (long long) limit));
	if (lexicon_get(def->schema, "accept", &v) &&
		(accept = lexicon_array(&v)) != NULL &&
		lexicon_get(object, "mimeType", &v) && v.type == jbvString &&
		!mime_type_accepted(accept, &v))
		refuse(path, _("blob of a type that is not accepted"));
}

static void
validate_array(Validator *validator, const Definition *def,
			   JsonbValue *value, const AtPath *path)
{
	JsonbContainer *array = lexicon_array(value);
	Definition	items = *def;
	JsonbValue	v;
	AtPath		step = {.parent = path};

	if (array == NULL)
		refuse(path, _("not an array"));
	check_length(def, JsonContainerSize(array), path);
	if (!lexicon_get(def->schema, "items", &v) ||
		(items.schema = lexicon_object(&v)) == NULL)
		return;
	for (step.index = 0; step.index < JsonContainerSize(array); step.index++)
		validate(validator, &items,
				 getIthJsonbValueFromContainer(array, step.index), &step);
}

static void
validate_object(Validator *validator, const Definition *def,
				JsonbValue *value, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(value);
	JsonbContainer *nullable = NULL;
	JsonbContainer *properties;
	JsonbContainer *required;
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	v;

	if (object == NULL)
		refuse(path, _("not an object"));
	if (lexicon_get(def->schema, "required", &v) &&
		(required = lexicon_array(&v)) != NULL)
	{
		for (uint32 i = 0; i < JsonContainerSize(required); i++)
		{
			JsonbValue *name = getIthJsonbValueFromContainer(required, i);

			if (name->type == jbvString &&
				getKeyJsonValueFromContainer(object, name->val.string.val,
											 name->val.string.len, &v) == NULL)
				refuse(path, psprintf(_("required field \"%s\" is missing"),
									  pnstrdup(name->val.string.val,
											   name->val.string.len)));
		}
	}
	if (lexicon_get(def->schema, "nullable", &v))
		nullable = lexicon_array(&v);
	if (!lexicon_get(def->schema, "properties", &v) ||
		(properties = lexicon_object(&v)) == NULL)
		return;

	it = JsonbIteratorInit(properties);
	JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		AtPath		step = {path, key.val.string.val, key.val.string.len, 0};
		Definition	property = *def;
		JsonbValue	field;

		JsonbIteratorNext(&it, &v, true);
		if (getKeyJsonValueFromContainer(object, step.key, step.keylen,
										 &field) == NULL)
			continue;
		if (field.type == jbvNull)
		{
			if (nullable == NULL ||
				!array_has_string(nullable, step.key, step.keylen))
				refuse(&step, _("must not be null"));
			continue;
		}
		property.schema = lexicon_object(&v);
		if (property.schema != NULL)
			validate(validator, &property, &field, &step);
	}
}

/* A record wherever it stands says its type. */
static void
validate_record(Validator *validator, const Definition *def,
				JsonbValue *value, const AtPath *path)
{
	Definition	record = *def;
	JsonbContainer *object = lexicon_object(value);
	JsonbValue	v;

	if (object == NULL)
		refuse(path, _("not an object"));
	if (!has_type(object, pnstrdup(def->nsid, def->nsid_len)))
		refuse(path, psprintf(_("\"$type\" is not \"%s\""),
							  pnstrdup(def->nsid, def->nsid_len)));
	if (lexicon_get(def->schema, "record", &v) &&
		(record.schema = lexicon_object(&v)) != NULL)
		validate(validator, &record, value, path);
}

/*
 * Finds what a reference of a lexicon leads to.  False, and validator->missing
 * is set, if the lexicon is not known.
 */
static bool
find_definition(Validator *validator, const Definition *from,
				const char *ref, int len, Definition *def)
{
	int			scheme = lexicon_ref_scheme(ref, len);
	const char *hash;
	int			nsid_len;
	const char *name;
	int			name_len;
	JsonbValue	v;

	ref += scheme;
	len -= scheme;
	hash = memchr(ref, '#', len);
	nsid_len = hash == NULL ? len : (int) (hash - ref);
	name = hash == NULL ? "main" : hash + 1;
	name_len = hash == NULL ? 4 : len - nsid_len - 1;
	*def = *from;
	def->schema = NULL;
	if (nsid_len > 0)
	{
		Jsonb	   *lexicon = validator->lookup(validator->arg, ref, nsid_len);

		if (lexicon == NULL)
		{
			if (validator->missing == NULL)
				validator->missing = pnstrdup(ref, nsid_len);
			return false;
		}
		def->nsid = ref;
		def->nsid_len = nsid_len;
		def->defs = NULL;
		if (JB_ROOT_IS_OBJECT(lexicon) &&
			lexicon_get(&lexicon->root, "defs", &v))
			def->defs = lexicon_object(&v);
	}
	if (def->defs != NULL &&
		getKeyJsonValueFromContainer(def->defs, name, name_len, &v) != NULL)
		def->schema = lexicon_object(&v);
	return true;
}

static void
validate_ref(Validator *validator, const Definition *def,
			 JsonbValue *value, const AtPath *path)
{
	Definition	target;
	JsonbValue	ref;

	if (!lexicon_get(def->schema, "ref", &ref) || ref.type != jbvString)
		refuse(path, _("the lexicon's reference is malformed"));
	if (!find_definition(validator, def, ref.val.string.val,
						 ref.val.string.len, &target))
		return;
	if (target.schema == NULL)
		refuse(path, psprintf(_("the lexicon refers to \"%s\", which is not defined"),
							  pnstrdup(ref.val.string.val, ref.val.string.len)));
	validate(validator, &target, value, path);
}

/* Does a reference of "from" name the type that the data says it has? */
static bool
ref_names_type(const Definition *from, const char *ref, int len,
			   const JsonbValue *type)
{
	const char *str = type->val.string.val;
	int			str_len = type->val.string.len;
	int			scheme = lexicon_ref_scheme(ref, len);

	ref += scheme;
	len -= scheme;

	/* "#main" is implied in data */
	if (len > 5 && memcmp(ref + len - 5, "#main", 5) == 0)
		len -= 5;
	if (len > 0 && ref[0] != '#')
		return len == str_len && memcmp(ref, str, len) == 0;
	if (len == 5 && memcmp(ref, "#main", 5) == 0)
		len = 0;
	return str_len == from->nsid_len + len &&
		memcmp(str, from->nsid, from->nsid_len) == 0 &&
		memcmp(str + from->nsid_len, ref, len) == 0;
}

static void
validate_union(Validator *validator, const Definition *def,
			   JsonbValue *value, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(value);
	JsonbContainer *refs = NULL;
	JsonbValue	type;
	JsonbValue	v;

	if (object == NULL)
		refuse(path, _("not an object"));
	if (!lexicon_get(object, "$type", &type) || type.type != jbvString)
		refuse(path, _("\"$type\" is missing"));
	if (lexicon_get(def->schema, "refs", &v))
		refs = lexicon_array(&v);
	for (uint32 i = 0; refs != NULL && i < JsonContainerSize(refs); i++)
	{
		JsonbValue *ref = getIthJsonbValueFromContainer(refs, i);
		Definition	variant;

		if (ref->type != jbvString ||
			!ref_names_type(def, ref->val.string.val, ref->val.string.len, &type))
			continue;
		if (find_definition(validator, def, ref->val.string.val,
							ref->val.string.len, &variant))
		{
			if (variant.schema == NULL)
				refuse(path, psprintf(_("the lexicon refers to \"%s\", which is not defined"),
									  pnstrdup(ref->val.string.val,
											   ref->val.string.len)));
			validate(validator, &variant, value, path);
		}
		return;
	}
	if (lexicon_get(def->schema, "closed", &v) && v.type == jbvBool &&
		v.val.boolean)
		refuse(path, psprintf(_("type \"%s\" is not one of the union's"),
							  pnstrdup(type.val.string.val,
									   type.val.string.len)));
}

static void
validate_unknown(Validator *validator, const Definition *def,
				 JsonbValue *value, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(value);
	JsonbValue	v;

	if (object == NULL || has_type(object, "blob") ||
		lexicon_get(object, "$link", &v) || lexicon_get(object, "$bytes", &v))
		refuse(path, _("not a plain object"));
}

/* Checks a value by the definition's type. */
static void
validate(Validator *validator, const Definition *def, JsonbValue *value,
		 const AtPath *path)
{
	JsonbValue	type;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (value->type == jbvNull)
		refuse(path, _("must not be null"));
	if (lexicon_get(def->schema, "type", &type) && type.type == jbvString)
	{
		for (int i = 0; i < lengthof(type_checks); i++)
		{
			if (lexicon_is_string(&type, type_checks[i].name))
			{
				type_checks[i].check(validator, def, value, path);
				return;
			}
		}
	}
	refuse(path, _("the lexicon's type has no values"));
}

LexiconStatus
lexicon_validate(const char *collection, Jsonb *record, LexiconLookup lookup,
				 void *arg, char **missing)
{
	Validator	validator = {.lookup = lookup, .arg = arg};
	Definition	nowhere = {0};
	Definition	def;
	JsonbValue	value;
	JsonbValue	type;

	if (find_definition(&validator, &nowhere, collection, strlen(collection),
						&def))
	{
		if (def.schema == NULL || !lexicon_get(def.schema, "type", &type) ||
			!lexicon_is_string(&type, "record"))
			refuse(NULL, psprintf(_("\"%s\" does not define a record"),
								  collection));
		value.type = jbvBinary;
		value.val.binary.data = &record->root;
		value.val.binary.len = VARSIZE_ANY_EXHDR(record);
		validate(&validator, &def, &value, NULL);
	}
	*missing = validator.missing;
	return validator.missing == NULL ? LEXICON_VALID : LEXICON_UNKNOWN;
}

LexiconKeyType
lexicon_key_type(const char *collection, LexiconLookup lookup, void *arg,
				 char **literal)
{
	Validator	validator = {.lookup = lookup, .arg = arg};
	Definition	nowhere = {0};
	Definition	def;
	JsonbValue	key;
	int			prefix = strlen("literal:");

	if (!find_definition(&validator, &nowhere, collection, strlen(collection),
						 &def) ||
		def.schema == NULL || !lexicon_get(def.schema, "key", &key) ||
		key.type != jbvString)
		return LEXICON_KEY_ANY;
	if (lexicon_is_string(&key, "tid"))
		return LEXICON_KEY_TID;
	if (lexicon_is_string(&key, "nsid"))
		return LEXICON_KEY_NSID;
	if (key.val.string.len > prefix &&
		memcmp(key.val.string.val, "literal:", prefix) == 0)
	{
		*literal = pnstrdup(key.val.string.val + prefix,
							key.val.string.len - prefix);
		return LEXICON_KEY_LITERAL;
	}
	return LEXICON_KEY_ANY;
}
