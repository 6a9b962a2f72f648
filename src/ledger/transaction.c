/*
 * transaction.c
 *		The verbs of a ledger: upsert, replace, insert, delete.
 *
 *		payload -> nodes (payload.c) -> changes -> rows (store.h) -> t -> log
 *
 * Each node is one row, and each change is composed against the row that
 * wins, so two transactions on different predicates of one node both count.
 * Rows are locked in the order of (graph, iri).  Nodes without a name of their
 * own come after all others, in the same order: whoever touches one has changed,
 * and so locked, or found unchanged its owner before.  New nodes wait for each
 * other (StoreWaiting); what a step has done may be taken back, and done again.
 *
 * A nameless node lives as long as its owner speaks of it: when the last
 * reference that this call saw is retracted, so is the node, and what it
 * owns in turn.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "call/argument.h"
#include "call/batch.h"
#include "call/options.h"
#include "call/outcome.h"
#include "call/remember.h"
#include "jsonb/build.h"
#include "ledger/envelope.h"
#include "ledger/log.h"
#include "ledger/naming.h"
#include "ledger/stored.h"
#include "ledger/unique.h"
#include "upsert.h"

/* One change, while it is applied. */
typedef struct Step
{
	NodeChange *change;
	StoreOutcome outcome;
	bool		nameless;
	JldStr		place;			/* bytes that compare as the names do,
								 * nameless ones behind all others */
	bool		part_changed;	/* a nameless node of it did */
	bool		differences;	/* are they wanted, for the log or unique.c? */
	Datum	   *key;			/* while it is being applied */

	/* what the call's sums and log have of it */
	int			nretracted;
	int			nasserted;
	int64		entry;			/* in the log, from 1; 0: none */

	/* the last composition */
	bool		by_image;		/* images are filled, else difference */
	ImageChange images;
	NodeDifference difference;
} Step;

/* One call. */
typedef struct Work
{
	Ledger	   *ledger;
	Store	   *store;
	Batch		batch;
	StoreWaiting waiting;
	MemoryContext context;		/* of what is kept of steps */
	JldStr		graph;			/* of the step before, as a text */
	Datum		graph_text;
	Step	   *steps;
	int			n;
	int			size;
	LogEntry   *log;			/* as many at most as steps; an empty one was
								 * taken back */
	int64		nlog;
	const LedgerApply *how;
	int64		log_size;
	int64		asserted;
	int64		retracted;
	JldValue   *known;			/* "graph\niri" of nameless nodes that are
								 * spoken of */
	JldValue   *owners;			/* the same, of nameless nodes -> [name of the
								 * node that has it in this payload] */
	JldValue   *orphans;		/* the same, of nameless nodes that lost a
								 * reference -> [graph, iri] */
} Work;

static JldStr node_key(JldStr graph, JldStr id);
static void note_parts(Work *work, const NodeChange *change, const JldValue *values);
static void note_changed_parts(Work *work);
static Step *add_step(Work *work, NodeChange *change);
static StoreVerdict compose_node(void *arg, TupleTableSlot *old, StoreRow *row);
static void note_references(Work *work, JldStr graph, const JldValue *values,
							bool asserted);
static void keep_difference(Work *work, Step *step);
static void apply_step(Work *work, Step *step);
static void apply_orphans(Work *work);
static Jsonb *receipt(Work *work, bool replaced);

static JldStr
node_key(JldStr graph, JldStr id)
{
	return jld_str_cat(jld_str_cat(graph, JLD_STR("\n")), id);
}

/* Takes note of the nameless nodes that a node of the payload has. */
static void
note_parts(Work *work, const NodeChange *change, const JldValue *values)
{
	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = values->u.items[i];
		JldValue   *list = jld_is_object(value) ? jld_get(value, JLD_STR("@list")) : NULL;
		JldValue   *id = jld_is_object(value) ? jld_get(value, JLD_STR("@id")) : NULL;

		if (list)
			note_parts(work, change, list);
		else if (jld_is_string(id) && naming_is_minted(id->u.string))
			jld_put(work->owners, node_key(change->graph, id->u.string),
					jld_new_string(node_key(change->graph, change->id)));
	}
}

/* Has a nameless node changed, and another node not? */
static bool
parts_matter(const Work *work)
{
	bool		changed = false;
	bool		unchanged = false;

	for (int i = 0; i < work->n; i++)
	{
		const Step *step = &work->steps[i];

		unchanged = unchanged || step->outcome == STORE_UNCHANGED;
		changed = changed || (step->nameless && step->outcome != STORE_UNCHANGED);
	}
	return changed && unchanged;
}

/* Whose part has changed has changed: up to the node that has a name. */
static void
note_changed_parts(Work *work)
{
	JldValue   *changed = jld_new_object(8);

	if (!parts_matter(work))
		return;
	for (int i = 0; i < work->n; i++)
	{
		const NodeChange *change = work->steps[i].change;

		if (change->owner.data)
			jld_put(work->owners, node_key(change->graph, change->id),
					jld_new_string(node_key(change->graph, change->owner)));
		for (int k = 0; change->node && k < change->node->n; k++)
			if (jld_is_array(change->node->u.object.members[k].value))
				note_parts(work, change, change->node->u.object.members[k].value);
	}
	for (int i = 0; i < work->n; i++)
	{
		const Step *step = &work->steps[i];
		JldStr		key = node_key(step->change->graph, step->change->id);
		JldValue   *owner;

		if (!step->nameless || step->outcome == STORE_UNCHANGED || step->outcome == STORE_SKIPPED)
			continue;
		while ((owner = jld_get(work->owners, key)) != NULL && !jld_has(changed, owner->u.string))
		{
			key = owner->u.string;
			jld_put(changed, key, &jld_true);
		}
	}
	if (changed->n == 0)
		return;
	for (int i = 0; i < work->n; i++)
		work->steps[i].part_changed = work->steps[i].outcome == STORE_UNCHANGED &&
			jld_has(changed, node_key(work->steps[i].change->graph, work->steps[i].change->id));
}

static Step *
add_step(Work *work, NodeChange *change)
{
	Step	   *step;

	if (work->n == work->size)
	{
		work->size = work->size ? work->size * 2 : 16;
		work->steps = work->steps ?
			repalloc_huge(work->steps, work->size * sizeof(Step)) :
			palloc(work->size * sizeof(Step));
	}
	step = &work->steps[work->n];
	memset(step, 0, sizeof(Step));
	step->change = change;
	work->n++;
	step->nameless = naming_is_minted(change->id);
	return step;
}

/* ----------
 * Their order: named nodes by graph and IRI, then nameless ones
 * ----------
 */

static bool
step_keyed(void *arg, int item)
{
	return true;
}

static int
step_compare(void *arg, int a, int b)
{
	const Step *x = &((Work *) arg)->steps[a];
	const Step *y = &((Work *) arg)->steps[b];
	int			cmp;

	if (x->nameless != y->nameless)
		return x->nameless ? 1 : -1;
	cmp = jld_cmp(x->change->graph, y->change->graph);
	return cmp != 0 ? cmp : jld_cmp(x->change->id, y->change->id);
}

static const char *
step_bytes(void *arg, int item, int *len)
{
	const Step *step = &((Work *) arg)->steps[item];

	*len = step->place.len;
	return step->place.data;
}

/* As errors show it. */
static char *
step_text(void *arg, int item)
{
	const NodeChange *change = ((Work *) arg)->steps[item].change;
	char	   *iri = jld_cstr(change->id);

	return change->graph.len == 0 ? iri :
		psprintf("%s in %s", iri, jld_cstr(change->graph));
}

static void
apply_nth(void *arg, int item)
{
	Work	   *work = arg;
	MemoryContext oldcontext;

	/* one that is applied again comes from the store's memory */
	oldcontext = MemoryContextSwitchTo(work->context);
	store_next(work->store, batch_position(&work->batch));
	apply_step(work, &work->steps[item]);
	MemoryContextSwitchTo(oldcontext);
}

static void
flush_steps(void *arg)
{
	store_flush(((Work *) arg)->store);
}

/*
 * The bytes that steps are sorted by.  Nameless nodes come behind what the named
 * ones have in common, with a byte that no name has, and without what they have
 * in common themselves.
 */
static void
make_places(Work *work)
{
	JldStr		common = JLD_NOSTR;
	int			nnameless = 0;

	for (int i = 0; i < work->n; i++)
	{
		Step	   *step = &work->steps[i];
		int			same = 0;

		step->place = step->change->id;
		nnameless += step->nameless ? 1 : 0;
		if (step->nameless)
			continue;
		if (common.data == NULL)
			common = step->place;
		while (same < common.len && same < step->place.len &&
			   common.data[same] == step->place.data[same])
			same++;
		common.len = same;
	}
	if (nnameless == 0)
		return;
	common = common.data ? jld_str_cat(common, JLD_STR("\xFF")) : JLD_STR("");
	for (int i = 0; i < work->n; i++)
		if (work->steps[i].nameless)
			work->steps[i].place = jld_str_cat(common, naming_digest(work->steps[i].change->id));
}

/* IRIs are in the order of the steps. */
static const BatchDoor steps_by_iri = {
	.keyed = step_keyed,
	.compare = step_compare,
	.bytes = step_bytes,
	.text = step_text,
	.apply = apply_nth,
	.flush = flush_steps
};

static const BatchDoor steps_door = {
	.keyed = step_keyed,
	.compare = step_compare,
	.text = step_text,
	.apply = apply_nth,
	.flush = flush_steps
};

static const BatchDoor *
door_of_steps(const Work *work)
{
	for (int i = 0; i < work->n; i++)
		if (!jld_eq(work->steps[0].change->graph, work->steps[i].change->graph))
			return &steps_door;
	return &steps_by_iri;
}

/* Does the change make a node where there is none? */
static bool
makes_node(const NodeChange *change)
{
	if (change->mode == NODE_DELETE)
		return false;
	if (change->image)
		return change->nvalues > 0;
	for (int i = 0; change->node && i < change->node->n; i++)
	{
		const JldValue *values = change->node->u.object.members[i].value;

		if (jld_is_array(values) && values->n > 0)
			return true;
	}
	return false;
}

/* That a node is not there leads to nothing but its insertion. */
static bool
all_make_nodes(const Work *work)
{
	for (int i = 0; i < work->n; i++)
		if (!makes_node(work->steps[i].change))
			return false;
	return true;
}

/* The store's callback: may run several times. */
static StoreVerdict
compose_node(void *arg, TupleTableSlot *old, StoreRow *row)
{
	Step	   *step = arg;
	const NodeChange *change = step->change;
	Jsonb	   *before = NULL;
	Jsonb	   *after;

	if (old)
	{
		bool		isnull;
		Datum		doc = slot_getattr(old, NODES_DOC, &isnull);

		if (!isnull)
			before = DatumGetJsonbP(doc);
	}
	step->by_image = node_change_image(change, before, step->differences, &step->images);
	if (step->by_image)
		after = step->images.node;
	else
	{
		NodeChange	tree = *change;
		JldValue   *node;

		if (change->image)
			tree.node = jld_from_jsonb(change->image);
		node = node_change(&tree, before ? stored_node(before) : NULL,
						   &step->difference);
		step->images.nretracted = step->difference.nretracted;
		step->images.nasserted = step->difference.nasserted;
		after = node ? jld_to_jsonb(node) : NULL;
	}
	if (step->images.nretracted + step->images.nasserted == 0)
		return STORE_KEEP;
	if (after == NULL)
		return STORE_REMOVE;
	if (old == NULL)
	{
		store_row_set(row, NODES_GRAPH, step->key[0], false);
		store_row_set(row, NODES_IRI, step->key[1], false);
	}
	store_row_set(row, NODES_DOC, JsonbPGetDatum(after), false);
	return STORE_WRITE;
}

/* Keeps account of references to nameless nodes in half a difference. */
static void
note_references(Work *work, JldStr graph, const JldValue *values, bool asserted)
{
	for (int i = 0; i < values->n; i++)
	{
		const JldValue *array = values->u.object.members[i].value;

		for (int k = 0; k < array->n; k++)
		{
			JldValue   *value = array->u.items[k];
			JldValue   *id = jld_is_object(value) ? jld_get(value, JLD_STR("@id")) : value;
			JldStr		key;

			if (!jld_is_string(id) || !naming_is_minted(id->u.string))
				continue;
			key = node_key(graph, id->u.string);
			if (asserted)
			{
				/* spoken of again, now or in the steps to come: not an orphan */
				jld_put(work->known, key, &jld_true);
			}
			else if (jld_get(work->orphans, key) == NULL)
			{
				JldValue   *name = jld_array_of(jld_new_string(graph));

				jld_push(name, jld_new_string(jld_str_copy(id->u.string)));
				jld_put(work->orphans, key, name);
			}
		}
	}
}

/* Half a difference, copied out of the store's memory. */
static Jsonb *
keep_half(const Step *step, Jsonb *image, const JldValue *tree)
{
	if (!step->by_image)
		return tree->n > 0 ? jld_to_jsonb(tree) : NULL;
	return image && image != step->change->image ? jld_jsonb_copy(image) : image;
}

/* The place of a step in the log: its own, or the next. */
static LogEntry *
entry_of(Work *work, Step *step)
{
	if (step->entry == 0)
	{
		if (work->nlog == work->log_size)
		{
			work->log_size = work->log_size ? work->log_size * 2 : 64;
			work->log = work->log ?
				repalloc_huge(work->log, work->log_size * sizeof(LogEntry)) :
				palloc(work->log_size * sizeof(LogEntry));
		}
		step->entry = ++work->nlog;
	}
	return &work->log[step->entry - 1];
}

/* What a step has done, instead of what was thought before. */
static void
keep_difference(Work *work, Step *step)
{
	bool		refused = step->outcome == STORE_SKIPPED;	/* by a trigger */
	int			nretracted = refused ? 0 : step->images.nretracted;
	int			nasserted = refused ? 0 : step->images.nasserted;
	bool		any = nretracted + nasserted > 0;
	LogEntry   *entry;

	work->retracted += nretracted - step->nretracted;
	work->asserted += nasserted - step->nasserted;
	step->nretracted = nretracted;
	step->nasserted = nasserted;
	if (any && !step->by_image)
	{
		note_references(work, step->change->graph, step->difference.retracted, false);
		note_references(work, step->change->graph, step->difference.asserted, true);
	}
	if (!step->differences || (!any && step->entry == 0))
		return;
	entry = entry_of(work, step);
	entry->graph = step->change->graph;
	entry->s = step->change->id;
	entry->nretracted = nretracted;
	entry->nasserted = nasserted;
	entry->retracted = any ? keep_half(step, step->images.retracted, step->difference.retracted) : NULL;
	entry->asserted = any ? keep_half(step, step->images.asserted, step->difference.asserted) : NULL;
}

static void
apply_step(Work *work, Step *step)
{
	const NodeChange *change = step->change;
	Datum		key[2];

	if (work->graph.data == NULL || !jld_eq(work->graph, change->graph))
	{
		work->graph = change->graph;
		work->graph_text = jld_text_datum(change->graph);
	}
	key[0] = work->graph_text;
	key[1] = jld_text_datum(change->id);
	step->key = key;
	step->differences = OidIsValid(work->ledger->log_relid) || work->how->unique;
	step->outcome = store_apply(work->store, key, NULL, compose_node, step);
	keep_difference(work, step);
	pfree(DatumGetPointer(key[1]));
}

/* Retracts nameless nodes that nobody speaks of any more. */
static void
apply_orphans(Work *work)
{
	if (work->orphans->n == 0)
		return;
	for (int i = 0; i < work->n; i++)
		if (work->steps[i].nameless)
			jld_put(work->known, node_key(work->steps[i].change->graph, work->steps[i].change->id),
					&jld_true);
	/* the list grows as orphans leave orphans */
	for (int i = 0; i < work->orphans->n; i++)
	{
		JldMember  *m = &work->orphans->u.object.members[i];
		NodeChange *change;

		CHECK_FOR_INTERRUPTS();
		if (jld_get(work->known, m->key) != NULL)
			continue;
		change = palloc0(sizeof(NodeChange));
		change->graph = m->value->u.items[0]->u.string;
		change->id = m->value->u.items[1]->u.string;
		change->mode = NODE_DELETE;
		apply_step(work, add_step(work, change));
	}
}

static void
put_string(DocBuilder *b, DocFrame *f, JldStr s)
{
	DocItem		item;

	doc_string_item(&item, s.data, s.len);
	doc_put_item(b, f, &item);
}

static void
put_number(DocBuilder *b, DocFrame *f, int64 number)
{
	Numeric		numeric = int64_to_numeric(number);
	DocItem		item = {JENTRY_ISNUMERIC, VARSIZE(numeric), (const char *) numeric};

	doc_put_item(b, f, &item);
}

/* Written as an image, with keys in jsonb's order: there may be many nodes. */
static Jsonb *
receipt(Work *work, bool replaced)
{
	DocBuilder	b;
	DocFrame	root;
	DocFrame	nodes;

	doc_build_init(&b, 256 + (Size) work->n * 80);
	doc_open_object(&b, &root, 5);
	put_string(&b, &root, JLD_STR("t"));
	put_string(&b, &root, JLD_STR("nodes"));
	put_string(&b, &root, JLD_STR("ledger"));
	put_string(&b, &root, JLD_STR("asserted"));
	put_string(&b, &root, JLD_STR("retracted"));

	put_number(&b, &root, work->ledger->t);
	doc_open_array(&b, &nodes, work->n);
	for (int i = 0; i < work->n; i++)
	{
		const Step *step = &work->steps[i];
		bool		named_graph = step->change->graph.len > 0;
		DocFrame	node;

		CHECK_FOR_INTERRUPTS();
		doc_open_object(&b, &node, named_graph ? 3 : 2);
		put_string(&b, &node, JLD_STR("@id"));
		if (named_graph)
			put_string(&b, &node, JLD_STR("@graph"));
		put_string(&b, &node, JLD_STR("action"));
		put_string(&b, &node, step->change->id);
		if (named_graph)
			put_string(&b, &node, step->change->graph);
		put_string(&b, &node,
				   jld_str(outcome_name(outcome_of_store(step->part_changed ? STORE_UPDATED :
														 step->outcome, replaced))));
		doc_close(&b, &node, &nodes);
	}
	doc_close(&b, &nodes, &root);
	put_string(&b, &root, jld_str(work->ledger->name));
	put_number(&b, &root, work->asserted);
	put_number(&b, &root, work->retracted);
	doc_close(&b, &root, NULL);
	return doc_build_finish(&b);
}

Jsonb *
ledger_apply(Ledger *ledger, List *changes, const LedgerApply *how)
{
	const LedgerMessage *message = how->message;
	StoreTarget target = {.relid = ledger->nodes_relid, .nkeys = 2,
	.keys = {NODES_GRAPH, NODES_IRI}};
	Work		work = {.ledger = ledger, .context = CurrentMemoryContext, .how = how};
	ListCell   *lc;

	target.read_columns = target.insert_columns =
		bms_add_member(bms_add_member(bms_make_singleton(NODES_GRAPH), NODES_IRI), NODES_DOC);
	target.update_columns = bms_make_singleton(NODES_DOC);
	/* there would be nowhere to say it */
	if (message->author.data || message->message.data || message->metadata)
		ledger_need_history(ledger);
	work.known = jld_new_object(8);
	work.owners = jld_new_object(8);
	work.orphans = jld_new_object(8);

	foreach(lc, changes)
		add_step(&work, lfirst(lc));
	make_places(&work);
	work.batch = (Batch) {.door = door_of_steps(&work), .arg = &work, .n = work.n,
						  .single = work.n == 1};
	batch_waiting(&work.batch, &work.waiting);
	target.ascending = all_make_nodes(&work);
	target.waiting = target.ascending ? &work.waiting : NULL;
	work.store = store_open(&target);
	ledger_check_nodes(store_relation(work.store));
	batch_run(&work.batch);
	apply_orphans(&work);
	store_close(work.store);
	note_changed_parts(&work);

	if (how->unique && work.nlog > 0)
		unique_check(ledger, how->unique, work.log, work.nlog);
	if (work.asserted + work.retracted > 0)
	{
		bool		shared;
		int64		t = ledger_next_t(ledger, &shared);

		if (OidIsValid(ledger->log_relid))
			log_write(ledger, t, shared, work.log, work.nlog, message);
	}
	return receipt(&work, how->replaced);
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_upsert);
PG_FUNCTION_INFO_V1(ledger_replace);
PG_FUNCTION_INFO_V1(ledger_insert);
PG_FUNCTION_INFO_V1(ledger_delete);

Datum
ledger_return(const Jsonb *receipt)
{
	void	   *copy = SPI_palloc(VARSIZE(receipt));

	memcpy(copy, receipt, VARSIZE(receipt));
	SPI_finish();
	return PointerGetDatum(copy);
}

/* (ledger text, txn jsonb, options jsonb) with one mode for named nodes */
static Datum
ledger_transact(FunctionCallInfo fcinfo, NodeMode mode)
{
	Jsonb	   *doc;
	Envelope	envelope;
	LedgerOptions options;
	JldProcessor proc;
	Ledger	   *ledger;
	List	   *nodes;
	List	   *changes = NIL;
	ListCell   *lc;
	JsonbValue	context;
	LedgerApply how = {.message = &options.message, .replaced = mode == NODE_REPLACE};

	arguments_require(fcinfo, 2);
	doc = PG_GETARG_JSONB_P(1);
	if (JB_ROOT_IS_SCALAR(doc))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a transaction must be a JSON object or an array of such"),
				 errdetail("It is %s.", jld_excerpt(jld_from_jsonb(doc)))));
	envelope_open(doc, &envelope);
	envelope_options(argument_jsonb(fcinfo, 2), envelope.opts,
					 LEDGER_OPTION_PAYLOAD | LEDGER_OPTION_IRIS | LEDGER_OPTION_MESSAGE |
					 LEDGER_OPTION_UNIQUE | LEDGER_OPTION_ONCE, &options);
	if (mode == NODE_INSERT && options.nulls == NULLS_DELETE)
		option_refuse("nulls", "An insert retracts nothing.");
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), false);
	envelope_check_ledger(ledger, envelope.ledger);
	ledger_processor(ledger, &options, payload_has_context(doc), &proc);
	if (options.unique)
		how.unique = unique_predicates(ledger, &proc, options.unique,
									   JB_ROOT_IS_OBJECT(doc) &&
									   getKeyJsonValueFromContainer(&doc->root, "@context", strlen("@context"), &context) ?
									   jld_from_value(&context) : NULL);
	doc = envelope_read(&proc, &envelope, &options.message);
	nodes = JB_ROOT_COUNT(doc) == 0 ? NIL :
		payload_read(&proc, doc, options.nulls,
					 PAYLOAD_TERMS | (mode == NODE_INSERT ? PAYLOAD_BY_CONTENT : 0));
	if (nodes == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("the transaction says nothing"),
				 errdetail("No node in it has a predicate with a value, or a type."),
				 errhint("null, [] and an empty @list mean \"not supplied\", unless the option \"nulls\" is \"delete\".")));
	foreach(lc, nodes)
	{
		const PayloadNode *node = lfirst(lc);
		NodeChange *change = palloc0(sizeof(NodeChange));

		change->graph = node->graph;
		change->id = node->id;
		change->node = node->node;
		change->image = node->image;
		change->nvalues = node->nvalues;
		change->owner = node->owner;
		/* what has no name is replaced with its owner's predicate */
		change->mode = mode == NODE_UPSERT && node->anonymous ? NODE_REPLACE : mode;
		changes = lappend(changes, change);
	}
	return ledger_return(ledger_apply(ledger, changes, &how));
}

static Datum
ledger_upsert_once(PG_FUNCTION_ARGS)
{
	return ledger_transact(fcinfo, NODE_UPSERT);
}

/* ledger_upsert(ledger text, txn jsonb, options jsonb) -> jsonb */
Datum
ledger_upsert(PG_FUNCTION_ARGS)
{
	return envelope_remember(fcinfo, ledger_upsert_once);
}

static Datum
ledger_replace_once(PG_FUNCTION_ARGS)
{
	return ledger_transact(fcinfo, NODE_REPLACE);
}

/* ledger_replace(ledger text, txn jsonb, options jsonb) -> jsonb */
Datum
ledger_replace(PG_FUNCTION_ARGS)
{
	return envelope_remember(fcinfo, ledger_replace_once);
}

static Datum
ledger_insert_once(PG_FUNCTION_ARGS)
{
	return ledger_transact(fcinfo, NODE_INSERT);
}

/* ledger_insert(ledger text, txn jsonb, options jsonb) -> jsonb */
Datum
ledger_insert(PG_FUNCTION_ARGS)
{
	return envelope_remember(fcinfo, ledger_insert_once);
}

static Datum
ledger_delete_once(PG_FUNCTION_ARGS)
{
	LedgerOptions options;
	JldProcessor proc;
	Ledger	   *ledger;
	NodeChange *change = palloc0(sizeof(NodeChange));
	LedgerApply how = {.message = &options.message};

	arguments_require(fcinfo, 2);
	ledger_options(argument_jsonb(fcinfo, 2),
				   LEDGER_OPTION_GRAPH | LEDGER_OPTION_MESSAGE | LEDGER_OPTION_ONCE,
				   &options);
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), false);
	jsonld_begin(&proc, NULL);
	change->graph = ledger_graph_argument(ledger, &proc, options.graph, NULL);
	change->id = ledger_iri_argument(ledger, &proc, PG_GETARG_TEXT_PP(1), NULL);
	change->mode = NODE_DELETE;
	return ledger_return(ledger_apply(ledger, list_make1(change), &how));
}

/* ledger_delete(ledger text, iri text, options jsonb) -> jsonb */
Datum
ledger_delete(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, ledger_delete_once);
}
