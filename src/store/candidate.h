/*
 * candidate.h
 *		The row that would be inserted, as far as it is known before it is.
 */
#ifndef UPSERT_CANDIDATE_H
#define UPSERT_CANDIDATE_H

#include "access/attnum.h"
#include "nodes/bitmapset.h"
#include "nodes/nodes.h"
#include "utils/relcache.h"

struct ExprState;

/* An expression over the row. */
typedef struct RowExpression
{
	struct ExprState *state;	/* NULL: there is none, or it is volatile */
	bool		exists;
	Bitmapset  *columns;		/* that it reads, offset as usual */
} RowExpression;

/* Makes the expression ready, in the current memory context; NULL: none. */
extern void row_expression_make(RowExpression *e, Node *expr);

/* The same of what fills a column that nobody gives. */
extern void row_expression_of_column(RowExpression *e, Relation rel,
									 AttrNumber attno);

/*
 * Nothing fills the column: may its domain be NULL?  Errors: 23502 and 23514,
 * with the column in the context.
 */
extern void row_null_of_domain(Relation rel, AttrNumber attno);

/* What a generated column is computed of. */
extern Node *row_generation_expression(Relation rel, AttrNumber attno);

/* Does it read the column? */
extern bool row_expression_reads(const RowExpression *e, AttrNumber attno);

typedef struct Candidate Candidate;

/*
 * Is the column given?  Then its value, which lives as long as the row is
 * asked about.
 */
typedef bool (*CandidateGiven) (void *arg, AttrNumber attno, Datum *value,
								bool *isnull);

/* How a column, or a part of a key, comes to its value. */
typedef enum CandidateValue
{
	CANDIDATE_GIVEN,			/* by the caller */
	CANDIDATE_MADE,				/* by a default, or of other columns */
	CANDIDATE_NOTHING,			/* nothing fills it: NULL */
	CANDIDATE_UNKNOWN			/* only inserting it will tell */
} CandidateValue;

/* One part of an index's key. */
typedef struct CandidatePart
{
	AttrNumber	attno;			/* InvalidAttrNumber: an expression */
	CandidateValue how;
	bool		isnull;
} CandidatePart;

/*
 * For rows of this open relation.  Lives in the current memory context; keeps
 * no relation open.
 */
extern Candidate *candidate_make(Relation rel, CandidateGiven given, void *arg);

/* Another row is at hand: what "given" says is asked again. */
extern void candidate_next(Candidate *c);

/* How the column would come to its value if nobody gave it; never GIVEN. */
extern CandidateValue candidate_filling(Candidate *c, AttrNumber attno);

/*
 * A column of the row.  Errors: of the functions of defaults and generated
 * columns.  Values live as long as the current memory context and the
 * candidate.
 */
extern CandidateValue candidate_column(Candidate *c, AttrNumber attno,
									   Datum *value, bool *isnull);

/*
 * A generated column as it would be computed, also where one is given.  False
 * if that cannot be known.
 */
extern bool candidate_generated(Candidate *c, AttrNumber attno, Datum *value,
								bool *isnull);

/* Does what is given have a part in the column's value? */
extern bool candidate_is_touched(Candidate *c, AttrNumber attno);

/*
 * The key that the index would have of the row: parts has INDEX_MAX_KEYS; their
 * number.  *covered is false if the index's predicate does not hold, so that
 * it would not have the row at all; where it cannot be known it is true.
 * Expressions are evaluated (isnull) where the row is covered and what they
 * read is known, all of them.
 */
extern int	candidate_key(Candidate *c, Oid index, CandidatePart *parts,
						  bool *covered);

#endif							/* UPSERT_CANDIDATE_H */
