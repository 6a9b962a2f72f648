/*
 * expr/error.h
 *		Errors of the language: ArangoDB's numbers and our SQLSTATEs.
 *
 * Every error that the language itself defines carries "errorNum N" in its
 * DETAIL, so that a client written for the numbers still finds them, and the
 * SQLSTATE that fits it in PostgreSQL.
 */
#ifndef EXPR_ERROR_H
#define EXPR_ERROR_H

#include "compat.h"

#define EXPR_ERR_NOT_IMPLEMENTED		9
#define EXPR_ERR_CONFLICT				1200
#define EXPR_ERR_DOCUMENT_NOT_FOUND		1202
#define EXPR_ERR_NOT_FOUND				1203	/* collection or identifier */
#define EXPR_ERR_UNIQUE					1210
#define EXPR_ERR_KEY					1221
#define EXPR_ERR_DOCUMENT_TYPE			1227
#define EXPR_ERR_EDGE					1233
#define EXPR_ERR_PARSE					1501
#define EXPR_ERR_EMPTY					1502
#define EXPR_ERR_NUMBER_RANGE			1504
#define EXPR_ERR_VARIABLE_NAME			1510
#define EXPR_ERR_VARIABLE_REDECLARED	1511
#define EXPR_ERR_VARIABLE_UNKNOWN		1512
#define EXPR_ERR_OPTION					1539	/* a warning */
#define EXPR_ERR_FUNCTION_UNKNOWN		1540
#define EXPR_ERR_FUNCTION_ARITY			1541
#define EXPR_ERR_ARGUMENT_TYPE			1542	/* a warning */
#define EXPR_ERR_BIND_MISSING			1551
#define EXPR_ERR_BIND_UNDECLARED		1552
#define EXPR_ERR_BIND_TYPE				1553
#define EXPR_ERR_DIVISION_BY_ZERO		1562	/* a warning */
#define EXPR_ERR_ARRAY_EXPECTED			1563
#define EXPR_ERR_FAIL					1569
#define EXPR_ERR_MULTI_MODIFY			1573
#define EXPR_ERR_NOT_COMPILE_TIME		1575
#define EXPR_ERR_INDEX_HINT				1577
#define EXPR_ERR_ACCESS_AFTER_WRITE		1579

/* The SQLSTATE of an error number; XX000 for one that is never raised. */
extern int	expr_error_sqlstate(int errornum);

/*
 * Raise an error of the language.  The message is formatted as by printf, and
 * DETAIL begins with "errorNum N".  For an error at a place of the source text
 * the message ends with "at position LINE:COLUMN" and DETAIL shows the line
 * with a caret; location is a byte offset, < 0 (or a NULL source) if there is
 * no place to show.
 */
pg_noreturn extern void expr_error_at(int errornum, const char *source, int location,
									  const char *fmt,...)
			pg_attribute_printf(4, 5);

/* The same with a HINT; NULL: none. */
pg_noreturn extern void expr_error_hint(int errornum, const char *hint,
										const char *source, int location,
										const char *fmt,...)
			pg_attribute_printf(5, 6);

#define expr_error(errornum, ...) \
	expr_error_at((errornum), NULL, -1, __VA_ARGS__)

#endif							/* EXPR_ERROR_H */
