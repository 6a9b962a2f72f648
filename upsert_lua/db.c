/*
 * db.c
 *		The table db: what scripts read beyond single records.
 *
 *		db.get(uri)
 *		db.query{collection, did, limit, cursor, sort, sortDirection, reverse, filter}
 *		db.search{collection, field, query, limit}
 *		db.backlinks{collection, uri, did, limit, cursor}
 *		db.count(collection, did)
 *
 * Each is one SELECT with the caller's rights and a snapshot of its own.  What
 * a script says goes into it as parameters only; the names in it are those of
 * the table and of its columns.
 *
 *		options --> DbQuery {text, parameters} --> SPI --> rows, copied
 *												--> {records = {...}, cursor}
 *
 * Records come as plain tables of their fields, with "uri" among them.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>

#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "bounds.h"
#include "json.h"
#include "script.h"
#include "upsert.h"

/* Of one page, as in the scripting API that this is after */
#define PAGE_MAX		100
#define QUERY_DEFAULT	20
#define SEARCH_DEFAULT	10

/* Groups within groups, conditions of all, and steps of a path */
#define FILTER_DEPTH	5
#define FILTER_MAX		100
#define PATH_STEPS		32

#define MAX_PARAMS		(2 * FILTER_MAX + 20)

/* ... of the table t */
#define URI				"t.uri COLLATE pg_catalog.\"C\""
#define CREATED			"coalesce(t.created_at, '-infinity'::pg_catalog.timestamptz)"
#define LESS			"OPERATOR(pg_catalog.<)"
#define GREATER			"OPERATOR(pg_catalog.>)"
#define EQUAL			"OPERATOR(pg_catalog.=)"

/* A statement being put together */
typedef struct DbQuery
{
	lua_State  *L;
	Oid			relid;
	bool		has_created;	/* column created_at */
	StringInfoData text;
	int			nparams;
	Oid			types[MAX_PARAMS];
	Datum		values[MAX_PARAMS];
} DbQuery;

typedef struct DbRow
{
	char	   *uri;
	Jsonb	   *record;
	TimestampTz created;
} DbRow;

/* What a page is asked by; strings belong to Lua */
typedef struct DbPage
{
	const char *collection;
	const char *did;			/* or NULL */
	const char *cursor;			/* or NULL */
	const char *sort;			/* or NULL */
	int			limit;
	bool		ascending;
} DbPage;

static DbQuery *begin_query(lua_State *L, Script *s);
static int	add_param(DbQuery *q, Oid type, Datum value);
static int	add_text(DbQuery *q, const char *str);
static bool has_column(DbQuery *q, const char *name, Oid type);
static void check_options(lua_State *L, const char *const *allowed,
						  const char *function);
static const char *string_option(lua_State *L, int index, const char *name);
static const char *required_option(lua_State *L, const char *name,
								   const char *function);
static int	limit_option(lua_State *L, int standard);
static void take_order(lua_State *L, DbPage *page);
static int	add_path(DbQuery *q, const char *path);
static void where_collection(DbQuery *q, const char *collection, const char *did);
static void where_filter(DbQuery *q, int index, int depth);
static void where_condition(DbQuery *q, int index);
static void where_after(DbQuery *q, const DbPage *page);
static void order_by(DbQuery *q, const DbPage *page);
static DbRow *fetch_rows(DbQuery *q, int *n);
static void push_rows(lua_State *L, const DbRow *rows, int n);
static int	answer_page(DbQuery *q, const DbPage *page);

/* ----------
 * Statements
 * ----------
 */

static DbQuery *
begin_query(lua_State *L, Script *s)
{
	DbQuery    *q = palloc0(sizeof(DbQuery));

	upsert->check_store(s->store);
	q->L = L;
	q->relid = s->store;
	q->has_created = has_column(q, "created_at", TIMESTAMPTZOID);
	initStringInfo(&q->text);
	appendStringInfo(&q->text, "SELECT t.uri::pg_catalog.text, t.record, %s FROM %s AS t WHERE t.record IS NOT NULL AND ",
					 q->has_created ? CREATED : "NULL::pg_catalog.timestamptz",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(q->relid)),
												get_rel_name(q->relid)));
	return q;
}

/* The number of a new parameter. */
static int
add_param(DbQuery *q, Oid type, Datum value)
{
	if (q->nparams == MAX_PARAMS)
		luaL_error(q->L, "the filter has more than %d conditions", FILTER_MAX);
	q->types[q->nparams] = type;
	q->values[q->nparams] = value;
	return ++q->nparams;
}

static int
add_text(DbQuery *q, const char *str)
{
	return add_param(q, TEXTOID, CStringGetTextDatum(str));
}

static bool
has_column(DbQuery *q, const char *name, Oid type)
{
	AttrNumber	attno = get_attnum(q->relid, name);

	return attno > 0 && get_atttype(q->relid, attno) == type;
}

/* ----------
 * Options
 * ----------
 */

/* The one argument is a table, and has no other fields than these. */
static void
check_options(lua_State *L, const char *const *allowed, const char *function)
{
	if (!lua_istable(L, 1))
		luaL_error(L, "%s takes a table of options", function);
	lua_settop(L, 1);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
	{
		const char *const *name = allowed;

		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "%s takes a table of named options", function);
		while (*name != NULL && strcmp(*name, lua_tostring(L, -2)) != 0)
			name++;
		if (*name == NULL)
			luaL_error(L, "%s has no option '%s'", function, lua_tostring(L, -2));
	}
}

/* A string of the table at index, which keeps it; NULL if nil or null. */
static const char *
string_option(lua_State *L, int index, const char *name)
{
	int			type = script_field(L, index, name);
	const char *str = NULL;

	if (type != LUA_TNIL && type != LUA_TLIGHTUSERDATA)
		str = script_string(L, -1, psprintf("the option '%s'", name));
	lua_pop(L, 1);
	return str;
}

static const char *
required_option(lua_State *L, const char *name, const char *function)
{
	const char *str = string_option(L, 1, name);

	if (str == NULL)
		luaL_error(L, "%s needs the option '%s'", function, name);
	return str;
}

/* What parameters of an URL say is a string, and taken as a number. */
static int
limit_option(lua_State *L, int standard)
{
	int			type = script_field(L, 1, "limit");
	int			isnum = 1;
	lua_Integer limit = standard;

	if (type != LUA_TNIL && type != LUA_TLIGHTUSERDATA)
		limit = lua_tointegerx(L, -1, &isnum);
	lua_pop(L, 1);
	if (!isnum || limit < 1)
		luaL_error(L, "the option 'limit' must be an integer from 1 to %d", PAGE_MAX);
	return (int) Min(limit, PAGE_MAX);
}

/* "sortDirection" and "reverse" */
static void
take_order(lua_State *L, DbPage *page)
{
	const char *direction = string_option(L, 1, "sortDirection");

	if (direction != NULL && pg_strcasecmp(direction, "asc") == 0)
		page->ascending = true;
	else if (direction != NULL && pg_strcasecmp(direction, "desc") != 0)
		luaL_error(L, "the option 'sortDirection' must be \"asc\" or \"desc\"");
	script_field(L, 1, "reverse");
	if (lua_toboolean(L, -1) && !lua_islightuserdata(L, -1))
		page->ascending = !page->ascending;
	lua_pop(L, 1);
}

/*
 * A path into records as a parameter: a, a.b, a[0].b.
 */
static int
add_path(DbQuery *q, const char *path)
{
	Datum		steps[PATH_STEPS];
	int			n = 0;
	const char *p = path;

	for (;;)
	{
		bool		bracket = n > 0 && p[-1] == '[';
		int			len = strspn(p, bracket ? "0123456789" :
								 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-");

		if (len == 0 || n == PATH_STEPS)
			break;
		steps[n++] = PointerGetDatum(cstring_to_text_with_len(p, len));
		p += len;
		if (bracket && *p++ != ']')
			break;
		if (*p == '\0')
			return add_param(q, TEXTARRAYOID,
							 PointerGetDatum(construct_array(steps, n, TEXTOID, -1, false, TYPALIGN_INT)));
		if (*p != '.' && *p != '[')
			break;
		p++;
	}
	return luaL_error(q->L, "\"%s\" is not the path of a field, such as author.handle or tags[0]",
					  path);
}

/* ----------
 * Conditions
 * ----------
 */

/*
 * The records of a collection, in one repository or in all; those in one are
 * a range of the primary key ("0" follows "/").
 */
static void
where_collection(DbQuery *q, const char *collection, const char *did)
{
	if (did != NULL)
		appendStringInfo(&q->text, URI " " GREATER " $%d AND " URI " " LESS " $%d",
						 add_text(q, psprintf("at://%s/%s/", did, collection)),
						 add_text(q, psprintf("at://%s/%s0", did, collection)));
	else
		appendStringInfo(&q->text, "%s " EQUAL " $%d",
						 has_column(q, "collection", TEXTOID) ? "t.collection" :
						 "pg_catalog.split_part(t.uri, '/', 4)",
						 add_text(q, collection));
}

/* {field, op, value}: values are compared with values of their own type. */
static void
where_condition(DbQuery *q, int index)
{
	static const struct
	{
		const char *op;
		const char *sql;
		bool		ordered;
		bool		pattern;
	}			ops[] =

	{
		{"=", EQUAL}, {"!=", "OPERATOR(pg_catalog.<>)"},
		{"<", LESS, true}, {">", GREATER, true},
		{"<=", "OPERATOR(pg_catalog.<=)", true}, {">=", "OPERATOR(pg_catalog.>=)", true},
		{"LIKE", "OPERATOR(pg_catalog.~~)", false, true},
		{"NOT LIKE", "OPERATOR(pg_catalog.!~~)", false, true},
	};
	lua_State  *L = q->L;
	const char *op = string_option(L, index, "op");
	int			path = add_path(q, string_option(L, index, "field"));
	int			i = 0;
	int			type;
	int			value;

	while (op != NULL && i < lengthof(ops) && pg_strcasecmp(op, ops[i].op) != 0)
		i++;
	if (i == lengthof(ops))
		luaL_error(L, "a filter has no operator \"%s\"", op);
	type = script_field(L, index, "value");
	if (type != LUA_TSTRING && (ops[i].pattern || (type != LUA_TNUMBER && type != LUA_TBOOLEAN)))
		luaL_error(L, "the value of a filter must be a string%s",
				   ops[i].pattern ? " for LIKE" : ", a number or a boolean");
	if (ops[i].pattern)
		value = add_text(q, script_string(L, -1, "the value of a filter"));
	else
		value = add_param(q, JSONBOID,
						  JsonbPGetDatum(json_get(L, -1, JSON_FRACTIONS, "the value of a filter")));
	lua_pop(L, 1);
	if (ops[i].pattern)
		appendStringInfo(&q->text, "(pg_catalog.jsonb_typeof(t.record OPERATOR(pg_catalog.#>) $%d) " EQUAL " 'string' "
						 "AND (t.record OPERATOR(pg_catalog.#>>) $%d) %s $%d)",
						 path, path, ops[i].sql, value);
	else if (ops[i].ordered)
		appendStringInfo(&q->text, "(pg_catalog.jsonb_typeof(t.record OPERATOR(pg_catalog.#>) $%d) " EQUAL " pg_catalog.jsonb_typeof($%d) "
						 "AND (t.record OPERATOR(pg_catalog.#>) $%d) %s $%d)",
						 path, value, path, ops[i].sql, value);
	else
		appendStringInfo(&q->text, "(t.record OPERATOR(pg_catalog.#>) $%d) %s $%d",
						 path, ops[i].sql, value);
}

/* A condition, or a group of them: {combine = "OR", ..., ...}. */
static void
where_filter(DbQuery *q, int index, int depth)
{
	lua_State  *L = q->L;
	const char *combine;
	lua_Unsigned n;

	luaL_checkstack(L, 10, "filter");
	index = lua_absindex(L, index);
	if (!lua_istable(L, index))
		luaL_error(L, "a filter must be a table");
	if (depth > FILTER_DEPTH)
		luaL_error(L, "a filter must not be deeper than %d groups", FILTER_DEPTH);
	if (string_option(L, index, "field") != NULL)
	{
		where_condition(q, index);
		return;
	}
	combine = string_option(L, index, "combine");
	if (combine == NULL)
		combine = "AND";
	if (pg_strcasecmp(combine, "AND") != 0 && pg_strcasecmp(combine, "OR") != 0)
		luaL_error(L, "filters are combined by \"AND\" or \"OR\"");
	n = lua_rawlen(L, index);
	if (n == 0)
		luaL_error(L, "a filter needs a field, or conditions to be combined");
	appendStringInfoChar(&q->text, '(');
	for (lua_Unsigned i = 1; i <= n; i++)
	{
		if (i > 1)
			appendStringInfoString(&q->text, pg_strcasecmp(combine, "OR") == 0 ? " OR " : " AND ");
		lua_rawgeti(L, index, i);
		where_filter(q, -1, depth + 1);
		lua_pop(L, 1);
	}
	appendStringInfoChar(&q->text, ')');
}

/* ----------
 * Pages
 *
 * Sorted ones go on at an offset.  Others go by the key in one repository,
 * whose keys are times as a rule, and else by the time of creation and key;
 * they go on behind the last row, whatever has come or gone meanwhile.
 * ----------
 */

static bool
goes_by_key(const DbQuery *q, const DbPage *page)
{
	return page->did != NULL || !q->has_created;
}

/* An error for a cursor that this page cannot have given. */
static void
refuse_cursor(DbQuery *q, const char *cursor)
{
	luaL_error(q->L, "\"%s\" is no cursor of this query", cursor);
}

static void
where_after(DbQuery *q, const DbPage *page)
{
	const char *compare = page->ascending ? GREATER : LESS;
	char	   *end;
	TimestampTz created;
	int			param;

	if (page->cursor == NULL || page->sort != NULL)
		return;
	if (goes_by_key(q, page))
	{
		if (strncmp(page->cursor, "at://", 5) != 0)
			refuse_cursor(q, page->cursor);
		appendStringInfo(&q->text, " AND " URI " %s $%d", compare,
						 add_text(q, page->cursor));
		return;
	}
	created = strtoll(page->cursor, &end, 10);
	if (strncmp(end, ":at://", 6) != 0)
		refuse_cursor(q, page->cursor);
	param = add_param(q, TIMESTAMPTZOID, TimestampTzGetDatum(created));
	appendStringInfo(&q->text, " AND (" CREATED " %s $%d OR (" CREATED " " EQUAL " $%d AND " URI " %s $%d))",
					 compare, param, param, compare, add_text(q, end + 1));
}

static char *
cursor_after(const DbQuery *q, const DbPage *page, const DbRow *last)
{
	if (page->sort != NULL)
		return psprintf(INT64_FORMAT, (page->cursor == NULL ? 0 : (int64) strtoll(page->cursor, NULL, 10)) + page->limit);
	if (goes_by_key(q, page))
		return last->uri;
	return psprintf(INT64_FORMAT ":%s", last->created, last->uri);
}

/* One row more than the page has, to know whether there is another page. */
static void
order_by(DbQuery *q, const DbPage *page)
{
	static const char *const columns[] = {"indexed_at", "created_at", "repo", "did", "collection", "rkey", "cid", "rev", NULL};
	const char *direction = page->ascending ? "ASC" : "DESC";
	const char *const *column = columns;
	int64		offset = 0;

	appendStringInfoString(&q->text, " ORDER BY ");
	if (page->sort != NULL && strcmp(page->sort, "uri") != 0)
	{
		const char *sort = page->sort;

		if (strcmp(sort, "did") == 0 && get_attnum(q->relid, "did") <= 0)
			sort = "repo";
		while (*column != NULL && strcmp(*column, sort) != 0)
			column++;
		if (*column != NULL && get_attnum(q->relid, *column) > 0)
			appendStringInfo(&q->text, "t.%s %s NULLS LAST, ", *column, direction);
		else
			appendStringInfo(&q->text, "t.record OPERATOR(pg_catalog.#>) $%d %s NULLS LAST, ",
							 add_path(q, page->sort), direction);
	}
	else if (page->sort == NULL && !goes_by_key(q, page))
		appendStringInfo(&q->text, CREATED " %s, ", direction);
	appendStringInfo(&q->text, URI " %s LIMIT $%d", direction,
					 add_param(q, INT8OID, Int64GetDatum(page->limit + 1)));
	if (page->sort != NULL && page->cursor != NULL)
	{
		char	   *end;

		offset = strtoll(page->cursor, &end, 10);
		if (*end != '\0' || end == page->cursor || offset < 0 || offset > PG_INT32_MAX)
			refuse_cursor(q, page->cursor);
		appendStringInfo(&q->text, " OFFSET $%d", add_param(q, INT8OID, Int64GetDatum(offset)));
	}
}

/* Runs the statement; nothing of Lua is called. */
static DbRow *
fetch_rows(DbQuery *q, int *n)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	DbRow	   *rows;

	SPI_connect();
	if (SPI_execute_with_args(q->text.data, q->nparams, q->types, q->values,
							  NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read \"%s\"", get_rel_name(q->relid));
	*n = (int) SPI_processed;
	spi = MemoryContextSwitchTo(caller);
	rows = palloc0(sizeof(DbRow) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Datum		value;

		value = upsert->spi_value(tuple, desc, 1, TEXTOID, &isnull);
		rows[i].uri = isnull ? pstrdup("") : TextDatumGetCString(value);
		rows[i].record = DatumGetJsonbPCopy(upsert->spi_value(tuple, desc, 2, JSONBOID, &isnull));
		value = upsert->spi_value(tuple, desc, 3, TIMESTAMPTZOID, &isnull);
		rows[i].created = isnull ? 0 : DatumGetTimestampTz(value);
	}
	MemoryContextSwitchTo(spi);
	SPI_finish();
	return rows;
}

/* Pushes {records = {...}}. */
static void
push_rows(lua_State *L, const DbRow *rows, int n)
{
	bounds_charge(L, (uint64) n * SCRIPT_ROW_STEPS);
	lua_createtable(L, 0, 2);
	lua_createtable(L, n, 0);
	json_mark_array(L);
	for (int i = 0; i < n; i++)
	{
		CompanionRecord record = {true, NULL, rows[i].record};

		script_push_fields(L, rows[i].uri, &record);
		lua_pushstring(L, rows[i].uri);
		lua_setfield(L, -2, "uri");
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "records");
}

static int
answer_page(DbQuery *q, const DbPage *page)
{
	DbRow	   *rows;
	int			n;

	where_after(q, page);
	order_by(q, page);
	rows = fetch_rows(q, &n);
	push_rows(q->L, rows, Min(n, page->limit));
	if (n > page->limit)
	{
		lua_pushstring(q->L, cursor_after(q, page, &rows[page->limit - 1]));
		lua_setfield(q->L, -2, "cursor");
	}
	return 1;
}

/* ----------
 * Functions
 * ----------
 */

static int
db_get(lua_State *L)
{
	Script	   *s = script_enter_database(L);
	const char *uri = script_string(L, 1, "the argument of db.get()");
	CompanionRecord found;

	upsert->read(s->store, &uri, 1, &found);
	if (!found.exists)
	{
		lua_pushnil(L);
		return 1;
	}
	script_push_fields(L, uri, &found);
	lua_pushvalue(L, 1);
	lua_setfield(L, -2, "uri");
	return 1;
}

static int
db_query(lua_State *L)
{
	static const char *const options[] = {"collection", "did", "limit", "cursor", "sort", "sortDirection", "reverse", "filter", NULL};
	Script	   *s = script_enter_database(L);
	DbPage		page = {0};
	DbQuery    *q;

	check_options(L, options, "db.query()");
	page.collection = required_option(L, "collection", "db.query()");
	page.did = string_option(L, 1, "did");
	page.cursor = string_option(L, 1, "cursor");
	page.sort = string_option(L, 1, "sort");
	page.limit = limit_option(L, QUERY_DEFAULT);
	take_order(L, &page);
	q = begin_query(L, s);
	where_collection(q, page.collection, page.did);
	if (script_field(L, 1, "filter") != LUA_TNIL)
	{
		appendStringInfoString(&q->text, " AND ");
		where_filter(q, -1, 1);
	}
	return answer_page(q, &page);
}

static int
db_search(lua_State *L)
{
	static const char *const options[] = {"collection", "field", "query", "limit", NULL};
	Script	   *s = script_enter_database(L);
	const char *collection;
	int			path;
	int			query;
	int			limit;
	int			n;
	DbQuery    *q;
	DbRow	   *rows;

	check_options(L, options, "db.search()");
	collection = required_option(L, "collection", "db.search()");
	limit = limit_option(L, SEARCH_DEFAULT);
	q = begin_query(L, s);
	path = add_path(q, required_option(L, "field", "db.search()"));
	query = add_text(q, required_option(L, "query", "db.search()"));
	where_collection(q, collection, NULL);
	/* equal, then beginning with it, then containing it */
	appendStringInfo(&q->text, " AND pg_catalog.strpos(pg_catalog.lower(t.record OPERATOR(pg_catalog.#>>) $%d), pg_catalog.lower($%d)) " GREATER " 0 "
					 "ORDER BY CASE WHEN pg_catalog.lower(t.record OPERATOR(pg_catalog.#>>) $%d) " EQUAL " pg_catalog.lower($%d) THEN 1 "
					 "WHEN pg_catalog.starts_with(pg_catalog.lower(t.record OPERATOR(pg_catalog.#>>) $%d), pg_catalog.lower($%d)) THEN 2 ELSE 3 END, "
					 "(t.record OPERATOR(pg_catalog.#>>) $%d) COLLATE pg_catalog.\"C\", " URI " LIMIT $%d",
					 path, query, path, query, path, query, path,
					 add_param(q, INT8OID, Int64GetDatum(limit)));
	rows = fetch_rows(q, &n);
	push_rows(L, rows, n);
	return 1;
}

static int
db_backlinks(lua_State *L)
{
	static const char *const options[] = {"collection", "uri", "did", "limit", "cursor", NULL};
	Script	   *s = script_enter_database(L);
	DbPage		page = {0};
	const char *uri;
	char	   *refs;
	DbQuery    *q;

	check_options(L, options, "db.backlinks()");
	page.collection = required_option(L, "collection", "db.backlinks()");
	uri = required_option(L, "uri", "db.backlinks()");
	page.did = string_option(L, 1, "did");
	page.cursor = string_option(L, 1, "cursor");
	page.limit = limit_option(L, QUERY_DEFAULT);
	q = begin_query(L, s);
	where_collection(q, page.collection, page.did);

	/* the table of references beside it knows, if there is one */
	refs = makeObjectName(get_rel_name(q->relid), NULL, "refs");
	if (OidIsValid(get_relname_relid(refs, get_rel_namespace(q->relid))))
		appendStringInfo(&q->text, " AND EXISTS (SELECT FROM %s AS r WHERE r.target " EQUAL " $%d AND r.uri " EQUAL " t.uri)",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(q->relid)), refs),
						 add_text(q, uri));
	else
		appendStringInfo(&q->text, " AND pg_catalog.jsonb_path_exists(t.record, '$.** ? (@ == $uri)', pg_catalog.jsonb_build_object('uri', $%d))",
						 add_text(q, uri));
	return answer_page(q, &page);
}

/* db.count(collection, did) */
static int
db_count(lua_State *L)
{
	Script	   *s = script_enter_database(L);
	const char *collection = script_string(L, 1, "the collection of db.count()");
	const char *did = lua_isnoneornil(L, 2) ? NULL : script_string(L, 2, "the DID of db.count()");
	DbQuery    *q = begin_query(L, s);
	bool		isnull;
	int64		count;

	where_collection(q, collection, did);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.count(*) FROM (%s) AS q", q->text.data),
							  q->nparams, q->types, q->values, NULL, false, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not read \"%s\"", get_rel_name(q->relid));
	count = DatumGetInt64(upsert->spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
											1, INT8OID, &isnull));
	SPI_finish();
	lua_pushinteger(L, count);
	return 1;
}

static int
db_backend(lua_State *L)
{
	lua_pushliteral(L, "postgres");
	return 1;
}

/* db.raw and others */
static int
db_index(lua_State *L)
{
	return luaL_error(L, "db.%s is not available in record scripts",
					  lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "(no name)");
}

static const BoundsFunction functions[] = {
	{"get", db_get},
	{"query", db_query},
	{"search", db_search},
	{"backlinks", db_backlinks},
	{"count", db_count},
	{"backend", db_backend},
	{NULL, NULL}
};

void
db_open(lua_State *L)
{
	lua_createtable(L, 0, lengthof(functions));
	bounds_setfuncs(L, functions);
	lua_createtable(L, 0, 2);
	bounds_pushfunction(L, db_index);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_setglobal(L, "db");
}
