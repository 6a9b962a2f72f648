/*
 * c8ql/planner.c
 *		What compiling a clause needs of the statement around it: a step, what
 *		is used of a variable, the collection that a name means.
 *
 * Also here is the rule of the language that a collection may not be read or
 * written again after it was written (1579): "after" is the order of the
 * text, subqueries included.  Knows no clause.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "c8ql/run.h"
#include "expr/error.h"
#include "expr/value.h"

/*
 * A docexpr that runs subqueries has no planner yet.
 */
Planner *
plan_planner(ExprCompiler *compiler)
{
	if (compiler->host_arg == NULL)
		compiler->host_arg = palloc0(sizeof(Planner));
	return compiler->host_arg;
}

Step *
plan_step(ExprCompiler *compiler, Size size, Step *input)
{
	Step	   *step = palloc0(size);

	step->input = input;
	step->owner = expr_new_owner(compiler);
	step->writes = input && input->writes;
	step->context = AllocSetContextCreate(CurrentMemoryContext,
										  "C8QL step",
										  ALLOCSET_DEFAULT_SIZES);
	return step;
}

/* ----------
 * What is used of a variable
 * ----------
 */
bool
plan_uses(const ExprNode *node, const char *name)
{
	check_stack_depth();
	if (node->tag == EXPR_REF && strcmp(node->name, name) == 0)
		return true;
	for (int i = 0; i < node->nargs; i++)
	{
		if (plan_uses(node->args[i], name))
			return true;
	}
	return false;
}

/*
 * OLD.logins needs only what is stored; OLD, OLD._key and OLD[x] need the
 * document as it is shown.
 */
bool
plan_uses_whole(const ExprNode *node, const char *name)
{
	check_stack_depth();
	if (node->tag == EXPR_ATTR && node->args[0]->tag == EXPR_REF &&
		strcmp(node->args[0]->name, name) == 0)
		return strcmp(node->name, "_id") == 0 ||
			strcmp(node->name, "_key") == 0 ||
			strcmp(node->name, "_rev") == 0;
	if (node->tag == EXPR_REF)
		return strcmp(node->name, name) == 0;
	for (int i = 0; i < node->nargs; i++)
	{
		if (plan_uses_whole(node->args[i], name))
			return true;
	}
	return false;
}

void
plan_check_new(ExprCompiler *compiler, const ExprNode *node)
{
	ListCell   *lc;

	foreach(lc, compiler->variables)
	{
		const ExprVariable *variable = lfirst(lc);

		if (strcmp(variable->name, node->name) == 0)
			expr_error_at(EXPR_ERR_VARIABLE_REDECLARED, compiler->source,
						  node->location,
						  "variable '%s' is assigned multiple times",
						  node->name);
	}
}

/* ----------
 * Collections
 * ----------
 */
/* schema.table as they are written, wherever the dot between them is. */
static Oid
find_in_schema(const char *name)
{
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
	{
		RangeVar   *range;
		Oid			relid;

		if (dot == name || dot[1] == '\0')
			continue;
		range = makeRangeVar(pnstrdup(name, dot - name), pstrdup(dot + 1), -1);
		relid = RangeVarGetRelid(range, AccessShareLock, true);
		if (OidIsValid(relid))
			return relid;
	}
	return InvalidOid;
}

static Oid
find_exactly(const char *name)
{
	Oid			relid;

	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN * 2)
		return InvalidOid;
	relid = RangeVarGetRelid(makeRangeVar(NULL, pstrdup(name), -1),
							 AccessShareLock, true);
	if (!OidIsValid(relid))
		relid = find_in_schema(name);
	if (!OidIsValid(relid) && strchr(name, '.') != NULL)
	{
		/* schema.table, quoted as SQL wants it */
		List	   *names;

		if (SplitIdentifierString(pstrdup(name), '.', &names) &&
			list_length(names) == 2)
		{
			RangeVar   *range = makeRangeVar(linitial(names), lsecond(names), -1);

			relid = RangeVarGetRelid(range, AccessShareLock, true);
		}
	}
	return relid;
}

/*
 * The language knows letter case, SQL folds it: what no table has as it
 * stands is looked for as create_collection('Users') has made it.
 */
Oid
plan_find_collection(const char *name)
{
	Oid			relid = find_exactly(name);
	char	   *folded;

	if (OidIsValid(relid))
		return relid;
	folded = downcase_truncate_identifier(name, strlen(name), false);
	return strcmp(folded, name) == 0 ? InvalidOid : find_exactly(folded);
}

bool
plan_names_collection(ExprCompiler *compiler, const ExprNode *node)
{
	return node->tag == EXPR_COLLECTION_PARAM ||
		(node->tag == EXPR_REF && expr_lookup(compiler, node->name) < 0);
}

const ExprNode *
plan_qualified(ExprCompiler *compiler, const ExprNode *node)
{
	const ExprNode *base = node->tag == EXPR_ATTR ? node->args[0] : NULL;
	ExprNode   *name;

	if (base == NULL || base->tag != EXPR_REF ||
		expr_lookup(compiler, base->name) >= 0)
		return node;
	name = expr_node(EXPR_REF, base->location,
					 expr_qualified_name(base->name, node->name), 0);
	return OidIsValid(plan_find_collection(name->name)) ? name : node;
}

static const char *
collection_name(ExprCompiler *compiler, const ExprNode *node)
{
	Planner    *planner = plan_planner(compiler);
	JsonbValue	bind;
	JsonbValue	value;
	char	   *name;

	if (node->tag != EXPR_COLLECTION_PARAM)
		return node->name;

	name = psprintf("@%s", node->name);
	planner->used_binds = lappend(planner->used_binds, name);
	value_set_empty_object(&bind);
	if (planner->bind)
		value_from_jsonb(unconstify(Jsonb *, planner->bind), &bind);
	if (!value_attribute(&bind, name, strlen(name), &value))
		expr_error_at(EXPR_ERR_BIND_MISSING, compiler->source, node->location,
					  "no value specified for declared bind parameter '@%s'",
					  name);
	if (value.type != jbvString)
		expr_error_at(EXPR_ERR_BIND_TYPE, compiler->source, node->location,
					  "bind parameter '@%s' has an invalid value or type",
					  name);
	return pnstrdup(value.val.string.val, value.val.string.len);
}

/* What is compiled from here on stands on this collection. */
static void
keep_collection(ExprCompiler *compiler, Oid relid)
{
	Planner    *planner = plan_planner(compiler);

	compiler->asked_names = true;
	if (planner->holds)
		planner->held = lappend(planner->held, collection_hold(relid));
}

Oid
plan_collection_if_any(ExprCompiler *compiler, const ExprNode *node)
{
	Oid			relid = plan_find_collection(collection_name(compiler, node));

	if (OidIsValid(relid))
		keep_collection(compiler, relid);
	return relid;
}

Oid
plan_collection(ExprCompiler *compiler, const ExprNode *node)
{
	Oid			relid = plan_collection_if_any(compiler, node);

	if (!OidIsValid(relid))
		expr_error_at(EXPR_ERR_NOT_FOUND, compiler->source, node->location,
					  "collection or view not found: %s",
					  collection_name(compiler, node));
	return relid;
}

void
plan_warn(ExprCompiler *compiler, int errornum, const char *message)
{
	Planner    *planner = plan_planner(compiler);

	/* an expression is compiled where it is run */
	if (!planner->holds)
	{
		expr_warn_default(NULL, errornum, message);
		return;
	}
	planner->warnings = run_note_warning(planner->warnings, errornum, message);
}

ExprCode *
plan_constant(ExprCompiler *compiler, const ExprNode *node, const char *message)
{
	if (expr_node_contains(node, EXPR_REF) ||
		expr_node_contains(node, EXPR_CALL) ||
		expr_node_contains(node, EXPR_SUBQUERY))
		expr_error_at(EXPR_ERR_NOT_COMPILE_TIME, compiler->source,
					  node->location, "%s", message);
	return expr_compile_node(compiler, node);
}

void
plan_check_options(ExprCompiler *compiler, const ExprNode *options,
				   const char *clause, const char *const *names)
{
	for (int i = 0; i < options->nargs; i++)
	{
		const ExprNode *option = options->args[i];
		bool		known = false;

		if (option->tag != EXPR_PROP)
			continue;
		for (int k = 0; names[k] != NULL && !known; k++)
			known = strcmp(option->name, names[k]) == 0;
		if (!known)
			plan_warn(compiler, EXPR_ERR_OPTION,
					  psprintf("invalid option '%s' for %s", option->name,
							   clause));
	}
}

void
plan_release(Planner *planner)
{
	while (planner->held != NIL)
	{
		Relation	rel = llast(planner->held);

		planner->held = list_delete_last(planner->held);
		collection_release(rel);
	}
}

void
plan_check_read(ExprCompiler *compiler, Oid relid, const ExprNode *node)
{
	Planner    *planner = plan_planner(compiler);

	if (!planner->access_after_write &&
		list_member_oid(planner->modified, relid))
		expr_error_at(EXPR_ERR_ACCESS_AFTER_WRITE, compiler->source,
					  node->location,
					  "access after data-modification by collection '%s'",
					  get_rel_name(relid));
}
