/*
 * inverse.c
 *		Inverse Context Creation, Term Selection and IRI Compaction.
 *
 * Owns the way back from an IRI to the best term for it.  Step numbers are
 * those of the sections of these names in "JSON-LD 1.1 Processing Algorithms
 * and API".  Knows nothing of documents but the few entries of a value that
 * decide between terms.
 *
 * The inverse context is made when a context is first compacted with, in the
 * context's own memory, so that it is cached with it:
 *
 *		iri -> IriEntry
 *				containers -> (@none)  language: {"@none": term, "en": ...}
 *							  (@set)   type:	 {"@id": term, ...}
 *							  ...	   any:		 term
 *				prefixes   -> terms that may be the prefix of a compact IRI,
 *							  best first
 *		lengths of all IRIs with prefixes
 *
 * Compact IRIs are found by looking up the beginnings of the IRI that have
 * one of these lengths, not by a walk over all terms.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "jsonld/compact.h"
#include "jsonld/iri.h"
#include "jsonld/process.h"

/* what the terms of one IRI with the same container mapping select by */
typedef struct ContainerEntry
{
	struct ContainerEntry *next;
	uint8		container;		/* 0: @none */
	JldValue   *language;		/* object: language -> term (string) */
	JldValue   *type;			/* object: type -> term (string) */
	JldStr		any;
} ContainerEntry;

typedef struct IriEntry
{
	JldStr		iri;			/* JLD_NOSTR: free slot */
	uint32		hash;
	ContainerEntry *containers;
	List	   *prefixes;		/* of TermDefinition, best first */
} IriEntry;

typedef struct InverseContext
{
	uint32		mask;
	IriEntry   *slots;			/* open addressing */
	int			nlengths;
	int		   *lengths;		/* of IRIs with prefixes, no order */
} InverseContext;

/* which map of a ContainerEntry */
typedef enum Selector
{
	BY_LANGUAGE,
	BY_TYPE,
	BY_ANY
} Selector;

/* what Term Selection looks for */
typedef struct Preference
{
	int			ncontainers;
	uint8		containers[24];
	Selector	selector;
	JldStr		wanted;			/* type/language value */
	int			nvalues;
	JldStr		values[12];		/* preferred values */
} Preference;

static InverseContext *inverse_of(ActiveContext *ctx);
static int	compare_terms(const void *a, const void *b);
static IriEntry *iri_slot(InverseContext *inverse, JldStr iri, uint32 hash);
static void add_term(ActiveContext *ctx, InverseContext *inverse,
					 TermDefinition *def, JldStr default_language);
static void add_prefix(InverseContext *inverse, TermDefinition *def);
static JldStr language_key(JldStr language, JldDirection direction);
static void prefer_for_value(ActiveContext *ctx, const JldValue *value,
							 bool reverse, Preference *p);
static void prefer_for_list(ActiveContext *ctx, const JldValue *value,
							Preference *p);
static void prefer_for_graph(const JldValue *value, Preference *p);
static void prefer_for_item(const JldValue *value, Preference *p);
static void prefer_values(JldProcessor *proc, ActiveContext *ctx,
						  const JldValue *value, Preference *p);
static JldStr select_term(const IriEntry *entry, const Preference *p);
static JldStr best_compact_iri(ActiveContext *ctx, InverseContext *inverse,
							   JldStr var, bool has_value);

/* --- small helpers -------------------------------------------------------- */

static JldStr
lower(JldStr s)
{
	char	   *out = jld_alloc(s.len + 1);

	for (int i = 0; i < s.len; i++)
		out[i] = s.data[i] >= 'A' && s.data[i] <= 'Z' ? s.data[i] + 32 : s.data[i];
	return (JldStr) {out, s.len};
}

bool
jld_equal_fold(JldStr a, JldStr b)
{
	return a.len == b.len && pg_strncasecmp(a.data, b.data, a.len) == 0;
}

static inline JldStr
string_of(const JldValue *v)
{
	return jld_is_string(v) ? v->u.string : JLD_NOSTR;
}

/* "lang_dir", "lang" or "_dir", in lower case */
static JldStr
language_key(JldStr language, JldDirection direction)
{
	JldStr		key = language.data ? lower(language) : JLD_STR("");

	if (direction != JLD_DIR_NULL)
		key = jld_str_cat(jld_str_cat(key, JLD_STR("_")),
						  jld_direction_name(direction));
	return key;
}

/* --- Inverse Context Creation --------------------------------------------- */

static InverseContext *
inverse_of(ActiveContext *ctx)
{
	InverseContext *inverse = ctx->inverse;
	MemoryContext old;
	TermDefinition **terms;
	JldStr		default_language;
	int			n;

	if (inverse)
		return inverse;

	old = MemoryContextSwitchTo(ctx->mcxt);
	/* 1) */
	inverse = palloc0(sizeof(InverseContext));
	terms = termtable_all(ctx->terms, &n);
	inverse->mask = pg_nextpower2_32(Max(n, 4) * 2) - 1;
	inverse->slots = palloc0(sizeof(IriEntry) * (inverse->mask + 1));
	/* 2) */
	default_language = JLD_STR("@none");
	if (ctx->language.data || ctx->direction != JLD_DIR_NULL)
		default_language = language_key(ctx->language, ctx->direction);
	/* 3) */
	qsort(terms, n, sizeof(TermDefinition *), compare_terms);
	for (int i = 0; i < n; i++)
	{
		/* 3.1) */
		if (terms[i]->iri.data == NULL)
			continue;
		add_term(ctx, inverse, terms[i], default_language);
		if (terms[i]->prefix)
			add_prefix(inverse, terms[i]);
	}
	pfree(terms);
	ctx->inverse = inverse;
	MemoryContextSwitchTo(old);
	return inverse;
}

/* shortest first, then least */
static int
compare_terms(const void *a, const void *b)
{
	JldStr		s = (*(TermDefinition *const *) a)->term;
	JldStr		t = (*(TermDefinition *const *) b)->term;

	return s.len != t.len ? s.len - t.len : jld_cmp(s, t);
}

static IriEntry *
iri_slot(InverseContext *inverse, JldStr iri, uint32 hash)
{
	uint32		i = hash & inverse->mask;

	while (inverse->slots[i].iri.data &&
		   !(inverse->slots[i].hash == hash && jld_eq(inverse->slots[i].iri, iri)))
		i = (i + 1) & inverse->mask;
	return &inverse->slots[i];
}

/* the entry of iri, or NULL */
static IriEntry *
iri_entry(InverseContext *inverse, JldStr iri)
{
	IriEntry   *slot = iri_slot(inverse, iri, jld_hash(iri));

	return slot->iri.data ? slot : NULL;
}

/* the first, shortest, term stays */
static void
offer(JldValue **map, JldStr key, JldStr term)
{
	if (*map == NULL)
		*map = jld_new_object(1);
	if (jld_get(*map, key) == NULL)
		jld_put(*map, key, jld_new_string(term));
}

/* 3.2) to 3.16) */
static void
add_term(ActiveContext *ctx, InverseContext *inverse, TermDefinition *def,
		 JldStr default_language)
{
	uint32		hash = jld_hash(def->iri);
	IriEntry   *slot = iri_slot(inverse, def->iri, hash);
	ContainerEntry *c;

	/* 3.4) */
	slot->iri = def->iri;
	slot->hash = hash;
	/* 3.6) */
	for (c = slot->containers; c; c = c->next)
		if (c->container == def->container)
			break;
	if (c == NULL)
	{
		c = palloc0(sizeof(ContainerEntry));
		c->container = def->container;
		c->any = def->term;
		c->next = slot->containers;
		slot->containers = c;
	}

	if (def->reverse)			/* 3.10) */
		offer(&c->type, JLD_STR("@reverse"), def->term);
	else if (def->type_keyword == JLD_KW_NOT)	/* 3.11) */
	{
		offer(&c->language, JLD_STR("@any"), def->term);
		offer(&c->type, JLD_STR("@any"), def->term);
	}
	else if (def->type.data)	/* 3.12) */
		offer(&c->type, def->type, def->term);
	else if (def->has_language && def->has_direction)	/* 3.13) */
	{
		if (def->language.data == NULL && def->direction == JLD_DIR_NULL)
			offer(&c->language, JLD_STR("@null"), def->term);
		else
			offer(&c->language, language_key(def->language, def->direction),
				  def->term);
	}
	else if (def->has_language) /* 3.14) */
		offer(&c->language, def->language.data ? lower(def->language) :
			  JLD_STR("@null"), def->term);
	else if (def->has_direction)	/* 3.15) */
		offer(&c->language, def->direction != JLD_DIR_NULL ?
			  language_key(JLD_NOSTR, def->direction) : JLD_STR("@none"),
			  def->term);
	else						/* 3.16) */
	{
		offer(&c->language, default_language, def->term);
		offer(&c->language, JLD_STR("@none"), def->term);
		offer(&c->type, JLD_STR("@none"), def->term);
	}
}

/* not of the specification: the index for step 7) of IRI Compaction */
static void
add_prefix(InverseContext *inverse, TermDefinition *def)
{
	IriEntry   *slot = iri_slot(inverse, def->iri, jld_hash(def->iri));

	slot->prefixes = lappend(slot->prefixes, def);
	for (int i = 0; i < inverse->nlengths; i++)
		if (inverse->lengths[i] == def->iri.len)
			return;
	if ((inverse->nlengths & (inverse->nlengths - 1)) == 0)
	{
		int			cap = Max(1, inverse->nlengths * 2);

		inverse->lengths = inverse->lengths ?
			repalloc(inverse->lengths, sizeof(int) * cap) :
			palloc(sizeof(int) * cap);
	}
	inverse->lengths[inverse->nlengths++] = def->iri.len;
}

/* --- Term Selection ------------------------------------------------------- */

static JldStr
select_term(const IriEntry *entry, const Preference *p)
{
	/* 4) */
	for (int i = 0; i < p->ncontainers; i++)
	{
		ContainerEntry *c;
		JldValue   *map;

		/* 4.1) */
		for (c = entry->containers; c; c = c->next)
			if (c->container == p->containers[i])
				break;
		if (c == NULL)
			continue;
		/* 4.2), 4.3), 4.4) */
		if (p->selector == BY_ANY)
			return c->any;
		map = p->selector == BY_TYPE ? c->type : c->language;
		for (int k = 0; map && k < p->nvalues; k++)
		{
			JldValue   *term = jld_get(map, p->values[k]);

			if (term)
				return term->u.string;
		}
	}
	/* 5) */
	return JLD_NOSTR;
}

static inline void
prefer_container(Preference *p, uint8 container)
{
	for (int i = 0; i < p->ncontainers; i++)
		if (p->containers[i] == container)
			return;				/* what is asked first counts */
	Assert(p->ncontainers < lengthof(p->containers));
	p->containers[p->ncontainers++] = container;
}

/* container, and container with @set */
static inline void
prefer_with_set(Preference *p, uint8 container)
{
	prefer_container(p, container);
	prefer_container(p, container | JLD_CONTAINER_SET);
}

/* --- IRI Compaction ------------------------------------------------------- */

JldStr
compact_iri(JldProcessor *proc, ActiveContext *ctx, JldStr var,
			const JldValue *value, bool vocab, bool reverse)
{
	InverseContext *inverse = inverse_of(ctx);	/* 2), 3) */
	IriEntry   *entry;
	JldStr		found;
	IriParts	parts;
	TermDefinition *def;

	/* 4) */
	if (vocab && (entry = iri_entry(inverse, var)) != NULL && entry->containers)
	{
		Preference	p = {0};

		prefer_for_value(ctx, value, reverse, &p);
		/* 4.11) */
		if (proc->options.processingMode != JLD_MODE_1_0 &&
			!jld_has(value, JLD_STR("@index")))
			prefer_with_set(&p, JLD_CONTAINER_INDEX);
		/* 4.12) */
		if (proc->options.processingMode != JLD_MODE_1_0 &&
			jld_is_value_object(value) && value->n == 1)
			prefer_with_set(&p, JLD_CONTAINER_LANGUAGE);
		prefer_values(proc, ctx, value, &p);
		/* 4.20), 4.21) */
		found = select_term(entry, &p);
		if (found.data)
			return found;
	}

	/* 5) */
	if (vocab && ctx->vocab.data && var.len > ctx->vocab.len &&
		memcmp(var.data, ctx->vocab.data, ctx->vocab.len) == 0)
	{
		JldStr		suffix = {var.data + ctx->vocab.len, var.len - ctx->vocab.len};

		if (context_term(ctx, suffix) == NULL)
			return suffix;
	}

	/* 6), 7), 8) */
	found = best_compact_iri(ctx, inverse, var, value != NULL);
	if (found.data)
		return found;

	/* 9) */
	iri_parse(var, &parts);
	if (parts.scheme.data && parts.authority.data == NULL &&
		(def = context_term(ctx, parts.scheme)) != NULL && def->prefix)
		jld_error(proc, JLD_IRI_CONFUSED_WITH_PREFIX, jld_cstr(var),
				  "IRI would be taken for a compact IRI with prefix \"%.*s\"",
				  parts.scheme.len, parts.scheme.data);

	/* 10) */
	if (!vocab && ctx->base.data && proc->options.compactToRelative &&
		!jld_is_blank_node_id(var))
	{
		found = iri_relativize(ctx->base, var);
		return jld_keyword_form(found) ? jld_str_cat(JLD_STR("./"), found) : found;
	}
	/* 11) */
	return var;
}

/* 7) */
static JldStr
best_compact_iri(ActiveContext *ctx, InverseContext *inverse, JldStr var,
				 bool has_value)
{
	JldStr		best = JLD_NOSTR;

	for (int i = 0; i < inverse->nlengths; i++)
	{
		JldStr		start = {var.data, inverse->lengths[i]};
		JldStr		rest = {var.data + start.len, var.len - start.len};
		IriEntry   *entry;
		ListCell   *lc;

		/* 7.1) */
		if (start.len >= var.len || (entry = iri_entry(inverse, start)) == NULL)
			continue;
		foreach(lc, entry->prefixes)
		{
			TermDefinition *def = lfirst(lc);
			TermDefinition *other;
			JldStr		candidate;
			int			len = def->term.len + 1 + rest.len;

			if (best.data && len > best.len)
				break;			/* longer terms follow */
			/* 7.2) */
			candidate = jld_str_cat(jld_str_cat(def->term, JLD_STR(":")), rest);
			/* 7.3) */
			if (best.data && len == best.len && jld_cmp(candidate, best) >= 0)
				continue;
			other = context_term(ctx, candidate);
			if (other == NULL ||
				(other->iri.data && jld_eq(other->iri, var) && !has_value))
			{
				best = candidate;
				break;
			}
		}
	}
	return best;
}

/* 4.4) to 4.10) */
static void
prefer_for_value(ActiveContext *ctx, const JldValue *value, bool reverse,
				 Preference *p)
{
	/* 4.4) */
	p->selector = BY_LANGUAGE;
	p->wanted = JLD_STR("@null");
	/* 4.5) */
	if (jld_has(value, JLD_STR("@index")) && !jld_is_graph_object(value))
		prefer_with_set(p, JLD_CONTAINER_INDEX);
	/* 4.6) */
	if (reverse)
	{
		p->selector = BY_TYPE;
		p->wanted = JLD_STR("@reverse");
		prefer_container(p, JLD_CONTAINER_SET);
	}
	else if (jld_is_list_object(value))
		prefer_for_list(ctx, value, p);
	else if (jld_is_graph_object(value))
		prefer_for_graph(value, p);
	else
		prefer_for_item(value, p);
	/* 4.10) */
	prefer_container(p, 0);
}

/* the @direction of a value object */
static JldDirection
direction_of(const JldValue *item)
{
	JldValue   *d = jld_get(item, JLD_STR("@direction"));

	if (!jld_is_string(d))
		return JLD_DIR_NULL;
	return jld_is(d->u.string, "ltr") ? JLD_DIR_LTR : JLD_DIR_RTL;
}

/* 4.7) what fits all items of a list */
static void
prefer_for_list(ActiveContext *ctx, const JldValue *value, Preference *p)
{
	JldValue   *list = jld_get(value, JLD_STR("@list"));
	JldStr		common_type = JLD_NOSTR;
	JldStr		common_language = JLD_NOSTR;

	/* 4.7.1) */
	if (!jld_has(value, JLD_STR("@index")))
		prefer_container(p, JLD_CONTAINER_LIST);
	/* 4.7.3) with 4.1) */
	if (list->n == 0)
		common_language = ctx->language.data || ctx->direction != JLD_DIR_NULL ?
			language_key(ctx->language, ctx->direction) : JLD_STR("@none");

	/* 4.7.4) */
	for (int i = 0; i < list->n; i++)
	{
		JldValue   *item = list->u.items[i];
		JldStr		language = JLD_STR("@none");
		JldStr		type = JLD_STR("@none");

		/* 4.7.4.2) */
		if (jld_is_value_object(item))
		{
			JldDirection direction = direction_of(item);
			JldStr		tag = string_of(jld_get(item, JLD_STR("@language")));
			JldStr		datatype = string_of(jld_get(item, JLD_STR("@type")));

			if (direction != JLD_DIR_NULL || tag.data)
				language = language_key(tag, direction);
			else if (datatype.data)
				type = datatype;
			else
				language = JLD_STR("@null");
		}
		else
			type = JLD_STR("@id");	/* 4.7.4.3) */

		/* 4.7.4.4), 4.7.4.5) */
		if (common_language.data == NULL)
			common_language = language;
		else if (!jld_eq(language, common_language) && jld_is_value_object(item))
			common_language = JLD_STR("@none");
		/* 4.7.4.6), 4.7.4.7) */
		if (common_type.data == NULL)
			common_type = type;
		else if (!jld_eq(type, common_type))
			common_type = JLD_STR("@none");
		/* 4.7.4.8) */
		if (jld_is(common_language, "@none") && jld_is(common_type, "@none"))
			break;
	}
	/* 4.7.5) to 4.7.8) */
	if (common_language.data == NULL)
		common_language = JLD_STR("@none");
	if (common_type.data && !jld_is(common_type, "@none"))
	{
		p->selector = BY_TYPE;
		p->wanted = common_type;
	}
	else
		p->wanted = common_language;
}

/* 4.8) */
static void
prefer_for_graph(const JldValue *value, Preference *p)
{
	const uint8 graph = JLD_CONTAINER_GRAPH;
	bool		has_index = jld_has(value, JLD_STR("@index"));
	bool		has_id = jld_has(value, JLD_STR("@id"));

	if (has_index)
		prefer_with_set(p, graph | JLD_CONTAINER_INDEX);
	if (has_id)
		prefer_with_set(p, graph | JLD_CONTAINER_ID);
	prefer_with_set(p, graph);
	prefer_container(p, JLD_CONTAINER_SET);
	if (!has_index)
		prefer_with_set(p, graph | JLD_CONTAINER_INDEX);
	if (!has_id)
		prefer_with_set(p, graph | JLD_CONTAINER_ID);
	prefer_with_set(p, JLD_CONTAINER_INDEX);
	p->selector = BY_TYPE;
	p->wanted = JLD_STR("@id");
}

/* 4.9) */
static void
prefer_for_item(const JldValue *value, Preference *p)
{
	if (jld_is_value_object(value))
	{
		bool		indexed = jld_has(value, JLD_STR("@index"));
		JldDirection direction = direction_of(value);
		JldStr		tag = string_of(jld_get(value, JLD_STR("@language")));
		JldStr		type = string_of(jld_get(value, JLD_STR("@type")));

		if ((direction != JLD_DIR_NULL || tag.data) && !indexed)
		{
			p->wanted = language_key(tag, direction);
			prefer_with_set(p, JLD_CONTAINER_LANGUAGE);
		}
		else if (type.data)
		{
			p->selector = BY_TYPE;
			p->wanted = type;
		}
	}
	else
	{
		p->selector = BY_TYPE;
		p->wanted = JLD_STR("@id");
		prefer_with_set(p, JLD_CONTAINER_ID);
		prefer_with_set(p, JLD_CONTAINER_TYPE);
	}
	prefer_container(p, JLD_CONTAINER_SET);
}

static inline void
prefer(Preference *p, JldStr s)
{
	Assert(p->nvalues < lengthof(p->values));
	p->values[p->nvalues++] = s;
}

/* 4.13) to 4.19) */
static void
prefer_values(JldProcessor *proc, ActiveContext *ctx, const JldValue *value,
			  Preference *p)
{
	bool		is_reverse = jld_is(p->wanted, "@reverse");
	JldValue   *id;
	int			n;

	/* 4.15) */
	if (is_reverse)
		prefer(p, JLD_STR("@reverse"));
	/* 4.16) */
	if ((is_reverse || jld_is(p->wanted, "@id")) && jld_is_object(value) &&
		jld_is_string(id = jld_get(value, JLD_STR("@id"))))
	{
		JldStr		compacted = compact_iri(proc, ctx, id->u.string, NULL, true,
											false);
		TermDefinition *def = context_term(ctx, compacted);
		bool		is_term = def && def->iri.data && jld_eq(def->iri, id->u.string);

		prefer(p, is_term ? JLD_STR("@vocab") : JLD_STR("@id"));
		prefer(p, is_term ? JLD_STR("@id") : JLD_STR("@vocab"));
		prefer(p, JLD_STR("@none"));
	}
	/* 4.17) */
	else
	{
		prefer(p, p->wanted);
		prefer(p, JLD_STR("@none"));
		if (jld_is_list_object(value) && jld_get(value, JLD_STR("@list"))->n == 0)
			p->selector = BY_ANY;
	}
	/* 4.18) */
	prefer(p, JLD_STR("@any"));
	/* 4.19) */
	n = p->nvalues;
	for (int i = 0; i < n; i++)
	{
		JldStr		rest = p->values[i];

		while (rest.len > 0 && rest.data[0] != '_')
		{
			rest.data++;
			rest.len--;
		}
		if (rest.len > 0)
			prefer(p, rest);
	}
}
