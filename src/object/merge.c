/*
 * merge.c
 *		What a value that was given makes of the one that is stored.
 *
 *						stored		given			the column gets
 *	most types			...			v				v
 *	composites			(1,2)		{"y": 3}		(1,3)
 *	jsonb, merged		{"a": 1}	{"b": 2}		{"a": 1, "b": 2}
 *
 * An object leaves alone the columns that it does not give; a composite is a
 * row within the row, and so are its fields left alone.  jsonb columns are
 * merged where the caller asks for it ("mergeObjects": true, or the mode
 * "mergePatch"), by the document algebra.  "mergeObjects": false replaces all.
 *
 * What is given for a composite is taken strictly at every depth: an attribute
 * that is no field is an error, as an attribute that is no column is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "jsonb/doc.h"
#include "object/object_impl.h"

/* ----------
 * Composites: all attributes are fields
 * ----------
 */

static void
no_field(Oid type, const JsonbValue *name, const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("attribute \"%.*s\" of type %s does not exist",
					name->val.string.len, name->val.string.val,
					format_type_be(type)),
			 errdetail("It is given at \"%s.%.*s\".", path,
					   name->val.string.len, name->val.string.val)));
}

static Form_pg_attribute
find_field(TupleDesc fields, const JsonbValue *name)
{
	for (int i = 0; i < fields->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(fields, i);

		if (!att->attisdropped &&
			strlen(NameStr(att->attname)) == name->val.string.len &&
			memcmp(NameStr(att->attname), name->val.string.val,
				   name->val.string.len) == 0)
			return att;
	}
	return NULL;
}

static void
check_fields(Oid type, JsonbContainer *object, const char *path)
{
	TupleDesc	fields = lookup_rowtype_tupdesc(type, -1);
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	name;
	JsonbValue	value;

	(void) JsonbIteratorNext(&it, &name, true);
	while (JsonbIteratorNext(&it, &name, true) == WJB_KEY)
	{
		Form_pg_attribute att = find_field(fields, &name);

		if (att == NULL)
			no_field(type, &name, path);
		(void) JsonbIteratorNext(&it, &value, true);
		object_check_fields(att->atttypid, &value,
							psprintf("%s.%s", path, NameStr(att->attname)));
	}
	ReleaseTupleDesc(fields);
}

void
object_check_fields(Oid type, const JsonbValue *v, const char *path)
{
	Oid			base;

	check_stack_depth();
	if (v->type != jbvBinary)
		return;
	base = getBaseType(type);
	if (JsonContainerIsArray(v->val.binary.data))
	{
		/* of an array of several dimensions the elements are arrays */
		Oid			element = get_element_type(base);
		JsonbIterator *it = JsonbIteratorInit(v->val.binary.data);
		JsonbValue	member;
		int			i = 0;

		if (!OidIsValid(element))
			return;
		(void) JsonbIteratorNext(&it, &member, true);
		while (JsonbIteratorNext(&it, &member, true) == WJB_ELEM)
		{
			bool		deeper = member.type == jbvBinary &&
			JsonContainerIsArray(member.val.binary.data);

			CHECK_FOR_INTERRUPTS();
			if (member.type == jbvBinary)
				object_check_fields(deeper ? base : element, &member,
									psprintf("%s[%d]", path, i));
			i++;
		}
	}
	else if (type_is_rowtype(base) && base != RECORDOID)
		check_fields(base, v->val.binary.data, path);
}

/* ----------
 * Merging
 * ----------
 */

/*
 * The stored composite with the fields that are given in the place of its own,
 * at any depth: what jsonb_populate_record() makes of a row of this one column.
 */
static Datum
merge_composite(const Form_pg_attribute att, Datum stored, const JsonbValue *v,
				bool *isnull)
{
	LOCAL_FCINFO(fcinfo, 2);
	FmgrInfo	function;
	int32		typmod = att->atttypmod;
	Oid			base = getBaseTypeAndTypmod(att->atttypid, &typmod);
	TupleDesc	desc = object_one_column(NameStr(att->attname), base, typmod,
										 att->attcollation);
	bool		no = false;
	HeapTuple	row = heap_form_tuple(desc, &stored, &no);
	HeapTupleHeader header;
	HeapTupleData merged;
	Datum		value;

	fmgr_info(F_JSONB_POPULATE_RECORD, &function);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_JSONB_POPULATE_RECORD, RECORDOID,
											 list_make2(makeNullConst(RECORDOID, -1, InvalidOid),
														makeNullConst(JSONBOID, -1, InvalidOid)),
											 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
					   &function);
	InitFunctionCallInfoData(*fcinfo, &function, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = HeapTupleGetDatum(row);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = JsonbPGetDatum(object_of_one(NameStr(att->attname), v));
	fcinfo->args[1].isnull = false;
	header = DatumGetHeapTupleHeader(FunctionCallInvoke(fcinfo));

	merged.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&merged.t_self);
	merged.t_tableOid = InvalidOid;
	merged.t_data = header;
	value = heap_getattr(&merged, 1, desc, isnull);
	if (base != att->atttypid)
		domain_check(value, *isnull, att->atttypid, NULL, NULL);
	return value;
}

static Datum
merge_jsonb(const UpsertOptions *o, const Form_pg_attribute att, Jsonb *stored,
			Jsonb *given)
{
	Jsonb	   *result;

	if (o->mode == MODE_MERGE_PATCH)
		result = doc_merge_patch(stored ? stored : doc_empty(), given);
	else if (JB_ROOT_IS_OBJECT(given))
		result = doc_merge(stored && JB_ROOT_IS_OBJECT(stored) ? stored : doc_empty(),
						   given, o->keep_null, true);
	else
		result = given;
	if (att->atttypid != JSONBOID)
		domain_check(JsonbPGetDatum(result), false, att->atttypid, NULL, NULL);
	return JsonbPGetDatum(result);
}

static bool
is_json_null(Datum value)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);
	JsonbValue	v;

	return JB_ROOT_IS_SCALAR(jsonb) &&
		JsonbExtractScalar(&jsonb->root, &v) && v.type == jbvNull;
}

bool
object_merges_jsonb(const UpsertOptions *o)
{
	return o->mode == MODE_MERGE_PATCH ||
		(o->merge_objects_given && o->merge_objects);
}

bool
object_merges_column(ObjectStore *os, AttrNumber attno)
{
	const UpsertOptions *o = os->options;

	switch (object_table_shape(os->table, attno))
	{
		case COLUMN_JSONB:
			return object_merges_jsonb(o);
		case COLUMN_COMPOSITE:
			return o->merge_objects;
		case COLUMN_PLAIN:
			break;
	}
	return false;
}

Datum
object_new_value(ObjectStore *os, AttrNumber attno, Datum stored,
				 bool stored_isnull, bool *isnull)
{
	GivenColumn *given = object_given(os, attno);
	Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, attno - 1);
	ColumnShape shape = object_table_shape(os->table, attno);

	*isnull = given->isnull;
	if (shape == COLUMN_JSONB && given->isnull && !stored_isnull &&
		bms_is_member(attno, os->table->readable) && is_json_null(stored))
	{
		/* it is shown as null, and null says that it stays */
		*isnull = false;
		return stored;
	}
	if (given->isnull || !object_merges_column(os, attno))
		return given->value;
	if (shape == COLUMN_JSONB)
		return merge_jsonb(os->options, att,
						   stored_isnull ? NULL : DatumGetJsonbP(stored),
						   DatumGetJsonbP(given->value));
	if (stored_isnull || given->json.type != jbvBinary ||
		!JsonContainerIsObject(given->json.val.binary.data))
		return given->value;
	return merge_composite(att, stored, &given->json, isnull);
}
