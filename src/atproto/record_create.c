/*
 * record_create.c
 *		Making a table of AT Protocol records, and the tables beside it.
 *
 *		status				uri -> record			the records
 *		status_repos		repo -> rev, upstream, floor
 *												 the clocks of repositories
 *		status_tombstones	uri -> rev				what upstream has deleted
 *		status_consumers	consumer -> time_us		how far events were read
 *		status_refs			target, uri				who refers to whom; on
 *													request
 *
 * Those beside it are ordinary tables, to be granted and dumped as such, and
 * go when the records' table is dropped.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "base/ddl.h"
#include "atproto/record_store.h"
#include "call/argument.h"
#include "call/options.h"
#include "catalog/distributed.h"
#include "compat.h"

/* room on the page, so that updates stay there */
#define RECORDS_FILLFACTOR	85
#define REPOS_FILLFACTOR	50

/* "C": the order of keys is the order of bytes */
#define TEXT_COLUMN		"pg_catalog.text COLLATE pg_catalog.\"C\""

typedef struct CreateOptions
{
	bool		refs;
	bool		opaque;
	int			shards;			/* 0: all in one place */
} CreateOptions;

static bool
take_shards(const JsonbValue *v, void *arg)
{
	return option_take_count(v, &((CreateOptions *) arg)->shards);
}

static const OptionDef create_options[] = {
	{"refs", ~0, OPTION_BOOL, offsetof(CreateOptions, refs)},
	{"opaque", ~0, OPTION_BOOL, offsetof(CreateOptions, opaque)},
	{"shards", ~0, OPTION_OTHER, 0, NULL, take_shards, "a number of shards, from 1 on"},
};

static Oid	create_beside(const char *schema, Oid records, const char *ending,
						  const char *definition);

/* Makes a table that goes when the records' table is dropped. */
static Oid
create_beside(const char *schema, Oid records, const char *ending,
			  const char *definition)
{
	char	   *name = record_store_name_beside(get_rel_name(records), ending);
	Oid			relid;

	ddl_execute(psprintf("CREATE TABLE %s (%s",
						 quote_qualified_identifier(schema, name), definition));
	relid = get_relname_relid(name, get_rel_namespace(records));
	ddl_belongs_to(relid, records);
	return relid;
}

/*
 * All that is of one repository lies in one shard, with its clock; where a
 * consumer stands is of no repository, and on each node.
 */
static void
distribute(int shards, Oid records, const List *beside, Oid consumers)
{
	DistributionOptions of_records = {.shards = shards};
	DistributionOptions alike = {0};
	DistributionOptions of_consumers = {.reference = true};
	ListCell   *lc;

	alike.colocate_with = quote_qualified_identifier(get_namespace_name(get_rel_namespace(records)),
													 get_rel_name(records));
	distributed_create(records, "repo", &of_records);
	foreach(lc, beside)
		distributed_create(lfirst_oid(lc), "repo", &alike);
	distributed_create(consumers, NULL, &of_consumers);
}

/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(create_record_store);

/* create_record_store(name text, options jsonb) -> regclass */
Datum
create_record_store(PG_FUNCTION_ARGS)
{
	CreateOptions options = {0};
	OptionSet	set = OPTION_SET(create_options, ~0, &options);
	RangeVar   *range;
	Oid			namespace;
	const char *schema;
	Oid			records;
	List	   *beside = NIL;
	Oid			consumers;
	bool		spread;

	arguments_require(fcinfo, 1);
	options_read(argument_jsonb(fcinfo, 1), &set, 1);
	spread = options.shards > 0;
	if (spread)
		distributed_require("shards");
	range = makeRangeVarFromNameList(textToQualifiedNameList(PG_GETARG_TEXT_PP(0)));
	namespace = RangeVarGetCreationNamespace(range);
	schema = get_namespace_name(namespace);

	SPI_connect();
	ddl_execute(psprintf("CREATE TABLE %s ("
						 "uri " TEXT_COLUMN "%s, "
						 "repo " TEXT_COLUMN " NOT NULL, "
						 "collection " TEXT_COLUMN " NOT NULL, "
						 "rkey " TEXT_COLUMN " NOT NULL, "
						 "cid " TEXT_COLUMN " NOT NULL, "
						 "rev " TEXT_COLUMN " NOT NULL, "
						 "record pg_catalog.jsonb%s, "
						 "indexed_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), "
						 "created_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()%s%s"
						 ") WITH (fillfactor = %d)",
						 quote_qualified_identifier(schema, range->relname),
						 spread ? "" : " PRIMARY KEY",
						 options.opaque ? "" : " NOT NULL",
						 options.opaque ? ", block pg_catalog.bytea, "
						 "CHECK ((record IS NULL) OPERATOR(pg_catalog.<>) (block IS NULL))" : "",
						 spread ? ", PRIMARY KEY (uri, repo)" : "",
						 RECORDS_FILLFACTOR));
	records = get_relname_relid(range->relname, namespace);
	beside = list_make1_oid(create_beside(schema, records, RECORD_REPOS,
										  psprintf("repo " TEXT_COLUMN " PRIMARY KEY, "
												   "rev " TEXT_COLUMN " NOT NULL, "
												   "upstream " TEXT_COLUMN ", "
												   "floor " TEXT_COLUMN
												   ") WITH (fillfactor = %d)", REPOS_FILLFACTOR)));
	beside = lappend_oid(beside, create_beside(schema, records, RECORD_TOMBSTONES,
											   psprintf("uri " TEXT_COLUMN ", "
														"rev " TEXT_COLUMN " NOT NULL, "
														"deleted_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), "
														"%sPRIMARY KEY (uri%s))",
														spread ? "repo " TEXT_COLUMN ", " : "", spread ? ", repo" : "")));
	consumers = create_beside(schema, records, RECORD_CONSUMERS,
							  "consumer " TEXT_COLUMN " PRIMARY KEY, "
							  "time_us pg_catalog.int8 NOT NULL) WITH (fillfactor = 10)");
	if (options.refs)
		beside = lappend_oid(beside, create_beside(schema, records, RECORD_REFS,
												   psprintf("target " TEXT_COLUMN ", "
															"uri " TEXT_COLUMN ", "
															"%sPRIMARY KEY (target, uri%s))",
															spread ? "repo " TEXT_COLUMN ", " : "", spread ? ", repo" : "")));
	if (spread)
		distribute(options.shards, records, beside, consumers);
	SPI_finish();
	PG_RETURN_OID(records);
}
