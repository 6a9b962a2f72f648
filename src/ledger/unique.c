/*
 * unique.c
 *		The option uniqueProperties: a value of these predicates belongs to one
 *		node of its graph.
 *
 * No index of the database says so.  Instead each value that a call asserted is
 * locked, when the nodes are written and so locked, until the end of the
 * transaction, and then looked for with a snapshot of its own: of two calls
 * that give one value to two nodes, the later sees what the earlier did.  This
 * binds the calls that have the option.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/schema.h"
#include "base/spivalue.h"
#include "jsonld/context.h"
#include "ledger/naming.h"
#include "ledger/term.h"
#include "ledger/unique.h"
#include "store/searchlock.h"
#include "upsert.h"

/* so many values are looked up one by one; more are joined */
#define FEW		8

/* A value that a node was given. */
typedef struct Claim
{
	JldStr		graph;
	JldStr		predicate;
	JldStr		node;
	Datum		value;			/* jsonb */
	uint32		hash;			/* of graph, predicate and value */
} Claim;

typedef struct Claims
{
	Claim	   *claims;
	int			n;
	int			size;
} Claims;

JldValue *
unique_predicates(const Ledger *ledger, JldProcessor *proc, const JldValue *names,
				  JldValue *context)
{
	JldValue   *predicates = jld_new_array(1);
	ActiveContext *active;

	if (names == NULL || names->n == 0)
		return NULL;
	if (context == NULL)
		context = ledger->context;
	active = context_plain(proc);
	if (context)
		active = ledger_context(proc, active, context);
	for (int i = 0; i < names->n; i++)
	{
		JldStr		name = names->u.items[i]->u.string;
		JldStr		iri = context_expand_iri(proc, active, name, false, true);

		if (iri.data == NULL || jld_is(iri, RDF_TYPE) || iri.data[0] == '@')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"uniqueProperties\" has %s, which is no predicate", jld_excerpt(names->u.items[i]))));
		name_check_iri(iri);
		jld_push(predicates, jld_new_string(iri));
	}
	return predicates;
}

static int
compare_claims(const void *a, const void *b)
{
	const Claim *x = a;
	const Claim *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return jld_cmp(x->node, y->node);
}

static void
add_claim(Claims *claims, const LogEntry *entry, JldStr predicate, const JldValue *value)
{
	Claim	   *claim;

	if (claims->n == claims->size)
	{
		claims->size = claims->size ? claims->size * 2 : 16;
		claims->claims = claims->claims ?
			repalloc_huge(claims->claims, claims->size * sizeof(Claim)) :
			palloc(claims->size * sizeof(Claim));
	}
	claim = &claims->claims[claims->n++];
	claim->graph = entry->graph;
	claim->predicate = predicate;
	claim->node = entry->s;
	claim->value = JsonbPGetDatum(jld_to_jsonb(value));
	claim->hash = hash_combine(hash_combine(hash_bytes((const unsigned char *) entry->graph.data, entry->graph.len),
											hash_bytes((const unsigned char *) predicate.data,
													   predicate.len)),
							   DatumGetUInt32(DirectFunctionCall1(jsonb_hash, claim->value)));
}

/* What the nodes were given under one predicate. */
static void
read_claims(Claims *claims, JldStr predicate, const LogEntry *entries, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		JldValue   *values = entries[i].asserted ?
		jld_get(jld_from_jsonb(entries[i].asserted), predicate) : NULL;

		for (int k = 0; values && k < values->n; k++)
		{
			JldValue   *value = values->u.items[k];

			/* a list and its items are no values that one could be known by */
			if (!jld_has(value, JLD_STR("@position")) && !jld_is_list_object(value))
				add_claim(claims, &entries[i], predicate, value);
		}
	}
}

/* Looks for other nodes that have one of the values (all of one graph and predicate). */
static void
check_claims(const Ledger *ledger, const char *schema, const Claim *claims, int n)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTARRAYOID, JSONBARRAYOID};
	Datum		args[4];
	Datum	   *nodes = palloc(sizeof(Datum) * n);
	Datum	   *values = palloc(sizeof(Datum) * n);
	const char *keys = !ledger->has_keys ? "" : n > FEW ?
	psprintf(" AND n.keys OPERATOR(pg_catalog.@>) ARRAY[%s.ledger_key($2, '{}')]", schema) :
	psprintf(" AND n.keys OPERATOR(pg_catalog.@>) ARRAY[%s.ledger_key($2, k.value)]", schema);

	for (int i = 0; i < n; i++)
	{
		nodes[i] = jld_text_datum(claims[i].node);
		values[i] = claims[i].value;
	}
	args[0] = jld_text_datum(claims[0].graph);
	args[1] = jld_text_datum(claims[0].predicate);
	args[2] = PointerGetDatum(construct_array(nodes, n, TEXTOID, -1, false, TYPALIGN_INT));
	args[3] = PointerGetDatum(construct_array(values, n, JSONBOID, -1, false, TYPALIGN_INT));
	if (SPI_execute_with_args(psprintf(n > FEW ?
									   "SELECT k.node, k.value, n.iri FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4)) AS k(node, value) "
									   "JOIN (SELECT n.iri, e.value FROM %s AS n CROSS JOIN LATERAL %s.ledger_values(n.doc OPERATOR(pg_catalog.->) $2) AS e "
									   "WHERE n.graph OPERATOR(pg_catalog.=) $1%s) AS n "
									   "ON n.value OPERATOR(pg_catalog.=) k.value AND n.iri OPERATOR(pg_catalog.<>) k.node LIMIT 1" :
									   "SELECT k.node, k.value, n.iri FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4)) AS k(node, value) "
									   "CROSS JOIN LATERAL (SELECT n.iri FROM %s AS n CROSS JOIN LATERAL %s.ledger_values(n.doc OPERATOR(pg_catalog.->) $2) AS e "
									   "WHERE n.graph OPERATOR(pg_catalog.=) $1%s AND n.iri OPERATOR(pg_catalog.<>) k.node "
									   "AND n.doc OPERATOR(pg_catalog.@>) pg_catalog.jsonb_build_object($2, pg_catalog.jsonb_build_array(k.value)) "
									   "AND e.value OPERATOR(pg_catalog.=) k.value) AS n LIMIT 1",
									   ledger->nodes, schema, keys),
							  lengthof(types), types, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for values of a ledger");
	if (SPI_processed > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("a value of \"%s\" belongs to another node", jld_cstr(claims[0].predicate)),
				 errdetail("\"%s\" got %s, which \"%s\" has.",
						   SPI_getvalue(row, desc, 1), SPI_getvalue(row, desc, 2),
						   SPI_getvalue(row, desc, 3)),
				 errhint("The option \"uniqueProperties\" names the predicate.")));
	}
}

void
unique_check(const Ledger *ledger, const JldValue *predicates,
			 const LogEntry *entries, int64 n)
{
	const char *schema = upsert_schema_quoted();
	Claims		claims = {0};

	for (int i = 0; i < predicates->n; i++)
		read_claims(&claims, predicates->u.items[i]->u.string, entries, n);
	if (claims.n == 0)
		return;
	/* in one order, so that two calls do not wait for each other */
	qsort(claims.claims, claims.n, sizeof(Claim), compare_claims);
	for (int i = 0; i < claims.n; i++)
		if (i == 0 || claims.claims[i].hash != claims.claims[i - 1].hash)
			search_lock(ledger->nodes_relid, claims.claims[i].hash);

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	for (int p = 0; p < predicates->n; p++)
	{
		Claim	   *some = palloc_extended(sizeof(Claim) * claims.n, MCXT_ALLOC_HUGE);
		bool		more = true;

		/* of each graph at a time: nearly always there is one */
		for (JldStr graph = JLD_NOSTR; more;)
		{
			int			nsome = 0;
			JldStr		next = JLD_NOSTR;

			for (int i = 0; i < claims.n; i++)
			{
				const Claim *claim = &claims.claims[i];

				if (!jld_eq(claim->predicate, predicates->u.items[p]->u.string))
					continue;
				if (graph.data && jld_eq(claim->graph, graph))
					some[nsome++] = *claim;
				else if ((graph.data == NULL || jld_cmp(claim->graph, graph) > 0) &&
						 (next.data == NULL || jld_cmp(claim->graph, next) < 0))
					next = claim->graph;
			}
			if (nsome > 0)
				check_claims(ledger, schema, some, nsome);
			more = next.data != NULL;
			graph = next;
		}
		pfree(some);
	}
	PopActiveSnapshot();
}
