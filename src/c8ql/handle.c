/*
 * c8ql/handle.c
 *		What stands in a table for an attribute of its documents: columns that
 *		are generated from it, and expressions that are indexed.
 *
 *		_from	text GENERATED (doc ->> '_from')		indexed
 *		CREATE INDEX ON users ((doc -> 'name'))
 *
 * SQL that is to look for a value uses them, for PostgreSQL's planner knows the
 * indexes by them.  Knows nothing of what is looked for.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "c8ql/handle.h"
#include "catalog/docpath.h"

static void add_handle(const Collection *collection, Handles *handles,
					   Node *expr, char *sql, Relation index);

Path *
path_extend(const Path *path, const char *name)
{
	int			depth = path ? path->depth : 0;
	Path	   *longer = palloc(offsetof(Path, names) +
								sizeof(char *) * (depth + 1));

	for (int i = 0; i < depth; i++)
		longer->names[i] = path->names[i];
	longer->names[depth] = pstrdup(name);
	longer->depth = depth + 1;
	return longer;
}

bool
path_same(const Path *a, const Path *b)
{
	if (a->depth != b->depth)
		return false;
	for (int i = 0; i < a->depth; i++)
	{
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	}
	return true;
}

/*
 * Find columns and index expressions that stand for attributes.
 */
void
handles_find(const Collection *collection, Handles *handles)
{
	Relation	rel = table_open(collection->relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *context = deparse_context_for(RelationGetRelationName(rel),
											  RelationGetRelid(rel));
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	memset(handles, 0, sizeof(Handles));
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;
		bool		plain = form->indisvalid &&
		RelationGetIndexPredicate(index) == NIL;

		if (plain && form->indkey.values[0] == 0)
		{
			Node	   *expr = linitial(RelationGetIndexExpressions(index));

			add_handle(collection, handles, expr,
					   deparse_expression(expr, context, false, false),
					   index);
		}
		else if (plain && form->indkey.values[0] > 0)
		{
			AttrNumber	attno = form->indkey.values[0];
			Form_pg_attribute attribute = TupleDescAttr(desc, attno - 1);

			if (attribute->attgenerated == ATTRIBUTE_GENERATED_STORED)
				add_handle(collection, handles, build_column_default(rel, attno),
						   pstrdup(quote_identifier(NameStr(attribute->attname))),
						   index);
			else if (attno == collection->doc_attno &&
					 index->rd_rel->relam == GIN_AM_OID)
				handles->gin = pstrdup(RelationGetRelationName(index));
		}
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	table_close(rel, AccessShareLock);
}

static void
add_handle(const Collection *collection, Handles *handles, Node *expr,
		   char *sql, Relation index)
{
	Handle	   *handle;
	bool		as_text;
	const Path *path = NULL;
	ListCell   *lc;

	foreach(lc, document_path(expr, collection->doc_attno, &as_text))
		path = path_extend(path, lfirst(lc));
	if (path == NULL || handles->count == MAX_HANDLES)
		return;
	handle = &handles->items[handles->count++];
	handle->path = path;
	handle->sql = sql;
	handle->text = as_text;
	handle->ordered = index->rd_rel->relam == BTREE_AM_OID;
	handle->c_order = handle->ordered &&
		index->rd_indcollation[0] == C_COLLATION_OID;
	handle->index = pstrdup(RelationGetRelationName(index));
	handle->unique = index->rd_index->indisunique &&
		index->rd_index->indnkeyatts == 1 && index->rd_index->indimmediate;
}
