/*
 * expr/scan.h
 *		Shared by the scanner, the grammar and the driver; nobody else.
 *
 * The scanner turns the whole text into an array of tokens first.  The driver
 * then settles by a look over the array what one token of lookahead cannot
 * (see parse.c), and the grammar reads the array.
 */
#ifndef EXPR_SCAN_H
#define EXPR_SCAN_H

#include "compat.h"
#include "expr/node.h"

typedef struct ExprToken
{
	int			kind;			/* of gram.h; 0 at the end */
	int			location;		/* byte in the source */
	int			end;			/* byte behind it */
	const char *text;			/* identifier, string or parameter, decoded */
	const JsonbValue *number;	/* of a number */
} ExprToken;

typedef struct ExprParser
{
	const char *source;
	int			scanned;		/* bytes the scanner has consumed */
	StringInfoData buffer;		/* string or quoted name being read */
	int			buffer_start;
	int			high_surrogate; /* first half of a pair, or 0 */
	ExprToken  *tokens;
	int			ntokens;
	int			start;			/* the token before the first */
	int			next;			/* token that the grammar reads next */
	ExprNode   *result;
} ExprParser;

/* Fill parser->tokens from parser->source; ends with kind 0. */
extern void expr_scan(ExprParser *parser);

/*
 * Does a name scan as an identifier without back-ticks?
 */
extern bool expr_is_plain_name(const char *name);

/*
 * Error 1501 at the token that was read last, with what could be meant, or
 * 0A000 for what the language has and is not here.
 */
pg_noreturn extern void expr_syntax_error(ExprParser *parser,
										  const char *message);

/* bison's interface */
union EXPR_YYSTYPE;
extern int	expr_yyparse(ExprParser *parser);
extern int	expr_yylex(union EXPR_YYSTYPE *lvalp, int *llocp,
					   ExprParser *parser);
pg_noreturn extern void expr_yyerror(int *llocp, ExprParser *parser, const char *message);

#endif							/* EXPR_SCAN_H */
