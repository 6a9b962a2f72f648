/*
 * object.c
 *		One JSON object, upserted into a table.
 *
 *		{"sku": "a1", "qty": 3}
 *			|						table.c		attributes --> columns
 *			v						criteria.c	which of them are the key
 *		request: attnos, values, key
 *			|						store		the row with this key
 *			v
 *		not there: insert what was given; defaults fill the rest
 *		there: write those columns whose image differs; none: unchanged
 *
 * A generated column, or one that is GENERATED ALWAYS AS IDENTITY, may be
 * given the value that it has: a row that was read can be sent back whole.
 *
 * A text column "_rev" is the table's revision: it is compared, not written,
 * and every write gives it the next TID, as in a collection.
 *
 * Knows nothing of how rows are found or locked: that is the store's.
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "atproto/tid.h"
#include "doc/doc.h"
#include "relational/object.h"
#include "upsert.h"

struct ObjectStore
{
	ObjectTable *table;
	Criteria   *criteria;
	const UpsertOptions *options;
	AttrNumber	version_attno;	/* of versionAttribute */
	Store	   *store;			/* NULL: not open */
};

/* What the store's callback is told. */
typedef struct ObjectApply
{
	ObjectStore *os;
	ObjectRequest *r;
} ObjectApply;

/* ----------
 * The table and its criteria
 * ----------
 */

static void
refuse_option(const char *option, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" cannot be had for objects", option),
			 errdetail_internal("%s", reason)));
}

static void
check_options(ObjectStore *os)
{
	const UpsertOptions *o = os->options;
	bool		revisions = os->table->rev_attno != InvalidAttrNumber;

	if (o->mode == MODE_REPLACE || o->mode == MODE_MERGE_PATCH)
		refuse_option("mode", "An object updates the columns that it gives; the mode is \"update\" or \"nothing\".");
	if (!o->keep_null)
		refuse_option("keepNull", "A null sets its column to NULL.");
	if (!o->merge_objects)
		refuse_option("mergeObjects", "A value replaces the column's whole.");
	if (o->multiple == MULTIPLE_FIRST)
		refuse_option("multiple", "More than one match is always an error.");
	if (!revisions && o->if_rev_given && o->if_rev)
		refuse_option("ifRev", "The table has no column \"_rev\" of type text.");
	if (!revisions && !o->ignore_revs)
		refuse_option("ignoreRevs", "The table has no column \"_rev\" of type text.");

	if (o->version_attribute)
	{
		const char *name = o->version_attribute;

		os->version_attno = object_table_column(os->table, name, strlen(name));
		if (os->version_attno == InvalidAttrNumber)
			object_table_no_column(os->table, name, strlen(name));
	}
}

ObjectStore *
object_store_begin(Oid relid, const CriteriaSelector *selector,
				   const UpsertOptions *options)
{
	ObjectStore *os = palloc0(sizeof(ObjectStore));

	os->table = object_table_open(relid);
	os->options = options;
	check_options(os);
	os->criteria = selector->columns ?
		criteria_by_columns(os->table, selector->columns) :
		criteria_by_name(os->table, selector->name);
	return os;
}

void
object_store_end(ObjectStore *os)
{
	object_table_close(os->table);
}

/* Whoever looks a row up by its key reads the key. */
static void
check_key_privileges(ObjectStore *os)
{
	int			i;

	for (i = 0; i < os->criteria->nkeys; i++)
		if (!bms_is_member(os->criteria->keys[i], os->table->readable))
			aclcheck_error(ACLCHECK_NO_PRIV,
						   get_relkind_objtype(os->table->rel->rd_rel->relkind),
						   RelationGetRelationName(os->table->rel));
}

void
object_store_open(ObjectStore *os, const Bitmapset *columns)
{
	StoreTarget target = {0};
	Bitmapset  *writable = NULL;
	int			attno = -1;

	check_key_privileges(os);
	while ((attno = bms_next_member(columns, attno)) >= 0)
		if (!TupleDescAttr(os->table->tupdesc, attno - 1)->attgenerated)
			writable = bms_add_member(writable, attno);
	if (os->table->rev_attno != InvalidAttrNumber)
		writable = bms_add_member(writable, os->table->rev_attno);

	target.relid = os->table->relid;
	target.nkeys = os->criteria->nkeys;
	memcpy(target.keys, os->criteria->keys, sizeof(target.keys));
	if (os->criteria->special || os->criteria->nulls_equal)
		target.arbiter = os->criteria->index;
	target.read_columns = os->table->readable;
	target.insert_columns = writable;
	target.update_columns = writable;
	target.preview = os->options->dry_run;
	target.exclusive = os->options->exclusive;
	os->store = store_open(&target);
	options_apply_wait_for_sync(os->options);
}

void
object_store_close(ObjectStore *os)
{
	store_close(os->store);
	os->store = NULL;
}

/* ----------
 * Requests
 * ----------
 */

static void
take_attributes(ObjectStore *os, ObjectRequest *r)
{
	ObjectTable *table = os->table;
	int			count = JB_ROOT_COUNT(r->object);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;

	r->attnos = palloc(sizeof(AttrNumber) * count);
	r->json = palloc(sizeof(JsonbValue) * count);
	r->values = palloc(sizeof(Datum) * count);
	r->isnull = palloc(sizeof(bool) * count);
	r->made = palloc0(sizeof(bool) * count);

	it = JsonbIteratorInit(&r->object->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		AttrNumber	attno;

		if (token != WJB_KEY)
			continue;
		attno = object_table_column(table, v.val.string.val, v.val.string.len);
		if (attno == InvalidAttrNumber)
			object_table_no_column(table, v.val.string.val, v.val.string.len);
		(void) JsonbIteratorNext(&it, &v, true);

		if (attno == table->rev_attno)
		{
			if (!os->options->ignore_revs && v.type != jbvNull)
				r->rev = v.type == jbvString ?
					pnstrdup(v.val.string.val, v.val.string.len) :
					answer_excerpt(&v);
			continue;
		}
		r->attnos[r->n] = attno;
		r->json[r->n] = v;
		r->n++;
	}
}

static void
make_value(ObjectStore *os, ObjectRequest *r, int i)
{
	if (r->made[i])
		return;
	r->values[i] = object_table_value(os->table, r->object, r->attnos[i],
									  &r->json[i], &r->isnull[i]);
	r->made[i] = true;
}

/* Where in the request an attribute is; -1: not there. */
static int
find_given(const ObjectRequest *r, AttrNumber attno)
{
	int			i;

	for (i = 0; i < r->n; i++)
		if (r->attnos[i] == attno)
			return i;
	return -1;
}

static void
incomplete_key(ObjectStore *os, AttrNumber missing, bool isnull)
{
	const char *name = NameStr(TupleDescAttr(os->table->tupdesc,
											 missing - 1)->attname);

	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INCOMPLETE_KEY),
			 errmsg("incomplete key for relation \"%s\"",
					RelationGetRelationName(os->table->rel)),
			 isnull ?
			 errdetail("The attribute \"%s\" is null.", name) :
			 errdetail("The attribute \"%s\" is missing.", name),
			 os->criteria->primary ?
			 errhint("Give all of %s, or none of them for a new row.",
					 criteria_column_list(os->table, os->criteria)) :
			 errhint("Give all of %s.",
					 criteria_column_list(os->table, os->criteria))));
}

/*
 * The key is all there, or (if it is the primary key) not there at all.  A
 * null is as good as missing, unless nulls are equal.
 */
static void
take_key(ObjectStore *os, ObjectRequest *r)
{
	Criteria   *c = os->criteria;
	AttrNumber	lacking = InvalidAttrNumber;
	bool		lacking_null = false;
	int			there = 0;
	int			i;

	for (i = 0; i < c->nkeys; i++)
	{
		int			g = find_given(r, c->keys[i]);

		if (g >= 0 && (r->json[g].type != jbvNull || c->nulls_equal))
		{
			make_value(os, r, g);
			r->key[i] = r->values[g];
			r->key_isnull[i] = r->isnull[g];
			there++;
		}
		else if (lacking == InvalidAttrNumber)
		{
			lacking = c->keys[i];
			lacking_null = g >= 0;
		}
	}

	r->has_key = there == c->nkeys;
	if (!r->has_key && (there > 0 || !c->primary))
		incomplete_key(os, lacking, lacking_null);
}

ObjectRequest *
object_request_make(ObjectStore *os, Jsonb *object)
{
	ObjectRequest *r = palloc0(sizeof(ObjectRequest));

	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a row must be a JSON object"),
				 errdetail("It is %s.",
						   JB_ROOT_IS_SCALAR(object) ? "a scalar" : "an array")));
	r->object = object;
	take_attributes(os, r);
	take_key(os, r);
	return r;
}

Bitmapset *
object_request_columns(const ObjectRequest *r, Bitmapset *columns)
{
	int			i;

	for (i = 0; i < r->n; i++)
		columns = bms_add_member(columns, r->attnos[i]);
	return columns;
}

int
object_request_compare(ObjectStore *os, const ObjectRequest *a,
					   const ObjectRequest *b)
{
	int			i;

	if (!a->has_key || !b->has_key)
		return (int) b->has_key - (int) a->has_key;
	for (i = 0; i < os->criteria->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc,
											  os->criteria->keys[i] - 1);
		TypeCacheEntry *type = lookup_type_cache(att->atttypid,
												 TYPECACHE_CMP_PROC_FINFO);
		int			cmp;

		if (a->key_isnull[i] || b->key_isnull[i])
			cmp = (int) a->key_isnull[i] - (int) b->key_isnull[i];
		else if (OidIsValid(type->cmp_proc))
			cmp = DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo,
												  att->attcollation,
												  a->key[i], b->key[i]));
		else
			cmp = 0;			/* no order: as they came */
		if (cmp != 0)
			return cmp;
	}
	return 0;
}

/* ----------
 * Keys as text
 * ----------
 */

static char *
key_text(ObjectStore *os, const Datum *key, const bool *isnull)
{
	const Criteria *c = os->criteria;
	JsonbParseState *state = NULL;
	Jsonb	   *array;
	int			i;

	if (c->nkeys == 1)
	{
		Oid			function;
		bool		varlena;

		if (isnull[0])
			return NULL;
		getTypeOutputInfo(TupleDescAttr(os->table->tupdesc,
										c->keys[0] - 1)->atttypid,
						  &function, &varlena);
		return OidOutputFunctionCall(function, key[0]);
	}

	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (i = 0; i < c->nkeys; i++)
	{
		JsonbValue	v;

		object_table_json(os->table, c->keys[i], key[i], isnull[i], &v);
		(void) pushJsonbValue(&state, WJB_ELEM, &v);
	}
	array = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
	return JsonbToCString(NULL, &array->root, VARSIZE(array));
}

char *
object_request_key(ObjectStore *os, const ObjectRequest *r)
{
	return r->has_key ? key_text(os, r->key, r->key_isnull) : NULL;
}

static char *
row_key(ObjectStore *os, TupleTableSlot *slot)
{
	const Criteria *c = os->criteria;
	Datum		key[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	int			i;

	for (i = 0; i < c->nkeys; i++)
		key[i] = slot_getattr(slot, c->keys[i], &isnull[i]);
	return key_text(os, key, isnull);
}

/* ----------
 * Composing the row
 * ----------
 */

static char *
row_revision(ObjectStore *os, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value;

	if (slot == NULL || os->table->rev_attno == InvalidAttrNumber)
		return NULL;
	value = slot_getattr(slot, os->table->rev_attno, &isnull);
	return isnull ? NULL : TextDatumGetCString(value);
}

static void
set_column(StoreRow *row, AttrNumber attno, Datum value, bool isnull)
{
	row->values[attno - 1] = value;
	row->isnull[attno - 1] = isnull;
	row->set[attno - 1] = true;
}

static void
set_revision(ObjectStore *os, const char *old_rev, StoreRow *row)
{
	char		rev[TID_LENGTH + 1];

	if (os->table->rev_attno == InvalidAttrNumber)
		return;
	tid_next_after(old_rev, rev);
	set_column(row, os->table->rev_attno, CStringGetTextDatum(rev), false);
}

/* Columns that nobody sets: why not, or NULL. */
static const char *
system_made(Form_pg_attribute att)
{
	if (att->attgenerated)
		return "a generated column";
	if (att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
		return "an identity column defined as GENERATED ALWAYS";
	return NULL;
}

static StoreVerdict
compose_insert(ObjectStore *os, ObjectRequest *r, StoreRow *row)
{
	int			i;

	if (os->options->if_rev_given && os->options->if_rev)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_DOCUMENT_NOT_FOUND),
				 errmsg("row not found in relation \"%s\"",
						RelationGetRelationName(os->table->rel)),
				 errdetail("The caller expected revision \"%s\".",
						   os->options->if_rev)));

	for (i = 0; i < r->n; i++)
	{
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc,
											  r->attnos[i] - 1);
		const char *made_by = system_made(att);
		int			k;

		/* a null in a key that was not given asks for the default */
		if (!r->has_key && r->json[i].type == jbvNull)
		{
			for (k = 0; k < os->criteria->nkeys; k++)
				if (os->criteria->keys[k] == r->attnos[i])
					break;
			if (k < os->criteria->nkeys)
				continue;
		}
		if (made_by)
			ereport(ERROR,
					(errcode(ERRCODE_GENERATED_ALWAYS),
					 errmsg("cannot insert a non-DEFAULT value into column \"%s\"",
							NameStr(att->attname)),
					 errdetail("Column \"%s\" is %s.", NameStr(att->attname),
							   made_by)));
		set_column(row, r->attnos[i], r->values[i], r->isnull[i]);
	}
	set_revision(os, NULL, row);
	return STORE_WRITE;
}

/* What the caller said about the row that is there. */
static void
check_revision(ObjectStore *os, const ObjectRequest *r, const char *found)
{
	const UpsertOptions *o = os->options;
	const char *expected = o->if_rev_given ? o->if_rev : r->rev;

	if (o->if_rev_given && o->if_rev == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_DOCUMENT_EXISTS),
				 errmsg("row exists already in relation \"%s\"",
						RelationGetRelationName(os->table->rel)),
				 found ? errdetail("Its revision is \"%s\".", found) : 0));
	if (expected && (found == NULL || strcmp(expected, found) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_REVISION_CONFLICT),
				 errmsg("conflict, _rev values do not match"),
				 errdetail("Expected revision \"%s\", found \"%s\".",
						   expected, found ? found : ""),
				 errhint("Read the row again and repeat the change on what it is now.")));
}

/* Is the request's version no news?  Only a greater one is. */
static bool
is_stale(ObjectStore *os, const ObjectRequest *r, TupleTableSlot *old)
{
	Form_pg_attribute att;
	TypeCacheEntry *type;
	Datum		stored;
	bool		isnull;
	int			g;

	if (os->version_attno == InvalidAttrNumber)
		return false;
	stored = slot_getattr(old, os->version_attno, &isnull);
	if (isnull)
		return false;
	g = find_given(r, os->version_attno);
	if (g < 0 || r->isnull[g])
		return true;

	att = TupleDescAttr(os->table->tupdesc, os->version_attno - 1);
	type = lookup_type_cache(att->atttypid, TYPECACHE_CMP_PROC_FINFO);
	if (!OidIsValid(type->cmp_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify a comparison function for type %s",
						format_type_be(att->atttypid))));
	return DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo,
										   att->attcollation,
										   r->values[g], stored)) <= 0;
}

/*
 * Does the row have this value already?  By image: types without equality are
 * compared as well, and what is equal but reads differently is a change.  In
 * json the spacing is not the caller's, who sends jsonb.
 */
static bool
same_value(Form_pg_attribute att, Datum a, bool a_isnull, Datum b, bool b_isnull)
{
	if (a_isnull || b_isnull)
		return a_isnull && b_isnull;
	if (datum_image_eq(a, b, att->attbyval, att->attlen))
		return true;
	if (att->atttypid != JSONOID)
		return false;
	return doc_equal(DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														CStringGetDatum(TextDatumGetCString(a)))),
					 DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														CStringGetDatum(TextDatumGetCString(b)))));
}

static StoreVerdict
compose_update(ObjectStore *os, ObjectRequest *r, TupleTableSlot *old, StoreRow *row)
{
	char	   *old_rev = row_revision(os, old);
	bool		changed = false;
	int			i;

	check_revision(os, r, old_rev);
	if (os->options->mode == MODE_NOTHING)
		return STORE_KEEP;
	if (is_stale(os, r, old))
		return STORE_SKIP;

	for (i = 0; i < r->n; i++)
	{
		AttrNumber	attno = r->attnos[i];
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, attno - 1);
		const char *made_by = system_made(att);
		bool		isnull;
		Datum		value = slot_getattr(old, attno, &isnull);

		/* who may not read a column is not told what is in it */
		if (bms_is_member(attno, os->table->readable) &&
			same_value(att, r->values[i], r->isnull[i], value, isnull))
			continue;
		if (made_by)
			ereport(ERROR,
					(errcode(ERRCODE_GENERATED_ALWAYS),
					 errmsg("column \"%s\" can only be updated to DEFAULT",
							NameStr(att->attname)),
					 errdetail("Column \"%s\" is %s.", NameStr(att->attname),
							   made_by)));
		set_column(row, attno, r->values[i], r->isnull[i]);
		changed = true;
	}
	if (!changed)
		return STORE_KEEP;
	set_revision(os, old_rev, row);
	return STORE_WRITE;
}

/* The store's callback. */
static StoreVerdict
compose_object(void *arg, TupleTableSlot *old, StoreRow *row)
{
	ObjectApply *a = arg;

	return old ? compose_update(a->os, a->r, old, row) :
		compose_insert(a->os, a->r, row);
}

/* ----------
 * Applying
 * ----------
 */

static UpsertOutcome
outcome_of(StoreOutcome outcome)
{
	switch (outcome)
	{
		case STORE_INSERTED:
			return UPSERT_INSERTED;
		case STORE_UPDATED:
			return UPSERT_UPDATED;
		case STORE_UNCHANGED:
			return UPSERT_UNCHANGED;
		default:
			return UPSERT_IGNORED;
	}
}

static void
fill_answer(ObjectStore *os, const ObjectRequest *r, Answer *answer)
{
	UpsertReturn ret = os->options->ret;
	TupleTableSlot *old = store_old(os->store);
	TupleTableSlot *new = store_new(os->store);

	if (new == NULL)
		new = old;				/* it is as it was */
	if (ret == RETURN_NONE)
		return;

	answer->key = new ? row_key(os, new) : object_request_key(os, r);
	answer->rev = row_revision(os, new);
	if (old && (ret == RETURN_BOTH || ret == RETURN_OLD || ret == RETURN_DIFF))
		answer->old = object_table_row(os->table, old);
	if (new && new == old && answer->old)
		answer->new = answer->old;
	else if (new && (ret == RETURN_BOTH || ret == RETURN_NEW || ret == RETURN_DIFF))
		answer->new = object_table_row(os->table, new);
	if (ret == RETURN_OLD)
		answer->new = NULL;
	if (ret == RETURN_DIFF)
	{
		answer->new = answer->new ? doc_diff(answer->old ? answer->old : document_empty(), answer->new) : NULL;
		answer->old = NULL;
	}
}

void
object_request_apply(ObjectStore *os, ObjectRequest *r, MemoryContext context,
					 Answer *answer)
{
	ObjectApply a = {os, r};
	MemoryContext oldcontext;
	StoreOutcome outcome;
	int			i;

	for (i = 0; i < r->n; i++)
		make_value(os, r, i);
	outcome = store_apply(os->store, r->has_key ? r->key : NULL, r->key_isnull,
						  compose_object, &a);

	oldcontext = MemoryContextSwitchTo(context);
	memset(answer, 0, sizeof(*answer));
	answer->outcome = outcome_of(outcome);
	fill_answer(os, r, answer);
	MemoryContextSwitchTo(oldcontext);
}
