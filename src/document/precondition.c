/*
 * precondition.c
 *		"Only if": the options ifRev, ignoreRevs and versionAttribute.
 *
 *						nothing stored		stored
 *	ifRev "r"			UP003				UP001 unless its revision is "r"
 *	ifRev null								UP002
 *	ignoreRevs:false						UP001 unless its revision is the one sent
 *	versionAttribute						stale unless the number sent is greater
 *
 * ifRev, where given, is what counts, and the revision sent is not looked at.
 * Whoever composes a document or a row asks here; what becomes of a refusal
 * (an error, or an item that is ignored) is theirs to say.
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "jsonb/doc.h"
#include "document/precondition.h"
#include "upsert.h"

static bool
refuse(Refusal *why, int sqlstate, const char *message, const char *detail,
	   const char *hint)
{
	why->sqlstate = sqlstate;
	why->message = message;
	why->detail = detail;
	why->hint = hint;
	return false;
}

bool
precondition_holds(const UpsertOptions *options, const char *sent_rev,
				   bool exists, const char *rev, Refusal *why)
{
	const char *expected = options->if_rev_given ? options->if_rev : sent_rev;

	if (!exists)
	{
		if (options->if_rev_given && options->if_rev)
			return refuse(why, ERRCODE_UPSERT_DOCUMENT_NOT_FOUND,
						  "document not found",
						  psprintf("The caller expected revision \"%s\".",
								   options->if_rev),
						  "Leave \"ifRev\" out to create it.");
		return true;
	}
	if (options->if_rev_given && options->if_rev == NULL)
		return refuse(why, ERRCODE_UPSERT_DOCUMENT_EXISTS,
					  "document exists already",
					  rev ? psprintf("Its revision is \"%s\".", rev) :
					  "The option \"ifRev\" is null, which asks that there be none.",
					  "Leave \"ifRev\" out to update it.");
	if (expected && (rev == NULL || strcmp(expected, rev) != 0))
		return refuse(why, ERRCODE_UPSERT_REVISION_CONFLICT,
					  "conflict, _rev values do not match",
					  psprintf("Expected revision \"%s\", found \"%s\".",
							   expected, rev ? rev : ""),
					  "Read the document again and repeat the change on what it is now.");
	return true;
}

void
refusal_raise(const Refusal *why)
{
	ereport(ERROR,
			(errcode(why->sqlstate),
			 errmsg_internal("%s", why->message),
			 why->detail ? errdetail_internal("%s", why->detail) : 0,
			 why->hint ? errhint("%s", why->hint) : 0));
}

bool
precondition_is_stale(const UpsertOptions *options, const Jsonb *stored,
					  const Jsonb *sent)
{
	const char *attribute = options->version_attribute;
	JsonbValue	there;
	JsonbValue	here;

	if (attribute == NULL || !doc_get_attribute(stored, attribute, &there) ||
		there.type != jbvNumeric)
		return false;
	if (!doc_get_attribute(sent, attribute, &here) || here.type != jbvNumeric)
		return true;
	return !DatumGetBool(DirectFunctionCall2(numeric_gt,
											 NumericGetDatum(here.val.numeric),
											 NumericGetDatum(there.val.numeric)));
}
