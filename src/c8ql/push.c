/*
 * c8ql/push.c
 *		What a FOR over a collection can leave to PostgreSQL: the conditions of
 *		the FILTERs behind it, and SORT with LIMIT.
 *
 *		FOR u IN users FILTER u.age >= @low && u.age < 40 && f(u) RETURN u
 *			SELECT ... FROM users WHERE age >= $1 AND age < $2
 *
 * The FILTERs stay, so that SQL only has to find all that can pass, not only
 * that.  A condition is used if one side is an attribute that a column, an
 * indexed expression or the key stands for, and the other one does not depend
 * on the document and neither reads, writes nor fails.  It is computed once for
 * each row of the input, and what SQL is told depends on its type:
 *
 *		- The language orders null, booleans, numbers, strings, arrays, objects;
 *		  jsonb orders [], null, strings, numbers, booleans, arrays, objects.  A
 *		  range that is bounded on one side takes in all of a type beyond it, as
 *		  ranges of jsonb of which an index knows as well.
 *		- Strings are compared by code point: only where an index is in that
 *		  order, and both bounds are strings.
 *		- null is the same as nothing.
 *
 * A SORT by an attribute with a LIMIT is handed over only where SQL's order is
 * the language's: by the key, if keys are texts in order of code points; or by an
 * attribute whose index says that it holds nothing but numbers now.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "c8ql/handle.h"
#include "c8ql/operation.h"
#include "c8ql/push.h"
#include "document/fetch.h"
#include "expr/value.h"

#define MAX_CONDITIONS 16

/* a number below all that anybody stores; see compareJsonbContainers() */
#define LEAST_NUMBER "'-1e131071'::pg_catalog.jsonb"

typedef enum Target
{
	TARGET_KEY,
	TARGET_ID,
	TARGET_HANDLE
} Target;

typedef struct PushCondition
{
	Target		target;
	const Handle *handle;
	ExprOp		op;				/* ==, IN, <, <=, >, >= with the attribute
								 * left */
	ExprCode   *value;
} PushCondition;

struct Push
{
	const Collection *collection;
	Handles		known;
	char	   *key;			/* its column */
	int			count;
	PushCondition conditions[MAX_CONDITIONS];
	bool		sorted;			/* no more than limit, in order */
	const Handle *order;		/* of this attribute; NULL: of the key */
	bool		descending;
	ExprCode   *offset;			/* may be NULL */
	ExprCode   *limit;
};

/* The query that is being built. */
typedef struct Build
{
	StringInfoData sql;
	int			nargs;
	Oid			types[MAX_CONDITIONS * 2 + 1];
	Datum		args[MAX_CONDITIONS * 2 + 1];
} Build;

static bool keys_in_order(const Collection *collection);
static bool push_range(Push *push, Build *build, const Handle *handle,
					   JsonbValue *values);

/* ----------
 * Planning
 * ----------
 */

/* The path that an expression takes from a variable; NULL if it does not. */
static Path *
path_from(const ExprNode *node, const char *name)
{
	Path	   *base;

	if (node->tag != EXPR_ATTR)
		return NULL;
	if (node->args[0]->tag == EXPR_REF)
		return strcmp(node->args[0]->name, name) == 0 ?
			path_extend(NULL, node->name) : NULL;
	base = path_from(node->args[0], name);
	return base ? path_extend(base, node->name) : NULL;
}

/*
 * Can it be computed beforehand?  Not if it depends on what is not visible yet,
 * reads or writes collections, or calls a function that must run for each
 * row.
 */
static bool
is_outer(const ExprCompiler *compiler, const ExprNode *node, const char *name)
{
	check_stack_depth();
	switch ((ExprTag) node->tag)
	{
		case EXPR_REF:
			return strcmp(node->name, name) != 0 &&
				expr_lookup(compiler, node->name) >= 0;
		case EXPR_CALL:
			{
				const ExprFunctionDef *def = expr_function_lookup(node->name,
																  node->name_len);

				if (def == NULL || def->fn == NULL ||
					(def->flags & EXPR_FN_VOLATILE) != 0 ||
					node->nargs < def->min_args ||
					(def->max_args >= 0 && node->nargs > def->max_args))
					return false;
				break;
			}
		case EXPR_SUBQUERY:
		case EXPR_COLLECTION_PARAM:
		case EXPR_EXPAND:
		case EXPR_QUESTION:
			return false;
		default:
			break;
	}
	for (int i = 0; i < node->nargs; i++)
	{
		if (!is_outer(compiler, node->args[i], name))
			return false;
	}
	return true;
}

static ExprOp
turned_around(ExprOp op)
{
	switch (op)
	{
		case EXPR_OP_LT:
			return EXPR_OP_GT;
		case EXPR_OP_LE:
			return EXPR_OP_GE;
		case EXPR_OP_GT:
			return EXPR_OP_LT;
		case EXPR_OP_GE:
			return EXPR_OP_LE;
		default:
			return op;
	}
}

static const Handle *
find_handle(const Push *push, const Path *path)
{
	const Handle *found = NULL;

	for (int i = 0; i < push->known.count; i++)
	{
		const Handle *handle = &push->known.items[i];

		/* of several that which says most */
		if (path_same(handle->path, path) &&
			(found == NULL || (found->text && !handle->text)))
			found = handle;
	}
	return found;
}

static bool
is_name(const Path *path, const char *name)
{
	return path->depth == 1 && strcmp(path->names[0], name) == 0;
}

/* The conditions of one FILTER that can be used. */
static void
take_conditions(Push *push, ExprCompiler *compiler, const ExprNode *node,
				const char *name)
{
	PushCondition *condition = &push->conditions[push->count];
	const ExprNode *other;
	Path	   *path;
	ExprOp		op = node->op;

	check_stack_depth();
	if (node->tag != EXPR_BINARY)
		return;
	if (op == EXPR_OP_AND)
	{
		take_conditions(push, compiler, node->args[0], name);
		take_conditions(push, compiler, node->args[1], name);
		return;
	}
	if (push->count == MAX_CONDITIONS ||
		!(op == EXPR_OP_EQ || op == EXPR_OP_IN || op == EXPR_OP_LT ||
		  op == EXPR_OP_LE || op == EXPR_OP_GT || op == EXPR_OP_GE))
		return;
	path = path_from(node->args[0], name);
	other = node->args[1];
	if (path == NULL && op != EXPR_OP_IN)
	{
		path = path_from(node->args[1], name);
		other = node->args[0];
		op = turned_around(op);
	}
	if (path == NULL || !is_outer(compiler, other, name))
		return;

	condition->handle = NULL;
	condition->target = TARGET_HANDLE;
	if (is_name(path, "_key"))
		condition->target = TARGET_KEY;
	else if (is_name(path, "_id"))
		condition->target = TARGET_ID;
	else if (is_name(path, "_rev") ||
			 (condition->handle = find_handle(push, path)) == NULL)
		return;
	if (condition->target == TARGET_ID && op != EXPR_OP_EQ && op != EXPR_OP_IN)
		return;
	condition->op = op;
	condition->value = expr_compile_node(compiler, other);
	push->count++;
}

/* Is the order of keys that of their code points? */
static bool
keys_in_order(const Collection *collection)
{
	return (collection->key_type == TEXTOID ||
			collection->key_type == VARCHAROID) &&
		collection->key_collation == C_COLLATION_OID;
}

Push *
push_plan(ExprCompiler *compiler, const ExprNode *query, int n,
		  const Collection *collection)
{
	Push	   *push;
	const char *name = query->args[n]->name;
	int			next = n + 1;
	bool		bare;

	/* looking at the indexes has its price */
	if (next == query->nargs || (query->args[next]->tag != EXPR_FILTER &&
								 query->args[next]->tag != EXPR_SORT))
		return NULL;
	push = palloc0(sizeof(Push));
	push->collection = collection;
	push->key = document_column(collection, collection->key_attno);
	handles_find(collection, &push->known);
	for (; next < query->nargs && query->args[next]->tag == EXPR_FILTER; next++)
		take_conditions(push, compiler, query->args[next]->args[0], name);
	bare = next == n + 1;

	/* SORT x.y LIMIT ...: the first ones are all that is needed */
	if (bare && next + 1 < query->nargs &&
		query->args[next]->tag == EXPR_SORT && query->args[next]->nargs == 1 &&
		query->args[next + 1]->tag == EXPR_LIMIT)
	{
		const ExprNode *key = query->args[next]->args[0];
		const ExprNode *limit = query->args[next + 1];
		Path	   *path = path_from(key->args[0], name);
		bool		by_key = path != NULL && is_name(path, "_key");

		if (path != NULL && !by_key)
			push->order = find_handle(push, path);
		if ((by_key ? keys_in_order(collection) :
			 push->order && push->order->ordered && !push->order->text) &&
			is_outer(compiler, limit->args[1], name) &&
			(limit->args[0]->tag == EXPR_NONE ||
			 is_outer(compiler, limit->args[0], name)))
		{
			push->sorted = true;
			push->descending = key->flags != 0;
			if (limit->args[0]->tag != EXPR_NONE)
				push->offset = expr_compile_node(compiler, limit->args[0]);
			push->limit = expr_compile_node(compiler, limit->args[1]);
		}
	}
	return push->count > 0 || push->sorted ? push : NULL;
}

/* ----------
 * Building
 * ----------
 */

/* A parameter of the query: its text. */
static char *
add_arg(Build *build, Oid type, Datum value)
{
	build->types[build->nargs] = type;
	build->args[build->nargs] = value;
	return psprintf("$%d", ++build->nargs);
}

static void
add_condition(Build *build, const char *condition)
{
	appendStringInfo(&build->sql, "%s(%s)",
					 build->sql.len == 0 ? " WHERE " : " AND ", condition);
}

static char *
jsonb_arg(Build *build, const JsonbValue *value)
{
	return add_arg(build, JSONBOID, JsonbPGetDatum(value_to_jsonb(value)));
}

/* The key that a value of _key, or _id, names; false if none can be that. */
static bool
key_of(const Push *push, Target target, const JsonbValue *value, Datum *key)
{
	const char *text = value->val.string.val;
	int			len = value->val.string.len;
	const char *hint;

	if (value->type != jbvString)
		return false;
	if (target == TARGET_ID)
	{
		int			prefix = strlen(push->collection->name) + 1;

		if (len <= prefix || text[prefix - 1] != '/' ||
			memcmp(text, push->collection->name, prefix - 1) != 0)
			return false;
		text += prefix;
		len -= prefix;
	}
	return collection_key_parse(push->collection, text, len, key, &hint);
}

static bool
push_key(Push *push, Build *build, const PushCondition *condition,
		 const JsonbValue *value)
{
	Oid			type = push->collection->key_type;
	Datum		key;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *keys;
	int			count = 0;
	ValueIter	it;
	JsonbValue	one;

	if (condition->op == EXPR_OP_EQ)
	{
		if (!key_of(push, condition->target, value, &key))
			return false;
		add_condition(build, psprintf("%s OPERATOR(pg_catalog.=) %s", push->key,
									  add_arg(build, type, key)));
		return true;
	}
	if (condition->op != EXPR_OP_IN)
	{
		/* a key is a string, and so there is no other type beyond */
		static const char *const operators[] = {"<", "<=", ">", ">="};

		if (value->type == jbvString && keys_in_order(push->collection))
			add_condition(build, psprintf("%s OPERATOR(pg_catalog.%s) %s",
										  push->key,
										  operators[condition->op - EXPR_OP_LT],
										  add_arg(build, TEXTOID,
												  value_text_datum(value))));
		return true;
	}
	if (value_type(value) != VALUE_ARRAY)
		return false;
	keys = palloc(sizeof(Datum) * Max(value_count(value), 1));
	value_iter_init(&it, value);
	while (value_iter_next(&it, NULL, &one))
	{
		if (key_of(push, condition->target, &one, &keys[count]))
			count++;
	}
	if (count == 0)
		return false;
	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	add_condition(build,
				  psprintf("%s OPERATOR(pg_catalog.=) ANY (%s)", push->key,
						   add_arg(build, get_array_type(type),
								   PointerGetDatum(construct_array(keys, count, type, typlen,
																   typbyval, typalign)))));
	return true;
}

/* attribute IN array, or == value as an array of one */
static bool
push_in(Build *build, const Handle *handle, const JsonbValue *value, bool one)
{
	Datum	   *members = palloc(sizeof(Datum) * Max(value_count(value), 1));
	int			count = 0;
	bool		null = false;
	ValueIter	it;
	JsonbValue	member;
	StringInfoData sql;

	if (!one && value_type(value) != VALUE_ARRAY)
		return false;
	if (!one)
		value_iter_init(&it, value);
	for (bool first = true; one ? first : value_iter_next(&it, NULL, &member); first = false)
	{
		if (one)
			member = *value;
		/* equal arrays and objects need not be equal as jsonb */
		if (member.type == jbvBinary)
			return true;
		if (member.type == jbvNull)
			null = true;
		else if (!handle->text)
			members[count++] = JsonbPGetDatum(value_to_jsonb(&member));
		else if (member.type == jbvString)
			members[count++] = value_text_datum(&member);
		else
			return true;		/* 1 and 1.0 have two texts */
	}
	if (count == 0 && !null)
		return false;

	initStringInfo(&sql);
	if (count == 1)
		appendStringInfo(&sql, "%s OPERATOR(pg_catalog.=) %s", handle->sql,
						 add_arg(build, handle->text ? TEXTOID : JSONBOID,
								 members[0]));
	else if (count > 1)
		appendStringInfo(&sql, "%s OPERATOR(pg_catalog.=) ANY (%s)", handle->sql,
						 add_arg(build, handle->text ? TEXTARRAYOID : JSONBARRAYOID,
								 PointerGetDatum(construct_array(members, count,
																 handle->text ? TEXTOID : JSONBOID,
																 -1, false, TYPALIGN_INT))));
	if (null)
		appendStringInfo(&sql, "%s%s IS NULL%s", count > 0 ? " OR " : "",
						 handle->sql,
						 handle->text ? "" :
						 psprintf(" OR %s OPERATOR(pg_catalog.=) 'null'::pg_catalog.jsonb",
								  handle->sql));
	add_condition(build, sql.data);
	return true;
}

/*
 * The ranges of one attribute.  False if nothing can be in them.
 */
static bool
push_range(Push *push, Build *build, const Handle *handle, JsonbValue *values)
{
	int			low = -1;
	int			high = -1;
	const char *low_op;
	const char *high_op;
	const char *sql = handle->sql;

	for (int i = 0; i < push->count; i++)
	{
		const PushCondition *condition = &push->conditions[i];

		if (condition->handle != handle)
			continue;
		if (condition->op == EXPR_OP_GT || condition->op == EXPR_OP_GE)
			low = i;
		else if (condition->op == EXPR_OP_LT || condition->op == EXPR_OP_LE)
			high = i;
	}
	low_op = low >= 0 && push->conditions[low].op == EXPR_OP_GT ? ">" : ">=";
	high_op = high >= 0 && push->conditions[high].op == EXPR_OP_LT ? "<" : "<=";

	if (low >= 0 && high >= 0 && values[low].type == jbvString &&
		values[high].type == jbvString)
	{
		/* only strings are between them */
		if (handle->text && handle->c_order)
			add_condition(build,
						  psprintf("%s COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.%s) %s AND %s COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.%s) %s",
								   sql, low_op,
								   add_arg(build, TEXTOID, value_text_datum(&values[low])),
								   sql, high_op,
								   add_arg(build, TEXTOID, value_text_datum(&values[high]))));
		return true;
	}
	if (handle->text)
		return true;
	if (low >= 0 && high >= 0 && values[low].type == jbvNumeric &&
		values[high].type == jbvNumeric)
		add_condition(build,
					  psprintf("%s OPERATOR(pg_catalog.%s) %s AND %s OPERATOR(pg_catalog.%s) %s",
							   sql, low_op, jsonb_arg(build, &values[low]),
							   sql, high_op, jsonb_arg(build, &values[high])));
	else if (low >= 0 && values[low].type == jbvNumeric)
		/* beyond numbers there are strings, arrays and objects */
		add_condition(build,
					  psprintf("%s OPERATOR(pg_catalog.%s) %s"
							   " OR (%s OPERATOR(pg_catalog.>) 'null'::pg_catalog.jsonb AND %s OPERATOR(pg_catalog.<) " LEAST_NUMBER ")"
							   " OR %s OPERATOR(pg_catalog.=) '[]'::pg_catalog.jsonb",
							   sql, low_op, jsonb_arg(build, &values[low]),
							   sql, sql, sql));
	else if (high >= 0 && values[high].type == jbvNumeric)
		/* and before them null, nothing, false and true */
		add_condition(build,
					  psprintf("%s OPERATOR(pg_catalog.%s) %s OR %s IS NULL"
							   " OR %s OPERATOR(pg_catalog.=) ANY ('{false,true}'::pg_catalog.jsonb[])",
							   sql, high_op, jsonb_arg(build, &values[high]),
							   sql, sql));
	return true;
}

/* How many of the first ones are needed; -1: all, or nobody knows yet. */
static int64
rows_needed(Push *push, Run *run)
{
	JsonbValue	value;
	int64		rows;
	int64		skip = 0;

	expr_run(push->limit, &run->frame, &value);
	rows = value_to_int64(&value);
	if (value.type != jbvNumeric || rows < 0 || run->full_count >= 0)
		return -1;
	if (push->offset)
	{
		expr_run(push->offset, &run->frame, &value);
		skip = value_to_int64(&value);
		if (value.type != jbvNumeric || skip < 0 ||
			skip > PG_INT64_MAX - rows)
			return -1;
	}
	return rows + skip;
}

/*
 * Does the attribute that is sorted by hold a number in every document?  Three
 * looks at the ends of its index.
 */
static bool
only_numbers(Push *push, Run *run)
{
	const char *sql = push->order->sql;
	char	   *table = document_table(push->collection);

	return !reader_true(run, push->collection->relid,
						psprintf("SELECT EXISTS (SELECT FROM %s WHERE %s IS NULL)"
								 " OR EXISTS (SELECT FROM %s WHERE %s OPERATOR(pg_catalog.<) " LEAST_NUMBER ")"
								 " OR EXISTS (SELECT FROM %s WHERE %s OPERATOR(pg_catalog.>=) 'false'::pg_catalog.jsonb)",
								 table, sql, table, sql, table, sql));
}

/* The FILTER warns when it computes the value again. */
static void
no_warning(void *arg, int errornum, const char *message)
{
}

bool
push_build(Push *push, Run *run, ReaderQuery *query)
{
	ExprWarn	warn = run->frame.warn;
	Build	   *build = palloc0(sizeof(Build));
	JsonbValue	values[MAX_CONDITIONS];
	bool		possible = true;

	initStringInfo(&build->sql);
	run->frame.warn = no_warning;
	for (int i = 0; i < push->count && possible; i++)
	{
		const PushCondition *condition = &push->conditions[i];

		expr_run(condition->value, &run->frame, &values[i]);
		if (condition->target != TARGET_HANDLE)
			possible = push_key(push, build, condition, &values[i]);
		else if (condition->op == EXPR_OP_EQ || condition->op == EXPR_OP_IN)
			possible = push_in(build, condition->handle, &values[i],
							   condition->op == EXPR_OP_EQ);
	}
	for (int k = 0; k < push->known.count && possible; k++)
		possible = push_range(push, build, &push->known.items[k], values);
	run->frame.warn = warn;
	if (push->sorted)
	{
		int64		rows = rows_needed(push, run);

		if (rows >= 0 && (push->order == NULL || only_numbers(push, run)))
			appendStringInfo(&build->sql, " ORDER BY %s%s LIMIT %s",
							 push->order ? push->order->sql : push->key,
							 push->descending ? " DESC" : "",
							 add_arg(build, INT8OID, Int64GetDatum(rows)));
	}
	query->tail = build->sql.data;
	query->nargs = build->nargs;
	query->types = build->types;
	query->args = build->args;
	return possible;
}

const char *
push_explain(const Push *push)
{
	const Handle *handle = NULL;

	if (push == NULL)
		return "full scan";
	for (int i = 0; i < push->count; i++)
	{
		const PushCondition *condition = &push->conditions[i];

		if (condition->target != TARGET_HANDLE)
			return condition->op == EXPR_OP_EQ || condition->op == EXPR_OP_IN ?
				"key" : "range of keys";
		if (handle == NULL || condition->handle->unique)
			handle = condition->handle;
	}
	if (push->sorted)
		return push->order ?
			psprintf("in order of %s, while it holds only numbers",
					 push->order->index) : "in order of keys";
	return psprintf("index scan on %s", handle->index);
}
