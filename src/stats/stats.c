/*
 * stats.c
 *		What upserts have done to each table, for SQL to read: upsert_stats,
 *		upsert_stats_reset().
 *
 * The store counts (store/count.c); here is decided who sees it.  A table's
 * counts are shown to whoever may read or write it, or some of it, to its
 * owner, and to members of pg_read_all_stats.  They are forgotten by its owner;
 * those of all tables by the owner of the database, or by anybody where they
 * are the session's own.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "call/answer.h"
#include "store/tally.h"

/* Columns of upsert_stats_rows(), in their order. */
#define STATS_COLUMNS 15

/* InvalidOid: there is no such table. */
static Oid
owner_of_table(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static Oid
owner_of_database(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	return owner;
}

static bool
may_see(Oid relid)
{
	const AclMode any = ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;
	Oid			user = GetUserId();
	Oid			owner = owner_of_table(relid);

	if (!OidIsValid(owner))
		return false;
	return has_privs_of_role(user, ROLE_PG_READ_ALL_STATS) ||
		has_privs_of_role(user, owner) ||
		pg_class_aclmask(relid, user, any, ACLMASK_ANY) != 0 ||
		pg_attribute_aclcheck_all(relid, user, ACL_SELECT | ACL_INSERT | ACL_UPDATE,
								  ACLMASK_ANY) == ACLCHECK_OK;
}

static int64
items(const Tally *tally, StoreOutcome outcome)
{
	return tally->counts[COUNT_DIRECT + outcome] +
		tally->counts[COUNT_SQL + outcome];
}

/* All items that one of the two stores has seen. */
static int64
road(const Tally *tally, Counted first)
{
	int64		n = 0;

	for (int outcome = STORE_INSERTED; outcome <= STORE_DELETED; outcome++)
		n += tally->counts[first + outcome];
	return n;
}

static void
put_tally(Tuplestorestate *rows, TupleDesc tupdesc, const Tally *tally)
{
	Datum		values[STATS_COLUMNS];
	bool		nulls[STATS_COLUMNS] = {false};
	int			n = 0;

	values[n++] = ObjectIdGetDatum(tally->relid);
	values[n++] = Int64GetDatum(tally->counts[COUNT_CALLS]);
	values[n++] = Int64GetDatum(items(tally, STORE_INSERTED));
	values[n++] = Int64GetDatum(items(tally, STORE_UPDATED));
	values[n++] = Int64GetDatum(items(tally, STORE_DELETED));
	values[n++] = Int64GetDatum(items(tally, STORE_UNCHANGED) +
								tally->counts[COUNT_KNOWN]);
	values[n++] = Int64GetDatum(items(tally, STORE_SKIPPED) +
								tally->counts[COUNT_REFUSED]);
	values[n++] = Int64GetDatum(tally->counts[COUNT_FOLDED]);
	values[n++] = Int64GetDatum(tally->counts[COUNT_CONFLICTS]);
	values[n++] = Int64GetDatum(tally->counts[COUNT_RETRIES]);
	values[n++] = Int64GetDatum(tally->counts[COUNT_SEARCH_LOCKS]);
	values[n++] = Int64GetDatum(road(tally, COUNT_DIRECT));
	values[n++] = Int64GetDatum(road(tally, COUNT_SQL));
	values[n++] = BoolGetDatum(tally_is_shared());
	values[n++] = TimestampTzGetDatum(tally->since);
	Assert(n == STATS_COLUMNS && n == tupdesc->natts);
	tuplestore_putvalues(rows, tupdesc, values, nulls);
}

static void
check_may_forget(Oid relid)
{
	Oid			user = GetUserId();

	if (!tally_is_shared())
		return;
	if (!OidIsValid(relid) && !has_privs_of_role(user, owner_of_database()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of database %s",
						get_database_name(MyDatabaseId)),
				 errhint("The owner of a table may forget what was counted of it: upsert_stats_reset('table').")));
	if (OidIsValid(relid) && !has_privs_of_role(user, owner_of_table(relid)))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_stats_rows);
PG_FUNCTION_INFO_V1(upsert_stats_reset);

/* () */
Datum
upsert_stats_rows(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	int			n;
	Tally	   *tallies = tally_read(&n);

	for (int i = 0; i < n; i++)
		if (may_see(tallies[i].relid))
			put_tally(rows, tupdesc, &tallies[i]);
	return (Datum) 0;
}

/* (target): NULL, all of them */
Datum
upsert_stats_reset(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);

	if (!PG_ARGISNULL(0) && !OidIsValid(owner_of_table(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	check_may_forget(relid);
	tally_forget(relid);
	PG_RETURN_VOID();
}
