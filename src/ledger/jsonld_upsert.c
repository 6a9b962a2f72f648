/*
 * jsonld_upsert.c
 *		The nodes of a JSON-LD document, upserted into a collection.
 *
 *		payload -> nodes (payload.c) -> documents with _key -> DocumentBatch
 *
 * A ledger without the ledger: no named graphs, no t, no history.  A document
 * is an expanded node; merging it one level deep is replacing the values of
 * each predicate given, so the engine's own merge does it.  Keys of
 * collections have no room for all of an IRI's characters: what they do not
 * take is percent-encoded, "%" itself too, so different IRIs stay different.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "call/argument.h"
#include "jsonb/doc.h"
#include "document/documents.h"
#include "jsonld/iri.h"
#include "ledger/payload.h"
#include "upsert.h"

static JldStr key_of(JldStr iri);
static void read_options(Jsonb *json, JldProcessor *proc, UpsertOptions *batch);

static JldStr
key_of(JldStr iri)
{
	StringInfoData key;

	initStringInfo(&key);
	for (int i = 0; i < iri.len; i++)
	{
		unsigned char c = iri.data[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c != '\0' && strchr("_-:.@()+,=;$!*'", c) != NULL))
			appendStringInfoChar(&key, c);
		else
			appendStringInfo(&key, "%%%02X", c);
	}
	return (JldStr) {key.data, key.len};
}

static bool
take_base(const JsonbValue *value, void *options)
{
	JldOptions *o = options;

	return jld_string_of(value, &o->base) && iri_is_absolute(o->base);
}

static const OptionDef processor_options[] = {
	{"base", 1, OPTION_OTHER, 0, NULL, take_base, "an absolute IRI"},
	{"strictCompactIri", 1, OPTION_BOOL, offsetof(JldOptions, strictCompactIri)},
};

/* JSON-LD's options go to the processor, the others to the batch. */
static void
read_options(Jsonb *json, JldProcessor *proc, UpsertOptions *batch)
{
	OptionSet	sets[] = {
		OPTION_SET(processor_options, 1, &proc->options),
		options_set(CALL_JSONLD_UPSERT, batch)
	};

	jsonld_begin(proc, NULL);
	proc->options.safe = true;
	proc->options.keepNulls = true;
	proc->options.keepRelative = true;
	proc->options.moreDatatypes = true;
	proc->options.strictCompactIri = true;
	options_read(json, sets, lengthof(sets));
	options_check(batch);
	/* the values of each predicate are replaced */
	batch->merge_objects = false;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_upsert);

/* jsonld_upsert(collection regclass, doc jsonb, options jsonb) -> SETOF upsert_item */
Datum
jsonld_upsert(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	UpsertOptions options;
	JldProcessor proc;
	Jsonb	   *doc;
	List	   *nodes = NIL;
	ListCell   *lc;
	DocumentBatch *b;

	arguments_require(fcinfo, 2);
	doc = PG_GETARG_JSONB_P(1);
	read_options(argument_jsonb(fcinfo, 2), &proc, &options);
	if (JB_ROOT_IS_SCALAR(doc))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a JSON-LD document must be an object or an array"),
				 errdetail("It is %s.", jld_excerpt(jld_from_jsonb(doc)))));
	if (JB_ROOT_COUNT(doc) > 0)
		nodes = payload_read(&proc, doc, NULLS_IGNORE, 0);

	b = documents_begin(PG_GETARG_OID(0), &options, true);
	foreach(lc, nodes)
	{
		PayloadNode *node = lfirst(lc);
		JldStr		key = key_of(node->id);
		DocAttribute attribute = {"_key", key.data, key.len};

		if (node->graph.len > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a collection has no named graphs"),
					 errdetail("The document has the graph \"%s\".", jld_cstr(node->graph)),
					 errhint("A ledger has.")));
		documents_add(b, doc_add_attributes(node->image ? node->image : jld_to_jsonb(node->node),
											&attribute, 1), documents_size(b) + 1);
	}
	documents_run(b);
	for (int i = 0; i < documents_size(b); i++)
		answer_put_item(rows, tupdesc, i + 1, documents_answer(b, i));
	documents_end(b);
	return (Datum) 0;
}
