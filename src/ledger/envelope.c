/*
 * envelope.c
 *		What stands in a transaction beside its data.
 *
 *		{"@context": {...}, "ledger": "db", "opts": {...},
 *		 "@graph": [ the data ],
 *		 "ex:reason": "audit"}			metadata of the transaction
 *
 * A document with @graph and without @id is an envelope: its other keys say
 * something of the transaction, not of a node.  One with neither is a node, and
 * its keys are data; but the reserved keys never are, in whichever form, and
 * whatever a vocabulary makes of them: ledger and opts are heeded, metadata may
 * also stand under txn-meta, and the others belong to ledger_update.
 */
#include "postgres.h"

#include "call/argument.h"
#include "call/remember.h"
#include "jsonb/doc.h"
#include "ledger/envelope.h"
#include "ledger/payload.h"
#include "ledger/term.h"
#include "upsert.h"

/* Keys that are never data, with the hint for those that have no place here. */
static const char *const reserved[] = {
	"ledger", "opts", "txn-meta", "from", "fromNamed", "from-named", "graph",
	"where", "delete", "insert", "values"
};

#define MAX_MEMBERS	64

/* a predicate that is none of the caller's */
#define PLACE_HOLDER	"urn:upsert:place-holder"

static bool
is_reserved(JldStr key)
{
	for (int i = 0; i < lengthof(reserved); i++)
		if (key.len == strlen(reserved[i]) && memcmp(key.data, reserved[i], key.len) == 0)
			return true;
	return false;
}

static void
bad_envelope(JldStr key, const char *why, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("\"%s\" has no place in the transaction", jld_cstr(key)),
			 errdetail_internal("%s", why),
			 hint ? errhint("%s", hint) : 0));
}

void
envelope_check_context(const JldValue *context)
{
	for (int i = 0; jld_is_array(context) && i < context->n; i++)
		envelope_check_context(context->u.items[i]);
	for (int i = 0; jld_is_object(context) && i < context->n; i++)
		if (is_reserved(context->u.object.members[i].key))
			bad_envelope(context->u.object.members[i].key,
						 "The context defines it as a term, and it is a reserved key.",
						 "Call the term something else.");
}

/* Keys of an envelope that start with "@" and may. */
static bool
is_envelope_keyword(JldStr key)
{
	return jld_is(key, "@context") || jld_is(key, "@graph") || jld_is(key, "@type");
}

/* The members of an object, their values as trees; NULL: too many to look at. */
static JldValue *
members_of(Jsonb *payload)
{
	JldValue   *members = jld_new_object(JB_ROOT_COUNT(payload));
	JsonbIterator *it = JsonbIteratorInit(&payload->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		JldStr		name;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		(void) jld_string_of(&key, &name);
		/* the data stay as they are */
		jld_put(members, name, jld_is(name, "@graph") ? &jld_null : jld_from_value(&value));
	}
	return members;
}

static JldValue *
merge_metadata(JldValue *metadata, JldStr key, JldValue *value)
{
	if (value->type == JLD_NULL)
		bad_envelope(key, "It is metadata of the transaction, and null says nothing.", NULL);
	if (metadata == NULL)
		metadata = jld_new_object(2);
	jld_put(metadata, key, value);
	return metadata;
}

/* Does an object have more to it than data and its context? */
static bool
is_plain(Jsonb *payload)
{
	JsonbIterator *it = JsonbIteratorInit(&payload->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;
	bool		graph = false;
	bool		id = false;
	int			others = 0;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		JldStr		name;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		(void) jld_string_of(&key, &name);
		if (is_reserved(name))
			return false;
		graph = graph || jld_is(name, "@graph");
		id = id || jld_is(name, "@id");
		others += jld_is(name, "@graph") || jld_is(name, "@context") ? 0 : 1;
	}
	return !graph || id || others == 0;
}

void
envelope_open(Jsonb *payload, Envelope *envelope)
{
	const char *names[MAX_MEMBERS];
	int			n = 0;
	JsonbValue	context;
	JldValue   *members;
	bool		is_envelope;

	memset(envelope, 0, sizeof(Envelope));
	envelope->doc = payload;
	if (!JB_ROOT_IS_OBJECT(payload))
		return;
	if (getKeyJsonValueFromContainer(&payload->root, "@context", strlen("@context"), &context))
		envelope_check_context(jld_from_value(&context));
	if (is_plain(payload))
		return;

	members = members_of(payload);
	is_envelope = jld_has(members, JLD_STR("@graph")) && !jld_has(members, JLD_STR("@id"));
	for (int i = 0; i < members->n; i++)
	{
		JldStr		key = members->u.object.members[i].key;
		JldValue   *value = members->u.object.members[i].value;

		if (jld_is(key, "ledger"))
			envelope->ledger = value;
		else if (jld_is(key, "opts"))
			envelope->opts = value;
		else if (jld_is(key, "txn-meta"))
		{
			if (!jld_is_object(value))
				bad_envelope(key, "Metadata of a transaction are an object.", NULL);
			envelope->metadata = jld_copy_shallow(value);
		}
		else if (is_reserved(key))
			bad_envelope(key, "It is a reserved key, and never data.", "It belongs to ledger_update().");
		else if (!is_envelope || jld_is(key, "@context") || jld_is(key, "@graph"))
			continue;
		else if (key.len > 0 && key.data[0] == '@' && !is_envelope_keyword(key))
			bad_envelope(key, "Beside @graph, without an @id, stands metadata of the transaction.", NULL);
		else
			envelope->beside = merge_metadata(envelope->beside, key, value);
		if (n == MAX_MEMBERS)
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
					 errmsg("too many keys beside @graph"),
					 errdetail("At most %d are possible.", MAX_MEMBERS)));
		names[n++] = jld_cstr(key);
	}
	envelope->doc = doc_strip_attributes(payload, names, n);
	envelope->named_graph = doc_strip_attributes(payload, reserved, lengthof(reserved));
	if (jld_has(members, JLD_STR("@context")))
	{
		JldValue   *own = jld_get(members, JLD_STR("@context"));

		if (envelope->beside)
			jld_put(envelope->beside, JLD_STR("@context"), own);
		if (envelope->metadata && !jld_has(envelope->metadata, JLD_STR("@context")))
			jld_put(envelope->metadata, JLD_STR("@context"), own);
	}
}

/* A value of metadata: one that needs no node of its own. */
static JldValue *
metadata_value(JldStr predicate, JldValue *value)
{
	if (jld_is_value_object(value))
	{
		value = jld_copy_shallow(value);
		(void) jld_remove(value, JLD_STR("@index"));
		return term_normal(value);
	}
	if (jld_is_list_object(value) || (jld_is_node_object(value) && (value->n != 1 || !jld_has(value, JLD_STR("@id")))))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("metadata of a transaction cannot nest"),
				 errdetail("\"%s\" has %s.", jld_cstr(predicate), jld_excerpt(value)),
				 errhint("A value, or a reference to a node, can stand there.")));
	return value;
}

/* What an expanded node says, over what a message has. */
static void
read_node(const JldValue *node, LedgerMessage *message)
{
	JldValue   *read = message->metadata ? message->metadata : jld_new_object(node->n);

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];
		JldValue   *values;

		if ((m->key.data[0] == '@' && !jld_is(m->key, "@type")) || jld_is(m->key, RDF_TYPE))
			bad_envelope(m->key, "It cannot be metadata of a transaction.", NULL);
		values = jld_new_array(m->value->n);
		for (int k = 0; k < m->value->n; k++)
			jld_push(values, metadata_value(m->key, m->value->u.items[k]));
		if (values->n > 0)
			jld_put(read, m->key, values);
	}
	if (read->n > 0)
		message->metadata = read;
}

void
envelope_read_metadata(JldProcessor *proc, JldValue *metadata, LedgerMessage *message)
{
	JldValue   *checked = NULL;
	JldValue   *expanded;

	if (!jld_is_object(metadata))
		bad_envelope(JLD_STR("txn-meta"), "Metadata of a transaction are an object.", NULL);
	for (int i = 0; i < metadata->n; i++)
		checked = merge_metadata(checked, metadata->u.object.members[i].key,
								 metadata->u.object.members[i].value);
	if (checked == NULL)
		return;
	expanded = jsonld_expand(proc, checked);
	if (expanded->n > 0)
		read_node(expanded->u.items[0], message);
}

Jsonb *
envelope_read(JldProcessor *proc, const Envelope *envelope, LedgerMessage *message)
{
	JldValue   *expanded;
	JldValue   *beside;

	if (envelope->metadata)
		envelope_read_metadata(proc, envelope->metadata, message);
	if (envelope->beside == NULL)
		return envelope->doc;
	/* a node with a name alone would be left out */
	beside = jld_copy_shallow(envelope->beside);
	jld_put(beside, JLD_STR(PLACE_HOLDER), jld_new_bool(true));
	expanded = jsonld_expand(proc, beside);
	if (jld_has(expanded->u.items[0], JLD_STR("@id")))
		return envelope->named_graph;
	(void) jld_remove(expanded->u.items[0], JLD_STR(PLACE_HOLDER));
	read_node(expanded->u.items[0], message);
	return envelope->doc;
}

void
envelope_check_ledger(const Ledger *ledger, const JldValue *name)
{
	if (name == NULL || (jld_is_string(name) && ledger_is_name(ledger, name->u.string)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the transaction is for another ledger"),
			 errdetail("It says %s, and the call \"%s\".", jld_excerpt(name), ledger->name)));
}

void
envelope_options(Jsonb *argument, const JldValue *opts, int takes, LedgerOptions *options)
{
	JldValue   *given = argument ? jld_from_jsonb(argument) : jld_new_object(0);
	JldValue   *all;

	if (opts == NULL || !jld_is_object(given))
	{
		ledger_options(argument, takes, options);
		return;
	}
	if (!jld_is_object(opts))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("\"opts\" must be an object"),
				 errdetail("It is %s.", jld_excerpt(opts))));
	all = jld_copy_shallow(opts);
	for (int i = 0; i < given->n; i++)
	{
		JldMember  *m = &given->u.object.members[i];
		JldValue   *other = jld_get(all, m->key);

		if (other && !jld_equal(other, m->value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%s\" is given twice", jld_cstr(m->key)),
					 errdetail("The transaction says %s, and the call %s.",
							   jld_excerpt(other), jld_excerpt(m->value))));
		jld_put(all, m->key, m->value);
	}
	ledger_options(jld_to_jsonb(all), takes, options);
}

Datum
envelope_remember(FunctionCallInfo fcinfo, PGFunction work)
{
	Jsonb	   *txn = argument_jsonb(fcinfo, 1);
	char	   *key = remember_key(argument_jsonb(fcinfo, 2));
	JsonbValue	opts;

	if (txn && doc_get_attribute(txn, "opts", &opts))
	{
		char	   *own = remember_key(JsonbValueToJsonb(&opts));

		/* two that differ are an error, and the work's to report */
		if (key && own && strcmp(key, own) != 0)
			key = own = NULL;
		if (key == NULL)
			key = own;
	}
	return remember_call_by(fcinfo, true, key, work);
}
