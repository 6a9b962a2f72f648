/*
 * expr/docexpr.c
 *		Type docexpr: an expression of the language as a value of SQL.
 *
 * The datum is the tree in preorder, relocatable, everything aligned to four
 * bytes:
 *
 *		vl_len_ | version |
 *		tag op flags kind | nargs | name_len | name NUL pad | constant pad |
 *		... the parts of this node, one after the other ...
 *
 * "kind" says whether and what constant follows: null, false and true need no
 * bytes, a string is its length and bytes, a number its varlena.  What is
 * sent over the wire is the canonical text, parsed again on receipt, so that
 * no client can make a tree that the grammar cannot.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"

#include "compat.h"
#include "expr/expr.h"
#include "expr/parse.h"
#include "expr/value.h"

#define DOCEXPR_VERSION 1

/* what constant follows a node */
enum
{
	CONSTANT_ABSENT,
	CONSTANT_NULL,
	CONSTANT_FALSE,
	CONSTANT_TRUE,
	CONSTANT_STRING,
	CONSTANT_NUMBER
};

typedef struct NodeHeader
{
	uint8		tag;
	uint8		op;
	uint8		flags;
	uint8		constant;
	uint32		nargs;
	uint32		name_len;		/* without the NUL; 0 if there is no name */
} NodeHeader;

static void put_padded(StringInfo out, const void *bytes, int len);
static void put_node(StringInfo out, const ExprNode *node);
static ExprNode *get_node(const char **p);
static DocExpr *docexpr_from_text(const char *text);
static char *docexpr_to_text(const DocExpr *docexpr);

static void
put_padded(StringInfo out, const void *bytes, int len)
{
	appendBinaryStringInfo(out, bytes, len);
	while (out->len % sizeof(int32) != 0)
		appendStringInfoChar(out, '\0');
}

static void
put_node(StringInfo out, const ExprNode *node)
{
	NodeHeader	header;

	check_stack_depth();
	memset(&header, 0, sizeof(header));
	header.tag = node->tag;
	header.op = node->op;
	header.flags = node->flags;
	header.nargs = node->nargs;
	header.name_len = node->name_len;
	if (node->value == NULL)
		header.constant = CONSTANT_ABSENT;
	else if (node->value->type == jbvNull)
		header.constant = CONSTANT_NULL;
	else if (node->value->type == jbvBool)
		header.constant = node->value->val.boolean ?
			CONSTANT_TRUE : CONSTANT_FALSE;
	else if (node->value->type == jbvString)
		header.constant = CONSTANT_STRING;
	else
		header.constant = CONSTANT_NUMBER;

	put_padded(out, &header, sizeof(header));
	if (node->name_len > 0)
		put_padded(out, node->name, node->name_len + 1);
	if (header.constant == CONSTANT_STRING)
	{
		uint32		len = node->value->val.string.len;

		put_padded(out, &len, sizeof(len));
		put_padded(out, node->value->val.string.val, len);
	}
	else if (header.constant == CONSTANT_NUMBER)
		put_padded(out, node->value->val.numeric,
				   VARSIZE_ANY(node->value->val.numeric));
	for (int i = 0; i < node->nargs; i++)
		put_node(out, node->args[i]);
}

static ExprNode *
get_node(const char **p)
{
	const NodeHeader *header = (const NodeHeader *) *p;
	ExprNode   *node = palloc0(sizeof(ExprNode));

	check_stack_depth();
	*p += sizeof(NodeHeader);
	node->tag = header->tag;
	node->op = header->op;
	node->flags = header->flags;
	node->location = -1;
	node->nargs = header->nargs;
	if (header->name_len > 0)
	{
		node->name = *p;
		node->name_len = header->name_len;
		*p += INTALIGN(header->name_len + 1);
	}
	else if (header->tag == EXPR_PROP)
		node->name = "";		/* {"": 1} has a name too */
	if (header->constant != CONSTANT_ABSENT)
	{
		JsonbValue *value = palloc0(sizeof(JsonbValue));

		node->value = value;
		switch (header->constant)
		{
			case CONSTANT_FALSE:
			case CONSTANT_TRUE:
				value->type = jbvBool;
				value->val.boolean = header->constant == CONSTANT_TRUE;
				break;
			case CONSTANT_STRING:
				value->type = jbvString;
				value->val.string.len = *(const uint32 *) *p;
				value->val.string.val = unconstify(char *, *p) + sizeof(uint32);
				*p += sizeof(uint32) + INTALIGN(value->val.string.len);
				break;
			case CONSTANT_NUMBER:
				value->type = jbvNumeric;
				value->val.numeric = (Numeric) unconstify(char *, *p);
				*p += INTALIGN(VARSIZE_ANY(*p));
				break;
			default:
				value->type = jbvNull;
				break;
		}
	}
	if (node->nargs > 0)
		node->args = palloc(sizeof(ExprNode *) * node->nargs);
	for (int i = 0; i < node->nargs; i++)
		node->args[i] = get_node(p);
	return node;
}

struct ExprNode *
docexpr_tree(const DocExpr *docexpr)
{
	const char *p = docexpr->nodes;

	if (docexpr->version != DOCEXPR_VERSION)
		elog(ERROR, "unrecognized docexpr version: %u", docexpr->version);
	return get_node(&p);
}

DocExpr *
docexpr_from_tree(const struct ExprNode *node)
{
	StringInfoData out;
	uint32		head[2] = {0, DOCEXPR_VERSION};

	initStringInfo(&out);
	appendBinaryStringInfo(&out, (char *) head, sizeof(head));
	put_node(&out, node);
	SET_VARSIZE(out.data, out.len);
	return (DocExpr *) out.data;
}

static DocExpr *
docexpr_from_text(const char *text)
{
	return docexpr_from_tree(expr_parse_expression(text));
}

static char *
docexpr_to_text(const DocExpr *docexpr)
{
	StringInfoData out;

	initStringInfo(&out);
	expr_deparse(docexpr_tree(docexpr), &out);
	return out.data;
}

/* ----------
 * SQL-callable functions
 * ----------
 */
PG_FUNCTION_INFO_V1(docexpr_in);
PG_FUNCTION_INFO_V1(docexpr_out);
PG_FUNCTION_INFO_V1(docexpr_recv);
PG_FUNCTION_INFO_V1(docexpr_send);
PG_FUNCTION_INFO_V1(docexpr_from_jsonb);

Datum
docexpr_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(docexpr_from_text(PG_GETARG_CSTRING(0)));
}

Datum
docexpr_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(docexpr_to_text(PG_GETARG_DOCEXPR_P(0)));
}

/* A version byte, then the text. */
Datum
docexpr_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgint(buf, 1);
	char	   *text;
	int			len;

	if (version != DOCEXPR_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported docexpr version number %d", version)));
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &len);
	PG_RETURN_POINTER(docexpr_from_text(text));
}

Datum
docexpr_send(PG_FUNCTION_ARGS)
{
	char	   *text = docexpr_to_text(PG_GETARG_DOCEXPR_P(0));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, DOCEXPR_VERSION);
	pq_sendtext(&buf, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* The constant expression that is equivalent to a jsonb value. */
Datum
docexpr_from_jsonb(PG_FUNCTION_ARGS)
{
	JsonbValue	value;

	value_from_jsonb(PG_GETARG_JSONB_P(0), &value);
	PG_RETURN_POINTER(docexpr_from_tree(expr_node_from_value(&value)));
}
