/*
 * request.c
 *		What one object asks of a table: its attributes as columns, and the
 *		key by which the row is known.
 *
 *		{"sku": "a1", "qty": 3}, criteria (sku)
 *
 *		attnos	2 3			json "a1" 3			made t f
 *		key		'a1'		has_key
 *
 * Only the key is converted here; the other values are made when the row is
 * at hand, in memory that goes with it.  Knows nothing of rows.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "relational/object_impl.h"
#include "upsert.h"

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

void
object_make_value(ObjectStore *os, ObjectRequest *r, int i)
{
	if (!r->made[i])
		r->values[i] = object_table_value(os->table, r->object, r->attnos[i],
										  &r->json[i], &r->isnull[i]);
}

int
object_find_given(const ObjectRequest *r, AttrNumber attno)
{
	int			i;

	for (i = 0; i < r->n; i++)
		if (r->attnos[i] == attno)
			return i;
	return -1;
}

static void
incomplete_key(ObjectStore *os, const Criteria *c, AttrNumber missing, bool isnull)
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
			 c->primary ?
			 errhint("Give all of %s, or none of them for a new row.",
					 criteria_column_list(os->table, c)) :
			 errhint("Give all of %s.",
					 criteria_column_list(os->table, c))));
}

/*
 * Takes the values of the key from the request; how many there are.  A null
 * is as good as missing, unless nulls are equal.  *lacking is the position of
 * the first that is not there.
 */
static int
collect_key(ObjectStore *os, ObjectRequest *r, const Criteria *c, int *lacking)
{
	int			there = 0;
	int			i;

	for (i = 0; i < c->nkeys; i++)
	{
		int			g = object_find_given(r, c->keys[i]);

		if (g >= 0 && (r->json[g].type != jbvNull || c->nulls_equal))
		{
			object_make_value(os, r, g);
			r->made[g] = true;
			r->key[i] = r->values[g];
			r->key_isnull[i] = r->isnull[g];
			there++;
		}
		else if (there == i)
			*lacking = i;
	}
	return there;
}

/* The key is all there, or (if it is the primary key) not there at all. */
static void
take_key(ObjectStore *os, ObjectRequest *r)
{
	Criteria   *c = os->criteria;
	int			lacking = 0;
	int			there = collect_key(os, r, c, &lacking);

	r->criteria = c;
	r->has_key = there == c->nkeys;
	if (!r->has_key && (there > 0 || !c->primary))
		incomplete_key(os, c, c->keys[lacking],
					   object_find_given(r, c->keys[lacking]) >= 0);
}

/* Which unique keys does the object fill?  The primary key not in part. */
static void
take_any_keys(ObjectStore *os, ObjectRequest *r)
{
	ListCell   *lc;

	foreach(lc, os->any)
	{
		Criteria   *c = lfirst(lc);
		int			lacking = 0;
		int			there = collect_key(os, r, c, &lacking);

		if (there == c->nkeys)
			r->filled = lappend(r->filled, c);
		else if (there > 0 && c->primary)
			incomplete_key(os, c, c->keys[lacking],
						   object_find_given(r, c->keys[lacking]) >= 0);
	}
}

void
object_use_criteria(ObjectStore *os, ObjectRequest *r, Criteria *c)
{
	os->criteria = c;
	take_key(os, r);
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
						   JB_ROOT_IS_SCALAR(object) ? "a scalar" : "an array"),
				 JB_ROOT_IS_SCALAR(object) ? 0 :
				 errhint("Several objects are for upsert_objects().")));
	r->object = object;
	take_attributes(os, r);
	if (os->any)
		take_any_keys(os, r);
	else
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

/* The comparison of the i-th key's type; NULL: it has none. */
static FmgrInfo *
key_comparison(ObjectStore *os, int i, Oid type)
{
	if (os->key_types[i] == NULL)
		os->key_types[i] = lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO);
	return OidIsValid(os->key_types[i]->cmp_proc) ?
		&os->key_types[i]->cmp_proc_finfo : NULL;
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
		FmgrInfo   *compare = key_comparison(os, i, att->atttypid);
		int			cmp;

		if (a->key_isnull[i] || b->key_isnull[i])
			cmp = (int) a->key_isnull[i] - (int) b->key_isnull[i];
		else if (compare)
			cmp = DatumGetInt32(FunctionCall2Coll(compare,
												  att->attcollation,
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
	JsonbParseState *state = NULL;
	Jsonb	   *array;
	int			i;

	if (c->nkeys == 1)
	{
		if (isnull[0])
			return NULL;
		return object_table_text(os->table, c->keys[0], key[0]);
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
	return r->has_key ? object_key_text(os, r->criteria, r->key, r->key_isnull) : NULL;
}
