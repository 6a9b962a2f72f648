%{
/*
 * expr/gram.y
 *		The grammar of the language: tokens to tree.
 *
 * The whole language, since a statement may stand in parentheses inside an
 * expression.  Two things that one token of lookahead cannot tell are settled
 * before the grammar sees the tokens (parse.c): whether IN is an operator or
 * names the collection (T_IN_COLLECTION), and NOT IN, NOT LIKE, AT LEAST as
 * one token each.  The first token says what is to be parsed.
 *
 * The actions only build nodes; what a tree means is decided when it is
 * compiled.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/numeric.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "expr/error.h"
#include "expr/scan.h"
#include "expr/gram.h"

/* a rule begins where its first part begins */
#define YYLLOC_DEFAULT(Current, Rhs, N) \
	do { \
		if (N) \
			(Current) = (Rhs)[1]; \
		else \
			(Current) = (Rhs)[0]; \
	} while (0)

/* bison's memory is PostgreSQL's, so that nothing leaks on an error */
#define YYMALLOC palloc
#define YYFREE   pfree

#define NONE()	expr_node(EXPR_NONE, -1, NULL, 0)

static ExprNode *make_binary(int op, int location, ExprNode *left,
							 ExprNode *right);
static ExprNode *make_quantified(int quantifier, int op, int location,
								 ExprNode *left, ExprNode *right,
								 ExprNode *number);
static ExprNode *make_unary(int op, int location, ExprNode *operand);
static ExprNode *make_boolean(bool value, int location);
static ExprNode *make_string(const char *text, int location);
static ExprNode *make_closed(ExprNode *node);
static ExprNode *make_access(ExprNode *base, ExprNode *access);
static ExprNode *make_expand(ExprNode *base, int stars, int location,
							 ExprNode *filter, List *limit, ExprNode *ret);
static ExprNode *make_question(ExprNode *base, int location, int quantifier,
							   ExprNode *number, ExprNode *filter);
static ExprNode *make_for(ExprParser *parser, int location, List *variables,
						  ExprNode *source, ExprNode *options);
static ExprNode *make_traversal(ExprParser *parser, int location,
								List *variables, ExprNode *depth,
								int direction, ExprNode *start, List *edges,
								ExprNode *prune, ExprNode *options);
static List *make_lets(ExprNode *pattern, ExprNode *value, List *lets);
static const char *hidden_name(int location);
static ExprNode *make_query(ExprParser *parser, ExprNode *with,
							List *clauses);
static ExprNode *make_upsert(ExprParser *parser, int location, bool replace,
							 ExprNode *search, ExprNode *insert,
							 ExprNode *update, ExprNode *collection,
							 ExprNode *options);
static ExprNode *make_collect(ExprParser *parser, int location, List *parts);
static void check_word(ExprParser *parser, const char *word,
					   const char *expected, int location);
%}

%define api.pure full
%define api.prefix {expr_yy}
%define api.location.type {int}
%define parse.error verbose
%locations
%expect 0
%parse-param {ExprParser *parser}
%lex-param {ExprParser *parser}

%union
{
	ExprNode   *node;
	List	   *list;
	const char *text;
	const JsonbValue *number;
	int			integer;
}

%token END 0 "end of query string"
%token START_STATEMENT START_EXPRESSION

%token T_FOR "FOR declaration" T_LET "LET declaration"
%token T_FILTER "FILTER declaration" T_SORT "SORT declaration"
%token T_COLLECT "COLLECT declaration" T_RETURN "RETURN declaration"
%token <text> T_LIMIT "LIMIT declaration" T_WINDOW "WINDOW declaration"
%token T_INSERT "INSERT command" T_UPDATE "UPDATE command"
%token T_REPLACE "REPLACE command" T_REMOVE "REMOVE command"
%token T_UPSERT "UPSERT command" T_AGGREGATE "AGGREGATE keyword"
%token <text> T_WITH "WITH keyword" T_INTO "INTO keyword"
%token T_ASC "ASC keyword" T_DESC "DESC keyword"
%token T_DISTINCT "DISTINCT modifier"
%token <text> T_INBOUND "INBOUND keyword" T_OUTBOUND "OUTBOUND keyword"
%token T_UNSUPPORTED "graph keyword"
%token T_NULL "null" T_TRUE "true" T_FALSE "false"
%token T_NOT "not operator" T_AND "and operator" T_OR "or operator"
%token T_EQ "== operator" T_NE "!= operator"
%token T_LT "< operator" T_GT "> operator"
%token T_LE "<= operator" T_GE ">= operator"
%token T_MATCH "=~ operator" T_NOT_MATCH "!~ operator"
%token <text> T_LIKE "LIKE operator"
%token T_NOT_LIKE "NOT LIKE operator"
%token T_IN "IN keyword" T_NOT_IN "NOT IN operator"
%token T_IN_COLLECTION "IN or INTO keyword"
%token <text> T_ALL "ALL modifier" T_ANY "ANY modifier" T_NONE "NONE modifier"
%token T_AT_LEAST "AT LEAST modifier" T_PRUNE "PRUNE keyword"
%token T_RANGE ".. operator" T_SCOPE ":: operator"
%token <number> T_NUMBER "number"
%token <text> T_IDENTIFIER "identifier"
%token <text> T_QUOTED "quoted string"
%token <text> T_PARAMETER "bind parameter"
%token <text> T_COLLECTION_PARAMETER "bind data source parameter"

%type <node> query with_opt filter window pattern pattern_item pattern_property
%type <node> edges_element prune_opt sort sort_key limit collect return
%type <node> insert update replace remove upsert modification options_opt
%type <node> collection in_collection expression
%type <node> reference literal array object property call
%type <node> filter_opt return_opt collect_group collect_aggregate
%type <node> collect_keep at_least
%type <list> for loop_names edges pattern_items pattern_properties
%type <integer> direction
%type <list> clauses clause let let_list sort_list collections expressions
%type <list> arguments properties limit_opt collect_groups collect_aggregates
%type <list> let_element
%type <list> collect_part collect_first collect_parts collect_names
%type <integer> stars quantifier equality ordering membership
%type <text> name key function_name

%right '?' ':'
%left T_OR
%left T_AND
%precedence T_ALL T_ANY T_NONE T_AT_LEAST
%left T_EQ T_NE T_LIKE T_NOT_LIKE T_MATCH T_NOT_MATCH
%left T_IN T_NOT_IN
%left T_LT T_LE T_GT T_GE
%left T_RANGE
%left '+' '-'
%left '*' '/' '%'
%precedence UNARY

%%

start:
	START_STATEMENT query			{ parser->result = $2; }
	| START_EXPRESSION expression	{ parser->result = $2; }
	;

/* --- statements --- */

query:
	with_opt clauses
		{ $$ = make_query(parser, $1, $2); }
	| with_opt clauses return
		{ $$ = make_query(parser, $1, lappend($2, $3)); }
	| with_opt return
		{ $$ = make_query(parser, $1, list_make1($2)); }
	;

with_opt:
	%empty					{ $$ = NULL; }
	| T_WITH collections	{ $$ = expr_node_list(EXPR_WITH, @1, NULL, $2); }
	;

collections:
	collection						{ $$ = list_make1($1); }
	| collections collection		{ $$ = lappend($1, $2); }
	| collections ',' collection	{ $$ = lappend($1, $3); }
	;

collection:
	T_IDENTIFIER	{ $$ = expr_node(EXPR_COLLECTION, @1, $1, 0); }
	| T_IDENTIFIER '.' T_IDENTIFIER
		{
			$$ = expr_node(EXPR_COLLECTION, @1, expr_qualified_name($1, $3), 0);
		}
	| T_QUOTED		{ $$ = expr_node(EXPR_COLLECTION, @1, $1, 0); }
	| T_COLLECTION_PARAMETER
		{ $$ = expr_node(EXPR_COLLECTION_PARAM, @1, $1, 0); }
	;

clauses:
	clause
	| clauses clause	{ $$ = list_concat($1, $2); }
	;

clause:
	for				{ $$ = $1; }
	| window		{ $$ = list_make1($1); }
	| let			{ $$ = $1; }
	| filter		{ $$ = list_make1($1); }
	| sort			{ $$ = list_make1($1); }
	| limit			{ $$ = list_make1($1); }
	| collect		{ $$ = list_make1($1); }
	| modification	{ $$ = list_make1($1); }
	;

modification:
	insert | update | replace | remove | upsert
	;

for:
	T_FOR loop_names T_IN expression options_opt
		{ $$ = list_make1(make_for(parser, @1, $2, $4, $5)); }
	| T_FOR pattern T_IN expression options_opt
		{
			const char *hidden = hidden_name(@2);

			$$ = make_lets($2, expr_node(EXPR_REF, @2, hidden, 0),
						   list_make1(expr_node(EXPR_FOR, @1, hidden, 2, $4, $5)));
		}
	| T_FOR loop_names T_IN direction expression edges prune_opt options_opt
		{
			$$ = list_make1(make_traversal(parser, @1, $2, NONE(), $4, $5, $6,
										   $7, $8));
		}
	| T_FOR loop_names T_IN expression direction expression edges prune_opt options_opt
		{
			$$ = list_make1(make_traversal(parser, @1, $2, $4, $5, $6, $7, $8,
										   $9));
		}
	;

loop_names:
	T_IDENTIFIER
		{ $$ = list_make1(expr_node(EXPR_VARIABLE, @1, $1, 0)); }
	| loop_names ',' T_IDENTIFIER
		{ $$ = lappend($1, expr_node(EXPR_VARIABLE, @3, $3, 0)); }
	;

direction:
	T_OUTBOUND		{ $$ = EXPR_OUTBOUND; }
	| T_INBOUND		{ $$ = EXPR_INBOUND; }
	| T_ANY			{ $$ = EXPR_EITHER; }
	;

edges:
	edges_element					{ $$ = list_make1($1); }
	| edges ',' edges_element		{ $$ = lappend($1, $3); }
	;

edges_element:
	collection
		{ $$ = expr_node(EXPR_EDGES, @1, NULL, 1, $1); }
	| direction collection
		{
			$$ = expr_node(EXPR_EDGES, @1, NULL, 1, $2);
			$$->op = $1;
		}
	;

prune_opt:
	%empty		{ $$ = NONE(); }
	| T_PRUNE expression
		{ $$ = expr_node(EXPR_PRUNE, @1, NULL, 1, $2); }
	| T_PRUNE T_IDENTIFIER '=' expression
		{ $$ = expr_node(EXPR_PRUNE, @1, $2, 1, $4); }
	;

/* what takes a value apart: {a, b: x, c: {d}} and [x, , y] */
pattern:
	'{' pattern_properties '}'
		{ $$ = expr_node_list(EXPR_OBJECT, @1, NULL, $2); }
	| '{' pattern_properties ',' '}'
		{ $$ = expr_node_list(EXPR_OBJECT, @1, NULL, $2); }
	| '[' pattern_items ']'
		{ $$ = expr_node_list(EXPR_ARRAY, @1, NULL, $2); }
	;

pattern_properties:
	pattern_property							{ $$ = list_make1($1); }
	| pattern_properties ',' pattern_property	{ $$ = lappend($1, $3); }
	;

pattern_property:
	T_IDENTIFIER
		{
			$$ = expr_node(EXPR_PROP, @1, $1, 1,
						   expr_node(EXPR_VARIABLE, @1, $1, 0));
		}
	| T_IDENTIFIER ':' T_IDENTIFIER
		{
			$$ = expr_node(EXPR_PROP, @1, $1, 1,
						   expr_node(EXPR_VARIABLE, @3, $3, 0));
		}
	| key ':' T_IDENTIFIER
		{
			$$ = expr_node(EXPR_PROP, @1, $1, 1,
						   expr_node(EXPR_VARIABLE, @3, $3, 0));
		}
	| T_IDENTIFIER ':' pattern
		{ $$ = expr_node(EXPR_PROP, @1, $1, 1, $3); }
	| key ':' pattern
		{ $$ = expr_node(EXPR_PROP, @1, $1, 1, $3); }
	;

pattern_items:
	pattern_item						{ $$ = list_make1($1); }
	| pattern_items ',' pattern_item	{ $$ = lappend($1, $3); }
	;

pattern_item:
	%empty			{ $$ = NONE(); }
	| T_IDENTIFIER	{ $$ = expr_node(EXPR_VARIABLE, @1, $1, 0); }
	| pattern
	;

window:
	T_WINDOW object T_AGGREGATE collect_aggregates
		{
			$$ = expr_node_list(EXPR_WINDOW, @1, NULL,
								lcons(NONE(), lcons($2, $4)));
		}
	| T_WINDOW expression T_WITH object T_AGGREGATE collect_aggregates
		{
			$$ = expr_node_list(EXPR_WINDOW, @1, NULL,
								lcons($2, lcons($4, $6)));
		}
	;

let:
	T_LET let_list	{ $$ = $2; }
	;

let_list:
	let_element
	| let_list ',' let_element		{ $$ = list_concat($1, $3); }
	;

let_element:
	T_IDENTIFIER '=' expression
		{ $$ = list_make1(expr_node(EXPR_LET, @1, $1, 1, $3)); }
	| pattern '=' expression
		{
			const char *hidden = hidden_name(@1);

			$$ = make_lets($1, expr_node(EXPR_REF, @1, hidden, 0),
						   list_make1(expr_node(EXPR_LET, @1, hidden, 1, $3)));
		}
	;

filter:
	T_FILTER expression		{ $$ = expr_node(EXPR_FILTER, @1, NULL, 1, $2); }
	;

sort:
	T_SORT sort_list	{ $$ = expr_node_list(EXPR_SORT, @1, NULL, $2); }
	;

sort_list:
	sort_key					{ $$ = list_make1($1); }
	| sort_list ',' sort_key	{ $$ = lappend($1, $3); }
	;

sort_key:
	expression				{ $$ = expr_node(EXPR_SORT_KEY, @1, NULL, 1, $1); }
	| expression T_ASC		{ $$ = expr_node(EXPR_SORT_KEY, @1, NULL, 1, $1); }
	| expression T_DESC
		{
			$$ = expr_node(EXPR_SORT_KEY, @1, NULL, 1, $1);
			$$->flags = 1;
		}
	;

limit:
	T_LIMIT expression
		{ $$ = expr_node(EXPR_LIMIT, @1, NULL, 2, NONE(), $2); }
	| T_LIMIT expression ',' expression
		{ $$ = expr_node(EXPR_LIMIT, @1, NULL, 2, $2, $4); }
	;

collect:
	T_COLLECT collect_groups collect_parts
		{ $$ = make_collect(parser, @1, list_concat($2, $3)); }
	| T_COLLECT collect_first collect_parts
		{ $$ = make_collect(parser, @1, list_concat($2, $3)); }
	;

collect_groups:
	collect_group							{ $$ = list_make1($1); }
	| collect_groups ',' collect_group		{ $$ = lappend($1, $3); }
	;

collect_group:
	T_IDENTIFIER '=' expression
		{ $$ = expr_node(EXPR_COLLECT_GROUP, @1, $1, 1, $3); }
	;

collect_parts:
	%empty							{ $$ = NIL; }
	| collect_parts collect_part	{ $$ = list_concat($1, $2); }
	;

collect_part:
	collect_first						{ $$ = $1; }
	| T_IDENTIFIER collect_names
		{
			check_word(parser, $1, "KEEP", @1);
			$$ = $2;
		}
	| T_IDENTIFIER object
		{
			check_word(parser, $1, "OPTIONS", @1);
			$$ = list_make1(expr_node(EXPR_COLLECT_OPTIONS, @1, NULL, 1, $2));
		}
	;

/* the parts that a keyword announces */
collect_first:
	T_AGGREGATE collect_aggregates		{ $$ = $2; }
	| T_INTO T_IDENTIFIER
		{
			$$ = list_make1(expr_node(EXPR_COLLECT_INTO, @1, $2, 1, NONE()));
		}
	| T_INTO T_IDENTIFIER '=' expression
		{
			$$ = list_make1(expr_node(EXPR_COLLECT_INTO, @1, $2, 1, $4));
		}
	| T_WITH T_IDENTIFIER T_INTO T_IDENTIFIER
		{
			check_word(parser, $2, "COUNT", @2);
			$$ = list_make1(expr_node(EXPR_COLLECT_COUNT, @1, $4, 0));
		}
	;

collect_names:
	collect_keep						{ $$ = list_make1($1); }
	| collect_names ',' collect_keep	{ $$ = lappend($1, $3); }
	;

collect_keep:
	T_IDENTIFIER
		{
			$$ = expr_node(EXPR_COLLECT_KEEP, @1, NULL, 1,
						   expr_node(EXPR_REF, @1, $1, 0));
		}
	;

collect_aggregates:
	collect_aggregate								{ $$ = list_make1($1); }
	| collect_aggregates ',' collect_aggregate		{ $$ = lappend($1, $3); }
	;

collect_aggregate:
	T_IDENTIFIER '=' call
		{ $$ = expr_node(EXPR_COLLECT_AGGREGATE, @1, $1, 1, $3); }
	;

return:
	T_RETURN expression		{ $$ = expr_node(EXPR_RETURN, @1, NULL, 1, $2); }
	| T_RETURN T_DISTINCT expression
		{
			$$ = expr_node(EXPR_RETURN, @1, NULL, 1, $3);
			$$->flags = 1;
		}
	;

in_collection:
	T_IN_COLLECTION collection	{ $$ = $2; }
	;

options_opt:
	%empty		{ $$ = NONE(); }
	| T_IDENTIFIER object
		{
			check_word(parser, $1, "OPTIONS", @1);
			$$ = $2;
		}
	;

insert:
	T_INSERT expression in_collection options_opt
		{ $$ = expr_node(EXPR_INSERT, @1, NULL, 3, $2, $3, $4); }
	;

update:
	T_UPDATE expression in_collection options_opt
		{ $$ = expr_node(EXPR_UPDATE, @1, NULL, 4, NONE(), $2, $3, $4); }
	| T_UPDATE expression T_WITH expression in_collection options_opt
		{ $$ = expr_node(EXPR_UPDATE, @1, NULL, 4, $2, $4, $5, $6); }
	;

replace:
	T_REPLACE expression in_collection options_opt
		{ $$ = expr_node(EXPR_REPLACE, @1, NULL, 4, NONE(), $2, $3, $4); }
	| T_REPLACE expression T_WITH expression in_collection options_opt
		{ $$ = expr_node(EXPR_REPLACE, @1, NULL, 4, $2, $4, $5, $6); }
	;

remove:
	T_REMOVE expression in_collection options_opt
		{ $$ = expr_node(EXPR_REMOVE, @1, NULL, 3, $2, $3, $4); }
	;

upsert:
	T_UPSERT expression T_INSERT expression T_UPDATE expression in_collection options_opt
		{ $$ = make_upsert(parser, @1, false, $2, $4, $6, $7, $8); }
	| T_UPSERT expression T_INSERT expression T_REPLACE expression in_collection options_opt
		{ $$ = make_upsert(parser, @1, true, $2, $4, $6, $7, $8); }
	| T_UPSERT filter T_INSERT expression T_UPDATE expression in_collection options_opt
		{ $$ = make_upsert(parser, @1, false, $2, $4, $6, $7, $8); }
	| T_UPSERT filter T_INSERT expression T_REPLACE expression in_collection options_opt
		{ $$ = make_upsert(parser, @1, true, $2, $4, $6, $7, $8); }
	;

/* --- expressions --- */

expression:
	literal
	| reference
	| T_NOT expression %prec UNARY	{ $$ = make_unary(EXPR_OP_NOT, @1, $2); }
	| '-' expression %prec UNARY	{ $$ = make_unary(EXPR_OP_NEGATE, @1, $2); }
	| '+' expression %prec UNARY	{ $$ = make_unary(EXPR_OP_PLUS, @1, $2); }
	| expression T_OR expression	{ $$ = make_binary(EXPR_OP_OR, @2, $1, $3); }
	| expression T_AND expression	{ $$ = make_binary(EXPR_OP_AND, @2, $1, $3); }
	| expression T_EQ expression	{ $$ = make_binary(EXPR_OP_EQ, @2, $1, $3); }
	| expression T_NE expression	{ $$ = make_binary(EXPR_OP_NE, @2, $1, $3); }
	| expression T_LIKE expression	{ $$ = make_binary(EXPR_OP_LIKE, @2, $1, $3); }
	| expression T_NOT_LIKE expression
		{ $$ = make_binary(EXPR_OP_NOT_LIKE, @2, $1, $3); }
	| expression T_MATCH expression	{ $$ = make_binary(EXPR_OP_MATCH, @2, $1, $3); }
	| expression T_NOT_MATCH expression
		{ $$ = make_binary(EXPR_OP_NOT_MATCH, @2, $1, $3); }
	| expression T_IN expression	{ $$ = make_binary(EXPR_OP_IN, @2, $1, $3); }
	| expression T_NOT_IN expression
		{ $$ = make_binary(EXPR_OP_NOT_IN, @2, $1, $3); }
	| expression T_LT expression	{ $$ = make_binary(EXPR_OP_LT, @2, $1, $3); }
	| expression T_LE expression	{ $$ = make_binary(EXPR_OP_LE, @2, $1, $3); }
	| expression T_GT expression	{ $$ = make_binary(EXPR_OP_GT, @2, $1, $3); }
	| expression T_GE expression	{ $$ = make_binary(EXPR_OP_GE, @2, $1, $3); }
	| expression T_RANGE expression	{ $$ = make_binary(EXPR_OP_RANGE, @2, $1, $3); }
	| expression '+' expression		{ $$ = make_binary(EXPR_OP_ADD, @2, $1, $3); }
	| expression '-' expression		{ $$ = make_binary(EXPR_OP_SUB, @2, $1, $3); }
	| expression '*' expression		{ $$ = make_binary(EXPR_OP_MUL, @2, $1, $3); }
	| expression '/' expression		{ $$ = make_binary(EXPR_OP_DIV, @2, $1, $3); }
	| expression '%' expression		{ $$ = make_binary(EXPR_OP_MOD, @2, $1, $3); }
	| expression quantifier equality expression %prec T_EQ
		{ $$ = make_quantified($2, $3, @2, $1, $4, NONE()); }
	| expression quantifier ordering expression %prec T_LT
		{ $$ = make_quantified($2, $3, @2, $1, $4, NONE()); }
	| expression quantifier membership expression %prec T_IN
		{ $$ = make_quantified($2, $3, @2, $1, $4, NONE()); }
	| expression at_least equality expression %prec T_EQ
		{ $$ = make_quantified(EXPR_AT_LEAST, $3, @2, $1, $4, $2); }
	| expression at_least ordering expression %prec T_LT
		{ $$ = make_quantified(EXPR_AT_LEAST, $3, @2, $1, $4, $2); }
	| expression at_least membership expression %prec T_IN
		{ $$ = make_quantified(EXPR_AT_LEAST, $3, @2, $1, $4, $2); }
	| expression '?' expression ':' expression
		{ $$ = expr_node(EXPR_COND, @2, NULL, 3, $1, $3, $5); }
	| expression '?' ':' expression
		{ $$ = expr_node(EXPR_COND, @2, NULL, 3, $1, NONE(), $4); }
	;

quantifier:
	T_ALL		{ $$ = EXPR_ALL; }
	| T_ANY		{ $$ = EXPR_ANY; }
	| T_NONE	{ $$ = EXPR_NO; }
	;

at_least:
	T_AT_LEAST '(' expression ')'	{ $$ = $3; }
	;

equality:
	T_EQ			{ $$ = EXPR_OP_EQ; }
	| T_NE			{ $$ = EXPR_OP_NE; }
	;

ordering:
	T_LT			{ $$ = EXPR_OP_LT; }
	| T_LE			{ $$ = EXPR_OP_LE; }
	| T_GT			{ $$ = EXPR_OP_GT; }
	| T_GE			{ $$ = EXPR_OP_GE; }
	;

membership:
	T_IN			{ $$ = EXPR_OP_IN; }
	| T_NOT_IN		{ $$ = EXPR_OP_NOT_IN; }
	;

literal:
	T_NUMBER	{ $$ = expr_node_const($1, @1); }
	| T_QUOTED	{ $$ = make_string($1, @1); }
	| T_TRUE	{ $$ = make_boolean(true, @1); }
	| T_FALSE	{ $$ = make_boolean(false, @1); }
	| T_NULL
		{
			JsonbValue	null;

			null.type = jbvNull;
			$$ = expr_node_const(&null, @1);
		}
	;

/* what may be followed by .name and [index] */
reference:
	T_IDENTIFIER	{ $$ = expr_node(EXPR_REF, @1, $1, 0); }
	| T_PARAMETER	{ $$ = expr_node(EXPR_PARAM, @1, $1, 0); }
	| T_COLLECTION_PARAMETER
		{ $$ = expr_node(EXPR_COLLECTION_PARAM, @1, $1, 0); }
	| call
	| array
	| object
	| '(' expression ')'	{ $$ = make_closed($2); }
	| '(' query ')'
		{ $$ = expr_node(EXPR_SUBQUERY, @1, NULL, 1, $2); }
	| reference '.' T_IDENTIFIER
		{ $$ = make_access($1, expr_node(EXPR_ATTR, @3, $3, 1, NULL)); }
	| reference '.' T_PARAMETER
		{
			$$ = make_access($1,
							 expr_node(EXPR_ATTR_PARAM, @3, NULL, 2, NULL,
									   expr_node(EXPR_PARAM, @3, $3, 0)));
		}
	| reference '[' expression ']'
		{ $$ = make_access($1, expr_node(EXPR_INDEX, @2, NULL, 2, NULL, $3)); }
	| reference '[' stars filter_opt limit_opt return_opt ']'
		{ $$ = make_expand($1, $3, @2, $4, $5, $6); }
	| reference '[' '?' ']'
		{ $$ = make_question($1, @2, EXPR_ANY, NONE(), NONE()); }
	| reference '[' '?' T_FILTER expression ']'
		{ $$ = make_question($1, @2, EXPR_ANY, NONE(), $5); }
	| reference '[' '?' quantifier T_FILTER expression ']'
		{ $$ = make_question($1, @2, $4, NONE(), $6); }
	| reference '[' '?' at_least T_FILTER expression ']'
		{ $$ = make_question($1, @2, EXPR_AT_LEAST, $4, $6); }
	| reference '[' '?' expression T_FILTER expression ']'
		{ $$ = make_question($1, @2, 0, $4, $6); }
	;

stars:
	'*'				{ $$ = 1; }
	| stars '*'
		{
			if ($1 >= 100)
				expr_error_at(EXPR_ERR_PARSE, parser->source, @2,
							  "syntax error, too many levels of array expansion");
			$$ = $1 + 1;
		}
	;

filter_opt:
	%empty						{ $$ = NONE(); }
	| T_FILTER expression		{ $$ = $2; }
	;

limit_opt:
	%empty									{ $$ = NIL; }
	| T_LIMIT expression					{ $$ = list_make2(NONE(), $2); }
	| T_LIMIT expression ',' expression		{ $$ = list_make2($2, $4); }
	;

return_opt:
	%empty						{ $$ = NONE(); }
	| T_RETURN expression		{ $$ = $2; }
	;

call:
	function_name '(' ')'
		{ $$ = expr_node(EXPR_CALL, @1, $1, 0); }
	| function_name '(' arguments ')'
		{ $$ = expr_node_list(EXPR_CALL, @1, $1, $3); }
	;

function_name:
	name
	| T_LIKE	{ $$ = "LIKE"; }
	;

name:
	T_IDENTIFIER
	| name T_SCOPE T_IDENTIFIER		{ $$ = psprintf("%s::%s", $1, $3); }
	;

/* a query that is the last argument needs no parentheses of its own */
arguments:
	expressions
	| query
		{ $$ = list_make1(expr_node(EXPR_SUBQUERY, @1, NULL, 1, $1)); }
	| expressions ',' query
		{ $$ = lappend($1, expr_node(EXPR_SUBQUERY, @3, NULL, 1, $3)); }
	;

array:
	'[' ']'
		{ $$ = expr_node(EXPR_ARRAY, @1, NULL, 0); }
	| '[' expressions ']'
		{ $$ = expr_node_list(EXPR_ARRAY, @1, NULL, $2); }
	| '[' expressions ',' ']'
		{ $$ = expr_node_list(EXPR_ARRAY, @1, NULL, $2); }
	;

expressions:
	expression						{ $$ = list_make1($1); }
	| expressions ',' expression	{ $$ = lappend($1, $3); }
	;

object:
	'{' '}'
		{ $$ = expr_node(EXPR_OBJECT, @1, NULL, 0); }
	| '{' properties '}'
		{ $$ = expr_node_list(EXPR_OBJECT, @1, NULL, $2); }
	| '{' properties ',' '}'
		{ $$ = expr_node_list(EXPR_OBJECT, @1, NULL, $2); }
	;

properties:
	property						{ $$ = list_make1($1); }
	| properties ',' property		{ $$ = lappend($1, $3); }
	;

property:
	T_IDENTIFIER
		{
			/* shorthand: {name} is {name: name} */
			ExprNode   *ref = expr_node(EXPR_REF, @1, $1, 0);

			ref->flags = 1;
			$$ = expr_node(EXPR_PROP, @1, $1, 1, ref);
		}
	| T_IDENTIFIER ':' expression
		{ $$ = expr_node(EXPR_PROP, @1, $1, 1, $3); }
	| key ':' expression
		{ $$ = expr_node(EXPR_PROP, @1, $1, 1, $3); }
	| T_PARAMETER ':' expression
		{
			$$ = expr_node(EXPR_PROP_COMPUTED, @1, NULL, 2,
						   expr_node(EXPR_PARAM, @1, $1, 0), $3);
		}
	| '[' expression ']' ':' expression
		{ $$ = expr_node(EXPR_PROP_COMPUTED, @1, NULL, 2, $2, $5); }
	;

key:
	T_QUOTED | T_INBOUND | T_OUTBOUND | T_ANY | T_ALL | T_NONE | T_LIKE
	| T_INTO | T_WITH | T_WINDOW | T_LIMIT
	;

%%

static ExprNode *
make_binary(int op, int location, ExprNode *left, ExprNode *right)
{
	ExprNode   *node = expr_node(EXPR_BINARY, location, NULL, 2, left, right);

	node->op = op;
	return node;
}

static ExprNode *
make_quantified(int quantifier, int op, int location, ExprNode *left,
				ExprNode *right, ExprNode *number)
{
	ExprNode   *node = expr_node(EXPR_QUANTIFIED, location, NULL, 3, left,
								 right, number);

	node->op = op;
	node->flags = quantifier;
	return node;
}

/*
 * A minus before a number is part of the number.
 */
static ExprNode *
make_unary(int op, int location, ExprNode *operand)
{
	ExprNode   *node;

	if (op == EXPR_OP_NEGATE && operand->tag == EXPR_CONST &&
		operand->value->type == jbvNumeric)
	{
		JsonbValue	value = *operand->value;

		value.val.numeric =
			DatumGetNumeric(DirectFunctionCall1(numeric_uminus,
												NumericGetDatum(value.val.numeric)));
		return expr_node_const(&value, location);
	}
	node = expr_node(EXPR_UNARY, location, NULL, 1, operand);
	node->op = op;
	return node;
}

static ExprNode *
make_boolean(bool boolean, int location)
{
	JsonbValue	value;

	value.type = jbvBool;
	value.val.boolean = boolean;
	return expr_node_const(&value, location);
}

static ExprNode *
make_string(const char *text, int location)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	return expr_node_const(&value, location);
}

/*
 * Parentheses end the reach of an expansion: a[*].b takes b of each element,
 * (a[*]).b takes b of the array.
 */
static ExprNode *
make_closed(ExprNode *node)
{
	if (node->tag == EXPR_EXPAND)
		node->flags = 1;
	return node;
}

/*
 * Complete "access", whose base is still missing.  Behind an open expansion
 * it applies to each element, so it goes into the innermost tail.
 */
static ExprNode *
make_access(ExprNode *base, ExprNode *access)
{
	ExprNode   *expand = base;

	if (base->tag != EXPR_EXPAND || base->flags)
	{
		access->args[0] = base;
		return access;
	}
	while (expand->args[5]->tag == EXPR_EXPAND)
		expand = expand->args[5];
	access->args[0] = expand->args[5];
	expand->args[5] = access;
	return base;
}

/*
 * base[* FILTER ... LIMIT ... RETURN ...].  One star behind an open expansion
 * expands within each element; more stars flatten what came out of it.
 */
static ExprNode *
make_expand(ExprNode *base, int stars, int location, ExprNode *filter,
			List *limit, ExprNode *ret)
{
	ExprNode   *node = expr_node(EXPR_EXPAND, location, NULL, 6, base, filter,
								 limit ? linitial(limit) : NONE(),
								 limit ? lsecond(limit) : NONE(),
								 ret,
								 expr_node(EXPR_ELEMENT, location, NULL, 0));

	node->op = stars;
	if (stars == 1)
		return make_access(base, node);
	make_closed(base);
	return node;
}

/*
 * base[? quantifier FILTER condition].
 */
static ExprNode *
make_question(ExprNode *base, int location, int quantifier, ExprNode *number,
			  ExprNode *filter)
{
	ExprNode   *node = expr_node(EXPR_QUESTION, location, NULL, 3, NULL,
								 filter, number);

	node->flags = quantifier;
	return make_access(base, node);
}

/*
 * FOR over something that is no traversal has one variable.
 */
static ExprNode *
make_for(ExprParser *parser, int location, List *variables, ExprNode *source,
		 ExprNode *options)
{
	const ExprNode *variable = linitial(variables);

	if (list_length(variables) > 1)
		expr_error_at(EXPR_ERR_PARSE, parser->source,
					  ((ExprNode *) lsecond(variables))->location,
					  "syntax error, a FOR loop that is no traversal has one variable");
	return expr_node(EXPR_FOR, location, variable->name, 2, source, options);
}

static ExprNode *
make_traversal(ExprParser *parser, int location, List *variables,
			   ExprNode *depth, int direction, ExprNode *start, List *edges,
			   ExprNode *prune, ExprNode *options)
{
	const ExprNode *vertex = linitial(variables);
	ExprNode   *edge = list_length(variables) > 1 ? lsecond(variables) : NONE();
	ExprNode   *path = list_length(variables) > 2 ? lthird(variables) : NONE();
	ExprNode   *node;

	if (list_length(variables) > 3)
		expr_error_at(EXPR_ERR_PARSE, parser->source,
					  ((ExprNode *) lfourth(variables))->location,
					  "syntax error, a traversal has at most three variables");
	node = expr_node_list(EXPR_TRAVERSAL, location, vertex->name,
						  list_concat(list_make5(edge, path, depth, start, prune),
									  lcons(options, edges)));
	node->op = direction;
	return node;
}

/* The variable that holds what is taken apart; none of the user's. */
static const char *
hidden_name(int location)
{
	return psprintf("$d%d", location);
}

/*
 * A LET for each variable of a pattern, appended.
 */
static List *
make_lets(ExprNode *pattern, ExprNode *value, List *lets)
{
	for (int i = 0; i < pattern->nargs; i++)
	{
		ExprNode   *item = pattern->args[i];
		ExprNode   *part;

		if (item->tag == EXPR_NONE)
			continue;
		if (pattern->tag == EXPR_OBJECT)
		{
			part = expr_node(EXPR_ATTR, item->location, item->name, 1, value);
			item = item->args[0];
		}
		else
		{
			JsonbValue	index;

			index.type = jbvNumeric;
			index.val.numeric = int64_to_numeric(i);
			part = expr_node(EXPR_INDEX, item->location, NULL, 2, value,
							 expr_node_const(&index, item->location));
		}
		if (item->tag == EXPR_VARIABLE)
			lets = lappend(lets, expr_node(EXPR_LET, item->location,
										   item->name, 1, part));
		else
			lets = make_lets(item, part, lets);
	}
	return lets;
}

/*
 * The clauses of a query: it must answer something or write something.
 */
static ExprNode *
make_query(ExprParser *parser, ExprNode *with, List *clauses)
{
	ExprNode   *last = llast(clauses);

	if (last->tag != EXPR_RETURN && !expr_tag_modifies(last->tag))
	{
		const ExprToken *token = &parser->tokens[Max(parser->next - 1, 0)];

		expr_syntax_error(parser,
						  psprintf("syntax error, unexpected %s, expecting RETURN declaration or a modification command",
								   token->kind == 0 ? "end of query string" : token->text));
	}
	if (with)
		clauses = lcons(with, clauses);
	return expr_node_list(EXPR_QUERY, last->location, NULL, clauses);
}

static ExprNode *
make_upsert(ExprParser *parser, int location, bool replace, ExprNode *search,
			ExprNode *insert, ExprNode *update, ExprNode *collection,
			ExprNode *options)
{
	ExprNode   *node;

	if (search->tag == EXPR_OBJECT)
	{
		for (int i = 0; i < search->nargs; i++)
		{
			if (search->args[i]->tag == EXPR_PROP_COMPUTED)
				expr_error_at(EXPR_ERR_PARSE, parser->source,
							  search->args[i]->location,
							  "expecting object literal with literal attribute names in example");
		}
	}
	else if (search->tag != EXPR_PARAM && search->tag != EXPR_FILTER)
		expr_error_at(EXPR_ERR_PARSE, parser->source, search->location,
					  "expecting object literal or bind parameter for UPSERT example");

	node = expr_node(EXPR_UPSERT, location, NULL, 5, search, insert, update,
					 collection, options);
	node->flags = replace;
	return node;
}

/*
 * COLLECT's parts may each stand once, and a count stands alone.
 */
static ExprNode *
make_collect(ExprParser *parser, int location, List *parts)
{
	int			seen[EXPR_TAG_LAST + 1] = {0};
	ListCell   *lc;

	foreach(lc, parts)
	{
		ExprNode   *part = lfirst(lc);

		seen[part->tag]++;
		if ((part->tag == EXPR_COLLECT_INTO ||
			 part->tag == EXPR_COLLECT_COUNT ||
			 part->tag == EXPR_COLLECT_OPTIONS) && seen[part->tag] > 1)
			expr_error_at(EXPR_ERR_PARSE, parser->source, part->location,
						  "syntax error, COLLECT has the same part twice");
	}
	if (seen[EXPR_COLLECT_COUNT] &&
		(seen[EXPR_COLLECT_INTO] || seen[EXPR_COLLECT_AGGREGATE]))
		expr_error_at(EXPR_ERR_PARSE, parser->source, location,
					  "syntax error, COLLECT with both a count and INTO or AGGREGATE");
	if (seen[EXPR_COLLECT_KEEP] && !seen[EXPR_COLLECT_INTO])
		expr_error_at(EXPR_ERR_PARSE, parser->source, location,
					  "syntax error, KEEP without INTO in COLLECT");
	return expr_node_list(EXPR_COLLECT, location, NULL, parts);
}

/*
 * Some words are keywords only in their place.
 */
static void
check_word(ExprParser *parser, const char *word, const char *expected,
		   int location)
{
	if (pg_strcasecmp(word, "SEARCH") == 0)
		expr_error_at(EXPR_ERR_NOT_IMPLEMENTED, parser->source, location,
					  "%s is not supported", word);
	if (pg_strcasecmp(word, expected) != 0)
		expr_error_at(EXPR_ERR_PARSE, parser->source, location,
					  "syntax error, unexpected qualifier '%s', expecting '%s'",
					  word, expected);
}
