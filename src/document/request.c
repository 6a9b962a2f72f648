/*
 * request.c
 *		What "upsert this document" means.
 *
 *				 stored document
 *				  none			there
 *	ifRev "r"	  UP003			UP001 if it is not "r"
 *	ifRev null					UP002
 *	ignoreRevs:false			UP001 if the request's _rev is not the stored
 *	versionAttribute			ignored unless the request's number is greater
 *	mode update	  insert		deep merge
 *	mode replace  insert		the request
 *	mode mergePatch insert		RFC 7396
 *	mode nothing  insert		as it is
 *
 * An insert merges into the empty document, so that a document sent twice
 * ends the same whether it was there or not: attributes that the mode removes
 * on null are not stored by an insert either.
 *
 * A refusal is an error that the caller may have asked to swallow; it is
 * found without writing anything, so no subtransaction is needed for it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "doc/doc.h"
#include "document/answer.h"
#include "document/request.h"
#include "upsert.h"

/*
 * Refuses the request: raises the error, or keeps it.  The strings must live
 * as long as the request.
 */
static void
refuse(DocumentRequest *r, int sqlstate, const char *message, const char *detail,
	   const char *hint)
{
	if (!r->soft)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg_internal("%s", message),
				 detail ? errdetail_internal("%s", detail) : 0,
				 hint ? errhint("%s", hint) : 0));

	r->refusal = palloc0(sizeof(ErrorData));
	r->refusal->elevel = ERROR;
	r->refusal->sqlerrcode = sqlstate;
	r->refusal->message = pstrdup(message);
	r->refusal->detail = detail ? pstrdup(detail) : NULL;
	r->refusal->hint = hint ? pstrdup(hint) : NULL;
}

bool
request_prepare(DocumentRequest *r, const Collection *c,
				const UpsertOptions *options, bool soft, Jsonb *doc)
{
	JsonbValue	v;

	memset(r, 0, sizeof(*r));
	r->options = options;
	r->soft = soft;

	if (!JB_ROOT_IS_OBJECT(doc))
	{
		refuse(r, ERRCODE_UPSERT_INVALID_DOCUMENT,
			   "a document must be a JSON object",
			   psprintf("The document is %s.",
						!JB_ROOT_IS_SCALAR(doc) ? "an array" : "a scalar"),
			   NULL);
		return false;
	}
	if (doc_get_attribute(doc, "_key", &v))
	{
		const char *hint;

		if (!collection_key_parse_json(c, &v, &r->key, &hint))
		{
			refuse(r, ERRCODE_UPSERT_INVALID_KEY,
				   psprintf("illegal document key for collection \"%s\"", c->name),
				   psprintf("The attribute \"_key\" is %s.",
							answer_excerpt(&v)),
				   hint);
			return false;
		}
		r->has_key = true;
	}
	if (!options->ignore_revs && doc_get_attribute(doc, "_rev", &v) &&
		v.type != jbvNull)
		r->rev = v.type == jbvString ?
			pnstrdup(v.val.string.val, v.val.string.len) : answer_excerpt(&v);
	r->body = document_body(doc);
	return true;
}

/* The stored revision is not the expected one. */
static void
refuse_revision(DocumentRequest *r, const char *expected, const char *found)
{
	refuse(r, ERRCODE_UPSERT_REVISION_CONFLICT,
		   "conflict, _rev values do not match",
		   psprintf("Expected revision \"%s\", found \"%s\".", expected,
					found ? found : ""),
		   "Read the document again and repeat the change on what it is now.");
}

/* Is the request's version no news?  Only a greater number is. */
static bool
is_stale(const DocumentRequest *r, const Jsonb *old)
{
	const char *attribute = r->options->version_attribute;
	JsonbValue	stored;
	JsonbValue	sent;

	if (attribute == NULL ||
		!doc_get_attribute(old, attribute, &stored) ||
		stored.type != jbvNumeric)
		return false;
	if (!doc_get_attribute(r->body, attribute, &sent) ||
		sent.type != jbvNumeric)
		return true;
	return !DatumGetBool(DirectFunctionCall2(numeric_gt,
											 NumericGetDatum(sent.val.numeric),
											 NumericGetDatum(stored.val.numeric)));
}

/* The callback of the document store. */
static StoreVerdict
compose_request(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	DocumentRequest *r = arg;
	const UpsertOptions *o = r->options;

	if (old == NULL)
	{
		if (o->if_rev_given && o->if_rev != NULL)
		{
			refuse(r, ERRCODE_UPSERT_DOCUMENT_NOT_FOUND, "document not found",
				   psprintf("The caller expected revision \"%s\".", o->if_rev),
				   NULL);
			return STORE_SKIP;
		}
	}
	else
	{
		const char *expected = o->if_rev_given ? o->if_rev : r->rev;

		if (o->if_rev_given && o->if_rev == NULL)
		{
			refuse(r, ERRCODE_UPSERT_DOCUMENT_EXISTS, "document exists already",
				   old_rev ? psprintf("Its revision is \"%s\".", old_rev) : NULL,
				   NULL);
			return STORE_SKIP;
		}
		if (expected != NULL &&
			(old_rev == NULL || strcmp(expected, old_rev) != 0))
		{
			refuse_revision(r, expected, old_rev);
			return STORE_SKIP;
		}
		if (o->mode == MODE_NOTHING)
			return STORE_KEEP;
		if (is_stale(r, old))
			return STORE_SKIP;
	}

	switch (o->mode)
	{
		case MODE_UPDATE:
			if (old == NULL && o->keep_null)
				*new = r->body;
			else
				*new = doc_merge(old ? old : document_empty(), r->body,
								 o->keep_null, o->merge_objects);
			break;
		case MODE_MERGE_PATCH:
			*new = doc_merge_patch(old ? old : document_empty(), r->body);
			break;
		case MODE_REPLACE:
		case MODE_NOTHING:
			*new = r->body;
			break;
	}
	return STORE_WRITE;
}

void
request_apply(DocumentRequest *r, DocumentStore *ds, DocumentResult *result)
{
	r->refusal = NULL;
	document_apply(ds, r->has_key ? &r->key : NULL, compose_request, r, result);
}

UpsertOutcome
request_outcome(const UpsertOptions *options, const DocumentResult *result)
{
	switch (result->outcome)
	{
		case STORE_INSERTED:
			return UPSERT_INSERTED;
		case STORE_UPDATED:
			return options->mode == MODE_REPLACE ? UPSERT_REPLACED : UPSERT_UPDATED;
		case STORE_UNCHANGED:
			return UPSERT_UNCHANGED;
		case STORE_DELETED:
			return UPSERT_DELETED;
		case STORE_SKIPPED:
			break;
	}
	return UPSERT_IGNORED;
}
