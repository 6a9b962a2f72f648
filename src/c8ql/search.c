/*
 * c8ql/search.c
 *		What UPSERT looks for, and how it is found.
 *
 * A search is a list of leaves, each a path and the value that must be there:
 *
 *		{name: "x", address: {city: @c}}
 *			[name] == "x"    [address, city] == @c
 *
 * "==" is the language's: a missing attribute equals null, 1 equals 1.0, [1]
 * equals [1, null].  SQL's operators are stricter, so what SQL finds is a
 * superset, by the containment of what the values must have in common
 * (doc @> {"name": "x"}) and by columns and index expressions that stand for
 * a path; each find is checked here by search_matches().  Only where all
 * values are scalars and none is null SQL's answer is exact.
 *
 * It finds keys.  Applying the operation to the row of that key, and checking
 * there again that it still matches, is the caller's business.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/spivalue.h"
#include "jsonb/doc.h"
#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/handle.h"
#include "c8ql/search.h"
#include "document/fetch.h"
#include "store/searchlock.h"

/* matches that are looked at in one go */
#define FETCH_SIZE 32

typedef struct Leaf
{
	const Path *path;
	ExprCode   *code;			/* of a planned leaf */
	bool		walk;			/* its value may be an object to be walked */
	JsonbValue	value;
} Leaf;

struct Search
{
	const Collection *collection;
	int			nplanned;
	Leaf	   *planned;		/* from an object literal */
	ExprCode   *object;			/* or a parameter that is an object, */
	const char *parameter;		/* its name, */
	const char *source;			/* and the place where it stands */
	int			location;
	ExprCode   *filter;			/* or a filter, and its CURRENT */
	ExprOwner	owner;
	int			current;
	uint32		filter_hash;

	Handles		known;
	bool		warned;			/* that it names _rev */

	/* of this row */
	bool		verify;			/* check what SQL finds, come what may */
	int			nleaves;
	int			space;
	Leaf	   *leaves;
};

/* A query for SQL: which handles are used, with which values. */
typedef struct Lookup
{
	StringInfoData sql;
	bool		exact;
	bool		unique;
	int			nargs;
	Oid			types[MAX_HANDLES + 1];
	Datum		args[MAX_HANDLES + 1];
} Lookup;

static void plan_object(Search *search, ExprCompiler *compiler,
						const ExprNode *object, const Path *path);
static void add_leaf(Search *search, const Path *path,
					 const JsonbValue *value);
static void walk_object(Search *search, const Path *path,
						const JsonbValue *object);
static bool is_system(const Path *path, const char *name);
static bool common_part(const JsonbValue *value, JsonbValue *out);
static void build_lookup(Search *search, Lookup *lookup);
static bool use_handle(Search *search, const Leaf *leaf, Lookup *lookup);
static void leaf_value(const Leaf *leaf, const Jsonb *doc, JsonbValue *value);

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

static void
walk_object(Search *search, const Path *path, const JsonbValue *object)
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
			walk_object(search, longer, &value);
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
		walk_object(search, NULL, &value);
	}
	for (int i = 0; i < search->nplanned; i++)
	{
		const Leaf *leaf = &search->planned[i];

		expr_run(leaf->code, &run->frame, &value);
		if (leaf->walk && value_type(&value) == VALUE_OBJECT &&
			value_count(&value) > 0)
			walk_object(search, leaf->path, &value);
		else
			add_leaf(search, leaf->path, &value);
	}
	for (int i = 0; i < search->nleaves && !search->warned; i++)
	{
		if (!is_system(search->leaves[i].path, "_rev"))
			continue;
		search->warned = true;
		ereport(WARNING,
				(errmsg("_rev in the search expression of an UPSERT selects, it does not compare"),
				 errhint("Put _rev into the update expression, with ignoreRevs: false.")));
	}
}

static bool
is_system(const Path *path, const char *name)
{
	return path->depth == 1 && strcmp(path->names[0], name) == 0;
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

		if (!is_system(leaf->path, "_key") && !is_system(leaf->path, "_id"))
			continue;
		if (leaf->value.type != jbvString)
			return SEARCH_KEY_IMPOSSIBLE;
		if (is_system(leaf->path, "_id"))
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

		if (is_system(leaf->path, "_key"))
			value_set_string(&value, key, strlen(key));
		else if (is_system(leaf->path, "_id"))
		{
			char	   *id = psprintf("%s/%s", search->collection->name, key);

			value_set_string(&value, id, strlen(id));
		}
		else if (is_system(leaf->path, "_rev"))
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

/* ----------
 * Asking SQL
 * ----------
 */

/*
 * The part of a value that every value equal to it contains, in the sense of
 * jsonb's @>: without nulls, in arrays and objects.  False if there is none.
 */
static bool
common_part(const JsonbValue *value, JsonbValue *out)
{
	ValueType	type = value_type(value);
	ValueBuilder builder;
	ValueIter	it;
	JsonbValue	name;
	JsonbValue	member;
	JsonbValue	part;

	check_stack_depth();
	*out = *value;
	if (type == VALUE_NULL)
		return false;
	if (type != VALUE_ARRAY && type != VALUE_OBJECT)
		return true;

	if (type == VALUE_ARRAY)
		value_array_begin(&builder);
	else
		value_object_begin(&builder);
	value_iter_init(&it, value);
	while (value_iter_next(&it, &name, &member))
	{
		if (!common_part(&member, &part))
			continue;
		if (type == VALUE_ARRAY)
			value_array_add(&builder, &part);
		else
			value_object_put(&builder, name.val.string.val,
							 name.val.string.len, &part);
	}
	if (type == VALUE_ARRAY)
		value_array_finish(&builder, out);
	else
		value_object_finish(&builder, true, out);
	return true;
}

/* The value as the object that has it at a path. */
static void
nest(const Path *path, int depth, const JsonbValue *value, JsonbValue *out)
{
	ValueBuilder builder;
	JsonbValue	inner = *value;

	for (int i = path->depth - 1; i >= depth; i--)
	{
		value_object_begin(&builder);
		value_object_put(&builder, path->names[i], strlen(path->names[i]),
						 &inner);
		value_object_finish(&builder, true, out);
		inner = *out;
	}
}

static void
append_condition(Lookup *lookup, const char *left, const char *operator,
				 Oid type, Datum value)
{
	lookup->types[lookup->nargs] = type;
	lookup->args[lookup->nargs] = value;
	lookup->nargs++;
	appendStringInfo(&lookup->sql, "%s%s OPERATOR(pg_catalog.%s) $%d",
					 lookup->nargs == 1 ? " WHERE " : " AND ",
					 left, operator, lookup->nargs);
}

/*
 * Use a column or index expression for this leaf.  True if it says all that
 * there is to say.
 */
static bool
use_handle(Search *search, const Leaf *leaf, Lookup *lookup)
{
	bool		exact = false;

	for (int i = 0; i < search->known.count; i++)
	{
		const Handle *handle = &search->known.items[i];

		if (!path_same(handle->path, leaf->path) ||
			lookup->nargs >= MAX_HANDLES)
			continue;
		if (handle->text && leaf->value.type == jbvString)
		{
			text	   *value = cstring_to_text_with_len(leaf->value.val.string.val,
														 leaf->value.val.string.len);

			append_condition(lookup, handle->sql, "=", TEXTOID,
							 PointerGetDatum(value));
			lookup->unique |= handle->unique;
		}
		else if (!handle->text && leaf->value.type != jbvBinary)
		{
			append_condition(lookup, handle->sql, "=", JSONBOID,
							 JsonbPGetDatum(value_to_jsonb(&leaf->value)));
			lookup->unique |= handle->unique;
			exact = true;
		}
	}
	return exact;
}

static void
build_lookup(Search *search, Lookup *lookup)
{
	const Collection *collection = search->collection;
	char	   *key = document_column(collection, collection->key_attno);
	ValueBuilder contained;
	bool		textual = collection->key_type == TEXTOID ||
	collection->key_type == VARCHAROID;
	const char *order = textual ? " COLLATE pg_catalog.\"C\"" : "";
	StringInfoData select;

	memset(lookup, 0, sizeof(Lookup));
	lookup->exact = search->filter == NULL && !search->verify;
	initStringInfo(&lookup->sql);
	value_object_begin(&contained);
	for (int i = 0; i < search->nleaves; i++)
	{
		const Leaf *leaf = &search->leaves[i];
		JsonbValue	part;
		JsonbValue	nested;

		if (leaf->value.type == jbvNull || leaf->value.type == jbvBinary)
			lookup->exact = false;
		if (leaf->path->names[0][0] == '_' &&
			(is_system(leaf->path, "_key") || is_system(leaf->path, "_id") ||
			 is_system(leaf->path, "_rev")))
		{
			lookup->exact = false;
			continue;
		}
		if (!common_part(&leaf->value, &part) ||
			use_handle(search, leaf, lookup))
			continue;
		nest(leaf->path, 0, &part, &nested);

		/*
		 * one condition for each: merging paths that share a name is not
		 * worth the trouble, and @> of the document is cheap
		 */
		if (lookup->nargs < MAX_HANDLES)
			append_condition(lookup,
							 document_column(collection, collection->doc_attno),
							 "@>", JSONBOID,
							 JsonbPGetDatum(value_to_jsonb(&nested)));
		else
			lookup->exact = false;
	}

	initStringInfo(&select);
	if (lookup->exact && lookup->unique)
		appendStringInfo(&select, "SELECT %s FROM %s%s LIMIT 2",
						 key, document_table(collection), lookup->sql.data);
	else if (lookup->exact)
		/* without the CTE the planner would walk the key's index instead */
		appendStringInfo(&select,
						 "WITH m AS MATERIALIZED (SELECT %s AS k FROM %s%s) SELECT k FROM m ORDER BY k%s LIMIT 2",
						 key, document_table(collection), lookup->sql.data,
						 order);
	else
		appendStringInfo(&select,
						 "WITH m AS MATERIALIZED (SELECT %s AS k, %s AS r, %s AS d FROM %s%s) SELECT k, r, d FROM m ORDER BY k%s",
						 key,
						 document_column(collection, collection->rev_attno),
						 document_column(collection, collection->doc_attno),
						 document_table(collection), lookup->sql.data, order);
	lookup->sql = select;
}

bool
search_find(Search *search, Run *run, bool latest, bool single, Datum *key)
{
	MemoryContext caller = CurrentMemoryContext;
	Lookup		lookup;
	SPIPlanPtr	plan;
	Portal		portal;
	int			found = 0;
	char	   *second = NULL;
	int			wanted = single ? 2 : 1;
	bool		more = true;

	build_lookup(search, &lookup);
	CommandCounterIncrement();
	PushActiveSnapshot(latest ? GetLatestSnapshot() : GetTransactionSnapshot());
	SPI_connect();
	plan = document_plan(search->collection, lookup.sql.data, lookup.nargs,
						 lookup.types);
	portal = SPI_cursor_open(NULL, plan, lookup.args, NULL, true);
	while (more && found < wanted)
	{
		SPI_cursor_fetch(portal, true, lookup.exact ? wanted : FETCH_SIZE);
		more = !lookup.exact && SPI_processed == FETCH_SIZE;
		for (uint64 i = 0; i < SPI_processed && found < wanted; i++)
		{
			HeapTuple	tuple = SPI_tuptable->vals[i];
			TupleDesc	desc = SPI_tuptable->tupdesc;
			bool		isnull;
			Datum		one = spi_value(tuple, desc, 1,
										search->collection->key_type, &isnull);
			Datum		doc;

			CHECK_FOR_INTERRUPTS();
			if (!lookup.exact)
			{
				doc = spi_value(tuple, desc, 3, JSONBOID, &isnull);
				if (!search_matches(search, run,
									isnull ? doc_empty() : DatumGetJsonbP(doc),
									collection_key_to_string(search->collection, one),
									SPI_getvalue(tuple, desc, 2)))
					continue;
			}
			if (found++ > 0)
				second = MemoryContextStrdup(caller,
											 collection_key_to_string(search->collection, one));
			else
			{
				MemoryContext spi = MemoryContextSwitchTo(caller);
				int16		typlen;
				bool		typbyval;

				get_typlenbyval(search->collection->key_type, &typlen,
								&typbyval);
				*key = datumCopy(one, typbyval, typlen);
				MemoryContextSwitchTo(spi);
			}
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	if (single && found > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one document matches the search"),
				 errdetail("In collection \"%s\" \"%s\" and \"%s\" do.",
						   search->collection->name,
						   collection_key_to_string(search->collection, *key),
						   second),
				 errhint("Search by a unique attribute, or say \"multiple\": \"first\" to take the one with the least key.")));
	return found > 0;
}

/*
 * In words, for c8ql_explain(): what can be said before the values of the
 * rows are known.  A search by parameter has its attributes from the binds.
 */
char *
search_explain(Search *search, const Jsonb *bind)
{
	const Handle *indexed = NULL;
	const Leaf *leaves = search->planned;
	int			nleaves = search->nplanned;

	if (search->object)
	{
		JsonbValue	binds;
		JsonbValue	value;

		value_set_empty_object(&binds);
		if (bind)
			value_from_jsonb(unconstify(Jsonb *, bind), &binds);
		if (!value_attribute(&binds, search->parameter,
							 strlen(search->parameter), &value) ||
			value_type(&value) != VALUE_OBJECT)
			return "by the attributes that the parameter has when it runs";
		search->nleaves = 0;
		walk_object(search, NULL, &value);
		leaves = search->leaves;
		nleaves = search->nleaves;
	}

	for (int i = 0; i < nleaves; i++)
	{
		if (is_system(leaves[i].path, "_key") ||
			is_system(leaves[i].path, "_id"))
			return "key";
	}
	for (int i = 0; i < nleaves; i++)
	{
		for (int k = 0; k < search->known.count; k++)
		{
			if (!path_same(search->known.items[k].path, leaves[i].path))
				continue;
			if (indexed == NULL || search->known.items[k].unique)
				indexed = &search->known.items[k];
		}
	}
	if (indexed && indexed->unique)
		return psprintf("unique index %s", indexed->index);
	if (indexed)
		return psprintf("index scan on %s + search lock", indexed->index);
	if (search->known.gin && search->filter == NULL && nleaves > 0)
		return psprintf("index scan on %s + search lock", search->known.gin);
	return "full scan + search lock";
}
