/*
 * candidate.c
 *		The row that would be inserted, before anything is.
 *
 *		CREATE TABLE t (a text, n int DEFAULT 7, id serial,
 *						l text GENERATED ALWAYS AS (lower(a)) STORED)
 *
 *		{"a": "X"}	->	a 'X' given, n 7 made, l 'x' made, id unknown
 *
 * INSERT ... ON CONFLICT computes the row first, and then asks the index
 * whether its key is there.  Who only looks has to come to the same key, but
 * must not spend what the row will need: so a volatile default, a sequence's
 * above all, is not evaluated, and what depends on it is not known.
 *
 * Columns are computed when they are asked for, as a key seldom needs them
 * all.  Knows expressions and slots; what an unknown part means is for others.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/genam.h"
#include "access/sysattr.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "store/candidate.h"

/* What is known of an index; kept, as a batch asks for each of its rows. */
typedef struct CandidateIndex
{
	Oid			oid;
	IndexInfo  *info;
	ExprState  *predicate;
	RowExpression predicate_reads;
	RowExpression parts[INDEX_MAX_KEYS];	/* of expressions: what they read */
} CandidateIndex;

typedef struct CandidateColumn
{
	bool		described;
	bool		asked;			/* of this row */
	CandidateValue how;
	RowExpression fill;			/* its default or generation */
} CandidateColumn;

struct Candidate
{
	Relation	rel;
	TupleDesc	tupdesc;
	MemoryContext context;
	CandidateGiven given;
	void	   *arg;
	EState	   *estate;
	TupleTableSlot *slot;		/* columns that have been asked for; NULLs */
	CandidateColumn *columns;
	List	   *indexes;
};

/* ----------
 * Expressions
 * ----------
 */

void
row_expression_make(RowExpression *e, Node *expr)
{
	e->exists = expr != NULL;
	if (expr == NULL)
		return;
	pull_varattnos(expr, 1, &e->columns);
	if (!contain_volatile_functions(expr))
		e->state = ExecInitExpr(expression_planner((Expr *) expr), NULL);
}

void
row_expression_of_column(RowExpression *e, Relation rel, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attno - 1);

	if (!att->attisdropped)
		row_expression_make(e, att->attgenerated ?
							compat_generation_expression(rel, attno) :
							build_column_default(rel, attno));
}

static void
describe_column(void *arg)
{
	errcontext("column \"%s\"", (const char *) arg);
}

void
row_null_of_domain(Relation rel, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attno - 1);
	ErrorContextCallback callback = {error_context_stack, describe_column, NameStr(att->attname)};

	error_context_stack = &callback;
	domain_check((Datum) 0, true, att->atttypid, NULL, NULL);
	error_context_stack = callback.previous;
}

Node *
row_generation_expression(Relation rel, AttrNumber attno)
{
	return compat_generation_expression(rel, attno);
}

bool
row_expression_reads(const RowExpression *e, AttrNumber attno)
{
	return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, e->columns) ||
		bms_is_member(attno - FirstLowInvalidHeapAttributeNumber, e->columns);
}

/* ----------
 * The row
 * ----------
 */

Candidate *
candidate_make(Relation rel, CandidateGiven given, void *arg)
{
	Candidate  *c = palloc0(sizeof(Candidate));

	c->rel = rel;
	c->tupdesc = RelationGetDescr(rel);
	c->context = CurrentMemoryContext;
	c->given = given;
	c->arg = arg;
	c->estate = CreateExecutorState();
	c->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(c->tupdesc),
									   &TTSOpsVirtual);
	c->columns = palloc0(sizeof(CandidateColumn) * c->tupdesc->natts);
	candidate_next(c);
	return c;
}

void
candidate_next(Candidate *c)
{
	int			i;

	for (i = 0; i < c->tupdesc->natts; i++)
		c->columns[i].asked = false;
	ExecStoreAllNullTuple(c->slot);
	c->slot->tts_tableOid = RelationGetRelid(c->rel);
	ResetPerTupleExprContext(c->estate);
}

static const RowExpression *
fill_of(Candidate *c, AttrNumber attno)
{
	CandidateColumn *column = &c->columns[attno - 1];

	if (!column->described)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(c->context);

		row_expression_of_column(&column->fill, c->rel, attno);
		MemoryContextSwitchTo(oldcontext);
		column->described = true;
	}
	return &column->fill;
}

/* Computes the columns that the expression reads: are they all known? */
static bool
is_known(Candidate *c, const RowExpression *e)
{
	int			i;
	Datum		value;
	bool		isnull;

	for (i = 1; i <= c->tupdesc->natts; i++)
		if (row_expression_reads(e, i) &&
			candidate_column(c, i, &value, &isnull) == CANDIDATE_UNKNOWN)
			return false;
	return true;
}

/* In the caller's memory. */
static Datum
eval_expr(Candidate *c, const RowExpression *e, bool *isnull)
{
	ExprContext *econtext = GetPerTupleExprContext(c->estate);

	econtext->ecxt_scantuple = c->slot;
	return ExecEvalExpr(e->state, econtext, isnull);
}

bool
candidate_generated(Candidate *c, AttrNumber attno, Datum *value, bool *isnull)
{
	const RowExpression *e = fill_of(c, attno);

	if (e->state == NULL || !is_known(c, e))
		return false;
	*value = eval_expr(c, e, isnull);
	return true;
}

CandidateValue
candidate_filling(Candidate *c, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(c->tupdesc, attno - 1);
	const RowExpression *e;

	if (att->attisdropped)
		return CANDIDATE_NOTHING;
	if (att->attidentity)
		return CANDIDATE_UNKNOWN;
	e = fill_of(c, attno);
	if (!e->exists)
		return CANDIDATE_NOTHING;
	return e->state == NULL || (att->attgenerated && !is_known(c, e)) ?
		CANDIDATE_UNKNOWN : CANDIDATE_MADE;
}

CandidateValue
candidate_column(Candidate *c, AttrNumber attno, Datum *value, bool *isnull)
{
	CandidateColumn *column = &c->columns[attno - 1];

	check_stack_depth();
	if (!column->asked)
	{
		*value = (Datum) 0;
		*isnull = true;
		column->how = c->given(c->arg, attno, value, isnull) ?
			CANDIDATE_GIVEN : candidate_filling(c, attno);
		if (column->how == CANDIDATE_MADE)
			*value = eval_expr(c, &column->fill, isnull);
		c->slot->tts_values[attno - 1] = *value;
		c->slot->tts_isnull[attno - 1] = *isnull;
		column->asked = true;
	}
	*value = c->slot->tts_values[attno - 1];
	*isnull = c->slot->tts_isnull[attno - 1];
	return column->how;
}

bool
candidate_is_touched(Candidate *c, AttrNumber attno)
{
	Datum		value;
	bool		isnull;
	int			i;

	if (candidate_column(c, attno, &value, &isnull) == CANDIDATE_GIVEN)
		return true;
	if (!TupleDescAttr(c->tupdesc, attno - 1)->attgenerated)
		return false;
	for (i = 1; i <= c->tupdesc->natts; i++)
		if (row_expression_reads(fill_of(c, attno), i) &&
			candidate_column(c, i, &value, &isnull) == CANDIDATE_GIVEN)
			return true;
	return false;
}

/* ----------
 * The key
 * ----------
 */

static CandidateIndex *
index_of(Candidate *c, Oid oid)
{
	MemoryContext oldcontext;
	CandidateIndex *index;
	Relation	rel;
	ListCell   *lc;
	int			i;

	foreach(lc, c->indexes)
		if (((CandidateIndex *) lfirst(lc))->oid == oid)
		return lfirst(lc);

	oldcontext = MemoryContextSwitchTo(c->context);
	index = palloc0(sizeof(CandidateIndex));
	index->oid = oid;
	rel = index_open(oid, AccessShareLock);
	index->info = BuildIndexInfo(rel);
	index_close(rel, NoLock);
	if (index->info->ii_Predicate)
	{
		pull_varattnos((Node *) index->info->ii_Predicate, 1,
					   &index->predicate_reads.columns);
		index->predicate = ExecPrepareQual(index->info->ii_Predicate, c->estate);
	}
	lc = list_head(index->info->ii_Expressions);
	for (i = 0; i < index->info->ii_NumIndexKeyAttrs; i++)
	{
		if (index->info->ii_IndexAttrNumbers[i] != InvalidAttrNumber)
			continue;
		pull_varattnos(lfirst(lc), 1, &index->parts[i].columns);
		lc = lnext(index->info->ii_Expressions, lc);
	}
	c->indexes = lappend(c->indexes, index);
	MemoryContextSwitchTo(oldcontext);
	return index;
}

int
candidate_key(Candidate *c, Oid oid, CandidatePart *parts, bool *covered)
{
	CandidateIndex *index = index_of(c, oid);
	int			n = index->info->ii_NumIndexKeyAttrs;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	bool		known = true;
	int			i;

	for (i = 0; i < n; i++)
	{
		parts[i].attno = index->info->ii_IndexAttrNumbers[i];
		if (parts[i].attno != InvalidAttrNumber)
		{
			parts[i].how = candidate_column(c, parts[i].attno, &values[i],
											&parts[i].isnull);
			continue;
		}
		parts[i].how = is_known(c, &index->parts[i]) ?
			CANDIDATE_MADE : CANDIDATE_UNKNOWN;
		parts[i].isnull = false;
		known = known && parts[i].how == CANDIDATE_MADE;
	}

	GetPerTupleExprContext(c->estate)->ecxt_scantuple = c->slot;
	*covered = true;
	if (index->predicate && is_known(c, &index->predicate_reads))
		*covered = ExecQual(index->predicate, GetPerTupleExprContext(c->estate));

	/*
	 * an expression may fail of rows that are not in the index, or of
	 * unknowns
	 */
	if (*covered && known && index->info->ii_Expressions)
	{
		FormIndexDatum(index->info, c->slot, c->estate, values, isnull);
		for (i = 0; i < n; i++)
			parts[i].isnull = isnull[i];
	}
	return n;
}
