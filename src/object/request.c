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

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
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
	if (os->candidate)
		candidate_next(os->candidate);

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

	os->taken = r;
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

/* How much of a key the row that would be inserted has. */
typedef struct KeyState
{
	int			nparts;
	int			there;			/* parts that have a value */
	int			lacking;		/* ... that nobody knows before it is inserted */
	CandidatePart missing;		/* the first that has none, */
	int			position;		/* ... and where it stands in the index */
	bool		covered;		/* the index would have the row */
	bool		touched;		/* the object has a say in it */
	bool		made;			/* a part is what the table makes it */
} KeyState;

/* CandidateGiven: what the object says. */
static bool
given_value(void *arg, AttrNumber attno, Datum *value, bool *isnull)
{
	ObjectStore *os = arg;
	GivenColumn *given = object_given(os, attno);

	if (!given->given)
		return false;
	make_value(os, attno);
	*value = object_new_value(os, attno, (Datum) 0, true, isnull);
	return true;
}

Candidate *
object_candidate(ObjectStore *os)
{
	MemoryContext oldcontext;

	if (os->candidate == NULL)
	{
		oldcontext = MemoryContextSwitchTo(GetMemoryChunkContext(os));
		os->candidate = candidate_make(os->table->rel, given_value, os);
		MemoryContextSwitchTo(oldcontext);
	}
	return os->candidate;
}

/* The object gives every column of a key that is columns: the usual case. */
static bool
all_given(ObjectStore *os, const Criteria *c)
{
	int			i;

	if (OidIsValid(c->index) && !c->plain)
		return false;
	for (i = 0; i < c->nkeys; i++)
		if (!object_given(os, c->keys[i])->given ||
			object_given(os, c->keys[i])->json.type == jbvNull)
			return false;
	return true;
}

/* Can a column that nobody gives have another value than NULL? */
static bool
can_be_filled(ObjectStore *os, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, attno - 1);

	return att->atthasdef || att->attgenerated || att->attidentity ||
		get_typtype(att->atttypid) == TYPTYPE_DOMAIN;
}

/* The parts of a key that is columns. */
static int
column_parts(ObjectStore *os, const Criteria *c, CandidatePart *parts)
{
	int			i;

	for (i = 0; i < c->nkeys; i++)
	{
		CandidatePart *part = &parts[i];
		GivenColumn *given = object_given(os, c->keys[i]);
		Datum		value;

		part->attno = c->keys[i];
		part->isnull = true;
		if (!given->given && !can_be_filled(os, part->attno))
			part->how = CANDIDATE_NOTHING;
		/* a null that no primary key can have asks for what it gets without */
		else if (c->primary && given->given && given->json.type == jbvNull &&
				 candidate_filling(object_candidate(os), part->attno) != CANDIDATE_MADE)
			part->how = CANDIDATE_UNKNOWN;
		else
			part->how = candidate_column(object_candidate(os), part->attno,
										 &value, &part->isnull);
	}
	return c->nkeys;
}

static void
judge_key(ObjectStore *os, const Criteria *c, KeyState *k)
{
	CandidatePart parts[INDEX_MAX_KEYS];
	int			i;

	memset(k, 0, sizeof(*k));
	k->covered = true;
	if (all_given(os, c))
	{
		k->nparts = k->there = c->nkeys;
		k->touched = true;
		return;
	}
	k->nparts = OidIsValid(c->index) && !c->plain ?
		candidate_key(object_candidate(os), c->index, parts, &k->covered) :
		column_parts(os, c, parts);
	for (i = 0; i < k->nparts; i++)
	{
		if (parts[i].how != CANDIDATE_UNKNOWN &&
			(!parts[i].isnull || c->nulls_equal))
		{
			k->there++;
			k->made = k->made || parts[i].how == CANDIDATE_MADE;
			continue;
		}
		if (parts[i].how == CANDIDATE_UNKNOWN ||
			parts[i].how == CANDIDATE_NOTHING)
			k->lacking++;
		if (i == k->there)
		{
			k->missing = parts[i];
			k->position = i + 1;
		}
	}
	for (i = 0; i < c->nkeys && !k->touched; i++)
		k->touched = object_given(os, c->keys[i])->given ||
			(TupleDescAttr(os->table->tupdesc, c->keys[i] - 1)->attgenerated &&
			 candidate_is_touched(object_candidate(os), c->keys[i]));
}

static void
incomplete_key(ObjectStore *os, const Criteria *c, const KeyState *k)
{
	AttrNumber	attno = k->missing.attno;
	const char *name = NULL;
	const char *expression = NULL;
	bool		given = false;

	/* an expression of one column is as good as that column */
	if (attno == InvalidAttrNumber && c->nkeys == 1 &&
		!object_given(os, c->keys[0])->given)
		attno = c->keys[0];
	if (attno != InvalidAttrNumber)
	{
		name = NameStr(TupleDescAttr(os->table->tupdesc, attno - 1)->attname);
		given = object_given(os, attno)->given;
	}
	else
		expression = TextDatumGetCString(DirectFunctionCall3(pg_get_indexdef_ext,
															 ObjectIdGetDatum(c->index),
															 Int32GetDatum(k->position),
															 BoolGetDatum(true)));
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INCOMPLETE_KEY),
			 errmsg("incomplete key for relation \"%s\"",
					RelationGetRelationName(os->table->rel)),
			 expression && k->missing.how == CANDIDATE_UNKNOWN ?
			 errdetail("The value of %s is not known before the row is inserted.", expression) :
			 expression ?
			 errdetail("The value of %s is null.", expression) :
			 given ?
			 errdetail("The attribute \"%s\" is null.", name) :
			 attno == k->missing.attno && k->missing.how == CANDIDATE_MADE ?
			 errdetail("The column \"%s\" of a new row is null.", name) :
			 errdetail("The attribute \"%s\" is missing.", name),
			 c->primary && !k->made ?
			 errhint("Give all of %s, or none of them for a new row.",
					 criteria_column_list(os->table, c)) :
			 errhint("Give all of %s.",
					 criteria_column_list(os->table, c))));
}

/* The columns' values, of a key that is all there. */
static void
take_columns(ObjectStore *os, ObjectRequest *r, const Criteria *c)
{
	int			i;

	r->has_key = true;
	r->key = palloc(sizeof(Datum) * c->nkeys);
	r->key_isnull = palloc(sizeof(bool) * c->nkeys);
	for (i = 0; i < c->nkeys; i++)
	{
		GivenColumn *given = object_given(os, c->keys[i]);

		if (given->given)
		{
			make_value(os, c->keys[i]);
			r->key[i] = given->value;
			r->key_isnull[i] = given->isnull;
		}
		else
			(void) candidate_column(object_candidate(os), c->keys[i],
									&r->key[i], &r->key_isnull[i]);
	}
}

/*
 * The key is all there, or (if it is the primary key) not there at all, and
 * then the row is new.  So it is if the index does not cover it.
 */
static void
take_key(ObjectStore *os, ObjectRequest *r, const Criteria *c)
{
	KeyState	k;

	r->criteria = c;
	r->has_key = false;
	judge_key(os, c, &k);
	if (k.there == k.nparts && k.covered)
		take_columns(os, r, c);
	else if (k.there < k.nparts && !(c->primary && k.lacking == k.nparts))
		incomplete_key(os, c, &k);
}

/*
 * Which unique keys does the object fill?  Those in which it has a say; if
 * there is none, those that the row would have all the same, as it could not
 * be inserted beside one that has them.  The primary key not in part.
 */
static void
take_any_keys(ObjectStore *os, ObjectRequest *r)
{
	List	   *untouched = NIL;
	ListCell   *lc;

	foreach(lc, os->any)
	{
		Criteria   *c = lfirst(lc);
		KeyState	k;

		judge_key(os, c, &k);
		if (k.there == k.nparts && k.covered)
		{
			if (k.touched)
				r->filled = lappend(r->filled, c);
			else
				untouched = lappend(untouched, c);
		}
		else if (c->primary && k.touched && k.lacking < k.nparts)
			incomplete_key(os, c, &k);
	}
	if (r->filled == NIL)
		r->filled = untouched;
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
