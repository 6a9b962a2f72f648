/*
 * c8ql/statement.h
 *		Whole statements of C8QL over the store.
 */
#ifndef C8QL_C8QL_H
#define C8QL_C8QL_H

/* Makes this module the expression compiler's host; called by _PG_init(). */
extern void c8ql_init(void);

/* Makes upsert_by() known to other nodes; called by c8ql_init(). */
extern void by_init(void);

#endif							/* C8QL_C8QL_H */
