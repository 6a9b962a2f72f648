/*
 * create.c
 *		create_collection(): the table that collections are at their best in;
 *		drop_collection().
 *
 *		_key text COLLATE "C" PRIMARY KEY
 *		_rev text COLLATE "C" NOT NULL		not indexed: it changes always;
 *			a default, and a trigger (catalog/guard.c) for plain SQL
 *		doc  jsonb NOT NULL
 *		email jsonb GENERATED ALWAYS AS (doc #> '{email}') STORED, UNIQUE
 *
 * Byte order for keys is faster and needs no reindexing when the system's
 * locales change.  Unique attributes are stored generated columns and not
 * expression indexes on doc, since PostgreSQL makes no HOT updates where an
 * expression index mentions a changed column.  The DDL runs as SQL with the
 * caller's rights; every name in it is quoted.
 *
 * A collection with shards, or one that is the same on all nodes, is made as
 * any other, and handed over (catalog/distributed.h).
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
#include "utils/rel.h"
#include "utils/varlena.h"

#include "base/ddl.h"
#include "base/schema.h"
#include "call/argument.h"
#include "call/options.h"
#include "catalog/collection.h"
#include "catalog/distributed.h"
#include "catalog/guard.h"

/* Room for updates on the same page. */
#define COLLECTION_FILLFACTOR 85

typedef enum CollectionType
{
	TYPE_DOCUMENT,
	TYPE_EDGE
} CollectionType;

typedef struct CreateOptions
{
	bool		if_not_exists;
	bool		unlogged;
	CollectionType type;
	List	   *unique;			/* of lists of attribute names (char *) */
	DistributionOptions distribution;
} CreateOptions;

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

static bool
take_unique(const JsonbValue *v, void *arg)
{
	CreateOptions *options = arg;
	uint32		n;

	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		return false;
	options->unique = NIL;
	n = JsonContainerSize(v->val.binary.data);
	for (uint32 i = 0; i < n; i++)
	{
		List	   *path = parse_path(getIthJsonbValueFromContainer(v->val.binary.data, i));

		if (path == NIL)
			return false;
		options->unique = lappend(options->unique, path);
	}
	return true;
}

static bool
take_shards(const JsonbValue *v, void *arg)
{
	return option_take_count(v, &((CreateOptions *) arg)->distribution.shards);
}

static const char *const type_words[] = {"document", "edge", NULL};

static const OptionDef create_options[] = {
	{"ifNotExists", 1, OPTION_BOOL, offsetof(CreateOptions, if_not_exists)},
	{"unlogged", 1, OPTION_BOOL, offsetof(CreateOptions, unlogged)},
	{"type", 1, OPTION_WORD, offsetof(CreateOptions, type), type_words},
	{"unique", 1, OPTION_OTHER, 0, NULL, take_unique, "an array of attribute paths"},
	{"shards", 1, OPTION_OTHER, 0, NULL, take_shards, "a number of shards, from 1 on"},
	{"colocateWith", 1, OPTION_STRING, offsetof(CreateOptions, distribution.colocate_with)},
	{"reference", 1, OPTION_BOOL, offsetof(CreateOptions, distribution.reference)},
};

static bool
is_distributed(const CreateOptions *options)
{
	return options->distribution.shards > 0 || options->distribution.colocate_with ||
		options->distribution.reference;
}

/* What cannot be had together, or not here. */
static void
check_distribution(const CreateOptions *options)
{
	const DistributionOptions *d = &options->distribution;
	bool		by_key = d->shards > 0 || d->colocate_with;

	if (d->reference && by_key)
		option_refuse("reference",
					  "A reference collection has all its documents on each node, and one with shards has not.");
	if (by_key && options->unique)
		option_refuse("unique",
					  "Only the key is unique over several shards, as they are chosen by it.");
	if (is_distributed(options))
		distributed_require(d->reference ? "reference" : d->shards > 0 ? "shards" : "colocateWith");
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
						   "_rev pg_catalog.text COLLATE pg_catalog.\"C\" NOT NULL");
	appendStringInfo(sql, " DEFAULT %s.at_tid(), doc pg_catalog.jsonb NOT NULL",
					 upsert_schema_quoted());
	if (options->type == TYPE_EDGE)
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

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(create_collection);
PG_FUNCTION_INFO_V1(drop_collection);

Datum
create_collection(PG_FUNCTION_ARGS)
{
	CreateOptions options = {0};
	OptionSet	set = OPTION_SET(create_options, 1, &options);
	RangeVar   *range;
	Oid			namespace;
	Oid			relid;
	char	   *qualified;
	StringInfoData sql;

	arguments_require(fcinfo, 1);
	options_read(argument_jsonb(fcinfo, 1), &set, 1);
	check_distribution(&options);
	range = makeRangeVarFromNameList(textToQualifiedNameList(PG_GETARG_TEXT_PP(0)));
	namespace = RangeVarGetCreationNamespace(range);
	relid = get_relname_relid(range->relname, namespace);
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
	ddl_execute(sql.data);
	distributed_create_trigger(psprintf("CREATE TRIGGER \"%s\" BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %s.%s()",
										GUARD_TRIGGER, qualified,
										upsert_schema_quoted(), GUARD_FUNCTION));
	if (options.type == TYPE_EDGE)
	{
		ddl_execute(psprintf("CREATE INDEX ON %s (_from)", qualified));
		ddl_execute(psprintf("CREATE INDEX ON %s (_to)", qualified));
	}
	relid = get_relname_relid(range->relname, namespace);
	options.distribution.function = true;
	if (is_distributed(&options))
		distributed_create(relid, "_key", &options.distribution);
	SPI_finish();

	PG_RETURN_OID(relid);
}

/* Only what create_collection() has made: its guard tells. */
Datum
drop_collection(PG_FUNCTION_ARGS)
{
	Relation	rel;
	bool		made;
	char	   *qualified;

	arguments_require(fcinfo, 1);
	/* nobody renames it as long as it is locked */
	rel = collection_hold(PG_GETARG_OID(0));
	qualified = relation_quoted(RelationGetRelid(rel));
	if (!OidIsValid(guard_of(rel, &made)) || !made)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" was not made by create_collection()",
						RelationGetRelationName(rel)),
				 errdetail("It has no trigger \"%s\" that says so.", GUARD_TRIGGER),
				 errhint("Use DROP TABLE or DROP VIEW.")));
	collection_release(rel);
	SPI_connect();
	ddl_execute(psprintf("DROP TABLE %s", qualified));
	SPI_finish();
	PG_RETURN_VOID();
}
