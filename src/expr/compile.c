/*
 * expr/compile.c
 *		From tree to code: names become slots, functions are looked up,
 *		constant parts are computed.
 *
 *		tree:	ATTR logins					code:	evaluate = attribute
 *				 `- REF OLD							 `- evaluate = slot 0
 *
 * A part is computed here when everything in it is constant, it calls no
 * function, and computing it warns of nothing: else it would warn once and
 * not once a row, or in a branch that is never taken.
 *
 * Knows what is visible where in an expression; what a statement's clauses
 * make visible is its host's business.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "expr/compile.h"
#include "expr/error.h"
#include "expr/value.h"

/* slots of every program made from a docexpr, and their owner */
#define SLOT_OLD	0
#define SLOT_NEW	1
#define PROGRAM_OWNER	1

struct ExprProgram
{
	ExprCompiler compiler;
	ExprCode   *code;
	ExprFrame	frame;			/* its arrays are reused from run to run */
};

/* set once, when the library is loaded */
static const ExprHost *expr_host = NULL;

static ExprCode *new_code(ExprCompiler *compiler, const ExprNode *node);
static void compile_ref(ExprCompiler *compiler, const ExprNode *node,
						ExprCode *code);
static void compile_param(ExprCompiler *compiler, const ExprNode *node,
						  ExprCode *code);
static void compile_call(ExprCompiler *compiler, const ExprNode *node,
						 ExprCode *code);
static void compile_expand(ExprCompiler *compiler, const ExprNode *node,
						   ExprCode *code);
static void compile_question(ExprCompiler *compiler, const ExprNode *node,
							 ExprCode *code);
static void compile_args(ExprCompiler *compiler, const ExprNode *node,
						 ExprCode *code);
static void fold(ExprCode *code, const ExprNode *node);
static void note_warning(void *arg, int errornum, const char *message);

void
expr_set_host(const ExprHost *host)
{
	expr_host = host;
}

void
expr_compiler_init(ExprCompiler *compiler, const char *source)
{
	memset(compiler, 0, sizeof(ExprCompiler));
	compiler->source = source;
}

ExprOwner
expr_new_owner(ExprCompiler *compiler)
{
	return ++compiler->last_owner;
}

int
expr_new_slot(ExprCompiler *compiler, ExprOwner owner)
{
	if (compiler->nslots == compiler->space)
	{
		compiler->space = compiler->space ? compiler->space * 2 : 16;
		if (compiler->owners)
			compiler->owners = repalloc(compiler->owners,
										sizeof(ExprOwner) * compiler->space);
		else
			compiler->owners = palloc(sizeof(ExprOwner) * compiler->space);
	}
	compiler->owners[compiler->nslots] = owner;
	return compiler->nslots++;
}

void
expr_frame_init(const ExprCompiler *compiler, ExprFrame *frame)
{
	frame->slots = palloc0(sizeof(JsonbValue) * Max(compiler->nslots, 1));
	frame->owners = compiler->owners;
	frame->params = palloc0(sizeof(JsonbValue) *
							Max(list_length(compiler->params), 1));
}

void
expr_declare_slot(ExprCompiler *compiler, const char *name, int slot)
{
	ExprVariable *variable = palloc(sizeof(ExprVariable));

	variable->name = name;
	variable->slot = slot;
	compiler->variables = lappend(compiler->variables, variable);
}

int
expr_declare(ExprCompiler *compiler, ExprOwner owner, const char *name)
{
	int			slot = expr_new_slot(compiler, owner);

	expr_declare_slot(compiler, name, slot);
	return slot;
}

int
expr_lookup(const ExprCompiler *compiler, const char *name)
{
	for (int i = list_length(compiler->variables) - 1; i >= 0; i--)
	{
		const ExprVariable *variable = list_nth(compiler->variables, i);

		if (strcmp(variable->name, name) == 0)
			return variable->slot;
	}
	/* a user's variable named OLD comes before the pseudo-variable $OLD */
	if (strcmp(name, "OLD") == 0)
		return expr_lookup(compiler, "$OLD");
	if (strcmp(name, "NEW") == 0)
		return expr_lookup(compiler, "$NEW");
	if (strcmp(name, "CURRENT") == 0)
		return expr_lookup(compiler, "$CURRENT");
	return -1;
}

static ExprCode *
new_code(ExprCompiler *compiler, const ExprNode *node)
{
	ExprCode   *code = palloc0(sizeof(ExprCode));

	code->op = node->op;
	code->flags = node->flags;
	code->name = node->name ? pstrdup(node->name) : NULL;
	code->name_len = node->name_len;
	code->slot = -1;
	code->nargs = node->nargs;
	if (node->nargs > 0)
		code->args = palloc0(sizeof(ExprCode *) * node->nargs);
	return code;
}

ExprCode *
expr_compile_node(ExprCompiler *compiler, const ExprNode *node)
{
	ExprCode   *code = new_code(compiler, node);

	check_stack_depth();
	code->evaluate = expr_evaluator(node);
	switch ((ExprTag) node->tag)
	{
		case EXPR_CONST:
			code->constant = true;
			value_copy(node->value, &code->value);
			break;
		case EXPR_REF:
			compile_ref(compiler, node, code);
			break;
		case EXPR_ELEMENT:
			code->slot = expr_lookup(compiler, "*");
			break;
		case EXPR_PARAM:
			compile_param(compiler, node, code);
			break;
		case EXPR_COLLECTION_PARAM:
			if (expr_host == NULL ||
				!expr_host->collection(compiler, node, code))
				expr_error_at(EXPR_ERR_NOT_FOUND, compiler->source,
							  node->location,
							  "collection or view not found: @@%s",
							  node->name);
			break;
		case EXPR_CALL:
			compile_call(compiler, node, code);
			break;
		case EXPR_ATTR:
			/* schema.table reads like an attribute */
			if (expr_host != NULL && node->args[0]->tag == EXPR_REF &&
				expr_lookup(compiler, node->args[0]->name) < 0 &&
				expr_host->collection(compiler, node, code))
			{
				code->nargs = 0;
				break;
			}
			compile_args(compiler, node, code);
			fold(code, node);
			break;
		case EXPR_EXPAND:
			compile_expand(compiler, node, code);
			break;
		case EXPR_QUESTION:
			compile_question(compiler, node, code);
			break;
		case EXPR_SUBQUERY:
			if (expr_host == NULL)
				elog(ERROR, "nobody can run subqueries");
			expr_host->subquery(compiler, node->args[0], code);
			break;
		default:
			compile_args(compiler, node, code);
			fold(code, node);
			break;
	}
	return code;
}

static void
compile_args(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	for (int i = 0; i < node->nargs; i++)
	{
		if (node->args[i]->tag != EXPR_NONE)
			code->args[i] = expr_compile_node(compiler, node->args[i]);
	}
}

/* Where the pseudo-variables of modifications and arrays are to be had. */
static const char *
pseudo_hint(const char *name)
{
	if (strcmp(name, "OLD") == 0 || strcmp(name, "$OLD") == 0)
		return "OLD is there in the INSERT and UPDATE parts of UPSERT and after a modification; elsewhere read the document by FOR or DOCUMENT().";
	if (strcmp(name, "NEW") == 0 || strcmp(name, "$NEW") == 0)
		return "NEW is there after a modification.";
	if (strcmp(name, "CURRENT") == 0)
		return "CURRENT is there inside [* ...], [? ...] and UPSERT FILTER.";
	return NULL;
}

/*
 * A name: a variable, or else a collection.
 */
static void
compile_ref(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	code->slot = expr_lookup(compiler, node->name);
	if (code->slot >= 0)
		return;
	if (node->flags)
		expr_error_at(EXPR_ERR_VARIABLE_UNKNOWN, compiler->source,
					  node->location, "unknown variable '%s'", node->name);
	if (expr_host == NULL || !expr_host->collection(compiler, node, code))
		expr_error_hint(EXPR_ERR_NOT_FOUND, pseudo_hint(node->name),
						compiler->source, node->location,
						"collection or view not found: %s", node->name);
}

static void
compile_param(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	ListCell   *lc;

	foreach(lc, compiler->params)
	{
		if (strcmp(lfirst(lc), node->name) == 0)
		{
			code->slot = foreach_current_index(lc);
			return;
		}
	}
	code->slot = list_length(compiler->params);
	compiler->params = lappend(compiler->params, pstrdup(node->name));
}

static void
compile_call(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	const ExprFunctionDef *function;

	function = expr_function_lookup(node->name, node->name_len);
	if (function == NULL)
	{
		const char *like = expr_function_like(node->name);

		expr_error_hint(EXPR_ERR_FUNCTION_UNKNOWN,
						like ? psprintf("Did you mean %s()?", like) : NULL,
						compiler->source, node->location,
						"usage of unknown function '%s()'", node->name);
	}
	if (node->nargs < function->min_args ||
		(function->max_args >= 0 && node->nargs > function->max_args))
	{
		if (function->max_args < 0)
			expr_error_at(EXPR_ERR_FUNCTION_ARITY, compiler->source,
						  node->location,
						  "invalid number of arguments for function '%s()', expected number of arguments: minimum: %d",
						  function->name, function->min_args);
		expr_error_at(EXPR_ERR_FUNCTION_ARITY, compiler->source,
					  node->location,
					  "invalid number of arguments for function '%s()', expected number of arguments: minimum: %d, maximum: %d",
					  function->name, function->min_args, function->max_args);
	}
	code->function = function;
	if (function->fn == NULL)
	{
		if (expr_host == NULL)
			elog(ERROR, "nobody can run function %s", function->name);
		expr_host->function(compiler, node, code);
	}
	else
		compile_args(compiler, node, code);
}

/*
 * base[*]: two slots, CURRENT of the inline clauses and what the tail begins
 * with.
 */
static void
compile_expand(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	int			visible = list_length(compiler->variables);

	code->owner = expr_new_owner(compiler);
	code->slot = expr_new_slot(compiler, code->owner);
	(void) expr_new_slot(compiler, code->owner);
	code->args[0] = expr_compile_node(compiler, node->args[0]);
	for (int i = 2; i <= 3; i++)
	{
		if (node->args[i]->tag != EXPR_NONE)
			code->args[i] = expr_compile_node(compiler, node->args[i]);
	}
	expr_declare_slot(compiler, "$CURRENT", code->slot);
	for (int i = 1; i <= 4; i += 3)
	{
		if (node->args[i]->tag != EXPR_NONE)
			code->args[i] = expr_compile_node(compiler, node->args[i]);
	}
	compiler->variables = list_truncate(compiler->variables, visible);
	if (node->args[5]->tag != EXPR_ELEMENT)
	{
		expr_declare_slot(compiler, "*", code->slot + 1);
		code->args[5] = expr_compile_node(compiler, node->args[5]);
		compiler->variables = list_truncate(compiler->variables, visible);
	}
}

/*
 * base[? number FILTER condition]: a slot, CURRENT of the condition.
 */
static void
compile_question(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	int			visible = list_length(compiler->variables);

	code->owner = expr_new_owner(compiler);
	code->slot = expr_new_slot(compiler, code->owner);
	code->args[0] = expr_compile_node(compiler, node->args[0]);
	if (node->args[2]->tag == EXPR_BINARY &&
		node->args[2]->op == EXPR_OP_RANGE)
	{
		code->args[2] = new_code(compiler, node->args[2]);
		compile_args(compiler, node->args[2], code->args[2]);
		code->op = EXPR_OP_RANGE;
	}
	else if (node->args[2]->tag != EXPR_NONE)
		code->args[2] = expr_compile_node(compiler, node->args[2]);
	if (node->args[1]->tag != EXPR_NONE)
	{
		expr_declare_slot(compiler, "$CURRENT", code->slot);
		code->args[1] = expr_compile_node(compiler, node->args[1]);
		compiler->variables = list_truncate(compiler->variables, visible);
	}
}

/*
 * Compute a part whose parts are all constant.
 */
static void
fold(ExprCode *code, const ExprNode *node)
{
	ExprFrame	frame = {0};
	bool		warned = false;
	JsonbValue	value;

	switch ((ExprTag) node->tag)
	{
		case EXPR_ARRAY:
		case EXPR_OBJECT:
		case EXPR_ATTR:
		case EXPR_INDEX:
		case EXPR_UNARY:
		case EXPR_COND:
			break;
		case EXPR_BINARY:
			/* a range may be large, and these call functions */
			if (node->op == EXPR_OP_RANGE || node->op == EXPR_OP_LIKE ||
				node->op == EXPR_OP_NOT_LIKE || node->op == EXPR_OP_MATCH ||
				node->op == EXPR_OP_NOT_MATCH)
				return;
			break;
		default:
			return;
	}
	for (int i = 0; i < code->nargs; i++)
	{
		const ExprCode *part = code->args[i];

		/* a property is constant if what it consists of is */
		if (node->tag == EXPR_OBJECT)
		{
			if (part->nargs != 1)
				return;
			part = part->args[0];
		}
		if (part && !part->constant)
			return;
	}
	frame.warn = note_warning;
	frame.warn_arg = &warned;
	expr_run(code, &frame, &value);
	if (warned)
		return;
	value_copy(&value, &code->value);
	code->constant = true;
	code->evaluate = expr_evaluator(&(ExprNode) {.tag = EXPR_CONST});
}

static void
note_warning(void *arg, int errornum, const char *message)
{
	*(bool *) arg = true;
}

/* See expr_bind(); with absent what is missing is null, and a member of it. */
static void
bind_params(const ExprCompiler *compiler, const Jsonb *bind, JsonbValue *params,
			Bitmapset **absent)
{
	JsonbValue	object;
	ListCell   *lc;

	value_set_empty_object(&object);
	if (bind)
		value_from_jsonb(unconstify(Jsonb *, bind), &object);
	foreach(lc, compiler->params)
	{
		const char *name = lfirst(lc);

		if (value_attribute(&object, name, strlen(name),
							&params[foreach_current_index(lc)]))
			continue;
		if (absent != NULL)
			*absent = bms_add_member(*absent, foreach_current_index(lc));
		else
			expr_error(EXPR_ERR_BIND_MISSING,
					   "no value specified for declared bind parameter '%s'",
					   name);
	}
}

void
expr_bind(const ExprCompiler *compiler, const Jsonb *bind, JsonbValue *params)
{
	bind_params(compiler, bind, params, NULL);
}

/* ----------
 * Programs
 * ----------
 */
ExprProgram *
expr_compile(const DocExpr *docexpr, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	ExprProgram *program = palloc0(sizeof(ExprProgram));
	ExprNode   *tree = docexpr_tree(docexpr);

	if (expr_node_modifies(tree))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an expression of type docexpr cannot write"),
				 errhint("Use c8ql() to run a statement.")));
	expr_compiler_init(&program->compiler, NULL);
	if (expr_new_owner(&program->compiler) != PROGRAM_OWNER ||
		expr_declare(&program->compiler, PROGRAM_OWNER, "$OLD") != SLOT_OLD ||
		expr_declare(&program->compiler, PROGRAM_OWNER, "$NEW") != SLOT_NEW)
		elog(ERROR, "a docexpr's slots are not where they should be");
	program->code = expr_compile_node(&program->compiler, tree);
	expr_frame_init(&program->compiler, &program->frame);
	MemoryContextSwitchTo(caller);
	return program;
}

ExprProgram *
expr_compile_cached(ExprCache *cache, const DocExpr *docexpr,
					MemoryContext parent)
{
	Size		size = VARSIZE(docexpr);

	if (cache->program != NULL && !cache->program->compiler.asked_names &&
		VARSIZE(cache->docexpr) == size &&
		memcmp(cache->docexpr, docexpr, size) == 0)
		return cache->program;

	/* an error below leaves an empty cache */
	cache->program = NULL;
	if (cache->context == NULL)
		cache->context = AllocSetContextCreate(parent, "docexpr program",
											   ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(cache->context);
	cache->docexpr = MemoryContextAlloc(cache->context, size);
	memcpy(cache->docexpr, docexpr, size);
	cache->program = expr_compile(cache->docexpr, cache->context);
	return cache->program;
}

void
expr_warn_default(void *arg, int errornum, const char *message)
{
	ereport(WARNING,
			(errcode(expr_error_sqlstate(errornum)),
			 errmsg_internal("%s", message),
			 errdetail_internal("errorNum %d", errornum)));
}

void
expr_eval_value(ExprProgram *program, const ExprBindings *bindings,
				JsonbValue *result)
{
	ExprFrame  *frame = &program->frame;
	JsonbValue *old = expr_own_slot(frame, PROGRAM_OWNER, SLOT_OLD);
	JsonbValue *new = expr_own_slot(frame, PROGRAM_OWNER, SLOT_NEW);

	frame->warn = bindings->warn ? bindings->warn : expr_warn_default;
	frame->warn_arg = bindings->warn_arg;
	if (bindings->old)
		value_from_jsonb(unconstify(Jsonb *, bindings->old), old);
	else
		value_set_null(old);
	if (bindings->new)
		value_from_jsonb(unconstify(Jsonb *, bindings->new), new);
	else
		value_set_null(new);
	if (program->compiler.params != NIL)
	{
		frame->absent = NULL;
		bind_params(&program->compiler, bindings->bind, frame->params,
					bindings->missing_absent ? &frame->absent : NULL);
	}
	expr_run(program->code, frame, result);
}

Jsonb *
expr_eval(ExprProgram *program, const ExprBindings *bindings)
{
	JsonbValue	value;

	expr_eval_value(program, bindings, &value);
	return value_to_jsonb(&value);
}

/* ----------
 * SQL-callable functions
 * ----------
 */
PG_FUNCTION_INFO_V1(c8ql_eval);

/* c8ql_eval(expr docexpr, bind jsonb): OLD and NEW come with the binds. */
Datum
c8ql_eval(PG_FUNCTION_ARGS)
{
	ExprCache  *cache = fcinfo->flinfo->fn_extra;
	Jsonb	   *bind;
	ExprProgram *program;
	ExprFrame  *frame;
	JsonbValue	object;
	JsonbValue	result;

	if (cache == NULL)
		cache = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ExprCache));
	arguments_require(fcinfo, 1);
	bind = argument_bind(fcinfo, 1);
	program = expr_compile_cached(cache, PG_GETARG_DOCEXPR_P(0),
								  fcinfo->flinfo->fn_mcxt);
	frame = &program->frame;
	value_from_jsonb(bind, &object);
	frame->warn = expr_warn_default;
	value_attribute(&object, "OLD", 3,
					expr_own_slot(frame, PROGRAM_OWNER, SLOT_OLD));
	value_attribute(&object, "NEW", 3,
					expr_own_slot(frame, PROGRAM_OWNER, SLOT_NEW));
	if (program->compiler.params != NIL)
		expr_bind(&program->compiler, bind, frame->params);
	expr_run(program->code, frame, &result);
	PG_RETURN_JSONB_P(value_to_jsonb(&result));
}
