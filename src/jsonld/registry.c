/*
 * registry.c
 *		The registry of JSON-LD contexts: what "@context": "<iri>" refers to.
 *
 * A backend must not fetch from the network, so context documents are rows
 * of an ordinary table, put there by jsonld_set_context().  Owns that table
 * (jsonld_context_registry in the extension's schema); it is the only part of
 * the processor that reads one.
 *
 *		iri text COLLATE "C" PRIMARY KEY | document jsonb | set_by | set_at
 *
 * Contexts are read with the caller's snapshot and with his privileges.  What
 * was read may be remembered beyond the snapshot only if what is committed by
 * now is the same row version.  A statement trigger on the table turns every
 * change, also one by plain DML or COPY, into a relcache invalidation, which
 * makes the processed contexts of all backends stale, at commit for others
 * and at once (and again at rollback) for ourselves.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/schema.h"
#include "call/argument.h"
#include "catalog/distributed.h"
#include "catalog/memo.h"
#include "compat.h"
#include "jsonld/iri.h"
#include "jsonld/process.h"
#include "jsonld/registry.h"
#include "upsert.h"

#define REGISTRY_TABLE			"jsonld_context_registry"
#define Anum_registry_iri		1
#define Anum_registry_document	2

/* the table's oid; forgotten by invalidation */
static Oid	registry_relid = InvalidOid;

static JldValue *registry_load(JldStr iri, bool *lasting);
static void registry_invalidated(Oid relid);
static Oid	registry_oid(void);
static HeapTuple registry_fetch(Relation rel, Datum iri, Snapshot snapshot);

PG_FUNCTION_INFO_V1(jsonld_set_context);
PG_FUNCTION_INFO_V1(jsonld_drop_context);
PG_FUNCTION_INFO_V1(jsonld_registry_changed);

void
registry_init(void)
{
	context_loader = registry_load;
	memo_hand_on(registry_invalidated);
}

static void
registry_invalidated(Oid relid)
{
	if (!OidIsValid(relid) || relid == registry_relid)
	{
		registry_relid = InvalidOid;
		context_cache_invalidate();
	}
}

static Oid
registry_oid(void)
{
	if (!OidIsValid(registry_relid))
		registry_relid = upsert_table(REGISTRY_TABLE);
	return registry_relid;
}

/* is it still the table that the install script made? */
static void
check_registry(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	if (desc->natts < Anum_registry_document ||
		TupleDescAttr(desc, Anum_registry_iri - 1)->atttypid != TEXTOID ||
		TupleDescAttr(desc, Anum_registry_document - 1)->atttypid != JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not the table of contexts", REGISTRY_TABLE),
				 errdetail("Its columns have been altered.")));
}

/* a copy of the row of iri, or NULL */
static HeapTuple
registry_fetch(Relation rel, Datum iri, Snapshot snapshot)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	/* makes rd_pkindex true: REINDEX may have swapped it */
	list_free(RelationGetIndexList(rel));
	ScanKeyEntryInitialize(&key, 0, Anum_registry_iri, BTEqualStrategyNumber,
						   InvalidOid, C_COLLATION_OID, F_TEXTEQ, iri);
	scan = systable_beginscan(rel, rel->rd_pkindex, OidIsValid(rel->rd_pkindex),
							  snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

/* the ContextLoader of context processing */
static JldValue *
registry_load(JldStr iri, bool *lasting)
{
	Relation	rel = table_open(registry_oid(), AccessShareLock);
	Relation	here;
	Datum		key = jld_text_datum(iri);
	JldValue   *document = NULL;
	HeapTuple	tuple;
	HeapTuple	newest;

	if (pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, REGISTRY_TABLE);
	check_registry(rel);

	here = distributed_open_copy(rel, AccessShareLock);
	tuple = registry_fetch(here, key, GetActiveSnapshot());
	newest = registry_fetch(here, key, SnapshotSelf);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		d = heap_getattr(tuple, Anum_registry_document,
									 RelationGetDescr(here), &isnull);

		document = jld_from_jsonb(DatumGetJsonbPCopy(d));
		*lasting = HeapTupleIsValid(newest) &&
			ItemPointerEquals(&tuple->t_self, &newest->t_self);
	}
	table_close(here, AccessShareLock);
	table_close(rel, AccessShareLock);
	return document;
}

/* --- SQL functions -------------------------------------------------------- */

/* the argument as an IRI, or error 22023 */
static JldStr
iri_argument(text *arg)
{
	JldStr		iri = {VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg)};

	if (!iri_is_absolute(iri))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("context IRI is not an absolute IRI"),
				 errdetail("The argument is \"%s\".", jld_cstr(iri))));
	return iri;
}

static void
spi_run(const char *sql, int nargs, Oid *types, Datum *values)
{
	int			rc;

	SPI_connect();
	rc = SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0);
	if (rc < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(rc));
	SPI_finish();
}

Datum
jsonld_set_context(PG_FUNCTION_ARGS)
{
	JldStr		iri;
	JldValue   *stored;
	bool		lasting;
	Oid			types[] = {TEXTOID, JSONBOID};
	Datum		values[2];

	arguments_require(fcinfo, 2);
	values[0] = PointerGetDatum(PG_GETARG_TEXT_PP(0));
	values[1] = PointerGetDatum(PG_GETARG_JSONB_P(1));
	iri = iri_argument(DatumGetTextPP(values[0]));

	/* what is there already is not written again */
	stored = registry_load(iri, &lasting);
	if (stored && jld_equal(stored, jld_from_jsonb(DatumGetJsonbP(values[1]))))
		PG_RETURN_BOOL(false);

	spi_run(psprintf("INSERT INTO %s (iri, document) VALUES ($1, $2) "
					 "ON CONFLICT (iri) DO UPDATE SET document = EXCLUDED.document, "
					 "set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at",
					 upsert_table_quoted(REGISTRY_TABLE)),
			2, types, values);
	PG_RETURN_BOOL(true);
}

Datum
jsonld_drop_context(PG_FUNCTION_ARGS)
{
	text	   *iri_text;
	JldStr		iri;
	bool		lasting;
	Oid			types[] = {TEXTOID};
	Datum		values[1];

	arguments_require(fcinfo, 1);
	iri_text = PG_GETARG_TEXT_PP(0);
	iri = (JldStr) {VARDATA_ANY(iri_text), VARSIZE_ANY_EXHDR(iri_text)};
	values[0] = PointerGetDatum(iri_text);
	if (registry_load(iri, &lasting) == NULL)
		PG_RETURN_BOOL(false);
	spi_run(psprintf("DELETE FROM %s WHERE iri OPERATOR(pg_catalog.=) $1",
					 upsert_table_quoted(REGISTRY_TABLE)),
			1, types, values);
	PG_RETURN_BOOL(true);
}

Datum
jsonld_registry_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"jsonld_registry_changed\" was not called as a trigger")));

	/*
	 * where each node has a copy of its own, what is kept is that of the
	 * table
	 */
	CacheInvalidateRelcache(trigger->tg_relation);
	CacheInvalidateRelcacheByRelid(registry_oid());
	return PointerGetDatum(NULL);	/* the convention of AFTER triggers */
}
