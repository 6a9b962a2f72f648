/*
 * expr/parse.c
 *		Text to tree: scans all tokens, settles them, runs the grammar.
 *
 * "Settling" is a look over the token array for what one token of lookahead
 * cannot decide:
 *
 * 1. NOT IN becomes one token, and so do NOT LIKE and AT LEAST where an
 *	  operand stands before them (NOT LIKE(a, b) negates a call), and PRUNE is a
 *	  keyword between an operand and what begins one.
 * 2. In UPDATE expr IN coll the word IN is no operator.  Of the words IN and
 *	  INTO that a modification has on its own level of parentheses, in its last
 *	  document expression, the last one that is followed by something that can
 *	  name a collection becomes T_IN_COLLECTION:
 *
 *		UPSERT {a: x IN y} INSERT b IN c UPDATE d IN e IN coll OPTIONS {}
 *				 operator			operator	operator ^ collection
 *
 * The driver knows nothing of what a tree means.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"

#include "expr/error.h"
#include "expr/parse.h"
#include "expr/scan.h"
#include "expr/gram.h"

/* One level of parentheses, for rule 2. */
typedef struct Level
{
	bool		modifying;		/* inside a modification */
	int			upsert_part;	/* 1: INSERT is still to come, 2: UPDATE */
	int			candidate;		/* token that may name the collection, or -1 */
} Level;

static ExprNode *parse(const char *source, int start);
static void merge_words(ExprParser *parser);
static void find_collections(ExprParser *parser);
static bool begins_operand(int kind);
static bool ends_operand(int kind);
static void start_modification(ExprParser *parser, Level *level, int kind);
static void finish_modification(ExprParser *parser, Level *level);

ExprNode *
expr_parse_statement(const char *source)
{
	return parse(source, START_STATEMENT);
}

ExprNode *
expr_parse_expression(const char *source)
{
	return parse(source, START_EXPRESSION);
}

/*
 * Only the tree outlives this function; tokens and parser stacks are in a
 * context of their own.
 */
static ExprNode *
parse(const char *source, int start)
{
	ExprParser	parser = {0};

	parser.source = source;
	expr_scan(&parser);
	if (parser.ntokens == 1)
		expr_error_at(EXPR_ERR_EMPTY, source, -1, "query is empty");
	merge_words(&parser);
	find_collections(&parser);

	parser.next = -1;
	parser.start = start;
	if (expr_yyparse(&parser) != 0)
		elog(ERROR, "parser failed without a message");
	pfree(parser.tokens);
	return parser.result;
}

/* Rule 1. */
static void
merge_words(ExprParser *parser)
{
	ExprToken  *tokens = parser->tokens;
	int			out = 0;

	for (int i = 0; i < parser->ntokens; i++)
	{
		bool		operand = out > 0 && ends_operand(tokens[out - 1].kind);
		ExprToken	token = tokens[i];

		if (token.kind == T_NOT &&
			(tokens[i + 1].kind == T_IN ||
			 (operand && tokens[i + 1].kind == T_LIKE)))
		{
			i++;
			token.kind = tokens[i].kind == T_IN ? T_NOT_IN : T_NOT_LIKE;
			token.end = tokens[i].end;
		}
		else if (token.kind == T_IDENTIFIER && operand &&
				 pg_strcasecmp(token.text, "PRUNE") == 0 &&
				 begins_operand(tokens[i + 1].kind))
			token.kind = T_PRUNE;
		else if (token.kind == T_IDENTIFIER &&
				 (operand || (out > 0 && tokens[out - 1].kind == '?')) &&
				 pg_strcasecmp(token.text, "AT") == 0 &&
				 tokens[i + 1].kind == T_IDENTIFIER &&
				 pg_strcasecmp(tokens[i + 1].text, "LEAST") == 0)
		{
			i++;
			token.kind = T_AT_LEAST;
			token.end = tokens[i].end;
		}
		tokens[out++] = token;
	}
	parser->ntokens = out;
}

/* Can an operand end with this token? */
static bool
ends_operand(int kind)
{
	switch (kind)
	{
		case T_IDENTIFIER:
		case T_QUOTED:
		case T_NUMBER:
		case T_PARAMETER:
		case T_COLLECTION_PARAMETER:
		case T_NULL:
		case T_TRUE:
		case T_FALSE:
		case ')':
		case ']':
		case '}':
			return true;
		default:
			return false;
	}
}

/* Can an operand begin with this token? */
static bool
begins_operand(int kind)
{
	switch (kind)
	{
		case T_NOT:
		case '(':
		case '[':
		case '{':
		case '-':
		case '+':
			return true;
		case ')':
		case ']':
		case '}':
			return false;
		default:
			return ends_operand(kind);
	}
}

/* Rule 2. */
static void
find_collections(ExprParser *parser)
{
	int			maxlevels = 16;
	int			depth = 0;
	Level	   *levels = palloc0(sizeof(Level) * maxlevels);

	levels[0].candidate = -1;
	for (int i = 0; i < parser->ntokens; i++)
	{
		Level	   *level = &levels[depth];
		int			next;

		switch (parser->tokens[i].kind)
		{
			case '(':
			case '[':
			case '{':
				if (++depth == maxlevels)
				{
					maxlevels *= 2;
					levels = repalloc_huge(levels, sizeof(Level) *
										   (Size) maxlevels);
				}
				memset(&levels[depth], 0, sizeof(Level));
				levels[depth].candidate = -1;
				break;
			case ')':
			case ']':
			case '}':
				finish_modification(parser, level);
				if (depth > 0)	/* else the grammar will complain */
					depth--;
				break;
			case T_UPSERT:
			case T_INSERT:
			case T_UPDATE:
			case T_REPLACE:
			case T_REMOVE:
				start_modification(parser, level, parser->tokens[i].kind);
				break;
			case T_FILTER:
				if (level->upsert_part != 1)
					finish_modification(parser, level);
				break;
			case T_FOR:
			case T_LET:
			case T_SORT:
			case T_LIMIT:
			case T_COLLECT:
			case T_RETURN:
			case T_WINDOW:
			case 0:
				finish_modification(parser, level);
				break;
			case T_WITH:
				/* UPDATE key WITH document: the key's IN is an operator */
				level->candidate = -1;
				break;
			case T_IN:
			case T_INTO:
				next = parser->tokens[i + 1].kind;
				if (level->modifying && level->upsert_part == 0 &&
					(next == T_IDENTIFIER || next == T_QUOTED ||
					 next == T_COLLECTION_PARAMETER))
					level->candidate = i;
				break;
			default:
				break;
		}
	}
	pfree(levels);
}

/*
 * A modification's keyword: a new modification, or a part of an UPSERT.
 */
static void
start_modification(ExprParser *parser, Level *level, int kind)
{
	if (level->upsert_part == 1 && kind == T_INSERT)
		level->upsert_part = 2;
	else if (level->upsert_part == 2 &&
			 (kind == T_UPDATE || kind == T_REPLACE))
		level->upsert_part = 0;
	else
	{
		finish_modification(parser, level);
		level->modifying = true;
		level->upsert_part = kind == T_UPSERT ? 1 : 0;
	}
}

static void
finish_modification(ExprParser *parser, Level *level)
{
	if (level->modifying && level->candidate >= 0)
		parser->tokens[level->candidate].kind = T_IN_COLLECTION;
	level->modifying = false;
	level->upsert_part = 0;
	level->candidate = -1;
}

/*
 * What the grammar reads: first the kind of text, then the settled tokens.
 */
int
expr_yylex(union EXPR_YYSTYPE *lvalp, int *llocp, ExprParser *parser)
{
	const ExprToken *token;

	if (parser->next < 0)
	{
		parser->next = 0;
		*llocp = 0;
		return parser->start;
	}
	token = &parser->tokens[Min(parser->next, parser->ntokens - 1)];
	parser->next++;
	*llocp = token->location;
	if (token->kind == T_NUMBER)
		lvalp->number = token->number;
	else
		lvalp->text = token->text;
	return token->kind;
}

/*
 * What people write who think in another language: the word, and what is said
 * here.
 */
typedef struct Foreign
{
	const char *word;
	const char *hint;
} Foreign;

static const Foreign foreign_words[] = {
	{"WHERE", "A condition follows FILTER."},
	{"HAVING", "A condition follows FILTER, also behind COLLECT."},
	{"SELECT", "A query reads FOR doc IN collection RETURN doc."},
	{"FROM", "A query reads FOR doc IN collection RETURN doc."},
	{"JOIN", "A join is a FOR in a FOR, with a FILTER."},
	{"ORDER", "Rows are put in order by SORT."},
	{"GROUP", "Rows are grouped by COLLECT name = expression."},
	{"OFFSET", "Rows are skipped by LIMIT offset, count."},
	{"SET", "Attributes are given as an object: UPDATE key WITH {attribute: value} IN collection."},
	{"VALUES", "A document is an object: INSERT {attribute: value} INTO collection."},
	{"DELETE", "Documents are removed by REMOVE key IN collection."},
	{"RETURNING", "What a modification answers follows RETURN, as OLD and NEW."},
	{"CASE", "A choice reads condition ? value : other."},
	{"BETWEEN", "A range is x >= low && x <= high, or IN_RANGE()."},
	{"IS", "Null is compared as any value: x == null, x != null."},
};

static const char *
foreign_hint(const char *word)
{
	for (int i = 0; i < lengthof(foreign_words); i++)
	{
		if (pg_strcasecmp(word, foreign_words[i].word) == 0)
			return foreign_words[i].hint;
	}
	return NULL;
}

/* What could be meant by the token that fits nowhere. */
static const char *
token_hint(const ExprParser *parser, int at)
{
	const ExprToken *token = &parser->tokens[at];
	const ExprToken *before = at > 0 ? token - 1 : NULL;
	const char *hint;

	if (token->kind == '=')
		return "Values are compared with ==; a single = gives a name in LET, COLLECT, AGGREGATE and PRUNE.";
	if (token->kind == T_GT && before && before->kind == T_LT)
		return "Values are compared with !=.";
	if (token->kind == T_NULL && before && before->kind == T_NOT)
		return "Null is compared as any value: x == null, x != null.";
	if (token->kind == T_IDENTIFIER && (hint = foreign_hint(token->text)) != NULL)
		return hint;
	/* the word before it may have passed for a name */
	if (before && before->kind == T_IDENTIFIER)
		return foreign_hint(before->text);
	return NULL;
}

/* Words of the language that are not here: error 0A000 that names them. */
static void
check_supported(const ExprParser *parser, int at)
{
	for (int i = at; i >= 0 && i >= at - 1; i--)
	{
		const ExprToken *token = &parser->tokens[i];

		if (token->kind == T_UNSUPPORTED ||
			(token->kind == T_IDENTIFIER && i > 0 &&
			 pg_strcasecmp(token->text, "SEARCH") == 0))
			expr_error_hint(EXPR_ERR_NOT_IMPLEMENTED,
							token->kind == T_UNSUPPORTED ?
							"Traversals go over edge collections: FOR v, e, p IN 1..2 OUTBOUND start edges." :
							"Conditions follow FILTER; PostgreSQL's indexes serve them.",
							parser->source, token->location,
							"%s is not supported", token->text);
	}
}

void
expr_syntax_error(ExprParser *parser, const char *message)
{
	int			at = Min(Max(parser->next - 1, 0), parser->ntokens - 1);

	check_supported(parser, at);
	expr_error_hint(EXPR_ERR_PARSE, token_hint(parser, at), parser->source,
					parser->tokens[at].location, "%s", message);
}

void
expr_yyerror(int *llocp, ExprParser *parser, const char *message)
{
	const ExprToken *token;

	token = &parser->tokens[Min(Max(parser->next - 1, 0),
								parser->ntokens - 1)];
	if (strstr(message, "memory exhausted") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("query is nested too deeply"),
				 errdetail("errorNum %d", EXPR_ERR_PARSE)));
	if (token->kind != 0)
		message = psprintf("%s near '%.*s'", message,
						   pg_mbcliplen(parser->source + token->location,
										token->end - token->location, 32),
						   parser->source + token->location);
	expr_syntax_error(parser, message);
}
