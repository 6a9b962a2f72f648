/*
 * expr/parse.h
 *		Text to tree.
 */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "expr/node.h"

/*
 * Parse a whole statement (EXPR_QUERY) or one expression.  "source" is NUL-
 * terminated text in the server's encoding.  The tree is made in the current
 * memory context and does not point into the source.  Raises 1501 with line
 * and column, 1502 for an empty text.
 */
extern ExprNode *expr_parse_statement(const char *source);
extern ExprNode *expr_parse_expression(const char *source);

#endif							/* EXPR_PARSE_H */
