/*
 * c8ql/operation.c
 *		The UPSERT operation on one row.
 *
 *		evaluate the search
 *		a key in it?	apply to that key: the store arbitrates
 *		else			find the least matching key, apply to that
 *						gone or changed meanwhile: look again
 *		nothing there	lock the search, look once more, then insert
 *
 * "Apply" hands the store a callback that sees the row as it is when it is
 * locked: it checks there that the search still matches, and only then
 * computes the update with that row as OLD.  So no concurrent change is lost
 * and no expression ever sees a document that was not the one changed.
 *
 * Where the document to be inserted has the very key that was searched for,
 * the store itself arbitrates between two who insert it; where it has another,
 * it does not match, and one after the other would both insert.  No lock on
 * the search is needed for either.
 *
 * Both documents are evaluated for every row, as the language says, but one
 * that is not applied only if that can be noticed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "jsonb/doc.h"
#include "call/condition.h"
#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/operation_impl.h"
#include "store/count.h"
#include "store/group.h"
#include "upsert.h"

static void prepare_insert(UpsertTry *try);
static StoreVerdict compose_overwrite(UpsertTry *try, const Jsonb *old,
									  const char *old_rev, Jsonb **new);
static StoreVerdict compose_update(UpsertTry *try, const Jsonb *old,
								   const char *old_rev, Jsonb **new);
static bool same_key(const UpsertTry *try);
static void check_preconditions(UpsertOp *op, const Jsonb *old,
								const char *old_rev);
static void try_row(UpsertTry *try, DocumentStore *store);
static void run_alone(void *arg, int first, int n, int *current);
static void row_failed(void *arg, int item, ErrorData *error);

UpsertOp *
c8ql_upsert_plan(ExprCompiler *compiler, Oid relid, const ExprNode *search,
				 const ExprNode *insert, const ExprNode *update, bool replace)
{
	UpsertOp   *op = palloc0(sizeof(UpsertOp));
	int			visible;

	op->collection = collection_resolve(relid);
	op->search = search_plan(compiler, search, op->collection);
	visible = list_length(compiler->variables);
	op->owner = expr_new_owner(compiler);
	op->old_slot = expr_declare(compiler, op->owner, "$OLD");
	op->insert = expr_compile_node(compiler, insert);
	op->update = expr_compile_node(compiler, update);
	compiler->variables = list_truncate(compiler->variables, visible);
	op->replace = replace;
	op->insert_keyless = c8ql_brings_no_key(insert);
	op->insert_warns = c8ql_may_warn(insert);
	op->update_warns = c8ql_may_warn(update);
	op->old_whole = plan_uses_whole(insert, "OLD") ||
		plan_uses_whole(insert, "$OLD") || plan_uses_whole(update, "OLD") ||
		plan_uses_whole(update, "$OLD");
	op->context = AllocSetContextCreate(CurrentMemoryContext, "C8QL upsert",
										ALLOCSET_DEFAULT_SIZES);
	return op;
}

bool
c8ql_brings_no_key(const ExprNode *document)
{
	if (document->tag != EXPR_OBJECT)
		return false;
	for (int i = 0; i < document->nargs; i++)
		if (document->args[i]->tag != EXPR_PROP ||
			strcmp(document->args[i]->name, "_key") == 0)
			return false;
	return true;
}

bool
c8ql_may_warn(const ExprNode *node)
{
	check_stack_depth();
	if (node->tag == EXPR_CALL || node->tag == EXPR_SUBQUERY)
		return true;
	if (node->tag == EXPR_BINARY &&
		(node->op == EXPR_OP_DIV || node->op == EXPR_OP_MOD ||
		 node->op == EXPR_OP_MATCH || node->op == EXPR_OP_NOT_MATCH))
		return true;
	for (int i = 0; i < node->nargs; i++)
	{
		if (c8ql_may_warn(node->args[i]))
			return true;
	}
	return false;
}

/* ----------
 * Checks of documents
 * ----------
 */
void
c8ql_check_object(const JsonbValue *document, const char *operation)
{
	const char *type;

	if (value_type(document) == VALUE_OBJECT)
		return;
	switch (value_type(document))
	{
		case VALUE_NULL:
			type = "Null";
			break;
		case VALUE_BOOL:
			type = "Boolean";
			break;
		case VALUE_NUMBER:
			type = "Number";
			break;
		case VALUE_STRING:
			type = "String";
			break;
		default:
			type = "Array";
			break;
	}
	expr_error(EXPR_ERR_DOCUMENT_TYPE,
			   "expecting 'Object', got: %s while handling: %s", type,
			   operation);
}

bool
c8ql_document_key(const Collection *collection, const JsonbValue *document,
				  Datum *key)
{
	JsonbValue	value;
	const char *hint;

	if (!value_attribute(document, "_key", 4, &value))
		return false;
	if (value.type != jbvString ||
		!collection_key_parse(collection, value.val.string.val,
							  value.val.string.len, key, &hint))
	{
		StringInfoData json;

		initStringInfo(&json);
		value_to_json(&value, &json);
		expr_error(EXPR_ERR_KEY, "illegal document key %s", json.data);
	}
	return true;
}

void
c8ql_check_rev(const JsonbValue *document, const char *rev)
{
	JsonbValue	value;
	StringInfoData expected;

	if (!value_attribute(document, "_rev", 4, &value) ||
		(value.type != jbvString && value.type != jbvNumeric))
		return;
	initStringInfo(&expected);
	value_to_string(&value, &expected);
	if (expected.len == 0 || (rev && strcmp(expected.data, rev) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_REVISION_CONFLICT),
			 errmsg("conflict, _rev values do not match"),
			 errdetail("errorNum %d\nExpected revision \"%s\", found \"%s\".",
					   EXPR_ERR_CONFLICT, expected.data, rev ? rev : ""),
			 errhint("Read the document again and repeat the change on what it is now.")));
}

void
c8ql_key_exists(const Collection *collection, Datum key)
{
	expr_error(EXPR_ERR_UNIQUE,
			   "unique constraint violated - in index primary of type primary over '_key'; conflicting key: %s",
			   collection_key_to_string(collection, key));
}

/* ifRev and mustExist of upsert_by(). */
static void
check_preconditions(UpsertOp *op, const Jsonb *old, const char *old_rev)
{
	Condition	condition = condition_of_options(&op->options, "document", NULL);
	Refusal		why;

	if (!condition_holds(&condition, old != NULL, old_rev, &why))
		refusal_raise(&why);
}

/* versionAttribute of upsert_by(): is it no news? */
static bool
is_stale(UpsertOp *op, const Jsonb *old, const Jsonb *body)
{
	Refusal		why;
	VersionVerdict version = condition_version(&op->options, old, body, &why);

	if (version == VERSION_REFUSED)
		refusal_raise(&why);
	return version == VERSION_STALE;
}

/* ----------
 * Composing
 * ----------
 */

/* The body of a document that is new, or takes another's place. */
static Jsonb *
new_body(const UpsertOp *op, const JsonbValue *value)
{
	Jsonb	   *body = document_body(value_to_jsonb(value));

	return op->strip_nulls ?
		doc_merge(doc_empty(), body, false, op->options.merge_objects) : body;
}

/*
 * The document to be inserted: OLD is null for it.
 */
static void
prepare_insert(UpsertTry *try)
{
	UpsertOp   *op = try->op;
	MemoryContext caller;
	JsonbValue	value;

	if (try->insert_ready)
		return;
	caller = MemoryContextSwitchTo(try->context);
	value_set_null(expr_own_slot(&try->run->frame, op->owner, op->old_slot));
	try->evaluating = true;
	expr_run(op->insert, &try->run->frame, &value);
	if (op->update_warns)
	{
		JsonbValue	unused;

		expr_run(op->update, &try->run->frame, &unused);
	}
	try->evaluating = false;
	try->not_object = value_type(&value) != VALUE_OBJECT;
	c8ql_check_object(&value, "UPSERT");
	try->insert_has_key = c8ql_document_key(op->collection, &value,
											&try->insert_key);
	try->insert = new_body(op, &value);
	try->insert_value = value;
	try->insert_ready = true;
	MemoryContextSwitchTo(caller);
}

/* Has the document to be inserted the key that the search names? */
static bool
same_key(const UpsertTry *try)
{
	return try->insert_has_key &&
		collection_key_compare(try->op->collection, try->insert_key,
							   try->key) == 0;
}

StoreVerdict
c8ql_upsert_compose(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	UpsertTry  *try = arg;
	UpsertOp   *op = try->op;

	op->kept = false;
	if (old == NULL)
	{
		if (!try->inserting && try->how != SEARCH_KEY_ONE)
		{
			try->fate = TRY_CHANGED;
			return STORE_PASS;
		}
		/* one that brings no key is not what was searched for */
		if (try->inserting || !op->insert_keyless)
			prepare_insert(try);
		if (!try->inserting && (op->insert_keyless || !same_key(try)))
		{
			try->fate = TRY_ABSENT;
			return STORE_PASS;
		}
		check_preconditions(op, NULL, NULL);
		(void) is_stale(op, NULL, try->insert);
		try->fate = TRY_APPLIED;
		*new = try->insert;
		return STORE_WRITE;
	}
	if (try->inserting)
		return compose_overwrite(try, old, old_rev, new);
	if (!try->key_is_all &&
		!search_matches(op->search, try->run, old, try->key_text, old_rev))
	{
		try->fate = try->how == SEARCH_KEY_ONE ? TRY_ABSENT : TRY_CHANGED;
		return STORE_PASS;
	}
	try->fate = TRY_APPLIED;
	return compose_update(try, old, old_rev, new);
}

/*
 * The search found nothing, and the document to be inserted has the key of
 * one that is there.
 */
static StoreVerdict
compose_overwrite(UpsertTry *try, const Jsonb *old, const char *old_rev,
				  Jsonb **new)
{
	UpsertOp   *op = try->op;

	if (op->overwrite == OVERWRITE_CONFLICT)
		c8ql_key_exists(op->collection, try->insert_key);
	if (op->overwrite == OVERWRITE_IGNORE)
	{
		op->kept = true;
		return STORE_KEEP;
	}
	if (!op->options.ignore_revs)
		c8ql_check_rev(&try->insert_value, old_rev);
	*new = op->overwrite == OVERWRITE_REPLACE ? try->insert :
		doc_merge(old, try->insert, op->options.keep_null,
				  op->options.merge_objects);
	return STORE_WRITE;
}

static StoreVerdict
compose_update(UpsertTry *try, const Jsonb *old, const char *old_rev,
			   Jsonb **new)
{
	UpsertOp   *op = try->op;
	const Jsonb *shown = old;
	JsonbValue	value;
	JsonbValue	key;
	Jsonb	   *body;
	int			count;

	if (op->old_whole)
		shown = document_show(op->collection, try->key_text, old_rev, old);
	value_from_jsonb(unconstify(Jsonb *, shown),
					 expr_own_slot(&try->run->frame, op->owner, op->old_slot));
	try->evaluating = true;
	if (op->insert_warns)
		expr_run(op->insert, &try->run->frame, &value);
	expr_run(op->update, &try->run->frame, &value);
	/* a document of the wrong type is an error even under ignoreErrors */
	c8ql_check_object(&value, "UPSERT");
	try->evaluating = false;

	check_preconditions(op, old, old_rev);
	if (!op->options.ignore_revs)
		c8ql_check_rev(&value, old_rev);

	/* nothing, or nothing but the key: the document stays as it is */
	count = value_count(&value);
	if (!op->replace && (count == 0 ||
						 (count == 1 && value_attribute(&value, "_key", 4, &key))))
		return STORE_KEEP;

	body = op->replace ? new_body(op, &value) :
		document_body(value_to_jsonb(&value));
	if (is_stale(op, old, body))
		return STORE_SKIP;
	*new = op->replace ? body : doc_merge(old, body, op->options.keep_null,
										  op->options.merge_objects);
	return STORE_WRITE;
}

/* ----------
 * One row
 * ----------
 */

/*
 * Find, apply, or insert.
 */
static void
try_row(UpsertTry *try, DocumentStore *store)
{
	UpsertOp   *op = try->op;
	bool		locked = false;

	for (;;)
	{
		bool		there = false;

		CHECK_FOR_INTERRUPTS();
		if (try->how == SEARCH_KEY_ONE)
			there = true;
		else if (try->how == SEARCH_KEY_NONE)
			there = search_find(op->search, try->run, false, op->single,
								&try->key);
		if (there)
		{
			try->key_text = collection_key_to_string(op->collection, try->key);
			document_apply(store, &try->key, c8ql_upsert_compose, try, try->result);
			if (try->fate == TRY_APPLIED)
				return;
			if (try->fate == TRY_CHANGED)
			{
				store_count_conflict(document_store(store));
				search_distrust(op->search);
				continue;
			}
		}
		if (locked || op->options.dry_run)
			break;
		/* what has another key never matches: two may both insert it */
		if (try->how != SEARCH_KEY_NONE)
			break;
		search_arbitrate(op->search);
		locked = true;
	}

	if (op->only_key)
	{
		op->elsewhere = true;
		return;
	}
	/* what our snapshot cannot see may be there all the same */
	if (try->how == SEARCH_KEY_NONE && IsolationUsesXactSnapshot() &&
		search_find(op->search, try->run, true, false, &try->key))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errdetail("A document that matches the search was inserted after this transaction began.")));

	prepare_insert(try);
	try->inserting = true;
	document_apply(store, try->insert_has_key ? &try->insert_key : NULL,
				   c8ql_upsert_compose, try, try->result);
}

void
c8ql_show(const Collection *collection, bool whole, const Jsonb *doc,
		  const char *key, const char *rev, JsonbValue *slot)
{
	if (doc == NULL)
		value_set_null(slot);
	else if (whole)
		value_from_jsonb(document_show(collection, key, rev, doc), slot);
	else
		value_from_jsonb(run_copy_jsonb(doc), slot);
}

/* What the store holds goes with it. */
void
c8ql_keep_result(DocumentResult *result)
{
	if (result->old)
		result->old = run_copy_jsonb(result->old);
	if (result->new)
		result->new = run_copy_jsonb(result->new);
	if (result->key)
		result->key = pstrdup(result->key);
	if (result->rev)
		result->rev = pstrdup(result->rev);
	if (result->old_rev)
		result->old_rev = pstrdup(result->old_rev);
}

/* The same on a store of its own, in a subtransaction. */
static void
run_alone(void *arg, int first, int n, int *current)
{
	UpsertTry  *try = arg;
	DocumentStore *store = document_open(try->op->collection,
										 &try->op->options);

	*current = first;
	try_row(try, store);
	c8ql_keep_result(try->result);
	document_close(store);
	*current = first + n;
}

typedef struct FailedRow
{
	UpsertTry	try;
	ErrorData  *error;
} FailedRow;

static void
row_failed(void *arg, int item, ErrorData *error)
{
	FailedRow  *row = arg;

	if (row->try.evaluating)
		ReThrowError(error);
	row->error = error;
	if (!row->try.op->options.dry_run)
		count_add_to(row->try.op->collection->relid, COUNT_REFUSED, 1);
}

bool
c8ql_upsert_key(UpsertOp *op, Run *run, Datum *key)
{
	MemoryContext caller;
	bool		found;

	MemoryContextReset(op->context);
	caller = MemoryContextSwitchTo(op->context);
	search_evaluate(op->search, run);
	found = search_key(op->search, key) == SEARCH_KEY_ONE && !search_has_warned(op->search);
	MemoryContextSwitchTo(caller);
	return found;
}

bool
c8ql_upsert_row(UpsertOp *op, Run *run, DocumentResult *result, bool *counted,
				ErrorData **error)
{
	MemoryContext caller;
	FailedRow	row;
	UpsertTry  *try = &row.try;

	MemoryContextReset(op->context);
	caller = MemoryContextSwitchTo(op->context);
	memset(&row, 0, sizeof(row));
	try->op = op;
	try->run = run;
	try->context = op->context;
	try->result = result;
	op->kept = false;
	search_evaluate(op->search, run);
	try->how = search_key(op->search, &try->key);
	/* it may be computed of what is another each time */
	op->elsewhere = op->only_key &&
		(try->how != SEARCH_KEY_ONE ||
		 collection_key_compare(op->collection, try->key, *op->only_key) != 0);

	if (op->elsewhere)
		 /* nothing */ ;
	else if (!op->options.ignore_errors)
		try_row(try, run_writer(run, op->collection, &op->options));
	else
		group_run(1, run_alone, row_failed, &row);
	MemoryContextSwitchTo(caller);

	*counted = !try->not_object;
	*error = row.error;
	return row.error == NULL;
}
