/*
 * distributed.h
 *		Tables whose rows Citus keeps on several nodes.
 *
 * Citus is asked by the names of its functions and catalogs alone.  Where it
 * is absent, no table is distributed, and none can be made so.
 */
#ifndef UPSERT_DISTRIBUTED_H
#define UPSERT_DISTRIBUTED_H

#include "access/attnum.h"
#include "catalog/memo.h"
#include "executor/spi.h"
#include "storage/lockdefs.h"
#include "utils/elog.h"
#include "utils/relcache.h"

typedef enum DistributionKind
{
	DISTRIBUTED_NOT,
	DISTRIBUTED_BY_HASH,
	DISTRIBUTED_REFERENCE,		/* all of it on each node */
	DISTRIBUTED_BY_SCHEMA,		/* one shard, on one node */
	DISTRIBUTED_OTHERWISE
} DistributionKind;

/* A shard has the keys whose hash lies between these. */
typedef struct Shard
{
	int32		min;
	int32		max;
	int64		id;
	bool		here;			/* it lies on this node */
	Oid			table;			/* on this node, or InvalidOid: not asked yet */
} Shard;

typedef struct Distribution
{
	Memo		memo;
	DistributionKind kind;
	AttrNumber	column;			/* by whose hash, or InvalidAttrNumber */
	bool		replicated;		/* Citus runs each statement on several nodes,
								 * and it must come to the same on each */
	int			colocation;		/* group of tables whose shards lie together */
	int			nshards;
	Shard	   *shards;			/* by min */
} Distribution;

/* How a table that is being made is to be distributed. */
typedef struct DistributionOptions
{
	int			shards;			/* 0: not by hash */
	char	   *colocate_with;	/* NULL: with whatever is alike */
	bool		reference;
	bool		function;		/* that takes calls of documents */
} DistributionOptions;

/* Without a hook in the planner no table is. */
extern bool distributed_is_possible(void);

/* Is Citus in this database? */
extern bool distributed_is_here(void);

/*
 * How an open table is distributed: a memo, it lives as long as the memory
 * context that is current.  NULL: it is not.
 */
extern const Distribution *distribution_of(Relation rel);

/* The shard of a value of the distribution column, as a place in shards; or -1. */
extern int	distribution_shard(const Distribution *d, Relation rel, Datum value);

/* The place of the shard with this id; or -1. */
extern int	distribution_find(const Distribution *d, int64 id);

/*
 * The name by which users know an open table: where it is a shard, that of
 * the table that it is a part of, and *shard its id, else 0.  In the current
 * memory context.
 */
extern char *distributed_name(Relation rel, int64 *shard);

/*
 * What an error says of the shard it says of the table then; or what it says of
 * any of the table's shards.
 */
extern void distributed_rename_error(ErrorData *error, int64 shard);
extern void distribution_rename_error(const Distribution *d, ErrorData *error);

/* The table of this node that is a table's shard, or InvalidOid. */
extern Oid	distributed_shard_table(Oid relid, int64 shard);

/* The same of the shard at a place, which is on this node and stays here. */
extern Oid	distribution_table(const Distribution *d, int place);

/*
 * Keeps a shard of an open table where it is to the end of the transaction, as
 * a statement of Citus would; waits for a move.  Where that is says what
 * distribution_of() answers then.
 */
extern void distributed_keep_in_place(Relation rel, int64 shard);

/*
 * The table of this node that has the rows of an open one of which each node has
 * all, opened in the same mode: itself where it is not distributed.  Error 55000 if
 * this node has none.
 */
extern Relation distributed_open_copy(Relation rel, LOCKMODE lockmode);

/* Does this backend serve another node? */
extern bool distributed_internal(void);

/*
 * Error 0A000 unless Citus is there; "option" is what asks for it.
 */
extern void distributed_require(const char *option);

/*
 * The lock on what is not there (a search) is a node's own: error 0A000 where
 * the open table is distributed and this node is not the coordinator.
 */
extern void distributed_require_coordinator(Relation rel, const char *what);

/* It is of all shards, too: error 0A000 where the open table is one of them. */
extern void distributed_refuse_shard(Relation rel, const char *what);

/*
 * SPI_execute_plan() of a call that Citus is to send to a node; alone: the node
 * commits it at once, with one message instead of three.
 */
extern int	distributed_execute(SPIPlanPtr plan, Datum *values, bool alone);

/*
 * Does something as a part of a transaction, which Citus would else take to be
 * statements of the client that follow each other: a trigger behind a statement, or
 * COPY.  What work does is done within a statement of SPI.
 */
extern void distributed_run(void (*work) (void *arg), void *arg);

/*
 * LOCK TABLE IN SHARE ROW EXCLUSIVE MODE on all nodes, where the table is
 * distributed.  The caller must have no lock on it that others who do so wait
 * for: the order is that of the nodes.
 */
extern void distributed_lock_exclusively(Oid relid);

/* Runs a command that puts a trigger on a table, which Citus wants to be sure of. */
extern void distributed_create_trigger(const char *command);

/*
 * Makes a new table a distributed one, and if asked for the function of its
 * group in its schema, where there is none.  Needs a connection to SPI.
 */
extern void distributed_create(Oid relid, const char *column,
							   const DistributionOptions *options);

/*
 * The function in the table's schema through which its group takes calls,
 * quoted; NULL where there is none that the table's owner answers for.
 */
extern char *distributed_function(const Distribution *d, Relation rel);

/* The command that makes it. */
extern char *distributed_function_command(const Distribution *d, Relation rel);

#endif							/* UPSERT_DISTRIBUTED_H */
