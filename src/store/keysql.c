/*
 * keysql.c
 *		The key of a store as SQL text.
 *
 *		CREATE UNIQUE INDEX t_mail ON t (lower(mail)) WHERE active
 *
 *		key		mail = $1
 *		WHERE	lower(t.mail) OPERATOR(pg_catalog.=) lower($1) AND t.active
 *		ON CONFLICT (lower(mail) COLLATE "default" text_ops) WHERE active DO ...
 *
 * Without such an index the key is its columns, by the equality of their
 * types.  All names are quoted or
 * written by PostgreSQL's own deparser, and operators carry their schema.
 * Knows statements' text only; spi.c runs them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "catalog/pg_index.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "catalog/uniquekey.h"
#include "store/keysql.h"

static const char *
column_name(Store *s, int i)
{
	return quote_identifier(NameStr(TupleDescAttr(s->tupdesc, i)->attname));
}

bool
keysql_has_equality(Store *s, int column)
{
	return OidIsValid(lookup_type_cache(TupleDescAttr(s->tupdesc, column)->atttypid,
										TYPECACHE_EQ_OPR)->eq_opr);
}

bool
keysql_equality(Store *s, StringInfo buf, int column, int param)
{
	Oid			type = TupleDescAttr(s->tupdesc, column)->atttypid;
	Oid			eq = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;

	if (!OidIsValid(eq))
		return false;
	generate_operator_clause(buf, psprintf("t.%s", column_name(s, column)),
							 type, eq, psprintf("$%d", param), type);
	return true;
}

/* ----------
 * Conditions by an index
 * ----------
 */

/* Replaces the columns of an index expression by the key's parameters. */
static Node *
columns_to_params(Node *node, void *context)
{
	Store	   *s = context;
	Var		   *var = (Var *) node;
	Param	   *param;
	int			i;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var))
		return expression_tree_mutator(node, columns_to_params, context);

	for (i = 0; i < s->target.nkeys && s->target.keys[i] != var->varattno; i++)
		;
	if (i == s->target.nkeys)
		elog(ERROR, "column %d of an index expression is not in the key",
			 var->varattno);
	param = makeNode(Param);
	param->paramkind = PARAM_EXTERN;
	param->paramid = i + 1;
	param->paramtype = var->vartype;
	param->paramtypmod = var->vartypmod;
	param->paramcollid = var->varcollid;
	param->location = -1;
	return (Node *) param;
}

static void
index_column_condition(Store *s, StringInfo buf, Relation index, int i,
					   Node *column, List *context)
{
	Oid			opfamily = index->rd_opfamily[i];
	Oid			opcintype = index->rd_opcintype[i];
	Oid			eq = get_opfamily_member(opfamily, opcintype, opcintype,
										 BTEqualStrategyNumber);
	Node	   *value = columns_to_params(column, s);
	Oid			collation = index->rd_indcollation[i];
	char	   *left = deparse_expression(column, context, true, false);
	char	   *right = deparse_expression(value, context, true, false);

	if (!OidIsValid(eq))
		elog(ERROR, "missing operator %d(%u,%u) in opfamily %u",
			 BTEqualStrategyNumber, opcintype, opcintype, opfamily);
	if (OidIsValid(collation) && collation != exprCollation(column))
		left = psprintf("(%s) COLLATE %s", left,
						generate_collation_name(collation));

	appendStringInfoChar(buf, '(');
	generate_operator_clause(buf, psprintf("(%s)", left), exprType(column), eq,
							 psprintf("(%s)", right), exprType(value));
	if (index->rd_index->indnullsnotdistinct)
		appendStringInfo(buf, " OR ((%s) IS NULL AND (%s) IS NULL)", left, right);
	appendStringInfoChar(buf, ')');
}

/* The columns of an index as expressions on range table entry 1. */
static List *
index_columns(Store *s, Relation index)
{
	List	   *expressions = RelationGetIndexExpressions(index);
	ListCell   *next = list_head(expressions);
	List	   *result = NIL;
	int			i;

	for (i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];

		if (attno != 0)
		{
			Form_pg_attribute att = TupleDescAttr(s->tupdesc, attno - 1);

			result = lappend(result, makeVar(1, attno, att->atttypid,
											 att->atttypmod, att->attcollation, 0));
		}
		else
		{
			result = lappend(result, lfirst(next));
			next = lnext(expressions, next);
		}
	}
	return result;
}

static void
index_condition(Store *s, StringInfo buf)
{
	Relation	index = index_open(s->target.arbiter, AccessShareLock);
	List	   *context = deparse_context_for("t", RelationGetRelid(s->rel));
	List	   *predicate = RelationGetIndexPredicate(index);
	ListCell   *lc;
	int			i = 0;

	foreach(lc, index_columns(s, index))
	{
		if (i > 0)
			appendStringInfoString(buf, " AND ");
		index_column_condition(s, buf, index, i++, lfirst(lc), context);
	}
	if (predicate)
		appendStringInfo(buf, " AND (%s)",
						 deparse_expression((Node *) make_ands_explicit(predicate),
											context, true, false));
	index_close(index, AccessShareLock);
}

void
keysql_condition(Store *s, StringInfo buf, const bool *nulls)
{
	int			i;

	if (OidIsValid(s->target.arbiter))
	{
		index_condition(s, buf);
		return;
	}
	for (i = 0; i < s->target.nkeys; i++)
	{
		int			column = s->target.keys[i] - 1;

		if (i > 0)
			appendStringInfoString(buf, " AND ");
		if (nulls && nulls[i])
			appendStringInfo(buf, "t.%s IS NULL", column_name(s, column));
		else if (!keysql_equality(s, buf, column, i + 1))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("could not identify an equality operator for type %s",
							format_type_be(TupleDescAttr(s->tupdesc, column)->atttypid))));
	}
}

/* ----------
 * ON CONFLICT
 * ----------
 */

/* " (lower(mail) COLLATE c text_ops) WHERE active", as ON CONFLICT has it. */
static void
append_index_target(Store *s, StringInfo buf, Relation index)
{
	List	   *context = deparse_context_for("t", RelationGetRelid(s->rel));
	List	   *predicate = RelationGetIndexPredicate(index);
	oidvector  *classes;
	Datum		datum;
	bool		isnull;
	ListCell   *lc;
	int			i = 0;

	datum = SysCacheGetAttr(INDEXRELID, index->rd_indextuple,
							Anum_pg_index_indclass, &isnull);
	Assert(!isnull);
	classes = (oidvector *) DatumGetPointer(datum);

	appendStringInfoString(buf, " (");
	foreach(lc, index_columns(s, index))
	{
		appendStringInfo(buf, "%s(%s)", i > 0 ? ", " : "",
						 deparse_expression(lfirst(lc), context, false, false));
		if (OidIsValid(index->rd_indcollation[i]))
			appendStringInfo(buf, " COLLATE %s",
							 generate_collation_name(index->rd_indcollation[i]));
		appendStringInfo(buf, " %s", generate_opclass_name(classes->values[i]));
		i++;
	}
	appendStringInfoChar(buf, ')');
	if (predicate)
		appendStringInfo(buf, " WHERE %s",
						 deparse_expression((Node *) make_ands_explicit(predicate),
											context, false, false));
}

char *
keysql_conflict_target(Store *s)
{
	Oid			indexoid = s->target.arbiter;
	bool		alone = false;
	StringInfoData buf;
	int			i;

	if (!OidIsValid(indexoid))
		indexoid = unique_key_of_columns(s->rel, s->target.nkeys,
										 s->target.keys, &alone);
	if (!OidIsValid(indexoid) ||
		unique_key_is_deferrable(s->rel, s->target.nkeys, s->target.keys))
		return NULL;

	initStringInfo(&buf);
	if (alone)
	{
		/* all indexes on the columns will do */
		appendStringInfoString(&buf, " (");
		for (i = 0; i < s->target.nkeys; i++)
			appendStringInfo(&buf, "%s%s", i ? ", " : "",
							 column_name(s, s->target.keys[i] - 1));
		appendStringInfoChar(&buf, ')');
	}
	else
	{
		Relation	index = index_open(indexoid, AccessShareLock);
		bool		immediate = index->rd_index->indimmediate;

		if (immediate)
			append_index_target(s, &buf, index);
		index_close(index, AccessShareLock);
		if (!immediate)
			return NULL;
	}
	return buf.data;
}

/* ----------
 * For messages
 * ----------
 */

char *
keysql_describe(Store *s, const Datum *key, const bool *nulls)
{
	StringInfoData columns;
	StringInfoData values;
	int			i;

	initStringInfo(&columns);
	initStringInfo(&values);
	for (i = 0; i < s->target.nkeys; i++)
	{
		int			column = s->target.keys[i] - 1;
		const char *separator = i ? ", " : "";
		const char *value = "null";
		Oid			output;
		bool		varlena;

		if (!(nulls && nulls[i]))
		{
			getTypeOutputInfo(TupleDescAttr(s->tupdesc, column)->atttypid,
							  &output, &varlena);
			value = OidOutputFunctionCall(output, key[i]);
		}
		appendStringInfo(&columns, "%s%s", separator, column_name(s, column));
		appendStringInfo(&values, "%s%s", separator, value);
	}
	return psprintf("(%s)=(%s)", columns.data, values.data);
}
