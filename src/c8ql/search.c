/*
 * c8ql/search.c
 *		What UPSERT looks for.
 *
 * A search is a list of leaves, each a path and the value that must be there:
 *
 *		{name: "x", address: {city: @c}}
 *			[name] == "x"    [address, city] == @c
 *
 * "==" is the language's: a missing attribute equals null, 1 equals 1.0, [1]
 * equals [1, null].  How what matches is found is lookup.c's business; whether a
 * document matches is said here, by search_matches().
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "c8ql/search_impl.h"
#include "document/fetch.h"
#include "expr/error.h"
#include "expr/value.h"
#include "jsonb/doc.h"
#include "store/searchlock.h"

static void plan_object(Search *search, ExprCompiler *compiler,
						const ExprNode *object, const Path *path);

/* ----------
 * Planning
 * ----------
 */
Search *
search_plan(ExprCompiler *compiler, const ExprNode *node,
			const Collection *collection)
{
	Search	   *search = palloc0(sizeof(Search));

	search->collection = collection;
	if (node->tag == EXPR_FILTER)
	{
		int			visible = list_length(compiler->variables);
		StringInfoData text;

		search->owner = expr_new_owner(compiler);
		search->current = expr_declare(compiler, search->owner, "$CURRENT");
		search->filter = expr_compile_node(compiler, node->args[0]);
		compiler->variables = list_truncate(compiler->variables, visible);
		initStringInfo(&text);
		expr_deparse(node, &text);
		search->filter_hash = hash_bytes((unsigned char *) text.data, text.len);
	}
	else if (node->tag == EXPR_OBJECT)
		plan_object(search, compiler, node, NULL);
	else
	{
		search->object = expr_compile_node(compiler, node);
		search->parameter = node->name;
		search->source = compiler->source;
		search->location = node->location;
	}
	handles_find(collection, &search->known);
	return search;
}

/*
 * The leaves of an object literal.  Of attributes with the same name the
 * first one counts.
 */
static void
plan_object(Search *search, ExprCompiler *compiler, const ExprNode *object,
			const Path *path)
{
	check_stack_depth();
	for (int i = 0; i < object->nargs; i++)
	{
		const ExprNode *property = object->args[i];
		const ExprNode *value;
		Path	   *longer;
		Leaf	   *leaf;
		bool		again = false;

		if (property->tag != EXPR_PROP)
			expr_error_at(EXPR_ERR_PARSE, compiler->source,
						  property->location,
						  "expecting object literal with literal attribute names in example");
		for (int k = 0; k < i && !again; k++)
			again = strcmp(object->args[k]->name, property->name) == 0;
		if (again)
			continue;

		value = property->args[0];
		longer = path_extend(path, property->name);
		if (value->tag == EXPR_OBJECT && value->nargs > 0)
		{
			plan_object(search, compiler, value, longer);
			continue;
		}
		search->nplanned++;
		if (search->planned == NULL)
			search->planned = palloc(sizeof(Leaf));
		else
			search->planned = repalloc(search->planned,
									   sizeof(Leaf) * search->nplanned);
		leaf = &search->planned[search->nplanned - 1];
		memset(leaf, 0, sizeof(Leaf));
		leaf->path = longer;
		leaf->code = expr_compile_node(compiler, value);
		/* a bind parameter is as if its value stood there */
		leaf->walk = value->tag == EXPR_PARAM;
	}
}

ExprCode *
search_expression(const Search *search)
{
	return search->planned[0].code;
}

/* ----------
 * One row
 * ----------
 */
static void
add_leaf(Search *search, const Path *path, const JsonbValue *value)
{
	Leaf	   *leaf;

	if (search->nleaves == search->space)
	{
		search->space = search->space ? search->space * 2 : 8;
		if (search->leaves)
			search->leaves = repalloc(search->leaves,
									  sizeof(Leaf) * search->space);
		else
			search->leaves = palloc(sizeof(Leaf) * search->space);
	}
	leaf = &search->leaves[search->nleaves++];
	memset(leaf, 0, sizeof(Leaf));
	leaf->path = path;
	leaf->value = *value;
}

void
search_walk_object(Search *search, const Path *path, const JsonbValue *object)
{
	ValueIter	it;
	JsonbValue	name;
	JsonbValue	value;

	check_stack_depth();
	value_iter_init(&it, object);
	while (value_iter_next(&it, &name, &value))
	{
		Path	   *longer = path_extend(path, pnstrdup(name.val.string.val,
														name.val.string.len));

		if (value_type(&value) == VALUE_OBJECT && value_count(&value) > 0)
			search_walk_object(search, longer, &value);
		else
			add_leaf(search, longer, &value);
	}
}

void
search_evaluate(Search *search, Run *run)
{
	JsonbValue	value;

	search->leaves = NULL;
	search->nleaves = search->space = 0;
	search->verify = false;
	if (search->object)
	{
		expr_run(search->object, &run->frame, &value);
		if (value_type(&value) != VALUE_OBJECT)
			expr_error_at(EXPR_ERR_PARSE, search->source, search->location,
						  "expecting object literal or bind parameter for UPSERT example");
		search_walk_object(search, NULL, &value);
	}
	for (int i = 0; i < search->nplanned; i++)
	{
		const Leaf *leaf = &search->planned[i];

		expr_run(leaf->code, &run->frame, &value);
		if (leaf->walk && value_type(&value) == VALUE_OBJECT &&
			value_count(&value) > 0)
			search_walk_object(search, leaf->path, &value);
		else
			add_leaf(search, leaf->path, &value);
	}
	for (int i = 0; i < search->nleaves && !search->warned; i++)
	{
		if (!path_is_system(search->leaves[i].path, "_rev"))
			continue;
		search->warned = true;
		ereport(WARNING,
				(errmsg("_rev in the search expression of an UPSERT selects, it does not compare"),
				 errhint("Put _rev into the update expression, with ignoreRevs: false.")));
	}
}

bool
path_is_system(const Path *path, const char *name)
{
	return path->depth == 1 && strcmp(path->names[0], name) == 0;
}

bool
search_has_warned(const Search *search)
{
	return search->warned;
}

SearchKey
search_key(const Search *search, Datum *key)
{
	const Collection *collection = search->collection;

	for (int i = 0; i < search->nleaves; i++)
	{
		const Leaf *leaf = &search->leaves[i];
		const char *text = leaf->value.val.string.val;
		int			len = leaf->value.val.string.len;
		int			prefix = strlen(collection->name) + 1;
		const char *hint;

		if (!path_is_system(leaf->path, "_key") && !path_is_system(leaf->path, "_id"))
			continue;
		if (leaf->value.type != jbvString)
			return SEARCH_KEY_IMPOSSIBLE;
		if (path_is_system(leaf->path, "_id"))
		{
			if (len <= prefix || text[prefix - 1] != '/' ||
				memcmp(text, collection->name, prefix - 1) != 0)
				return SEARCH_KEY_IMPOSSIBLE;
			text += prefix;
			len -= prefix;
		}
		return collection_key_parse(collection, text, len, key, &hint) ?
			SEARCH_KEY_ONE : SEARCH_KEY_IMPOSSIBLE;
	}
	return SEARCH_KEY_NONE;
}

/* What the document has at the leaf's path; null if nothing. */
static void
leaf_value(const Leaf *leaf, const Jsonb *doc, JsonbValue *value)
{
	value_from_jsonb(unconstify(Jsonb *, doc), value);
	for (int i = 0; i < leaf->path->depth; i++)
	{
		JsonbValue	inner;

		value_attribute(value, leaf->path->names[i],
						strlen(leaf->path->names[i]), &inner);
		*value = inner;
	}
}

bool
search_matches(Search *search, Run *run, const Jsonb *doc, const char *key,
			   const char *rev)
{
	if (search->filter)
	{
		Jsonb	   *shown = document_show(search->collection, key, rev, doc);
		JsonbValue	value;

		value_from_jsonb(shown, expr_own_slot(&run->frame, search->owner,
											  search->current));
		expr_run(search->filter, &run->frame, &value);
		return value_truthy(&value);
	}
	for (int i = 0; i < search->nleaves; i++)
	{
		const Leaf *leaf = &search->leaves[i];
		JsonbValue	value;

		if (path_is_system(leaf->path, "_key"))
			value_set_string(&value, key, strlen(key));
		else if (path_is_system(leaf->path, "_id"))
		{
			char	   *id = psprintf("%s/%s", search->collection->name, key);

			value_set_string(&value, id, strlen(id));
		}
		else if (path_is_system(leaf->path, "_rev"))
		{
			if (rev)
				value_set_string(&value, rev, strlen(rev));
			else
				value_set_null(&value);
		}
		else
			leaf_value(leaf, doc, &value);
		if (!value_equal(&value, &leaf->value))
			return false;
	}
	return true;
}

void
search_distrust(Search *search)
{
	search->verify = true;
}

void
search_arbitrate(Search *search)
{
	uint32		hash = search->filter_hash;

	/* independent of the order in which the attributes were written */
	for (int i = 0; i < search->nleaves; i++)
	{
		const Leaf *leaf = &search->leaves[i];
		uint32		one = value_hash(&leaf->value);

		for (int k = 0; k < leaf->path->depth; k++)
			one = hash_combine(one,
							   hash_bytes((const unsigned char *) leaf->path->names[k],
										  strlen(leaf->path->names[k])));
		hash += hash_bytes_uint32(one);
	}
	search_lock(search->collection->relid, hash);
}
