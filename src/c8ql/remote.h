/*
 * c8ql/remote.h
 *		Rows of a loop that are upserted by their keys, where the keys are.
 *
 *		Remote *r = remote_plan(...);		or NULL
 *		remote_apply(r, route, ..., rows, n);
 */
#ifndef C8QL_REMOTE_H
#define C8QL_REMOTE_H

#include "c8ql/run.h"
#include "document/route.h"

typedef struct Remote Remote;

typedef enum RemoteFate
{
	REMOTE_HERE,				/* it is to be done here */
	REMOTE_DROPPED,				/* it was done, and gives no row */
	REMOTE_GIVEN
} RemoteFate;

typedef struct RemoteRow
{
	Datum		key;
	const JsonbValue *variables;

	RemoteFate	fate;
	List	   *warnings;		/* RunWarning */
	JsonbValue	old;
	JsonbValue	new;
} RemoteRow;

/*
 * The UPSERT as a statement of its own, over rows of the variables with these
 * names; NULL if it looks at others.
 */
extern Remote *remote_plan(ExprCompiler *compiler, const ExprNode *upsert,
						   const char **names, int n, int outer_variables);

/*
 * Applies rows, shard by shard, as far as there is a way; counts what was written.
 * Each has a key, which is that of the document to be inserted, too.  What they
 * become is in the current memory context.
 */
extern void remote_apply(Remote *remote, const Route *route,
						 const UpsertOptions *options, bool used, Run *run,
						 RemoteRow *rows, int n);

/* Makes it known to other nodes; called by c8ql_init(). */
extern void remote_init(void);

#endif							/* C8QL_REMOTE_H */
