/*
 * remember.c
 *		idempotencyKey: a call's answer, kept for those who call again.
 *
 *		role, function, target, key --> id		a digest, the table's key
 *		all arguments				--> request	another digest
 *		what was answered			--> answer	column by column, row by row
 *
 *		look for the id -- found: replay
 *			| absent
 *		lock the id, look at what is there by now -- found: replay
 *			| absent
 *		work, and insert the answer
 *
 * The row stands in the same transaction as the work: both are there, or
 * neither.  The lock lasts until the transaction ends, so of two first calls
 * the second finds the row of the first.  Digests, so that keys may be of any
 * length and nobody who gets hold of the table reads them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/digest.h"
#include "base/owner.h"
#include "base/schema.h"
#include "call/argument.h"
#include "call/options.h"
#include "call/remember.h"
#include "jsonb/doc.h"
#include "upsert.h"

#define ANSWERS_TABLE "upsert_answers"

/* columns of the table */
enum
{
	ANSWERS_ID = 1,
	ANSWERS_ROLE,
	ANSWERS_REQUEST,
	ANSWERS_AT,
	ANSWERS_ANSWER
};

/* An answer may have so many bytes. */
#define MAX_ANSWER (1024 * 1024)

#define REMEMBER_LOCK_CLASS 0x7572

typedef struct Call
{
	Relation	table;
	const char *key;
	uint8		id[DIGEST_SHA256_LENGTH];
	uint8		request[DIGEST_SHA256_LENGTH];
} Call;

/* ----------
 * Which call it is
 * ----------
 */

char *
remember_key(Jsonb *options)
{
	JsonbValue	key;
	JsonbValue	dry;

	/* what is wrong with it, the function's own reader says */
	if (options == NULL || !doc_get_attribute(options, "idempotencyKey", &key) ||
		key.type != jbvString)
		return NULL;
	if (doc_get_attribute(options, "dryRun", &dry) && dry.type == jbvBool &&
		dry.val.boolean)
		option_refuse("idempotencyKey", "A dry run has no effect that could be repeated.");
	return pnstrdup(key.val.string.val, key.val.string.len);
}

/* An argument's type and image; equal values have equal images here. */
static void
digest_argument(FunctionCallInfo fcinfo, int i, Oid type)
{
	NullableDatum *arg = &fcinfo->args[i];
	int16		typlen;
	bool		typbyval;
	uint64		len;

	digest_update(DIGEST_SHA256, &arg->isnull, 1);
	if (arg->isnull)
		return;
	get_typlenbyval(type, &typlen, &typbyval);
	if (typbyval)
		digest_update(DIGEST_SHA256, &arg->value, sizeof(Datum));
	else if (typlen == -1)
	{
		struct varlena *value = PG_DETOAST_DATUM_PACKED(arg->value);

		len = VARSIZE_ANY_EXHDR(value);
		digest_update(DIGEST_SHA256, &len, sizeof(len));
		digest_update(DIGEST_SHA256, VARDATA_ANY(value), len);
	}
	else
		digest_update(DIGEST_SHA256, DatumGetPointer(arg->value),
					  datumGetSize(arg->value, typbyval, typlen));
}

static void
identify(FunctionCallInfo fcinfo, bool targeted, Call *call)
{
	Oid			role = GetUserId();
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);
	Oid		   *types;
	int			n;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &n);
	digest_begin(DIGEST_SHA256);
	digest_update(DIGEST_SHA256, &role, sizeof(role));
	digest_update(DIGEST_SHA256, name, strlen(name) + 1);
	if (targeted)
		digest_argument(fcinfo, 0, types[0]);
	digest_update(DIGEST_SHA256, call->key, strlen(call->key));
	digest_end(DIGEST_SHA256, call->id);

	digest_begin(DIGEST_SHA256);
	for (int i = 0; i < n; i++)
	{
		digest_update(DIGEST_SHA256, &types[i], sizeof(Oid));
		digest_argument(fcinfo, i, types[i]);
	}
	digest_end(DIGEST_SHA256, call->request);
}

static Datum
make_bytes(const void *bytes, Size len)
{
	bytea	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), bytes, len);
	return PointerGetDatum(result);
}

/* ----------
 * Answers as bytes
 * ----------
 */

static void
put_value(StringInfo buf, Datum value, bool isnull, int16 typlen, bool typbyval)
{
	char	   *at;
	Size		size;

	if (!isnull && typlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM(value));
	size = datumEstimateSpace(value, isnull, typbyval, typlen);
	if (buf->len + size > MAX_ANSWER)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the answer is too large to be kept for an \"idempotencyKey\""),
				 errdetail("It has more than %d bytes.", MAX_ANSWER),
				 errhint("Ask for less with the option \"return\", or send smaller batches.")));
	enlargeStringInfo(buf, size);
	at = buf->data + buf->len;
	datumSerialize(value, isnull, typbyval, typlen, &at);
	buf->len += size;
}

static void
get_row(TupleDesc desc, char **at, Datum *values, bool *nulls)
{
	for (int i = 0; i < desc->natts; i++)
		values[i] = datumRestore(at, &nulls[i]);
}

/* All rows that the function has put into its tuplestore. */
static void
put_set(StringInfo buf, ReturnSetInfo *rsinfo)
{
	TupleDesc	desc = rsinfo->setDesc;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);

	tuplestore_rescan(rsinfo->setResult);
	while (tuplestore_gettupleslot(rsinfo->setResult, true, false, slot))
	{
		slot_getallattrs(slot);
		for (int i = 0; i < desc->natts; i++)
			put_value(buf, slot->tts_values[i], slot->tts_isnull[i],
					  TupleDescAttr(desc, i)->attlen,
					  TupleDescAttr(desc, i)->attbyval);
	}
	tuplestore_rescan(rsinfo->setResult);
	ExecDropSingleTupleTableSlot(slot);
}

static Datum
replay_set(FunctionCallInfo fcinfo, char *at, char *end)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		row = get_typtype(get_func_rettype(fcinfo->flinfo->fn_oid)) == TYPTYPE_COMPOSITE;
	Datum	   *values;
	bool	   *nulls;

	InitMaterializedSRF(fcinfo, row ? 0 : MAT_SRF_USE_EXPECTED_DESC);
	values = palloc(sizeof(Datum) * rsinfo->setDesc->natts);
	nulls = palloc(sizeof(bool) * rsinfo->setDesc->natts);
	while (at < end)
	{
		CHECK_FOR_INTERRUPTS();
		get_row(rsinfo->setDesc, &at, values, nulls);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ----------
 * The table
 * ----------
 */

/*
 * The answer as this snapshot has it, in the current memory context; NULL:
 * there is none.  Error UP010 if it is another request's.
 */
static bytea *
look(const Call *call, Snapshot snapshot)
{
	List	   *indexes = RelationGetIndexList(call->table);
	Datum		id = make_bytes(call->id, sizeof(call->id));
	bytea	   *answer = NULL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, ANSWERS_ID, BTEqualStrategyNumber, F_BYTEAEQ, id);
	snapshot = RegisterSnapshot(snapshot);
	scan = systable_beginscan(call->table, linitial_oid(indexes), true, snapshot,
							  1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
	{
		TupleDesc	desc = RelationGetDescr(call->table);
		bool		isnull;
		bytea	   *request = DatumGetByteaPP(heap_getattr(row, ANSWERS_REQUEST, desc, &isnull));

		if (VARSIZE_ANY_EXHDR(request) != sizeof(call->request) ||
			memcmp(VARDATA_ANY(request), call->request, sizeof(call->request)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_IDEMPOTENCY_MISMATCH),
					 errmsg("another request has this \"idempotencyKey\""),
					 errdetail("The key is \"%s\".", call->key),
					 errhint("Send a retry as the first call was sent, and give each new request a key of its own.")));
		answer = DatumGetByteaPCopy(heap_getattr(row, ANSWERS_ANSWER, desc, &isnull));
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	list_free(indexes);
	return answer;
}

/* Keeps others with the same id out until the transaction ends. */
static void
lock_call(const Call *call)
{
	uint32		high;
	uint32		low;
	LOCKTAG		tag;

	memcpy(&high, call->id, sizeof(high));
	memcpy(&low, call->id + sizeof(high), sizeof(low));
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, high, low, REMEMBER_LOCK_CLASS);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

static void
store_answer(const Call *call, const StringInfoData *answer)
{
	Oid			types[4] = {BYTEAOID, OIDOID, BYTEAOID, BYTEAOID};
	Datum		values[4];

	values[0] = make_bytes(call->id, sizeof(call->id));
	values[1] = ObjectIdGetDatum(GetUserId());
	values[2] = make_bytes(call->request, sizeof(call->request));
	values[3] = make_bytes(answer->data, answer->len);
	SPI_connect();
	owner_execute(call->table,
				  psprintf("INSERT INTO %s (id, role, request, answer) VALUES ($1, $2, $3, $4)",
						   upsert_table_quoted(ANSWERS_TABLE)),
				  4, types, values, NULL);
	SPI_finish();
}

static Datum
replay(FunctionCallInfo fcinfo, bytea *answer)
{
	char	   *at = VARDATA(answer);
	char	   *end = at + VARSIZE(answer) - VARHDRSZ;

	if (fcinfo->flinfo->fn_retset)
		return replay_set(fcinfo, at, end);
	return datumRestore(&at, &fcinfo->isnull);
}

static Datum
work_and_store(FunctionCallInfo fcinfo, PGFunction work, const Call *call)
{
	StringInfoData answer;
	Datum		result = work(fcinfo);
	bool		isnull = fcinfo->isnull;

	initStringInfo(&answer);
	if (fcinfo->flinfo->fn_retset)
		put_set(&answer, (ReturnSetInfo *) fcinfo->resultinfo);
	else
	{
		int16		typlen;
		bool		typbyval;

		get_typlenbyval(get_func_rettype(fcinfo->flinfo->fn_oid), &typlen, &typbyval);
		put_value(&answer, result, isnull, typlen, typbyval);
	}
	store_answer(call, &answer);
	fcinfo->isnull = isnull;
	return result;
}

Datum
remember_call(FunctionCallInfo fcinfo, bool targeted, PGFunction work)
{
	return remember_call_by(fcinfo, targeted,
							remember_key(argument_jsonb(fcinfo, PG_NARGS() - 1)), work);
}

Datum
remember_call_by(FunctionCallInfo fcinfo, bool targeted, const char *key,
				 PGFunction work)
{
	Call		call = {NULL};
	bytea	   *answer;
	Datum		result;

	if (key == NULL)
		return work(fcinfo);
	call.key = key;

	identify(fcinfo, targeted, &call);
	call.table = table_open(upsert_table(ANSWERS_TABLE), AccessShareLock);
	answer = look(&call, GetTransactionSnapshot());
	if (answer == NULL)
	{
		lock_call(&call);
		answer = look(&call, GetLatestSnapshot());
		if (answer && IsolationUsesXactSnapshot())
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access due to concurrent update"),
					 errdetail("Another transaction has made the first call with this \"idempotencyKey\".")));
	}
	result = answer ? replay(fcinfo, answer) : work_and_store(fcinfo, work, &call);
	table_close(call.table, NoLock);
	return result;
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_forget);

/* (older_than): answers of roles that the caller is a member of */
Datum
upsert_forget(PG_FUNCTION_ARGS)
{
	Oid			types[2] = {OIDOID, INTERVALOID};
	Datum		values[2];
	Relation	table;
	int64		forgotten;

	arguments_require(fcinfo, 1);
	values[0] = ObjectIdGetDatum(GetUserId());
	values[1] = PG_GETARG_DATUM(0);
	table = table_open(upsert_table(ANSWERS_TABLE), AccessShareLock);
	SPI_connect();
	owner_execute(table,
				  psprintf("DELETE FROM %s WHERE at OPERATOR(pg_catalog.<=) (pg_catalog.now() OPERATOR(pg_catalog.-) $2)"
						   " AND pg_catalog.pg_has_role($1, role, 'USAGE')",
						   upsert_table_quoted(ANSWERS_TABLE)),
				  2, types, values, NULL);
	forgotten = SPI_processed;
	SPI_finish();
	table_close(table, NoLock);
	PG_RETURN_INT64(forgotten);
}
