/*
 * tordf.c
 *		Deserialize JSON-LD to RDF Algorithm, with Object to RDF Conversion
 *		and List to RDF Conversion; the SQL functions over them.
 *
 * Owns the step from a node map to a set of quads:
 *
 *		graphs -> graph -> node -> property -> item
 *		   |                |         |          |
 *		 graph           subject  predicate   object (+ quads of its list)
 *
 * It works on node maps and must not know of contexts.  What is not
 * well-formed (a relative IRI, an odd language tag) is left out, as the
 * specification has it; in safe mode that is an error.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "call/argument.h"
#include "jsonld/jcs.h"
#include "jsonld/nodemap.h"
#include "jsonld/nquads.h"
#include "jsonld/rdf.h"

/* an integer of as many digits is 1e21 or more: written as a double */
#define DOUBLE_DIGITS	22

typedef struct ToRdf
{
	JldProcessor *proc;
	BlankNodeLabels *labels;
	RdfDataset *dataset;
	RdfTerm		graph;			/* of the quads that are made now */
} ToRdf;

static int	count_values(const NodeMap *map);
static void convert_node(ToRdf *state, JldStr subject, const JldValue *node);
static void convert_values(ToRdf *state, const RdfTerm *subject,
						   JldStr property, const JldValue *values);
static bool is_well_formed(ToRdf *state, JldStr id, const char *what);
static void leave_out(ToRdf *state, JldStr what, const char *why);
static bool object_to_rdf(ToRdf *state, const JldValue *item, RdfTerm *object);
static bool value_to_rdf(ToRdf *state, const JldValue *item, RdfTerm *object);
static RdfTerm direction_to_rdf(ToRdf *state, const JldValue *item,
								RdfTerm literal, JldStr direction);
static bool list_to_rdf(ToRdf *state, const JldValue *list, RdfTerm *head);
static void add_triple(ToRdf *state, RdfTerm subject, const char *predicate,
					   RdfTerm object);
static JldStr number_lexical(Numeric number, JldStr *datatype);
static JldStr double_lexical(Numeric number);
static JldStr lower_case(JldStr s);
static RdfDataset *dataset_of_args(FunctionCallInfo fcinfo, JldProcessor *proc);
static Datum text_or_null(JldStr s, bool *is_null);

RdfDataset *
jsonld_to_rdf(JldProcessor *proc, JldValue *expanded)
{
	NodeMap		map;
	ToRdf		state;
	int		   *graphs;

	node_map_generate(&map, proc, expanded);
	state.proc = proc;
	state.labels = &map.labels;
	state.dataset = rdf_dataset_create(count_values(&map));

	graphs = jld_sorted(map.graphs);
	for (int i = 0; i < map.graphs->n; i++)
	{
		JldMember  *graph = &map.graphs->u.object.members[graphs[i]];
		int		   *subjects;

		if (jld_is(graph->key, "@default"))
			memset(&state.graph, 0, sizeof(RdfTerm));
		else if (is_well_formed(&state, graph->key, "graph name"))
			state.graph = rdf_resource(graph->key);
		else
			continue;

		subjects = jld_sorted(graph->value);
		for (int j = 0; j < graph->value->n; j++)
		{
			JldMember  *node = &graph->value->u.object.members[subjects[j]];

			CHECK_FOR_INTERRUPTS();
			/* a node without properties says nothing */
			if (node->value->n > 1 &&
				is_well_formed(&state, node->key, "subject"))
				convert_node(&state, node->key, node->value);
		}
	}
	return state.dataset;
}

/* how many statements there will be, but for what lists add */
static int
count_values(const NodeMap *map)
{
	int			n = 0;

	for (int g = 0; g < map->graphs->n; g++)
	{
		const JldValue *nodes = map->graphs->u.object.members[g].value;

		for (int i = 0; i < nodes->n; i++)
		{
			const JldValue *node = nodes->u.object.members[i].value;

			for (int k = 0; k < node->n; k++)
				if (jld_is_array(node->u.object.members[k].value))
					n += node->u.object.members[k].value->n;
		}
	}
	return n;
}

static void
convert_node(ToRdf *state, JldStr subject, const JldValue *node)
{
	RdfTerm		term = rdf_resource(subject);
	int		   *properties = jld_sorted(node);

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *member = &node->u.object.members[properties[i]];

		if (jld_is(member->key, "@type"))
		{
			for (int j = 0; j < member->value->n; j++)
			{
				JldStr		type = member->value->u.items[j]->u.string;

				if (is_well_formed(state, type, "type"))
					add_triple(state, term, RDF_NS "type", rdf_resource(type));
			}
		}
		else if (!jld_is_keyword(member->key))
			convert_values(state, &term, member->key, member->value);
	}
	pfree(properties);
}

static void
convert_values(ToRdf *state, const RdfTerm *subject, JldStr property,
			   const JldValue *values)
{
	RdfQuad		quad;

	if (jld_is_blank_node_id(property) &&
		!state->proc->options.produceGeneralizedRdf)
	{
		leave_out(state, property, "a blank node as predicate");
		return;
	}
	if (!is_well_formed(state, property, "predicate"))
		return;

	quad.subject = *subject;
	quad.predicate = rdf_resource(property);
	quad.graph = state->graph;
	for (int i = 0; i < values->n; i++)
	{
		if (object_to_rdf(state, values->u.items[i], &quad.object))
			rdf_dataset_add(state->dataset, &quad);
	}
}

/* A blank node, or a well-formed IRI? */
static bool
is_well_formed(ToRdf *state, JldStr id, const char *what)
{
	if (jld_is_blank_node_id(id) || rdf_is_iri(id))
		return true;
	leave_out(state, id, psprintf("a %s that is not a well-formed IRI", what));
	return false;
}

/* RDF cannot say this: in safe mode an error, else silence. */
static void
leave_out(ToRdf *state, JldStr what, const char *why)
{
	if (state->proc->options.safe)
		jld_error(state->proc, JLD_DROPPED_DATA,
				  jld_cstr(blank_node_source(state->labels, what)),
				  "RDF cannot hold %s", why);
}

/* --- Object to RDF Conversion --------------------------------------------- */

/* Answers false where the specification answers null. */
static bool
object_to_rdf(ToRdf *state, const JldValue *item, RdfTerm *object)
{
	JldValue   *id;

	if (jld_is_list_object(item))
		return list_to_rdf(state, jld_get(item, JLD_STR("@list")), object);
	if (jld_is_value_object(item))
		return value_to_rdf(state, item, object);

	id = jld_get(item, JLD_STR("@id"));
	if (!jld_is_string(id) || !is_well_formed(state, id->u.string, "object"))
		return false;
	*object = rdf_resource(id->u.string);
	return true;
}

static bool
value_to_rdf(ToRdf *state, const JldValue *item, RdfTerm *object)
{
	const JldValue *value = jld_get(item, JLD_STR("@value"));
	const JldValue *type = jld_get(item, JLD_STR("@type"));
	const JldValue *language = jld_get(item, JLD_STR("@language"));
	const JldValue *direction = jld_get(item, JLD_STR("@direction"));
	JldStr		datatype = JLD_NOSTR;
	JldStr		lexical;

	if (jld_is_string(type))
		datatype = type->u.string;
	if (datatype.data != NULL && !jld_is(datatype, "@json") &&
		!rdf_is_iri(datatype))
	{
		leave_out(state, datatype, "a datatype that is not a well-formed IRI");
		return false;
	}
	if (jld_is_string(language) && !rdf_is_language_tag(language->u.string))
	{
		leave_out(state, language->u.string, "a language tag that is not well-formed");
		return false;
	}

	if (datatype.data != NULL && jld_is(datatype, "@json"))
	{
		StringInfoData buf;

		initStringInfo(&buf);
		jcs_append(&buf, value);
		lexical = (JldStr) {buf.data, buf.len};
		datatype = JLD_STR(RDF_NS "JSON");
	}
	else
		lexical = rdf_scalar_lexical(value, &datatype);

	*object = rdf_literal(lexical, datatype);
	if (jld_is_string(direction) &&
		state->proc->options.rdfDirection != JLD_DIRECTION_NONE)
		*object = direction_to_rdf(state, item, *object, direction->u.string);
	else if (jld_is_string(language))
	{
		object->datatype = JLD_STR(RDF_NS "langString");
		object->language = language->u.string;
	}
	return true;
}

/* A literal with a base direction, in the form that rdfDirection asks for. */
static RdfTerm
direction_to_rdf(ToRdf *state, const JldValue *item, RdfTerm literal,
				 JldStr direction)
{
	const JldValue *tag = jld_get(item, JLD_STR("@language"));
	JldStr		language = JLD_STR("");
	RdfTerm		node;

	if (jld_is_string(tag))
		language = lower_case(tag->u.string);

	if (state->proc->options.rdfDirection == JLD_DIRECTION_I18N)
	{
		JldStr		suffix = jld_str_cat(language,
										 jld_str_cat(JLD_STR("_"), direction));

		literal.datatype = jld_str_cat(JLD_STR(I18N_NS), suffix);
		return literal;
	}

	node = rdf_resource(blank_node_label(state->labels, JLD_NOSTR));
	add_triple(state, node, RDF_NS "value", literal);
	if (language.len > 0)
		add_triple(state, node, RDF_NS "language",
				   rdf_literal(language, JLD_STR(XSD_NS "string")));
	add_triple(state, node, RDF_NS "direction",
			   rdf_literal(direction, JLD_STR(XSD_NS "string")));
	return node;
}

/* --- List to RDF Conversion ----------------------------------------------- */

static bool
list_to_rdf(ToRdf *state, const JldValue *list, RdfTerm *head)
{
	RdfTerm		nil = rdf_resource(JLD_STR(RDF_NS "nil"));
	RdfTerm		here;

	if (list->n == 0)
	{
		*head = nil;
		return true;
	}

	jld_enter(state->proc);
	here = rdf_resource(blank_node_label(state->labels, JLD_NOSTR));
	*head = here;
	for (int i = 0; i < list->n; i++)
	{
		RdfTerm		object;
		RdfTerm		rest = nil;

		CHECK_FOR_INTERRUPTS();
		if (i + 1 < list->n)
			rest = rdf_resource(blank_node_label(state->labels, JLD_NOSTR));
		if (object_to_rdf(state, list->u.items[i], &object))
			add_triple(state, here, RDF_NS "first", object);
		add_triple(state, here, RDF_NS "rest", rest);
		here = rest;
	}
	jld_leave(state->proc);
	return true;
}

static void
add_triple(ToRdf *state, RdfTerm subject, const char *predicate,
		   RdfTerm object)
{
	RdfQuad		quad = {subject, rdf_resource(jld_str(predicate)), object,
	state->graph};

	rdf_dataset_add(state->dataset, &quad);
}

/* --- lexical forms -------------------------------------------------------- */

JldStr
rdf_scalar_lexical(const JldValue *value, JldStr *datatype)
{
	switch (value->type)
	{
		case JLD_BOOL:
			if (datatype->data == NULL)
				*datatype = JLD_STR(XSD_NS "boolean");
			return value->u.boolean ? JLD_STR("true") : JLD_STR("false");
		case JLD_NUMBER:
			return number_lexical(value->u.number, datatype);
		case JLD_STRING:
			if (datatype->data == NULL)
				*datatype = JLD_STR(XSD_NS "string");
			return value->u.string;
		default:
			elog(ERROR, "unexpected JSON type in a value object: %d",
				 (int) value->type);
			return JLD_NOSTR;	/* keep the compiler quiet */
	}
}

/*
 * Canonical xsd:integer for a number without fraction below 1e21, else
 * canonical xsd:double.  Integers are exact, however many digits they have.
 */
static JldStr
number_lexical(Numeric number, JldStr *datatype)
{
	Datum		whole = DirectFunctionCall2(numeric_trunc,
											NumericGetDatum(number),
											Int32GetDatum(0));

	if (!(datatype->data != NULL && jld_is(*datatype, XSD_NS "double")) &&
		DatumGetBool(DirectFunctionCall2(numeric_eq, whole,
										 NumericGetDatum(number))))
	{
		char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, whole));

		if (strlen(text) - (text[0] == '-') < DOUBLE_DIGITS)
		{
			if (datatype->data == NULL)
				*datatype = JLD_STR(XSD_NS "integer");
			return jld_str(text);
		}
	}
	if (datatype->data == NULL)
		*datatype = JLD_STR(XSD_NS "double");
	return double_lexical(number);
}

/* Canonical xsd:double: d.dddE0, the mantissa rounded to 15 decimals. */
static JldStr
double_lexical(Numeric number)
{
	double		d = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
													   NumericGetDatum(number)));
	char	   *text = psprintf("%.15e", d);
	char	   *exponent = strchr(text, 'e');
	int			digits = exponent - text;

	while (text[digits - 1] == '0' && text[digits - 2] != '.')
		digits--;
	return jld_str(psprintf("%.*sE%d", digits, text, atoi(exponent + 1)));
}

/* ASCII only: all that a well-formed language tag holds */
static JldStr
lower_case(JldStr s)
{
	char	   *lower = jld_cstr(s);

	for (char *p = lower; *p != '\0'; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	return (JldStr) {lower, s.len};
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_to_rdf_sql);
PG_FUNCTION_INFO_V1(jsonld_quads_sql);

/* Both functions' arguments are (doc jsonb, options jsonb). */
static RdfDataset *
dataset_of_args(FunctionCallInfo fcinfo, JldProcessor *proc)
{
	JldValue   *doc;

	jsonld_begin(proc, argument_jsonb(fcinfo, 1));
	doc = jld_from_jsonb(PG_GETARG_JSONB_P(0));
	return jsonld_to_rdf(proc, jsonld_expand(proc, doc));
}

/* jsonld_to_rdf(doc jsonb, options jsonb) → text */
Datum
jsonld_to_rdf_sql(PG_FUNCTION_ARGS)
{
	JldProcessor proc;
	RdfDataset *dataset;
	StringInfoData out;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	dataset = dataset_of_args(fcinfo, &proc);

	/* the text is made where it stays, behind its header */
	nquads_begin(&out, VARHDRSZ, dataset);
	for (int i = 0; i < dataset->n; i++)
	{
		int			before = out.len;

		CHECK_FOR_INTERRUPTS();
		nquads_append(&out, &dataset->quads[i]);
		jld_output(&proc, out.len - before);
	}
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_TEXT_P(out.data);
}

/*
 * jsonld_quads(doc jsonb, options jsonb) → TABLE(subject, predicate, object,
 * datatype, language, graph text)
 */
Datum
jsonld_quads_sql(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	JldProcessor proc;
	RdfDataset *dataset;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	dataset = dataset_of_args(fcinfo, &proc);
	for (int i = 0; i < dataset->n; i++)
	{
		const RdfQuad *quad = &dataset->quads[i];
		JldStr		columns[] = {
			quad->subject.value, quad->predicate.value, quad->object.value,
			quad->object.datatype, quad->object.language, quad->graph.value
		};
		Datum		values[lengthof(columns)];
		bool		nulls[lengthof(columns)];

		CHECK_FOR_INTERRUPTS();
		for (int c = 0; c < lengthof(columns); c++)
		{
			values[c] = text_or_null(columns[c], &nulls[c]);
			jld_output(&proc, columns[c].len);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		for (int c = 0; c < lengthof(columns); c++)
			if (!nulls[c])
				pfree(DatumGetPointer(values[c]));
	}
	return (Datum) 0;
}

static Datum
text_or_null(JldStr s, bool *is_null)
{
	*is_null = s.data == NULL;
	return *is_null ? (Datum) 0 : jld_text_datum(s);
}
