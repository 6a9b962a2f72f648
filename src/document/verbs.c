/*
 * verbs.c
 *		One document by its key: get, delete, patch.
 *
 *		get_document	SELECT, as the caller sees it
 *		delete_document	STORE_REMOVE, where the preconditions hold
 *		patch_document	the document as it is shown --> RFC 6902 --> its body
 *
 * On a shard where there is a way to it (route.h), else here.
 *
 * The patch sees _id, _key and _rev, so that it can test them; it cannot change
 * them, also not for a moment.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "call/alone.h"
#include "call/argument.h"
#include "call/condition.h"
#include "call/remember.h"
#include "document/document.h"
#include "document/fetch.h"
#include "document/request.h"
#include "document/route.h"
#include "document/verbs.h"
#include "jsonb/doc.h"
#include "upsert.h"

/* What is to be done with the document of a key. */
typedef struct KeyedRequest
{
	const Collection *collection;
	const UpsertOptions *options;
	const char *key;
	Jsonb	   *patch;
} KeyedRequest;

/* ----------
 * What becomes of the document
 * ----------
 */

/* Does the precondition hold?  Otherwise it is an error. */
static void
check_condition(const KeyedRequest *r, const Jsonb *old, const char *old_rev)
{
	Condition	condition = condition_of_options(r->options, "document", NULL);
	Refusal		why;

	condition.without = "take that for done";
	if (!condition_holds(&condition, old != NULL, old_rev, &why))
		refusal_raise(&why);
}

static StoreVerdict
compose_deletion(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	check_condition(arg, old, old_rev);
	return old ? STORE_REMOVE : STORE_KEEP;
}

/* The system attributes that no operation may change. */
static const char *const fixed_attributes[] = {"_id", "_key", "_rev"};

static void
check_fixed(const Jsonb *before, const Jsonb *after)
{
	for (int i = 0; i < lengthof(fixed_attributes); i++)
	{
		JsonbValue	v;
		JsonbValue	w;
		bool		there = doc_get_attribute(before, fixed_attributes[i], &v);

		if (there == doc_get_attribute(after, fixed_attributes[i], &w) &&
			(!there || (w.type == jbvString &&
						v.val.string.len == w.val.string.len &&
						memcmp(v.val.string.val, w.val.string.val, v.val.string.len) == 0)))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%s\" cannot be changed by a patch",
						fixed_attributes[i]),
				 there ? errdetail("It is \"%.*s\".", v.val.string.len, v.val.string.val) :
				 errdetail("The document has none, and the patch adds it."),
				 errhint("A patch may test it.")));
	}
}

/* Does the pointer name the whole document, or one of those attributes? */
static bool
is_fixed(const JsonbValue *pointer)
{
	if (pointer->type != jbvString)
		return false;
	if (pointer->val.string.len == 0)
		return true;
	for (int i = 0; i < lengthof(fixed_attributes); i++)
		if (pointer->val.string.len == strlen(fixed_attributes[i]) + 1 &&
			memcmp(pointer->val.string.val + 1, fixed_attributes[i],
				   pointer->val.string.len - 1) == 0)
			return true;
	return false;
}

/*
 * The patch has been applied and leaves the attributes as they were.  If it
 * touches them at all, go through it again, operation by operation.
 */
static void
check_operations(const Jsonb *doc, const Jsonb *patch)
{
	JsonbContainer *operations = unconstify(JsonbContainer *, &patch->root);
	const Jsonb *now = doc;
	bool		touched = false;
	int			n = JB_ROOT_COUNT(patch);

	for (int i = 0; i < n; i++)
	{
		JsonbValue *operation = getIthJsonbValueFromContainer(operations, i);
		JsonbValue	path;
		JsonbValue	from = {.type = jbvNull};

		(void) getKeyJsonValueFromContainer(operation->val.binary.data, "path", 4, &path);
		(void) getKeyJsonValueFromContainer(operation->val.binary.data, "from", 4, &from);
		touched |= is_fixed(&path) || is_fixed(&from);
	}
	for (int i = 0; touched && i < n; i++)
	{
		CompatJsonbState state = {0};

		(void) compat_jsonb_push(&state, WJB_BEGIN_ARRAY, NULL);
		(void) compat_jsonb_push(&state, WJB_ELEM,
								 getIthJsonbValueFromContainer(operations, i));
		now = doc_patch(now, JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_ARRAY, NULL)));
		check_fixed(doc, now);
	}
}

static StoreVerdict
compose_patch(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	KeyedRequest *r = arg;
	Jsonb	   *shown;
	Jsonb	   *patched;

	if (old == NULL)
	{
		Refusal		why = {
			ERRCODE_UPSERT_DOCUMENT_NOT_FOUND,
			"document not found",
			psprintf("Collection \"%s\" has no document \"%s\".",
					 r->collection->name, r->key),
			"To create it is for upsert()."
		};

		refusal_raise(&why);
	}
	check_condition(r, old, old_rev);
	shown = document_show(r->collection, r->key, old_rev, old);
	patched = doc_patch(shown, r->patch);
	check_fixed(shown, patched);
	check_operations(shown, r->patch);
	*new = document_body(patched);
	return STORE_WRITE;
}

/* ----------
 * Here, or where the document is
 * ----------
 */

/* What the two verbs differ in. */
typedef struct Verb
{
	UpsertCall	call;
	RouteCall	route;
	DocumentCompose compose;
} Verb;

static const Verb deletion = {CALL_DELETE, ROUTE_DELETE, compose_deletion};
static const Verb patching = {CALL_PATCH, ROUTE_PATCH, compose_patch};

static void
apply(const Verb *verb, KeyedRequest *r, Datum key, Answer *answer)
{
	DocumentStore *ds = document_open(r->collection, r->options);
	DocumentResult result;

	document_apply(ds, &key, verb->compose, r, &result);
	document_answer(answer, r->collection, r->options->ret,
					outcome_of_store(result.outcome, false), &result);
	document_close(ds);
}

static void
take_answer(void *arg, WireIn *in)
{
	answer_read(in, arg);
}

/* False if it is to be done here. */
static bool
send(FunctionCallInfo fcinfo, const Verb *verb, KeyedRequest *r, Datum key, Answer *answer)
{
	Route	   *route = route_to(r->collection, r->options);
	RouteArguments arguments;

	if (route == NULL)
		return false;
	route_begin(route, &arguments, verb->route, &key, 1);
	route_put_options(&arguments, r->options, verb->call);
	wire_put_doc(&arguments.out, r->patch);
	return route_call(route, &arguments, route_is_alone(fcinfo, PG_NARGS() - 1),
					  take_answer, answer);
}

static bool
handle(const Verb *verb, Oid relid, Datum key, WireIn *in, RouteAnswers *answers)
{
	KeyedRequest r = {collection_resolve(relid)};
	UpsertOptions options;
	Answer		answer;

	route_take_options(in, &options, verb->call);
	r.options = &options;
	r.key = collection_key_to_string(r.collection, key);
	r.patch = wire_take_doc(in);
	if ((r.patch == NULL) != (verb->call == CALL_DELETE))
		return false;
	apply(verb, &r, key, &answer);
	answer_write(route_answer(answers), &answer);
	return true;
}

static bool
handle_deletion(Oid relid, const Datum *keys, int n, WireIn *in, RouteAnswers *answers)
{
	return n == 1 && handle(&deletion, relid, keys[0], in, answers);
}

static bool
handle_patch(Oid relid, const Datum *keys, int n, WireIn *in, RouteAnswers *answers)
{
	return n == 1 && handle(&patching, relid, keys[0], in, answers);
}

void
verbs_init(void)
{
	route_handle(ROUTE_DELETE, handle_deletion);
	route_handle(ROUTE_PATCH, handle_patch);
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(get_document);
PG_FUNCTION_INFO_V1(delete_document);
PG_FUNCTION_INFO_V1(patch_document);

/* (collection, key) */
Datum
get_document(PG_FUNCTION_ARGS)
{
	const Collection *c = collection_resolve(PG_GETARG_OID(0));
	text	   *key = PG_GETARG_TEXT_PP(1);
	const char *hint;
	Datum		datum;
	Jsonb	   *doc = NULL;

	/* what no key can be is no document's */
	if (collection_key_parse(c, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key),
							 &datum, &hint))
		doc = document_fetch(c, datum);
	if (doc == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(doc);
}

/* A row for what becomes of the document. */
static Datum
keyed_call(FunctionCallInfo fcinfo, const Verb *verb, KeyedRequest *r)
{
	int			noptions = PG_NARGS() - 1;
	UpsertOptions options;
	Answer		answer;
	Datum		key;
	Datum		values[5];
	bool		nulls[5];
	const char *hint;

	options_parse(argument_jsonb(fcinfo, noptions), verb->call, &options);
	if (options.if_rev_given && options.if_rev == NULL)
		option_refuse("ifRev", "It is null, which asks that there be no document.");
	r->collection = collection_resolve(PG_GETARG_OID(0));
	r->options = &options;
	r->key = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (!collection_key_parse(r->collection, r->key, strlen(r->key), &key, &hint))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("illegal document key for collection \"%s\"",
						r->collection->name),
				 errdetail("The key is \"%s\".", r->key),
				 errhint("%s", hint)));

	if (!send(fcinfo, verb, r, key, &answer))
		apply(verb, r, key, &answer);
	answer_columns(&answer, values, nulls);
	return answer_row(fcinfo, values, nulls);
}

/* (collection, key, options) */
static Datum
delete_document_once(PG_FUNCTION_ARGS)
{
	KeyedRequest r = {NULL};

	arguments_require(fcinfo, 2);
	return keyed_call(fcinfo, &deletion, &r);
}

Datum
delete_document(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, delete_document_once);
}

/* (collection, key, patch, options) */
static Datum
patch_document_once(PG_FUNCTION_ARGS)
{
	KeyedRequest r = {NULL};

	arguments_require(fcinfo, 3);
	r.patch = PG_GETARG_JSONB_P(2);
	return keyed_call(fcinfo, &patching, &r);
}

Datum
patch_document(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, patch_document_once);
}
