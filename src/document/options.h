/*
 * options.h
 *		The options object that every door of the engine takes.
 */
#ifndef UPSERT_OPTIONS_H
#define UPSERT_OPTIONS_H

#include "utils/jsonb.h"

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
	bool		ignore_revs;
	bool		if_rev_given;
	char	   *if_rev;			/* NULL if given: must not exist */
	char	   *version_attribute;	/* NULL: none */
	bool		ignore_errors;
	UpsertDuplicates duplicates;
	UpsertMultiple multiple;
	bool		exclusive;
	bool		wait_for_sync;
	bool		dry_run;
	UpsertReturn ret;
} UpsertOptions;

/* Every option at its default. */
extern void options_default(UpsertOptions *options);

/*
 * Reads the object, strings copied into the current memory context.  Error
 * 22023 that names an option that is unknown, of the wrong type, or out of
 * its range.
 */
extern void options_parse(Jsonb *json, UpsertOptions *options);

/* Makes waitForSync come true: the commit of this transaction is durable. */
extern void options_apply_wait_for_sync(const UpsertOptions *options);

#endif							/* UPSERT_OPTIONS_H */
