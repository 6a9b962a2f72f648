/*
 * term.c
 *		Create Term Definition.
 *
 * Owns what one entry of a context definition means: the steps of section
 * "Create Term Definition", cited by number.  A definition may depend on
 * others of the same local context, so the algorithm recurses through
 * expand_iri(); LocalContext.defined marks what is done and what is under
 * way, which finds cycles.
 *
 * The definition is made aside and enters the active context as the last
 * step, over whatever was there.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "jsonld/iri.h"
#include "jsonld/process.h"

/* a definition under construction */
typedef struct TermWork
{
	LocalContext *lc;
	JldStr		term;
	JldValue   *value;			/* an object */
	bool		simple;			/* it was a string */
	TermDefinition *def;
} TermWork;

static bool is_overridable_type(JldValue *value);
static bool create_reverse(TermWork *w, JldValue *reverse);
static bool create_iri_mapping(TermWork *w);
static bool create_id(TermWork *w, JldValue *id);
static void create_type(TermWork *w, JldValue *type);
static void create_container(TermWork *w, JldValue *container);
static uint8 container_bit(JldStr s);
static bool container_allowed(uint8 bits, int n);
static void create_index(TermWork *w, JldValue *index);
static void create_scoped_context(TermWork *w, JldValue *context);
static void create_language(TermWork *w);
static void create_nest(TermWork *w, JldValue *nest);
static void create_prefix(TermWork *w, JldValue *prefix);
static void check_entries(TermWork *w);
static bool same_definition(const TermDefinition *a, const TermDefinition *b);
static JldValue *entry(TermWork *w, const char *keyword);
static void refuse_in_1_0(TermWork *w, JldErrorCode code, const char *keyword);

/* the value of an entry of the definition, or NULL */
static JldValue *
entry(TermWork *w, const char *keyword)
{
	return jld_get(w->value, jld_str(keyword));
}

static void
refuse_in_1_0(TermWork *w, JldErrorCode code, const char *keyword)
{
	if (w->lc->proc->options.processingMode == JLD_MODE_1_0)
		jld_error(w->lc->proc, code, keyword,
				  "entry of a term definition is not of JSON-LD 1.0");
}

/* does s have a colon at position from or later, but not as its last byte? */
static inline bool
has_colon(JldStr s, int from, bool not_last)
{
	int			len = s.len - (not_last ? 1 : 0);

	return len > from && memchr(s.data + from, ':', len - from) != NULL;
}

static inline bool
has_slash(JldStr s)
{
	return memchr(s.data, '/', s.len) != NULL;
}

static inline bool
ends_with_gen_delim(JldStr iri)
{
	return iri.len > 0 && strchr(":/?#[]@", iri.data[iri.len - 1]) != NULL;
}

/* take whatever term means out of the active context */
static void
remove_term(LocalContext *lc, JldStr term, uint32 hash)
{
	TermDefinition *tomb = palloc0(sizeof(TermDefinition));

	tomb->term = term;
	tomb->hash = hash;
	tomb->removed = true;
	termtable_put(lc->result->terms, tomb);
}

void
create_term_definition(LocalContext *lc, int i)
{
	JldProcessor *proc = lc->proc;
	JldStr		term = lc->local->u.object.members[i].key;
	JldValue   *value = lc->local->u.object.members[i].value;
	uint32		hash = jld_hash(term);
	TermDefinition *previous;
	TermDefinition *def;
	TermWork	w = {.lc = lc, .term = term};
	JldPath		step = {.up = proc->path, .key = term};
	JldValue   *v;
	bool		usable;

	/* 1) */
	if (lc->defined[i] == DEFINED_DONE)
		return;
	proc->path = &step;
	if (lc->defined[i] == DEFINED_BUSY)
		jld_error(proc, JLD_CYCLIC_IRI_MAPPING, jld_cstr(term),
				  "definition of term depends on itself");

	/* 2) */
	if (term.len == 0)
		jld_error(proc, JLD_INVALID_TERM_DEFINITION, "\"\"",
				  "a term cannot be empty");
	lc->defined[i] = DEFINED_BUSY;
	jld_enter(proc);
	jld_step(proc);

	if (term.data[0] == '@')
	{
		/* 4) */
		if (jld_is(term, "@type"))
		{
			if (proc->options.processingMode == JLD_MODE_1_0 ||
				!is_overridable_type(value))
				jld_error(proc, JLD_KEYWORD_REDEFINITION, "@type",
						  "@type can only be given \"@container\": \"@set\" and @protected");
		}
		/* 5) */
		else if (jld_keyword(term) != JLD_KW_NONE)
			jld_error(proc, JLD_KEYWORD_REDEFINITION, jld_cstr(term),
					  "a keyword cannot be redefined");
		else if (jld_keyword_form(term))
		{
			lc->defined[i] = DEFINED_DONE;
			goto done;
		}
	}

	/* 6) */
	previous = termtable_get(lc->result->terms, term, hash);
	if (previous)
		remove_term(lc, term, hash);

	/* 7), 8), 9) */
	if (value->type == JLD_NULL || value->type == JLD_STRING)
	{
		w.value = jld_new_object(1);
		jld_put(w.value, JLD_STR("@id"), value);
		w.simple = value->type == JLD_STRING;
	}
	else if (value->type == JLD_OBJECT)
		w.value = value;
	else
		jld_error(proc, JLD_INVALID_TERM_DEFINITION, jld_cstr(term),
				  "term is not defined by a string, an object or null");

	/* 10) */
	def = w.def = palloc0(sizeof(TermDefinition));
	def->mcxt = CurrentMemoryContext;
	def->term = term;
	def->hash = hash;
	def->protected = lc->protected;

	/* 11) */
	if ((v = entry(&w, "@protected")) != NULL)
	{
		refuse_in_1_0(&w, JLD_INVALID_TERM_DEFINITION, "@protected");
		if (v->type != JLD_BOOL)
			jld_error(proc, JLD_INVALID_PROTECTED_VALUE, jld_excerpt(v),
					  "value of @protected is not a boolean");
		def->protected = v->u.boolean;
	}

	/* 12) */
	if ((v = entry(&w, "@type")) != NULL)
		create_type(&w, v);

	/* 13) to 18) */
	if ((v = entry(&w, "@reverse")) != NULL)
		usable = create_reverse(&w, v);
	else
		usable = create_iri_mapping(&w);
	if (!usable)
	{
		/* it looks like a keyword: the term is to mean nothing */
		if (previous && previous->protected && !lc->override_protected)
			jld_error(proc, JLD_PROTECTED_TERM_REDEFINITION, jld_cstr(term),
					  "a protected term cannot be redefined");
		lc->defined[i] = DEFINED_DONE;
		goto done;
	}

	/* 19) which 13.5) has done for a reverse term */
	if (!def->reverse && (v = entry(&w, "@container")) != NULL)
		create_container(&w, v);
	/* 20) */
	if ((v = entry(&w, "@index")) != NULL)
		create_index(&w, v);
	/* 21) */
	if ((v = entry(&w, "@context")) != NULL)
		create_scoped_context(&w, v);
	/* 22), 23) */
	create_language(&w);
	/* 24) */
	if ((v = entry(&w, "@nest")) != NULL)
		create_nest(&w, v);
	/* 25) */
	if ((v = entry(&w, "@prefix")) != NULL)
		create_prefix(&w, v);

	/* 26) */
	check_entries(&w);

	/* 27) */
	if (!lc->override_protected && previous && previous->protected)
	{
		if (!same_definition(def, previous))
			jld_error(proc, JLD_PROTECTED_TERM_REDEFINITION, jld_cstr(term),
					  "a protected term cannot be redefined");
		def = previous;
	}

	/* 28) */
	termtable_put(lc->result->terms, def);
	lc->defined[i] = DEFINED_DONE;
	jld_terms(proc, termtable_count(lc->result->terms));

done:
	jld_leave(proc);
	proc->path = step.up;
}

/* 4): the only thing that may be said about @type */
static bool
is_overridable_type(JldValue *value)
{
	if (value->type != JLD_OBJECT || value->n == 0)
		return false;
	for (int i = 0; i < value->n; i++)
	{
		JldMember  *m = &value->u.object.members[i];

		if (jld_is(m->key, "@container"))
		{
			JldValue   *v = m->value;

			if (jld_is_array(v) && v->n == 1)
				v = v->u.items[0];
			if (!jld_is_string(v) || !jld_is(v->u.string, "@set"))
				return false;
		}
		else if (!jld_is(m->key, "@protected"))
			return false;
	}
	return true;
}

/* 12) */
static void
create_type(TermWork *w, JldValue *type)
{
	JldProcessor *proc = w->lc->proc;
	JldStr		iri;
	JldKeyword	kw;

	/* 12.1) */
	if (type->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_TYPE_MAPPING, jld_excerpt(type),
				  "value of @type in a term definition is not a string");
	/* 12.2) */
	iri = expand_iri(proc, w->lc->result, type->u.string, false, true, w->lc);
	kw = iri.data ? jld_keyword(iri) : JLD_KW_NONE;

	/* 12.3) */
	if (proc->options.processingMode == JLD_MODE_1_0 &&
		(kw == JLD_KW_JSON || kw == JLD_KW_NOT))
		jld_error(proc, JLD_INVALID_TYPE_MAPPING, jld_excerpt(type),
				  "type mapping is not of JSON-LD 1.0");
	/* 12.4) */
	if (kw != JLD_KW_ID && kw != JLD_KW_JSON && kw != JLD_KW_NOT &&
		kw != JLD_KW_VOCAB && (iri.data == NULL || !iri_is_absolute(iri)))
		jld_error(proc, JLD_INVALID_TYPE_MAPPING, jld_excerpt(type),
				  "type mapping is neither an IRI nor @id, @json, @none or @vocab");
	/* 12.5) */
	w->def->type = iri;
	w->def->type_keyword = kw;
}

/* 13): false where the term is to be ignored */
static bool
create_reverse(TermWork *w, JldValue *reverse)
{
	JldProcessor *proc = w->lc->proc;
	TermDefinition *def = w->def;
	JldValue   *container;

	/* 13.1) */
	if (entry(w, "@id") || entry(w, "@nest"))
		jld_error(proc, JLD_INVALID_REVERSE_PROPERTY, jld_cstr(w->term),
				  "a reverse property cannot have @id or @nest");
	/* 13.2) */
	if (reverse->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_excerpt(reverse),
				  "value of @reverse in a term definition is not a string");
	/* 13.3) */
	if (jld_keyword_form(reverse->u.string))
		return false;
	/* 13.4) */
	def->iri = expand_iri(proc, w->lc->result, reverse->u.string, false, true,
						  w->lc);
	if (def->iri.data == NULL ||
		!(iri_is_absolute(def->iri) || jld_is_blank_node_id(def->iri)))
		jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_excerpt(reverse),
				  "value of @reverse is not an IRI");
	/* 13.5) */
	container = entry(w, "@container");
	if (container && container->type != JLD_NULL)
	{
		if (jld_is_string(container) && jld_is(container->u.string, "@set"))
			def->container = JLD_CONTAINER_SET;
		else if (jld_is_string(container) && jld_is(container->u.string, "@index"))
			def->container = JLD_CONTAINER_INDEX;
		else
			jld_error(proc, JLD_INVALID_REVERSE_PROPERTY, jld_excerpt(container),
					  "container of a reverse property is not @set or @index");
	}
	/* 13.6) and on with 19): the specification was corrected on 2023-06-28 */
	def->reverse = true;
	return true;
}

/* 14) to 18): false where the term is to be ignored */
static bool
create_iri_mapping(TermWork *w)
{
	JldProcessor *proc = w->lc->proc;
	ActiveContext *result = w->lc->result;
	TermDefinition *def = w->def;
	JldValue   *id = entry(w, "@id");

	/* 14) */
	if (id && !(jld_is_string(id) && jld_eq(id->u.string, w->term)))
		return id->type == JLD_NULL || create_id(w, id);

	/* 15) */
	if (has_colon(w->term, 1, false))
	{
		const char *found = memchr(w->term.data + 1, ':', w->term.len - 1);
		int			colon = found - w->term.data;
		JldStr		prefix = {w->term.data, colon};
		JldStr		suffix = {found + 1, w->term.len - colon - 1};
		TermDefinition *of_prefix;
		int			i;

		/* 15.1) unless it is an IRI or blank node label for sure */
		if (!jld_is(prefix, "_") &&
			!(suffix.len >= 2 && suffix.data[0] == '/' && suffix.data[1] == '/') &&
			(i = jld_find(w->lc->local, prefix)) >= 0)
			create_term_definition(w->lc, i);
		/* 15.2), 15.3) */
		of_prefix = context_term(result, prefix);
		if (of_prefix && of_prefix->iri.data)
			def->iri = jld_str_cat(of_prefix->iri, suffix);
		else
			def->iri = w->term;
		return true;
	}

	/* 16) */
	if (has_slash(w->term))
	{
		def->iri = expand_iri(proc, result, w->term, false, true, NULL);
		if (def->iri.data == NULL || !iri_is_absolute(def->iri))
			jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_cstr(w->term),
					  "term is a relative reference that is not an IRI");
		return true;
	}

	/* 17) */
	if (jld_is(w->term, "@type"))
	{
		def->iri = w->term;
		def->keyword = JLD_KW_TYPE;
		return true;
	}

	/* 18) */
	if (result->vocab.data == NULL)
		jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_cstr(w->term),
				  "term has no @id and there is no @vocab");
	def->iri = jld_str_cat(result->vocab, w->term);
	return true;
}

/* 14.2): id is not null and not the term itself */
static bool
create_id(TermWork *w, JldValue *id)
{
	JldProcessor *proc = w->lc->proc;
	TermDefinition *def = w->def;

	/* 14.2.1) */
	if (id->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_excerpt(id),
				  "value of @id in a term definition is not a string");
	/* an alias of a keyword of framing: it counts in frames */
	def->keyword = jld_framing_keyword(id->u.string);
	if (def->keyword != JLD_KW_NONE)
	{
		def->iri = id->u.string;
		return true;
	}
	/* 14.2.2) */
	if (jld_keyword(id->u.string) == JLD_KW_NONE &&
		jld_keyword_form(id->u.string))
		return false;
	/* 14.2.3) */
	def->iri = expand_iri(proc, w->lc->result, id->u.string, false, true, w->lc);
	if (def->iri.data)
		def->keyword = jld_keyword(def->iri);
	if (def->keyword == JLD_KW_CONTEXT)
		jld_error(proc, JLD_INVALID_KEYWORD_ALIAS, jld_cstr(w->term),
				  "@context cannot have an alias");
	if (def->iri.data == NULL ||
		(def->keyword == JLD_KW_NONE && !iri_is_absolute(def->iri) &&
		 !jld_is_blank_node_id(def->iri)))
		jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_excerpt(id),
				  "value of @id is not an IRI, a blank node or a keyword");

	/* 14.2.4) a term that looks like an IRI must mean what it says */
	if (has_colon(w->term, 1, true) || has_slash(w->term))
	{
		JldStr		said;

		w->lc->defined[jld_find(w->lc->local, w->term)] = DEFINED_DONE;
		said = expand_iri(proc, w->lc->result, w->term, false, true, w->lc);
		if (said.data == NULL || !jld_eq(said, def->iri))
			jld_error(proc, JLD_INVALID_IRI_MAPPING, jld_cstr(w->term),
					  "term looks like an IRI and is mapped to another one");
	}
	/* 14.2.5) */
	else if (w->simple && !has_colon(w->term, 0, false) &&
			 (ends_with_gen_delim(def->iri) || jld_is_blank_node_id(def->iri)))
		def->prefix = true;
	return true;
}

/* 19) */
static void
create_container(TermWork *w, JldValue *container)
{
	JldProcessor *proc = w->lc->proc;
	TermDefinition *def = w->def;
	uint8		bits = 0;
	int			n = jld_is_array(container) ? container->n : 1;
	bool		valid = n > 0;

	/* 19.1) */
	for (int i = 0; i < n && valid; i++)
	{
		JldValue   *item = jld_is_array(container) ? container->u.items[i] : container;
		uint8		bit = jld_is_string(item) ? container_bit(item->u.string) : 0;

		valid = bit != 0 && (bits & bit) == 0;
		bits |= bit;
	}
	/* 19.2) */
	if (proc->options.processingMode == JLD_MODE_1_0 &&
		(jld_is_array(container) ||
		 (bits & (JLD_CONTAINER_GRAPH | JLD_CONTAINER_ID | JLD_CONTAINER_TYPE))))
		valid = false;
	if (!valid || !container_allowed(bits, n))
		jld_error(proc, JLD_INVALID_CONTAINER_MAPPING, jld_excerpt(container),
				  "value of @container is not a container or allowed combination");
	/* 19.3) */
	def->container = bits;
	/* 19.4) */
	if (bits & JLD_CONTAINER_TYPE)
	{
		if (def->type.data == NULL)
		{
			def->type = JLD_STR("@id");
			def->type_keyword = JLD_KW_ID;
		}
		if (def->type_keyword != JLD_KW_ID && def->type_keyword != JLD_KW_VOCAB)
			jld_error(proc, JLD_INVALID_TYPE_MAPPING, jld_cstr(def->type),
					  "type mapping of a @type container is not @id or @vocab");
	}
}

static uint8
container_bit(JldStr s)
{
	switch (jld_keyword(s))
	{
		case JLD_KW_GRAPH:
			return JLD_CONTAINER_GRAPH;
		case JLD_KW_ID:
			return JLD_CONTAINER_ID;
		case JLD_KW_INDEX:
			return JLD_CONTAINER_INDEX;
		case JLD_KW_LANGUAGE:
			return JLD_CONTAINER_LANGUAGE;
		case JLD_KW_LIST:
			return JLD_CONTAINER_LIST;
		case JLD_KW_SET:
			return JLD_CONTAINER_SET;
		case JLD_KW_TYPE:
			return JLD_CONTAINER_TYPE;
		default:
			return 0;
	}
}

/* may these n containers stand together? */
static bool
container_allowed(uint8 bits, int n)
{
	uint8		rest = bits & ~JLD_CONTAINER_SET;

	if (n == 1)
		return true;
	if (rest & JLD_CONTAINER_LIST)
		return false;
	if (rest & JLD_CONTAINER_GRAPH)
		rest &= ~JLD_CONTAINER_GRAPH;
	else
		return (rest & (rest - 1)) == 0;	/* @set and one other */
	return rest == 0 || rest == JLD_CONTAINER_ID || rest == JLD_CONTAINER_INDEX;
}

/* 20) */
static void
create_index(TermWork *w, JldValue *index)
{
	JldProcessor *proc = w->lc->proc;
	JldStr		iri;

	/* 20.1) */
	refuse_in_1_0(w, JLD_INVALID_TERM_DEFINITION, "@index");
	if (!(w->def->container & JLD_CONTAINER_INDEX))
		jld_error(proc, JLD_INVALID_TERM_DEFINITION, jld_cstr(w->term),
				  "@index in a term definition needs an @index container");
	/* 20.2) */
	iri = jld_is_string(index) ?
		expand_iri(proc, w->lc->result, index->u.string, false, true, w->lc) :
		JLD_NOSTR;
	if (iri.data == NULL || !iri_is_absolute(iri))
		jld_error(proc, JLD_INVALID_TERM_DEFINITION, jld_excerpt(index),
				  "value of @index in a term definition is not an IRI");
	/* 20.3) */
	w->def->index = index->u.string;
}

/* 21) */
static void
create_scoped_context(TermWork *w, JldValue *context)
{
	JldProcessor *proc = w->lc->proc;
	JldPath		step = {.up = proc->path, .key = JLD_STR_INIT("@context")};

	/* 21.1) */
	refuse_in_1_0(w, JLD_INVALID_TERM_DEFINITION, "@context");

	/*
	 * 21.3) Processed to find errors; the result is thrown away.  Once is
	 * enough for a context, wherever it is met again: nested scoped contexts
	 * would cost the square of their size otherwise, and what depends on the
	 * place shows when the context is applied there.
	 */
	if (!context->validated)
	{
		MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
													  "scoped context check",
													  ALLOCSET_SMALL_SIZES);
		MemoryContext old = MemoryContextSwitchTo(scratch);

		context->validated = true;
		proc->path = &step;
		proc->validating++;
		context_process_full(proc, w->lc->result, context, w->lc->base_url,
							 w->lc->remotes, true, true, false);
		proc->validating--;
		proc->path = step.up;
		MemoryContextSwitchTo(old);
		MemoryContextDelete(scratch);
	}

	/* 21.4) */
	w->def->context = context;
	w->def->base_url = w->lc->base_url;
}

/* 22), 23) */
static void
create_language(TermWork *w)
{
	TermDefinition *def = w->def;
	JldValue   *language = entry(w, "@language");
	JldValue   *direction = entry(w, "@direction");

	if (entry(w, "@type"))
		return;
	if (language)
	{
		if (language->type != JLD_NULL && language->type != JLD_STRING)
			jld_error(w->lc->proc, JLD_INVALID_LANGUAGE_MAPPING,
					  jld_excerpt(language),
					  "value of @language in a term definition is neither a string nor null");
		def->has_language = true;
		def->language = language->type == JLD_NULL ? JLD_NOSTR : language->u.string;
	}
	if (direction)
	{
		def->has_direction = true;
		if (direction->type == JLD_NULL)
			def->direction = JLD_DIR_NULL;
		else if (jld_is_string(direction) && jld_is(direction->u.string, "ltr"))
			def->direction = JLD_DIR_LTR;
		else if (jld_is_string(direction) && jld_is(direction->u.string, "rtl"))
			def->direction = JLD_DIR_RTL;
		else
			jld_error(w->lc->proc, JLD_INVALID_BASE_DIRECTION,
					  jld_excerpt(direction),
					  "value of @direction is not \"ltr\", \"rtl\" or null");
	}
}

/* 24) */
static void
create_nest(TermWork *w, JldValue *nest)
{
	refuse_in_1_0(w, JLD_INVALID_TERM_DEFINITION, "@nest");
	if (!jld_is_string(nest) ||
		(jld_keyword(nest->u.string) != JLD_KW_NONE &&
		 jld_keyword(nest->u.string) != JLD_KW_NEST))
		jld_error(w->lc->proc, JLD_INVALID_NEST_VALUE, jld_excerpt(nest),
				  "value of @nest in a term definition is not a term or @nest");
	w->def->nest = nest->u.string;
}

/* 25) */
static void
create_prefix(TermWork *w, JldValue *prefix)
{
	JldProcessor *proc = w->lc->proc;

	/* 25.1) */
	refuse_in_1_0(w, JLD_INVALID_TERM_DEFINITION, "@prefix");
	if (has_colon(w->term, 0, false) || has_slash(w->term))
		jld_error(proc, JLD_INVALID_TERM_DEFINITION, jld_cstr(w->term),
				  "a term with a colon or slash cannot be a prefix");
	/* 25.2) */
	if (prefix->type != JLD_BOOL)
		jld_error(proc, JLD_INVALID_PREFIX_VALUE, jld_excerpt(prefix),
				  "value of @prefix is not a boolean");
	w->def->prefix = prefix->u.boolean;
	/* 25.3) */
	if (w->def->prefix && w->def->keyword != JLD_KW_NONE)
		jld_error(proc, JLD_INVALID_TERM_DEFINITION, jld_cstr(w->term),
				  "an alias of a keyword cannot be a prefix");
}

/* 26) */
static void
check_entries(TermWork *w)
{
	for (int i = 0; i < w->value->n; i++)
	{
		JldStr		key = w->value->u.object.members[i].key;

		switch (jld_keyword(key))
		{
			case JLD_KW_ID:
			case JLD_KW_REVERSE:
			case JLD_KW_CONTAINER:
			case JLD_KW_CONTEXT:
			case JLD_KW_DIRECTION:
			case JLD_KW_INDEX:
			case JLD_KW_LANGUAGE:
			case JLD_KW_NEST:
			case JLD_KW_PREFIX:
			case JLD_KW_PROTECTED:
			case JLD_KW_TYPE:
				break;
			default:
				jld_error(w->lc->proc, JLD_INVALID_TERM_DEFINITION, jld_cstr(key),
						  "unknown entry in a term definition");
		}
	}
}

/*
 * Does a scoped context refer to other contexts by relative references?  Then
 * it means what its base makes of it.  Only the contexts themselves are
 * looked at, not the strings in definitions.
 */
static bool
refers_relatively(const JldValue *context)
{
	check_stack_depth();
	switch (context->type)
	{
		case JLD_STRING:
			return !iri_is_absolute(context->u.string);
		case JLD_ARRAY:
			for (int i = 0; i < context->n; i++)
				if (refers_relatively(context->u.items[i]))
					return true;
			return false;
		case JLD_OBJECT:
			for (int i = 0; i < context->n; i++)
			{
				JldMember  *m = &context->u.object.members[i];
				JldValue   *scoped = jld_is_object(m->value) ?
				jld_get(m->value, JLD_STR("@context")) : NULL;

				if (scoped ? refers_relatively(scoped) :
					jld_is(m->key, "@import") && refers_relatively(m->value))
					return true;
			}
			return false;
		default:
			return false;
	}
}

/* null or equal */
static inline bool
same_str(JldStr a, JldStr b)
{
	return (a.data == NULL) == (b.data == NULL) && jld_eq(a, b);
}

/* 27.1): but for the protected flag */
static bool
same_definition(const TermDefinition *a, const TermDefinition *b)
{
	return same_str(a->iri, b->iri) && same_str(a->type, b->type) &&
		a->container == b->container && a->prefix == b->prefix &&
		a->reverse == b->reverse &&
		a->has_language == b->has_language && same_str(a->language, b->language) &&
		a->has_direction == b->has_direction && a->direction == b->direction &&
		same_str(a->index, b->index) && same_str(a->nest, b->nest) &&
		(a->context == b->context ||
		 (a->context && b->context && jld_equal(a->context, b->context) &&
		  (same_str(a->base_url, b->base_url) || !refers_relatively(a->context))));
}
