/*
 * schema.c
 *		What a table takes, as a JSON Schema (2020-12) of its objects.
 *
 *		{"type": "object", "additionalProperties": false,
 *		 "properties": {"order_id": {"type": "integer", "x-id": true},
 *						"sku": {"type": "string", "x-id": true},
 *						"qty": {"type": "integer"},
 *						"note": {"type": ["string", "null"]},
 *						"total": {"type": "integer", "readOnly": true}},
 *		 "required": ["qty"],
 *		 "dependentRequired": {"order_id": ["sku"], "sku": ["order_id"]}}
 *
 * "required" differs by action: to create a row takes what is NOT NULL and has
 * no default; to update one takes the criteria and nothing else; to upsert by
 * the primary key takes the former, and the key whole or not at all.
 *
 * It is advice: a trigger may fill a column, a CHECK constraint may refuse a
 * value.  The columns of the primary key are marked "x-id", those of other
 * criteria "x-criteria".
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "object/table.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"

typedef enum SchemaAction
{
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_UPSERT
} SchemaAction;

typedef struct SchemaState
{
	ObjectTable *table;
	SchemaAction action;
	Criteria   *criteria;		/* NULL: none, or any */
	List	   *any;			/* with "any": those there are */
	Bitmapset  *keys;			/* columns of criteria */
	Bitmapset  *needs;			/* those of them that must be given */
	Bitmapset  *ids;			/* columns of the primary key */
} SchemaState;

static void push_type(CompatJsonbState *out, Oid type, int32 typmod, int ndims,
					  bool nullable);

/* ----------
 * Writing JSON
 * ----------
 */

static JsonbValue
string_value(const char *s)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, s);
	v.val.string.len = strlen(s);
	return v;
}

static void
push_key(CompatJsonbState *out, const char *key)
{
	JsonbValue	v = string_value(key);

	(void) compat_jsonb_push(out, WJB_KEY, &v);
}

static void
push_string(CompatJsonbState *out, JsonbIteratorToken token, const char *s)
{
	JsonbValue	v = string_value(s);

	(void) compat_jsonb_push(out, token, &v);
}

static void
push_member(CompatJsonbState *out, const char *key, const char *s)
{
	push_key(out, key);
	push_string(out, WJB_VALUE, s);
}

static void
push_flag(CompatJsonbState *out, const char *key, bool flag)
{
	JsonbValue	v;

	push_key(out, key);
	v.type = jbvBool;
	v.val.boolean = flag;
	(void) compat_jsonb_push(out, WJB_VALUE, &v);
}

static void
push_int(CompatJsonbState *out, const char *key, int n)
{
	JsonbValue	v;

	push_key(out, key);
	v.type = jbvNumeric;
	v.val.numeric = int64_to_numeric(n);
	(void) compat_jsonb_push(out, WJB_VALUE, &v);
}

static void
push_null_element(CompatJsonbState *out)
{
	JsonbValue	v;

	v.type = jbvNull;
	(void) compat_jsonb_push(out, WJB_ELEM, &v);
}

/* ----------
 * Types
 * ----------
 */

/* "type": the name, or a list of it and what else there may be */
static void
push_type_names(CompatJsonbState *out, const char *name, const char *other,
				bool nullable)
{
	if (!nullable && other == NULL)
	{
		push_member(out, "type", name);
		return;
	}
	push_key(out, "type");
	(void) compat_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
	push_string(out, WJB_ELEM, name);
	if (other)
		push_string(out, WJB_ELEM, other);
	if (nullable)
		push_string(out, WJB_ELEM, "null");
	(void) compat_jsonb_push(out, WJB_END_ARRAY, NULL);
}

static void
push_type_name(CompatJsonbState *out, const char *name, bool nullable)
{
	push_type_names(out, name, NULL, nullable);
}

static int
compare_enum(const ListCell *a, const ListCell *b)
{
	float4		x = ((Form_pg_enum) GETSTRUCT((HeapTuple) lfirst(a)))->enumsortorder;
	float4		y = ((Form_pg_enum) GETSTRUCT((HeapTuple) lfirst(b)))->enumsortorder;

	return (x > y) - (x < y);
}

static void
push_enum(CompatJsonbState *out, Oid type, bool nullable)
{
	CatCList   *list = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	List	   *labels = NIL;
	ListCell   *lc;
	int			i;

	for (i = 0; i < list->n_members; i++)
		labels = lappend(labels, &list->members[i]->tuple);
	list_sort(labels, compare_enum);

	push_key(out, "enum");
	(void) compat_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
	foreach(lc, labels)
		push_string(out, WJB_ELEM,
					pstrdup(NameStr(((Form_pg_enum) GETSTRUCT((HeapTuple) lfirst(lc)))->enumlabel)));
	if (nullable)
		push_null_element(out);
	(void) compat_jsonb_push(out, WJB_END_ARRAY, NULL);
	ReleaseSysCacheList(list);
}

static void
push_composite(CompatJsonbState *out, Oid type)
{
	TupleDesc	tupdesc = lookup_rowtype_tupdesc_copy(type, -1);
	int			i;

	push_flag(out, "additionalProperties", false);
	push_key(out, "properties");
	(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (att->attisdropped)
			continue;
		push_key(out, NameStr(att->attname));
		(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
		push_type(out, att->atttypid, att->atttypmod, att->attndims, true);
		(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
	}
	(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
}

/*
 * A day has the format, or is one of those that ISO 8601 in four digits does
 * not have.
 */
static void
push_day(CompatJsonbState *out, const char *format)
{
	push_key(out, "anyOf");
	(void) compat_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
	(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	push_member(out, "format", format);
	(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
	(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	push_member(out, "pattern", "^-?infinity$| BC$|^[0-9]{5,}-");
	(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
	(void) compat_jsonb_push(out, WJB_END_ARRAY, NULL);
}

static void
push_string_type(CompatJsonbState *out, Oid base, int32 typmod, bool nullable)
{
	push_type_name(out, "string", nullable);
	switch (base)
	{
		case VARCHAROID:
		case BPCHAROID:
			if (typmod > (int32) VARHDRSZ)
				push_int(out, "maxLength", typmod - VARHDRSZ);
			break;
		case UUIDOID:
			push_member(out, "format", "uuid");
			break;
		case DATEOID:
			push_day(out, "date");
			break;
		case TIMESTAMPTZOID:
			push_day(out, "date-time");
			break;
	}
}

/* How many dimensions a domain's arrays are declared with. */
static int
domain_ndims(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	int			ndims = HeapTupleIsValid(tuple) ?
	((Form_pg_type) GETSTRUCT(tuple))->typndims : 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return ndims;
}

/*
 * The keywords that describe a type, into the object that is open: what
 * to_jsonb() writes of it, which is what is taken.  Arrays have the dimensions
 * that they are declared with, though PostgreSQL does not hold them to it.
 */
static void
push_type(CompatJsonbState *out, Oid type, int32 typmod, int ndims,
		  bool nullable)
{
	Oid			base = getBaseTypeAndTypmod(type, &typmod);
	Oid			element = get_element_type(base);

	check_stack_depth();
	if (OidIsValid(element))
	{
		if (ndims == 0)
			ndims = domain_ndims(type);
		push_type_name(out, "array", nullable);
		push_key(out, "items");
		(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
		if (ndims > 1)
			push_type(out, base, typmod, ndims - 1, false);
		else
			push_type(out, element, typmod, 0, true);
		(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
		return;
	}
	if (type_is_enum(base))
	{
		push_enum(out, base, nullable);
		return;
	}
	if (type_is_rowtype(base))
	{
		push_type_name(out, "object", nullable);
		push_composite(out, base);
		return;
	}
	switch (base)
	{
		case BOOLOID:
			push_type_name(out, "boolean", nullable);
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			push_type_name(out, "integer", nullable);
			break;
		case OIDOID:
			/* to_jsonb() makes strings of them */
			push_type_names(out, "integer", "string", nullable);
			push_member(out, "pattern", "^[0-9]+$");
			break;
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			push_type_names(out, "number", "string", nullable);
			push_member(out, "pattern", "^(NaN|-?Infinity)$");
			break;
		case JSONOID:
		case JSONBOID:
			break;				/* anything */
		default:
			if (object_type_is_pairs(base))
			{
				push_type_name(out, "object", nullable);
				push_key(out, "additionalProperties");
				(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
				push_type_name(out, "string", true);
				(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
			}
			else
				push_string_type(out, base, typmod, nullable);
			break;
	}
}

/* ----------
 * Columns
 * ----------
 */

/* What the domains of a column say of it. */
static void
look_at_domains(Oid type, bool *not_null, bool *has_default)
{
	char		typtype = TYPTYPE_DOMAIN;

	*not_null = *has_default = false;
	while (typtype == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		Form_pg_type form;
		bool		isnull;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for type %u", type);
		form = (Form_pg_type) GETSTRUCT(tuple);
		(void) SysCacheGetAttr(TYPEOID, tuple, Anum_pg_type_typdefaultbin, &isnull);
		*not_null = *not_null || form->typnotnull;
		*has_default = *has_default || !isnull;
		typtype = form->typtype;
		type = form->typbasetype;
		ReleaseSysCache(tuple);
	}
}

static bool
is_not_null(Form_pg_attribute att)
{
	bool		not_null;
	bool		has_default;

	look_at_domains(att->atttypid, &not_null, &has_default);
	return att->attnotnull || not_null;
}

/* May a new row leave the column out? */
static bool
is_populated(ObjectTable *table, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(table->tupdesc, attno - 1);
	bool		not_null;
	bool		has_default;

	look_at_domains(att->atttypid, &not_null, &has_default);
	return !(att->attnotnull || not_null) || has_default ||
		att->atthasdef || att->attidentity || attno == table->facts->rev_attno;
}

static bool
has_privilege(const ObjectTable *table, AttrNumber attno, AclMode mode)
{
	return pg_class_aclcheck(table->relid, GetUserId(), mode) == ACLCHECK_OK ||
		pg_attribute_aclcheck(table->relid, attno, GetUserId(), mode) == ACLCHECK_OK;
}

static bool
is_read_only(const SchemaState *st, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(st->table->tupdesc, attno - 1);

	if (att->attgenerated || att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS ||
		attno == st->table->facts->rev_attno)
		return true;
	switch (st->action)
	{
		case ACTION_CREATE:
			return !has_privilege(st->table, attno, ACL_INSERT);
		case ACTION_UPDATE:
			return !has_privilege(st->table, attno, ACL_UPDATE);
		default:
			return !has_privilege(st->table, attno, ACL_INSERT) &&
				!has_privilege(st->table, attno, ACL_UPDATE);
	}
}

static void
push_column(SchemaState *st, CompatJsonbState *out, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(st->table->tupdesc, attno - 1);
	bool		read_only = is_read_only(st, attno);
	bool		key = bms_is_member(attno, st->keys);
	bool		nullable = !is_not_null(att) && !att->attgenerated;
	char	   *comment = GetComment(st->table->relid, RelationRelationId, attno);

	if (key && st->criteria && !st->criteria->nulls_equal)
		nullable = false;

	push_key(out, NameStr(att->attname));
	(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
	push_type(out, att->atttypid, att->atttypmod, att->attndims, nullable);
	if (comment)
		push_member(out, "description", comment);
	if (read_only)
		push_flag(out, "readOnly", true);
	if (bms_is_member(attno, st->ids))
		push_flag(out, "x-id", true);
	if (key && st->criteria && !st->criteria->primary)
		push_flag(out, "x-criteria", true);
	(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
}

/* ----------
 * The object
 * ----------
 */

static bool
is_required(const SchemaState *st, AttrNumber attno)
{
	bool		key = bms_is_member(attno, st->keys);
	bool		needed = bms_is_member(attno, st->needs);
	bool		by_id = st->criteria && st->criteria->primary;

	if (TupleDescAttr(st->table->tupdesc, attno - 1)->attisdropped)
		return false;
	switch (st->action)
	{
		case ACTION_CREATE:
			return !is_populated(st->table, attno);
		case ACTION_UPDATE:
			return needed;
		default:
			/* the ID is all there or not at all: dependentRequired */
			if (by_id && key)
				return false;
			return needed || !is_populated(st->table, attno);
	}
}

/* The columns that the key needs, but this one; they may be not its own. */
static void
push_needs(const ObjectTable *table, CompatJsonbState *out,
		   const Bitmapset *needs, AttrNumber except)
{
	int			attno = -1;

	(void) compat_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
	while ((attno = bms_next_member(needs, attno)) >= 0)
		if (attno != except)
			push_string(out, WJB_ELEM,
						NameStr(TupleDescAttr(table->tupdesc, attno - 1)->attname));
	(void) compat_jsonb_push(out, WJB_END_ARRAY, NULL);
}

static Bitmapset *
key_columns(const Criteria *c)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; i < c->nkeys; i++)
		columns = bms_add_member(columns, c->keys[i]);
	return columns;
}

static void
push_required(SchemaState *st, CompatJsonbState *out)
{
	Criteria   *c = st->criteria;
	int			i;

	if (c)
		st->needs = criteria_needs(st->table, c);
	push_key(out, "required");
	(void) compat_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
	for (i = 0; i < st->table->tupdesc->natts; i++)
		if (is_required(st, i + 1))
			push_string(out, WJB_ELEM,
						NameStr(TupleDescAttr(st->table->tupdesc, i)->attname));
	(void) compat_jsonb_push(out, WJB_END_ARRAY, NULL);

	if (c && c->primary && c->nkeys > 1 && st->action == ACTION_UPSERT)
	{
		push_key(out, "dependentRequired");
		(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
		for (i = 0; i < c->nkeys; i++)
		{
			push_key(out, NameStr(TupleDescAttr(st->table->tupdesc, c->keys[i] - 1)->attname));
			push_needs(st->table, out, st->needs, c->keys[i]);
		}
		(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
	}

	if (st->any && st->action == ACTION_UPDATE)
	{
		Bitmapset  *needs;
		ListCell   *lc;

		push_key(out, "anyOf");
		(void) compat_jsonb_push(out, WJB_BEGIN_ARRAY, NULL);
		foreach(lc, st->any)
		{
			(void) compat_jsonb_push(out, WJB_BEGIN_OBJECT, NULL);
			push_key(out, "required");
			/* it is not filled unless the object has a say in it */
			needs = criteria_needs(st->table, lfirst(lc));
			push_needs(st->table, out, needs ? needs : key_columns(lfirst(lc)),
					   InvalidAttrNumber);
			(void) compat_jsonb_push(out, WJB_END_OBJECT, NULL);
		}
		(void) compat_jsonb_push(out, WJB_END_ARRAY, NULL);
	}
}

static Jsonb *
make_schema(SchemaState *st)
{
	CompatJsonbState out = {0};
	char	   *comment = GetComment(st->table->relid, RelationRelationId, 0);
	int			i;

	(void) compat_jsonb_push(&out, WJB_BEGIN_OBJECT, NULL);
	push_member(&out, "$schema", DIALECT);
	push_member(&out, "title", RelationGetRelationName(st->table->rel));
	if (comment)
		push_member(&out, "description", comment);
	push_member(&out, "type", "object");
	push_flag(&out, "additionalProperties", false);
	push_key(&out, "properties");
	(void) compat_jsonb_push(&out, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < st->table->tupdesc->natts; i++)
		if (!TupleDescAttr(st->table->tupdesc, i)->attisdropped)
			push_column(st, &out, i + 1);
	(void) compat_jsonb_push(&out, WJB_END_OBJECT, NULL);
	push_required(st, &out);
	return JsonbValueToJsonb(compat_jsonb_push(&out, WJB_END_OBJECT, NULL));
}

static SchemaAction
parse_action(const char *action)
{
	if (strcmp(action, "create") == 0)
		return ACTION_CREATE;
	if (strcmp(action, "update") == 0)
		return ACTION_UPDATE;
	if (strcmp(action, "upsert") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown action \"%s\"", action),
				 errhint("The action is \"create\", \"update\" or \"upsert\".")));
	return ACTION_UPSERT;
}

/* Which criteria count; to create a row needs none. */
static void
choose_criteria(SchemaState *st, const CriteriaSelector *selector)
{
	bool		any = criteria_selects_any(selector);
	ListCell   *lc;

	foreach(lc, criteria_list(st->table))
	{
		Criteria   *c = lfirst(lc);

		if (c->primary)
			st->ids = key_columns(c);
		if (any && c->unusable == NULL)
			st->any = lappend(st->any, c);
	}
	if (any)
		return;
	if (selector->name == NULL && selector->columns == NULL &&
		st->ids == NULL && st->action == ACTION_CREATE)
		return;
	st->criteria = criteria_select(st->table, selector);
	st->keys = key_columns(st->criteria);
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(object_schema);
PG_FUNCTION_INFO_V1(object_schema_by_columns);

static Datum
schema_of(FunctionCallInfo fcinfo, const CriteriaSelector *selector)
{
	SchemaState st = {0};
	Jsonb	   *schema;

	st.table = object_table_open(PG_GETARG_OID(0));
	st.action = PG_ARGISNULL(2) ? ACTION_UPSERT :
		parse_action(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	choose_criteria(&st, selector);
	schema = make_schema(&st);
	object_table_close(st.table);
	PG_RETURN_JSONB_P(schema);
}

Datum
object_schema(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		selector.name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	return schema_of(fcinfo, &selector);
}

Datum
object_schema_by_columns(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		selector.columns = PG_GETARG_ARRAYTYPE_P(1);
	return schema_of(fcinfo, &selector);
}
