/*
 * route.c
 *		Documents sent to where they lie, and applied there.
 *
 *		upsert_many('people', ...)		this node: the batch, by shard and key
 *			upsert_group_2('k1', 'people', 102008, docs, request)
 *											one message a shard
 *				upsert_on_shard()			its node: a batch on people_102008,
 *											through the direct store
 *
 * A document is written as on one machine, by the code of one machine: the
 * shard is a collection, and known by the logical name (catalog/collection.c).
 * What is added here: the way there, and that nothing is written to a shard that
 * is about to be somewhere else.  While a shard moves, Citus keeps its own
 * statements out, by a lock on what it knows of the shard; and ours are none of
 * them.  So upsert_on_shard() takes that lock, to the end of the transaction,
 * looks then whether the shard is still here, and if not answers nothing.
 * Then the documents go through SQL, as all do where no function of the
 * group is there to be called, or where the user may not do what it does.
 *
 * Every road writes shard by shard, and key by key within: see documents.c.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "base/spivalue.h"
#include "call/argument.h"
#include "document/fetch.h"
#include "document/request.h"
#include "document/route.h"
#include "jsonb/wire.h"

/* Answers are sent in texts of about so many bytes. */
#define ANSWER_BYTES (1024 * 1024)

struct Route
{
	const Collection *collection;
	const Distribution *distribution;
	const char *call;			/* of the group's function */
	Datum		request;		/* options */
};

/* ----------
 * There
 * ----------
 */

/* May the user do there what upsert_on_shard() does? */
static bool
may_write(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);

	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		pg_class_aclcheck(relid, GetUserId(), ACL_UPDATE) == ACLCHECK_OK &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}

Route *
route_open(const Collection *c, Relation rel, const UpsertOptions *options)
{
	const Distribution *d = distribution_of(rel);
	Route	   *r;
	StringInfoData request;
	char	   *function;

	/*
	 * Who locks the collection on all nodes must write from here.  A backend
	 * that serves another node sends nothing on.
	 */
	if (d == NULL || d->column != c->key_attno || d->replicated || options->exclusive ||
		options->by || !store_wants_direct() || distributed_internal() ||
		!may_write(rel))
		return NULL;
	function = distributed_function(d, rel);
	if (function == NULL)
		return NULL;
	store_enter(rel, options->dry_run);

	r = palloc0(sizeof(Route));
	r->collection = c;
	r->distribution = d;
	r->call = psprintf("SELECT * FROM %s($1, $2, $3, $4, $5)", function);
	initStringInfo(&request);
	options_write(&request, options, CALL_UPSERT_MANY);
	r->request = DirectFunctionCall1(jsonb_in, CStringGetDatum(request.data));
	return r;
}

/* What stands before the documents. */
#define PART_KEEP	0x01
#define PART_SINGLE 0x02

/* The arguments of the call, by number. */
static void
call_arguments(const Route *r, int shard, const RoutePart *part, Oid *types, Datum *values)
{
	StringInfoData docs;
	WireOut		out;

	initStringInfo(&docs);
	wire_begin(&out, &docs);
	wire_put_number(&out, GetDatabaseEncoding());
	wire_put_number(&out, (part->keep ? PART_KEEP : 0) | (part->single ? PART_SINGLE : 0));
	for (int i = 0; i < part->n; i++)
	{
		wire_put_number(&out, part->places[i]);
		wire_put_doc(&out, part->docs[i]);
	}
	types[0] = r->collection->key_type;
	values[0] = part->key;
	types[1] = REGCLASSOID;
	values[1] = ObjectIdGetDatum(r->collection->relid);
	types[2] = INT8OID;
	values[2] = Int64GetDatum(r->distribution->shards[shard].id);
	types[3] = TEXTOID;
	values[3] = PointerGetDatum(cstring_to_text_with_len(docs.data, docs.len));
	types[4] = JSONBOID;
	values[4] = r->request;
}

/* The answers of one text, behind the i that are there. */
static int
read_answers(RoutePart *part, int i, const text *text)
{
	WireIn		in;

	wire_open(&in, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
	while (!wire_at_end(&in))
	{
		if (!part->keep)
		{
			for (UpsertOutcome o = UPSERT_INSERTED; o <= UPSERT_DELETED; o++)
				part->counts[o] += wire_take_number(&in);
			return part->n;
		}
		if (i == part->n)
			break;
		answer_read(&in, &part->answers[i++]);
	}
	return i;
}

/* Takes the answers; false if there are none. */
static bool
take_answers(RoutePart *part, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	int			n = 0;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		value = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
									  TEXTOID, &isnull);

		if (!isnull)
			n = read_answers(part, n, DatumGetTextPP(value));
	}
	if (n != 0 && n != part->n)
		elog(ERROR, "%d answers to %d documents", n, part->n);
	MemoryContextSwitchTo(oldcontext);
	return n != 0;
}

/* The call is no SQL of the user's, and may be long: it is not shown in CONTEXT. */
static void
leave_out_call(ErrorData *error, const char *sql)
{
	char	   *shown = psprintf("SQL statement \"%s\"", sql);
	char	   *found = error->context ? strstr(error->context, shown) : NULL;
	char	   *rest;

	if (found == NULL)
		return;
	rest = found + strlen(shown);
	if (*rest == '\n')
		rest++;
	else if (found > error->context)
		found--;
	memmove(found, rest, strlen(rest) + 1);
}

bool
route_send(const Route *r, int shard, RoutePart *part)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[5];
	Datum		values[5];
	bool		there;
	volatile int rc = 0;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	call_arguments(r, shard, part, types, values);
	PG_TRY();
	{
		rc = distributed_execute(document_plan(r->collection, r->call, lengthof(types), types),
								 values, part->alone);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		leave_out_call(error, r->call);
		ReThrowError(error);
	}
	PG_END_TRY();
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(rc));
	there = take_answers(part, context);
	SPI_finish();
	return there;
}

/* ----------
 * Here
 * ----------
 */

/* What the other node asks, beside the options. */
typedef struct PartRequest
{
	int			flags;
	int			n;
	Jsonb	  **docs;
	int64	   *places;
} PartRequest;

/*
 * An UPDATE through Citus that finds nothing: with it the transaction gets the
 * number by which Citus tells who waits for whom on several nodes.  All that
 * have none are one to it, and seem to wait for themselves.
 */
static void
take_part(const Collection *c, Datum key)
{
	Oid			type = c->key_type;
	const char *doc = document_column(c, c->doc_attno);
	char	   *sql = psprintf("UPDATE %s SET %s = %s WHERE %s OPERATOR(pg_catalog.=) $1 AND %s IS NULL",
							   document_table(c), doc, doc,
							   document_column(c, c->key_attno), doc);

	SPI_connect();
	if (SPI_execute_plan(document_plan(c, sql, 1, &type), &key, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not take part in a distributed transaction");
	SPI_finish();
}

/*
 * Does Citus reach the shard from this backend?  It may have begun to reach it
 * through another one, whose changes we would not see, nor it ours.
 */
static bool
is_in_this_backend(const Collection *c, Datum key)
{
	Oid			type = c->key_type;
	char	   *sql = psprintf("SELECT pg_catalog.pg_backend_pid() FROM (SELECT pg_catalog.count(*) FROM %s WHERE %s OPERATOR(pg_catalog.=) $1) AS here",
							   document_table(c), document_column(c, c->key_attno));
	bool		isnull;
	bool		result;

	SPI_connect();
	if (SPI_execute_plan(document_plan(c, sql, 1, &type), &key, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not find a shard");
	result = SPI_processed == 1 &&
		DatumGetInt32(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
								INT4OID, &isnull)) == MyProcPid;
	SPI_finish();
	return result;
}

/* Would rows of this table be written directly? */
static bool
is_direct(Oid relid)
{
	const Collection *c = collection_resolve(relid);
	StoreTarget target = {.relid = relid, .nkeys = 1};
	Relation	rel = collection_hold(relid);
	bool		direct;

	target.keys[0] = c->key_attno;
	direct = store_is_direct(rel, &target);
	collection_release(rel);
	return direct;
}

/* The shard's table, if it is here, stays here, and can be written to directly. */
static Oid
find_shard(const Collection *c, Relation rel, int64 id, Datum key, bool preview)
{
	const Distribution *d = distribution_of(rel);
	int			place = d ? distribution_find(d, id) : -1;
	Oid			relid;

	if (place < 0 || d->column != c->key_attno || !may_write(rel))
		return InvalidOid;
	if (!preview)
	{
		distributed_keep_in_place(rel, id);
		if (!distributed_internal())
		{
			take_part(c, key);
			if (!is_in_this_backend(c, key))
				return InvalidOid;
		}
	}
	/* it moves no more */
	d = distribution_of(rel);
	place = d ? distribution_find(d, id) : -1;
	relid = place < 0 || !d->shards[place].here ? InvalidOid : distribution_table(d, place);
	return OidIsValid(relid) && is_direct(relid) ? relid : InvalidOid;
}

/* Are all keys the shard's?  There is nothing to be said of others here. */
static bool
keys_are_of_shard(const Collection *c, Relation rel, int64 id, const PartRequest *request,
				  Datum *key)
{
	const Distribution *d = distribution_of(rel);
	Refusal		why;

	for (int i = request->n - 1; i >= 0; i--)
	{
		int			place;

		/* the first one's stays: the only one that may be spoken of here */
		if (request_find_key(c, request->docs[i], key, &why) != REQUEST_KEY_ONE)
			return false;
		place = d ? distribution_shard(d, rel, *key) : -1;
		if (place < 0 || d->shards[place].id != id)
			return false;
	}
	return request->n > 0;
}

/* The documents, which are objects, and their places; false if they are none of ours. */
static bool
take_part_of(const text *text, PartRequest *request)
{
	WireIn		in;
	int			size = 0;

	wire_open(&in, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
	if (wire_take_number(&in) != GetDatabaseEncoding())
		return false;
	request->flags = wire_take_number(&in);
	while (!wire_at_end(&in))
	{
		if (request->n == size)
		{
			Size		more = size ? (Size) size * 2 : 64;

			request->docs = size ? repalloc_huge(request->docs, sizeof(Jsonb *) * more) :
				palloc(sizeof(Jsonb *) * more);
			request->places = size ? repalloc_huge(request->places, sizeof(int64) * more) :
				palloc(sizeof(int64) * more);
			size = more;
		}
		request->places[request->n] = wire_take_number(&in);
		request->docs[request->n] = wire_take_doc(&in);
		if (request->docs[request->n] == NULL || !JB_ROOT_IS_OBJECT(request->docs[request->n]))
			return false;
		request->n++;
	}
	return true;
}

static void
put_text(Tuplestorestate *rows, TupleDesc tupdesc, StringInfo text)
{
	Datum		value = PointerGetDatum(cstring_to_text_with_len(text->data, text->len));
	bool		isnull = false;

	tuplestore_putvalues(rows, tupdesc, &value, &isnull);
	resetStringInfo(text);
}

static void
put_counts(WireOut *out, DocumentSummary summary)
{
	int64		counts[UPSERT_DELETED + 1] = {0};

	counts[UPSERT_INSERTED] = summary.inserted;
	counts[UPSERT_UPDATED] = summary.updated;
	counts[UPSERT_UNCHANGED] = summary.unchanged;
	counts[UPSERT_IGNORED] = summary.ignored;
	for (UpsertOutcome o = UPSERT_INSERTED; o <= UPSERT_DELETED; o++)
		wire_put_number(out, counts[o]);
}

/* A batch on the shard, whose answers go into the tuplestore. */
static void
apply_part(Oid relid, const UpsertOptions *options, const PartRequest *request,
		   Tuplestorestate *rows, TupleDesc tupdesc)
{
	bool		keep = (request->flags & PART_KEEP) != 0;
	DocumentBatch *b = documents_begin(relid, options, keep);
	StringInfoData text;
	WireOut		out;

	if (request->flags & PART_SINGLE)
		documents_single(b);
	for (int i = 0; i < request->n; i++)
		documents_add(b, request->docs[i], request->places[i]);
	documents_run(b);
	initStringInfo(&text);
	wire_begin(&out, &text);
	for (int i = 0; keep && i < request->n; i++)
	{
		answer_write(&out, documents_answer(b, i));
		if (text.len < ANSWER_BYTES)
			continue;
		put_text(rows, tupdesc, &text);
		wire_begin(&out, &text);
	}
	if (!keep)
		put_counts(&out, documents_summary(b));
	if (text.len > 0)
		put_text(rows, tupdesc, &text);
	documents_end(b);
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_on_shard);

Datum
upsert_on_shard(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_values(fcinfo, &tupdesc);
	MemoryContext context = CurrentMemoryContext;
	UpsertOptions options;
	PartRequest request = {0};
	int64		shard;
	const Collection *c;
	Relation	rel;
	Oid			relid = InvalidOid;
	Datum		key;

	arguments_require(fcinfo, 4);
	shard = PG_GETARG_INT64(1);
	options_parse(PG_GETARG_JSONB_P(3), CALL_UPSERT_MANY, &options);

	rel = collection_hold(PG_GETARG_OID(0));
	c = collection_resolve(PG_GETARG_OID(0));

	/*
	 * who sent this holds the lock of writers on its node: none is waited for
	 * here
	 */
	store_enter(rel, options.dry_run || distributed_internal());
	if (take_part_of(PG_GETARG_TEXT_PP(2), &request) && options.by == NIL &&
		keys_are_of_shard(c, rel, shard, &request, &key))
		relid = find_shard(c, rel, shard, key, options.dry_run);
	collection_release(rel);
	if (!OidIsValid(relid))
		return (Datum) 0;

	PG_TRY();
	{
		apply_part(relid, &options, &request, rows, tupdesc);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		distributed_rename_error(error, shard);
		ReThrowError(error);
	}
	PG_END_TRY();
	return (Datum) 0;
}
