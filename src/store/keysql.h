/*
 * keysql.h
 *		The key of a store as SQL text: a condition that finds its row, and
 *		the ON CONFLICT clause that arbitrates it.
 */
#ifndef UPSERT_KEYSQL_H
#define UPSERT_KEYSQL_H

#include "store/store_impl.h"

/*
 * Appends "t.column = $param", with the operator of the type's btree; false
 * if the type has none, as keysql_has_equality() tells too.
 */
extern bool keysql_equality(Store *s, StringInfo buf, int column, int param);
extern bool keysql_has_equality(Store *s, int column);

/*
 * Appends a condition on the relation "t" that is true of the row with the
 * key $1 .. $nkeys; nulls[i] says which of them are NULL and NULL itself that
 * none is.  With an arbiter it is the index's own notion of the key: its
 * expressions, operators, collations and predicate.
 */
extern void keysql_condition(Store *s, StringInfo buf, const bool *nulls);

/* "(a, b)=(1, x)", as PostgreSQL shows a key in messages. */
extern char *keysql_describe(Store *s, const Datum *key, const bool *nulls);

/*
 * " (a, b)", what ON CONFLICT has to name so that exactly the key arbitrates,
 * palloc'd; NULL if nothing can.
 */
extern char *keysql_conflict_target(Store *s);

#endif							/* UPSERT_KEYSQL_H */
