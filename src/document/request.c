/*
 * request.c
 *		What "upsert this document" means.
 *
 *				 stored document
 *				  none			there
 *	mode update	  insert		deep merge
 *	mode replace  insert		the request
 *	mode mergePatch insert		RFC 7396
 *	mode nothing  insert		as it is
 *
 * after the preconditions of call/condition.c have been asked.
 *
 * An insert merges into the empty document, so that a document sent twice
 * ends the same whether it was there or not: attributes that the mode removes
 * on null are not stored by an insert either.
 *
 * The key is _key's, or else that in _id, which clients of other stores send
 * back: the name before its slash must be the table's.
 *
 * A refusal is an error that the caller may have asked to swallow; it is
 * found without writing anything, so no subtransaction is needed for it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "jsonb/doc.h"
#include "call/condition.h"
#include "call/excerpt.h"
#include "document/request.h"
#include "upsert.h"

/* Refuses the request: raises the error, or keeps it. */
static void
refuse(DocumentRequest *r, const Refusal *why)
{
	if (!r->soft)
		refusal_raise(why);

	r->refusal = refusal_error(why);
}

/* The key that the attribute names, or why it names none. */
static bool
attribute_key(const Collection *c, const char *attribute, const JsonbValue *v,
			  Datum *key, Refusal *why)
{
	const char *name = v->val.string.val;
	JsonbValue	plain = *v;
	const char *hint;
	int			prefix = 0;

	if (strcmp(attribute, "_id") == 0)
	{
		hint = "It is a key, or collection/key; leave it out to copy a document.";
		if (v->type == jbvString)
			/* no key has a slash in it, but a table's name may */
			for (int i = 0; i < v->val.string.len; i++)
				if (name[i] == '/')
					prefix = i + 1;
		plain.val.string.val += prefix;
		plain.val.string.len -= prefix;
		if (v->type == jbvString &&
			(prefix == 0 || (prefix - 1 == strlen(c->name) &&
							 memcmp(name, c->name, prefix - 1) == 0)) &&
			collection_key_parse_json(c, &plain, key, &why->hint))
			return true;
	}
	else if (collection_key_parse_json(c, v, key, &hint))
		return true;

	why->sqlstate = ERRCODE_UPSERT_INVALID_KEY;
	why->message = psprintf("illegal document key for collection \"%s\"",
							c->name);
	why->detail = psprintf("The attribute \"%s\" is %s.", attribute,
						   excerpt_value(v));
	why->hint = hint;
	return false;
}

RequestKey
request_find_key(const Collection *c, const Jsonb *doc, Datum *key, Refusal *why)
{
	JsonbValue	v;
	JsonbValue	id;
	Datum		other;
	bool		named = doc_get_attribute(doc, "_key", &v);

	if (named && !attribute_key(c, "_key", &v, key, why))
		return REQUEST_KEY_BAD;
	if (!doc_get_attribute(doc, "_id", &id))
		return named ? REQUEST_KEY_ONE : REQUEST_KEY_NONE;
	if (!attribute_key(c, "_id", &id, &other, why))
		return REQUEST_KEY_BAD;
	if (!named)
		*key = other;
	else if (collection_key_compare(c, *key, other) != 0)
	{
		why->sqlstate = ERRCODE_UPSERT_INVALID_KEY;
		why->message = psprintf("\"_id\" and \"_key\" contradict each other in a document for collection \"%s\"",
								c->name);
		why->detail = psprintf("The attribute \"_id\" is %s, and \"_key\" is %s.",
							   excerpt_value(&id), excerpt_value(&v));
		why->hint = "Leave \"_id\" out to copy a document.";
		return REQUEST_KEY_BAD;
	}
	return REQUEST_KEY_ONE;
}

bool
request_prepare(DocumentRequest *r, const Collection *c,
				const UpsertOptions *options, bool soft, Jsonb *doc,
				const Datum *known)
{
	DocumentRequest request = {.options = options, .soft = soft};
	JsonbValue	v;
	Refusal		why;

	if (known)
	{
		request.has_key = true;
		request.key = *known;
	}
	*r = request;

	if (!JB_ROOT_IS_OBJECT(doc))
	{
		why = (Refusal) {ERRCODE_UPSERT_INVALID_DOCUMENT,
						 "a document must be a JSON object",
						 JB_ROOT_IS_SCALAR(doc) ? "The document is a scalar." :
						 "The document is an array.",
						 JB_ROOT_IS_SCALAR(doc) ? NULL :
						 "Several documents are for upsert_many() or upsert_load()."};
		refuse(r, &why);
		return false;
	}
	switch (r->has_key ? REQUEST_KEY_ONE : request_find_key(c, doc, &r->key, &why))
	{
		case REQUEST_KEY_BAD:
			refuse(r, &why);
			return false;
		case REQUEST_KEY_ONE:
			r->has_key = true;
			break;
		case REQUEST_KEY_NONE:
			break;
	}
	if (!options->ignore_revs && doc_get_attribute(doc, "_rev", &v) &&
		v.type != jbvNull)
		r->rev = v.type == jbvString ?
			pnstrdup(v.val.string.val, v.val.string.len) : excerpt_value(&v);
	r->doc = doc;
	return true;
}

bool
request_has_key(DocumentRequest *r, const Collection *c)
{
	Refusal		why = {
		ERRCODE_UPSERT_INVALID_KEY,
		NULL,
		"The load may be resumed, and a key that is generated would be another one then.",
		"Give each document a \"_key\" or \"_id\"."
	};

	if (r->has_key)
		return true;
	why.message = psprintf("document without a key for collection \"%s\"", c->name);
	refuse(r, &why);
	return false;
}

StoreVerdict
request_compose(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	DocumentRequest *r = arg;
	const UpsertOptions *o = r->options;
	Condition	condition = condition_of_options(o, "document", r->rev);
	VersionVerdict version;
	Jsonb	   *body;
	Refusal		why;

	if (!condition_holds(&condition, old != NULL, old_rev, &why))
	{
		refuse(r, &why);
		return STORE_SKIP;
	}
	if (old != NULL && o->mode == MODE_NOTHING)
		return STORE_KEEP;

	/* not before: in a batch all would be in memory twice */
	body = document_body(r->doc);
	version = condition_version(o, old, body, &why);
	if (version == VERSION_REFUSED)
		refuse(r, &why);
	if (version != VERSION_NEW)
		return STORE_SKIP;
	if (old != NULL)
	{
		if (o->mode == MODE_UPDATE && !JB_ROOT_IS_OBJECT(old))
		{
			why = (Refusal) {ERRCODE_UPSERT_INVALID_DOCUMENT,
							 "cannot merge into a stored document that is not an object",
							 JB_ROOT_IS_SCALAR(old) ? "It is a scalar." : "It is an array.",
							 "Replace it, with \"mode\": \"replace\"."};
			refuse(r, &why);
			return STORE_SKIP;
		}
	}

	switch (o->mode)
	{
		case MODE_UPDATE:
			if (old == NULL && o->keep_null)
				*new = body;
			else
				*new = doc_merge(old ? old : doc_empty(), body,
								 o->keep_null, o->merge_objects);
			break;
		case MODE_MERGE_PATCH:
			*new = doc_merge_patch(old ? old : doc_empty(), body);
			break;
		case MODE_REPLACE:
		case MODE_NOTHING:
			*new = o->keep_null ? body :
				doc_merge(doc_empty(), body, false, o->merge_objects);
			break;
	}
	return STORE_WRITE;
}

/* ----------
 * By attributes
 * ----------
 */

bool
request_find_by(DocumentRequest *r, const DocumentBy *by, const Jsonb *doc)
{
	Refusal		why;

	r->by = by;
	r->by_values = by_values(by, doc, &why);
	if (r->by_values == NULL)
		refuse(r, &why);
	return r->by_values != NULL;
}

DocumentStore *
request_open(const Collection *c, const UpsertOptions *options,
			 const DocumentBy *by, bool answers, const StoreWaiting *waiting)
{
	if (by == NULL || !OidIsValid(by->index))
		/* who searches looks at what is there */
		return document_open_batch(NULL, c, options, answers, by ? NULL : waiting);
	return document_open_by(NULL, c, options, list_length(by->attributes),
							by->columns, by->index);
}

/* The request brings a key, and it is none for this document. */
static StoreVerdict
refuse_key(DocumentRequest *r, int sqlstate, const char *message, const char *hint)
{
	Refusal		why = {sqlstate, message};

	why.detail = psprintf("The document sent has the key \"%s\", and the values %s.",
						  collection_key_to_string(r->by->collection, r->key),
						  excerpt_jsonb(r->by_values));
	why.hint = hint;
	refuse(r, &why);
	return STORE_SKIP;
}

/* The callback of the document store, where attributes find the document. */
static StoreVerdict
compose_by(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	DocumentRequest *r = arg;
	bool		indexed = OidIsValid(r->by->index);

	if (!indexed && r->found && (old == NULL || !by_matches(r->by, old, r->by_values)))
	{
		r->changed = true;
		return STORE_SKIP;
	}
	if (!indexed && !r->found && old != NULL)
		return refuse_key(r, ERRCODE_UNIQUE_VIOLATION,
						  "another document has the key of a new one",
						  "No document has these values; leave \"_key\" out to have a key generated.");
	if (old != NULL && r->has_key &&
		strcmp(document_stored_key(r->store),
			   collection_key_to_string(r->by->collection, r->key)) != 0)
		return refuse_key(r, ERRCODE_UPSERT_INVALID_KEY,
						  psprintf("\"_key\" is not that of the document, which is \"%s\"",
								   document_stored_key(r->store)),
						  "Leave \"_key\" out: the option \"by\" finds the document.");
	return request_compose(arg, old, old_rev, new);
}

/*
 * Without an index: look; where nothing is found, lock the search and look
 * again at what is there by now.  What is found is looked at again when it is
 * locked.
 */
static void
search_and_apply(DocumentRequest *r, DocumentStore *ds, DocumentResult *result)
{
	bool		latest = r->by->all_locked;
	bool		locked = latest || r->options->dry_run;

	for (;;)
	{
		Datum		key;

		CHECK_FOR_INTERRUPTS();
		r->changed = false;
		r->found = by_find(r->by, r->by_values, latest, &key);
		if (!r->found && !locked)
		{
			by_lock(r->by, r->by_values);
			locked = latest = true;
			continue;
		}
		if (!r->found && r->has_key)
			key = r->key;
		document_apply(ds, r->found || r->has_key ? &key : NULL, compose_by, r, result);
		if (!r->changed)
			return;
		/* it is there, and this transaction's snapshot does not see it so */
		if (IsolationUsesXactSnapshot())
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access due to concurrent update")));
		latest = true;
	}
}

void
request_apply(DocumentRequest *r, DocumentStore *ds, DocumentResult *result)
{
	Datum		columns[INDEX_MAX_KEYS];

	r->refusal = NULL;
	r->store = ds;
	if (r->by == NULL)
		document_apply(ds, r->has_key ? &r->key : NULL, request_compose, r, result);
	else if (!OidIsValid(r->by->index))
		search_and_apply(r, ds, result);
	else
	{
		by_columns(r->by, r->by_values, columns);
		document_apply_by(ds, columns, r->has_key ? &r->key : NULL, compose_by, r, result);
	}
}

UpsertOutcome
request_outcome(const UpsertOptions *options, const DocumentResult *result)
{
	return outcome_of_store(result->outcome, options->mode == MODE_REPLACE);
}
