/*
 * request.c
 *		What one object asks of a table: its attributes as columns, and the
 *		key by which the row is known.
 *
 *		{"sku": "a1", "qty": 3}, criteria (sku)
 *
 *		request		object, key 'a1'				for each of a batch
 *		store		sku "a1", qty 3; values 'a1' 3	of the one at hand
 *
 * An object is taken apart twice: once for its key, which is all that a batch
 * needs to be put in order, and again when its row is at hand.  Two walks are
 * cheaper than memory for everything that ten thousand objects say.  Knows
 * nothing of rows.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "call/excerpt.h"
#include "compat.h"
#include "jsonb/build.h"
#include "object/object_impl.h"
#include "upsert.h"

/*
 * The column of an attribute.  Objects of a batch mostly look alike, so the
 * column that stood here in the one before is tried first.
 */
static AttrNumber
find_column(ObjectStore *os, const DocItem *name)
{
	AttrNumber	attno = os->attnos[os->n];

	if (attno != InvalidAttrNumber &&
		object_table_is_column(os->table, attno, name->data, name->len))
		return attno;
	attno = object_table_column(os->table, name->data, name->len);
	if (attno == InvalidAttrNumber)
		object_table_no_column(os->table, name->data, name->len);
	return attno;
}

static void
take_revision(ObjectStore *os, const JsonbValue *v)
{
	if (os->options->ignore_revs || v->type == jbvNull)
		return;
	os->rev = v->type == jbvString ?
		pnstrdup(v->val.string.val, v->val.string.len) :
		excerpt_value(v);
}

/* The attributes as they stand, without a value yet. */
static void
take_attributes(ObjectStore *os, JsonbContainer *object)
{
	uint32		count = JsonContainerSize(object);
	DocCursor	names;
	DocCursor	values;

	while (os->n > 0)
		object_given(os, os->attnos[--os->n])->given = false;
	os->rev = NULL;

	doc_cursor_first(&names, object);
	doc_cursor_values(&values, object);
	while (count-- > 0)
	{
		DocItem		name;
		DocItem		value;
		AttrNumber	attno;
		GivenColumn *given;

		doc_cursor_item(&names, &name);
		doc_cursor_item(&values, &value);
		attno = find_column(os, &name);
		if (attno == os->table->facts->rev_attno)
		{
			JsonbValue	rev;

			doc_item_value(&value, &rev);
			take_revision(os, &rev);
			continue;
		}
		os->attnos[os->n++] = attno;
		given = object_given(os, attno);
		given->given = true;
		given->made = false;
		doc_item_value(&value, &given->json);
	}
}

static void
make_value(ObjectStore *os, AttrNumber attno)
{
	GivenColumn *given = object_given(os, attno);

	if (!given->made)
		given->value = object_table_value(os->table, attno, &given->json,
										  &given->isnull);
	given->made = true;
}

void
object_take(ObjectStore *os, const ObjectRequest *r)
{
	int			i;

	take_attributes(os, r->object);
	for (i = 0; r->has_key && i < r->criteria->nkeys; i++)
	{
		GivenColumn *given = object_given(os, r->criteria->keys[i]);

		given->value = r->key[i];
		given->isnull = r->key_isnull[i];
		given->made = true;
	}
	for (i = 0; i < os->n; i++)
		make_value(os, os->attnos[i]);
}

/* ----------
 * The key
 * ----------
 */

static void
incomplete_key(ObjectStore *os, const Criteria *c, AttrNumber missing)
{
	const char *name = NameStr(TupleDescAttr(os->table->tupdesc,
											 missing - 1)->attname);

	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INCOMPLETE_KEY),
			 errmsg("incomplete key for relation \"%s\"",
					RelationGetRelationName(os->table->rel)),
			 object_given(os, missing)->given ?
			 errdetail("The attribute \"%s\" is null.", name) :
			 errdetail("The attribute \"%s\" is missing.", name),
			 c->primary ?
			 errhint("Give all of %s, or none of them for a new row.",
					 criteria_column_list(os->table, c)) :
			 errhint("Give all of %s.",
					 criteria_column_list(os->table, c))));
}

/*
 * How many of the key's values the object at hand has.  A null is as good as
 * missing, unless nulls are equal.  *lacking is the first that is not there.
 */
static int
count_key(ObjectStore *os, const Criteria *c, AttrNumber *lacking)
{
	int			there = 0;
	int			i;

	for (i = 0; i < c->nkeys; i++)
	{
		GivenColumn *given = object_given(os, c->keys[i]);

		if (given->given && (given->json.type != jbvNull || c->nulls_equal))
			there++;
		else if (there == i)
			*lacking = c->keys[i];
	}
	return there;
}

/* The key is all there, or (if it is the primary key) not there at all. */
static void
take_key(ObjectStore *os, ObjectRequest *r, const Criteria *c)
{
	AttrNumber	lacking = InvalidAttrNumber;
	int			there = count_key(os, c, &lacking);
	int			i;

	r->criteria = c;
	r->has_key = there == c->nkeys;
	if (!r->has_key)
	{
		if (there > 0 || !c->primary)
			incomplete_key(os, c, lacking);
		return;
	}

	r->key = palloc(sizeof(Datum) * c->nkeys);
	r->key_isnull = palloc(sizeof(bool) * c->nkeys);
	for (i = 0; i < c->nkeys; i++)
	{
		GivenColumn *given = object_given(os, c->keys[i]);

		make_value(os, c->keys[i]);
		r->key[i] = given->value;
		r->key_isnull[i] = given->isnull;
	}
}

/* Which unique keys does the object fill?  The primary key not in part. */
static void
take_any_keys(ObjectStore *os, ObjectRequest *r)
{
	ListCell   *lc;

	foreach(lc, os->any)
	{
		Criteria   *c = lfirst(lc);
		AttrNumber	lacking = InvalidAttrNumber;
		int			there = count_key(os, c, &lacking);

		if (there == c->nkeys)
			r->filled = lappend(r->filled, c);
		else if (there > 0 && c->primary)
			incomplete_key(os, c, lacking);
	}
}

void
object_use_criteria(ObjectStore *os, ObjectRequest *r, const Criteria *c)
{
	os->criteria = c;
	take_key(os, r, c);
}

/* Is it a string with an object in it?  Many a driver sends JSON so. */
static bool
holds_object(JsonbContainer *scalar)
{
	JsonbValue	v;

	return scalar != NULL && JsonbExtractScalar(scalar, &v) &&
		v.type == jbvString && v.val.string.len > 1 &&
		v.val.string.val[0] == '{' &&
		v.val.string.val[v.val.string.len - 1] == '}';
}

ObjectRequest *
object_request_make(ObjectStore *os, JsonbContainer *object)
{
	ObjectRequest *r = palloc0(sizeof(ObjectRequest));
	bool		scalar = object == NULL || JsonContainerIsScalar(object);
	int			i;

	if (scalar || !JsonContainerIsObject(object))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a row must be a JSON object"),
				 errdetail("It is %s.",
						   scalar ? "a scalar" : "an array"),
				 !scalar ? errhint("Several objects are for upsert_objects().") :
				 holds_object(object) ?
				 errhint("It is a string that holds an object: cast the text to jsonb, or do not write it as JSON twice.") : 0));
	r->object = object;
	take_attributes(os, object);
	for (i = 0; i < os->n; i++)
		os->columns = bms_add_member(os->columns, os->attnos[i]);
	if (os->any)
		take_any_keys(os, r);
	else
		take_key(os, r, os->criteria);
	return r;
}

/* ----------
 * The order of keys
 * ----------
 */

/*
 * The comparison of the i-th key, by its index or its type; NULL: it has none.
 * A copy of our own: an operator class may run anything, and what its function
 * keeps is for one call at a time.
 */
static FmgrInfo *
key_comparison(ObjectStore *os, int i, Oid type)
{
	if (os->key_types[i] == NULL)
	{
		Oid			compare = os->criteria->order[i];

		os->key_types[i] = lookup_type_cache(type, TYPECACHE_CMP_PROC);
		if (!OidIsValid(compare))
			compare = os->key_types[i]->cmp_proc;
		if (OidIsValid(compare))
			fmgr_info_cxt(compare, &os->key_comparisons[i],
						  GetMemoryChunkContext(os));
	}
	return OidIsValid(os->key_comparisons[i].fn_oid) ?
		&os->key_comparisons[i] : NULL;
}

static Oid
key_collation(ObjectStore *os, int i, Form_pg_attribute att)
{
	return OidIsValid(os->criteria->order[i]) ? os->criteria->collation[i] :
		att->attcollation;
}

void
object_store_order(ObjectStore *os, Oid *type, Oid *collation)
{
	Form_pg_attribute att;

	/* with "any" they have no key yet */
	if (os->any)
		return;
	att = TupleDescAttr(os->table->tupdesc, os->criteria->keys[0] - 1);
	if (key_comparison(os, 0, att->atttypid) == NULL ||
		OidIsValid(os->criteria->order[0]))
		return;
	*type = att->atttypid;
	*collation = att->attcollation;
}

int
object_requests_compare(ObjectStore *os, const ObjectRequest *a,
						const ObjectRequest *b)
{
	int			i;

	for (i = 0; i < os->criteria->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc,
											  os->criteria->keys[i] - 1);
		FmgrInfo   *compare = key_comparison(os, i, att->atttypid);
		int			cmp;

		if (a->key_isnull[i] || b->key_isnull[i])
			cmp = (int) a->key_isnull[i] - (int) b->key_isnull[i];
		else if (compare)
			cmp = DatumGetInt32(FunctionCall2Coll(compare,
												  key_collation(os, i, att),
												  a->key[i], b->key[i]));
		else
		{
			/* any order will do that brings the same together */
			uint32		ha = datum_image_hash(a->key[i], att->attbyval, att->attlen);
			uint32		hb = datum_image_hash(b->key[i], att->attbyval, att->attlen);

			cmp = (ha > hb) - (ha < hb);
		}
		if (cmp != 0)
			return cmp;
	}
	return 0;
}

char *
object_key_text(ObjectStore *os, const Criteria *c, const Datum *key, const bool *isnull)
{
	CompatJsonbState state = {0};
	Jsonb	   *array;
	int			i;

	if (c->nkeys == 1)
	{
		if (isnull[0])
			return NULL;
		return object_table_text(os->table, c->keys[0], key[0]);
	}

	(void) compat_jsonb_push(&state, WJB_BEGIN_ARRAY, NULL);
	for (i = 0; i < c->nkeys; i++)
	{
		JsonbValue	v;

		object_table_json(os->table, c->keys[i], key[i], isnull[i], &v);
		(void) compat_jsonb_push(&state, WJB_ELEM, &v);
	}
	array = JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_ARRAY, NULL));
	return JsonbToCString(NULL, &array->root, VARSIZE(array));
}

char *
object_request_key(ObjectStore *os, const ObjectRequest *r)
{
	return r->has_key ?
		object_key_text(os, r->criteria, r->key, r->key_isnull) : NULL;
}
