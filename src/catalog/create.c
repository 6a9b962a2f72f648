/*
 * create.c
 *		create_collection(): the table that collections are at their best in.
 *
 *		_key text COLLATE "C" PRIMARY KEY
 *		_rev text COLLATE "C" NOT NULL		not indexed: it changes always
 *		doc  jsonb NOT NULL
 *		email jsonb GENERATED ALWAYS AS (doc #> '{email}') STORED, UNIQUE
 *
 * Byte order for keys is faster and needs no reindexing when the system's
 * locales change.  Unique attributes are stored generated columns and not
 * expression indexes on doc, since PostgreSQL makes no HOT updates where an
 * expression index mentions a changed column.  The DDL runs as SQL with the
 * caller's rights; every name in it is quoted.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "catalog/collection.h"

/* Room for updates on the same page. */
#define COLLECTION_FILLFACTOR 85

typedef struct CreateOptions
{
	bool		if_not_exists;
	bool		unlogged;
	bool		edge;
	List	   *unique;			/* of lists of attribute names (char *) */
} CreateOptions;

static void
bad_option(const char *name, int len, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"%.*s\"", len, name),
			 errdetail("Expected %s.", expected)));
}

static bool
is_word(const JsonbValue *v, const char *word)
{
	return v->type == jbvString && v->val.string.len == strlen(word) &&
		memcmp(v->val.string.val, word, v->val.string.len) == 0;
}

/* An attribute path: "a.b" or ["a", "b"]. */
static List *
parse_path(const JsonbValue *v)
{
	List	   *path = NIL;

	if (v->type == jbvString && v->val.string.len > 0)
	{
		const char *p = v->val.string.val;
		const char *end = p + v->val.string.len;

		while (p <= end)
		{
			const char *dot = memchr(p, '.', end - p);

			if (dot == NULL)
				dot = end;
			if (dot == p)
				return NIL;
			path = lappend(path, pnstrdup(p, dot - p));
			p = dot + 1;
		}
	}
	else if (v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data))
	{
		uint32		n = JsonContainerSize(v->val.binary.data);
		uint32		i;

		for (i = 0; i < n; i++)
		{
			JsonbValue *e = getIthJsonbValueFromContainer(v->val.binary.data, i);

			if (e->type != jbvString || e->val.string.len == 0)
				return NIL;
			path = lappend(path, pnstrdup(e->val.string.val, e->val.string.len));
		}
	}
	return path;
}

static List *
parse_unique(const JsonbValue *v)
{
	const char *expected = "an array of attribute paths";
	List	   *paths = NIL;
	uint32		n;
	uint32		i;

	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		bad_option("unique", 6, expected);
	n = JsonContainerSize(v->val.binary.data);
	for (i = 0; i < n; i++)
	{
		List	   *path = parse_path(getIthJsonbValueFromContainer(v->val.binary.data, i));

		if (path == NIL)
			bad_option("unique", 6, expected);
		paths = lappend(paths, path);
	}
	return paths;
}

static CreateOptions
parse_create_options(Jsonb *json)
{
	CreateOptions options = {0};
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	v;

	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errdetail("They are %s.",
						   JB_ROOT_IS_SCALAR(json) ? "a scalar" : "an array")));
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &v, true);
		if (is_word(&key, "ifNotExists") || is_word(&key, "unlogged"))
		{
			if (v.type != jbvBool)
				bad_option(key.val.string.val, key.val.string.len, "true or false");
			if (is_word(&key, "unlogged"))
				options.unlogged = v.val.boolean;
			else
				options.if_not_exists = v.val.boolean;
		}
		else if (is_word(&key, "type"))
		{
			if (!is_word(&v, "document") && !is_word(&v, "edge"))
				bad_option("type", 4, "one of \"document\" \"edge\"");
			options.edge = is_word(&v, "edge");
		}
		else if (is_word(&key, "unique"))
			options.unique = parse_unique(&v);
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown option \"%.*s\"",
							key.val.string.len, key.val.string.val),
					 errhint("The options are \"ifNotExists\", \"unlogged\", \"type\" and \"unique\".")));
	}
	return options;
}

/* The path as one name: its parts with dots between. */
static char *
path_name(List *path)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, path)
		appendStringInfo(&buf, "%s%s", buf.len ? "." : "", (char *) lfirst(lc));
	return buf.data;
}

/* The path as an array literal, for the operator #>. */
static char *
path_literal(List *path)
{
	Datum	   *parts = palloc(sizeof(Datum) * list_length(path));
	ArrayType  *array;
	int			n = 0;
	ListCell   *lc;

	foreach(lc, path)
		parts[n++] = CStringGetTextDatum(lfirst(lc));
	array = construct_array(parts, n, TEXTOID, -1, false, TYPALIGN_INT);
	return quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT,
													PointerGetDatum(array)));
}

static void
append_columns(StringInfo sql, const CreateOptions *options)
{
	ListCell   *lc;

	appendStringInfoString(sql,
						   "_key pg_catalog.text COLLATE pg_catalog.\"C\" PRIMARY KEY, "
						   "_rev pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL, "
						   "doc pg_catalog.jsonb NOT NULL");
	if (options->edge)
		appendStringInfoString(sql,
							   ", _from pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL"
							   " GENERATED ALWAYS AS (doc OPERATOR(pg_catalog.->>) '_from') STORED"
							   ", _to pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL"
							   " GENERATED ALWAYS AS (doc OPERATOR(pg_catalog.->>) '_to') STORED");
	foreach(lc, options->unique)
	{
		List	   *path = lfirst(lc);

		/* a null attribute is as good as none: it collides with nothing */
		appendStringInfo(sql,
						 ", %s pg_catalog.jsonb UNIQUE GENERATED ALWAYS AS"
						 " (CASE WHEN doc OPERATOR(pg_catalog.#>) %s OPERATOR(pg_catalog.=) 'null'"
						 " THEN NULL ELSE doc OPERATOR(pg_catalog.#>) %s END) STORED",
						 quote_identifier(path_name(path)),
						 path_literal(path), path_literal(path));
	}
}

static void
execute(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc != SPI_OK_UTILITY)
		elog(ERROR, "SPI_execute returned %s", SPI_result_code_string(rc));
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(create_collection);

Datum
create_collection(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	CreateOptions options = parse_create_options(PG_GETARG_JSONB_P(1));
	RangeVar   *range = makeRangeVarFromNameList(textToQualifiedNameList(name));
	Oid			namespace = RangeVarGetCreationNamespace(range);
	Oid			relid = get_relname_relid(range->relname, namespace);
	char	   *qualified;
	StringInfoData sql;

	if (OidIsValid(relid) && options.if_not_exists)
	{
		ereport(NOTICE,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists, skipping", range->relname)));
		(void) collection_resolve(relid);
		PG_RETURN_OID(relid);
	}

	qualified = quote_qualified_identifier(get_namespace_name(namespace),
										   range->relname);
	SPI_connect();
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %s TABLE %s (",
					 options.unlogged ? "UNLOGGED" : "", qualified);
	append_columns(&sql, &options);
	appendStringInfo(&sql, ") WITH (fillfactor = %d)", COLLECTION_FILLFACTOR);
	execute(sql.data);
	if (options.edge)
	{
		execute(psprintf("CREATE INDEX ON %s (_from)", qualified));
		execute(psprintf("CREATE INDEX ON %s (_to)", qualified));
	}
	SPI_finish();

	PG_RETURN_OID(get_relname_relid(range->relname, namespace));
}
