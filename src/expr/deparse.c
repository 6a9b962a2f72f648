/*
 * expr/deparse.c
 *		Tree to canonical text.
 *
 * One line, attribute names and strings in JSON's double quotes, so that a
 * constant expression prints as JSON; parentheses only where the tree would
 * not come back without them; names in back-ticks only where they must be.
 *
 * Each operator has a strength; an operand that is weaker than its place asks
 * for goes into parentheses:
 *
 *		1 ? :	2 ||	3 &&	4 == LIKE	5 IN	6 <		7 ..
 *		8 + -	9 * / %		10 ! -		11 call . []	12 names, constants
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"
#include "expr/node.h"
#include "expr/scan.h"
#include "expr/value.h"
#include "jsonb/doc.h"

#define STRENGTH_COND		1
#define STRENGTH_RANGE		7
#define STRENGTH_UNARY		10
#define STRENGTH_POSTFIX	11
#define STRENGTH_PRIMARY	12

static int	strength(const ExprNode *node);
static const char *operator_text(int op);
static char *numeric_text(Numeric number);
static void put_operand(const ExprNode *node, int least, StringInfo out);
static void put_name(const char *name, StringInfo out);
static void put_function(const char *name, StringInfo out);
static void put_list(const ExprNode *node, int first, StringInfo out);
static void put_options(const ExprNode *options, StringInfo out);
static void put_quantified(const ExprNode *node, StringInfo out);
static void put_expand(const ExprNode *node, StringInfo out);
static void put_question(const ExprNode *node, StringInfo out);
static void put_aggregate(const ExprNode *part, StringInfo out);
static void put_window(const ExprNode *node, StringInfo out);
static void put_traversal(const ExprNode *node, StringInfo out);
static void put_collect(const ExprNode *node, StringInfo out);
static void put_clause(const ExprNode *node, StringInfo out);

static int
strength(const ExprNode *node)
{
	switch (node->tag)
	{
		case EXPR_COND:
		case EXPR_QUANTIFIED:
			return STRENGTH_COND;
		case EXPR_UNARY:
			return STRENGTH_UNARY;
		case EXPR_CONST:
			/* 1.a and "x".a want parentheses */
			return STRENGTH_UNARY;
		case EXPR_BINARY:
			break;
		default:
			return STRENGTH_PRIMARY;
	}
	switch ((ExprOp) node->op)
	{
		case EXPR_OP_OR:
			return 2;
		case EXPR_OP_AND:
			return 3;
		case EXPR_OP_EQ:
		case EXPR_OP_NE:
		case EXPR_OP_LIKE:
		case EXPR_OP_NOT_LIKE:
		case EXPR_OP_MATCH:
		case EXPR_OP_NOT_MATCH:
			return 4;
		case EXPR_OP_IN:
		case EXPR_OP_NOT_IN:
			return 5;
		case EXPR_OP_LT:
		case EXPR_OP_LE:
		case EXPR_OP_GT:
		case EXPR_OP_GE:
			return 6;
		case EXPR_OP_RANGE:
			return STRENGTH_RANGE;
		case EXPR_OP_ADD:
		case EXPR_OP_SUB:
			return 8;
		default:
			return 9;
	}
}

static const char *
operator_text(int op)
{
	switch ((ExprOp) op)
	{
		case EXPR_OP_OR:
			return " || ";
		case EXPR_OP_AND:
			return " && ";
		case EXPR_OP_EQ:
			return " == ";
		case EXPR_OP_NE:
			return " != ";
		case EXPR_OP_LIKE:
			return " LIKE ";
		case EXPR_OP_NOT_LIKE:
			return " NOT LIKE ";
		case EXPR_OP_MATCH:
			return " =~ ";
		case EXPR_OP_NOT_MATCH:
			return " !~ ";
		case EXPR_OP_IN:
			return " IN ";
		case EXPR_OP_NOT_IN:
			return " NOT IN ";
		case EXPR_OP_LT:
			return " < ";
		case EXPR_OP_LE:
			return " <= ";
		case EXPR_OP_GT:
			return " > ";
		case EXPR_OP_GE:
			return " >= ";
		case EXPR_OP_RANGE:
			return "..";
		case EXPR_OP_ADD:
			return " + ";
		case EXPR_OP_SUB:
			return " - ";
		case EXPR_OP_MUL:
			return " * ";
		case EXPR_OP_DIV:
			return " / ";
		case EXPR_OP_MOD:
			return " % ";
		case EXPR_OP_NOT:
			return "!";
		case EXPR_OP_NEGATE:
			return "-";
		case EXPR_OP_PLUS:
			return "+";
	}
	elog(ERROR, "unrecognized operator: %d", op);
	return NULL;				/* keep the compiler quiet */
}

/* A number with all its digits: 1.50 stays 1.50. */
static char *
numeric_text(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(number)));
}

/* An operand, in parentheses if it is weaker than "least". */
static void
put_operand(const ExprNode *node, int least, StringInfo out)
{
	bool		parens = strength(node) < least;

	if (parens)
		appendStringInfoChar(out, '(');
	expr_deparse(node, out);
	if (parens)
		appendStringInfoChar(out, ')');
}

/* A name as an identifier. */
static void
put_name(const char *name, StringInfo out)
{
	if (expr_is_plain_name(name))
	{
		appendStringInfoString(out, name);
		return;
	}
	appendStringInfoChar(out, '`');
	for (const char *p = name; *p; p++)
	{
		if (*p == '`' || *p == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, *p);
	}
	appendStringInfoChar(out, '`');
}

/* A function's name: in any case, so in upper case. */
static void
put_function(const char *name, StringInfo out)
{
	char	   *upper = pstrdup(name);

	for (char *p = upper; *p; p++)
		*p = pg_ascii_toupper((unsigned char) *p);
	if (strcmp(upper, "LIKE") == 0 || strstr(upper, "::") != NULL)
		appendStringInfoString(out, upper);
	else
		put_name(upper, out);
}

static void
put_list(const ExprNode *node, int first, StringInfo out)
{
	for (int i = first; i < node->nargs; i++)
	{
		if (i > first)
			appendStringInfoString(out, ", ");
		expr_deparse(node->args[i], out);
	}
}

static void
put_options(const ExprNode *options, StringInfo out)
{
	if (options->tag == EXPR_NONE)
		return;
	appendStringInfoString(out, " OPTIONS ");
	expr_deparse(options, out);
}

/* Of array comparisons and [? ]: the count is the third argument of both. */
static void
put_quantifier(const ExprNode *node, StringInfo out)
{
	switch ((ExprQuantifier) node->flags)
	{
		case EXPR_ALL:
			appendStringInfoString(out, " ALL");
			break;
		case EXPR_ANY:
			appendStringInfoString(out, " ANY");
			break;
		case EXPR_NO:
			appendStringInfoString(out, " NONE");
			break;
		case EXPR_AT_LEAST:
			appendStringInfoString(out, " AT LEAST (");
			expr_deparse(node->args[2], out);
			appendStringInfoChar(out, ')');
			break;
	}
}

static void
put_quantified(const ExprNode *node, StringInfo out)
{
	put_operand(node->args[0], STRENGTH_RANGE, out);
	put_quantifier(node, out);
	appendStringInfoString(out, operator_text(node->op));
	put_operand(node->args[1], STRENGTH_RANGE, out);
}

/*
 * base[* inline clauses]tail; the tail's EXPR_ELEMENT prints as nothing.
 */
static void
put_expand(const ExprNode *node, StringInfo out)
{
	if (node->flags)
		appendStringInfoChar(out, '(');
	put_operand(node->args[0], STRENGTH_POSTFIX, out);
	appendStringInfoChar(out, '[');
	for (int i = 0; i < node->op; i++)
		appendStringInfoChar(out, '*');
	if (node->args[1]->tag != EXPR_NONE)
	{
		appendStringInfoString(out, " FILTER ");
		expr_deparse(node->args[1], out);
	}
	if (node->args[3]->tag != EXPR_NONE)
	{
		appendStringInfoString(out, " LIMIT ");
		if (node->args[2]->tag != EXPR_NONE)
		{
			expr_deparse(node->args[2], out);
			appendStringInfoString(out, ", ");
		}
		expr_deparse(node->args[3], out);
	}
	if (node->args[4]->tag != EXPR_NONE)
	{
		appendStringInfoString(out, " RETURN ");
		expr_deparse(node->args[4], out);
	}
	appendStringInfoChar(out, ']');
	expr_deparse(node->args[5], out);
	if (node->flags)
		appendStringInfoChar(out, ')');
}

static void
put_question(const ExprNode *node, StringInfo out)
{
	put_operand(node->args[0], STRENGTH_POSTFIX, out);
	appendStringInfoString(out, "[?");
	if (node->args[1]->tag != EXPR_NONE)
	{
		switch (node->flags)
		{
			case EXPR_ANY:
				break;
			case EXPR_ALL:
			case EXPR_NO:
			case EXPR_AT_LEAST:
				put_quantifier(node, out);
				break;
			default:
				appendStringInfoChar(out, ' ');
				expr_deparse(node->args[2], out);
				break;
		}
		appendStringInfoString(out, " FILTER ");
		expr_deparse(node->args[1], out);
	}
	appendStringInfoChar(out, ']');
}

void
expr_deparse(const ExprNode *node, StringInfo out)
{
	check_stack_depth();
	switch ((ExprTag) node->tag)
	{
		case EXPR_NONE:
		case EXPR_ELEMENT:
			break;
		case EXPR_CONST:
			if (node->value->type == jbvNumeric)
				appendStringInfoString(out, numeric_text(node->value->val.numeric));
			else
				value_to_json(node->value, out);
			break;
		case EXPR_REF:
		case EXPR_COLLECTION:
			put_name(node->name, out);
			break;
		case EXPR_PARAM:
			appendStringInfo(out, "@%s", node->name);
			break;
		case EXPR_COLLECTION_PARAM:
			appendStringInfo(out, "@@%s", node->name);
			break;
		case EXPR_ARRAY:
			appendStringInfoChar(out, '[');
			put_list(node, 0, out);
			appendStringInfoChar(out, ']');
			break;
		case EXPR_OBJECT:
			appendStringInfoChar(out, '{');
			put_list(node, 0, out);
			appendStringInfoChar(out, '}');
			break;
		case EXPR_PROP:
			if (node->args[0]->tag == EXPR_REF && node->args[0]->flags)
			{
				put_name(node->name, out);
				break;
			}
			doc_append_string(out, node->name, node->name_len);
			appendStringInfoString(out, ": ");
			expr_deparse(node->args[0], out);
			break;
		case EXPR_PROP_COMPUTED:
			appendStringInfoChar(out, '[');
			expr_deparse(node->args[0], out);
			appendStringInfoString(out, "]: ");
			expr_deparse(node->args[1], out);
			break;
		case EXPR_ATTR:
			put_operand(node->args[0], STRENGTH_POSTFIX, out);
			appendStringInfoChar(out, '.');
			put_name(node->name, out);
			break;
		case EXPR_ATTR_PARAM:
			put_operand(node->args[0], STRENGTH_POSTFIX, out);
			appendStringInfoChar(out, '.');
			expr_deparse(node->args[1], out);
			break;
		case EXPR_INDEX:
			put_operand(node->args[0], STRENGTH_POSTFIX, out);
			appendStringInfoChar(out, '[');
			expr_deparse(node->args[1], out);
			appendStringInfoChar(out, ']');
			break;
		case EXPR_EXPAND:
			put_expand(node, out);
			break;
		case EXPR_QUESTION:
			put_question(node, out);
			break;
		case EXPR_UNARY:
			appendStringInfoString(out, operator_text(node->op));
			put_operand(node->args[0], STRENGTH_UNARY, out);
			break;
		case EXPR_BINARY:
			put_operand(node->args[0], strength(node), out);
			appendStringInfoString(out, operator_text(node->op));
			put_operand(node->args[1], strength(node) + 1, out);
			break;
		case EXPR_QUANTIFIED:
			put_quantified(node, out);
			break;
		case EXPR_COND:
			put_operand(node->args[0], STRENGTH_COND + 1, out);
			appendStringInfoString(out, " ? ");
			if (node->args[1]->tag != EXPR_NONE)
			{
				put_operand(node->args[1], STRENGTH_COND + 1, out);
				appendStringInfoChar(out, ' ');
			}
			appendStringInfoString(out, ": ");
			put_operand(node->args[2], STRENGTH_COND + 1, out);
			break;
		case EXPR_CALL:
			put_function(node->name, out);
			appendStringInfoChar(out, '(');
			put_list(node, 0, out);
			appendStringInfoChar(out, ')');
			break;
		case EXPR_SUBQUERY:
			appendStringInfoChar(out, '(');
			expr_deparse(node->args[0], out);
			appendStringInfoChar(out, ')');
			break;
		case EXPR_QUERY:
			for (int i = 0; i < node->nargs; i++)
			{
				if (i > 0)
					appendStringInfoChar(out, ' ');
				put_clause(node->args[i], out);
			}
			break;
		default:
			put_clause(node, out);
			break;
	}
}

/* One clause of a query. */
static void
put_clause(const ExprNode *node, StringInfo out)
{
	switch ((ExprTag) node->tag)
	{
		case EXPR_WITH:
			appendStringInfoString(out, "WITH ");
			put_list(node, 0, out);
			break;
		case EXPR_FOR:
			appendStringInfoString(out, "FOR ");
			put_name(node->name, out);
			appendStringInfoString(out, " IN ");
			expr_deparse(node->args[0], out);
			put_options(node->args[1], out);
			break;
		case EXPR_TRAVERSAL:
			put_traversal(node, out);
			break;
		case EXPR_WINDOW:
			put_window(node, out);
			break;
		case EXPR_LET:
			appendStringInfoString(out, "LET ");
			put_name(node->name, out);
			appendStringInfoString(out, " = ");
			expr_deparse(node->args[0], out);
			break;
		case EXPR_FILTER:
			appendStringInfoString(out, "FILTER ");
			expr_deparse(node->args[0], out);
			break;
		case EXPR_SORT:
			appendStringInfoString(out, "SORT ");
			put_list(node, 0, out);
			break;
		case EXPR_SORT_KEY:
			expr_deparse(node->args[0], out);
			if (node->flags)
				appendStringInfoString(out, " DESC");
			break;
		case EXPR_LIMIT:
			appendStringInfoString(out, "LIMIT ");
			if (node->args[0]->tag != EXPR_NONE)
			{
				expr_deparse(node->args[0], out);
				appendStringInfoString(out, ", ");
			}
			expr_deparse(node->args[1], out);
			break;
		case EXPR_COLLECT:
			put_collect(node, out);
			break;
		case EXPR_RETURN:
			appendStringInfoString(out, "RETURN ");
			if (node->flags)
				appendStringInfoString(out, "DISTINCT ");
			expr_deparse(node->args[0], out);
			break;
		case EXPR_INSERT:
		case EXPR_REMOVE:
			appendStringInfoString(out, node->tag == EXPR_INSERT ?
								   "INSERT " : "REMOVE ");
			expr_deparse(node->args[0], out);
			appendStringInfoString(out, " IN ");
			expr_deparse(node->args[1], out);
			put_options(node->args[2], out);
			break;
		case EXPR_UPDATE:
		case EXPR_REPLACE:
			appendStringInfoString(out, node->tag == EXPR_UPDATE ?
								   "UPDATE " : "REPLACE ");
			if (node->args[0]->tag != EXPR_NONE)
			{
				expr_deparse(node->args[0], out);
				appendStringInfoString(out, " WITH ");
			}
			expr_deparse(node->args[1], out);
			appendStringInfoString(out, " IN ");
			expr_deparse(node->args[2], out);
			put_options(node->args[3], out);
			break;
		case EXPR_UPSERT:
			appendStringInfoString(out, "UPSERT ");
			expr_deparse(node->args[EXPR_UPSERT_SEARCH], out);
			appendStringInfoString(out, " INSERT ");
			expr_deparse(node->args[EXPR_UPSERT_INSERT], out);
			appendStringInfoString(out, node->flags ? " REPLACE " : " UPDATE ");
			expr_deparse(node->args[EXPR_UPSERT_UPDATE], out);
			appendStringInfoString(out, " IN ");
			expr_deparse(node->args[EXPR_UPSERT_COLLECTION], out);
			put_options(node->args[EXPR_UPSERT_OPTIONS], out);
			break;
		default:
			elog(ERROR, "unrecognized node: %d", (int) node->tag);
	}
}

static void
put_aggregate(const ExprNode *part, StringInfo out)
{
	put_name(part->name, out);
	appendStringInfoString(out, " = ");
	expr_deparse(part->args[0], out);
}

static void
put_window(const ExprNode *node, StringInfo out)
{
	appendStringInfoString(out, "WINDOW ");
	if (node->args[0]->tag != EXPR_NONE)
	{
		expr_deparse(node->args[0], out);
		appendStringInfoString(out, " WITH ");
	}
	expr_deparse(node->args[1], out);
	for (int i = 2; i < node->nargs; i++)
	{
		appendStringInfoString(out, i == 2 ? " AGGREGATE " : ", ");
		put_aggregate(node->args[i], out);
	}
}

static const char *
direction_text(int direction)
{
	return direction == EXPR_OUTBOUND ? "OUTBOUND " :
		direction == EXPR_INBOUND ? "INBOUND " :
		direction == EXPR_EITHER ? "ANY " : "";
}

static void
put_traversal(const ExprNode *node, StringInfo out)
{
	const ExprNode *prune = node->args[EXPR_TRAVERSAL_PRUNE];

	appendStringInfoString(out, "FOR ");
	put_name(node->name, out);
	for (int i = EXPR_TRAVERSAL_EDGE; i <= EXPR_TRAVERSAL_PATH; i++)
	{
		if (node->args[i]->tag == EXPR_NONE)
			break;
		appendStringInfoString(out, ", ");
		put_name(node->args[i]->name, out);
	}
	appendStringInfoString(out, " IN ");
	if (node->args[EXPR_TRAVERSAL_DEPTH]->tag != EXPR_NONE)
	{
		put_operand(node->args[EXPR_TRAVERSAL_DEPTH], STRENGTH_RANGE, out);
		appendStringInfoChar(out, ' ');
	}
	appendStringInfoString(out, direction_text(node->op));
	put_operand(node->args[EXPR_TRAVERSAL_START], STRENGTH_RANGE, out);
	for (int i = EXPR_TRAVERSAL_PARTS; i < node->nargs; i++)
	{
		appendStringInfoString(out, i == EXPR_TRAVERSAL_PARTS ? " " : ", ");
		appendStringInfoString(out, direction_text(node->args[i]->op));
		expr_deparse(node->args[i]->args[0], out);
	}
	if (prune->tag != EXPR_NONE)
	{
		appendStringInfoString(out, " PRUNE ");
		if (prune->name)
		{
			put_name(prune->name, out);
			appendStringInfoString(out, " = ");
		}
		expr_deparse(prune->args[0], out);
	}
	put_options(node->args[EXPR_TRAVERSAL_OPTIONS], out);
}

/*
 * COLLECT's parts: groups and aggregates come in runs with commas.
 */
static void
put_collect(const ExprNode *node, StringInfo out)
{
	int			previous = EXPR_NONE;

	appendStringInfoString(out, "COLLECT");
	for (int i = 0; i < node->nargs; i++)
	{
		const ExprNode *part = node->args[i];

		if (part->tag == previous)
			appendStringInfoChar(out, ',');
		appendStringInfoChar(out, ' ');
		switch ((ExprTag) part->tag)
		{
			case EXPR_COLLECT_AGGREGATE:
				if (part->tag != previous)
					appendStringInfoString(out, "AGGREGATE ");
				pg_fallthrough;
			case EXPR_COLLECT_GROUP:
				put_aggregate(part, out);
				break;
			case EXPR_COLLECT_INTO:
				appendStringInfoString(out, "INTO ");
				put_name(part->name, out);
				if (part->args[0]->tag != EXPR_NONE)
				{
					appendStringInfoString(out, " = ");
					expr_deparse(part->args[0], out);
				}
				break;
			case EXPR_COLLECT_COUNT:
				appendStringInfoString(out, "WITH COUNT INTO ");
				put_name(part->name, out);
				break;
			case EXPR_COLLECT_KEEP:
				if (part->tag != previous)
					appendStringInfoString(out, "KEEP ");
				expr_deparse(part->args[0], out);
				break;
			default:
				appendStringInfoString(out, "OPTIONS ");
				expr_deparse(part->args[0], out);
				break;
		}
		previous = part->tag;
	}
}
