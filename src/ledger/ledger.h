/*
 * ledger.h
 *		A ledger: its tables, its clock, its statements.
 */
#ifndef UPSERT_LEDGER_H
#define UPSERT_LEDGER_H

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "jsonld/context.h"
#include "ledger/node.h"
#include "nodes/pg_list.h"
#include "utils/tuplestore.h"
#include "utils/relcache.h"

/* Columns of the table of nodes. */
#define NODES_GRAPH		1
#define NODES_IRI		2
#define NODES_DOC		3

/* What the names of a ledger's parts end in. */
#define LEDGER_HEAD		"_head"
#define LEDGER_LOG		"_log"
#define LEDGER_COMMITS	"_commits"
#define LEDGER_FLAKES	"_flakes"

typedef struct Ledger
{
	char	   *name;			/* with its branch */
	Oid			nodes_relid;
	Oid			namespace;
	bool		has_keys;		/* nodes have the column of keys.c */
	char	   *nodes;			/* qualified and quoted, for SQL */
	char	   *head;
	Oid			log_relid;		/* InvalidOid: keeps no history, and so for
								 * the three to come */
	Oid			commits_relid;
	char	   *log;
	char	   *commits;
	char	   *flakes;			/* a view of the log */
	int64		t;				/* as the transaction's snapshot sees it */
	int64		floor;			/* the oldest t that can be read */
	JldValue   *context;		/* the default context; NULL: none */
} Ledger;

/* To be called when the module is loaded. */
extern void ledger_init(void);

/*
 * Finds a ledger by name ("db" is "db:main") along the search path and reads
 * its head, with the caller's privileges (read_only: with its snapshot, too).
 * Needs a connection to SPI; the answer lives in the current memory context.
 * Error 42P01 where there is none, 42602 if the name cannot be one.
 */
extern Ledger *ledger_open(text *name, bool read_only);

/*
 * Are these tables still what rows are composed for?  To be asked when a
 * store has them open, as functions may have run since ledger_open().  Error
 * 42809.
 */
extern void ledger_check_nodes(Relation rel);
extern void ledger_check_log(Relation rel);

/*
 * The t of the current transaction on this ledger: the next one, at the first
 * call that changes something; *shared says that an earlier call has
 * taken it.  Locks the clock until the end of the transaction, so it comes
 * last.  Needs SPI.  Error 40001 above READ COMMITTED if another transaction
 * has moved the clock.
 */
extern int64 ledger_next_t(Ledger *ledger, bool *shared);

/*
 * The IRI that an argument means: an IRI, a blank node's label, or compact by
 * the ledger's context and, over it, the one given (or NULL).  Error UP004
 * if it is none.
 */
extern JldStr ledger_iri_argument(const Ledger *ledger, JldProcessor *proc,
								  text *iri, JldValue *context);

/* The same of the name of a graph; the empty one is the default graph's. */
extern JldStr ledger_graph_argument(const Ledger *ledger, JldProcessor *proc,
									JldStr graph, JldValue *context);

/* The active context after a document that is a context or holds one. */
extern ActiveContext *ledger_context(JldProcessor *proc, ActiveContext *active,
									 JldValue *context);

/* What a caller says of a transaction, beside what it does. */
typedef struct LedgerMessage
{
	JldStr		author;			/* JLD_NOSTR: nothing said */
	JldStr		message;
	JldValue   *metadata;		/* {predicate: [value, ...], ...}; NULL: none */
} LedgerMessage;

/* How a call applies its changes. */
typedef struct LedgerApply
{
	const LedgerMessage *message;
	bool		replaced;		/* call a changed node "replaced" in the
								 * receipt */
	JldValue   *unique;			/* unique_predicates(), or NULL */
} LedgerApply;

/*
 * Applies changes to nodes: writes the nodes, then takes t, then writes the
 * log.  Answers the receipt, made in the current memory context.  Needs SPI.
 */
extern Jsonb *ledger_apply(Ledger *ledger, List *changes, const LedgerApply *how);

/* A receipt as the value of a function: out of SPI's memory, which it ends. */
extern Datum ledger_return(const Jsonb *receipt);

/* Error 55000 if the ledger keeps no history. */
extern void ledger_need_history(const Ledger *ledger);

/*
 * Error 55000 if there is no history; 22023 for a t that is negative or not yet;
 * and, of check_t, 55000 for one whose state has been given up.
 */
extern void ledger_check_newest(const Ledger *ledger, int64 t);
extern void ledger_check_t(const Ledger *ledger, int64 t);

/* Rows of the last SPI query, whose columns are those of desc, to an answer. */
extern void ledger_put_rows(Tuplestorestate *rows, TupleDesc desc);

/* The name with its branch; error 42602 or 42622 if it cannot be one. */
extern char *ledger_full_name(text *name);

/* Is this the ledger's name, with or without its branch? */
extern bool ledger_is_name(const Ledger *ledger, JldStr name);

/* A part of the ledger, qualified and quoted. */
extern char *ledger_part(const Ledger *ledger, const char *suffix);

/* Is this the head of a ledger, or are these its commits, by the shape? */
extern bool ledger_is_head(Oid relid);
extern bool ledger_is_commits(Oid relid);

/*
 * Makes an empty ledger of this name that is like another one.  Needs SPI.
 * Errors as create_ledger().
 */
extern void ledger_create_like(const Ledger *ledger, text *name);

/* Options that several calls take. */
typedef struct LedgerOptions
{
	LedgerNulls nulls;
	bool		strict_compact_iri;
	JldStr		base;
	JldStr		graph;			/* of ledger_get, ledger_delete, ledger_update */
	LedgerMessage message;
	bool		has_at;
	TimestampTz at;
	int			depth;
	JldValue   *frame;			/* NULL: none */
	JldValue   *unique;			/* names of predicates; NULL: none */
} LedgerOptions;

#define LEDGER_OPTION_PAYLOAD	0x01	/* nulls */
#define LEDGER_OPTION_IRIS		0x02	/* strictCompactIri, base */
#define LEDGER_OPTION_GRAPH		0x04	/* graph */
#define LEDGER_OPTION_MESSAGE	0x08	/* author, message */
#define LEDGER_OPTION_AT		0x10	/* at */
#define LEDGER_OPTION_DEPTH		0x20	/* depth, frame */
#define LEDGER_OPTION_UNIQUE	0x40	/* uniqueProperties */
#define LEDGER_OPTION_ONCE		0x80	/* idempotencyKey */

/* Reads those that "takes" says; 22023 for others or wrong types. */
extern void ledger_options(Jsonb *json, int takes, LedgerOptions *options);

/*
 * Prepares a processor for payloads of this ledger: safe, keeping nulls, with
 * the ledger's default context if has_context is false.
 */
extern void ledger_processor(const Ledger *ledger, const LedgerOptions *options,
							 bool has_context, JldProcessor *proc);

#endif							/* UPSERT_LEDGER_H */
