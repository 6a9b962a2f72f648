/*
 * history.c
 *		Reading a ledger as it was: a node after some t, and flakes.
 *
 * A past state is read backwards from the present one, so that it needs no more
 * of the log than what came after it, and nothing of what has been given up
 * before.  (Where nothing has been given up, and less lies before t than after
 * it, the same is done from the other end.)  Of each statement it is the first
 * change after t that tells:
 *
 *		retracted then			it held at t
 *		asserted then			it did not
 *		neither					as it is now
 *
 * Flakes are taken out of the rows of the log here, not in SQL: a row is a
 * node, and has them all.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/spivalue.h"
#include "call/answer.h"
#include "call/options.h"
#include "jsonld/nodemap.h"
#include "ledger/history.h"
#include "ledger/stored.h"

/* rows of the log at a time */
#define BATCH	1000

struct Past
{
	JldValue   *decided;		/* predicate -> statements that are known */
	UniqueIndex *index;			/* of those arrays */
	JldValue   *held;			/* predicate -> statements that held */
};

/* A jsonb column of a row, which outlives the row; NULL if it is NULL. */
static Jsonb *
jsonb_of(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = spi_value(row, desc, column, JSONBOID, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

/* --- the past of a node ---------------------------------------------------- */

Past *
history_begin(void)
{
	Past	   *past = palloc(sizeof(Past));

	past->decided = jld_new_object(8);
	past->index = unique_index_create();
	past->held = jld_new_object(8);
	return past;
}

/* Is nothing known yet of this statement?  From now on it is. */
static bool
decide(Past *past, JldStr predicate, JldValue *statement)
{
	JldValue   *decided = jld_get(past->decided, predicate);

	if (decided == NULL)
	{
		decided = jld_new_array(4);
		jld_put(past->decided, predicate, decided);
	}
	return unique_push(past->index, decided, statement);
}

static void
hold(Past *past, JldStr predicate, JldValue *statement)
{
	JldValue   *held = jld_get(past->held, predicate);

	if (held == NULL)
	{
		held = jld_new_array(1);
		jld_put(past->held, predicate, held);
	}
	jld_push(held, statement);
}

/* Decides what a half of a change names; it held, or it did not. */
static void
decide_all(Past *past, const JldValue *half, bool held)
{
	for (int i = 0; half && i < half->n; i++)
	{
		JldMember  *m = &half->u.object.members[i];

		if (!jld_is_array(m->value))
			continue;
		for (int k = 0; k < m->value->n; k++)
			if (decide(past, m->key, m->value->u.items[k]) && held)
				hold(past, m->key, m->value->u.items[k]);
	}
}

void
history_undo(Past *past, JldValue *retracted, JldValue *asserted)
{
	CHECK_FOR_INTERRUPTS();
	decide_all(past, retracted, true);
	decide_all(past, asserted, false);
}

/* One order of a set, whichever way its statements came together. */
static int
compare_statements(const void *a, const void *b)
{
	Jsonb	   *x = jld_to_jsonb(*(JldValue *const *) a);
	Jsonb	   *y = jld_to_jsonb(*(JldValue *const *) b);

	return compareJsonbContainers(&x->root, &y->root);
}

JldValue *
history_end(Past *past, JldStr id, const JldValue *now)
{
	Statement  *statements;
	int			n = 0;
	int			size = 0;

	for (int i = 0; now && i < now->n; i++)
	{
		JldMember  *m = &now->u.object.members[i];
		JldValue   *values;

		if (!jld_is_array(m->value))
			continue;
		values = node_statements(m->value);
		for (int k = 0; k < values->n; k++)
			if (decide(past, m->key, values->u.items[k]))
				hold(past, m->key, values->u.items[k]);
	}
	for (int i = 0; i < past->held->n; i++)
		size += past->held->u.object.members[i].value->n;
	if (size == 0)
		return NULL;
	statements = palloc(sizeof(Statement) * size);
	for (int i = 0; i < past->held->n; i++)
	{
		JldMember  *m = &past->held->u.object.members[i];

		if (m->value->n > 1)
			qsort(m->value->u.items, m->value->n, sizeof(JldValue *), compare_statements);
		for (int k = 0; k < m->value->n; k++)
			statements[n++] = (Statement) {m->key, m->value->u.items[k]};
	}
	return node_from_statements(id, statements, n);
}

JldValue *
history_now(const Ledger *ledger, JldStr graph, JldStr id)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {jld_text_datum(graph), jld_text_datum(id)};

	if (SPI_execute_with_args(psprintf("SELECT doc FROM %s WHERE graph OPERATOR(pg_catalog.=) $1 AND iri OPERATOR(pg_catalog.=) $2",
									   ledger->nodes),
							  2, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read a node");
	return SPI_processed == 0 ? NULL :
		stored_node(jsonb_of(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
}

/*
 * Takes in the rows of the log of a node on one side of t.  Before t, the last
 * change tells, and the other way round: asserted then, it held.
 */
static void
read_side(Past *past, const Ledger *ledger, JldStr graph, JldStr id, int64 t, bool after)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT8OID};
	Datum		values[] = {jld_text_datum(graph), jld_text_datum(id), Int64GetDatum(t)};
	Portal		portal;

	portal = SPI_cursor_open_with_args(NULL,
									   psprintf("SELECT retracted, asserted FROM %s "
												"WHERE s OPERATOR(pg_catalog.=) $2 AND graph OPERATOR(pg_catalog.=) $1 "
												"AND t OPERATOR(pg_catalog.%s) $3 ORDER BY t USING OPERATOR(pg_catalog.%s)",
												ledger->log, after ? ">" : "<=", after ? "<" : ">"),
									   lengthof(types), types, values, NULL, true, 0);
	do
	{
		SPI_cursor_fetch(portal, true, BATCH);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			JldValue   *retracted =
			stored_half(jsonb_of(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
			JldValue   *asserted =
			stored_half(jsonb_of(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2));

			if (after)
				history_undo(past, retracted, asserted);
			else
				history_undo(past, asserted, retracted);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

/* Has the node changed less often up to t than since? */
static bool
is_early(const Ledger *ledger, JldStr graph, JldStr id, int64 t)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT8OID};
	Datum		values[] = {jld_text_datum(graph), jld_text_datum(id), Int64GetDatum(t)};
	bool		isnull;

	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.count(*) FILTER (WHERE t OPERATOR(pg_catalog.>) $3) OPERATOR(pg_catalog.>) "
									   "pg_catalog.count(*) FILTER (WHERE t OPERATOR(pg_catalog.<=) $3) FROM %s "
									   "WHERE s OPERATOR(pg_catalog.=) $2 AND graph OPERATOR(pg_catalog.=) $1",
									   ledger->log),
							  lengthof(types), types, values, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not count the changes of a node");
	return DatumGetBool(spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, BOOLOID,
								  &isnull));
}

JldValue *
history_node(const Ledger *ledger, JldStr graph, JldStr id, int64 t)
{
	Past	   *past = history_begin();

	/* while all of the history is there, it can be read from either end */
	if (ledger->floor == 0 && is_early(ledger, graph, id, t))
	{
		read_side(past, ledger, graph, id, t, false);
		return history_end(past, id, NULL);
	}
	read_side(past, ledger, graph, id, t, true);
	return history_end(past, id, history_now(ledger, graph, id));
}

int64
history_t_at(const Ledger *ledger, TimestampTz at)
{
	Oid			types[] = {TIMESTAMPTZOID};
	Datum		values[] = {TimestampTzGetDatum(at)};
	bool		isnull;
	Datum		t;

	/* a later t may have an earlier clock, as it started earlier */
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.max(t) FROM %s WHERE at OPERATOR(pg_catalog.<=) $1",
									   ledger->commits),
							  1, types, values, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not read the commits of a ledger");
	t = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, INT8OID, &isnull);
	return isnull ? 0 : DatumGetInt64(t);
}

bool
ledger_asked_t(FunctionCallInfo fcinfo, int argno, const Ledger *ledger,
			   const LedgerOptions *options, int64 *t)
{
	if (options->has_at)
	{
		if (!PG_ARGISNULL(argno))
			option_refuse("at", "The argument t says already when.");
		ledger_need_history(ledger);
		*t = history_t_at(ledger, options->at);
	}
	else if (PG_ARGISNULL(argno))
		return false;
	else
		*t = PG_GETARG_INT64(argno);
	ledger_check_t(ledger, *t);
	return true;
}

/* --- flakes ---------------------------------------------------------------- */

typedef struct Flake
{
	JldStr		p;
	Jsonb	   *o;
	bool		op;
} Flake;

/* The order within a node: predicate, retracted first, value. */
static int
compare_flakes(const void *a, const void *b)
{
	const Flake *x = a;
	const Flake *y = b;
	int			order = jld_cmp(x->p, y->p);

	if (order == 0)
		order = (int) x->op - (int) y->op;
	return order != 0 ? order : compareJsonbContainers(&x->o->root, &y->o->root);
}

/* The flakes of half a row of the log; answers how many there are then. */
static int
add_flakes(Flake **flakes, int n, int *size, const JldValue *half, bool op)
{
	for (int i = 0; half && i < half->n; i++)
	{
		JldMember  *m = &half->u.object.members[i];
		bool		is_type = jld_is(m->key, "@type");

		for (int k = 0; m->value->type == JLD_ARRAY && k < m->value->n; k++)
		{
			JldValue   *o = m->value->u.items[k];

			if (n == *size)
			{
				*size *= 2;
				*flakes = repalloc_huge(*flakes, sizeof(Flake) * *size);
			}
			if (is_type)
			{
				JldValue   *reference = jld_new_object(1);

				jld_put(reference, JLD_STR("@id"), o);
				o = reference;
			}
			(*flakes)[n++] = (Flake) {is_type ? JLD_STR(RDF_TYPE) : m->key, jld_to_jsonb(o), op};
		}
	}
	return n;
}

/* The rows of the log of the last fetch as flakes. */
static void
put_flakes(Tuplestorestate *rows, TupleDesc desc)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ledger flakes",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	row_desc = SPI_tuptable->tupdesc;
		Datum		values[5];
		bool		nulls[5] = {0};
		int			size = 16;
		Flake	   *flakes = palloc(sizeof(Flake) * size);
		int			n;

		CHECK_FOR_INTERRUPTS();
		values[0] = spi_value(row, row_desc, 1, INT8OID, &nulls[0]);
		values[1] = spi_value(row, row_desc, 2, TEXTOID, &nulls[1]);
		n = add_flakes(&flakes, 0, &size, stored_half(jsonb_of(row, row_desc, 3)), false);
		n = add_flakes(&flakes, n, &size, stored_half(jsonb_of(row, row_desc, 4)), true);
		qsort(flakes, n, sizeof(Flake), compare_flakes);
		for (int k = 0; k < n; k++)
		{
			values[2] = jld_text_datum(flakes[k].p);
			values[3] = JsonbPGetDatum(flakes[k].o);
			values[4] = BoolGetDatum(flakes[k].op);
			tuplestore_putvalues(rows, desc, values, nulls);
		}
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_flakes);

/*
 * ledger_flakes(ledger text, from_t int8, to_t int8, graph text)
 * -> TABLE(t int8, s text, p text, o jsonb, op bool)
 */
Datum
ledger_flakes(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INT8OID, INT8OID, TEXTOID};
	Datum		args[3];
	TupleDesc	desc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &desc);
	JldStr		graph = JLD_STR("");
	JldProcessor proc;
	Ledger	   *ledger;
	Portal		portal;
	int			nest;

	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (!PG_ARGISNULL(3))
		graph = jld_str(text_to_cstring(PG_GETARG_TEXT_PP(3)));

	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	ledger_need_history(ledger);
	/* what t has done is known if the state before it is */
	for (int i = 1; i <= 2; i++)
	{
		if (PG_ARGISNULL(i))
			continue;
		ledger_check_newest(ledger, PG_GETARG_INT64(i));
		if (ledger->floor > 0)
			ledger_check_t(ledger, PG_GETARG_INT64(i) - 1);
	}
	args[0] = Int64GetDatum(PG_ARGISNULL(1) ? ledger->floor : PG_GETARG_INT64(1));
	args[1] = Int64GetDatum(PG_ARGISNULL(2) ? ledger->t : PG_GETARG_INT64(2));
	jsonld_begin(&proc, NULL);
	args[2] = jld_text_datum(ledger_graph_argument(ledger, &proc, graph, NULL));

	/* nothing here is worth to be compiled, whatever its estimate */
	nest = NewGUCNestLevel();
	(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	portal = SPI_cursor_open_with_args(NULL,
									   psprintf("SELECT t, s, retracted, asserted FROM %s "
												"WHERE graph OPERATOR(pg_catalog.=) $3 "
												"AND t OPERATOR(pg_catalog.>=) $1 AND t OPERATOR(pg_catalog.<=) $2 "
												"ORDER BY t USING OPERATOR(pg_catalog.<), s USING OPERATOR(pg_catalog.<)",
												ledger->log),
									   lengthof(types), types, args, NULL, true, 0);
	do
	{
		SPI_cursor_fetch(portal, true, BATCH);
		put_flakes(rows, desc);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	AtEOXact_GUC(true, nest);
	SPI_finish();
	return (Datum) 0;
}
