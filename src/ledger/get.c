/*
 * get.c
 *		Reading a node of a ledger, now or as of a t.
 *
 * The node now is its row, the node as of t what history.c makes of it.  What
 * has no name of its own is part of its owner, and read with it; named nodes
 * are read along with "depth":
 *
 *		{"@id": a, p: [{"@id": b}]}		 depth 1	{"@id": a, p: [{"@id": b, q: ...}]}
 *
 * A node that is being read already is not read again inside of itself.  With
 * a frame, the nodes that it reaches are gathered instead, and framed.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "call/argument.h"
#include "call/options.h"
#include "ledger/history.h"
#include "ledger/naming.h"
#include "ledger/term.h"
#include "upsert.h"

/* so many nodes may be read along */
#define READ_MAX	10000

typedef struct Reader
{
	const Ledger *ledger;
	JldStr		graph;
	bool		past;			/* as of t, else now */
	int64		t;
	ActiveContext *active;		/* for the spelling of literals */
	JldValue   *known;			/* id -> node, or null where there is none */
	int			nembedded;
} Reader;

/* The nodes that are being read, innermost first. */
typedef struct Open
{
	const struct Open *up;
	JldStr		id;
} Open;

static JldValue *
read_node(Reader *reader, JldStr id)
{
	JldValue   *node = jld_get(reader->known, id);

	if (node == NULL)
	{
		node = reader->past ? history_node(reader->ledger, reader->graph, id, reader->t) :
			history_now(reader->ledger, reader->graph, id);
		node = node ? term_show_node(node, reader->active) : &jld_null;
		jld_put(reader->known, jld_str_copy(id), node);
	}
	return node->type == JLD_NULL ? NULL : node;
}

static bool
is_open(const Open *open, JldStr id)
{
	for (; open; open = open->up)
		if (jld_eq(open->id, id))
			return true;
	return false;
}

/* The node that a value refers to and that is to be read along, or NULL. */
static JldValue *
referred(Reader *reader, const JldValue *value, int depth, const Open *open)
{
	JldValue   *id = jld_is_object(value) && value->n == 1 ? jld_get(value, JLD_STR("@id")) : NULL;

	if (!jld_is_string(id) || (depth == 0 && !naming_is_minted(id->u.string)) ||
		is_open(open, id->u.string))
		return NULL;
	return read_node(reader, id->u.string);
}

static JldValue *embed(Reader *reader, JldValue *node, int depth, const Open *up);

static JldValue *
embed_values(Reader *reader, JldValue *values, int depth, const Open *open)
{
	JldValue   *all = jld_new_array(values->n);

	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = values->u.items[i];
		JldValue   *node = referred(reader, value, depth, open);

		if (node)
			value = embed(reader, node, naming_is_minted(jld_get(node, JLD_STR("@id"))->u.string) ? depth : depth - 1, open);
		else if (jld_is_list_object(value))
		{
			JldValue   *list = jld_new_object(1);

			jld_put(list, JLD_STR("@list"), embed_values(reader, jld_get(value, JLD_STR("@list")), depth, open));
			value = list;
		}
		jld_push(all, value);
	}
	return all;
}

/* A node with what is to be read along in it; a copy. */
static JldValue *
embed(Reader *reader, JldValue *node, int depth, const Open *up)
{
	JldValue   *copy = jld_new_object(node->n);
	Open		open = {up, jld_get(node, JLD_STR("@id"))->u.string};

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (++reader->nembedded > READ_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many nodes are reached"),
				 errdetail("At most %d can be read at once.", READ_MAX),
				 errhint("Ask for less \"depth\".")));
	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];

		jld_put(copy, m->key, jld_is_array(m->value) && !jld_is(m->key, "@type") ?
				embed_values(reader, m->value, depth, &open) : m->value);
	}
	return copy;
}

/* --- frames ---------------------------------------------------------------- */

/* How many objects deep is a frame? */
static int
frame_depth(const JldValue *frame)
{
	int			deepest = 0;

	check_stack_depth();
	if (jld_is_array(frame))
		for (int i = 0; i < frame->n; i++)
			deepest = Max(deepest, frame_depth(frame->u.items[i]));
	if (!jld_is_object(frame))
		return deepest;
	for (int i = 0; i < frame->n; i++)
		if (!jld_is(frame->u.object.members[i].key, "@context"))
			deepest = Max(deepest, frame_depth(frame->u.object.members[i].value));
	return deepest + 1;
}

/* All nodes that a node reaches: known to the reader from then on. */
static void
gather(Reader *reader, JldValue *node, int depth)
{
	(void) embed(reader, node, depth, NULL);
}

static JldValue *
framed(Reader *reader, JldValue *node, JldValue *frame, JldValue *context, int depth)
{
	JldProcessor proc;
	JldValue   *nodes = jld_new_array(8);

	frame = jld_copy_shallow(frame);
	if (!jld_has(frame, JLD_STR("@context")))
		jld_put(frame, JLD_STR("@context"), context);
	if (!jld_has(frame, JLD_STR("@id")))
		jld_put(frame, JLD_STR("@id"), jld_get(node, JLD_STR("@id")));
	gather(reader, node, Max(depth, frame_depth(frame)));
	for (int i = 0; i < reader->known->n; i++)
		if (jld_is_object(reader->known->u.object.members[i].value))
			jld_push(nodes, reader->known->u.object.members[i].value);
	jsonld_begin_call(&proc, NULL, JLD_CALL_FRAME);
	return jsonld_frame(&proc, nodes, frame);
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_get);

/* ledger_get(ledger text, iri text, context jsonb, t int8, options jsonb) -> jsonb */
Datum
ledger_get(PG_FUNCTION_ARGS)
{
	JldValue   *context = NULL;
	MemoryContext caller = CurrentMemoryContext;
	Reader		reader = {0};
	LedgerOptions options;
	JldProcessor proc;
	Ledger	   *ledger;
	JldValue   *node;
	JldStr		id;
	Jsonb	   *answer;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	ledger_options(argument_jsonb(fcinfo, 4),
				   LEDGER_OPTION_GRAPH | LEDGER_OPTION_AT | LEDGER_OPTION_DEPTH, &options);
	if (!PG_ARGISNULL(2))
		context = jld_from_jsonb(PG_GETARG_JSONB_P(2));

	SPI_connect();
	reader.ledger = ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	if (context == NULL)
		context = ledger->context ? ledger->context : jld_new_object(0);
	jsonld_begin(&proc, NULL);
	id = ledger_iri_argument(ledger, &proc, PG_GETARG_TEXT_PP(1), context);
	reader.graph = ledger_graph_argument(ledger, &proc, options.graph, context);
	reader.past = ledger_asked_t(fcinfo, 3, ledger, &options, &reader.t);
	reader.active = ledger_context(&proc, context_plain(&proc), context);
	reader.known = jld_new_object(8);
	node = read_node(&reader, id);
	if (node == NULL)
	{
		SPI_finish();
		PG_RETURN_NULL();
	}
	if (options.frame)
		node = framed(&reader, node, options.frame, context, options.depth);
	else
		node = jsonld_compact(&proc, jld_array_of(embed(&reader, node, options.depth, NULL)),
							  context, false);
	MemoryContextSwitchTo(caller);
	answer = jld_to_jsonb(node);
	SPI_finish();
	PG_RETURN_JSONB_P(answer);
}
