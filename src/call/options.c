/*
 * options.c
 *		The options object, read by a table.
 *
 *		{"mode": "replace", "dryRun": true}
 *			|
 *		sets of the call	[ name, calls, type, offset ] ...	--> structs
 *
 * A call may read several sets from one object (jsonld_upsert() does: the
 * processor's and the batch's).  Knows the words, not what they do.
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "call/excerpt.h"
#include "call/options.h"

/* ----------
 * Reading
 * ----------
 */

/* "The options of this call are ...", for a HINT. */
static char *
describe_sets(const OptionSet *sets, int nsets)
{
	StringInfoData buf;
	int			n = 0;

	initStringInfo(&buf);
	for (int i = 0; i < nsets; i++)
		for (int k = 0; k < sets[i].ndefs; k++)
			if (sets[i].defs[k].calls & sets[i].call)
				appendStringInfo(&buf, "%s\"%s\"", n++ ? ", " : "",
								 sets[i].defs[k].name);
	return buf.data;
}

/* "a string", for a DETAIL. */
static const char *
what_it_takes(const OptionDef *def)
{
	StringInfoData words;

	switch (def->type)
	{
		case OPTION_BOOL:
			return "true or false";
		case OPTION_STRING:
			return "a string";
		case OPTION_OTHER:
			return def->expected;
		case OPTION_WORD:
			break;
	}
	initStringInfo(&words);
	for (int i = 0; def->words[i] != NULL; i++)
		if (*def->words[i] != '\0')
			appendStringInfo(&words, "%s\"%s\"", words.len ? ", " : "one of ",
							 def->words[i]);
	return words.data;
}

static bool
is_word(const JsonbValue *v, const char *word)
{
	return v->type == jbvString && v->val.string.len == strlen(word) &&
		memcmp(v->val.string.val, word, v->val.string.len) == 0;
}

/* The name is none of this call's: does another call know it? */
pg_noreturn static void
no_such_option(const OptionSet *sets, int nsets, const JsonbValue *name,
			   const JsonbValue *value)
{
	bool		known = false;

	for (int i = 0; i < nsets; i++)
		for (int k = 0; k < sets[i].ndefs; k++)
			known |= is_word(name, sets[i].defs[k].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 known ? errmsg("option \"%.*s\" cannot be had in this call",
							name->val.string.len, name->val.string.val) :
			 errmsg("unknown option \"%.*s\"",
					name->val.string.len, name->val.string.val),
			 errdetail("Its value is %s.", excerpt_value(value)),
			 errhint("The options of this call are %s.",
					 describe_sets(sets, nsets))));
}

pg_noreturn static void
invalid_value(const OptionSet *sets, int nsets, const OptionDef *def,
			  const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"%s\"", def->name),
			 errdetail("It is %s; it must be %s.",
					   excerpt_value(value), what_it_takes(def)),
			 errhint("The options of this call are %s.",
					 describe_sets(sets, nsets))));
}

void
option_refuse(const char *name, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" cannot be had in this call", name),
			 errdetail_internal("%s", reason)));
}

bool
option_is_string(const JsonbValue *value, void *options)
{
	return value->type == jbvString;
}

const OptionDef *
option_find(const OptionSet *set, const char *name, int len)
{
	for (int i = 0; i < set->ndefs; i++)
	{
		const OptionDef *def = &set->defs[i];

		if ((def->calls & set->call) && strlen(def->name) == len &&
			memcmp(def->name, name, len) == 0)
			return def;
	}
	return NULL;
}

static bool
take_word(const OptionDef *def, const JsonbValue *value, int *word)
{
	for (int i = 0; def->words[i] != NULL; i++)
	{
		if (*def->words[i] == '\0' || !is_word(value, def->words[i]))
			continue;
		*word = i;
		return true;
	}
	return false;
}

/* False if it is none that the option can take. */
static bool
set_option(const OptionDef *def, const JsonbValue *value, void *options)
{
	void	   *field = (char *) options + def->offset;

	switch (def->type)
	{
		case OPTION_BOOL:
			if (value->type != jbvBool)
				return false;
			*(bool *) field = value->val.boolean;
			return true;

		case OPTION_STRING:
			if (value->type != jbvString)
				return false;
			*(char **) field = pnstrdup(value->val.string.val,
										value->val.string.len);
			return true;

		case OPTION_WORD:
			return take_word(def, value, field);

		case OPTION_OTHER:
			return def->take(value, options);
	}
	return false;
}

void
options_read(Jsonb *json, const OptionSet *sets, int nsets)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	name;
	JsonbValue	value;

	if (json == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errdetail("They are %s.", excerpt_jsonb(json)),
				 errhint("The options of this call are %s.",
						 describe_sets(sets, nsets))));
	if (JB_ROOT_COUNT(json) == 0)
		return;

	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &name, true)) != WJB_DONE)
	{
		const OptionDef *def = NULL;
		int			i;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		for (i = 0; i < nsets && def == NULL; i++)
			def = option_find(&sets[i], name.val.string.val, name.val.string.len);
		if (def == NULL)
			no_such_option(sets, nsets, &name, &value);
		if (!set_option(def, &value, sets[i - 1].options))
			invalid_value(sets, nsets, def, &value);
	}
}

/* ----------
 * What most writing calls take
 * ----------
 */

#define ONE			(CALL_UPSERT | CALL_UPSERT_BY | CALL_OBJECT)
#define VIEW		(CALL_UPSERT_VIEW | CALL_VIEW_OF_ROWS)
#define IMPORT		(CALL_UPSERT_IMPORT | VIEW)
#define BATCH		(CALL_UPSERT_MANY | CALL_UPSERT_LOAD | CALL_UPSERT_FROM)
#define MANY		(BATCH | CALL_OBJECTS | CALL_JSONLD_UPSERT)
#define ALL			(ONE | MANY)
#define TABLES		(CALL_OBJECT | CALL_OBJECTS | CALL_VIEW_OF_ROWS)
#define WITH_MODE	(ALL & ~CALL_JSONLD_UPSERT)
#define BY_KEY		(CALL_DELETE | CALL_PATCH)
#define REMEMBERED	(ONE | CALL_UPSERT_MANY | CALL_UPSERT_LOAD | CALL_OBJECTS | BY_KEY)

static bool
take_if_rev(const JsonbValue *value, void *options)
{
	UpsertOptions *o = options;

	o->if_rev_given = true;
	o->if_rev = NULL;
	if (value->type == jbvString)
		o->if_rev = pnstrdup(value->val.string.val, value->val.string.len);
	return value->type == jbvString || value->type == jbvNull;
}

bool
option_take_count(const JsonbValue *value, int *count)
{
	bool		overflow;

	if (value->type != jbvNumeric)
		return false;
	*count = compat_numeric_int4(value->val.numeric, &overflow);
	return !overflow && *count > 0 &&
		DatumGetBool(DirectFunctionCall2(numeric_eq,
										 NumericGetDatum(value->val.numeric),
										 NumericGetDatum(int64_to_numeric(*count))));
}

bool
option_take_names(const JsonbValue *value, List **names)
{
	int			n;

	*names = NIL;
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return false;
	n = JsonContainerSize(value->val.binary.data);
	for (int i = 0; i < n; i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(value->val.binary.data, i);
		char	   *copy;

		if (name->type != jbvString)
			return false;
		copy = pnstrdup(name->val.string.val, name->val.string.len);
		if (!option_names(*names, copy))
			*names = lappend(*names, copy);
	}
	return true;
}

bool
option_names(const List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
		return true;
	return false;
}

static bool
take_ignore_changes(const JsonbValue *value, void *options)
{
	return option_take_names(value, &((UpsertOptions *) options)->ignore_changes);
}

static bool
take_by(const JsonbValue *value, void *options)
{
	UpsertOptions *o = options;

	return option_take_names(value, &o->by) && o->by != NIL;
}

/* Tables tell the default from what was asked. */
static bool
take_merge_objects(const JsonbValue *value, void *options)
{
	UpsertOptions *o = options;

	o->merge_objects_given = value->type == jbvBool;
	o->merge_objects = value->type == jbvBool && value->val.boolean;
	return value->type == jbvBool;
}

static const char *const mode_words[] = {"update", "replace", "mergePatch", "nothing", NULL};
static const char *const duplicates_words[] = {"apply", "error", "first", "last", NULL};
static const char *const return_words[] = {"both", "new", "old", "key", "none", "diff", NULL};
static const char *const multiple_words[] = {"", "error", "first", NULL};

#define FIELD(field) offsetof(UpsertOptions, field)

static const OptionDef upsert_options[] = {
	{"mode", WITH_MODE | IMPORT, OPTION_WORD, FIELD(mode), mode_words},
	{"keepNull", ALL | IMPORT | CALL_C8QL, OPTION_BOOL, FIELD(keep_null)},
	{"mergeObjects", ((WITH_MODE | IMPORT) & ~TABLES) | CALL_C8QL, OPTION_BOOL, FIELD(merge_objects)},
	{"mergeObjects", TABLES, OPTION_OTHER, 0, NULL, take_merge_objects, "true or false"},
	{"jsonNull", TABLES, OPTION_BOOL, FIELD(json_null)},
	{"ignoreRevs", ALL | IMPORT | CALL_C8QL, OPTION_BOOL, FIELD(ignore_revs)},
	{"ifRev", ALL | IMPORT | BY_KEY, OPTION_OTHER, 0, NULL, take_if_rev, "a string or null"},
	{"mustExist", ALL | IMPORT | CALL_DELETE, OPTION_BOOL, FIELD(must_exist)},
	{"ignoreChanges", ALL | IMPORT, OPTION_OTHER, 0, NULL, take_ignore_changes, "an array of names"},
	{"by", BATCH | CALL_UPSERT_VIEW, OPTION_OTHER, 0, NULL, take_by, "an array of attributes, one at least"},
	{"versionAttribute", ALL | IMPORT, OPTION_STRING, FIELD(version_attribute)},
	{"ignoreErrors", ALL | IMPORT | CALL_C8QL, OPTION_BOOL, FIELD(ignore_errors)},
	{"duplicates", MANY | IMPORT, OPTION_WORD, FIELD(duplicates), duplicates_words},
	{"multiple", CALL_UPSERT_BY | CALL_OBJECT | CALL_OBJECTS, OPTION_WORD, FIELD(multiple), multiple_words},
	{"exclusive", ALL | VIEW | CALL_C8QL, OPTION_BOOL, FIELD(exclusive)},
	{"waitForSync", ALL | IMPORT | CALL_C8QL, OPTION_BOOL, FIELD(wait_for_sync)},
	{"dryRun", ALL | BY_KEY, OPTION_BOOL, FIELD(dry_run)},
	OPTION_IDEMPOTENCY_KEY(REMEMBERED),
	{"return", (ALL & ~(CALL_UPSERT_LOAD | CALL_UPSERT_FROM)) | BY_KEY, OPTION_WORD, FIELD(ret), return_words},
};

void
options_default(UpsertOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->keep_null = true;
	options->merge_objects = true;
	options->ignore_revs = true;
}

OptionSet
options_set(UpsertCall call, UpsertOptions *options)
{
	OptionSet	set = OPTION_SET(upsert_options, call, options);

	options_default(options);
	return set;
}

void
options_check(const UpsertOptions *options)
{
	if (options->must_exist && options->if_rev_given && options->if_rev == NULL)
		option_refuse("mustExist",
					  "The option \"ifRev\" is null, which asks that there be none.");
	if (options->mode == MODE_MERGE_PATCH && !options->merge_objects)
		option_refuse("mergeObjects",
					  "A merge patch merges objects at any depth.");
}

void
options_parse(Jsonb *json, UpsertCall call, UpsertOptions *options)
{
	OptionSet	set = options_set(call, options);

	options_read(json, &set, 1);
	options_check(options);
}

/* "name": in the object under construction. */
static void
write_name(StringInfo buf, const char *name)
{
	if (buf->len > 1)
		appendStringInfoChar(buf, ',');
	escape_json(buf, name);
	appendStringInfoChar(buf, ':');
}

void
options_write(StringInfo buf, const UpsertOptions *options, UpsertCall call)
{
	UpsertOptions plain;
	OptionSet	set = options_set(call, &plain);
	const char *sep = "";
	ListCell   *lc;

	appendStringInfoChar(buf, '{');
	for (int i = 0; i < set.ndefs; i++)
	{
		const OptionDef *def = &set.defs[i];
		const char *field = (const char *) options + def->offset;
		const char *usual = (const char *) &plain + def->offset;

		if (!(def->calls & call))
			continue;
		if (def->type == OPTION_BOOL && *(const bool *) field != *(const bool *) usual)
		{
			write_name(buf, def->name);
			appendStringInfoString(buf, *(const bool *) field ? "true" : "false");
		}
		else if (def->type == OPTION_WORD && *(const int *) field != *(const int *) usual)
		{
			write_name(buf, def->name);
			escape_json(buf, def->words[*(const int *) field]);
		}
		else if (def->type == OPTION_STRING && *(char *const *) field != NULL)
		{
			write_name(buf, def->name);
			escape_json(buf, *(char *const *) field);
		}
	}
	if (options->if_rev_given)
	{
		write_name(buf, "ifRev");
		if (options->if_rev)
			escape_json(buf, options->if_rev);
		else
			appendStringInfoString(buf, "null");
	}
	if (options->ignore_changes)
	{
		write_name(buf, "ignoreChanges");
		foreach(lc, options->ignore_changes)
		{
			appendStringInfoString(buf, *sep ? "," : "[");
			sep = ",";
			escape_json(buf, lfirst(lc));
		}
		appendStringInfoChar(buf, ']');
	}
	appendStringInfoChar(buf, '}');
}

void
options_apply_wait_for_sync(const UpsertOptions *options)
{
	/* false leaves the setting; more than "on" stays as it is */
	if (options->wait_for_sync && synchronous_commit < SYNCHRONOUS_COMMIT_ON)
		(void) set_config_option("synchronous_commit", "on", PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
								 false);
}
