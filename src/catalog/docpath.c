/*
 * docpath.c
 *		Columns and index expressions that stand for an attribute.
 *
 *		doc -> 'a', doc ->> 'a', doc #> '{a,b}', doc #>> '{a,b}'
 *		CASE WHEN x = 'null' THEN NULL ELSE x END, of one of these
 *
 * The latter makes NULL of JSON's null, as create_collection()'s unique
 * attributes do.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "catalog/docpath.h"

/*
 * x of CASE WHEN x = 'null' THEN NULL ELSE x END, which makes SQL's NULL of
 * JSON's; NULL for any other CASE.
 */
static Node *
without_null_case(CaseExpr *expr)
{
	Node	   *result = (Node *) expr->defresult;
	CaseWhen   *when = linitial_node(CaseWhen, expr->args);
	OpExpr	   *condition = (OpExpr *) when->expr;

	if (expr->arg != NULL || list_length(expr->args) != 1 ||
		!IsA(when->result, Const) || !((Const *) when->result)->constisnull ||
		!IsA(condition, OpExpr) || get_opcode(condition->opno) != F_JSONB_EQ ||
		!equal(linitial(condition->args), result))
		return NULL;
	return result;
}

List *
document_path(Node *expr, AttrNumber doc, bool *as_text)
{
	OpExpr	   *op;
	Node	   *base;
	Node	   *argument;
	Const	   *constant;
	List	   *path = NIL;

	if (expr == NULL)
		return NIL;
	if (IsA(expr, CaseExpr))
		expr = without_null_case((CaseExpr *) expr);
	if (expr == NULL || !IsA(expr, OpExpr))
		return NIL;
	op = (OpExpr *) expr;
	if (list_length(op->args) != 2)
		return NIL;
	base = linitial(op->args);
	argument = lsecond(op->args);
	if (!IsA(base, Var) || ((Var *) base)->varattno != doc ||
		!IsA(argument, Const) || ((Const *) argument)->constisnull)
		return NIL;
	constant = (Const *) argument;

	switch (get_opcode(op->opno))
	{
		case F_JSONB_OBJECT_FIELD:
		case F_JSONB_OBJECT_FIELD_TEXT:
			*as_text = get_opcode(op->opno) == F_JSONB_OBJECT_FIELD_TEXT;
			return list_make1(TextDatumGetCString(constant->constvalue));
		case F_JSONB_EXTRACT_PATH:
		case F_JSONB_EXTRACT_PATH_TEXT:
			{
				Datum	   *names;
				bool	   *nulls;
				int			count;

				*as_text = get_opcode(op->opno) == F_JSONB_EXTRACT_PATH_TEXT;
				deconstruct_array(DatumGetArrayTypeP(constant->constvalue),
								  TEXTOID, -1, false, TYPALIGN_INT, &names,
								  &nulls, &count);
				for (int i = 0; i < count; i++)
				{
					if (nulls[i])
						return NIL;
					path = lappend(path, TextDatumGetCString(names[i]));
				}
				return path;
			}
		default:
			return NIL;
	}
}
