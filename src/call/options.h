/*
 * options.h
 *		The options object that every call takes, read by a table.
 *
 * A table has a row an option: its word, its type, where it goes, and which
 * of the calls that share the table take it.  What a call does not take it
 * refuses, so that nothing that is asked for passes without effect.
 *
 *		OptionSet	set = OPTION_SET(my_options, MY_CALL, &mine);
 *		options_read(json, &set, 1);
 */
#ifndef UPSERT_OPTIONS_H
#define UPSERT_OPTIONS_H

#include "compat.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum OptionType
{
	OPTION_BOOL,				/* bool */
	OPTION_STRING,				/* char * */
	OPTION_WORD,				/* an enum of the size of an int */
	OPTION_OTHER				/* whatever "take" makes of it */
} OptionType;

/*
 * Takes the value, which may point into the options' JSON, into the options;
 * false if it is none that it can take.
 */
typedef bool (*OptionTake) (const JsonbValue *value, void *options);

typedef struct OptionDef
{
	const char *name;
	int			calls;			/* bits, of the table's own choice */
	OptionType	type;
	size_t		offset;			/* in the struct that is filled in */
	const char *const *words;	/* OPTION_WORD: in the order of the enum, NULL
								 * at the end; "" is for no word */
	OptionTake	take;			/* OPTION_OTHER */
	const char *expected;		/* OPTION_OTHER: what it takes, for the DETAIL */
} OptionDef;

/*
 * The row of calls that remember_call() makes, which takes its value by itself:
 * it has to be a string.
 */
extern bool option_is_string(const JsonbValue *value, void *options);

#define OPTION_IDEMPOTENCY_KEY(calls) \
	{"idempotencyKey", (calls), OPTION_OTHER, 0, NULL, option_is_string, "a string"}

/* The rows of a table that one call takes, and the struct that they fill. */
typedef struct OptionSet
{
	const OptionDef *defs;
	int			ndefs;
	int			call;
	void	   *options;
} OptionSet;

#define OPTION_SET(defs, call, options) {(defs), lengthof(defs), (call), (options)}

/*
 * Reads the object into the structs of the sets, which hold the defaults
 * already; strings are copied into the current memory context.  NULL: no
 * options.  Error 22023 that names an option that is unknown, none of this
 * call, of the wrong type or out of its range; DETAIL has its value, HINT the
 * options of the call.
 */
extern void options_read(Jsonb *json, const OptionSet *sets, int nsets);

/* The option of this name that the call takes, or NULL. */
extern const OptionDef *option_find(const OptionSet *set, const char *name, int len);

/*
 * Error 22023: an option that this call takes elsewhere cannot be had here,
 * and why (a whole sentence).
 */
pg_noreturn extern void option_refuse(const char *name, const char *reason);

/* ----------
 * What most writing calls take
 * ----------
 */

typedef enum UpsertMode
{
	MODE_UPDATE,				/* deep merge */
	MODE_REPLACE,
	MODE_MERGE_PATCH,			/* RFC 7396 */
	MODE_NOTHING				/* leave an existing document alone */
} UpsertMode;

typedef enum UpsertDuplicates
{
	DUPLICATES_APPLY,
	DUPLICATES_ERROR,
	DUPLICATES_FIRST,
	DUPLICATES_LAST
} UpsertDuplicates;

typedef enum UpsertReturn
{
	RETURN_BOTH,
	RETURN_NEW,
	RETURN_OLD,
	RETURN_KEY,
	RETURN_NONE,
	RETURN_DIFF
} UpsertReturn;

typedef enum UpsertMultiple
{
	MULTIPLE_DEFAULT,			/* each door has its own */
	MULTIPLE_ERROR,
	MULTIPLE_FIRST
} UpsertMultiple;

typedef struct UpsertOptions
{
	UpsertMode	mode;
	bool		keep_null;
	bool		merge_objects;
	bool		merge_objects_given;
	bool		json_null;
	bool		ignore_revs;
	bool		if_rev_given;
	char	   *if_rev;			/* NULL if given: must not exist */
	bool		must_exist;
	List	   *ignore_changes; /* of attributes or columns (char *) */
	List	   *by;				/* of attributes; NIL: by key */
	char	   *version_attribute;	/* NULL: none */
	bool		ignore_errors;
	UpsertDuplicates duplicates;
	UpsertMultiple multiple;
	bool		exclusive;
	bool		wait_for_sync;
	bool		dry_run;
	UpsertReturn ret;
} UpsertOptions;

/* The calls that share the table of UpsertOptions. */
typedef enum UpsertCall
{
	CALL_UPSERT = 0x01,
	CALL_UPSERT_MANY = 0x02,
	CALL_UPSERT_LOAD = 0x04,
	CALL_UPSERT_BY = 0x08,
	CALL_OBJECT = 0x10,
	CALL_OBJECTS = 0x20,
	CALL_JSONLD_UPSERT = 0x40,
	CALL_C8QL = 0x80,			/* OPTIONS of a modification */
	CALL_DELETE = 0x100,
	CALL_PATCH = 0x200,
	CALL_UPSERT_FROM = 0x400,
	CALL_UPSERT_IMPORT = 0x800,
	CALL_UPSERT_VIEW = 0x1000,
	CALL_VIEW_OF_ROWS = 0x2000
} UpsertCall;

/*
 * A whole number from 1 on, for OPTION_OTHER: false if the value is none, or
 * greater than an int.
 */
extern bool option_take_count(const JsonbValue *value, int *count);

/* An array of names, as a list of strings without repetitions. */
extern bool option_take_names(const JsonbValue *value, List **names);

/* Is the name in a list of such? */
extern bool option_names(const List *names, const char *name);

/* Every option at its default. */
extern void options_default(UpsertOptions *options);

/* The defaults, and the set that this call reads over them. */
extern OptionSet options_set(UpsertCall call, UpsertOptions *options);

/* Error 22023 for options that contradict each other. */
extern void options_check(const UpsertOptions *options);

/* The defaults, and over them what the call's argument says. */
extern void options_parse(Jsonb *json, UpsertCall call, UpsertOptions *options);

/*
 * Writes what of a documents' call is not at its default as a JSON object, for
 * options_parse() elsewhere.  Not "by".
 */
extern void options_write(StringInfo buf, const UpsertOptions *options,
						  UpsertCall call);

/* Makes waitForSync come true: the commit of this transaction is durable. */
extern void options_apply_wait_for_sync(const UpsertOptions *options);

#endif							/* UPSERT_OPTIONS_H */
