/*
 * criteria.c
 *		What tells whether an object is there already: a unique key of the
 *		table, or any columns.
 *
 *		CREATE UNIQUE INDEX t_mail ON t (lower(mail)) WHERE active
 *
 *		Criteria	name t_mail, keys {mail}, special
 *
 * The keys are the columns whose values the object must bring: those of the
 * index, and those that its expressions read.  The columns of a predicate are
 * not among them: it is the stored row that must satisfy it.
 *
 * What there is comes from the relation cache, as REINDEX CONCURRENTLY swaps
 * indexes, and stays among the table's facts until that reports a change.
 * Knows nothing of rows.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/nbtree.h"
#include "access/sysattr.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "call/answer.h"
#include "catalog/uniquekey.h"
#include "object/table.h"
#include "store/candidate.h"

static void
add_key(Criteria *c, AttrNumber attno)
{
	int			i;

	for (i = 0; i < c->nkeys; i++)
		if (c->keys[i] == attno)
			return;
	if (attno <= 0)
		c->unusable = "its expressions read whole rows or system columns";
	else if (c->nkeys == INDEX_MAX_KEYS)
		c->unusable = "its expressions read too many columns";
	else
		c->keys[c->nkeys++] = attno;
}

static void
add_expression_keys(Criteria *c, Node *expression)
{
	Bitmapset  *columns = NULL;
	int			x = -1;

	pull_varattnos(expression, 1, &columns);
	while ((x = bms_next_member(columns, x)) >= 0)
		add_key(c, x + FirstLowInvalidHeapAttributeNumber);
}

/* Which rows are found tells what the predicate makes of them. */
static void
add_predicate(Criteria *c, List *predicate, int natts)
{
	Bitmapset  *columns = NULL;
	int			x = -1;

	pull_varattnos((Node *) predicate, 1, &columns);
	while ((x = bms_next_member(columns, x)) >= 0)
	{
		AttrNumber	attno = x + FirstLowInvalidHeapAttributeNumber;

		if (attno > 0)
			c->predicate = bms_add_member(c->predicate, attno);
		else if (attno == InvalidAttrNumber)	/* the whole row */
			c->predicate = bms_add_range(c->predicate, 1, natts);
	}
}

/* The criteria that a unique index stands for. */
static Criteria *
criteria_of_index(Relation rel, Relation index)
{
	Form_pg_index form = index->rd_index;
	Criteria   *c = palloc0(sizeof(Criteria));
	List	   *expressions = RelationGetIndexExpressions(index);
	ListCell   *next = list_head(expressions);
	int			i;

	c->name = pstrdup(RelationGetRelationName(index));
	c->index = RelationGetRelid(index);
	c->primary = form->indisprimary;
	c->nulls_equal = form->indnullsnotdistinct;
	c->plain = expressions == NIL && RelationGetIndexPredicate(index) == NIL;

	/*
	 * WITHOUT OVERLAPS keeps more apart than equal keys; what is found is
	 * equal
	 */
	c->special = !c->plain ||
		(!form->indisexclusion && !unique_key_has_own_equality(rel, index));

	for (i = 0; i < form->indnkeyatts; i++)
	{
		if (form->indkey.values[i] != 0)
		{
			int			before = c->nkeys;

			add_key(c, form->indkey.values[i]);
			if (c->plain && c->special && c->nkeys > before)
			{
				c->order[c->nkeys - 1] = index_getprocid(index, i + 1, BTORDER_PROC);
				c->collation[c->nkeys - 1] = index->rd_indcollation[i];
			}
		}
		else
		{
			add_expression_keys(c, lfirst(next));
			next = lnext(expressions, next);
		}
	}

	add_predicate(c, RelationGetIndexPredicate(index), RelationGetNumberOfAttributes(rel));
	if (c->unusable == NULL && c->nkeys == 0)
		c->unusable = "its expressions read no columns";
	if (!form->indisvalid || !form->indisready)
		c->unusable = "the index is not valid";
	return c;
}

/* ----------
 * Finding criteria
 * ----------
 */

static int
compare_criteria(const ListCell *a, const ListCell *b)
{
	const Criteria *ca = lfirst(a);
	const Criteria *cb = lfirst(b);

	if (ca->primary != cb->primary)
		return ca->primary ? -1 : 1;
	return strcmp(ca->name, cb->name);
}

List *
criteria_gather(Relation rel, const List *indexes)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisunique)
			result = lappend(result, criteria_of_index(rel, index));
		index_close(index, NoLock);
	}
	list_sort(result, compare_criteria);
	return result;
}

List *
criteria_list(const ObjectTable *table)
{
	return table->facts->criteria;
}

static void
check_usable(const ObjectTable *table, const Criteria *c)
{
	if (c->unusable)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("unique index \"%s\" of \"%s\" cannot be used as criteria",
						c->name, RelationGetRelationName(table->rel)),
				 errdetail("Reason: %s.", c->unusable),
				 errhint("upsert_criteria() lists those that can; columns can be given as an array.")));
}

/* Is there an index of this name on the table? */
static bool
has_index(const ObjectTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(table->rel))
	{
		char	   *indexname = get_rel_name(lfirst_oid(lc));

		if (indexname && strcmp(indexname, name) == 0)
			return true;
	}
	return false;
}

/* An index of that name that is not unique deserves another message. */
static void
no_criteria(const ObjectTable *table, const char *name)
{
	if (has_index(table, name))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("index \"%s\" of relation \"%s\" is not unique",
						name, RelationGetRelationName(table->rel)),
				 errhint("Give the columns as an array to search without a unique key.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("unique constraint or index \"%s\" of relation \"%s\" does not exist",
					name, RelationGetRelationName(table->rel)),
			 errhint("upsert_criteria() lists what there is; columns can be given as an array.")));
}

Criteria *
criteria_by_name(const ObjectTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, criteria_list(table))
	{
		Criteria   *c = lfirst(lc);

		if (name ? strcmp(c->name, name) == 0 : c->primary)
		{
			check_usable(table, c);
			return c;
		}
	}
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("relation \"%s\" has no primary key",
						RelationGetRelationName(table->rel)),
				 errhint("Name a unique constraint or index as criteria, or give columns as an array.")));
	no_criteria(table, name);
	return NULL;				/* keep the compiler quiet */
}

static bool
same_columns(const Criteria *a, const Criteria *b)
{
	int			i;
	int			k;

	if (a->nkeys != b->nkeys)
		return false;
	for (i = 0; i < a->nkeys; i++)
	{
		for (k = 0; k < b->nkeys && a->keys[i] != b->keys[k]; k++)
			;
		if (k == b->nkeys)
			return false;
	}
	return true;
}

Criteria *
criteria_by_columns(const ObjectTable *table, ArrayType *names)
{
	Criteria   *columns = palloc0(sizeof(Criteria));
	Criteria   *found = NULL;
	Datum	   *elems;
	bool	   *nulls;
	int			n;
	int			i;
	ListCell   *lc;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elems, &nulls, &n);
	if (n == 0 || n > INDEX_MAX_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("criteria must name between 1 and %d columns",
						INDEX_MAX_KEYS),
				 errdetail("They name %d.", n)));
	for (i = 0; i < n; i++)
	{
		text	   *name;
		AttrNumber	attno;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a column name in the criteria must not be null"),
					 errdetail("Element %d of the array is.", i + 1)));
		name = DatumGetTextPP(elems[i]);
		attno = object_table_column(table, VARDATA_ANY(name),
									VARSIZE_ANY_EXHDR(name));
		if (attno == InvalidAttrNumber)
			object_table_no_column(table, VARDATA_ANY(name),
								   VARSIZE_ANY_EXHDR(name));
		add_key(columns, attno);
		if (columns->nkeys != i + 1)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%.*s\" comes twice in the criteria",
							(int) VARSIZE_ANY_EXHDR(name), VARDATA_ANY(name))));
	}

	/* by the columns' own equality, if there is such an index */
	foreach(lc, criteria_list(table))
	{
		Criteria   *c = lfirst(lc);

		if (c->plain && c->unusable == NULL && same_columns(c, columns) &&
			(found == NULL || (found->special && !c->special)))
			found = c;
	}
	return found ? found : columns;
}

Criteria *
criteria_select(const ObjectTable *table, const CriteriaSelector *selector)
{
	const char *name = selector->name;
	size_t		len = name ? strlen(name) : 0;

	if (selector->columns)
		return criteria_by_columns(table, selector->columns);
	if (len >= 2 && name[0] == '{' && name[len - 1] == '}' &&
		!has_index(table, name))
		return criteria_by_columns(table,
								   DatumGetArrayTypeP(OidInputFunctionCall(F_ARRAY_IN,
																		   pstrdup(name),
																		   TEXTOID, -1)));
	return criteria_by_name(table, name);
}

/* ----------
 * What they need
 * ----------
 */

/* Replaces a column by a null. */
static Node *
column_to_null(Node *node, void *context)
{
	Var		   *var = (Var *) node;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && var->varattno == *(AttrNumber *) context)
		return (Node *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
	return expression_tree_mutator(node, column_to_null, context);
}

static void need_column(const ObjectTable *table, AttrNumber attno, Bitmapset **needs);

/* Those columns that an expression is null without. */
static void
need_expression(const ObjectTable *table, Node *expression, Bitmapset **needs)
{
	Bitmapset  *columns = NULL;
	int			x = -1;

	pull_varattnos(expression, 1, &columns);
	while ((x = bms_next_member(columns, x)) >= 0)
	{
		AttrNumber	attno = x + FirstLowInvalidHeapAttributeNumber;
		Node	   *node;

		if (attno <= 0)
			continue;
		node = eval_const_expressions(NULL, column_to_null(copyObject(expression), &attno));
		if (IsA(node, Const) && ((Const *) node)->constisnull)
			need_column(table, attno, needs);
	}
}

static void
need_column(const ObjectTable *table, AttrNumber attno, Bitmapset **needs)
{
	RowExpression fill = {0};

	if (TupleDescAttr(table->tupdesc, attno - 1)->attgenerated)
	{
		need_expression(table, row_generation_expression(table->rel, attno), needs);
		return;
	}
	row_expression_of_column(&fill, table->rel, attno);
	if (fill.state == NULL)
		*needs = bms_add_member(*needs, attno);
}

Bitmapset *
criteria_needs(const ObjectTable *table, const Criteria *c)
{
	Bitmapset  *needs = NULL;
	Relation	index;
	ListCell   *lc;
	int			i;

	if (c->nulls_equal)
		return NULL;
	if (!OidIsValid(c->index) || c->plain)
	{
		for (i = 0; i < c->nkeys; i++)
			need_column(table, c->keys[i], &needs);
		return needs;
	}
	index = index_open(c->index, AccessShareLock);
	for (i = 0; i < index->rd_index->indnkeyatts; i++)
		if (index->rd_index->indkey.values[i] != 0)
			need_column(table, index->rd_index->indkey.values[i], &needs);
	foreach(lc, RelationGetIndexExpressions(index))
		need_expression(table, lfirst(lc), &needs);
	index_close(index, NoLock);
	return needs;
}

/* ----------
 * Showing criteria
 * ----------
 */

Datum
criteria_columns(const ObjectTable *table, const Criteria *c)
{
	Datum		names[INDEX_MAX_KEYS];
	int			i;

	for (i = 0; i < c->nkeys; i++)
		names[i] = CStringGetTextDatum(NameStr(TupleDescAttr(table->tupdesc,
															 c->keys[i] - 1)->attname));
	return PointerGetDatum(construct_array(names, c->nkeys, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

char *
criteria_column_list(const ObjectTable *table, const Criteria *c)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < c->nkeys; i++)
		appendStringInfo(&buf, "%s\"%s\"", i ? ", " : "",
						 NameStr(TupleDescAttr(table->tupdesc,
											   c->keys[i] - 1)->attname));
	return buf.data;
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_criteria);

Datum
upsert_criteria(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	ObjectTable *table = object_table_open(PG_GETARG_OID(0));
	ListCell   *lc;

	foreach(lc, criteria_list(table))
	{
		Criteria   *c = lfirst(lc);
		Datum		values[5];
		bool		nulls[5] = {0};

		values[0] = CStringGetTextDatum(c->name);
		values[1] = criteria_columns(table, c);
		values[2] = BoolGetDatum(c->primary);
		values[3] = BoolGetDatum(c->unusable == NULL);
		nulls[4] = c->unusable == NULL;
		if (c->unusable)
			values[4] = CStringGetTextDatum(c->unusable);
		tuplestore_putvalues(rows, tupdesc, values, nulls);
	}
	object_table_close(table);
	return (Datum) 0;
}
