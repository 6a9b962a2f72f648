/*
 * distributed.c
 *		Tables whose rows Citus keeps on several nodes.
 *
 *		people				shell: the same on all nodes, and empty
 *		people_102008		shards: tables of their nodes, each with the keys
 *		people_102009		whose hash lies in its range
 *
 * Statements on the shell go to the shards by the planner hook of Citus, which
 * is right always and slow item by item.  The other road is a function that
 * Citus runs where the shard is: it must be told, once for a group of tables
 * whose shards lie together, which argument has the key:
 *
 *		SCHEMA.upsert_group_N(key, collection, shard, docs, request)
 *
 * A call of it with a constant key is sent to the key's node, as a part of the
 * transaction.  It is a function in PL/pgSQL, as only superusers may make
 * some in C, and stands in the schema of the tables, made by their owner: whoever writes
 * to a table trusts its owner with as much, who could put a trigger on it.  One
 * that somebody else owns is not called.
 *
 * This file is all that knows Citus: by SPI, by names in pg_catalog, and by
 * what its hook makes of a plan (store/local.c).  It is asked for a relation
 * once, as it reports changes of its catalogs as changes of the relation.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "optimizer/planner.h"
#include "parser/parse_func.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

#include "base/ddl.h"
#include "base/schema.h"
#include "base/spivalue.h"
#include "catalog/distributed.h"

/* The function of a group of tables. */
#define GROUP_FUNCTION "upsert_group_%d"

bool
distributed_is_possible(void)
{
	return planner_hook != NULL;
}

bool
distributed_is_here(void)
{
	return distributed_is_possible() && OidIsValid(get_extension_oid("citus", true));
}

/* ----------
 * Asking
 * ----------
 */

/* A question to the catalogs, prepared once. */
typedef struct Question
{
	const char *sql;
	int			nargs;
	Oid			types[2];
	SPIPlanPtr	plan;
} Question;

static Question of_table = {
	"SELECT p.partmethod::pg_catalog.text, p.repmodel::pg_catalog.text, p.colocationid,"
	" pg_catalog.column_to_column_name(p.logicalrelid, p.partkey)"
	" FROM pg_catalog.pg_dist_partition p WHERE p.logicalrelid OPERATOR(pg_catalog.=) $1",
	1, {REGCLASSOID}
};

static Question of_shards = {
	"SELECT s.shardid, s.shardminvalue::pg_catalog.int4, s.shardmaxvalue::pg_catalog.int4,"
	" EXISTS (SELECT FROM pg_catalog.pg_dist_placement p JOIN pg_catalog.pg_dist_local_group g"
	" ON p.groupid OPERATOR(pg_catalog.=) g.groupid"
	" WHERE p.shardid OPERATOR(pg_catalog.=) s.shardid AND p.shardstate OPERATOR(pg_catalog.=) 1)"
	" FROM pg_catalog.pg_dist_shard s WHERE s.logicalrelid OPERATOR(pg_catalog.=) $1"
	" ORDER BY 2",
	1, {REGCLASSOID}
};

static Question of_shard = {
	"SELECT s.logicalrelid::pg_catalog.oid FROM pg_catalog.pg_dist_shard s"
	" WHERE s.shardid OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}
};

static Question of_shard_name = {
	"SELECT pg_catalog.shard_name($1, $2)", 2, {REGCLASSOID, INT8OID}
};

static Question of_node = {
	"SELECT FROM pg_catalog.pg_dist_local_group g WHERE g.groupid OPERATOR(pg_catalog.=) $1",
	1, {INT4OID}
};

/*
 * Asks it with the newest snapshot: what has been committed counts, not what
 * this transaction may see.  The answer is there until SPI_finish().
 */
static uint64
ask(Question *q, Datum first, Datum second)
{
	Datum		values[2] = {first, second};
	int			rc;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (q->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare(q->sql, q->nargs, q->types);

		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		q->plan = plan;
	}
	PushActiveSnapshot(GetLatestSnapshot());
	rc = SPI_execute_plan(q->plan, values, NULL, true, 0);
	PopActiveSnapshot();
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

/* Column i of a row of the answer, from 1. */
static Datum
answer(uint64 row, int i, Oid type, bool *isnull)
{
	return spi_value(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, i, type, isnull);
}

static void
read_shards(Distribution *d, Oid relid)
{
	bool		isnull;

	d->nshards = ask(&of_shards, ObjectIdGetDatum(relid), 0);
	d->shards = MemoryContextAlloc(d->memo.context, sizeof(Shard) * Max(d->nshards, 1));
	for (int i = 0; i < d->nshards; i++)
	{
		d->shards[i].table = InvalidOid;
		d->shards[i].id = DatumGetInt64(answer(i, 1, INT8OID, &isnull));
		d->shards[i].min = DatumGetInt32(answer(i, 2, INT4OID, &isnull));
		d->shards[i].max = DatumGetInt32(answer(i, 3, INT4OID, &isnull));
		d->shards[i].here = DatumGetBool(answer(i, 4, BOOLOID, &isnull));
	}
	SPI_finish();
}

static void
find_distribution(Memo *memo, Relation rel)
{
	Distribution *d = (Distribution *) memo;
	Oid			relid = RelationGetRelid(rel);
	char		method;
	char		model;
	bool		isnull;

	if (!distributed_is_here())
		return;
	if (ask(&of_table, ObjectIdGetDatum(relid), 0) == 0)
	{
		SPI_finish();
		return;
	}
	method = *TextDatumGetCString(answer(0, 1, TEXTOID, &isnull));
	model = *TextDatumGetCString(answer(0, 2, TEXTOID, &isnull));
	d->replicated = model != 's';
	d->colocation = DatumGetInt32(answer(0, 3, INT4OID, &isnull));
	d->kind = method == 'h' ? DISTRIBUTED_BY_HASH :
		method != 'n' ? DISTRIBUTED_OTHERWISE :
		model == 't' ? DISTRIBUTED_REFERENCE :
		d->colocation != 0 ? DISTRIBUTED_BY_SCHEMA : DISTRIBUTED_OTHERWISE;
	if (d->kind == DISTRIBUTED_BY_HASH)
	{
		Datum		name = answer(0, 4, TEXTOID, &isnull);

		if (!isnull)
			d->column = get_attnum(relid, TextDatumGetCString(name));
	}
	SPI_finish();
	read_shards(d, relid);
}

static MemoCache distributions = {"upsert distributions", sizeof(Distribution), find_distribution};

const Distribution *
distribution_of(Relation rel)
{
	const Distribution *d;

	if (!distributed_is_possible() || rel->rd_rel->relkind != RELKIND_RELATION)
		return NULL;
	d = (const Distribution *) memo_of(&distributions, rel);
	return d->kind == DISTRIBUTED_NOT ? NULL : d;
}

/* As Citus does: by the hash function of the type's default operator class. */
int
distribution_shard(const Distribution *d, Relation rel, Datum value)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), d->column - 1);
	TypeCacheEntry *type = lookup_type_cache(att->atttypid, TYPECACHE_HASH_PROC_FINFO);
	int32		hash;
	int			low = 0;
	int			high = d->nshards - 1;

	if (!OidIsValid(type->hash_proc_finfo.fn_oid))
		return -1;
	hash = DatumGetInt32(FunctionCall1Coll(&type->hash_proc_finfo,
										   att->attcollation, value));
	while (low <= high)
	{
		int			middle = (low + high) / 2;

		if (hash < d->shards[middle].min)
			high = middle - 1;
		else if (hash > d->shards[middle].max)
			low = middle + 1;
		else
			return middle;
	}
	return -1;
}

int
distribution_find(const Distribution *d, int64 id)
{
	for (int i = 0; i < d->nshards; i++)
		if (d->shards[i].id == id)
			return i;
	return -1;
}

/* The number at the end of a name, behind a "_"; 0 if there is none. */
static int64
number_behind(const char *name)
{
	const char *p = name + strlen(name);
	int64		number = 0;

	while (p > name && isdigit((unsigned char) p[-1]))
		p--;
	if (p == name || p[-1] != '_' || *p == '\0' || strlen(p) > 18)
		return 0;
	for (; *p; p++)
		number = number * 10 + (*p - '0');
	return number;
}

char *
distributed_name(Relation rel, int64 *shard)
{
	char	   *name = pstrdup(RelationGetRelationName(rel));
	int64		number = number_behind(name);
	Oid			whole = InvalidOid;
	bool		isnull;

	*shard = 0;
	if (number == 0 || !distributed_is_here())
		return name;
	if (ask(&of_shard, Int64GetDatum(number), 0) == 1)
		whole = DatumGetObjectId(answer(0, 1, OIDOID, &isnull));
	SPI_finish();
	if (!OidIsValid(whole) || distributed_shard_table(whole, number) != RelationGetRelid(rel))
		return name;
	*shard = number;
	return get_rel_name(whole);
}

Oid
distributed_shard_table(Oid relid, int64 shard)
{
	char	   *name = NULL;
	MemoryContext context = CurrentMemoryContext;
	bool		isnull;

	/* a name that is too long gets a hash, of which Citus knows */
	if (ask(&of_shard_name, ObjectIdGetDatum(relid), Int64GetDatum(shard)) == 1)
	{
		Datum		value = answer(0, 1, TEXTOID, &isnull);

		if (!isnull)
		{
			List	   *names = textToQualifiedNameList(DatumGetTextPP(value));

			name = MemoryContextStrdup(context, strVal(llast(names)));
		}
	}
	SPI_finish();
	return name ? get_relname_relid(name, get_rel_namespace(relid)) : InvalidOid;
}

Oid
distribution_table(const Distribution *d, int place)
{
	Shard	   *shard = &d->shards[place];

	if (!OidIsValid(shard->table))
		shard->table = distributed_shard_table(d->memo.relid, shard->id);
	return shard->table;
}

Relation
distributed_open_copy(Relation rel, LOCKMODE lockmode)
{
	const Distribution *d = distribution_of(rel);
	Oid			relid = RelationGetRelid(rel);

	if (d != NULL)
		relid = d->kind == DISTRIBUTED_REFERENCE && d->nshards == 1 ?
			distribution_table(d, 0) : InvalidOid;
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this node has no copy of \"%s\"", RelationGetRelationName(rel)),
				 errhint("Run SELECT replicate_reference_tables() on the coordinator, of which Citus must know: citus_set_coordinator_host().")));
	return table_open(relid, lockmode);
}

/*
 * Citus lets the table's owner alone have its locks.  What is run as the owner
 * is no code but that of Citus.
 */
void
distributed_keep_in_place(Relation rel, int64 shard)
{
	Oid			types[] = {INT4OID, INT8ARRAYOID};
	Oid			lock = LookupFuncName(list_make2(makeString("pg_catalog"),
												 makeString("lock_shard_metadata")),
									  2, types, false);
	Datum		shards[] = {Int64GetDatum(shard)};
	ArrayType  *array = construct_array(shards, 1, INT8OID, sizeof(int64),
										FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE);
	(void) OidFunctionCall2(lock, Int32GetDatum(ShareLock), PointerGetDatum(array));
	SetUserIdAndSecContext(user, context);

	/*
	 * such a lock brings no news, and a move has reported itself before it
	 * ended
	 */
	AcceptInvalidationMessages();
}

bool
distributed_internal(void)
{
	return application_name != NULL &&
		strncmp(application_name, "citus_internal ", strlen("citus_internal ")) == 0;
}

/* ----------
 * Errors
 * ----------
 */

static char *
without_shard(char *text, int64 shard, bool at_end)
{
	char	   *ending = psprintf("_" INT64_FORMAT "%s", shard, at_end ? "" : "\"");
	size_t		len = strlen(ending) - (at_end ? 0 : 1);
	char	   *found;

	if (text == NULL)
		return NULL;
	text = pstrdup(text);
	if (at_end)
	{
		if (strlen(text) > len && strcmp(text + strlen(text) - len, ending) == 0)
			text[strlen(text) - len] = '\0';
		return text;
	}
	while ((found = strstr(text, ending)) != NULL)
		memmove(found, found + len, strlen(found + len) + 1);
	return text;
}

void
distributed_rename_error(ErrorData *error, int64 shard)
{
	error->message = without_shard(error->message, shard, false);
	error->detail = without_shard(error->detail, shard, false);
	error->hint = without_shard(error->hint, shard, false);
	error->table_name = without_shard(error->table_name, shard, true);
	error->constraint_name = without_shard(error->constraint_name, shard, true);
}

void
distribution_rename_error(const Distribution *d, ErrorData *error)
{
	for (int i = 0; i < d->nshards; i++)
		distributed_rename_error(error, d->shards[i].id);
}

/* ----------
 * Refusing
 * ----------
 */

void
distributed_require(const char *option)
{
	if (distributed_is_here())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("option \"%s\" needs the extension \"citus\"", option),
			 errdetail("It is not in this database."),
			 errhint("Leave the option out, or put \"citus\" into shared_preload_libraries on all nodes and run CREATE EXTENSION citus.")));
}

static bool
on_coordinator(void)
{
	/* the coordinator's group is 0 */
	bool		here = ask(&of_node, Int32GetDatum(0), 0) == 1;

	SPI_finish();
	return here;
}

void
distributed_require_coordinator(Relation rel, const char *what)
{
	if (distribution_of(rel) == NULL || on_coordinator())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s on a distributed table can be had on the coordinator only", what),
			 errdetail("\"%s\" is distributed, and what this node locks no other node sees.",
					   RelationGetRelationName(rel)),
			 errhint("Run it on the coordinator, or find rows by the key.")));
}

void
distributed_refuse_shard(Relation rel, const char *what)
{
	int64		shard = 0;
	char	   *name;

	if (!distributed_is_possible())
		return;
	name = distributed_name(rel, &shard);
	if (shard == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s cannot be had on a shard", what),
			 errdetail("\"%s\" is a shard of \"%s\", and what is locked here those who write to that do not see.",
					   RelationGetRelationName(rel), name),
			 errhint("Call it for \"%s\" on the coordinator, or find rows by the key.", name)));
}

/* ----------
 * Making
 * ----------
 */

static char *
table_name(Relation rel)
{
	return relation_quoted(RelationGetRelid(rel));
}

static char *
group_function(const Distribution *d, Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
									  psprintf(GROUP_FUNCTION, d->colocation));
}

static char *
key_type(const Distribution *d, Relation rel)
{
	return format_type_be_qualified(TupleDescAttr(RelationGetDescr(rel),
												  d->column - 1)->atttypid);
}

char *
distributed_function(const Distribution *d, Relation rel)
{
	Oid			types[] = {InvalidOid, REGCLASSOID, INT8OID, TEXTOID, JSONBOID};
	HeapTuple	tuple;
	Oid			owner;

	if (d->kind != DISTRIBUTED_BY_HASH || d->column == InvalidAttrNumber)
		return NULL;
	types[0] = TupleDescAttr(RelationGetDescr(rel), d->column - 1)->atttypid;
	tuple = SearchSysCache3(PROCNAMEARGSNSP,
							CStringGetDatum(psprintf(GROUP_FUNCTION, d->colocation)),
							PointerGetDatum(buildoidvector(types, lengthof(types))),
							ObjectIdGetDatum(RelationGetNamespace(rel)));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	if (owner != rel->rd_rel->relowner && !superuser_arg(owner))
		return NULL;
	return group_function(d, rel);
}

char *
distributed_function_command(const Distribution *d, Relation rel)
{
	const char *ours = upsert_schema_quoted();
	const char *function = group_function(d, rel);
	const char *type = key_type(d, rel);

	return psprintf("CREATE OR REPLACE FUNCTION %s(key %s, collection pg_catalog.regclass, shard pg_catalog.int8, docs pg_catalog.text, request pg_catalog.jsonb)"
					" RETURNS SETOF pg_catalog.text LANGUAGE plpgsql VOLATILE AS"
					" 'BEGIN RETURN QUERY SELECT * FROM %s.upsert_on_shard($2, $3, $4, $5); END'; "
					"SELECT pg_catalog.create_distributed_function(%s, 'key', colocate_with => %s, force_delegation => true);",
					function, type, ours,
					quote_literal_cstr(psprintf("%s(%s,pg_catalog.regclass,pg_catalog.int8,pg_catalog.text,pg_catalog.jsonb)",
												function, type)),
					quote_literal_cstr(table_name(rel)));
}

static void
setting(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

int
distributed_execute(SPIPlanPtr plan, Datum *values, bool alone)
{
	int			level = NewGUCNestLevel();
	int			rc;

	if (alone)
		setting("citus.function_opens_transaction_block", "off");
	/* planned for these values, they are constants when Citus looks */
	if (plan_cache_mode == PLAN_CACHE_MODE_FORCE_GENERIC_PLAN)
		setting("plan_cache_mode", "auto");
	rc = SPI_execute_plan(plan, values, NULL, false, 0);
	AtEOXact_GUC(true, level);
	return rc;
}

/* Where the one row of a statement goes: that is when the work is done. */
typedef struct Work
{
	DestReceiver receiver;
	void		(*work) (void *arg);
	void	   *arg;
} Work;

static bool
work_receive(TupleTableSlot *slot, DestReceiver *self)
{
	Work	   *w = (Work *) self;

	w->work(w->arg);
	return true;
}

static void
work_begin(DestReceiver *self, int operation, TupleDesc tupdesc)
{
}

static void
work_end(DestReceiver *self)
{
}

void
distributed_run(void (*work) (void *arg), void *arg)
{
	Work		w = {{work_receive, work_begin, work_end, work_end, DestTuplestore}, work, arg};
	SPIExecuteOptions options = {.dest = &w.receiver};

	SPI_connect();
	if (SPI_execute_extended("SELECT 1", &options) != SPI_OK_SELECT)
		elog(ERROR, "could not run a part of a transaction");
	SPI_finish();
}

void
distributed_lock_exclusively(Oid relid)
{
	char	   *name = NULL;
	Relation	rel;

	if (!distributed_is_possible())
		return;
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return;					/* who opens it will say so */
	if (distribution_of(rel) != NULL)
		name = table_name(rel);
	relation_close(rel, NoLock);
	if (name == NULL)
		return;
	SPI_connect();
	ddl_execute(psprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", name));
	SPI_finish();
}

/* Our trigger looks at its own row only. */
void
distributed_create_trigger(const char *command)
{
	int			level = NewGUCNestLevel();

	if (distributed_is_here())
		setting("citus.enable_unsafe_triggers", "on");
	ddl_execute(command);
	AtEOXact_GUC(true, level);
}

/*
 * Citus puts a new table beside what is alike, looks for that without looking at
 * collations, and refuses what it has found where these differ.  So where there
 * are such: a table that is alike, or NULL and *alone.  Else NULL: let Citus find it.
 */
static char *
find_alike(Relation rel, const char *column, int shards, bool *alone)
{
	MemoryContext context = CurrentMemoryContext;
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel),
										  get_attnum(RelationGetRelid(rel), column) - 1);
	char	   *found = NULL;
	bool		isnull;

	SPI_connect();
	if (SPI_execute(psprintf("SELECT a.attcollation, p.logicalrelid::pg_catalog.oid FROM pg_catalog.pg_dist_partition p"
							 " JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) p.logicalrelid"
							 " AND a.attname OPERATOR(pg_catalog.=) pg_catalog.column_to_column_name(p.logicalrelid, p.partkey)"
							 " WHERE p.partmethod OPERATOR(pg_catalog.=) 'h' AND p.repmodel OPERATOR(pg_catalog.=) 's'"
							 " AND a.atttypid OPERATOR(pg_catalog.=) %u"
							 " AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_dist_shard s"
							 " WHERE s.logicalrelid OPERATOR(pg_catalog.=) p.logicalrelid) OPERATOR(pg_catalog.=) %d"
							 " ORDER BY a.attcollation OPERATOR(pg_catalog.=) %u, p.colocationid, p.logicalrelid",
							 att->atttypid, shards, att->attcollation), false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not find tables that are alike");
	if (SPI_processed > 0 &&
		DatumGetObjectId(answer(0, 1, OIDOID, &isnull)) != att->attcollation)
	{
		*alone = true;
		for (uint64 i = 0; i < SPI_processed; i++)
			if (DatumGetObjectId(answer(i, 1, OIDOID, &isnull)) == att->attcollation)
			{
				found = MemoryContextStrdup(context,
											relation_quoted(DatumGetObjectId(answer(i, 2, OIDOID, &isnull))));
				break;
			}
	}
	SPI_finish();
	return found;
}

void
distributed_create(Oid relid, const char *column,
				   const DistributionOptions *options)
{
	Relation	rel = RelationIdGetRelation(relid);
	char	   *name = quote_literal_cstr(table_name(rel));
	const char *beside = options->colocate_with;
	bool		alone = false;
	const Distribution *d;
	int			level = NewGUCNestLevel();

	/* see above */
	setting("citus.enable_unsafe_triggers", "on");
	/* a function is to be made in the transaction that made shards */
	setting("citus.multi_shard_modify_mode", "sequential");
	if (!options->reference && beside == NULL)
		beside = find_alike(rel, column, options->shards, &alone);
	if (options->reference)
		ddl_execute(psprintf("SELECT pg_catalog.create_reference_table(%s)", name));
	else if (beside != NULL)
		ddl_execute(psprintf("SELECT pg_catalog.create_distributed_table(%s, %s, colocate_with => %s)",
							 name, quote_literal_cstr(column),
							 quote_literal_cstr(beside)));
	else
		ddl_execute(psprintf("SELECT pg_catalog.create_distributed_table(%s, %s, shard_count => %d, colocate_with => %s)",
							 name, quote_literal_cstr(column), options->shards,
							 quote_literal_cstr(alone ? "none" : "default")));
	RelationClose(rel);

	rel = RelationIdGetRelation(relid);
	d = distribution_of(rel);
	if (d && options->shards > 0 && d->nshards != options->shards)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"shards\" is not that of \"%s\"", options->colocate_with),
				 errdetail("It has %d shards, and tables that lie together have the same.", d->nshards),
				 errhint("Leave \"shards\" out.")));
	if (options->function && d && d->kind == DISTRIBUTED_BY_HASH && distributed_function(d, rel) == NULL)
		ddl_execute(distributed_function_command(d, rel));
	RelationClose(rel);
	AtEOXact_GUC(true, level);
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_share_registries);

/* What dumps of the extension, and of its companion, take along. */
static List *
registries(void)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *result = NIL;

	if (SPI_execute("SELECT c.oid FROM pg_catalog.pg_extension e"
					" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) ANY (e.extconfig)"
					" WHERE e.extname OPERATOR(pg_catalog.=) ANY ('{upsert,upsert_lua}')"
					" AND c.relkind OPERATOR(pg_catalog.=) 'r' ORDER BY c.oid", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not find the registries");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		MemoryContext oldcontext = MemoryContextSwitchTo(context);

		result = lappend_oid(result, DatumGetObjectId(answer(i, 1, OIDOID, &isnull)));
		MemoryContextSwitchTo(oldcontext);
	}
	return result;
}

/* Makes reference tables of them; how many were none. */
Datum
upsert_share_registries(PG_FUNCTION_ARGS)
{
	DistributionOptions options = {.reference = true};
	int64		made = 0;
	ListCell   *lc;

	/* where there is one node, it has them */
	if (!distributed_is_here())
		PG_RETURN_INT64(0);
	SPI_connect();
	foreach(lc, registries())
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		bool		shared = distribution_of(rel) != NULL;

		table_close(rel, NoLock);
		if (shared)
			continue;
		distributed_create(lfirst_oid(lc), NULL, &options);
		made++;
	}
	SPI_finish();
	PG_RETURN_INT64(made);
}
