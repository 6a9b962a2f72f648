/*
 * record_sql.c
 *		The SQL functions of AT Protocol records: from arguments and options
 *		to writes, and from writes to rows.
 *
 *		at_create_record, at_put_record, at_put_block, at_upsert_record,
 *		at_delete_record
 *				one RecordWrite, one at_result
 *		at_save_all, at_apply_writes
 *				a JSON array, one RecordWrite and one at_result each
 *		at_validation_status
 *				a record that is not written
 *
 * What writes mean is in record.c.  Unknown options, and unknown attributes
 * in the elements of a batch, are errors: a misspelt "swapRecord" must not
 * pass as none.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/cid.h"
#include "atproto/lexicon.h"
#include "atproto/record.h"
#include "atproto/record_store.h"
#include "atproto/syntax.h"
#include "base/namedtext.h"
#include "base/spivalue.h"
#include "compat.h"
#include "call/answer.h"
#include "call/argument.h"
#include "call/options.h"
#include "call/remember.h"
#include "upsert.h"

/* Options that a function takes */
#define TAKES_VALIDATE		0x01
#define TAKES_SWAP			0x02	/* string or null */
#define TAKES_SWAP_CID		0x04	/* string */
#define TAKES_MERGE			0x08	/* keepNull, mergeObjects */
#define TAKES_SAME_RKEY		0x10
#define TAKES_BIND			0x20	/* missingBind */
#define TAKES_IDEMPOTENCY	0x40	/* by remember_call() */

#define AT_RESULT_COLUMNS	7

/* The kinds of writes in com.atproto.repo.applyWrites */
static const struct
{
	const char *type;
	RecordOp	op;
}			apply_types[] =

{
	{"com.atproto.repo.applyWrites#create", RECORD_CREATE},
	{"com.atproto.repo.applyWrites#update", RECORD_UPDATE},
	{"com.atproto.repo.applyWrites#delete", RECORD_DELETE},
};

pg_noreturn static void bad_element(int place, const char *message);
static char *string_attribute(const DocItem *item, int place, const char *message);
static void parse_element(const DocItem *element, int place,
						  const char *record_name, RecordWrite *write,
						  DocItem *type);
static void parse_saved(const DocItem *element, int place, RecordWrite *write);
static void parse_applied(const DocItem *element, int place,
						  RecordWrite *write);

static bool
take_validate(const JsonbValue *value, void *options)
{
	return record_take_validate(value, &((RecordOptions *) options)->validate);
}

static bool
take_swap_cid(const JsonbValue *value, void *options)
{
	RecordOptions *o = options;
	uint8		cid[CID_MAX];

	if (value->type != jbvString)
		return false;
	o->swap = SWAP_CID;
	o->swap_cid = pnstrdup(value->val.string.val, value->val.string.len);
	if (cid_from_text(value->val.string.val, value->val.string.len, cid) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid CID in option \"swapRecord\""),
				 errdetail("The value is \"%s\".", o->swap_cid)));
	return true;
}

static bool
take_swap(const JsonbValue *value, void *options)
{
	RecordOptions *o = options;

	if (value->type != jbvNull)
		return take_swap_cid(value, options);
	o->swap = SWAP_NONE;
	return true;
}

static const char *const missing_binds[] = {"error", "absent", NULL};

#define FIELD(field) offsetof(RecordOptions, field)

static const OptionDef record_options[] = {
	{"validate", TAKES_VALIDATE, OPTION_OTHER, 0, NULL, take_validate, RECORD_VALIDATE_EXPECTED},
	{"swapRecord", TAKES_SWAP, OPTION_OTHER, 0, NULL, take_swap, "a CID or null"},
	{"swapRecord", TAKES_SWAP_CID, OPTION_OTHER, 0, NULL, take_swap_cid, "a CID"},
	{"keepNull", TAKES_MERGE, OPTION_BOOL, FIELD(keep_null)},
	{"mergeObjects", TAKES_MERGE, OPTION_BOOL, FIELD(merge_objects)},
	{"missingBind", TAKES_BIND, OPTION_WORD, FIELD(missing_bind), missing_binds},
	{"sameRkey", TAKES_SAME_RKEY, OPTION_BOOL, FIELD(same_rkey)},
	OPTION_IDEMPOTENCY_KEY(TAKES_IDEMPOTENCY),
	{"force", ~0, OPTION_BOOL, FIELD(force)},
	{"dryRun", ~0, OPTION_BOOL, FIELD(dry_run)},
};

/* Reads the options of a function that takes these. */
static void
parse_options(Jsonb *json, int takes, RecordOptions *options)
{
	OptionSet	set = OPTION_SET(record_options, takes, options);

	memset(options, 0, sizeof(RecordOptions));
	options->keep_null = true;
	options->merge_objects = true;
	options_read(json, &set, 1);
}

/* Raises UP006 for an element of a batch, counted from 1. */
static void
bad_element(int place, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid element of a batch"),
			 errdetail("Element %d: %s.", place, _(message)),
			 errcontext("item %d of the batch", place)));
}

static char *
string_attribute(const DocItem *item, int place, const char *message)
{
	if (item->type != JENTRY_ISSTRING)
		bad_element(place, message);
	return pnstrdup(item->data, item->len);
}

/*
 * Reads the attributes of an element into a write: "collection", "rkey", the
 * record by the given name, and "$type" into *type unless that is NULL.
 */
static void
parse_element(const DocItem *element, int place, const char *record_name,
			  RecordWrite *write, DocItem *type)
{
	const RecordWrite *before = place > 1 ? write - 1 : NULL;
	DocCursor	keys;
	DocCursor	values;
	DocItem		key;
	DocItem		item;
	uint32		n;

	if (!DOC_ITEM_IS_OBJECT(element))
		bad_element(place, gettext_noop("not an object"));
	n = JsonContainerSize(DOC_ITEM_CONTAINER(element));
	doc_cursor_first(&keys, DOC_ITEM_CONTAINER(element));
	doc_cursor_values(&values, DOC_ITEM_CONTAINER(element));
	for (uint32 i = 0; i < n; i++)
	{
		doc_cursor_item(&keys, &key);
		doc_cursor_item(&values, &item);
		if (doc_item_is(&key, "collection"))
		{
			/* one string for all of a collection: they come side by side */
			if (before != NULL && doc_item_is(&item, before->collection))
				write->collection = before->collection;
			else
				write->collection = string_attribute(&item, place, gettext_noop("\"collection\" must be a string"));
		}
		else if (doc_item_is(&key, "rkey"))
			write->rkey = string_attribute(&item, place, gettext_noop("\"rkey\" must be a string"));
		else if (doc_item_is(&key, record_name))
			write->element = item;
		else if (type != NULL && doc_item_is(&key, "$type"))
			*type = item;
		else
			bad_element(place, psprintf(_("unknown attribute \"%s\""),
										pnstrdup(key.data, key.len)));
	}
}

/* {"collection", "record", "rkey"?}: with a key it is put, else created. */
static void
parse_saved(const DocItem *element, int place, RecordWrite *write)
{
	parse_element(element, place, "record", write, NULL);
	if (write->collection == NULL)
		bad_element(place, gettext_noop("\"collection\" is missing"));
	if (write->element.data == NULL)
		bad_element(place, gettext_noop("\"record\" is missing"));
	write->op = write->rkey == NULL ? RECORD_CREATE : RECORD_PUT;
}

/* {"$type", "collection", "rkey", "value"} as in the protocol. */
static void
parse_applied(const DocItem *element, int place, RecordWrite *write)
{
	DocItem		type = {.type = JENTRY_ISNULL};
	bool		typed = false;

	parse_element(element, place, "value", write, &type);
	for (int i = 0; i < lengthof(apply_types); i++)
	{
		if (doc_item_is(&type, apply_types[i].type))
		{
			write->op = apply_types[i].op;
			typed = true;
		}
	}
	if (!typed)
		bad_element(place, gettext_noop("\"$type\" must be \"com.atproto.repo.applyWrites#create\", \"...#update\" or \"...#delete\""));
	if (write->collection == NULL)
		bad_element(place, gettext_noop("\"collection\" is missing"));
	if (write->rkey == NULL && write->op != RECORD_CREATE)
		bad_element(place, gettext_noop("\"rkey\" is missing"));
	if ((write->element.data == NULL) != (write->op == RECORD_DELETE))
		bad_element(place, write->element.data == NULL ? gettext_noop("\"value\" is missing") :
					gettext_noop("a deletion has no \"value\""));
	write->must_exist = true;
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_create_record);
PG_FUNCTION_INFO_V1(at_put_record);
PG_FUNCTION_INFO_V1(at_put_block);
PG_FUNCTION_INFO_V1(at_upsert_record);
PG_FUNCTION_INFO_V1(at_delete_record);
PG_FUNCTION_INFO_V1(at_save_all);
PG_FUNCTION_INFO_V1(at_apply_writes);
PG_FUNCTION_INFO_V1(at_validation_status);

/* What a call site of a function that does one write looks up once */
typedef struct CallSite
{
	TupleDesc	tupdesc;		/* of at_result */
	ExprCache	insert;			/* of at_upsert_record() */
	ExprCache	update;
} CallSite;

static CallSite *
call_site(FunctionCallInfo fcinfo)
{
	MemoryContext old_context;
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site != NULL)
		return site;
	old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	site = palloc0(sizeof(CallSite));
	site->tupdesc = answer_row_type(fcinfo);
	MemoryContextSwitchTo(old_context);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* A word that stays the same from row to row, mostly */
typedef struct Word
{
	const char *str;			/* a constant */
	Datum		text;
} Word;

static void
set_name(const char *name, Datum *value, bool *isnull)
{
	*isnull = name == NULL;
	*value = name == NULL ? (Datum) 0 : named_text_datum(name);
}

static void
set_word(Word *word, const char *str, Datum *value, bool *isnull)
{
	if (word->str != str)
	{
		word->str = str;
		word->text = str == NULL ? (Datum) 0 : CStringGetTextDatum(str);
	}
	*isnull = str == NULL;
	*value = word->text;
}

/*
 * One write as a row of type at_result.  words are zero at first, and in the
 * current memory context.
 */
static void
result_row(const RecordWrite *write, Word words[2], Datum *values, bool *nulls)
{
	set_name(write->uri, &values[0], &nulls[0]);
	set_name(write->cid, &values[1], &nulls[1]);
	set_name(write->rev, &values[2], &nulls[2]);
	set_word(&words[0], outcome_name(write->action), &values[3], &nulls[3]);
	nulls[4] = write->old == NULL;
	values[4] = PointerGetDatum(write->old);
	nulls[5] = write->new == NULL;
	values[5] = PointerGetDatum(write->new);
	set_word(&words[1], write->status, &values[6], &nulls[6]);
}

/* Does one write to the table and repository of the first two arguments. */
static Datum
write_single(FunctionCallInfo fcinfo, const char *repo,
			 const RecordOptions *options, RecordWrite *write)
{
	CallSite   *site = call_site(fcinfo);
	Datum		values[AT_RESULT_COLUMNS];
	bool		nulls[AT_RESULT_COLUMNS];
	Word		words[2] = {0};

	record_write(PG_GETARG_OID(0), repo, options, false, write, 1);
	result_row(write, words, values, nulls);
	return HeapTupleGetDatum(heap_form_tuple(site->tupdesc, values, nulls));
}

/* at_create_record(store, repo, collection, record, rkey, options) */
static Datum
at_create_record_once(PG_FUNCTION_ARGS)
{
	RecordOptions options;
	RecordWrite write = {.op = RECORD_CREATE};

	arguments_require(fcinfo, 4);
	parse_options(argument_jsonb(fcinfo, 5), TAKES_VALIDATE | TAKES_IDEMPOTENCY,
				  &options);
	write.collection = text_argument(fcinfo, 2);
	write.record = PG_GETARG_JSONB_P(3);
	write.rkey = text_argument(fcinfo, 4);
	return write_single(fcinfo, text_argument(fcinfo, 1), &options, &write);
}

Datum
at_create_record(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, at_create_record_once);
}

/* at_put_record(store, repo, collection, rkey, record, options) */
static Datum
at_put_record_once(PG_FUNCTION_ARGS)
{
	RecordOptions options;
	RecordWrite write = {.op = RECORD_PUT};

	arguments_require(fcinfo, 5);
	parse_options(argument_jsonb(fcinfo, 5), TAKES_VALIDATE | TAKES_SWAP | TAKES_IDEMPOTENCY,
				  &options);
	write.collection = text_argument(fcinfo, 2);
	write.rkey = text_argument(fcinfo, 3);
	write.record = PG_GETARG_JSONB_P(4);
	return write_single(fcinfo, text_argument(fcinfo, 1), &options, &write);
}

Datum
at_put_record(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, at_put_record_once);
}

/* at_put_block(store, repo, collection, rkey, block, options) */
Datum
at_put_block(PG_FUNCTION_ARGS)
{
	RecordOptions options;
	RecordWrite write = {.op = RECORD_PUT};

	arguments_require(fcinfo, 5);
	parse_options(argument_jsonb(fcinfo, 5), TAKES_VALIDATE | TAKES_SWAP,
				  &options);
	write.collection = text_argument(fcinfo, 2);
	write.rkey = text_argument(fcinfo, 3);
	write.block = PG_GETARG_BYTEA_PP(4);
	return write_single(fcinfo, text_argument(fcinfo, 1), &options, &write);
}

/* at_upsert_record(store, repo, collection, insert, update, rkey, bind, options) */
static Datum
at_upsert_record_once(PG_FUNCTION_ARGS)
{
	CallSite   *site = call_site(fcinfo);
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	RecordOptions options;
	RecordWrite write = {.op = RECORD_UPSERT};

	arguments_require(fcinfo, 5);
	parse_options(argument_jsonb(fcinfo, 7),
				  TAKES_VALIDATE | TAKES_SWAP | TAKES_MERGE | TAKES_BIND | TAKES_IDEMPOTENCY,
				  &options);
	write.collection = text_argument(fcinfo, 2);
	write.insert = expr_compile_cached(&site->insert, PG_GETARG_DOCEXPR_P(3),
									   context);
	write.update = expr_compile_cached(&site->update, PG_GETARG_DOCEXPR_P(4),
									   context);
	write.rkey = text_argument(fcinfo, 5);
	write.bind = argument_bind(fcinfo, 6);
	return write_single(fcinfo, text_argument(fcinfo, 1), &options, &write);
}

Datum
at_upsert_record(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, at_upsert_record_once);
}

/* at_delete_record(store, uri, options) */
static Datum
at_delete_record_once(PG_FUNCTION_ARGS)
{
	RecordOptions options;
	RecordWrite write = {.op = RECORD_DELETE};
	AtUri		uri;

	arguments_require(fcinfo, 2);
	uri = record_split_uri(text_argument(fcinfo, 1));
	parse_options(argument_jsonb(fcinfo, 2), TAKES_SWAP_CID | TAKES_IDEMPOTENCY, &options);
	write.collection = pnstrdup(uri.collection.str, uri.collection.len);
	write.rkey = pnstrdup(uri.rkey.str, uri.rkey.len);
	return write_single(fcinfo, pnstrdup(uri.authority.str, uri.authority.len),
						&options, &write);
}

Datum
at_delete_record(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, at_delete_record_once);
}

/* Does a batch: store, repo, array and options are the arguments. */
static Datum
write_batch(FunctionCallInfo fcinfo, const char *noun, int takes, bool bounded,
			void (*parse) (const DocItem *, int, RecordWrite *))
{
	Tuplestorestate *rows;
	TupleDesc	tupdesc;
	Jsonb	   *array;
	RecordOptions options;
	RecordWrite *writes;
	int			nwrites;
	Word		words[2] = {0};
	DocCursor	cursor;

	arguments_require(fcinfo, 3);
	rows = answer_begin_set(fcinfo, &tupdesc);
	parse_options(argument_jsonb(fcinfo, 3), takes, &options);
	options.batch = true;
	array = argument_items(fcinfo, 2, noun, NULL);
	nwrites = JB_ROOT_COUNT(array);
	writes = MemoryContextAllocExtended(CurrentMemoryContext,
										Max(nwrites, 1) * sizeof(RecordWrite),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	doc_cursor_first(&cursor, &array->root);
	for (int i = 0; i < nwrites; i++)
	{
		DocItem		element;

		CHECK_FOR_INTERRUPTS();
		doc_cursor_item(&cursor, &element);
		parse(&element, i + 1, &writes[i]);
	}
	record_write(PG_GETARG_OID(0), text_argument(fcinfo, 1), &options, bounded, writes, nwrites);

	for (int i = 0; i < nwrites; i++)
	{
		Datum		values[AT_RESULT_COLUMNS];
		bool		nulls[AT_RESULT_COLUMNS];

		result_row(&writes[i], words, values, nulls);
		tuplestore_putvalues(rows, tupdesc, values, nulls);
	}
	return (Datum) 0;
}

/* at_save_all(store, repo, records, options) */
static Datum
at_save_all_once(PG_FUNCTION_ARGS)
{
	return write_batch(fcinfo, "records", TAKES_VALIDATE | TAKES_SAME_RKEY | TAKES_IDEMPOTENCY, false,
					   parse_saved);
}

Datum
at_save_all(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, at_save_all_once);
}

/* at_apply_writes(store, repo, writes, options) */
static Datum
at_apply_writes_once(PG_FUNCTION_ARGS)
{
	return write_batch(fcinfo, "writes", TAKES_VALIDATE | TAKES_IDEMPOTENCY, true, parse_applied);
}

Datum
at_apply_writes(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, at_apply_writes_once);
}

/* at_validation_status(collection text, record jsonb) -> text */
Datum
at_validation_status(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(record_status(text_argument(fcinfo, 0),
												   PG_GETARG_JSONB_P(1))));
}
