/*
 * view.c
 *		upsert_view(): a view whose INSERTs, and COPY, are upserts.
 *
 *		BEFORE STATEMENT	begins a collection of rows
 *		INSTEAD OF ROW		adds one; 1,000 of them, or 8 MB, are applied at once,
 *							and twice as many after each batch that took a
 *							subtransaction, of which there are only so many
 *		AFTER STATEMENT		applies the rest
 *
 * The view selects nothing, of no table, so that it keeps nobody from dropping
 * or altering its target; that stands by name in the arguments of the triggers.
 * What is collected belongs to one statement: to the view, the query level and
 * the subtransaction it runs in, and dies with these.
 *
 *		innermost statement --> outer --> outer
 *		(view, subtransaction, rows)
 *
 * Documents go to their batch; the rows of other tables are handed to
 * upsert_objects(), through SQL, since no door knows another.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "base/ddl.h"
#include "base/schema.h"
#include "call/argument.h"
#include "catalog/collection.h"
#include "catalog/distributed.h"
#include "document/documents.h"
#include "document/view.h"
#include "jsonb/doc.h"
#include "store/count.h"
#include "store/store.h"

#define VIEW_ROWS 1000
#define VIEW_BYTES (8 * 1024 * 1024)

/* arguments of the triggers */
enum
{
	VIEW_SCHEMA,
	VIEW_TABLE,
	VIEW_KIND,					/* "documents" or "rows" */
	VIEW_OPTIONS,
	VIEW_ARGUMENTS
};

/* One INSERT or COPY into a view. */
typedef struct ViewStatement
{
	struct ViewStatement *outer;
	Oid			view;
	SubTransactionId subxact;
	MemoryContext context;
	MemoryContext rows_context; /* reset when they are applied */

	Oid			target;
	bool		documents;
	UpsertOptions options;		/* of documents */
	Jsonb	   *json;			/* the same, for rows */
	Datum	   *rows;			/* documents, or composite values */
	int			n;
	int			size;			/* so many are applied at once */
	Size		bytes;
	int64		done;			/* rows that were applied before */
} ViewStatement;

/* In TopTransactionContext, as all of them. */
static ViewStatement *innermost = NULL;

static void
pop_statement(ViewStatement *statement)
{
	ViewStatement **link = &innermost;

	while (*link != statement)
		link = &(*link)->outer;
	*link = statement->outer;
	MemoryContextDelete(statement->context);
}

static void
subxact_ended(SubXactEvent event, SubTransactionId mine,
			  SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (innermost && innermost->subxact >= mine)
		pop_statement(innermost);
}

static void
xact_ended(XactEvent event, void *arg)
{
	/* the memory goes with the transaction */
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		innermost = NULL;
}

void
view_init(void)
{
	RegisterXactCallback(xact_ended, NULL);
	RegisterSubXactCallback(subxact_ended, NULL);
}

/* ----------
 * Statements
 * ----------
 */

static Oid
find_target(char **arguments)
{
	RangeVar   *name = makeRangeVar(arguments[VIEW_SCHEMA], arguments[VIEW_TABLE], -1);
	Oid			relid = RangeVarGetRelid(name, NoLock, true);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist",
						arguments[VIEW_SCHEMA], arguments[VIEW_TABLE]),
				 errdetail("The view's upserts go there."),
				 errhint("If it has another name now, drop the view and make another one with upsert_view().")));
	return relid;
}

static void
begin_statement(TriggerData *data)
{
	char	  **arguments = data->tg_trigger->tgargs;
	MemoryContext context = AllocSetContextCreate(TopTransactionContext, "upsert view",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	ViewStatement *s = palloc0(sizeof(ViewStatement));

	s->context = context;
	s->view = RelationGetRelid(data->tg_relation);
	s->subxact = GetCurrentSubTransactionId();
	s->outer = innermost;
	innermost = s;				/* from here on it goes with an error, too */
	count_call_begins();
	s->rows_context = AllocSetContextCreate(context, "upsert view rows",
											ALLOCSET_DEFAULT_SIZES);
	s->size = VIEW_ROWS;
	s->rows = palloc(sizeof(Datum) * s->size);
	s->target = find_target(arguments);
	s->documents = strcmp(arguments[VIEW_KIND], "documents") == 0;
	s->json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												 CStringGetDatum(arguments[VIEW_OPTIONS])));
	if (s->documents)
		options_parse(s->json, CALL_UPSERT_VIEW, &s->options);
	MemoryContextSwitchTo(oldcontext);
}

static ViewStatement *
find_statement(TriggerData *data)
{
	ViewStatement *s = innermost;

	while (s && s->view != RelationGetRelid(data->tg_relation))
		s = s->outer;
	if (s == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("view \"%s\" lacks a trigger of upsert_view()",
						RelationGetRelationName(data->tg_relation)),
				 errhint("Drop the view and make it anew with upsert_view().")));
	return s;
}

static void
apply_documents(void *arg)
{
	ViewStatement *s = arg;
	DocumentBatch *b = documents_begin(s->target, &s->options, false);

	for (int i = 0; i < s->n; i++)
		documents_add(b, DatumGetJsonbP(s->rows[i]), s->done + i + 1);
	documents_run(b);
	documents_end(b);
}

/* All of them in one call, as JSON objects. */
static void
apply_rows(ViewStatement *s, Relation view)
{
	Oid			types[3] = {OIDOID, InvalidOid, JSONBOID};
	Datum		values[3];
	Oid			row_type = view->rd_rel->reltype;

	types[1] = get_array_type(row_type);
	values[0] = ObjectIdGetDatum(s->target);
	values[1] = PointerGetDatum(construct_array(s->rows, s->n, row_type, -1, false,
												TYPALIGN_DOUBLE));
	values[2] = JsonbPGetDatum(s->json);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.count(*) FROM %s.upsert_objects($1::pg_catalog.regclass,"
									   " (SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)) FROM pg_catalog.unnest($2) AS r),"
									   " NULL::pg_catalog.text, $3 OPERATOR(pg_catalog.||) '{\"return\": \"none\"}')",
									   upsert_schema_quoted()),
							  3, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not upsert the rows of a view");
	SPI_finish();
}

static void
apply(ViewStatement *s, Relation view)
{
	int			subtransactions = store_subtransactions();
	MemoryContext oldcontext;

	if (s->n == 0)
		return;
	oldcontext = MemoryContextSwitchTo(s->rows_context);
	if (!s->documents)
		apply_rows(s, view);
	else if (collection_is_distributed(s->target))
		distributed_run(apply_documents, s);
	else
		apply_documents(s);
	MemoryContextSwitchTo(oldcontext);
	s->done += s->n;
	if (store_subtransactions() > subtransactions && s->n == s->size)
	{
		s->size *= 2;
		s->rows = repalloc(s->rows, sizeof(Datum) * s->size);
	}
	s->n = 0;
	s->bytes = 0;
	MemoryContextReset(s->rows_context);
}

static void
add_row(ViewStatement *s, TriggerData *data)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	MemoryContext oldcontext = MemoryContextSwitchTo(s->rows_context);

	if (s->documents)
	{
		bool		isnull;
		Datum		doc = heap_getattr(data->tg_trigtuple, 1, desc, &isnull);

		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a document must not be null"),
					 errdetail("It is row " INT64_FORMAT " of the statement.", s->done + s->n + 1)));
		s->rows[s->n] = PointerGetDatum(PG_DETOAST_DATUM_COPY(doc));
		s->bytes += VARSIZE(DatumGetPointer(s->rows[s->n]));
	}
	else
	{
		s->rows[s->n] = heap_copy_tuple_as_datum(data->tg_trigtuple, desc);
		s->bytes += data->tg_trigtuple->t_len;
	}
	s->n++;
	MemoryContextSwitchTo(oldcontext);
	if (s->n == s->size || s->bytes >= VIEW_BYTES)
		apply(s, data->tg_relation);
}

/* ----------
 * Making the view
 * ----------
 */

typedef struct UpsertViewOptions
{
	List	   *columns;		/* names (char *) */
} UpsertViewOptions;

static bool
take_columns(const JsonbValue *value, void *options)
{
	List	  **columns = &((UpsertViewOptions *) options)->columns;

	return option_take_names(value, columns) && *columns != NIL;
}

static const OptionDef view_options[] = {
	{"columns", 1, OPTION_OTHER, 0, NULL, take_columns, "an array of columns, one at least"},
};

/*
 * Is it for documents?  Not where it has columns beside the key, the document
 * and the revision, which a document could not fill.
 */
static bool
holds_documents(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Collection	c = {0};
	const char *reason;

	if (!collection_describe(rel, &c, &reason))
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && !att->attgenerated &&
			att->attnum != c.key_attno && att->attnum != c.doc_attno &&
			att->attnum != c.rev_attno)
			return false;
	}
	return true;
}

/* The options but "columns", which is the view's own. */
static Jsonb *
read_options(Jsonb *json, bool documents, UpsertViewOptions *own)
{
	static const char *const names[] = {"columns"};
	UpsertOptions options;
	OptionSet	sets[] = {
		OPTION_SET(view_options, 1, own),
		options_set(documents ? CALL_UPSERT_VIEW : CALL_VIEW_OF_ROWS, &options)
	};

	options_read(json, sets, lengthof(sets));
	options_check(&options);
	return json ? doc_strip_attributes(json, names, 1) : doc_empty();
}

/* NULL of each column's type, by which nothing depends on the table. */
static void
append_nulls(StringInfo sql, Relation rel, List *columns)
{
	TupleDesc	desc = RelationGetDescr(rel);
	ListCell   *lc;
	int			n = 0;

	foreach(lc, columns)
	{
		AttrNumber	attno = get_attnum(RelationGetRelid(rel), lfirst(lc));

		if (attno <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							(char *) lfirst(lc), RelationGetRelationName(rel))));
	}
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped ||
			(columns ? !option_names(columns, NameStr(att->attname)) :
			 att->attgenerated || att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS))
			continue;
		appendStringInfo(sql, "%sNULL::%s AS %s", n++ ? ", " : "",
						 format_type_extended(att->atttypid, att->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY),
						 quote_identifier(NameStr(att->attname)));
	}
}

static void
make_trigger(const char *view, const char *name, const char *when, const char *each,
			 const char *arguments)
{
	ddl_execute(psprintf("CREATE TRIGGER %s %s INSERT ON %s FOR EACH %s EXECUTE FUNCTION %s.upsert_view_insert(%s)",
						 name, when, view, each,
						 upsert_schema_quoted(), arguments));
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_view);
PG_FUNCTION_INFO_V1(upsert_view_insert);

/* (target, options) */
Datum
upsert_view(PG_FUNCTION_ARGS)
{
	UpsertViewOptions own = {NIL};
	Jsonb	   *json = argument_jsonb(fcinfo, 1);
	JsonbValue	v;
	Relation	rel;
	bool		documents;
	char	   *schema;
	char	   *name;
	char	   *view;
	char	   *arguments;
	StringInfoData sql;

	arguments_require(fcinfo, 1);
	rel = collection_hold(PG_GETARG_OID(0));
	/* who names columns wants rows, whatever the table is like */
	documents = holds_documents(rel) &&
		!(json && doc_get_attribute(json, "columns", &v));
	json = read_options(json, documents, &own);

	schema = get_namespace_name(RelationGetNamespace(rel));
	name = makeObjectName(RelationGetRelationName(rel), NULL, "upsert");
	view = quote_qualified_identifier(schema, name);
	arguments = psprintf("%s, %s, '%s', %s", quote_literal_cstr(schema),
						 quote_literal_cstr(RelationGetRelationName(rel)),
						 documents ? "documents" : "rows",
						 quote_literal_cstr(JsonbToCString(NULL, &json->root, VARSIZE(json))));
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE VIEW %s AS SELECT ", view);
	if (documents)
		appendStringInfoString(&sql, "NULL::pg_catalog.jsonb AS doc");
	else
		append_nulls(&sql, rel, own.columns);
	appendStringInfoString(&sql, " WHERE false");

	SPI_connect();
	/* what rows cannot do, and options that they cannot have, show here */
	if (!documents &&
		SPI_execute_with_args(psprintf("SELECT FROM %s.upsert_objects($1::pg_catalog.regclass, '[]', NULL::pg_catalog.text, $2)",
									   upsert_schema_quoted()),
							  2, (Oid[]) {OIDOID, JSONBOID},
							  (Datum[]) {PG_GETARG_DATUM(0), JsonbPGetDatum(json)},
							  NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not try the options of a view");
	ddl_execute(sql.data);
	make_trigger(view, "upsert_begin", "BEFORE", "STATEMENT", arguments);
	make_trigger(view, "upsert_row", "INSTEAD OF", "ROW", arguments);
	make_trigger(view, "upsert_end", "AFTER", "STATEMENT", arguments);
	SPI_finish();
	collection_release(rel);
	PG_RETURN_OID(get_relname_relid(name, get_namespace_oid(schema, false)));
}

Datum
upsert_view_insert(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	ViewStatement *s;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(data->tg_event) ||
		data->tg_relation->rd_rel->relkind != RELKIND_VIEW ||
		data->tg_trigger->tgnargs != VIEW_ARGUMENTS)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"upsert_view_insert\" is for the triggers of upsert_view()")));
	if (TRIGGER_FIRED_BEFORE(data->tg_event))
	{
		begin_statement(data);
		return PointerGetDatum(NULL);
	}
	s = find_statement(data);
	if (TRIGGER_FIRED_FOR_ROW(data->tg_event))
	{
		add_row(s, data);
		return PointerGetDatum(data->tg_trigtuple);
	}
	apply(s, data->tg_relation);
	pop_statement(s);
	return PointerGetDatum(NULL);
}
