/*
 * term.c
 *		One spelling for each RDF term.
 *
 * What a value is, is its RDF term; JSON has several spellings of some:
 *
 *		32  {"@value": 32, "@type": xsd:integer}  "32"^^xsd:integer
 *		0.5  {"@value": 0.5, "@type": xsd:double}  "5.0E-1"^^xsd:double
 *		true  {"@value": true, "@type": xsd:boolean}  "true"^^xsd:boolean
 *		"a"  {"@value": "a", "@type": xsd:string}
 *
 * Each is stored as the first of its line, so that comparing values, looking
 * for them and counting them need know nothing of this.  A number whose
 * datatype is another numeric one of XSD keeps it ({"@value": 5, "@type":
 * xsd:byte} is "5"^^xsd:byte); with other datatypes it is the string that
 * N-Quads would have.  A lexical form that no JSON value gives ("032", "1.50")
 * is a term of its own and stays a string.
 *
 * Knows what a literal means in RDF; the forms come from the JSON-LD
 * processor, so that what is exported and read back is what was there.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "jsonld/process.h"
#include "jsonld/rdf.h"
#include "ledger/term.h"

/* No number's form in RDF is so long. */
#define FORM_MAX	40

typedef enum Datatype
{
	DATATYPE_OTHER,
	DATATYPE_STRING,
	DATATYPE_BOOLEAN,
	DATATYPE_INTEGER,
	DATATYPE_DOUBLE,
	DATATYPE_NUMERIC			/* another one with numbers for values */
} Datatype;

static Datatype
datatype_of(JldStr iri)
{
	static const struct
	{
		const char *name;
		Datatype	datatype;
	}			known[] =
	{
		{"string", DATATYPE_STRING}, {"boolean", DATATYPE_BOOLEAN},
		{"integer", DATATYPE_INTEGER}, {"double", DATATYPE_DOUBLE},
		{"decimal", DATATYPE_NUMERIC}, {"float", DATATYPE_NUMERIC},
		{"long", DATATYPE_NUMERIC}, {"int", DATATYPE_NUMERIC},
		{"short", DATATYPE_NUMERIC}, {"byte", DATATYPE_NUMERIC},
		{"unsignedLong", DATATYPE_NUMERIC}, {"unsignedInt", DATATYPE_NUMERIC},
		{"unsignedShort", DATATYPE_NUMERIC}, {"unsignedByte", DATATYPE_NUMERIC},
		{"nonNegativeInteger", DATATYPE_NUMERIC}, {"positiveInteger", DATATYPE_NUMERIC},
		{"nonPositiveInteger", DATATYPE_NUMERIC}, {"negativeInteger", DATATYPE_NUMERIC},
	};
	int			prefix = strlen(XSD_NS);

	if (iri.len <= prefix || memcmp(iri.data, XSD_NS, prefix) != 0)
		return DATATYPE_OTHER;
	for (int i = 0; i < lengthof(known); i++)
		if (iri.len - prefix == strlen(known[i].name) &&
			memcmp(iri.data + prefix, known[i].name, iri.len - prefix) == 0)
			return known[i].datatype;
	return DATATYPE_OTHER;
}

bool
term_is_native(JldStr datatype)
{
	return datatype_of(datatype) != DATATYPE_OTHER;
}

/* --- numbers -------------------------------------------------------------- */

static Numeric
numeric_of(JldStr text)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(jld_cstr(text)),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

/* The form that a number has in RDF, and the datatype that it has by itself. */
static JldStr
number_form(JldValue *number, JldStr *datatype)
{
	*datatype = JLD_NOSTR;
	return rdf_scalar_lexical(number, datatype);
}

/* Does the form have few enough digits for a double to hold them all? */
static bool
is_short(JldStr form)
{
	return form.len <= 15;
}

/* The number that is left of a number when RDF has it as a double. */
static JldValue *
normal_number(JldValue *number, JldStr form)
{
	Numeric		normal;

	if (is_short(form) && VARSIZE_ANY_EXHDR(number->u.number) <= 8)
		return number;
	normal = numeric_of(form);
	return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(normal),
											NumericGetDatum(number->u.number))) ?
		number : jld_new_number(normal);
}

/* -?digits, or -?digit.digitsE-?exponent, as numbers are written in RDF. */
static bool
looks_numeric(JldStr s)
{
	int			i = 0;
	int			start;

	if (i < s.len && s.data[i] == '-')
		i++;
	for (start = i; i < s.len && isdigit((unsigned char) s.data[i]); i++)
		;
	if (i == start || i == s.len)
		return i > start && i < FORM_MAX;
	if (i - start > 1 || s.data[i++] != '.')
		return false;
	for (start = i; i < s.len && isdigit((unsigned char) s.data[i]); i++)
		;
	if (i == start || i == s.len || s.data[i++] != 'E')
		return false;
	if (i < s.len && s.data[i] == '-')
		i++;
	/* a double's exponent has three digits at most */
	for (start = i; i < s.len && isdigit((unsigned char) s.data[i]); i++)
		;
	return i == s.len && i > start && i - start <= 3 && s.len < FORM_MAX;
}

/* The number of which this is the form under this datatype, or NULL. */
static JldValue *
number_of_form(JldStr form, JldStr datatype)
{
	JldValue   *number;
	JldStr		own = datatype;
	double		d;

	if (!looks_numeric(form))
		return NULL;
	d = strtod(jld_cstr(form), NULL);
	if (isinf(d))
		return NULL;
	number = jld_new_number(numeric_of(form));
	return jld_eq(rdf_scalar_lexical(number, &own), form) ? number : NULL;
}

/* --- literals ------------------------------------------------------------- */

static JldValue *
literal(JldValue *value, JldStr datatype)
{
	JldValue   *object = jld_new_object(2);

	jld_put(object, JLD_STR("@value"), value);
	if (datatype.data)
		jld_put(object, JLD_STR("@type"), jld_new_string(datatype));
	return object;
}

static JldValue *
normal_string(JldValue *object, JldValue *value, JldStr datatype)
{
	JldStr		s = value->u.string;
	JldStr		own = JLD_NOSTR;
	JldValue   *number;

	switch (datatype_of(datatype))
	{
		case DATATYPE_OTHER:
			break;
		case DATATYPE_STRING:
			return literal(value, JLD_NOSTR);
		case DATATYPE_BOOLEAN:
			if (jld_is(s, "true") || jld_is(s, "false"))
				return literal(jld_new_bool(s.len == 4), JLD_NOSTR);
			break;
		case DATATYPE_INTEGER:
		case DATATYPE_DOUBLE:
		case DATATYPE_NUMERIC:
			number = number_of_form(s, datatype);
			if (number == NULL)
				break;
			(void) number_form(number, &own);
			return literal(number, jld_eq(own, datatype) ? JLD_NOSTR : datatype);
	}
	return object;
}

static JldValue *
normal_native(JldValue *object, JldValue *value, JldStr datatype)
{
	JldStr		own = datatype;
	JldStr		form = rdf_scalar_lexical(value, &own);

	switch (datatype_of(datatype))
	{
		case DATATYPE_STRING:
			return literal(jld_new_string(form), JLD_NOSTR);
		case DATATYPE_BOOLEAN:
			if (value->type == JLD_BOOL)
				return literal(value, JLD_NOSTR);
			return literal(jld_new_string(form), datatype);
		case DATATYPE_INTEGER:
		case DATATYPE_DOUBLE:
		case DATATYPE_NUMERIC:
			if (value->type != JLD_NUMBER)
				break;
			/* under its own datatype it has none, and where the form says it */
			(void) number_form(value, &own);
			if (memchr(form.data, 'E', form.len))
				value = normal_number(value, form);
			return literal(value, jld_eq(own, datatype) ? JLD_NOSTR : datatype);
		case DATATYPE_OTHER:
			break;
	}
	return literal(jld_new_string(form), datatype);
}

JldValue *
term_normal(JldValue *object)
{
	JldValue   *value = jld_get(object, JLD_STR("@value"));
	JldValue   *type = jld_get(object, JLD_STR("@type"));

	if (value == NULL || jld_has(object, JLD_STR("@language")) ||
		jld_has(object, JLD_STR("@direction")))
		return object;
	if (type == NULL)
	{
		JldStr		own;
		JldStr		form;
		JldValue   *number;

		if (value->type != JLD_NUMBER)
			return object;
		form = number_form(value, &own);
		number = jld_is(own, XSD_NS "double") ? normal_number(value, form) : value;
		return number == value ? object : literal(number, JLD_NOSTR);
	}
	if (!jld_is_string(type) || jld_is(type->u.string, "@json"))
		return object;
	switch (value->type)
	{
		case JLD_STRING:
			return normal_string(object, value, type->u.string);
		case JLD_NUMBER:
		case JLD_BOOL:
			return normal_native(object, value, type->u.string);
		default:
			return object;
	}
}

/* --- reading -------------------------------------------------------------- */

/* The datatypes that terms of a context coerce to: predicate -> array of them. */
static JldValue *
coercions(const ActiveContext *ctx)
{
	JldValue   *by_iri = jld_new_object(4);
	int			n;
	TermDefinition **all = termtable_all(ctx->terms, &n);

	for (int i = 0; i < n; i++)
	{
		const TermDefinition *def = all[i];

		if (def->iri.data && def->keyword == JLD_KW_NONE && !def->reverse &&
			def->type.data && def->type_keyword == JLD_KW_NONE &&
			term_is_native(def->type))
			jld_add_value(by_iri, def->iri, jld_new_string(def->type), true);
	}
	return by_iri;
}

/* A value with the datatype that it has anyway, if that is one of these. */
static JldValue *
show_value(JldValue *value, const JldValue *datatypes)
{
	JldValue   *list = jld_is_object(value) ? jld_get(value, JLD_STR("@list")) : NULL;
	JldValue   *scalar = jld_is_object(value) ? jld_get(value, JLD_STR("@value")) : NULL;
	JldStr		own = JLD_NOSTR;

	if (list)
	{
		JldValue   *shown = jld_new_object(1);
		JldValue   *items = jld_new_array(list->n);

		for (int i = 0; i < list->n; i++)
			jld_push(items, show_value(list->u.items[i], datatypes));
		jld_put(shown, JLD_STR("@list"), items);
		return shown;
	}
	if (scalar == NULL || value->n != 1 || scalar->type == JLD_OBJECT ||
		scalar->type == JLD_ARRAY || scalar->type == JLD_NULL)
		return value;
	(void) rdf_scalar_lexical(scalar, &own);
	for (int i = 0; i < datatypes->n; i++)
		if (jld_eq(datatypes->u.items[i]->u.string, own))
			return literal(scalar, own);
	return value;
}

JldValue *
term_show_node(JldValue *node, const ActiveContext *ctx)
{
	JldValue   *by_iri = coercions(ctx);
	JldValue   *shown = node;

	for (int i = 0; i < by_iri->n; i++)
	{
		JldMember  *m = &by_iri->u.object.members[i];
		JldValue   *values = jld_get(node, m->key);
		JldValue   *all;

		if (!jld_is_array(values))
			continue;
		if (shown == node)
			shown = jld_copy_shallow(node);
		all = jld_new_array(values->n);
		for (int k = 0; k < values->n; k++)
			jld_push(all, show_value(values->u.items[k], m->value));
		jld_put(shown, m->key, all);
	}
	return shown;
}
