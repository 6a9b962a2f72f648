/*
 * lexicon.h
 *		Lexicon schemas: are they well-formed, and do records match them.
 *
 * Pure: whoever has the schemas hands over a function that finds them.
 */
#ifndef UPSERT_ATPROTO_LEXICON_H
#define UPSERT_ATPROTO_LEXICON_H

#include "utils/jsonb.h"

/*
 * The lexicon with this NSID (len bytes, not terminated), or NULL if it is
 * not known.  The result must stay valid during the validation.
 */
typedef Jsonb *(*LexiconLookup) (void *arg, const char *nsid, int len);

typedef enum LexiconStatus
{
	LEXICON_VALID,				/* the record matches its schema */
	LEXICON_UNKNOWN				/* no schema, or a part refers to one that is
								 * not known */
} LexiconStatus;

/*
 * Checks a lexicon file itself (atproto.com/specs/lexicon) and returns its
 * NSID, palloc'd.  Error: UP006 with the path in DETAIL.
 */
extern char *lexicon_check(Jsonb *lexicon);

/*
 * Checks a record of a collection, which must already hold to the data model
 * (cbor_encode()).  Error: UP006 with the path in DETAIL.  With LEXICON_UNKNOWN
 * *missing is the NSID that is not known, palloc'd.
 */
extern LexiconStatus lexicon_validate(const char *collection, Jsonb *record,
									  LexiconLookup lookup, void *arg,
									  char **missing);

/* What a record schema says about record keys */
typedef enum LexiconKeyType
{
	LEXICON_KEY_ANY,			/* also where there is no schema */
	LEXICON_KEY_TID,
	LEXICON_KEY_NSID,
	LEXICON_KEY_LITERAL
} LexiconKeyType;

/*
 * The key type of a collection.  For LEXICON_KEY_LITERAL *literal is the one
 * key, palloc'd.
 */
extern LexiconKeyType lexicon_key_type(const char *collection,
									   LexiconLookup lookup, void *arg,
									   char **literal);

/*
 * Looks up a key of an object.  False if it is missing.  For the modules
 * that read schemas.
 */
extern bool lexicon_get(JsonbContainer *object, const char *key,
						JsonbValue *value);

/* The value as an object or array; NULL if it is something else. */
extern JsonbContainer *lexicon_object(const JsonbValue *value);
extern JsonbContainer *lexicon_array(const JsonbValue *value);

/*
 * How many bytes of a reference are the scheme of its resolved form
 * ("lex:NSID#NAME"); 0 in the form that lexicon files have.
 */
extern int	lexicon_ref_scheme(const char *ref, int len);

/* Is the value this string? */
extern bool lexicon_is_string(const JsonbValue *value, const char *str);

#endif							/* UPSERT_ATPROTO_LEXICON_H */
