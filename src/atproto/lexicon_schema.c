/*
 * lexicon_schema.c
 *		Is a lexicon file well-formed?
 *
 *		{"lexicon": 1, "id": NSID, "defs": {"main": {...}, NAME: {...}}}
 *
 * Each definition is an object with a "type"; which types may stand where,
 * and which fields they have, is the language's grammar, spelled out here in
 * two tables: the types with their places, and the fields of each type with
 * the kind of value they take.  What few rules relate fields to each other
 * follow as code.  Fields that the language does not know are ignored, as it
 * demands of readers.  Definitions of queries, procedures, subscriptions and
 * permission sets are taken as they are: nothing here is ever validated
 * against them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "atproto/datamodel.h"
#include "atproto/lexicon.h"
#include "atproto/path.h"
#include "atproto/syntax.h"
#include "compat.h"
#include "upsert.h"

/* Where a type may stand */
#define PLACE_MAIN		0x01	/* as the definition "main" */
#define PLACE_NAMED		0x02	/* as any definition */
#define PLACE_FIELD		0x04	/* as a property, item or output */

static const struct
{
	const char *name;
	int			places;
}			types[] =

{
	{"array", PLACE_NAMED | PLACE_FIELD},
	{"blob", PLACE_NAMED | PLACE_FIELD},
	{"boolean", PLACE_NAMED | PLACE_FIELD},
	{"bytes", PLACE_NAMED | PLACE_FIELD},
	{"cid-link", PLACE_NAMED | PLACE_FIELD},
	{"integer", PLACE_NAMED | PLACE_FIELD},
	{"object", PLACE_NAMED | PLACE_FIELD},
	{"permission-set", PLACE_MAIN},
	{"procedure", PLACE_MAIN},
	{"query", PLACE_MAIN},
	{"record", PLACE_MAIN},
	{"ref", PLACE_FIELD},
	{"string", PLACE_NAMED | PLACE_FIELD},
	{"subscription", PLACE_MAIN},
	{"token", PLACE_NAMED},
	{"union", PLACE_FIELD},
	{"unknown", PLACE_FIELD},
};

/* What a field of a definition holds */
typedef enum FieldKind
{
	FIELD_BOOLEAN,
	FIELD_INTEGER,
	FIELD_COUNT,				/* an integer not below zero */
	FIELD_STRING,
	FIELD_INTEGERS,				/* arrays */
	FIELD_STRINGS,
	FIELD_FORMAT,				/* a name of a string format */
	FIELD_KEY,					/* a record key type */
	FIELD_REF,
	FIELD_REFS,
	FIELD_SCHEMA,				/* a definition in PLACE_FIELD */
	FIELD_OBJECT_SCHEMA,		/* one of type "object" */
	FIELD_SCHEMAS				/* an object of such definitions */
} FieldKind;

static const struct
{
	const char *type;
	const char *field;
	FieldKind	kind;
	bool		required;
}			fields[] =

{
	{"array", "items", FIELD_SCHEMA, true},
	{"array", "minLength", FIELD_COUNT, false},
	{"array", "maxLength", FIELD_COUNT, false},
	{"blob", "accept", FIELD_STRINGS, false},
	{"blob", "maxSize", FIELD_COUNT, false},
	{"boolean", "default", FIELD_BOOLEAN, false},
	{"boolean", "const", FIELD_BOOLEAN, false},
	{"bytes", "minLength", FIELD_COUNT, false},
	{"bytes", "maxLength", FIELD_COUNT, false},
	{"integer", "minimum", FIELD_INTEGER, false},
	{"integer", "maximum", FIELD_INTEGER, false},
	{"integer", "enum", FIELD_INTEGERS, false},
	{"integer", "default", FIELD_INTEGER, false},
	{"integer", "const", FIELD_INTEGER, false},
	{"object", "properties", FIELD_SCHEMAS, true},
	{"object", "required", FIELD_STRINGS, false},
	{"object", "nullable", FIELD_STRINGS, false},
	{"record", "key", FIELD_KEY, true},
	{"record", "record", FIELD_OBJECT_SCHEMA, true},
	{"ref", "ref", FIELD_REF, true},
	{"string", "format", FIELD_FORMAT, false},
	{"string", "minLength", FIELD_COUNT, false},
	{"string", "maxLength", FIELD_COUNT, false},
	{"string", "minGraphemes", FIELD_COUNT, false},
	{"string", "maxGraphemes", FIELD_COUNT, false},
	{"string", "enum", FIELD_STRINGS, false},
	{"string", "knownValues", FIELD_STRINGS, false},
	{"string", "default", FIELD_STRING, false},
	{"string", "const", FIELD_STRING, false},
	{"union", "refs", FIELD_REFS, true},
	{"union", "closed", FIELD_BOOLEAN, false},
};

pg_noreturn static void refuse(const AtPath *path, const char *message);
static bool is_integer(const JsonbValue *v, int64 *value);
static bool is_reference(const JsonbValue *v);
static bool is_key_type(const JsonbValue *v);
static bool is_any_string(const JsonbValue *v);
static void check_strings(const JsonbValue *v, bool (*check) (const JsonbValue *),
						  const char *message, const AtPath *path);
static void check_field(FieldKind kind, JsonbValue *v, const AtPath *path);
static void check_relations(JsonbContainer *schema, const char *type,
							const AtPath *path);
static void check_order(JsonbContainer *schema, const char *least,
						const char *greatest, const AtPath *path);
static void check_schemas(const JsonbValue *v, int places, const AtPath *path);
static void check_schema(const JsonbValue *v, int places, const AtPath *path);

static void
refuse(const AtPath *path, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid lexicon: %s", message),
			 errdetail("At %s.", at_path_text(path))));
}

static bool
is_integer(const JsonbValue *v, int64 *value)
{
	return v->type == jbvNumeric &&
		at_numeric_to_int64(v->val.numeric, value) == AT_NUMBER_INTEGER;
}

/* "#name", "nsid" or "nsid#name"; resolved, "lex:nsid" or "lex:nsid#name". */
static bool
is_reference(const JsonbValue *v)
{
	const char *str;
	const char *hash;
	int			len;
	int			scheme;

	if (v->type != jbvString)
		return false;
	str = v->val.string.val;
	len = v->val.string.len;
	scheme = lexicon_ref_scheme(str, len);
	str += scheme;
	len -= scheme;
	hash = memchr(str, '#', len);
	if (hash == str && scheme > 0)
		return false;
	if (hash == NULL)
		return syntax_is_nsid(str, len);
	return (hash == str || syntax_is_nsid(str, hash - str)) &&
		hash + 1 < str + len;
}

static bool
is_key_type(const JsonbValue *v)
{
	int			prefix = strlen("literal:");

	if (v->type != jbvString)
		return false;
	if (v->val.string.len > prefix &&
		memcmp(v->val.string.val, "literal:", prefix) == 0)
		return syntax_is_record_key(v->val.string.val + prefix,
									v->val.string.len - prefix);
	return lexicon_is_string(v, "tid") || lexicon_is_string(v, "nsid") ||
		lexicon_is_string(v, "any");
}

static bool
is_any_string(const JsonbValue *v)
{
	return v->type == jbvString;
}

/* An array all elements of which pass the check. */
static void
check_strings(const JsonbValue *v, bool (*check) (const JsonbValue *),
			  const char *message, const AtPath *path)
{
	JsonbContainer *array = lexicon_array(v);
	AtPath		step = {.parent = path};

	if (array == NULL)
		refuse(path, _("not an array"));
	for (step.index = 0; step.index < JsonContainerSize(array); step.index++)
	{
		if (!check(getIthJsonbValueFromContainer(array, step.index)))
			refuse(&step, message);
	}
}

/* Checks the value of one field. */
static void
check_field(FieldKind kind, JsonbValue *v, const AtPath *path)
{
	int64		number;

	switch (kind)
	{
		case FIELD_BOOLEAN:
			if (v->type != jbvBool)
				refuse(path, _("not a boolean"));
			break;
		case FIELD_INTEGER:
			if (!is_integer(v, &number))
				refuse(path, _("not an integer"));
			break;
		case FIELD_COUNT:
			if (!is_integer(v, &number) || number < 0)
				refuse(path, _("not an integer from 0"));
			break;
		case FIELD_STRING:
			if (v->type != jbvString)
				refuse(path, _("not a string"));
			break;
		case FIELD_INTEGERS:
			{
				JsonbContainer *array = lexicon_array(v);

				if (array == NULL)
					refuse(path, _("not an array"));
				for (uint32 i = 0; i < JsonContainerSize(array); i++)
				{
					if (!is_integer(getIthJsonbValueFromContainer(array, i), &number))
						refuse(path, _("not an array of integers"));
				}
				break;
			}
		case FIELD_STRINGS:
			check_strings(v, is_any_string, _("not a string"), path);
			break;
		case FIELD_FORMAT:
			if (v->type != jbvString ||
				syntax_lookup(v->val.string.val, v->val.string.len) == NULL)
				refuse(path, _("not a string format"));
			break;
		case FIELD_KEY:
			if (!is_key_type(v))
				refuse(path, _("not a record key type (tid, nsid, any or literal:VALUE)"));
			break;
		case FIELD_REF:
			if (!is_reference(v))
				refuse(path, _("not a reference (#NAME, NSID or NSID#NAME)"));
			break;
		case FIELD_REFS:
			check_strings(v, is_reference,
						  _("not a reference (#NAME, NSID or NSID#NAME)"), path);
			break;
		case FIELD_SCHEMA:
			check_schema(v, PLACE_FIELD, path);
			break;
		case FIELD_OBJECT_SCHEMA:
			{
				JsonbContainer *schema = lexicon_object(v);
				JsonbValue	type;

				if (schema == NULL || !lexicon_get(schema, "type", &type) ||
					!lexicon_is_string(&type, "object"))
					refuse(path, _("not a definition of type object"));
				check_schema(v, PLACE_FIELD, path);
				break;
			}
		case FIELD_SCHEMAS:
			check_schemas(v, PLACE_FIELD, path);
			break;
	}
}

/* Two limits must leave room between them. */
static void
check_order(JsonbContainer *schema, const char *least, const char *greatest,
			const AtPath *path)
{
	JsonbValue	v;
	int64		low;
	int64		high;

	if (lexicon_get(schema, least, &v) && is_integer(&v, &low) &&
		lexicon_get(schema, greatest, &v) && is_integer(&v, &high) &&
		low > high)
		refuse(path, psprintf(_("\"%s\" is greater than \"%s\""),
							  least, greatest));
}

/* Checks what fields say about each other. */
static void
check_relations(JsonbContainer *schema, const char *type, const AtPath *path)
{
	JsonbValue	v;
	JsonbContainer *list;
	JsonbContainer *properties;

	check_order(schema, "minLength", "maxLength", path);
	check_order(schema, "minGraphemes", "maxGraphemes", path);
	check_order(schema, "minimum", "maximum", path);
	if (strcmp(type, "union") == 0 &&
		lexicon_get(schema, "closed", &v) && v.val.boolean &&
		lexicon_get(schema, "refs", &v) &&
		(list = lexicon_array(&v)) != NULL && JsonContainerSize(list) == 0)
		refuse(path, _("a closed union without references"));
	if (strcmp(type, "object") != 0 || !lexicon_get(schema, "required", &v))
		return;
	list = lexicon_array(&v);
	lexicon_get(schema, "properties", &v);
	properties = lexicon_object(&v);
	for (uint32 i = 0; i < JsonContainerSize(list); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(list, i);

		if (getKeyJsonValueFromContainer(properties, name->val.string.val,
										 name->val.string.len, &v) == NULL)
			refuse(path, psprintf(_("required field \"%s\" is no property"),
								  pnstrdup(name->val.string.val,
										   name->val.string.len)));
	}
}

/* An object of definitions. */
static void
check_schemas(const JsonbValue *v, int places, const AtPath *path)
{
	JsonbContainer *object = lexicon_object(v);
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;

	if (object == NULL)
		refuse(path, _("not an object"));
	it = JsonbIteratorInit(object);
	JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		AtPath		step = {path, key.val.string.val, key.val.string.len, 0};
		int			here = places;

		JsonbIteratorNext(&it, &value, true);
		if (places == PLACE_NAMED && lexicon_is_string(&key, "main"))
			here |= PLACE_MAIN;
		check_schema(&value, here, &step);
	}
}

/* One definition that stands in one of the places. */
static void
check_schema(const JsonbValue *v, int places, const AtPath *path)
{
	JsonbContainer *schema = lexicon_object(v);
	const char *type = NULL;
	JsonbValue	value;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (schema == NULL)
		refuse(path, _("a definition must be an object"));
	if (!lexicon_get(schema, "type", &value) || value.type != jbvString)
		refuse(path, _("a definition must have a \"type\""));
	for (int i = 0; i < lengthof(types); i++)
	{
		if (lexicon_is_string(&value, types[i].name) &&
			(types[i].places & places) != 0)
			type = types[i].name;
	}
	if (type == NULL)
		refuse(path, psprintf(_("type \"%s\" cannot stand here"),
							  pnstrdup(value.val.string.val,
									   value.val.string.len)));

	for (int i = 0; i < lengthof(fields); i++)
	{
		AtPath		step = {path, fields[i].field, strlen(fields[i].field), 0};

		if (strcmp(fields[i].type, type) != 0)
			continue;
		if (lexicon_get(schema, fields[i].field, &value))
			check_field(fields[i].kind, &value, &step);
		else if (fields[i].required)
			refuse(path, psprintf(_("field \"%s\" is missing"), fields[i].field));
	}
	check_relations(schema, type, path);
}

char *
lexicon_check(Jsonb *lexicon)
{
	JsonbContainer *root = &lexicon->root;
	AtPath		version_path = {NULL, "lexicon", 7, 0};
	AtPath		id_path = {NULL, "id", 2, 0};
	AtPath		defs_path = {NULL, "defs", 4, 0};
	JsonbContainer *defs;
	JsonbValue	id;
	JsonbValue	v;
	int64		version;

	if (!JsonContainerIsObject(root))
		refuse(NULL, _("not an object"));
	if (!lexicon_get(root, "lexicon", &v) || !is_integer(&v, &version) ||
		version != 1)
		refuse(&version_path, _("the version must be 1"));
	if (!lexicon_get(root, "id", &id) || id.type != jbvString ||
		!syntax_is_nsid(id.val.string.val, id.val.string.len))
		refuse(&id_path, _("not an NSID"));
	if (!lexicon_get(root, "defs", &v) || (defs = lexicon_object(&v)) == NULL ||
		JsonContainerSize(defs) == 0)
		refuse(&defs_path, _("not an object with at least one definition"));
	check_schemas(&v, PLACE_NAMED, &defs_path);
	return pnstrdup(id.val.string.val, id.val.string.len);
}
