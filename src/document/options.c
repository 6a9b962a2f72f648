/*
 * options.c
 *		The options object, read by a table: name, type, where it goes.
 *
 * Knows the words, not what they do.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "document/answer.h"
#include "document/options.h"

typedef enum OptionType
{
	OPTION_BOOL,
	OPTION_STRING,
	OPTION_STRING_OR_NULL,
	OPTION_ENUM
} OptionType;

typedef struct OptionDef
{
	const char *name;
	OptionType	type;
	size_t		offset;			/* in UpsertOptions */
	const char *const *words;	/* of an enum, in its order */
} OptionDef;

static const char *const mode_words[] = {"update", "replace", "mergePatch", "nothing", NULL};
static const char *const duplicates_words[] = {"apply", "error", "first", "last", NULL};
static const char *const return_words[] = {"both", "new", "old", "key", "none", "diff", NULL};
static const char *const multiple_words[] = {"", "error", "first", NULL};

static const OptionDef option_defs[] = {
	{"mode", OPTION_ENUM, offsetof(UpsertOptions, mode), mode_words},
	{"keepNull", OPTION_BOOL, offsetof(UpsertOptions, keep_null), NULL},
	{"mergeObjects", OPTION_BOOL, offsetof(UpsertOptions, merge_objects), NULL},
	{"ignoreRevs", OPTION_BOOL, offsetof(UpsertOptions, ignore_revs), NULL},
	{"ifRev", OPTION_STRING_OR_NULL, offsetof(UpsertOptions, if_rev), NULL},
	{"versionAttribute", OPTION_STRING, offsetof(UpsertOptions, version_attribute), NULL},
	{"ignoreErrors", OPTION_BOOL, offsetof(UpsertOptions, ignore_errors), NULL},
	{"duplicates", OPTION_ENUM, offsetof(UpsertOptions, duplicates), duplicates_words},
	{"multiple", OPTION_ENUM, offsetof(UpsertOptions, multiple), multiple_words},
	{"exclusive", OPTION_BOOL, offsetof(UpsertOptions, exclusive), NULL},
	{"waitForSync", OPTION_BOOL, offsetof(UpsertOptions, wait_for_sync), NULL},
	{"dryRun", OPTION_BOOL, offsetof(UpsertOptions, dry_run), NULL},
	{"return", OPTION_ENUM, offsetof(UpsertOptions, ret), return_words},
};

static void
wrong_type(const char *name, const JsonbValue *value, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"%s\"", name),
			 errdetail("It is %s.", answer_excerpt(value)),
			 errhint("Give %s.", expected)));
}

static char *
option_names(void)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < lengthof(option_defs); i++)
		appendStringInfo(&buf, "%s\"%s\"", i ? ", " : "", option_defs[i].name);
	return buf.data;
}

static const OptionDef *
find_option(const JsonbValue *key)
{
	int			i;

	for (i = 0; i < lengthof(option_defs); i++)
	{
		const char *name = option_defs[i].name;

		if (strlen(name) == key->val.string.len &&
			memcmp(name, key->val.string.val, key->val.string.len) == 0)
			return &option_defs[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown option \"%.*s\"",
					key->val.string.len, key->val.string.val),
			 errhint("The options are %s.", option_names())));
	return NULL;				/* keep the compiler quiet */
}

static int
find_word(const OptionDef *def, const JsonbValue *value)
{
	StringInfoData expected;
	int			i;

	for (i = 0; def->words[i] != NULL && value->type == jbvString; i++)
	{
		const char *word = def->words[i];

		if (*word != '\0' && strlen(word) == value->val.string.len &&
			memcmp(word, value->val.string.val, value->val.string.len) == 0)
			return i;
	}

	initStringInfo(&expected);
	appendStringInfoString(&expected, "one of");
	for (i = 0; def->words[i] != NULL; i++)
		if (*def->words[i] != '\0')
			appendStringInfo(&expected, " \"%s\"", def->words[i]);
	wrong_type(def->name, value, expected.data);
	return 0;					/* keep the compiler quiet */
}

static void
set_option(const OptionDef *def, const JsonbValue *value, UpsertOptions *options)
{
	void	   *field = (char *) options + def->offset;

	switch (def->type)
	{
		case OPTION_BOOL:
			if (value->type != jbvBool)
				wrong_type(def->name, value, "true or false");
			*(bool *) field = value->val.boolean;
			break;

		case OPTION_STRING_OR_NULL:
			options->if_rev_given = true;
			if (value->type == jbvNull)
			{
				*(char **) field = NULL;
				break;
			}
			if (value->type != jbvString)
				wrong_type(def->name, value, "a string or null");
			*(char **) field = pnstrdup(value->val.string.val,
										value->val.string.len);
			break;

		case OPTION_STRING:
			if (value->type != jbvString)
				wrong_type(def->name, value, "a string");
			*(char **) field = pnstrdup(value->val.string.val,
										value->val.string.len);
			break;

		case OPTION_ENUM:
			/* all enums of UpsertOptions have the size of an int */
			*(int *) field = find_word(def, value);
			break;
	}
}

void
options_default(UpsertOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->keep_null = true;
	options->merge_objects = true;
	options->ignore_revs = true;
}

void
options_parse(Jsonb *json, UpsertOptions *options)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;

	options_default(options);
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errdetail("They are %s.",
						   JB_ROOT_IS_SCALAR(json) ? "a scalar" : "an array")));

	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		const OptionDef *def;

		if (token != WJB_KEY)
			continue;
		def = find_option(&v);
		(void) JsonbIteratorNext(&it, &v, true);
		set_option(def, &v, options);
	}
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
