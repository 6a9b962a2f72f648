/*
 * jsonld_upsert.c
 *		The nodes of a JSON-LD document, upserted into a collection.
 *
 *		payload -> nodes (payload.c) -> documents with _key -> Batch
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

#include "jsonb/doc.h"
#include "document/batch.h"
#include "jsonld/iri.h"
#include "ledger/payload.h"
#include "upsert.h"

static JldStr key_of(JldStr iri);
static void split_options(JldValue *options, JldProcessor *proc, UpsertOptions *batch);

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

/* JSON-LD's options go to the processor, the others to the batch. */
static void
split_options(JldValue *options, JldProcessor *proc, UpsertOptions *batch)
{
	JldValue   *rest;

	if (!jld_is_object(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object")));
	jsonld_begin(proc, NULL);
	proc->options.safe = true;
	proc->options.keepNulls = true;
	proc->options.keepRelative = true;
	proc->options.strictCompactIri = true;
	rest = jld_new_object(options->n);
	for (int i = 0; i < options->n; i++)
	{
		JldMember  *m = &options->u.object.members[i];

		if (jld_is(m->key, "base") && jld_is_string(m->value) && iri_is_absolute(m->value->u.string))
			proc->options.base = m->value->u.string;
		else if (jld_is(m->key, "strictCompactIri") && m->value->type == JLD_BOOL)
			proc->options.strictCompactIri = m->value->u.boolean;
		else if (jld_is(m->key, "base") || jld_is(m->key, "strictCompactIri") ||
				 jld_is(m->key, "mode") || jld_is(m->key, "mergeObjects"))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\"", jld_cstr(m->key)),
					 errdetail("It is %s.", jld_excerpt(m->value)),
					 errhint("The values of each predicate are replaced; \"mode\" and \"mergeObjects\" are no options here.")));
		else
			jld_put(rest, m->key, m->value);
	}
	options_parse(jld_to_jsonb(rest), batch);
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
	Jsonb	   *doc = PG_GETARG_JSONB_P(1);
	List	   *nodes = NIL;
	ListCell   *lc;
	Batch	   *b;

	split_options(jld_from_jsonb(PG_GETARG_JSONB_P(2)), &proc, &options);
	if (JB_ROOT_IS_SCALAR(doc))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a JSON-LD document must be an object or an array"),
				 errdetail("It is %s.", jld_excerpt(jld_from_jsonb(doc)))));
	if (JB_ROOT_COUNT(doc) > 0)
		nodes = payload_read(&proc, doc, NULLS_IGNORE, false);

	b = batch_begin(PG_GETARG_OID(0), &options, true);
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
		batch_add(b, doc_add_attributes(node->image ? node->image : jld_to_jsonb(node->node),
										&attribute, 1));
	}
	batch_run(b);
	for (int i = 0; i < batch_size(b); i++)
		answer_put_item(rows, tupdesc, i + 1, batch_answer(b, i));
	batch_end(b);
	return (Datum) 0;
}
