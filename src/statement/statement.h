/*
 * statement/statement.h
 *		Whole statements of C8QL over the store.
 */
#ifndef STATEMENT_STATEMENT_H
#define STATEMENT_STATEMENT_H

/* Makes this module the expression compiler's host; called by _PG_init(). */
extern void statement_init(void);

#endif							/* STATEMENT_STATEMENT_H */
