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
#include "call/alone.h"
#include "call/argument.h"
#include "call/remember.h"
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

Route *
route_to(const Collection *c, const UpsertOptions *options)
{
	Relation	rel;
	Route	   *r;

	if (!distributed_is_possible())
		return NULL;
	rel = collection_hold(c->relid);
	r = route_open(c, rel, options);
	collection_release(rel);
	return r;
}

int
route_shard(const Route *r, Datum key)
{
	Relation	rel = collection_hold(r->collection->relid);
	int			place = distribution_shard(r->distribution, rel, key);

	collection_release(rel);
	return place;
}

const Collection *
route_collection(const Route *r)
{
	return r->collection;
}

bool
route_is_alone(FunctionCallInfo fcinfo, int options)
{
	return call_is_alone(fcinfo) &&
		(PG_NARGS() <= options || remember_key(argument_jsonb(fcinfo, options)) == NULL);
}

void
route_put_options(RouteArguments *arguments, const UpsertOptions *options, UpsertCall call)
{
	StringInfoData text;

	initStringInfo(&text);
	options_write(&text, options, call);
	wire_put_string(&arguments->out, text.data);
}

void
route_take_options(WireIn *in, UpsertOptions *options, UpsertCall call)
{
	char	   *text = wire_take_string(in);

	options_parse(text ? DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))) : NULL,
				  call, options);
}

/* What a part of a batch says of itself. */
#define PART_KEEP	0x01
#define PART_SINGLE 0x02

static void
begin_arguments(RouteArguments *a, RouteCall call, int shard, Datum key)
{
	initStringInfo(&a->text);
	wire_begin(&a->out, &a->text);
	wire_put_number(&a->out, GetDatabaseEncoding());
	wire_put_number(&a->out, call);
	a->shard = shard;
	a->key = key;
}

void
route_begin(const Route *r, RouteArguments *arguments, RouteCall call,
			const Datum *keys, int n)
{
	begin_arguments(arguments, call, route_shard(r, keys[0]), keys[0]);
	wire_put_number(&arguments->out, n);
	for (int i = 0; i < n; i++)
		wire_put_string(&arguments->out, collection_key_to_string(r->collection, keys[i]));
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
route_call(const Route *r, RouteArguments *arguments, bool alone,
		   void (*take) (void *arg, WireIn *in), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[] = {r->collection->key_type, REGCLASSOID, INT8OID, TEXTOID, JSONBOID};
	Datum		values[lengthof(types)];
	volatile int rc = 0;
	uint64		n;

	if (arguments->shard < 0)
		return false;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	values[0] = arguments->key;
	values[1] = ObjectIdGetDatum(r->collection->relid);
	values[2] = Int64GetDatum(r->distribution->shards[arguments->shard].id);
	values[3] = PointerGetDatum(cstring_to_text_with_len(arguments->text.data, arguments->text.len));
	values[4] = r->request;
	PG_TRY();
	{
		rc = distributed_execute(document_plan(r->collection, r->call, lengthof(types), types),
								 values, alone);
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
	MemoryContextSwitchTo(context);
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		value = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
									  TEXTOID, &isnull);
		text	   *answer;
		WireIn		in;

		if (isnull)
			continue;
		answer = DatumGetTextPP(value);
		wire_open(&in, VARDATA_ANY(answer), VARSIZE_ANY_EXHDR(answer));
		take(arg, &in);
	}
	SPI_finish();
	MemoryContextSwitchTo(context);
	return n > 0;
}

/* The answers to a part, as they come. */
typedef struct PartAnswers
{
	RoutePart  *part;
	int			n;
} PartAnswers;

static void
take_answers(void *arg, WireIn *in)
{
	PartAnswers *answers = arg;
	RoutePart  *part = answers->part;

	while (!wire_at_end(in) && answers->n < part->n)
	{
		if (part->keep)
			answer_read(in, &part->answers[answers->n++]);
		else
		{
			for (UpsertOutcome o = UPSERT_INSERTED; o <= UPSERT_DELETED; o++)
				part->counts[o] += wire_take_number(in);
			answers->n = part->n;
		}
	}
}

bool
route_send(const Route *r, int shard, RoutePart *part)
{
	RouteArguments arguments;
	PartAnswers answers = {part};

	begin_arguments(&arguments, ROUTE_DOCUMENTS, shard, part->key);
	wire_put_number(&arguments.out, (part->keep ? PART_KEEP : 0) | (part->single ? PART_SINGLE : 0));
	for (int i = 0; i < part->n; i++)
	{
		wire_put_number(&arguments.out, part->places[i]);
		wire_put_doc(&arguments.out, part->docs[i]);
	}
	if (!route_call(r, &arguments, part->alone, take_answers, &answers))
		return false;
	if (answers.n != part->n)
		elog(ERROR, "%d answers to %d documents", answers.n, part->n);
	return true;
}

/* ----------
 * Here
 * ----------
 */

/* What the other node asks, beside the options. */
typedef struct PartRequest
{
	RouteCall	call;
	WireIn		in;				/* the arguments of other calls */
	Datum	   *keys;			/* and their keys */
	int			flags;
	int			n;
	Jsonb	  **docs;
	int64	   *places;
} PartRequest;

static RouteHandler handlers[ROUTE_CALLS];

struct RouteAnswers
{
	WireOut		out;
	StringInfoData text;
	Tuplestorestate *rows;
	TupleDesc	tupdesc;
};

void
route_handle(RouteCall call, RouteHandler handler)
{
	handlers[call] = handler;
}

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

/* Is the key the shard's? */
static bool
is_of_shard(const Distribution *d, Relation rel, int64 id, Datum key)
{
	int			place = d ? distribution_shard(d, rel, key) : -1;

	return place >= 0 && d->shards[place].id == id;
}

/* The documents, which are objects, and their places; false if one is none of the shard's. */
static bool
take_documents(const Collection *c, Relation rel, int64 id, PartRequest *request, Datum *key)
{
	const Distribution *d = distribution_of(rel);
	WireIn	   *in = &request->in;
	Datum		other;
	Refusal		why;
	int			size = 0;

	request->flags = wire_take_number(in);
	while (!wire_at_end(in))
	{
		Jsonb	   *doc;

		if (request->n == size)
		{
			Size		more = size ? (Size) size * 2 : 64;

			request->docs = size ? repalloc_huge(request->docs, sizeof(Jsonb *) * more) :
				palloc(sizeof(Jsonb *) * more);
			request->places = size ? repalloc_huge(request->places, sizeof(int64) * more) :
				palloc(sizeof(int64) * more);
			size = more;
		}
		request->places[request->n] = wire_take_number(in);
		doc = wire_take_doc(in);
		/* the first key stays: the only one that may be spoken of here */
		if (doc == NULL || !JB_ROOT_IS_OBJECT(doc) ||
			request_find_key(c, doc, request->n ? &other : key, &why) != REQUEST_KEY_ONE ||
			!is_of_shard(d, rel, id, request->n ? other : *key))
			return false;
		request->docs[request->n++] = doc;
	}
	return request->n > 0;
}

/* The keys of another call. */
static bool
take_keys(const Collection *c, Relation rel, int64 id, PartRequest *request, Datum *key)
{
	const Distribution *d = distribution_of(rel);
	int			size = 0;
	int64		n = wire_take_number(&request->in);

	for (; request->n < n; request->n++)
	{
		char	   *text = wire_take_string(&request->in);
		const char *hint;

		if (request->n == size)
		{
			size = Max(size * 2, 16);
			request->keys = request->keys ? repalloc_huge(request->keys, sizeof(Datum) * size) :
				palloc(sizeof(Datum) * size);
		}
		if (text == NULL ||
			!collection_key_parse(c, text, strlen(text), &request->keys[request->n], &hint) ||
			!is_of_shard(d, rel, id, request->keys[request->n]))
			return false;
	}
	if (n > 0)
		*key = request->keys[0];
	return n > 0;
}

/* What is asked, as far as it says for whom; false if it is none of ours. */
static bool
take_request(const text *text, const Collection *c, Relation rel, int64 id,
			 PartRequest *request, Datum *key)
{
	int64		call;

	wire_open(&request->in, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
	if (wire_take_number(&request->in) != GetDatabaseEncoding())
		return false;
	call = wire_take_number(&request->in);
	if (call >= ROUTE_CALLS || (call != ROUTE_DOCUMENTS && handlers[call] == NULL))
		return false;
	request->call = call;
	if (call == ROUTE_DOCUMENTS)
		return take_documents(c, rel, id, request, key);
	return take_keys(c, rel, id, request, key);
}

/* ----------
 * Answers
 * ----------
 */

static void
begin_answers(RouteAnswers *answers, Tuplestorestate *rows, TupleDesc tupdesc)
{
	initStringInfo(&answers->text);
	wire_begin(&answers->out, &answers->text);
	answers->rows = rows;
	answers->tupdesc = tupdesc;
}

WireOut *
route_answer(RouteAnswers *answers)
{
	return &answers->out;
}

static void
put_text(RouteAnswers *answers)
{
	Datum		value = PointerGetDatum(cstring_to_text_with_len(answers->text.data,
																 answers->text.len));
	bool		isnull = false;

	tuplestore_putvalues(answers->rows, answers->tupdesc, &value, &isnull);
	pfree(DatumGetPointer(value));
	resetStringInfo(&answers->text);
	wire_begin(&answers->out, &answers->text);
}

void
route_cut(RouteAnswers *answers)
{
	if (answers->text.len >= ANSWER_BYTES)
		put_text(answers);
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

/* A batch on the shard. */
static void
apply_documents(Oid relid, const UpsertOptions *options, const PartRequest *request,
				RouteAnswers *answers)
{
	bool		keep = (request->flags & PART_KEEP) != 0;
	DocumentBatch *b = documents_begin(relid, options, keep);

	if (request->flags & PART_SINGLE)
		documents_single(b);
	for (int i = 0; i < request->n; i++)
		documents_add(b, request->docs[i], request->places[i]);
	documents_run(b);
	for (int i = 0; keep && i < request->n; i++)
	{
		answer_write(&answers->out, documents_answer(b, i));
		route_cut(answers);
	}
	if (!keep)
		put_counts(&answers->out, documents_summary(b));
	if (answers->text.len > 0)
		put_text(answers);
	documents_end(b);
}

static void
apply_part(Oid relid, const UpsertOptions *options, PartRequest *request,
		   RouteAnswers *answers)
{
	if (request->call == ROUTE_DOCUMENTS)
		apply_documents(relid, options, request, answers);
	else if (handlers[request->call] (relid, request->keys, request->n, &request->in,
									  answers) && answers->text.len > 0)
		put_text(answers);
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
	RouteAnswers answers;
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
	if (options.by == NIL &&
		take_request(PG_GETARG_TEXT_PP(2), c, rel, shard, &request, &key))
		relid = find_shard(c, rel, shard, key, options.dry_run);
	collection_release(rel);
	if (!OidIsValid(relid))
		return (Datum) 0;

	PG_TRY();
	{
		begin_answers(&answers, rows, tupdesc);
		apply_part(relid, &options, &request, &answers);
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
