/*
 * expr/eval.c
 *		Evaluates code: one function per kind of node.
 *
 * Each function computes its parts by expr_run() and puts its value into
 * *result, allocated in the current memory context or borrowed from its
 * parts.  Nothing here looks at names or trees; whatever could be settled
 * when compiling, is.  The semantics of single values are expr/value.h's.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "expr/compile.h"
#include "expr/error.h"
#include "expr/value.h"

/* a range as a value has at most this many elements */
#define MAX_RANGE	10000000

/* arguments of a call that fit on the stack */
#define FEW_ARGUMENTS	8

static void eval_const(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_slot(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_param(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_array(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_object(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_attr(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_attr_param(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_index(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_expand(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_not(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_sign(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_and(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_or(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_compare(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_arithmetic(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_pattern(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_range(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_quantified(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_question(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_cond(const ExprCode *code, ExprFrame *frame, JsonbValue *result);
static void eval_call(const ExprCode *code, ExprFrame *frame, JsonbValue *result);

static bool compare(int op, const JsonbValue *left, const JsonbValue *right);
static bool contains(const JsonbValue *array, const JsonbValue *value);
static void access_by(const JsonbValue *base, const JsonbValue *index,
					  JsonbValue *result);
static void expand_elements(const ExprCode *code, ExprFrame *frame,
							const JsonbValue *array, int levels, int64 *skip,
							int64 *rest, ValueBuilder *builder);
static int64 limit_value(const ExprCode *code, ExprFrame *frame,
						 int64 absent);

ExprEvaluate
expr_evaluator(const ExprNode *node)
{
	switch ((ExprTag) node->tag)
	{
		case EXPR_CONST:
			return eval_const;
		case EXPR_REF:
		case EXPR_ELEMENT:
			return eval_slot;
		case EXPR_PARAM:
			return eval_param;
		case EXPR_ARRAY:
			return eval_array;
		case EXPR_OBJECT:
			return eval_object;
		case EXPR_ATTR:
			return eval_attr;
		case EXPR_ATTR_PARAM:
			return eval_attr_param;
		case EXPR_INDEX:
			return eval_index;
		case EXPR_EXPAND:
			return eval_expand;
		case EXPR_UNARY:
			return node->op == EXPR_OP_NOT ? eval_not : eval_sign;
		case EXPR_QUANTIFIED:
			return eval_quantified;
		case EXPR_QUESTION:
			return eval_question;
		case EXPR_COND:
			return eval_cond;
		case EXPR_CALL:
			return eval_call;
		case EXPR_BINARY:
			break;
		default:
			/* properties are their object's business, the rest the host's */
			return NULL;
	}
	switch ((ExprOp) node->op)
	{
		case EXPR_OP_OR:
			return eval_or;
		case EXPR_OP_AND:
			return eval_and;
		case EXPR_OP_LIKE:
		case EXPR_OP_NOT_LIKE:
		case EXPR_OP_MATCH:
		case EXPR_OP_NOT_MATCH:
			return eval_pattern;
		case EXPR_OP_RANGE:
			return eval_range;
		case EXPR_OP_ADD:
		case EXPR_OP_SUB:
		case EXPR_OP_MUL:
		case EXPR_OP_DIV:
		case EXPR_OP_MOD:
			return eval_arithmetic;
		default:
			return eval_compare;
	}
}

static void
eval_const(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	*result = code->value;
}

static void
eval_slot(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	*result = frame->slots[code->slot];
}

static void
eval_param(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	*result = frame->params[code->slot];
}

static void
eval_array(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	ValueBuilder builder;
	JsonbValue	value;

	check_stack_depth();
	value_array_begin(&builder);
	for (int i = 0; i < code->nargs; i++)
	{
		expr_run(code->args[i], frame, &value);
		value_array_add(&builder, &value);
	}
	value_array_finish(&builder, result);
}

/* Is it a bind parameter that nothing was given for? */
static bool
is_absent(const ExprCode *code, const ExprFrame *frame)
{
	return code->evaluate == eval_param && bms_is_member(code->slot, frame->absent);
}

/*
 * Of several attributes with the same name the first one wins.
 */
static void
eval_object(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	ValueBuilder builder;
	JsonbValue	value;

	check_stack_depth();
	value_object_begin(&builder);
	for (int i = 0; i < code->nargs; i++)
	{
		const ExprCode *property = code->args[i];

		if (frame->absent != NULL && is_absent(property->args[property->nargs - 1], frame))
			continue;
		if (property->nargs == 1)
		{
			expr_run(property->args[0], frame, &value);
			value_object_put(&builder, property->name, property->name_len,
							 &value);
		}
		else
		{
			JsonbValue	name;
			StringInfoData text;

			expr_run(property->args[0], frame, &name);
			initStringInfo(&text);
			value_to_string(&name, &text);
			expr_run(property->args[1], frame, &value);
			value_object_put(&builder, text.data, text.len, &value);
		}
	}
	value_object_finish(&builder, true, result);
}

static void
eval_attr(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	base;

	check_stack_depth();
	expr_run(code->args[0], frame, &base);
	value_attribute(&base, code->name, code->name_len, result);
}

/*
 * base.@param: a name, or an array of names that is a path.
 */
static void
eval_attr_param(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	base;
	JsonbValue	path;
	JsonbValue	name;
	ValueIter	it;

	expr_run(code->args[0], frame, &base);
	expr_run(code->args[1], frame, &path);
	if (path.type == jbvString)
	{
		value_attribute(&base, path.val.string.val, path.val.string.len,
						result);
		return;
	}
	if (value_type(&path) != VALUE_ARRAY)
		expr_error(EXPR_ERR_BIND_TYPE,
				   "bind parameter used as attribute name must be a string or an array of strings");
	*result = base;
	value_iter_init(&it, &path);
	while (value_iter_next(&it, NULL, &name))
	{
		if (name.type != jbvString)
			expr_error(EXPR_ERR_BIND_TYPE,
					   "bind parameter used as attribute name must be a string or an array of strings");
		base = *result;
		value_attribute(&base, name.val.string.val, name.val.string.len,
						result);
	}
}

static void
eval_index(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	base;
	JsonbValue	index;

	check_stack_depth();
	expr_run(code->args[0], frame, &base);
	expr_run(code->args[1], frame, &index);
	access_by(&base, &index, result);
}

/*
 * base[index]: arrays by number or numeric string, objects by the index's
 * text; null for all else.
 */
static void
access_by(const JsonbValue *base, const JsonbValue *index, JsonbValue *result)
{
	ValueType	type = value_type(base);

	value_set_null(result);
	if (type == VALUE_ARRAY)
	{
		Numeric		number;

		if (index->type == jbvNumeric ||
			(index->type == jbvString &&
			 number_parse(index->val.string.val, index->val.string.len,
						  &number)))
			value_index(base, value_to_int64(index), result);
	}
	else if (type == VALUE_OBJECT)
	{
		if (index->type == jbvString)
			value_attribute(base, index->val.string.val,
							index->val.string.len, result);
		else if (index->type == jbvNumeric)
		{
			StringInfoData text;

			initStringInfo(&text);
			value_to_string(index, &text);
			value_attribute(base, text.data, text.len, result);
		}
	}
}

/*
 * base[* FILTER f LIMIT o, n RETURN r]tail.  With more stars, arrays inside
 * the array are flattened first, one level for each star.
 */
static void
eval_expand(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	ValueBuilder builder;
	JsonbValue	base;
	int64		skip;
	int64		rest;

	check_stack_depth();
	expr_run(code->args[0], frame, &base);
	value_array_begin(&builder);
	skip = limit_value(code->args[2], frame, 0);
	rest = limit_value(code->args[3], frame, PG_INT64_MAX);
	expand_elements(code, frame, &base, code->op, &skip, &rest, &builder);
	value_array_finish(&builder, result);
}

static void
expand_elements(const ExprCode *code, ExprFrame *frame, const JsonbValue *array,
				int levels, int64 *skip, int64 *rest, ValueBuilder *builder)
{
	ValueIter	it;
	JsonbValue	element;
	JsonbValue *current = expr_own_slot(frame, code->owner, code->slot);
	JsonbValue *tail = expr_own_slot(frame, code->owner, code->slot + 1);

	check_stack_depth();
	if (value_type(array) != VALUE_ARRAY)
		return;
	value_iter_init(&it, array);
	while (*rest > 0 && value_iter_next(&it, NULL, &element))
	{
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		if (levels > 1 && value_type(&element) == VALUE_ARRAY)
		{
			expand_elements(code, frame, &element, levels - 1, skip, rest,
							builder);
			continue;
		}
		*current = element;
		if (code->args[1])
		{
			expr_run(code->args[1], frame, &value);
			if (!value_truthy(&value))
				continue;
		}
		if (*skip > 0)
		{
			(*skip)--;
			continue;
		}
		(*rest)--;
		if (code->args[4])
		{
			expr_run(code->args[4], frame, &value);
			element = value;
		}
		if (code->args[5])
		{
			*tail = element;
			expr_run(code->args[5], frame, &element);
		}
		value_array_add(builder, &element);
	}
}

static int64
limit_value(const ExprCode *code, ExprFrame *frame, int64 absent)
{
	JsonbValue	value;

	if (code == NULL)
		return absent;
	expr_run(code, frame, &value);
	return value_to_int64(&value);
}

static void
eval_not(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	value;

	check_stack_depth();
	expr_run(code->args[0], frame, &value);
	value_set_bool(result, !value_truthy(&value));
}

static void
eval_sign(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	value;

	check_stack_depth();
	expr_run(code->args[0], frame, &value);
	if (code->op == EXPR_OP_NEGATE)
		value_negate(&value, result);
	else
		value_plus(&value, result);
}

/* && and || give one of their operands, and the right one only if needed. */
static void
eval_and(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	check_stack_depth();
	expr_run(code->args[0], frame, result);
	if (value_truthy(result))
		expr_run(code->args[1], frame, result);
}

static void
eval_or(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	check_stack_depth();
	expr_run(code->args[0], frame, result);
	if (!value_truthy(result))
		expr_run(code->args[1], frame, result);
}

static void
eval_compare(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	left;
	JsonbValue	right;

	check_stack_depth();
	expr_run(code->args[0], frame, &left);
	expr_run(code->args[1], frame, &right);
	value_set_bool(result, compare(code->op, &left, &right));
}

static bool
compare(int op, const JsonbValue *left, const JsonbValue *right)
{
	switch ((ExprOp) op)
	{
		case EXPR_OP_EQ:
			return value_equal(left, right);
		case EXPR_OP_NE:
			return !value_equal(left, right);
		case EXPR_OP_LT:
			return value_compare(left, right) < 0;
		case EXPR_OP_LE:
			return value_compare(left, right) <= 0;
		case EXPR_OP_GT:
			return value_compare(left, right) > 0;
		case EXPR_OP_GE:
			return value_compare(left, right) >= 0;
		case EXPR_OP_IN:
			return contains(right, left);
		case EXPR_OP_NOT_IN:
			/* not the opposite of IN where there is no array */
			return value_type(right) == VALUE_ARRAY && !contains(right, left);
		default:
			elog(ERROR, "unrecognized comparison: %d", op);
			return false;		/* keep the compiler quiet */
	}
}

static bool
contains(const JsonbValue *array, const JsonbValue *value)
{
	ValueIter	it;
	JsonbValue	element;

	if (value_type(array) != VALUE_ARRAY)
		return false;
	value_iter_init(&it, array);
	while (value_iter_next(&it, NULL, &element))
	{
		CHECK_FOR_INTERRUPTS();
		if (value_equal(&element, value))
			return true;
	}
	return false;
}

static void
eval_arithmetic(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	left;
	JsonbValue	right;
	bool		ok = true;

	check_stack_depth();
	expr_run(code->args[0], frame, &left);
	expr_run(code->args[1], frame, &right);
	switch ((ExprOp) code->op)
	{
		case EXPR_OP_ADD:
			value_add(&left, &right, result);
			break;
		case EXPR_OP_SUB:
			value_sub(&left, &right, result);
			break;
		case EXPR_OP_MUL:
			value_mul(&left, &right, result);
			break;
		case EXPR_OP_DIV:
			ok = value_div(&left, &right, result);
			break;
		default:
			ok = value_mod(&left, &right, result);
			break;
	}
	if (!ok)
		frame->warn(frame->warn_arg, EXPR_ERR_DIVISION_BY_ZERO,
					"division by zero");
}

/*
 * LIKE, =~ and their opposites are functions in the shape of operators.
 */
static void
eval_pattern(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	bool		like = code->op == EXPR_OP_LIKE || code->op == EXPR_OP_NOT_LIKE;
	const char *name = like ? "LIKE" : "REGEX_TEST";
	const ExprFunctionDef *function;
	JsonbValue	args[2];
	ExprCall	call;

	check_stack_depth();
	function = expr_function_lookup(name, strlen(name));
	if (function == NULL)
		elog(ERROR, "function %s is not there", name);
	expr_run(code->args[0], frame, &args[0]);
	expr_run(code->args[1], frame, &args[1]);
	call.name = function->name;
	call.nargs = 2;
	call.args = args;
	call.warn = frame->warn;
	call.warn_arg = frame->warn_arg;
	function->fn(&call, result);
	if (code->op == EXPR_OP_NOT_LIKE || code->op == EXPR_OP_NOT_MATCH)
		value_set_bool(result, !value_truthy(result));
}

static void
eval_range(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	ValueBuilder builder;
	JsonbValue	value;
	int64		from;
	int64		to;
	uint64		distance;

	expr_run(code->args[0], frame, &value);
	from = value_to_int64(&value);
	expr_run(code->args[1], frame, &value);
	to = value_to_int64(&value);
	distance = from <= to ? (uint64) to - (uint64) from :
		(uint64) from - (uint64) to;
	if (distance >= MAX_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("range is too large for an array"),
				 errdetail("errorNum 32"),
				 errhint("A FOR loop over the range has no such limit.")));
	value_array_begin(&builder);
	for (uint64 i = 0; i <= distance; i++)
	{
		CHECK_FOR_INTERRUPTS();
		value_set_int64(&value, from <= to ? from + (int64) i :
						from - (int64) i);
		value_array_add(&builder, &value);
	}
	value_array_finish(&builder, result);
}

/*
 * array ALL|ANY|NONE|AT LEAST(n) op value: how many elements compare so?
 * False where the left side is no array.
 */
static void
eval_quantified(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	left;
	JsonbValue	right;
	JsonbValue	element;
	JsonbValue	number;
	int64		least = 0;
	int64		matches = 0;
	int64		misses = 0;

	check_stack_depth();
	expr_run(code->args[0], frame, &left);
	expr_run(code->args[1], frame, &right);
	if (code->args[2])
	{
		expr_run(code->args[2], frame, &number);
		least = value_to_int64(&number);
	}
	value_set_bool(result, false);
	if (value_type(&left) != VALUE_ARRAY)
		return;
	value_iter_init(&it, &left);
	while (value_iter_next(&it, NULL, &element))
	{
		CHECK_FOR_INTERRUPTS();
		if (compare(code->op, &element, &right))
			matches++;
		else
			misses++;
	}
	switch ((ExprQuantifier) code->flags)
	{
		case EXPR_ALL:
			value_set_bool(result, misses == 0);
			break;
		case EXPR_ANY:
			value_set_bool(result, matches > 0);
			break;
		case EXPR_NO:
			value_set_bool(result, matches == 0);
			break;
		case EXPR_AT_LEAST:
			value_set_bool(result, matches >= least);
			break;
	}
}

/*
 * base[? n FILTER f]: do as many elements pass as they should?  Elements that
 * can make no difference any more are not looked at.
 */
static void
eval_question(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	base;
	JsonbValue	element;
	JsonbValue	value;
	ValueIter	it;
	int64		least = 0;
	int64		most = PG_INT64_MAX;
	int64		matches = 0;
	JsonbValue *current = expr_own_slot(frame, code->owner, code->slot);

	check_stack_depth();
	expr_run(code->args[0], frame, &base);
	switch (code->flags)
	{
		case EXPR_NO:
			most = 0;
			break;
		case EXPR_ANY:
			least = 1;
			break;
		case EXPR_ALL:
			least = value_count(&base);
			break;
		default:
			if (code->op == EXPR_OP_RANGE)
			{
				expr_run(code->args[2]->args[0], frame, &value);
				least = value_to_int64(&value);
				expr_run(code->args[2]->args[1], frame, &value);
				most = value_to_int64(&value);
				break;
			}
			expr_run(code->args[2], frame, &value);
			least = value_to_int64(&value);
			if (code->flags != EXPR_AT_LEAST)
				most = least;
			break;
	}
	value_set_bool(result, false);
	if (value_type(&base) != VALUE_ARRAY)
		return;
	value_iter_init(&it, &base);
	while (matches <= most && !(most == PG_INT64_MAX && matches >= least) &&
		   value_iter_next(&it, NULL, &element))
	{
		CHECK_FOR_INTERRUPTS();
		if (code->args[1])
		{
			*current = element;
			expr_run(code->args[1], frame, &value);
			if (!value_truthy(&value))
				continue;
		}
		matches++;
	}
	value_set_bool(result, matches >= least && matches <= most);
}

static void
eval_cond(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	check_stack_depth();
	expr_run(code->args[0], frame, result);
	if (!value_truthy(result))
		expr_run(code->args[2], frame, result);
	else if (code->args[1])
		expr_run(code->args[1], frame, result);
}

static void
eval_call(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	JsonbValue	few[FEW_ARGUMENTS];
	JsonbValue *args = few;
	ExprCall	call;

	check_stack_depth();
	if (code->nargs > FEW_ARGUMENTS)
		args = palloc(sizeof(JsonbValue) * code->nargs);
	for (int i = 0; i < code->nargs; i++)
		expr_run(code->args[i], frame, &args[i]);
	call.name = code->function->name;
	call.nargs = code->nargs;
	call.args = args;
	call.warn = frame->warn;
	call.warn_arg = frame->warn_arg;
	code->function->fn(&call, result);
}
