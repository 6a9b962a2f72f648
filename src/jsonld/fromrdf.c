/*
 * fromrdf.c
 *		Serialize RDF as JSON-LD Algorithm, with RDF to Object Conversion; the
 *		SQL function over it.
 *
 * Owns the step from a set of quads to an expanded document.  It must not
 * know of contexts.  First every quad becomes a value of a property of a node
 * in the map of its graph; then the blank nodes that only spell a compound
 * literal or a list are folded into the place that refers to them:
 *
 *		s  p  -> _:a				{"@id": "s", "p": [{"@list": [1, 2]}]}
 *		_:a first 1; rest _:b		   ->
 *		_:b first 2; rest nil
 *
 * To know which may be folded, each blank node has a BlankUse: where it is
 * used as an object, if at exactly one place, and in which graph it occurs.
 *
 * Two points are stricter than the specification, whose letter would lose
 * data: a blank node is folded only if nothing else needs its label (another
 * graph, a type, the name of a graph), and a list that contains itself stays
 * as it is.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "common/jsonapi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/numeric.h"

#include "call/argument.h"
#include "compat.h"
#include "jsonld/jcs.h"
#include "jsonld/nodemap.h"
#include "jsonld/nquads.h"
#include "jsonld/rdf.h"

/* A place that refers to something: item in the array under property. */
typedef struct Usage
{
	JldValue   *node;
	JldStr		property;
	JldValue   *item;
} Usage;

/* Does the chain of lists that a list node is in hang at an ordinary node? */
typedef enum Rooted
{
	ROOTED_UNKNOWN,
	ROOTED_IN_PROGRESS,
	ROOTED_YES,
	ROOTED_NO
} Rooted;

typedef struct BlankUse
{
	JldStr		label;			/* hash key */
	int			references;		/* as the object of a property */
	Usage		usage;			/* the first of them */
	JldValue   *graph;			/* node map of the graph where it occurs */
	bool		pinned;			/* other things need its label */
	Rooted		rooted;
} BlankUse;

typedef struct Graph
{
	JldStr		name;			/* hash key */
	JldValue   *nodes;			/* subject -> node; JSON null: folded away */
	Usage	   *nil_usages;		/* where rdf:nil is the object */
	int			n_nil;
	int			cap_nil;
	List	   *compound;		/* subjects of rdf:direction, nodes */
} Graph;

typedef struct FromRdf
{
	JldProcessor *proc;
	HTAB	   *graphs;			/* of Graph */
	List	   *graph_list;		/* the same in order of appearance */
	HTAB	   *blanks;			/* of BlankUse */
	UniqueIndex *unique;
} FromRdf;

static HTAB *create_label_hash(const char *name, Size entrysize);
static uint32 hash_label(const void *key, Size keysize);
static int	match_label(const void *a, const void *b, Size keysize);
static void add_quad(FromRdf *state, const RdfQuad *quad);
static Graph *graph_of(FromRdf *state, const RdfTerm *name);
static JldValue *node_of(Graph *graph, JldStr id);
static JldValue *own_array(JldValue *node, JldStr property);
static void push_nil_usage(Graph *graph, Usage usage);
static BlankUse *blank_use(FromRdf *state, JldStr label);
static void blank_occurs(FromRdf *state, const RdfTerm *term, Graph *graph);
static void pin(FromRdf *state, const RdfTerm *term);
static void fold_compound_literals(FromRdf *state, Graph *graph);
static bool fold_compound_literal(FromRdf *state, JldValue *node,
								  JldValue *item);
static JldStr only_string(const JldValue *node, JldStr property);
static void fold_list(FromRdf *state, Graph *graph, Usage usage);
static BlankUse *list_node_use(FromRdf *state, const JldValue *node);
static bool is_rooted(FromRdf *state, BlankUse *use);
static JldValue *nodes_in_order(FromRdf *state, Graph *graph);
static JldValue *object_from_rdf(FromRdf *state, const RdfTerm *object);
static bool add_i18n(JldValue *result, JldStr datatype);
static JldValue *native_value(const RdfTerm *literal);
static JldValue *native_number(JldStr lexical, bool is_double);
static bool is_decimal(JldStr s, bool is_double);
static JldValue *json_value(FromRdf *state, JldStr lexical);

JldValue *
jsonld_from_rdf(JldProcessor *proc, const RdfDataset *dataset)
{
	FromRdf		state = {0};
	RdfTerm		default_graph = {RDF_NONE};
	ListCell   *lc;

	state.proc = proc;
	state.graphs = create_label_hash("graphs", sizeof(Graph));
	state.blanks = create_label_hash("blank nodes", sizeof(BlankUse));
	state.unique = unique_index_create();

	graph_of(&state, &default_graph);
	for (int i = 0; i < dataset->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_quad(&state, &dataset->quads[i]);
	}

	foreach(lc, state.graph_list)
	{
		Graph	   *graph = lfirst(lc);

		fold_compound_literals(&state, graph);
		for (int i = 0; i < graph->n_nil; i++)
			fold_list(&state, graph, graph->nil_usages[i]);
	}
	return nodes_in_order(&state, linitial(state.graph_list));
}

static HTAB *
create_label_hash(const char *name, Size entrysize)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(JldStr);
	ctl.entrysize = entrysize;
	ctl.hash = hash_label;
	ctl.match = match_label;
	ctl.hcxt = CurrentMemoryContext;
	return hash_create(name, 64, &ctl,
					   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static uint32
hash_label(const void *key, Size keysize)
{
	return jld_hash(*(const JldStr *) key);
}

static int
match_label(const void *a, const void *b, Size keysize)
{
	return jld_eq(*(const JldStr *) a, *(const JldStr *) b) ? 0 : 1;
}

/* --- from quads to nodes -------------------------------------------------- */

/* Step 5.7 for one quad. */
static void
add_quad(FromRdf *state, const RdfQuad *quad)
{
	const JldOptions *options = &state->proc->options;
	Graph	   *graph = graph_of(state, &quad->graph);
	JldValue   *node = node_of(graph, quad->subject.value);
	JldStr		property = quad->predicate.value;
	Usage		usage;

	blank_occurs(state, &quad->subject, graph);
	blank_occurs(state, &quad->object, graph);
	pin(state, &quad->predicate);

	if (options->rdfDirection == JLD_DIRECTION_COMPOUND &&
		jld_is(property, RDF_NS "direction"))
		graph->compound = lappend(graph->compound, node);

	if (quad->object.kind != RDF_LITERAL)
	{
		node_of(graph, quad->object.value);
		if (!options->useRdfType && jld_is(property, RDF_NS "type"))
		{
			unique_push(state->unique, own_array(node, JLD_STR("@type")),
						jld_new_string(quad->object.value));
			pin(state, &quad->object);
			return;
		}
	}

	usage.node = node;
	usage.property = property;
	usage.item = object_from_rdf(state, &quad->object);
	if (!unique_push(state->unique, own_array(node, property), usage.item))
		return;

	if (quad->object.kind == RDF_BLANK)
	{
		BlankUse   *use = blank_use(state, quad->object.value);

		if (use->references++ == 0)
			use->usage = usage;
	}
	else if (quad->object.kind == RDF_IRI &&
			 jld_is(quad->object.value, RDF_NS "nil"))
		push_nil_usage(graph, usage);
}

/* Steps 5.1 to 5.6: the graph of that name, made if it is new. */
static Graph *
graph_of(FromRdf *state, const RdfTerm *name)
{
	JldStr		key = name->kind == RDF_NONE ? JLD_STR("@default") : name->value;
	bool		found;
	Graph	   *graph = hash_search(state->graphs, &key, HASH_ENTER, &found);

	if (found)
		return graph;

	memset(graph, 0, sizeof(Graph));
	graph->name = key;
	graph->nodes = jld_new_object(8);
	state->graph_list = lappend(state->graph_list, graph);
	if (name->kind != RDF_NONE)
	{
		node_of(linitial(state->graph_list), key);
		pin(state, name);
	}
	return graph;
}

static JldValue *
node_of(Graph *graph, JldStr id)
{
	JldValue   *node = jld_get(graph->nodes, id);

	if (node == NULL)
	{
		node = jld_new_object(4);
		jld_put(node, JLD_STR("@id"), jld_new_string(id));
		jld_put(graph->nodes, id, node);
	}
	return node;
}

static JldValue *
own_array(JldValue *node, JldStr property)
{
	JldValue   *array = jld_get(node, property);

	if (array == NULL)
	{
		array = jld_new_array(1);
		jld_put(node, property, array);
	}
	return array;
}

static void
push_nil_usage(Graph *graph, Usage usage)
{
	if (graph->nil_usages == NULL)
	{
		graph->cap_nil = 8;
		graph->nil_usages = palloc(graph->cap_nil * sizeof(Usage));
	}
	else if (graph->n_nil == graph->cap_nil)
	{
		graph->cap_nil *= 2;
		graph->nil_usages = repalloc_huge(graph->nil_usages,
										  graph->cap_nil * sizeof(Usage));
	}
	graph->nil_usages[graph->n_nil++] = usage;
}

static BlankUse *
blank_use(FromRdf *state, JldStr label)
{
	bool		found;
	BlankUse   *use = hash_search(state->blanks, &label, HASH_ENTER, &found);

	if (!found)
	{
		memset(use, 0, sizeof(BlankUse));
		use->label = label;
	}
	return use;
}

/* A term stands as subject or object in graph. */
static void
blank_occurs(FromRdf *state, const RdfTerm *term, Graph *graph)
{
	BlankUse   *use;

	if (term->kind != RDF_BLANK)
		return;
	use = blank_use(state, term->value);
	if (use->graph == NULL)
		use->graph = graph->nodes;
	else if (use->graph != graph->nodes)
		use->pinned = true;
}

/* The label of a term is needed where it cannot be folded into. */
static void
pin(FromRdf *state, const RdfTerm *term)
{
	if (term->kind == RDF_BLANK)
		blank_use(state, term->value)->pinned = true;
}

/* --- folding -------------------------------------------------------------- */

/* Step 6.1 */
static void
fold_compound_literals(FromRdf *state, Graph *graph)
{
	ListCell   *lc;

	foreach(lc, graph->compound)
	{
		JldValue   *node = lfirst(lc);
		JldStr		id = jld_get(node, JLD_STR("@id"))->u.string;
		BlankUse   *use;

		if (!jld_is_blank_node_id(id))
			continue;
		use = blank_use(state, id);
		if (use->references == 1 && !use->pinned &&
			fold_compound_literal(state, node, use->usage.item))
			jld_put(graph->nodes, id, &jld_null);
	}
}

/*
 * If node is a compound literal and nothing more, turn item, which refers to
 * it, into the value object.
 */
static bool
fold_compound_literal(FromRdf *state, JldValue *node, JldValue *item)
{
	JldStr		value = only_string(node, JLD_STR(RDF_NS "value"));
	JldStr		language = only_string(node, JLD_STR(RDF_NS "language"));
	JldStr		direction = only_string(node, JLD_STR(RDF_NS "direction"));

	if (!jld_has(item, JLD_STR("@id")) ||
		value.data == NULL || direction.data == NULL ||
		node->n != (language.data == NULL ? 3 : 4))
		return false;

	if (language.data != NULL && !rdf_is_language_tag(language))
		jld_error(state->proc, JLD_INVALID_LANGUAGE_TAGGED_STRING,
				  jld_cstr(language),
				  "language of a compound literal is not well-formed");
	if (!jld_is(direction, "ltr") && !jld_is(direction, "rtl"))
		jld_error(state->proc, JLD_INVALID_BASE_DIRECTION,
				  jld_cstr(direction),
				  "direction of a compound literal must be \"ltr\" or \"rtl\"");

	jld_remove(item, JLD_STR("@id"));
	jld_put(item, JLD_STR("@value"), jld_new_string(value));
	if (language.data != NULL)
		jld_put(item, JLD_STR("@language"), jld_new_string(language));
	jld_put(item, JLD_STR("@direction"), jld_new_string(direction));
	return true;
}

/* The one plain string that is property's value in node, or JLD_NOSTR. */
static JldStr
only_string(const JldValue *node, JldStr property)
{
	JldValue   *values = jld_get(node, property);
	JldValue   *value;

	if (values == NULL || values->n != 1 || values->u.items[0]->n != 1)
		return JLD_NOSTR;
	value = jld_get(values->u.items[0], JLD_STR("@value"));
	return jld_is_string(value) ? value->u.string : JLD_NOSTR;
}

/* Step 6.4: from a use of rdf:nil back to the head of its list. */
static void
fold_list(FromRdf *state, Graph *graph, Usage usage)
{
	JldValue   *backwards = jld_new_array(4);
	JldValue   *list;
	Usage		head = usage;
	BlankUse   *use = NULL;

	while (jld_is(head.property, RDF_NS "rest"))
	{
		BlankUse   *next = list_node_use(state, head.node);

		CHECK_FOR_INTERRUPTS();
		if (next == NULL)
			break;
		use = next;
		jld_push(backwards,
				 jld_get(head.node, JLD_STR(RDF_NS "first"))->u.items[0]);
		head = use->usage;
	}
	if (use != NULL && !is_rooted(state, use))
		return;

	/* the nodes go, from the tail on */
	for (int i = 0; i < backwards->n; i++)
	{
		BlankUse   *folded;

		folded = list_node_use(state, usage.node);
		jld_put(graph->nodes, folded->label, &jld_null);
		usage = folded->usage;
	}

	list = jld_new_array(backwards->n);
	for (int i = backwards->n - 1; i >= 0; i--)
		jld_push(list, backwards->u.items[i]);
	jld_remove(head.item, JLD_STR("@id"));
	jld_put(head.item, JLD_STR("@list"), list);
}

/*
 * If node is a list node and nothing more (a blank node, referred to once,
 * with one rdf:first, one rdf:rest, and no type but rdf:List), its use.
 */
static BlankUse *
list_node_use(FromRdf *state, const JldValue *node)
{
	JldStr		id = jld_get(node, JLD_STR("@id"))->u.string;
	JldValue   *first = jld_get(node, JLD_STR(RDF_NS "first"));
	JldValue   *rest = jld_get(node, JLD_STR(RDF_NS "rest"));
	BlankUse   *use;

	if (!jld_is_blank_node_id(id) ||
		first == NULL || first->n != 1 || rest == NULL || rest->n != 1)
		return NULL;
	if (node->n > 3)
	{
		JldValue   *types = jld_get(node, JLD_STR("@type"));

		if (node->n > 4 || types == NULL || types->n != 1 ||
			!jld_is(types->u.items[0]->u.string, RDF_NS "List"))
			return NULL;
	}
	use = blank_use(state, id);
	return use->references == 1 && !use->pinned ? use : NULL;
}

/*
 * Follow the references from a list node up to a node that is none.  If they
 * come back instead, the list contains itself and JSON cannot nest it.  Each
 * list node is walked once and remembers the answer.
 */
static bool
is_rooted(FromRdf *state, BlankUse *use)
{
	BlankUse   *up = use;
	Rooted		answer;

	while (up != NULL && up->rooted == ROOTED_UNKNOWN)
	{
		CHECK_FOR_INTERRUPTS();
		up->rooted = ROOTED_IN_PROGRESS;
		up = list_node_use(state, up->usage.node);
	}
	answer = (up == NULL || up->rooted == ROOTED_YES) ? ROOTED_YES : ROOTED_NO;
	for (up = use; up != NULL && up->rooted == ROOTED_IN_PROGRESS;
		 up = list_node_use(state, up->usage.node))
		up->rooted = answer;
	return answer == ROOTED_YES;
}

/* --- the document --------------------------------------------------------- */

/*
 * Steps 7 and 8: the nodes of a graph that say more than their @id, by code
 * point order of subjects; those of the default graph carry the graphs that
 * they name.
 */
static JldValue *
nodes_in_order(FromRdf *state, Graph *graph)
{
	bool		is_default = graph == linitial(state->graph_list);
	JldValue   *nodes = jld_new_array(graph->nodes->n);
	int		   *sorted = jld_sorted(graph->nodes);

	for (int i = 0; i < graph->nodes->n; i++)
	{
		JldMember  *member = &graph->nodes->u.object.members[sorted[i]];
		JldValue   *node = member->value;
		Graph	   *named = NULL;

		CHECK_FOR_INTERRUPTS();
		if (!jld_is_object(node))
			continue;
		if (is_default)
			named = hash_search(state->graphs, &member->key, HASH_FIND, NULL);
		if (named != NULL)
			jld_put(node, JLD_STR("@graph"), nodes_in_order(state, named));
		if (node->n > 1)
			jld_push(nodes, node);
	}
	return nodes;
}

/* RDF to Object Conversion */
static JldValue *
object_from_rdf(FromRdf *state, const RdfTerm *object)
{
	const JldOptions *options = &state->proc->options;
	JldValue   *result = jld_new_object(2);
	JldValue   *value = NULL;
	JldStr		type = JLD_NOSTR;

	if (object->kind != RDF_LITERAL)
	{
		jld_put(result, JLD_STR("@id"), jld_new_string(object->value));
		return result;
	}

	if (options->useNativeTypes)
		value = native_value(object);

	if (object->language.data != NULL)
		jld_put(result, JLD_STR("@language"), jld_new_string(object->language));
	else if (value != NULL)
		 /* the JSON type says it */ ;
	else if (jld_is(object->datatype, RDF_NS "JSON") &&
			 options->processingMode != JLD_MODE_1_0)
	{
		value = json_value(state, object->value);
		type = JLD_STR("@json");
	}
	else if (options->rdfDirection == JLD_DIRECTION_I18N &&
			 add_i18n(result, object->datatype))
		 /* the datatype said language and direction */ ;
	else if (!jld_is(object->datatype, XSD_NS "string"))
		type = object->datatype;

	if (value == NULL)
		value = jld_new_string(object->value);
	jld_put(result, JLD_STR("@value"), value);
	if (type.data != NULL)
		jld_put(result, JLD_STR("@type"), jld_new_string(type));
	return result;
}

/*
 * Add the language and direction that an i18n datatype spells, as in
 * "https://www.w3.org/ns/i18n#ar-eg_rtl".  Answers false for other datatypes.
 */
static bool
add_i18n(JldValue *result, JldStr datatype)
{
	int			prefix = strlen(I18N_NS);
	JldStr		language;
	JldStr		direction;
	const char *mark;

	if (datatype.len < prefix || memcmp(datatype.data, I18N_NS, prefix) != 0)
		return false;
	language.data = datatype.data + prefix;
	mark = memchr(language.data, '_', datatype.len - prefix);
	if (mark == NULL)
		return false;
	language.len = mark - language.data;
	direction.data = mark + 1;
	direction.len = datatype.data + datatype.len - direction.data;
	if ((language.len > 0 && !rdf_is_language_tag(language)) ||
		(!jld_is(direction, "ltr") && !jld_is(direction, "rtl")))
		return false;

	if (language.len > 0)
		jld_put(result, JLD_STR("@language"), jld_new_string(language));
	jld_put(result, JLD_STR("@direction"), jld_new_string(direction));
	return true;
}

/* The literal as a JSON boolean or number, or NULL if it is neither. */
static JldValue *
native_value(const RdfTerm *literal)
{
	JldStr		lexical = literal->value;

	if (jld_is(literal->datatype, XSD_NS "boolean"))
	{
		if (jld_is(lexical, "true") || jld_is(lexical, "1"))
			return &jld_true;
		if (jld_is(lexical, "false") || jld_is(lexical, "0"))
			return &jld_false;
	}
	else if (jld_is(literal->datatype, XSD_NS "integer"))
		return native_number(lexical, false);
	else if (jld_is(literal->datatype, XSD_NS "double"))
		return native_number(lexical, true);
	return NULL;
}

/*
 * Integers stay exact.  A double becomes the number that ECMAScript would
 * print; INF, NaN and what overflows have none.
 */
static JldValue *
native_number(JldStr lexical, bool is_double)
{
	char	   *text = jld_cstr(lexical);

	if (!is_decimal(lexical, is_double))
		return NULL;
	if (is_double)
	{
		StringInfoData buf;
		double		d = strtod(text, NULL);

		if (isinf(d))
			return NULL;
		initStringInfo(&buf);
		jcs_append_double(&buf, d);
		text = buf.data;
	}
	else if (lexical.len > NUMERIC_MAX_PRECISION)
		return NULL;
	return jld_new_number(DatumGetNumeric(DirectFunctionCall3(numeric_in,
															  CStringGetDatum(text),
															  ObjectIdGetDatum(InvalidOid),
															  Int32GetDatum(-1))));
}

/*
 * Is s a lexical form of xsd:integer, or of xsd:double (without INF and NaN)?
 */
static bool
is_decimal(JldStr s, bool is_double)
{
	const char *p = s.data;
	const char *end = s.data + s.len;
	int			digits = 0;

	if (p < end && (*p == '+' || *p == '-'))
		p++;
	for (; p < end && isdigit((unsigned char) *p); p++)
		digits++;
	if (is_double)
	{
		if (p < end && *p == '.')
			for (p++; p < end && isdigit((unsigned char) *p); p++)
				digits++;
		if (digits > 0 && p < end && (*p == 'e' || *p == 'E'))
		{
			p++;
			if (p < end && (*p == '+' || *p == '-'))
				p++;
			digits = 0;
			for (; p < end && isdigit((unsigned char) *p); p++)
				digits++;
		}
	}
	return digits > 0 && p == end;
}

/* The value of an rdf:JSON literal. */
static JldValue *
json_value(FromRdf *state, JldStr lexical)
{
	char	   *text = jld_cstr(lexical);

	if (pg_parse_json(compat_json_lex(text, lexical.len, false),
					  &nullSemAction) != JSON_SUCCESS)
		jld_error(state->proc, JLD_INVALID_JSON_LITERAL, text,
				  "literal of datatype rdf:JSON is not valid JSON");
	return jld_from_jsonb(DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
															 CStringGetDatum(text))));
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_from_rdf_sql);

/* jsonld_from_rdf(nquads text, options jsonb) → jsonb */
Datum
jsonld_from_rdf_sql(PG_FUNCTION_ARGS)
{
	text	   *nquads;
	JldProcessor proc;
	RdfDataset *dataset;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	nquads = PG_GETARG_TEXT_PP(0);
	jsonld_begin(&proc, argument_jsonb(fcinfo, 1));
	dataset = nquads_parse(VARDATA_ANY(nquads), VARSIZE_ANY_EXHDR(nquads),
						   proc.options.produceGeneralizedRdf ? NQUADS_GENERALIZED : 0);
	PG_RETURN_POINTER(jld_to_jsonb(jsonld_from_rdf(&proc, dataset)));
}
