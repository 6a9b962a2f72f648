/*
 * alone.h
 *		Is a call all that the client has asked for?
 */
#ifndef UPSERT_ALONE_H
#define UPSERT_ALONE_H

#include "fmgr.h"

/*
 * True if the statement of the client, outside of a transaction block, is this
 * call and nothing else: SELECT f(...) or SELECT columns FROM f(...) with constants
 * or parameters.  When it returns, the transaction is as good as over.
 */
extern bool call_is_alone(FunctionCallInfo fcinfo);

#endif							/* UPSERT_ALONE_H */
