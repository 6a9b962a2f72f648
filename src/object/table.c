/*
 * table.c
 *		An ordinary table as a target of JSON objects.
 *
 * Attributes are columns of the same name, exactly.  A JSON value becomes a
 * column's value as jsonb_populate_record() has it, but one attribute at a
 * time: an object that leaves out a column says nothing about it, not even
 * that its domain allows NULL.
 *
 *		JSON null							NULL, whatever the type
 *		into json, jsonb					the value
 *		string into a scalar type			the type's input function
 *		number, boolean into a scalar type	the same, of the JSON text
 *		object into hstore					its pairs, as to_jsonb() shows them
 *		arrays, composites					jsonb_to_record(), one column
 *
 * Whole numbers and numerics are taken without the detour over text where
 * that is the same.  Numbers never travel as doubles.  Domains check
 * themselves, as their input function is domain_in().
 *
 * A domain's CHECK may run anything, an upsert into this very table included,
 * and what the input function keeps from call to call (the checks made ready,
 * the value they look at) serves one call at a time.  So the function is taken
 * out of what is known of the table while it is at work; whoever comes
 * meanwhile makes another one.
 *
 * Knows columns and types; does not know why a row is written.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "compat.h"
#include "object/table.h"

/* A name this many edits away is not what was meant. */
#define MAX_NAME_DISTANCE 3

typedef enum InputKind
{
	INPUT_SCALAR,				/* text of the JSON value to the type's input */
	INPUT_TEXT,					/* a string is the value as it is */
	INPUT_INTEGER,				/* a small whole number is taken as it is */
	INPUT_NUMERIC,				/* a number is the value, if it fits */
	INPUT_JSONB,				/* the value as it is */
	INPUT_JSON_TEXT,			/* JSON text, strings with their quotes */
	INPUT_PAIRS,				/* hstore: an object is its pairs */
	INPUT_RECORD				/* arrays and composites: by core's function */
} InputKind;

struct ColumnInput
{
	InputKind	kind;
	ColumnShape shape;
	Oid			type;
	bool		domain;			/* NULL may be refused */
	bool		whole;			/* a type of whole numbers */
	Oid			function;		/* the type's input, or jsonb_to_record */
	FmgrInfo   *idle;			/* it, with its context; NULL: none, or at
								 * work */
	Oid			ioparam;
	int32		typmod;
	TupleDesc	record;			/* INPUT_RECORD: one column */
};

/* ----------
 * The table
 * ----------
 */

static void
check_kind(Relation rel)
{
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_FOREIGN_TABLE:
			return;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is not a table, view, or foreign table",
							RelationGetRelationName(rel))));
	}
}

static AttrNumber
revision_column(TupleDesc tupdesc)
{
	int			i;

	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (!att->attisdropped && att->atttypid == TEXTOID &&
			strcmp(NameStr(att->attname), "_rev") == 0)
			return i + 1;
	}
	return InvalidAttrNumber;
}

/*
 * The columns that a new row has to be given.  None where somebody else has a
 * word before: a trigger that may fill them, a policy that refuses the row,
 * another server's constraints, the protection of catalogs.
 */
static Bitmapset *
required_columns(Relation rel)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	Bitmapset  *required = NULL;
	int			i;

	if (rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE ||
		rel->rd_rel->relrowsecurity || IsSystemRelation(rel) ||
		(rel->trigdesc && rel->trigdesc->trig_insert_before_row))
		return NULL;
	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (att->attnotnull && !att->attisdropped && !att->atthasdef &&
			!att->attidentity)
			required = bms_add_member(required, i + 1);
	}
	return required;
}

static void
gather_facts(Memo *memo, Relation rel)
{
	TableFacts *f = (TableFacts *) memo;
	TupleDesc	tupdesc = RelationGetDescr(rel);

	f->rev_attno = revision_column(tupdesc);
	f->required = required_columns(rel);
	f->criteria = criteria_gather(rel, memo->indexes);
	f->inputs = palloc0(sizeof(ColumnInput *) * tupdesc->natts);
	f->outputs = palloc0(sizeof(FmgrInfo *) * tupdesc->natts);
	f->texts = palloc0(sizeof(FmgrInfo *) * tupdesc->natts);
}

static MemoCache facts = {"upsert tables", sizeof(TableFacts), gather_facts};

/* Which columns may this user see? */
static void
find_readable(ObjectTable *table)
{
	bool		all = pg_class_aclcheck(table->relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	int			i;

	for (i = 0; i < table->tupdesc->natts; i++)
	{
		if (TupleDescAttr(table->tupdesc, i)->attisdropped)
			continue;
		if (all ||
			pg_attribute_aclcheck(table->relid, i + 1, GetUserId(),
								  ACL_SELECT) == ACLCHECK_OK)
			table->readable = bms_add_member(table->readable, i + 1);
	}
}

ObjectTable *
object_table_open(Oid relid)
{
	ObjectTable *table = palloc0(sizeof(ObjectTable));
	Relation	rel = try_relation_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	check_kind(rel);

	table->relid = relid;
	table->rel = rel;
	table->tupdesc = RelationGetDescr(rel);
	table->facts = (TableFacts *) memo_of(&facts, rel);
	find_readable(table);
	return table;
}

void
object_table_close(ObjectTable *table)
{
	relation_close(table->rel, NoLock);
}

bool
object_table_is_column(const ObjectTable *table, AttrNumber attno,
					   const char *name, int len)
{
	const char *attname = NameStr(TupleDescAttr(table->tupdesc, attno - 1)->attname);

	return len < NAMEDATALEN && memcmp(attname, name, len) == 0 &&
		attname[len] == '\0';
}

AttrNumber
object_table_column(const ObjectTable *table, const char *name, int len)
{
	int			i;

	for (i = 0; i < table->tupdesc->natts; i++)
		if (!TupleDescAttr(table->tupdesc, i)->attisdropped &&
			object_table_is_column(table, i + 1, name, len))
			return i + 1;
	return InvalidAttrNumber;
}

void
object_table_no_column(const ObjectTable *table, const char *name, int len)
{
	const char *nearest = NULL;
	int			distance = MAX_NAME_DISTANCE;
	int			i;

	for (i = 0; i < table->tupdesc->natts && len < NAMEDATALEN; i++)
	{
		Form_pg_attribute att = TupleDescAttr(table->tupdesc, i);
		const char *candidate = NameStr(att->attname);
		int			d;

		if (att->attisdropped)
			continue;
		if (strlen(candidate) == len && pg_strncasecmp(candidate, name, len) == 0)
			d = 0;				/* letter case is the commonest mistake */
		else
			d = varstr_levenshtein_less_equal(name, len,
											  candidate, strlen(candidate),
											  1, 1, 1, distance, true);
		/* one that shares nothing is no suggestion */
		if (d > distance || d >= strlen(candidate) ||
			(nearest && d == distance))
			continue;
		distance = d;
		nearest = candidate;
	}

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%.*s\" of relation \"%s\" does not exist",
					len, name, RelationGetRelationName(table->rel)),
			 nearest ?
			 errhint("Perhaps you meant the column \"%s\".", nearest) :
			 errhint("object_schema() lists what there is.")));
	pg_unreachable();
}

/* ----------
 * From JSON
 * ----------
 */

TupleDesc
object_one_column(const char *name, Oid type, int32 typmod, Oid collation)
{
	TupleDesc	desc = CreateTemplateTupleDesc(1);

	TupleDescInitEntry(desc, 1, name, type, typmod, 0);
	TupleDescInitEntryCollation(desc, 1, collation);
	compat_tupdesc_finish(desc);
	return BlessTupleDesc(desc);
}

bool
object_type_is_pairs(Oid type)
{
	Oid			function;
	Oid			ioparam;
	char	   *name;

	getTypeInputInfo(type, &function, &ioparam);
	name = get_func_name(function);
	return name && strcmp(name, "hstore_in") == 0;
}

static ColumnInput *
describe_input(ObjectTable *table, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(table->tupdesc, attno - 1);
	MemoryContext oldcontext = MemoryContextSwitchTo(table->facts->memo.context);
	ColumnInput *input = palloc0(sizeof(ColumnInput));
	Oid			base = getBaseType(att->atttypid);

	input->type = att->atttypid;
	input->domain = base != att->atttypid;
	input->typmod = att->atttypmod;
	input->whole = base == INT2OID || base == INT4OID || base == INT8OID;
	input->shape = base == JSONBOID ? COLUMN_JSONB :
		type_is_rowtype(base) ? COLUMN_COMPOSITE : COLUMN_PLAIN;

	if (type_is_array(base) || type_is_rowtype(base))
		input->kind = INPUT_RECORD;
	else if (base == JSONOID || base == JSONBOID)
		input->kind = base == JSONBOID && !input->domain ?
			INPUT_JSONB : INPUT_JSON_TEXT;
	else if (att->atttypid == TEXTOID)
		input->kind = INPUT_TEXT;
	else if (att->atttypid == NUMERICOID)
		input->kind = INPUT_NUMERIC;
	else if (att->atttypid == INT4OID || att->atttypid == INT8OID)
		input->kind = INPUT_INTEGER;
	else
		input->kind = object_type_is_pairs(base) ? INPUT_PAIRS : INPUT_SCALAR;

	if (input->kind == INPUT_RECORD)
	{
		/* row types are relations too, of which we do not know the names */
		table->facts->memo.of_all = true;
		input->function = F_JSONB_TO_RECORD;
		input->record = object_one_column(NameStr(att->attname), att->atttypid,
										  att->atttypmod, att->attcollation);
	}
	else
		getTypeInputInfo(att->atttypid, &input->function, &input->ioparam);
	MemoryContextSwitchTo(oldcontext);
	return input;
}

/*
 * The input function, for one call.  An error leaves it to the context that is
 * current now.
 */
static FmgrInfo *
take_function(ColumnInput *input)
{
	FmgrInfo   *function = input->idle;
	MemoryContext context;

	if (function)
	{
		input->idle = NULL;
		MemoryContextSetParent(function->fn_mcxt, CurrentMemoryContext);
		return function;
	}
	context = AllocSetContextCreate(CurrentMemoryContext, "upsert input",
									ALLOCSET_SMALL_SIZES);
	function = MemoryContextAlloc(context, sizeof(FmgrInfo));
	fmgr_info_cxt(input->function, function, context);
	return function;
}

static void
give_function(ColumnInput *input, FmgrInfo *function, MemoryContext keeper)
{
	if (input->idle)
	{
		MemoryContextDelete(function->fn_mcxt);
		return;
	}
	MemoryContextSetParent(function->fn_mcxt, keeper);
	input->idle = function;
}

/* The text of a JSON value: of a string, without its quotes. */
static char *
value_text(const JsonbValue *v, bool quoted)
{
	JsonbValue	copy = *v;
	Jsonb	   *jsonb;

	if (!quoted)
	{
		switch (v->type)
		{
			case jbvString:
				return pnstrdup(v->val.string.val, v->val.string.len);
			case jbvNumeric:
				return DatumGetCString(DirectFunctionCall1(numeric_out,
														   NumericGetDatum(v->val.numeric)));
			case jbvBool:
				return v->val.boolean ? "true" : "false";
			default:
				break;
		}
	}
	jsonb = JsonbValueToJsonb(&copy);
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

static void
append_quoted(StringInfo buf, const char *text)
{
	appendStringInfoChar(buf, '"');
	for (; *text; text++)
	{
		if (*text == '"' || *text == '\\')
			appendStringInfoChar(buf, '\\');
		appendStringInfoChar(buf, *text);
	}
	appendStringInfoChar(buf, '"');
}

/* {"a": "1", "b": null} as "a"=>"1", "b"=>NULL. */
static char *
pairs_text(const JsonbValue *v)
{
	StringInfoData buf;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("a value of type hstore must be a JSON object or a string"),
				 errdetail("It is %s.", value_text(v, true))));
	it = JsonbIteratorInit(v->val.binary.data);
	initStringInfo(&buf);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			appendStringInfoString(&buf, buf.len > 0 ? ", " : "");
			append_quoted(&buf, value_text(&item, false));
		}
		else if (token == WJB_VALUE && item.type == jbvNull)
			appendStringInfoString(&buf, "=>NULL");
		else if (token == WJB_VALUE)
		{
			appendStringInfoString(&buf, "=>");
			append_quoted(&buf, value_text(&item, false));
		}
	}
	return buf.data;
}

/*
 * A number as an integer, if that is the same: whole, as it is written, and
 * of the size of an int.  All others are for the type's input to judge.
 */
static bool
small_integer(const JsonbValue *v, int32 *result)
{
	bool		out_of_range = false;

	if (v->type != jbvNumeric ||
		DatumGetInt32(DirectFunctionCall1(numeric_scale,
										  NumericGetDatum(v->val.numeric))) != 0)
		return false;
	*result = compat_numeric_int4(v->val.numeric, &out_of_range);
	return !out_of_range;
}

Jsonb *
object_of_one(const char *name, const JsonbValue *v)
{
	CompatJsonbState state = {0};
	JsonbValue	key;
	JsonbValue	value = *v;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	(void) compat_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	(void) compat_jsonb_push(&state, WJB_KEY, &key);
	(void) compat_jsonb_push(&state, WJB_VALUE, &value);
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_OBJECT, NULL));
}

static Datum
value_by_record(ColumnInput *input, FmgrInfo *function, const JsonbValue *v,
				bool *isnull)
{
	LOCAL_FCINFO(fcinfo, 1);
	ReturnSetInfo rsinfo = {T_ReturnSetInfo};
	HeapTupleHeader header;
	HeapTupleData tuple;
	Datum		record;

	rsinfo.expectedDesc = input->record;
	InitFunctionCallInfoData(*fcinfo, function, 1, InvalidOid, NULL,
							 (Node *) &rsinfo);
	fcinfo->args[0].value =
		JsonbPGetDatum(object_of_one(NameStr(TupleDescAttr(input->record, 0)->attname), v));
	fcinfo->args[0].isnull = false;
	record = FunctionCallInvoke(fcinfo);

	header = DatumGetHeapTupleHeader(record);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	return heap_getattr(&tuple, 1, input->record, isnull);
}

/* By the input function. */
static Datum
call_input(ColumnInput *input, const JsonbValue *v, bool *isnull,
		   MemoryContext keeper)
{
	FmgrInfo   *function = take_function(input);
	char	   *text = NULL;
	Datum		value;

	if (input->kind == INPUT_RECORD)
		value = value_by_record(input, function, v, isnull);
	else
	{
		if (!*isnull)
			text = input->kind == INPUT_PAIRS && v->type != jbvString ?
				pairs_text(v) : value_text(v, input->kind == INPUT_JSON_TEXT);
		value = InputFunctionCall(function, text, input->ioparam,
								  input->typmod);
	}
	give_function(input, function, keeper);
	return value;
}

/* "keeper" is where the input's function is kept. */
static Datum
make_value(ColumnInput *input, const JsonbValue *v, bool json_null,
		   bool *isnull, MemoryContext keeper)
{
	JsonbValue	copy = *v;
	int32		integer;

	*isnull = v->type == jbvNull && !(json_null && input->shape == COLUMN_JSONB);
	if (*isnull && !input->domain)
		return (Datum) 0;
	if (input->whole && v->type == jbvNumeric)
	{
		/* 7.0 is whole; what is not stays for the type to refuse */
		copy.val.numeric = DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale,
															   NumericGetDatum(v->val.numeric)));
		v = &copy;
	}

	switch (input->kind)
	{
		case INPUT_JSONB:
			return JsonbPGetDatum(JsonbValueToJsonb(&copy));
		case INPUT_TEXT:
			if (v->type == jbvString)
				return PointerGetDatum(cstring_to_text_with_len(v->val.string.val,
																v->val.string.len));
			break;
		case INPUT_NUMERIC:
			if (v->type != jbvNumeric)
				break;
			if (input->typmod == -1)
				return NumericGetDatum(v->val.numeric);
			return DirectFunctionCall2(numeric,
									   NumericGetDatum(v->val.numeric),
									   Int32GetDatum(input->typmod));
		case INPUT_INTEGER:
			if (small_integer(v, &integer))
				return input->type == INT4OID ?
					Int32GetDatum(integer) : Int64GetDatum(integer);
			break;
		default:
			break;
	}
	return call_input(input, v, isnull, keeper);
}

static ColumnInput *
input_of(ObjectTable *table, AttrNumber attno)
{
	ColumnInput **input = &table->facts->inputs[attno - 1];

	if (*input == NULL)
		*input = describe_input(table, attno);
	return *input;
}

ColumnShape
object_table_shape(ObjectTable *table, AttrNumber attno)
{
	return input_of(table, attno)->shape;
}

static void
value_error_context(void *arg)
{
	errcontext("attribute \"%s\" of a JSON object", (const char *) arg);
}

Datum
object_table_value(ObjectTable *table, AttrNumber attno, const JsonbValue *v,
				   bool *isnull)
{
	Form_pg_attribute att = TupleDescAttr(table->tupdesc, attno - 1);
	ErrorContextCallback errcallback;
	ColumnInput *input;
	Datum		value;

	errcallback.callback = value_error_context;
	errcallback.arg = NameStr(att->attname);
	errcallback.previous = error_context_stack;
	error_context_stack = &errcallback;
	table->converting = attno;

	input = input_of(table, attno);
	if (input->kind == INPUT_RECORD)
		object_check_fields(input->type, v, NameStr(att->attname));
	value = make_value(input, v, table->json_null, isnull,
					   table->facts->memo.context);

	table->converting = InvalidAttrNumber;
	error_context_stack = errcallback.previous;
	return value;
}

/* ----------
 * To JSON
 * ----------
 */

/*
 * to_jsonb() asks its call site for the type of its argument, and keeps nothing
 * there; output functions are C and run nobody's SQL.  So these can be shared.
 */
static struct FmgrInfo *
make_to_jsonb(ObjectTable *table, Oid type)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(table->facts->memo.context);
	FmgrInfo   *function = palloc0(sizeof(FmgrInfo));
	Const	   *argument = makeNullConst(type, -1, InvalidOid);

	fmgr_info(F_TO_JSONB, function);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID,
											 list_make1(argument), InvalidOid,
											 InvalidOid, COERCE_EXPLICIT_CALL),
					   function);
	MemoryContextSwitchTo(oldcontext);
	return function;
}

char *
object_table_text(ObjectTable *table, AttrNumber attno, Datum value)
{
	if (table->facts->texts[attno - 1] == NULL)
	{
		FmgrInfo   *output = MemoryContextAlloc(table->facts->memo.context, sizeof(FmgrInfo));
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(TupleDescAttr(table->tupdesc, attno - 1)->atttypid,
						  &function, &varlena);
		fmgr_info_cxt(function, output, table->facts->memo.context);
		table->facts->texts[attno - 1] = output;
	}
	return OutputFunctionCall(table->facts->texts[attno - 1], value);
}

void
object_table_json(ObjectTable *table, AttrNumber attno, Datum value,
				  bool isnull, JsonbValue *result)
{
	Oid			type = TupleDescAttr(table->tupdesc, attno - 1)->atttypid;
	Jsonb	   *jsonb;

	if (isnull)
	{
		result->type = jbvNull;
		return;
	}
	if (table->facts->outputs[attno - 1] == NULL)
		table->facts->outputs[attno - 1] = make_to_jsonb(table, type);
	jsonb = DatumGetJsonbP(FunctionCall1(table->facts->outputs[attno - 1], value));
	if (!JsonbExtractScalar(&jsonb->root, result))
	{
		result->type = jbvBinary;
		result->val.binary.data = &jsonb->root;
		result->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	}
}

/*
 * The same, with the types that need no function done here.  Strings and
 * containers may point into the value.
 */
static void
column_json(ObjectTable *table, AttrNumber attno, Datum value, bool isnull,
			JsonbValue *result)
{
	text	   *string;
	Jsonb	   *jsonb;

	if (isnull)
	{
		result->type = jbvNull;
		return;
	}
	switch (TupleDescAttr(table->tupdesc, attno - 1)->atttypid)
	{
		case BOOLOID:
			result->type = jbvBool;
			result->val.boolean = DatumGetBool(value);
			return;
		case INT4OID:
			result->type = jbvNumeric;
			result->val.numeric = int64_to_numeric(DatumGetInt32(value));
			return;
		case INT8OID:
			result->type = jbvNumeric;
			result->val.numeric = int64_to_numeric(DatumGetInt64(value));
			return;
		case NUMERICOID:
			result->type = jbvNumeric;
			result->val.numeric = DatumGetNumeric(value);
			if (!numeric_is_nan(result->val.numeric) &&
				!numeric_is_inf(result->val.numeric))
				return;
			break;				/* JSON has no such numbers */
		case TEXTOID:
		case VARCHAROID:
			string = DatumGetTextPP(value);
			result->type = jbvString;
			result->val.string.val = VARDATA_ANY(string);
			result->val.string.len = VARSIZE_ANY_EXHDR(string);
			return;
		case JSONBOID:
			jsonb = DatumGetJsonbP(value);
			if (JsonbExtractScalar(&jsonb->root, result))
				return;
			result->type = jbvBinary;
			result->val.binary.data = &jsonb->root;
			result->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
			return;
	}
	object_table_json(table, attno, value, isnull, result);
}

Jsonb *
object_table_row(ObjectTable *table, TupleTableSlot *row)
{
	CompatJsonbState state = {0};
	int			i;

	slot_getallattrs(row);
	(void) compat_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < table->tupdesc->natts; i++)
	{
		char	   *name = NameStr(TupleDescAttr(table->tupdesc, i)->attname);
		JsonbValue	v;

		if (!bms_is_member(i + 1, table->readable))
			continue;
		v.type = jbvString;
		v.val.string.val = name;
		v.val.string.len = strlen(name);
		(void) compat_jsonb_push(&state, WJB_KEY, &v);
		column_json(table, i + 1, row->tts_values[i], row->tts_isnull[i], &v);
		(void) compat_jsonb_push(&state, WJB_VALUE, &v);
	}
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_OBJECT, NULL));
}
