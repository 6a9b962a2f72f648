/*
 * c8ql/modify.c
 *		The steps that write: UPSERT, INSERT, UPDATE, REPLACE, REMOVE.
 *
 * For each row of its input a step applies one operation to one document and
 * puts OLD and NEW into their slots.  UPSERT's work is in operation.c; the others
 * know their key beforehand and go straight to it.  All rows of a step share
 * one open store; under ignoreErrors each row has its own, in a
 * subtransaction, and a row that fails is counted and, if OLD or NEW is used
 * afterwards, dropped.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "jsonb/doc.h"
#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/operation.h"
#include "c8ql/together.h"
#include "store/count.h"
#include "store/group.h"

typedef struct ModifyStep
{
	Step		step;
	ExprTag		tag;
	const Collection *collection;
	UpsertOp   *upsert;			/* of UPSERT */
	Together   *together;		/* its rows, if they may be done together */
	ExprCode   *key;			/* of UPDATE key WITH, REMOVE; may be NULL */
	ExprCode   *document;		/* of INSERT, UPDATE, REPLACE */
	ExprCode   *options_code;	/* may be NULL */
	bool		options_read;
	UpsertOptions options;
	OverwriteMode overwrite;
	bool		whole;			/* OLD and NEW are shown afterwards */
	bool		used;			/* they are used at all */
	bool		old_used;
	int			old_slot;
	int			new_slot;
	MemoryContext row;
} ModifyStep;

/* One row of the steps that know their key. */
typedef struct ModifyTry
{
	ModifyStep *modify;
	Run		   *run;
	bool		has_key;
	Datum		key;
	JsonbValue	document;
	JsonbValue	guard;			/* the document whose _rev must be the stored
								 * one, unless revisions are ignored */
	Jsonb	   *body;
	DocumentResult *result;
	ErrorData  *error;
} ModifyTry;

static void modify_start(Step *step, Run *run);
static bool modify_next(Step *step, Run *run);
static bool has_new(const ModifyStep *modify, const DocumentResult *result);
static bool modify_row(ModifyStep *modify, Run *run, DocumentResult *result,
					   bool *counted);
static void prepare_row(ModifyTry *try);
static StoreVerdict compose(void *arg, const Jsonb *old, const char *old_rev,
							Jsonb **new);
static void run_alone(void *arg, int first, int n, int *current);
static void row_failed(void *arg, int item, ErrorData *error);
static void read_options(ModifyStep *modify, Run *run);
static const char *operation_name(ExprTag tag);

/* ----------
 * Planning
 * ----------
 */
Step *
plan_modification(ExprCompiler *compiler, const ExprNode *query, int n,
				  Step *input, int outer_variables, bool whole, bool used,
				  bool old_used)
{
	const ExprNode *node = query->args[n];
	ModifyStep *modify = (ModifyStep *) plan_step(compiler, sizeof(ModifyStep), input);
	Planner    *planner = compiler->host_arg;
	const ExprNode *options = node->args[node->nargs - 1];
	const ExprNode *target = node->args[node->nargs - 2];
	Oid			relid = plan_collection(compiler, target);
	bool		outer = planner->in_modification;

	modify->step.start = modify_start;
	modify->step.next = modify_next;
	modify->step.writes = true;
	modify->tag = node->tag;
	modify->collection = collection_resolve(relid);
	modify->whole = whole;
	modify->used = used;
	modify->old_used = old_used;
	modify->row = AllocSetContextCreate(CurrentMemoryContext,
										"C8QL modification",
										ALLOCSET_DEFAULT_SIZES);

	planner->in_modification = true;
	plan_check_read(compiler, relid, target);
	if (node->tag == EXPR_UPSERT)
	{
		modify->together = together_plan(compiler, query, n, &modify->step,
										 outer_variables, modify->collection);
		modify->upsert = c8ql_upsert_plan(compiler, relid,
										  node->args[EXPR_UPSERT_SEARCH],
										  node->args[EXPR_UPSERT_INSERT],
										  node->args[EXPR_UPSERT_UPDATE],
										  node->flags != 0);
		if (modify->together)
			together_use(modify->together, compiler, modify->upsert, whole, used);
		if (planner->explaining)
			planner->explain =
				lappend(planner->explain,
						psprintf("UPSERT %s: %s", modify->collection->name,
								 search_explain(modify->upsert->search,
												planner->bind)));
	}
	else if (node->tag == EXPR_INSERT)
		modify->document = expr_compile_node(compiler, node->args[0]);
	else if (node->tag == EXPR_REMOVE)
		modify->key = expr_compile_node(compiler, node->args[0]);
	else
	{
		if (node->args[0]->tag != EXPR_NONE)
			modify->key = expr_compile_node(compiler, node->args[0]);
		modify->document = expr_compile_node(compiler, node->args[1]);
	}
	if (planner->explaining && node->tag != EXPR_UPSERT)
		planner->explain = lappend(planner->explain,
								   psprintf("%s %s: key",
											operation_name(node->tag),
											modify->collection->name));
	planner->in_modification = outer;
	planner->modified = lappend_oid(planner->modified, relid);

	if (options->tag != EXPR_NONE)
		modify->options_code =
			plan_constant(compiler, options,
						  "could not use modification options: they are not known when the query is compiled");
	modify->old_slot = expr_declare(compiler, modify->step.owner, "$OLD");
	modify->new_slot = expr_declare(compiler, modify->step.owner, "$NEW");
	return &modify->step;
}

static const char *
operation_name(ExprTag tag)
{
	switch (tag)
	{
		case EXPR_INSERT:
			return "INSERT";
		case EXPR_UPDATE:
			return "UPDATE";
		case EXPR_REPLACE:
			return "REPLACE";
		case EXPR_REMOVE:
			return "REMOVE";
		default:
			return "UPSERT";
	}
}

/* ----------
 * OPTIONS
 * ----------
 */

/*
 * What the operations make of the options, "as the language has it": those
 * that an operation honours, those that mean something to ArangoDB's engine
 * and nothing here, and those that have nothing to do where they stand
 * (keepNull of a replacement).  Every other one is warning 1539.
 * sql/c8ql_option_table.sql tries each on each.
 */
#define ON_INSERT	0x01
#define ON_UPDATE	0x02
#define ON_REPLACE	0x04
#define ON_REMOVE	0x08
#define ON_UPSERT	0x10
#define ON_ALL		0x1f

typedef struct ModifyOption
{
	const char *name;
	int			honoured;
	int			accepted;
} ModifyOption;

static const ModifyOption modify_options[] = {
	{"ignoreErrors", ON_ALL, 0},
	{"waitForSync", ON_ALL, 0},
	{"exclusive", ON_ALL, 0},
	{"ignoreRevs", ON_ALL, 0},
	{"keepNull", ON_INSERT | ON_UPDATE | ON_UPSERT, ON_REPLACE},
	{"mergeObjects", ON_INSERT | ON_UPDATE | ON_UPSERT, ON_REPLACE},
	{"overwrite", ON_INSERT | ON_UPSERT, 0},
	{"overwriteMode", ON_INSERT | ON_UPSERT, 0},
	{"versionAttribute", ON_INSERT | ON_UPDATE | ON_REPLACE, 0},
	{"indexHint", ON_UPSERT, 0},
	{"forceIndexHint", ON_UPSERT, 0},
	{"useCache", 0, ON_UPSERT},
	{"disableIndex", 0, ON_UPSERT},
	{"readOwnWrites", 0, ON_UPSERT},
	{"skipDocumentValidation", 0, ON_INSERT | ON_UPDATE | ON_REPLACE | ON_UPSERT},
	{"refillIndexCaches", 0, ON_ALL},
	{"isRestore", 0, ON_INSERT | ON_REPLACE},
};

static int
operation_bit(ExprTag tag)
{
	switch (tag)
	{
		case EXPR_INSERT:
			return ON_INSERT;
		case EXPR_UPDATE:
			return ON_UPDATE;
		case EXPR_REPLACE:
			return ON_REPLACE;
		case EXPR_REMOVE:
			return ON_REMOVE;
		default:
			return ON_UPSERT;
	}
}

/* The option's row, if the operation does anything with it. */
static const ModifyOption *
find_option(const char *name, int operation)
{
	for (int i = 0; i < lengthof(modify_options); i++)
	{
		const ModifyOption *option = &modify_options[i];

		if (strcmp(option->name, name) == 0)
			return (option->honoured | option->accepted) & operation ?
				option : NULL;
	}
	return NULL;
}

/*
 * A name, or a list of names one of which must do.
 */
static bool
has_index(const Collection *collection, const JsonbValue *hint)
{
	ValueIter	it;
	JsonbValue	name;

	if (hint->type == jbvString)
		return OidIsValid(get_relname_relid(pnstrdup(hint->val.string.val,
													 hint->val.string.len),
											get_rel_namespace(collection->relid)));
	value_iter_init(&it, hint);
	while (value_type(hint) == VALUE_ARRAY &&
		   value_iter_next(&it, NULL, &name))
	{
		if (name.type == jbvString && has_index(collection, &name))
			return true;
	}
	return false;
}

static OverwriteMode
overwrite_mode(const JsonbValue *value, bool *known)
{
	static const char *const words[] = {"conflict", "ignore", "replace", "update"};

	*known = true;
	for (int i = 0; i < lengthof(words); i++)
	{
		if (value->type == jbvString &&
			value->val.string.len == strlen(words[i]) &&
			memcmp(value->val.string.val, words[i], value->val.string.len) == 0)
			return (OverwriteMode) i;
	}
	*known = false;
	return OVERWRITE_CONFLICT;
}

/* What OPTIONS say that is of no use before all of them have been read. */
typedef struct OptionsSaid
{
	bool		mode;			/* an overwriteMode: overwrite is second to it */
	bool		hinted;
	JsonbValue	hint;
	bool		forced;			/* the hint must do */
} OptionsSaid;

static void
take_version_attribute(ModifyStep *modify, Run *run, const JsonbValue *value)
{
	StringInfoData text;

	initStringInfo(&text);
	value_to_string(value, &text);
	modify->options.version_attribute = text.len == 0 ? NULL :
		MemoryContextStrdup(run->context, text.data);
}

/* Does as an option says; false if its value is none. */
static bool
take_option(ModifyStep *modify, Run *run, const OptionSet *set, const char *word,
			const JsonbValue *value, OptionsSaid *said)
{
	const OptionDef *def = option_find(set, word, strlen(word));
	bool		on = value_truthy(value);
	bool		known = true;

	if (def)
		/* those that modifications take of the table are all of this type */
		*(bool *) ((char *) &modify->options + def->offset) = on;
	else if (strcmp(word, "overwrite") == 0)
	{
		if (on && !said->mode)
			modify->overwrite = OVERWRITE_REPLACE;
	}
	else if (strcmp(word, "overwriteMode") == 0)
	{
		modify->overwrite = overwrite_mode(value, &known);
		said->mode = known;
	}
	else if (strcmp(word, "versionAttribute") == 0)
		take_version_attribute(modify, run, value);
	else if (strcmp(word, "indexHint") == 0)
	{
		said->hint = *value;
		said->hinted = true;
	}
	else
		said->forced = on;		/* forceIndexHint */
	return known;
}

/*
 * Read OPTIONS once a run.  Values count by their truth; names have their
 * case; what is unknown warns.
 */
static void
read_options(ModifyStep *modify, Run *run)
{
	OptionSet	set;
	JsonbValue	options;
	JsonbValue	name;
	JsonbValue	value;
	ValueIter	it;
	OptionsSaid said = {false};
	int			operation = operation_bit(modify->tag);

	if (modify->options_read)
		return;
	set = options_set(CALL_C8QL, &modify->options);
	modify->options_read = true;
	if (modify->options_code == NULL)
		return;

	expr_run(modify->options_code, &run->frame, &options);
	value_iter_init(&it, &options);
	while (value_iter_next(&it, &name, &value))
	{
		char	   *word = pnstrdup(name.val.string.val, name.val.string.len);
		const ModifyOption *option = find_option(word, operation);

		if (option && !(option->honoured & operation))
			continue;			/* nothing to do */
		if (option == NULL ||
			!take_option(modify, run, &set, word, &value, &said))
			run_warn(run, EXPR_ERR_OPTION,
					 psprintf("invalid option '%s' for %s", word,
							  operation_name(modify->tag)));
	}
	if (modify->tag == EXPR_INSERT && modify->old_used &&
		modify->overwrite == OVERWRITE_IGNORE)
		expr_error(EXPR_ERR_PARSE,
				   "variable OLD is not there: INSERT with overwriteMode 'ignore' does not read the document");
	if (said.hinted && said.forced && !has_index(modify->collection, &said.hint))
		expr_error(EXPR_ERR_INDEX_HINT,
				   "could not use index hint to serve query");
}

/* ----------
 * Running
 * ----------
 */
static void
modify_start(Step *step, Run *run)
{
	ModifyStep *modify = (ModifyStep *) step;

	read_options(modify, run);
	if (modify->upsert)
	{
		modify->upsert->options = modify->options;
		modify->upsert->overwrite = modify->overwrite;
	}
	if (modify->together)
		together_start(modify->together);
}

/*
 * Is there a NEW?  Not of what was removed, nor of what was not inserted
 * because it is there.
 */
static bool
has_new(const ModifyStep *modify, const DocumentResult *result)
{
	if (result->outcome == STORE_DELETED)
		return false;
	if (modify->tag == EXPR_UPSERT)
		return !modify->upsert->kept;
	return modify->tag != EXPR_INSERT ||
		modify->overwrite != OVERWRITE_IGNORE ||
		result->outcome == STORE_INSERTED;
}

/* The input's next row is there, or one that is done already. */
static TogetherNext
next_row(ModifyStep *modify, Run *run)
{
	if (modify->together)
		return together_next(modify->together, run);
	return run_next(modify->step.input, run) ? TOGETHER_ALONE : TOGETHER_END;
}

static bool
modify_next(Step *step, Run *run)
{
	ModifyStep *modify = (ModifyStep *) step;
	TogetherNext next;

	while ((next = next_row(modify, run)) != TOGETHER_END)
	{
		DocumentResult result;
		MemoryContext caller;
		bool		counted = true;
		bool		done;

		CHECK_FOR_INTERRUPTS();
		if (next == TOGETHER_ROW)
		{
			if (together_give(modify->together, run, modify->old_slot,
							  modify->new_slot))
				return true;
			continue;
		}
		MemoryContextReset(modify->row);
		caller = MemoryContextSwitchTo(modify->row);
		memset(&result, 0, sizeof(result));
		done = modify_row(modify, run, &result, &counted);
		MemoryContextSwitchTo(step->context);
		MemoryContextReset(step->context);
		if (done)
		{
			run_count(run, result.outcome);
			if (modify->used)
			{
				c8ql_show(modify->collection, modify->whole, result.old,
						  result.key, result.old_rev,
						  run_slot(step, run, modify->old_slot));
				c8ql_show(modify->collection, modify->whole,
						  has_new(modify, &result) ? result.new : NULL,
						  result.key, result.rev,
						  run_slot(step, run, modify->new_slot));
			}
		}
		else if (counted)
			run->writes_ignored++;
		MemoryContextSwitchTo(caller);
		if (done || !modify->used)
			return true;
	}
	return false;
}

static bool
modify_row(ModifyStep *modify, Run *run, DocumentResult *result, bool *counted)
{
	ModifyTry	try = {0};
	ErrorData  *error;

	if (modify->upsert)
		return c8ql_upsert_row(modify->upsert, run, result, counted, &error);

	try.modify = modify;
	try.run = run;
	try.result = result;
	/* expressions are evaluated outside of what may be ignored */
	if (modify->document)
		expr_run(modify->document, &run->frame, &try.document);
	if (!modify->options.ignore_errors)
	{
		prepare_row(&try);
		document_apply(run_writer(run, modify->collection, &modify->options),
					   try.has_key ? &try.key : NULL, compose, &try, result);
		return true;
	}
	*counted = modify->document == NULL || modify->tag != EXPR_INSERT ||
		value_type(&try.document) == VALUE_OBJECT;
	group_run(1, run_alone, row_failed, &try);
	return try.error == NULL;
}

/*
 * Key and body of the row.
 */
static void
prepare_row(ModifyTry *try)
{
	ModifyStep *modify = try->modify;
	JsonbValue	key;

	if (modify->document)
	{
		c8ql_check_object(&try->document, operation_name(modify->tag));
		try->body = document_body(value_to_jsonb(&try->document));
	}
	try->guard = try->document;
	if (modify->tag == EXPR_INSERT)
	{
		try->has_key = c8ql_document_key(modify->collection, &try->document,
										 &try->key);
		return;
	}
	/* a key, or a document that has one, and the revision it was read at */
	if (modify->key)
		expr_run(modify->key, &try->run->frame, &key);
	else
		key = try->document;
	if (value_type(&key) == VALUE_OBJECT)
	{
		JsonbValue	rev;

		if (!c8ql_document_key(modify->collection, &key, &try->key))
			expr_error(1226, "missing document key");
		if (modify->document == NULL ||
			value_attribute(&key, "_rev", 4, &rev))
			try->guard = key;
	}
	else
	{
		const char *hint;

		if (key.type != jbvString ||
			!collection_key_parse(modify->collection, key.val.string.val,
								  key.val.string.len, &try->key, &hint))
			expr_error(EXPR_ERR_KEY, "illegal document key");
	}
	try->has_key = true;
}

/* The number that a version is: no sign, and its fraction cut off. */
static bool
version_of(const Jsonb *doc, const char *attribute, Numeric *version)
{
	JsonbValue	value;

	if (!doc_get_attribute(doc, attribute, &value) ||
		value.type != jbvNumeric ||
		number_compare(value.val.numeric, int64_to_numeric(0)) < 0)
		return false;
	*version = DatumGetNumeric(DirectFunctionCall2(numeric_trunc,
												   NumericGetDatum(value.val.numeric),
												   Int32GetDatum(0)));
	return true;
}

/*
 * versionAttribute, by the language's rule: only where both documents have a
 * version does the greater one win; all else is written.
 */
static bool
is_stale(const char *attribute, const Jsonb *old, const Jsonb *body)
{
	Numeric		there;
	Numeric		here;

	return attribute != NULL &&
		version_of(old, attribute, &there) &&
		version_of(body, attribute, &here) &&
		number_compare(here, there) <= 0;
}

static StoreVerdict
compose(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	ModifyTry  *try = arg;
	ModifyStep *modify = try->modify;
	const UpsertOptions *o = &modify->options;
	bool		replace = modify->tag == EXPR_REPLACE;

	if (modify->tag == EXPR_INSERT)
	{
		if (old == NULL)
		{
			*new = try->body;
			return STORE_WRITE;
		}
		if (modify->overwrite == OVERWRITE_CONFLICT)
			c8ql_key_exists(modify->collection, try->key);
		if (modify->overwrite == OVERWRITE_IGNORE)
			return STORE_KEEP;
		replace = modify->overwrite == OVERWRITE_REPLACE;
	}
	else if (old == NULL)
		expr_error(EXPR_ERR_DOCUMENT_NOT_FOUND,
				   "document not found: %s",
				   collection_key_to_string(modify->collection, try->key));

	if (!o->ignore_revs && value_type(&try->guard) == VALUE_OBJECT)
		c8ql_check_rev(&try->guard, old_rev);
	if (modify->tag == EXPR_REMOVE)
		return STORE_REMOVE;
	if (is_stale(o->version_attribute, old, try->body))
		return STORE_SKIP;
	*new = replace ? try->body :
		doc_merge(old, try->body, o->keep_null, o->merge_objects);
	return STORE_WRITE;
}

static void
run_alone(void *arg, int first, int n, int *current)
{
	ModifyTry  *try = arg;
	DocumentStore *store;

	*current = first;
	prepare_row(try);
	store = document_open(try->modify->collection, &try->modify->options);
	document_apply(store, try->has_key ? &try->key : NULL, compose, try,
				   try->result);
	c8ql_keep_result(try->result);
	document_close(store);
	*current = first + n;
}

static void
row_failed(void *arg, int item, ErrorData *error)
{
	ModifyTry  *try = arg;

	try->error = error;
	if (!try->modify->options.dry_run)
		count_add_to(try->modify->collection->relid, COUNT_REFUSED, 1);
}
