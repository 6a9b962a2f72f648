/*
 * merge.c
 *		Deep merge of documents, and JSON Merge Patch (RFC 7396).
 *
 * Both objects have their keys in the same order, so a merge is one walk over
 * the two key lists.  It makes a step for each pair of the patch:
 *
 *		old:	a b c d e f g		patch:	c=1 d=null x=2
 *		steps:	[a b] set c | drop d | [e f g] set x
 *
 * "upto" is the number of old pairs before the step's place, "matched" tells
 * that the patch has the key of old pair number upto, and "drop" that the pair
 * is to vanish.  With the steps known so is the number of pairs; keys and then
 * values are written in two more walks, in which the old pairs between steps
 * are runs, copied in one piece (build.c).
 *
 * Before anything is built a read-only walk looks for the first difference
 * that the patch would make.  A merge that changes nothing costs this walk and
 * gives back its argument.
 *
 * The differences between the two kinds of merge are in MergeRule alone.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#include "jsonb/build.h"
#include "jsonb/doc.h"
#include "upsert.h"

typedef struct MergeRule
{
	bool		null_removes;	/* null in the patch removes the attribute */
	bool		merge_objects;	/* object onto object merges */
	bool		strip_added;	/* objects without a partner lose their nulls */
	bool		strip_replacing;	/* also if they replace a non-object */
} MergeRule;

typedef struct MergeStep
{
	uint32		upto;			/* old pairs that come before */
	bool		matched;		/* old pair upto has the same key */
	bool		drop;			/* no pair in the result */
} MergeStep;

/* steps up to this number need no palloc */
#define LOCAL_STEPS 16

static bool changes(const JsonbContainer *old, const JsonbContainer *patch,
					const MergeRule *rule);
static uint32 plan_steps(const JsonbContainer *old,
						 const JsonbContainer *patch, const MergeRule *rule,
						 MergeStep *steps);
static void put_keys(DocBuilder *b, DocFrame *f, const JsonbContainer *old,
					 const JsonbContainer *patch, const MergeStep *steps);
static void put_values(DocBuilder *b, DocFrame *f, const JsonbContainer *old,
					   const JsonbContainer *patch, const MergeRule *rule,
					   const MergeStep *steps);
static void put_merged(DocBuilder *b, DocFrame *parent,
					   const JsonbContainer *old, const JsonbContainer *patch,
					   const MergeRule *rule);
static Jsonb *merge(const Jsonb *old, const JsonbContainer *old_object,
					const Jsonb *patch, const MergeRule *rule);
static void check_object(const Jsonb *doc, const char *what);

Jsonb *
doc_merge(const Jsonb *old, const Jsonb *patch, bool keep_null,
		  bool merge_objects)
{
	MergeRule	rule;

	check_object(old, "old");
	check_object(patch, "patch");
	rule.null_removes = !keep_null;
	rule.merge_objects = merge_objects;
	rule.strip_added = !keep_null && merge_objects;
	rule.strip_replacing = false;
	if (!changes(&old->root, &patch->root, &rule))
		return unconstify(Jsonb *, old);
	return merge(old, &old->root, patch, &rule);
}

Jsonb *
doc_merge_patch(const Jsonb *old, const Jsonb *patch)
{
	static const MergeRule rule = {true, true, true, true};

	if (!JB_ROOT_IS_OBJECT(patch))
		return unconstify(Jsonb *, doc_equal(old, patch) ? old : patch);
	if (!JB_ROOT_IS_OBJECT(old))
		return merge(old, &doc_empty_object, patch, &rule);
	if (!changes(&old->root, &patch->root, &rule))
		return unconstify(Jsonb *, old);
	return merge(old, &old->root, patch, &rule);
}

bool
doc_equal(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* The same entries, but that numbers may be written differently? */
static bool
same_values(const JsonbContainer *a, const JsonbContainer *b)
{
	uint32		n = JsonContainerSize(a) * (JsonContainerIsObject(a) ? 2 : 1);
	DocCursor	of_a;
	DocCursor	of_b;

	check_stack_depth();
	if (a->header != b->header)
		return false;
	doc_cursor_first(&of_a, a);
	doc_cursor_first(&of_b, b);
	if (JsonContainerIsObject(a))
	{
		uint32		nkeys = JsonContainerSize(a);

		/* keys have the same image or are others */
		if (memcmp(a->children, b->children, nkeys * sizeof(JEntry)) != 0)
			return false;
		doc_cursor_values(&of_a, a);
		if (memcmp(of_a.base, of_b.base, of_a.offset) != 0)
			return false;
		of_b.index = of_a.index;
		of_b.offset = of_a.offset;
	}
	while (of_a.index < n)
	{
		DocItem		x;
		DocItem		y;

		doc_cursor_item(&of_a, &x);
		doc_cursor_item(&of_b, &y);
		if (doc_same_item(&x, &y))
			continue;
		if (x.type != y.type)
			return false;
		if (x.type == JENTRY_ISCONTAINER ?
			!same_values(DOC_ITEM_CONTAINER(&x), DOC_ITEM_CONTAINER(&y)) :
			x.type != JENTRY_ISNUMERIC ||
			!DatumGetBool(DirectFunctionCall2(numeric_eq, PointerGetDatum(x.data),
											  PointerGetDatum(y.data))))
			return false;
	}
	return true;
}

bool
doc_equal_value(const Jsonb *a, const Jsonb *b)
{
	return doc_equal(a, b) || same_values(&a->root, &b->root);
}

/*
 * Would merging patch into old make a difference?
 */
static bool
changes(const JsonbContainer *old, const JsonbContainer *patch,
		const MergeRule *rule)
{
	uint32		nold = JsonContainerSize(old);
	uint32		npatch = JsonContainerSize(patch);
	DocCursor	old_keys,
				old_values,
				patch_keys,
				patch_values;
	DocItem		old_key,
				patch_key,
				old_value,
				patch_value;
	uint32		i = 0;
	uint32		j;
	int			cmp = -1;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	doc_cursor_first(&old_keys, old);
	doc_cursor_values(&old_values, old);
	doc_cursor_first(&patch_keys, patch);
	doc_cursor_values(&patch_values, patch);
	if (nold > 0)
		doc_cursor_item(&old_keys, &old_key);
	for (j = 0; j < npatch; j++)
	{
		doc_cursor_item(&patch_keys, &patch_key);
		doc_cursor_item(&patch_values, &patch_value);
		while (i < nold && (cmp = doc_compare_keys(&old_key, &patch_key)) < 0)
		{
			if (++i < nold)
				doc_cursor_item(&old_keys, &old_key);
		}
		if (rule->null_removes && patch_value.type == JENTRY_ISNULL)
		{
			if (i < nold && cmp == 0)
				return true;
			continue;
		}
		if (i >= nold || cmp != 0)
			return true;
		doc_cursor_seek(&old_values, nold + i);
		doc_cursor_item(&old_values, &old_value);
		if (rule->merge_objects &&
			DOC_ITEM_IS_OBJECT(&old_value) && DOC_ITEM_IS_OBJECT(&patch_value))
		{
			if (changes(DOC_ITEM_CONTAINER(&old_value),
						DOC_ITEM_CONTAINER(&patch_value), rule))
				return true;
		}
		else if (!doc_same_item(&old_value, &patch_value))
			return true;
		if (++i < nold)
			doc_cursor_item(&old_keys, &old_key);
	}
	return false;
}

/*
 * Fill in one step for each pair of patch; returns the number of pairs that
 * the result has.
 */
static uint32
plan_steps(const JsonbContainer *old, const JsonbContainer *patch,
		   const MergeRule *rule, MergeStep *steps)
{
	uint32		nold = JsonContainerSize(old);
	uint32		npatch = JsonContainerSize(patch);
	uint32		npairs = nold;
	DocCursor	old_keys,
				patch_keys;
	DocItem		old_key,
				patch_key;
	uint32		i = 0;
	uint32		j;
	int			cmp = -1;

	doc_cursor_first(&old_keys, old);
	doc_cursor_first(&patch_keys, patch);
	if (nold > 0)
		doc_cursor_item(&old_keys, &old_key);
	for (j = 0; j < npatch; j++)
	{
		MergeStep  *step = &steps[j];

		doc_cursor_item(&patch_keys, &patch_key);
		while (i < nold && (cmp = doc_compare_keys(&old_key, &patch_key)) < 0)
		{
			if (++i < nold)
				doc_cursor_item(&old_keys, &old_key);
		}
		step->upto = i;
		step->matched = (i < nold && cmp == 0);
		step->drop = rule->null_removes &&
			JBE_ISNULL(patch->children[npatch + j]);
		if (step->matched)
		{
			if (step->drop)
				npairs--;
			if (++i < nold)
				doc_cursor_item(&old_keys, &old_key);
		}
		else if (!step->drop)
			npairs++;
	}
	return npairs;
}

static void
put_keys(DocBuilder *b, DocFrame *f, const JsonbContainer *old,
		 const JsonbContainer *patch, const MergeStep *steps)
{
	uint32		npatch = JsonContainerSize(patch);
	DocCursor	old_keys,
				patch_keys;
	DocItem		key;
	uint32		j;

	doc_cursor_first(&old_keys, old);
	doc_cursor_first(&patch_keys, patch);
	for (j = 0; j < npatch; j++)
	{
		const MergeStep *step = &steps[j];

		/* a key that both have need not end the run of old keys */
		if (step->matched == !step->drop)
			continue;
		doc_put_run(b, f, &old_keys, step->upto);
		if (step->matched)
			doc_cursor_seek(&old_keys, step->upto + 1);
		else
		{
			doc_cursor_seek(&patch_keys, j);
			doc_cursor_item(&patch_keys, &key);
			doc_put_item(b, f, &key);
		}
	}
	doc_put_run(b, f, &old_keys, JsonContainerSize(old));
}

static void
put_values(DocBuilder *b, DocFrame *f, const JsonbContainer *old,
		   const JsonbContainer *patch, const MergeRule *rule,
		   const MergeStep *steps)
{
	uint32		nold = JsonContainerSize(old);
	uint32		npatch = JsonContainerSize(patch);
	DocCursor	old_values,
				patch_values;
	DocItem		old_value = {0};
	DocItem		value;
	uint32		j;

	doc_cursor_values(&old_values, old);
	doc_cursor_values(&patch_values, patch);
	for (j = 0; j < npatch; j++)
	{
		const MergeStep *step = &steps[j];
		const JsonbContainer *partner = NULL;

		doc_cursor_item(&patch_values, &value);
		doc_put_run(b, f, &old_values, nold + step->upto);
		if (step->matched)
			doc_cursor_item(&old_values, &old_value);
		if (step->drop)
			continue;
		if (DOC_ITEM_IS_OBJECT(&value))
		{
			if (!step->matched)
				partner = rule->strip_added ? &doc_empty_object : NULL;
			else if (!DOC_ITEM_IS_OBJECT(&old_value))
				partner = rule->strip_replacing ? &doc_empty_object : NULL;
			else if (rule->merge_objects)
				partner = DOC_ITEM_CONTAINER(&old_value);
		}
		if (partner != NULL)
			put_merged(b, f, partner, DOC_ITEM_CONTAINER(&value), rule);
		else
			doc_put_item(b, f, &value);
	}
	doc_put_run(b, f, &old_values, nold * 2);
}

/*
 * Write the merge of two objects as the next value of parent, or as the root
 * if parent is NULL.
 */
static void
put_merged(DocBuilder *b, DocFrame *parent, const JsonbContainer *old,
		   const JsonbContainer *patch, const MergeRule *rule)
{
	MergeStep	local[LOCAL_STEPS];
	MergeStep  *steps = local;
	uint32		npatch = JsonContainerSize(patch);
	DocFrame	f;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (npatch > LOCAL_STEPS)
		steps = palloc(npatch * sizeof(MergeStep));
	doc_open_object(b, &f, plan_steps(old, patch, rule, steps));
	put_keys(b, &f, old, patch, steps);
	put_values(b, &f, old, patch, rule, steps);
	doc_close(b, &f, parent);
	if (steps != local)
		pfree(steps);
}

static Jsonb *
merge(const Jsonb *old, const JsonbContainer *old_object, const Jsonb *patch,
	  const MergeRule *rule)
{
	DocBuilder	b;

	doc_build_init(&b, (Size) VARSIZE(old) + VARSIZE(patch) + 16);
	put_merged(&b, NULL, old_object, &patch->root, rule);
	return doc_build_finish(&b);
}

static void
check_object(const Jsonb *doc, const char *what)
{
	JsonbValue	value;

	if (JB_ROOT_IS_OBJECT(doc))
		return;
	if (!JsonbExtractScalar(unconstify(JsonbContainer *, &doc->root), &value))
		value.type = jbvArray;
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("cannot merge a document that is not an object"),
			 errdetail("Argument \"%s\" is of type %s.", what,
					   JsonbTypeName(&value)),
			 errhint("Use jsonb_merge_patch() for values of any type.")));
}

/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(upsert_jsonb_merge);
PG_FUNCTION_INFO_V1(upsert_jsonb_merge_patch);

Datum
upsert_jsonb_merge(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(doc_merge(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1),
								PG_GETARG_BOOL(2), PG_GETARG_BOOL(3)));
}

Datum
upsert_jsonb_merge_patch(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(doc_merge_patch(PG_GETARG_JSONB_P(0),
									  PG_GETARG_JSONB_P(1)));
}
