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

#include "access/transam.h"
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
#include "utils/rls.h"
#include "utils/typcache.h"

#include "base/tid.h"
#include "call/condition.h"
#include "jsonb/doc.h"
#include "object/object_impl.h"
#include "upsert.h"

/* ----------
 * The table and its criteria
 * ----------
 */

static void
check_options(ObjectStore *os)
{
	const UpsertOptions *o = os->options;
	bool		revisions = os->table->facts->rev_attno != InvalidAttrNumber;
	ListCell   *lc;

	if (o->mode == MODE_REPLACE)
		option_refuse("mode", "An object updates the columns that it gives; the mode is \"update\", \"mergePatch\" or \"nothing\".");
	if (!o->keep_null && !object_merges_jsonb(o))
		option_refuse("keepNull", "It says what a null within a jsonb column does; these are merged with \"mergeObjects\": true only.");
	if (o->multiple == MULTIPLE_FIRST)
		option_refuse("multiple", "More than one match is always an error.");
	if (!revisions && o->if_rev_given && o->if_rev)
		option_refuse("ifRev", "The table has no column \"_rev\" of type text.");
	if (!revisions && !o->ignore_revs)
		option_refuse("ignoreRevs", "The table has no column \"_rev\" of type text.");

	if (o->version_attribute)
	{
		const char *name = o->version_attribute;

		os->version_attno = object_table_column(os->table, name, strlen(name));
		if (os->version_attno == InvalidAttrNumber)
			object_table_no_column(os->table, name, strlen(name));
	}
	foreach(lc, o->ignore_changes)
	{
		const char *name = lfirst(lc);

		if (object_table_column(os->table, name, strlen(name)) == InvalidAttrNumber)
			object_table_no_column(os->table, name, strlen(name));
	}
}

/* All unique keys that can be used, the primary key first. */
static void
choose_any(ObjectStore *os)
{
	ListCell   *lc;

	if (os->options->duplicates != DUPLICATES_APPLY)
		option_refuse("duplicates", "Criteria \"any\" have no one key that could come twice.");
	foreach(lc, criteria_list(os->table))
		if (((Criteria *) lfirst(lc))->unusable == NULL)
		os->any = lappend(os->any, lfirst(lc));
	if (os->any == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("relation \"%s\" has no unique key",
						RelationGetRelationName(os->table->rel)),
				 errhint("Give columns as an array to search without one.")));
}

ObjectStore *
object_store_begin(Oid relid, const CriteriaSelector *selector,
				   const UpsertOptions *options)
{
	ObjectStore *os = palloc0(sizeof(ObjectStore));

	os->table = object_table_open(relid);
	os->table->json_null = options->json_null;
	os->options = options;
	os->columns_given = palloc0(sizeof(GivenColumn) * os->table->tupdesc->natts);
	os->attnos = palloc0(sizeof(AttrNumber) * (os->table->tupdesc->natts + 1));
	check_options(os);
	if (criteria_selects_any(selector))
		choose_any(os);
	else
		os->criteria = criteria_select(os->table, selector);
	return os;
}

const char *
object_store_converting(ObjectStore *os)
{
	AttrNumber	attno = os->table->converting;

	os->table->converting = InvalidAttrNumber;
	return attno == InvalidAttrNumber ? NULL :
		NameStr(TupleDescAttr(os->table->tupdesc, attno - 1)->attname);
}

void
object_store_end(ObjectStore *os)
{
	object_table_close(os->table);
}

/* A column that the call asks something of; no column is InvalidAttrNumber. */
static void
check_readable(ObjectStore *os, AttrNumber attno)
{
	if (attno != InvalidAttrNumber &&
		!bms_is_member(attno, os->table->readable))
		aclcheck_error(ACLCHECK_NO_PRIV,
					   get_relkind_objtype(os->table->rel->rd_rel->relkind),
					   RelationGetRelationName(os->table->rel));
}

/* Whoever looks a row up by its key reads the key, and so with conditions. */
static void
check_read_privileges(ObjectStore *os)
{
	const UpsertOptions *o = os->options;
	int			attno = -1;
	int			i;

	for (i = 0; i < os->criteria->nkeys; i++)
		check_readable(os, os->criteria->keys[i]);
	while ((attno = bms_next_member(os->criteria->predicate, attno)) >= 0)
		if (!TupleDescAttr(os->table->tupdesc, attno - 1)->attisdropped)
			check_readable(os, attno);
	check_readable(os, os->version_attno);
	attno = -1;
	while ((attno = bms_next_member(os->columns, attno)) >= 0)
		if (object_merges_column(os, attno))
			check_readable(os, attno);
	if ((o->if_rev_given && o->if_rev) || !o->ignore_revs)
		check_readable(os, os->table->facts->rev_attno);
}

/*
 * May rows wait that are not there?  That they are not must lead to nothing but
 * their insertion, and no type's own functions may run for a value.
 */
static bool
may_wait(ObjectStore *os)
{
	const UpsertOptions *o = os->options;

	if (os->waiting == NULL || os->any != NIL || os->criteria->special ||
		o->must_exist || !o->ignore_revs || (o->if_rev_given && o->if_rev))
		return false;
	for (int i = 0; i < os->table->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, i);

		if (!att->attisdropped && (att->atttypid >= FirstNormalObjectId ||
								   get_typtype(att->atttypid) != TYPTYPE_BASE))
			return false;
	}
	return true;
}

void
object_open_by_key(ObjectStore *os, bool preview)
{
	StoreTarget target = {0};
	Bitmapset  *writable = NULL;
	int			attno = -1;

	check_read_privileges(os);
	while ((attno = bms_next_member(os->columns, attno)) >= 0)
		if (!TupleDescAttr(os->table->tupdesc, attno - 1)->attgenerated)
			writable = bms_add_member(writable, attno);
	if (os->table->facts->rev_attno != InvalidAttrNumber)
		writable = bms_add_member(writable, os->table->facts->rev_attno);

	target.relid = os->table->relid;
	target.nkeys = os->criteria->nkeys;
	memcpy(target.keys, os->criteria->keys, sizeof(target.keys));
	if (os->criteria->special || os->criteria->nulls_equal)
		target.arbiter = os->criteria->index;
	target.read_columns = os->table->readable;
	target.insert_columns = writable;
	target.update_columns = writable;
	target.preview = preview;
	target.snapshot = os->look;
	target.exclusive = os->options->exclusive;
	target.ascending = may_wait(os);
	target.waiting = target.ascending ? os->waiting : NULL;
	os->store = store_open(&target);
}

void
object_close_by_key(ObjectStore *os)
{
	store_close(os->store);
	os->store = NULL;
}

void
object_store_open(ObjectStore *os)
{
	/* "any" opens it for each object, by the key that it turns out to be */
	if (os->any == NIL)
		object_open_by_key(os, os->options->dry_run);
	options_apply_wait_for_sync(os->options);
}

void
object_store_close(ObjectStore *os)
{
	if (os->any == NIL)
		object_close_by_key(os);
}

Store *
object_store_swap(ObjectStore *os, Store *store)
{
	Store	   *open = os->store;

	os->store = store;
	return open;
}

void
object_store_waits(ObjectStore *os, const StoreWaiting *waiting)
{
	os->waiting = waiting;
}

void
object_store_next(ObjectStore *os, int item)
{
	if (os->any == NIL)
		store_next(os->store, item);
}

void
object_store_flush(ObjectStore *os)
{
	if (os->any == NIL)
		store_flush(os->store);
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

	if (slot == NULL || os->table->facts->rev_attno == InvalidAttrNumber)
		return NULL;
	value = slot_getattr(slot, os->table->facts->rev_attno, &isnull);
	return isnull ? NULL : TextDatumGetCString(value);
}

/* The same for the caller to see; NULL where he may not. */
static char *
shown_revision(ObjectStore *os, TupleTableSlot *slot)
{
	return bms_is_member(os->table->facts->rev_attno, os->table->readable) ?
		row_revision(os, slot) : NULL;
}

static void
set_revision(ObjectStore *os, const char *old_rev, StoreRow *row)
{
	char		rev[TID_LENGTH + 1];

	if (os->table->facts->rev_attno == InvalidAttrNumber)
		return;
	tid_next_after(old_rev, rev);
	store_row_set(row, os->table->facts->rev_attno, CStringGetTextDatum(rev), false);
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

/*
 * What the executor would find out as well, but one column after the other.
 * It has the word where the lack of a privilege is the graver error.
 */
static void
check_required(ObjectStore *os, const ObjectRequest *r, const StoreRow *row)
{
	const ObjectTable *table = os->table;
	StringInfoData columns;
	int			attno = -1;
	int			first = -1;
	int			n = 0;

	while ((attno = bms_next_member(table->facts->required, attno)) >= 0)
	{
		if (row->set[attno - 1] && !row->isnull[attno - 1])
			continue;
		if (n++ == 0)
		{
			first = attno;
			initStringInfo(&columns);
		}
		appendStringInfo(&columns, "%s\"%s\"", n > 1 ? ", " : "",
						 NameStr(TupleDescAttr(table->tupdesc, attno - 1)->attname));
	}
	if (n == 0 ||
		pg_class_aclcheck(table->relid, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
					NameStr(TupleDescAttr(table->tupdesc, first - 1)->attname),
					RelationGetRelationName(table->rel)),
			 errdetail_plural("A new row needs a value for %s.",
							  "A new row needs values for %s.",
							  n, columns.data),
			 r->has_key ?
			 errhint("There is no row yet that has this key; object_schema() tells what a new one takes.") :
			 errhint("An object without a key is a new row; object_schema() tells what it takes."),
			 errtablecol(table->rel, first)));
}

/* What the caller said about the row that is there, or is not. */
static void
check_condition(ObjectStore *os, bool exists, const char *found)
{
	Condition	condition = condition_of_options(os->options, "row", os->rev);
	Refusal		why;

	if (!condition_holds(&condition, exists, found, &why))
		refusal_raise(&why);
}

static bool would_be(ObjectStore *os, Form_pg_attribute att,
					 const GivenColumn *given);

static bool
is_key(const Criteria *c, AttrNumber attno)
{
	int			i;

	for (i = 0; i < c->nkeys && c->keys[i] != attno; i++)
		;
	return i < c->nkeys;
}

static bool
asks_for_default(ObjectStore *os, const ObjectRequest *r, AttrNumber attno)
{
	const Criteria *c = os->any ? linitial(os->any) : os->criteria;

	return c->primary && !(r->has_key && r->criteria == c) && is_key(c, attno);
}

static StoreVerdict
compose_insert(ObjectStore *os, ObjectRequest *r, StoreRow *row)
{
	int			i;

	check_condition(os, false, NULL);
	for (i = 0; i < os->n; i++)
	{
		AttrNumber	attno = os->attnos[i];
		GivenColumn *given = object_given(os, attno);
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, attno - 1);
		const char *made_by = system_made(att);
		Datum		value;
		bool		isnull;

		/* a null in a primary key that was not given asks for the default */
		if (given->json.type == jbvNull && asks_for_default(os, r, attno))
			continue;
		if (att->attgenerated && would_be(os, att, given))
			continue;
		if (made_by)
			ereport(ERROR,
					(errcode(ERRCODE_GENERATED_ALWAYS),
					 errmsg("cannot insert a non-DEFAULT value into column \"%s\"",
							NameStr(att->attname)),
					 errdetail("Column \"%s\" is %s.", NameStr(att->attname),
							   made_by),
					 att->attgenerated ?
					 errhint("Leave the attribute out, or send the value that it would get.") :
					 errhint("Leave the attribute out.")));
		value = object_new_value(os, attno, (Datum) 0, true, &isnull);
		store_row_set(row, attno, value, isnull);
	}
	set_revision(os, NULL, row);
	check_required(os, r, row);
	return STORE_WRITE;
}

/* Is the request's version no news?  Only a greater one is. */
static bool
is_stale(ObjectStore *os, TupleTableSlot *old)
{
	Form_pg_attribute att;
	TypeCacheEntry *type;
	Datum		stored;
	GivenColumn *given;
	bool		isnull;

	if (os->version_attno == InvalidAttrNumber)
		return false;
	stored = slot_getattr(old, os->version_attno, &isnull);
	if (isnull)
		return false;
	given = object_given(os, os->version_attno);
	if (!given->given || given->isnull)
		return true;

	att = TupleDescAttr(os->table->tupdesc, os->version_attno - 1);
	type = lookup_type_cache(att->atttypid, TYPECACHE_CMP_PROC);
	if (!OidIsValid(type->cmp_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify a comparison function for type %s",
						format_type_be(att->atttypid))));
	/* not by the type cache's own: an operator class may run anything */
	return DatumGetInt32(OidFunctionCall2Coll(type->cmp_proc,
											  att->attcollation,
											  given->value, stored)) <= 0;
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

static char *
json_text(JsonbValue *v)
{
	Jsonb	   *jsonb = JsonbValueToJsonb(v);

	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

/* Is this how an array is shown?  JSON has no word for its lower bounds. */
static bool
is_shown_as(ObjectStore *os, Form_pg_attribute att, const GivenColumn *given,
			Datum stored, bool stored_isnull)
{
	JsonbValue	shown;
	JsonbValue	copy = given->json;

	if (stored_isnull || given->isnull || !type_is_array(getBaseType(att->atttypid)))
		return false;
	object_table_json(os->table, att->attnum, stored, false, &shown);
	return strcmp(json_text(&shown), json_text(&copy)) == 0;
}

/* Is a generated column given the value that a new row would have? */
static bool
would_be(ObjectStore *os, Form_pg_attribute att, const GivenColumn *given)
{
	Datum		value;
	bool		isnull;

	return candidate_generated(object_candidate(os), att->attnum, &value, &isnull) &&
		same_value(att, given->value, given->isnull, value, isnull);
}

static StoreVerdict
compose_update(ObjectStore *os, TupleTableSlot *old, StoreRow *row)
{
	char	   *old_rev = row_revision(os, old);
	bool		changed = false;
	int			i;

	check_condition(os, true, shown_revision(os, old));
	if (os->options->mode == MODE_NOTHING)
		return STORE_KEEP;
	if (is_stale(os, old))
		return STORE_SKIP;

	for (i = 0; i < os->n; i++)
	{
		AttrNumber	attno = os->attnos[i];
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, attno - 1);
		const char *made_by = system_made(att);
		bool		stored_isnull;
		Datum		stored = slot_getattr(old, attno, &stored_isnull);
		bool		isnull;
		Datum		value = object_new_value(os, attno, stored, stored_isnull,
											 &isnull);

		/* who may not read a column is not told what is in it */
		if (bms_is_member(attno, os->table->readable) &&
			(same_value(att, value, isnull, stored, stored_isnull) ||
			 is_shown_as(os, att, object_given(os, attno), stored, stored_isnull)))
			continue;
		if (made_by)
			ereport(ERROR,
					(errcode(ERRCODE_GENERATED_ALWAYS),
					 errmsg("column \"%s\" can only be updated to DEFAULT",
							NameStr(att->attname)),
					 errdetail("Column \"%s\" is %s.", NameStr(att->attname),
							   made_by),
					 errhint("Leave the attribute out, or send the value that is stored.")));
		store_row_set(row, attno, value, isnull);
		changed = changed ||
			!option_names(os->options->ignore_changes, NameStr(att->attname));
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

	/* rows that waited may have been applied again in between */
	if (a->os->taken != a->r)
		object_take(a->os, a->r);
	/* a trigger may lead to a row that nobody had looked for */
	if (a->expect && a->expect_row != (old != NULL) &&
		!store_key_moved(a->os->store))
	{
		a->changed = true;
		return STORE_PASS;
	}
	return old ? compose_update(a->os, old, row) :
		compose_insert(a->os, a->r, row);
}

/* ----------
 * Applying
 * ----------
 */

static char *
row_key(ObjectStore *os, TupleTableSlot *slot)
{
	const Criteria *c = os->criteria;
	Datum		key[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	int			i;

	for (i = 0; i < c->nkeys; i++)
		key[i] = slot_getattr(slot, c->keys[i], &isnull[i]);
	return object_key_text(os, c, key, isnull);
}

/* What a row looks like; it may be known. */
static Jsonb *
show_row(ObjectStore *os, TupleTableSlot *slot, const Jsonb *known)
{
	return known ?
		(Jsonb *) DatumGetPointer(datumCopy(PointerGetDatum(known), false, -1)) :
		object_table_row(os->table, slot);
}

/*
 * image: what the old row looks like, where that is known, and then the one that
 * there is now; NULL, nobody asks again.
 */
static void
fill_answer(ObjectStore *os, const ObjectRequest *r, TupleTableSlot *old,
			TupleTableSlot *new, Jsonb **image, Answer *answer)
{
	UpsertReturn ret = os->options->ret;
	Jsonb	   *known = image ? *image : NULL;

	if (image && new)
		*image = NULL;
	if (new == NULL)
		new = old;				/* it is as it was */
	if (ret == RETURN_NONE)
		return;

	answer->key = new ? row_key(os, new) : object_request_key(os, r);
	answer->rev = shown_revision(os, new);
	if (old && (ret == RETURN_BOTH || ret == RETURN_OLD || ret == RETURN_DIFF))
		answer->old = show_row(os, old, known);
	if (new && new == old && answer->old)
		answer->new = answer->old;
	else if (new && (ret == RETURN_BOTH || ret == RETURN_NEW || ret == RETURN_DIFF))
		answer->new = show_row(os, new, new == old ? known : NULL);
	if (image && answer->new)
		*image = answer->new;
	if (ret == RETURN_OLD)
		answer->new = NULL;
	if (ret == RETURN_DIFF)
	{
		answer->new = answer->new ?
			doc_diff(answer->old ? answer->old : doc_empty(), answer->new) : NULL;
		answer->old = NULL;
	}
}

static void
answer_row_of(ObjectStore *os, const ObjectRequest *r, StoreOutcome outcome,
			  TupleTableSlot *old, TupleTableSlot *new, MemoryContext context,
			  Jsonb **image, Answer *answer)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);

	/* an unchanged row is both */
	if (answer->new == answer->old)
		answer->new = NULL;
	answer_clear(answer);
	answer->outcome = outcome_of_store(outcome, false);
	fill_answer(os, r, old, new, image, answer);
	MemoryContextSwitchTo(oldcontext);
}

void
object_apply_by_key(ObjectApply *a, MemoryContext context, Answer *answer)
{
	ObjectStore *os = a->os;
	ObjectRequest *r = a->r;
	StoreOutcome outcome;

	outcome = store_apply(os->store, r->has_key ? r->key : NULL, r->key_isnull,
						  compose_object, a);
	if (a->changed)
		return;

	answer_row_of(os, r, outcome, store_old(os->store), store_new(os->store),
				  context, NULL, answer);
}

/* ----------
 * Requests of one key
 * ----------
 */

static bool
type_is_plain(Form_pg_attribute att)
{
	char		typtype = get_typtype(att->atttypid);

	return typtype == TYPTYPE_ENUM ||
		(typtype == TYPTYPE_BASE && att->atttypid < FirstNormalObjectId);
}

StoreFolding
object_store_folding(ObjectStore *os)
{
	/* a policy might hide one of them from the next */
	if (os->any != NIL || os->criteria->special ||
		!OidIsValid(os->criteria->index) ||
		check_enable_rls(os->table->relid, InvalidOid, true) == RLS_ENABLED)
		return STORE_FOLDS_NOT;
	for (int i = 0; i < os->table->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(os->table->tupdesc, i);

		if (!att->attisdropped && !type_is_plain(att))
			return STORE_FOLDS_NOT;
	}
	return store_folding(os->store);
}

typedef struct FoldedRequests
{
	ObjectStore *os;
	const ObjectFold *fold;
	MemoryContext context;
	ObjectApply apply;			/* of the request at hand */
	Jsonb	   *image;			/* of the row before it, in an answer; NULL:
								 * it was not shown */
} FoldedRequests;

/* Its values are of this composition, whatever was at hand before. */
static void *
request_composes(void *arg, int i)
{
	FoldedRequests *f = arg;

	if (i == 0)
		f->image = NULL;
	f->apply = (ObjectApply) {f->os, f->fold->composes(f->fold->arg, i)};
	object_take(f->os, f->apply.r);
	return &f->apply;
}

static void
request_composed(void *arg, int i, StoreOutcome outcome, TupleTableSlot *old,
				 TupleTableSlot *new)
{
	FoldedRequests *f = arg;

	answer_row_of(f->os, f->apply.r, outcome, old, new, f->context, &f->image,
				  f->fold->composed(f->fold->arg, i));
}

static void
requests_written(void *arg, int first)
{
	FoldedRequests *f = arg;

	f->fold->written(f->fold->arg, first);
}

bool
object_requests_fold(ObjectStore *os, const ObjectFold *fold,
					 MemoryContext context)
{
	FoldedRequests f = {os, fold, context};
	StoreFold	rows = {fold->n, compose_object, request_composes,
	request_composed, requests_written, &f};
	ObjectRequest *first = fold->composes(fold->arg, 0);

	return store_apply_fold(os->store, first->key, first->key_isnull, &rows);
}

void
object_request_apply(ObjectStore *os, ObjectRequest *r, MemoryContext context,
					 Answer *answer)
{
	ObjectApply a = {os, r};

	/* in the memory of this try: a failed group does its items again */
	if (os->any)
		r->has_key = false;		/* what an earlier try chose */
	object_take(os, r);
	if (os->any)
		object_apply_by_any(os, r, context, answer);
	else
		object_apply_by_key(&a, context, answer);
}
