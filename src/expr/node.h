/*
 * expr/node.h
 *		The tree that a text of the language becomes.
 *
 * One node type for expressions and clauses alike: what a node is (tag), a
 * small choice (op, flags), a name or a constant, and its parts in order.
 * Walking, flattening and printing are then written once.  Trees are never
 * changed after the parser made them.
 */
#ifndef EXPR_NODE_H
#define EXPR_NODE_H

#include "utils/jsonb.h"

/* In comments: the parts, in order.  "?" = EXPR_NONE where absent. */
typedef enum ExprTag
{
	EXPR_NONE,					/* an optional part that is not there */
	/* expressions */
	EXPR_CONST,					/* value */
	EXPR_REF,					/* name: variable, or collection after IN */
	EXPR_PARAM,					/* name: @name */
	EXPR_ARRAY,					/* elements */
	EXPR_OBJECT,				/* EXPR_PROP, EXPR_PROP_COMPUTED */
	EXPR_PROP,					/* name; value */
	EXPR_PROP_COMPUTED,			/* attribute name, value */
	EXPR_ATTR,					/* name; base */
	EXPR_ATTR_PARAM,			/* base, EXPR_PARAM */
	EXPR_INDEX,					/* base, index */
	EXPR_EXPAND,				/* op = stars; base, filter?, offset?, count?,
								 * return?, tail over EXPR_ELEMENT */
	EXPR_ELEMENT,				/* the element inside a tail */
	EXPR_UNARY,					/* op; operand */
	EXPR_BINARY,				/* op; left, right */
	EXPR_QUANTIFIED,			/* op, flags = ExprQuantifier; left, right,
								 * number? */
	EXPR_COND,					/* condition, then?, else */
	EXPR_CALL,					/* name; arguments */
	EXPR_SUBQUERY,				/* EXPR_QUERY */
	/* statements */
	EXPR_QUERY,					/* clauses */
	EXPR_WITH,					/* collections */
	EXPR_FOR,					/* name; source, options? */
	EXPR_LET,					/* name; value */
	EXPR_FILTER,				/* condition */
	EXPR_SORT,					/* EXPR_SORT_KEY */
	EXPR_SORT_KEY,				/* flags = 1: descending; value */
	EXPR_LIMIT,					/* offset?, count */
	EXPR_COLLECT,				/* groups, aggregates, into, keep, count, ... */
	EXPR_COLLECT_GROUP,			/* name; value */
	EXPR_COLLECT_AGGREGATE,		/* name; EXPR_CALL */
	EXPR_COLLECT_INTO,			/* name; projection? */
	EXPR_COLLECT_COUNT,			/* name */
	EXPR_COLLECT_KEEP,			/* EXPR_REF */
	EXPR_COLLECT_OPTIONS,		/* EXPR_OBJECT */
	EXPR_RETURN,				/* flags = 1: distinct; value */
	EXPR_INSERT,				/* document, collection, options? */
	EXPR_UPDATE,				/* key?, document, collection, options? */
	EXPR_REPLACE,				/* the same */
	EXPR_REMOVE,				/* key, collection, options? */
	EXPR_UPSERT,				/* flags = 1: replace; search, insert, update,
								 * collection, options?.  search may be
								 * EXPR_FILTER */
	EXPR_COLLECTION,			/* name */
	EXPR_COLLECTION_PARAM,		/* name: @@name */
	EXPR_QUESTION,				/* flags = ExprQuantifier, or 0: a number or
								 * range; base, filter?, number? */
	EXPR_WINDOW,				/* value?, bounds, EXPR_COLLECT_AGGREGATE ... */
	EXPR_TRAVERSAL,				/* name: of the vertex, op = ExprDirection;
								 * EXPR_TRAVERSAL_PARTS */
	EXPR_VARIABLE,				/* name: one that the clause declares */
	EXPR_EDGES,					/* op = ExprDirection; collection */
	EXPR_PRUNE					/* name?; condition */
} ExprTag;

#define EXPR_TAG_LAST EXPR_PRUNE

/* Parts of EXPR_TRAVERSAL by position; EXPR_EDGES follow. */
enum
{
	EXPR_TRAVERSAL_EDGE,		/* EXPR_VARIABLE? */
	EXPR_TRAVERSAL_PATH,		/* EXPR_VARIABLE? */
	EXPR_TRAVERSAL_DEPTH,		/* ? a number, or a range */
	EXPR_TRAVERSAL_START,
	EXPR_TRAVERSAL_PRUNE,		/* EXPR_PRUNE? */
	EXPR_TRAVERSAL_OPTIONS,		/* ? */
	EXPR_TRAVERSAL_PARTS
};

typedef enum ExprDirection
{
	EXPR_OUTBOUND = 1, EXPR_INBOUND, EXPR_EITHER
}			ExprDirection;

typedef enum ExprOp
{
	EXPR_OP_OR = 1, EXPR_OP_AND,
	EXPR_OP_EQ, EXPR_OP_NE, EXPR_OP_LIKE, EXPR_OP_NOT_LIKE,
	EXPR_OP_MATCH, EXPR_OP_NOT_MATCH,
	EXPR_OP_IN, EXPR_OP_NOT_IN,
	EXPR_OP_LT, EXPR_OP_LE, EXPR_OP_GT, EXPR_OP_GE,
	EXPR_OP_RANGE,
	EXPR_OP_ADD, EXPR_OP_SUB,
	EXPR_OP_MUL, EXPR_OP_DIV, EXPR_OP_MOD,
	EXPR_OP_NOT, EXPR_OP_NEGATE, EXPR_OP_PLUS
} ExprOp;

typedef enum ExprQuantifier
{
	EXPR_ALL = 1, EXPR_ANY, EXPR_NO, EXPR_AT_LEAST
} ExprQuantifier;

typedef struct ExprNode
{
	uint8		tag;			/* ExprTag */
	uint8		op;
	uint8		flags;
	int			location;		/* byte in the source, -1 if unknown */
	int			name_len;
	const char *name;			/* NUL-terminated too; NULL if none */
	const JsonbValue *value;	/* of EXPR_CONST: a scalar */
	int			nargs;
	struct ExprNode **args;
} ExprNode;

/* parts by position */
#define EXPR_UPSERT_SEARCH		0
#define EXPR_UPSERT_INSERT		1
#define EXPR_UPSERT_UPDATE		2
#define EXPR_UPSERT_COLLECTION	3
#define EXPR_UPSERT_OPTIONS		4

/*
 * A new node in the current memory context.  name is not copied; nargs parts
 * follow.
 */
extern ExprNode *expr_node(ExprTag tag, int location, const char *name,
						   int nargs,...);

/* The same with the parts of a List of ExprNode (NIL allowed). */
extern ExprNode *expr_node_list(ExprTag tag, int location, const char *name,
								List *args);

/* A constant; the value is copied shallowly.  Must be a scalar. */
extern ExprNode *expr_node_const(const JsonbValue *value, int location);

/* The constant tree that is equivalent to a jsonb value. */
extern ExprNode *expr_node_from_value(const JsonbValue *value);

/* schema.table as one name, quoted as SQL wants it; palloc'd. */
extern char *expr_qualified_name(const char *schema, const char *table);

/* True if a tree holds a node of the given tag. */
extern bool expr_node_contains(const ExprNode *node, ExprTag tag);

/* Is it one of the clauses that write? */
static inline bool
expr_tag_modifies(ExprTag tag)
{
	return tag >= EXPR_INSERT && tag <= EXPR_UPSERT;
}

/* Does a tree hold a clause that writes? */
extern bool expr_node_modifies(const ExprNode *node);

/* Append the canonical text of a tree.  Parsing it gives an equal tree. */
extern void expr_deparse(const ExprNode *node, StringInfo out);

#endif							/* EXPR_NODE_H */
