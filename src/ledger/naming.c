/*
 * naming.c
 *		Names for nodes without @id, and for those with a label of their
 *		document's.
 *
 * A node object without @id is part of the node that it stands in.  Its label
 * is a digest of (graph, owner, predicate, position), so the same payload gives
 * the same label, and a changed payload changes the same node:
 *
 *		{"@id": "ex:paris", "ex:address": {"ex:city": "Paris"}}
 *		_:anon + digest of "" "http://.../paris" "http://.../address" 0
 *
 * Where values are added, not replaced, position would mix up what two
 * payloads say; there the label is a digest of what the node says.
 *
 * A label in a document, _:x, is that document's: two documents that say _:x
 * speak of two nodes.  The node gets the name that it would have if it stood,
 * without a label, where it is first referred to.  That place may come later
 * in the document than the node, so elements with labels wait:
 *
 *		elements		named at once, unless they have labels
 *		postponed		in order: named nodes first name what they refer to
 *		deferred		a node whose label has no name yet, at the top or in a
 *						graph; goes on as soon as it has one, and if nobody
 *						gives it one, by what it says
 *
 * Labels that a ledger gave (_:anon...) are names like IRIs.
 *
 * Pure: knows no tables.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/digest.h"
#include "ledger/naming.h"
#include "ledger/payload.h"
#include "ledger/term.h"

#define MINTED_PREFIX	"_:anon"
#define MINTED_BYTES	16		/* of the digest, in hex behind the prefix */
#define MINTED_LENGTH	((int) strlen(MINTED_PREFIX) + 2 * MINTED_BYTES)

/* Where a node object stands. */
typedef struct Owner
{
	JldStr		graph;
	JldStr		id;
	JldStr		predicate;
} Owner;

/* A predicate of a node, under which nameless nodes stand. */
typedef struct Position
{
	int			next;
	int			before;			/* that, when the parts at hand were begun */
	int64		parts;			/* number of these */
	int			visit;
} Position;

/* A label of the document. */
typedef struct Label
{
	JldStr		name;			/* JLD_NOSTR: none yet */
	JldValue   *elements;		/* node objects that it stands in */
	JldStr		digest;			/* of what they say; JLD_NOSTR: not yet */
	bool		on_stack;		/* while that is found out */
	List	   *deferred;		/* numbers of those that wait for the name */
} Label;

/* An element that waits for the name of its label. */
typedef struct Deferred
{
	JldValue   *element;
	Owner		owner;
	JldValue   *array;			/* where it goes, and at which place */
	int			place;
	bool		done;
} Deferred;

struct Naming
{
	JldProcessor *proc;
	bool		by_content;
	bool		terms;
	JldValue   *places;			/* place -> null; its member number ... */
	Position   *position;		/* ... is that of the position here */
	int			position_size;
	int64		parts;			/* times that parts were begun */
	int		   *touched;		/* positions, since then */
	int			ntouched;
	int			touched_size;
	JldValue   *postponed;		/* elements with labels */

	JldValue   *labels;			/* label -> null; its member number ... */
	Label	   *label;			/* ... is that of the label here */
	int			label_size;
	JldValue   *given;			/* names that labels got -> null */

	Deferred   *deferred;
	int			ndeferred;
	int			deferred_size;
	List	   *ready;			/* labels that have just got a name */
};

/* the place of what stands at the top */
static const Owner nobody = {{"", 0}, {"", 0}, {"", 0}};

static JldValue *name_value(Naming *naming, JldValue *value, const Owner *owner);
static JldValue *name_node(Naming *naming, JldValue *element, const Owner *owner);
static JldValue *said_value(Naming *naming, JldValue *value);
static JldStr digest_of_label(Naming *naming, Label *label);

/* --- labels --------------------------------------------------------------- */

bool
naming_is_minted(JldStr id)
{
	return id.len == MINTED_LENGTH &&
		memcmp(id.data, MINTED_PREFIX, strlen(MINTED_PREFIX)) == 0;
}

JldStr
naming_digest(JldStr minted)
{
	int			prefix = strlen(MINTED_PREFIX);

	return (JldStr) {minted.data + prefix, minted.len - prefix};
}

bool
naming_is_local(JldStr id)
{
	return jld_is_blank_node_id(id) && !naming_is_minted(id);
}

static bool
is_local_value(const JldValue *id)
{
	return jld_is_string(id) && naming_is_local(id->u.string);
}

bool
naming_has_labels(const JldValue *element)
{
	check_stack_depth();
	if (jld_is_array(element))
	{
		for (int i = 0; i < element->n; i++)
			if (naming_has_labels(element->u.items[i]))
				return true;
		return false;
	}
	if (!jld_is_object(element) || jld_is_value_object(element))
		return false;
	for (int i = 0; i < element->n; i++)
	{
		const JldMember *m = &element->u.object.members[i];

		if (jld_is(m->key, "@id") || jld_is(m->key, "@type"))
		{
			if (is_local_value(m->value))
				return true;
			for (int k = 0; jld_is_array(m->value) && k < m->value->n; k++)
				if (is_local_value(m->value->u.items[k]))
					return true;
		}
		else if (naming_has_labels(m->value))
			return true;
	}
	return false;
}

/* The entry of a label; valid until the next one is asked for. */
static Label *
find_label(Naming *naming, JldStr id)
{
	int			number = jld_find(naming->labels, id);

	if (number >= 0)
		return &naming->label[number];
	number = naming->labels->n;
	jld_put(naming->labels, id, &jld_null);
	if (number == naming->label_size)
	{
		naming->label_size *= 2;
		naming->label = repalloc_huge(naming->label, sizeof(Label) * naming->label_size);
	}
	memset(&naming->label[number], 0, sizeof(Label));
	naming->label[number].elements = jld_new_array(1);
	return &naming->label[number];
}

/* Takes note of where labels say something. */
static void
collect_labels(Naming *naming, JldValue *element)
{
	JldValue   *id;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (jld_is_array(element))
	{
		for (int i = 0; i < element->n; i++)
			collect_labels(naming, element->u.items[i]);
		return;
	}
	if (!jld_is_object(element) || jld_is_value_object(element))
		return;
	id = jld_get(element, JLD_STR("@id"));
	if (is_local_value(id) && element->n > 1)
		jld_push(find_label(naming, id->u.string)->elements, element);
	for (int i = 0; i < element->n; i++)
		if (!jld_is(element->u.object.members[i].key, "@type"))
			collect_labels(naming, element->u.object.members[i].value);
}

/* --- what a node says ------------------------------------------------------ */

static JldStr
digest_label(JldStr text)
{
	uint8		digest[DIGEST_SHA256_LENGTH];
	char	   *label = palloc(MINTED_LENGTH + 1);

	digest_compute(DIGEST_SHA256, text.data, text.len, digest);
	strcpy(label, MINTED_PREFIX);
	hex_encode((char *) digest, MINTED_BYTES, label + strlen(MINTED_PREFIX));
	return (JldStr) {label, MINTED_LENGTH};
}

/* What a reference to a label says: a digest of what is said of it. */
static JldValue *
said_label(Naming *naming, JldStr id)
{
	Label	   *label = find_label(naming, id);
	JldValue   *said = jld_new_object(1);

	if (label->name.data)
		jld_put(said, JLD_STR("@id"), jld_new_string(label->name));
	else if (label->on_stack)
		jld_put(said, JLD_STR("@said"), &jld_null);
	else
		jld_put(said, JLD_STR("@said"), jld_new_string(digest_of_label(naming, label)));
	return said;
}

/* An element without labels of the document, which mean nothing outside. */
static JldValue *
said_value(Naming *naming, JldValue *value)
{
	JldValue   *said;
	JldValue   *id;

	check_stack_depth();
	if (!naming_has_labels(value))
		return value;
	if (jld_is_array(value))
	{
		said = jld_new_array(value->n);
		for (int i = 0; i < value->n; i++)
			jld_push(said, is_local_value(value->u.items[i]) ?
					 said_label(naming, value->u.items[i]->u.string) :
					 said_value(naming, value->u.items[i]));
		return said;
	}
	id = jld_get(value, JLD_STR("@id"));
	if (is_local_value(id))
		return said_label(naming, id->u.string);
	said = jld_new_object(value->n);
	for (int i = 0; i < value->n; i++)
	{
		JldMember  *m = &value->u.object.members[i];

		jld_put(said, m->key, jld_is(m->key, "@type") && jld_is_array(m->value) ?
				said_value(naming, jld_array_of(m->value)) : said_value(naming, m->value));
	}
	return said;
}

/* What is said of a label, as a node object without one. */
static JldValue *
said_of_label(Naming *naming, Label *label)
{
	JldValue   *elements = label->elements;
	JldValue   *said = jld_new_object(4);

	label->on_stack = true;
	for (int i = 0; i < elements->n; i++)
	{
		JldValue   *element = jld_copy_shallow(elements->u.items[i]);

		(void) jld_remove(element, JLD_STR("@id"));
		element = said_value(naming, element);
		for (int k = 0; k < element->n; k++)
		{
			JldMember  *m = &element->u.object.members[k];

			if (elements->n == 1)
				jld_put(said, m->key, m->value);
			else
				jld_add_value(said, m->key, m->value, true);
		}
	}
	return said;
}

static JldStr
text_of(const JldValue *said)
{
	Jsonb	   *jsonb = jld_to_jsonb(said);

	return jld_str(JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb)));
}

static JldStr
digest_of_label(Naming *naming, Label *label)
{
	int			number = label - naming->label;
	JldStr		digest;

	if (label->digest.data)
		return label->digest;
	digest = digest_label(text_of(said_of_label(naming, label)));
	/* others may have been noted meanwhile */
	label = &naming->label[number];
	label->on_stack = false;
	label->digest = digest;
	return digest;
}

/* --- names ---------------------------------------------------------------- */

static JldStr
place_of(const Owner *owner)
{
	StringInfoData place;

	initStringInfo(&place);
	appendBinaryStringInfo(&place, owner->graph.data, owner->graph.len);
	appendStringInfoChar(&place, '\n');
	appendBinaryStringInfo(&place, owner->id.data, owner->id.len);
	appendStringInfoChar(&place, '\n');
	appendBinaryStringInfo(&place, owner->predicate.data, owner->predicate.len);
	appendStringInfoChar(&place, '\n');
	return (JldStr) {place.data, place.len};
}

/* Without an owner there is no position to speak of. */
static bool
by_content(const Naming *naming, const Owner *owner)
{
	return naming->by_content || owner->id.len == 0;
}

/* The number of a place's position. */
static int
find_position(Naming *naming, JldStr place)
{
	int			number = jld_find(naming->places, place);

	if (number >= 0)
		return number;
	number = naming->places->n;
	jld_put(naming->places, place, &jld_null);
	if (number == naming->position_size)
	{
		naming->position_size *= 2;
		naming->position = repalloc_huge(naming->position,
										 sizeof(Position) * naming->position_size);
	}
	memset(&naming->position[number], 0, sizeof(Position));
	return number;
}

static JldStr
name_of_position(JldStr place, Position *position)
{
	char		number[16];

	snprintf(number, sizeof(number), "%d", position->next++);
	return digest_label(jld_str_cat(place, jld_str(number)));
}

static JldStr
name_by_position(Naming *naming, const Owner *owner)
{
	JldStr		place = place_of(owner);
	int			number = find_position(naming, place);

	return name_of_position(place, &naming->position[number]);
}

void
naming_begin_parts(Naming *naming)
{
	naming->parts++;
	naming->ntouched = 0;
}

JldStr
naming_part(Naming *naming, JldStr owner, JldStr predicate, int visit)
{
	Owner		part_of = {.graph = {"", 0}, .id = owner, .predicate = predicate};
	JldStr		place;
	int			number;
	Position   *position;

	if (naming->by_content)
		return JLD_NOSTR;
	place = place_of(&part_of);
	number = find_position(naming, place);
	position = &naming->position[number];
	if (position->parts != naming->parts)
	{
		position->parts = naming->parts;
		position->before = position->next;
		position->visit = visit;
		if (naming->ntouched == naming->touched_size)
		{
			naming->touched_size *= 2;
			naming->touched = repalloc_huge(naming->touched,
											sizeof(int) * naming->touched_size);
		}
		naming->touched[naming->ntouched++] = number;
	}
	/* the owner is met again: in which order is not for us to know */
	if (position->visit != visit)
		return JLD_NOSTR;
	return name_of_position(place, position);
}

void
naming_take_back_parts(Naming *naming)
{
	for (int i = 0; i < naming->ntouched; i++)
		naming->position[naming->touched[i]].next = naming->position[naming->touched[i]].before;
	naming->ntouched = 0;
}

/*
 * The name of a label that is met under an owner.  Two labels are two nodes,
 * though they say the same in one place.
 */
static JldStr
name_of_label(Naming *naming, JldStr id, const Owner *owner)
{
	Label	   *label = find_label(naming, id);
	int			number = label - naming->label;
	JldStr		name = label->name;

	if (name.data)
		return name;
	name_check_iri(id);
	if (by_content(naming, owner))
	{
		JldStr		said = text_of(said_of_label(naming, label));
		JldStr		text = jld_str_cat(place_of(owner), said);

		naming->label[number].on_stack = false;
		name = digest_label(text);
		for (int i = 1; jld_has(naming->given, name); i++)
			name = digest_label(jld_str_cat(text, jld_str(psprintf("\n%d", i))));
	}
	else
		name = name_by_position(naming, owner);

	label = &naming->label[number];
	label->name = name;
	jld_put(naming->given, name, &jld_null);
	if (label->deferred)
		naming->ready = lappend_int(naming->ready, number);
	return name;
}

static JldStr
name_of_node(Naming *naming, JldValue *element, const Owner *owner)
{
	JldValue   *id = jld_get(element, JLD_STR("@id"));

	if (is_local_value(id))
		return name_of_label(naming, id->u.string, owner);
	if (jld_is_string(id))
		return id->u.string;
	if (by_content(naming, owner))
		return digest_label(jld_str_cat(place_of(owner), text_of(said_value(naming, element))));
	return name_by_position(naming, owner);
}

/* An element at the top or in a graph waits for the name of its label. */
static bool
defer(Naming *naming, JldValue *element, const Owner *owner, JldValue *array, int place)
{
	JldValue   *id = jld_is_object(element) ? jld_get(element, JLD_STR("@id")) : NULL;
	Label	   *label;

	if (owner->id.len > 0 || !is_local_value(id))
		return false;
	label = find_label(naming, id->u.string);
	if (label->name.data)
		return false;
	label->deferred = lappend_int(label->deferred, naming->ndeferred);
	if (naming->ndeferred == naming->deferred_size)
	{
		naming->deferred_size *= 2;
		naming->deferred = repalloc_huge(naming->deferred,
										 sizeof(Deferred) * naming->deferred_size);
	}
	naming->deferred[naming->ndeferred++] = (Deferred) {element, *owner, array, place};
	return true;
}

/* A value under a predicate, or an array of such, with names; a copy. */
static JldValue *
name_value(Naming *naming, JldValue *value, const Owner *owner)
{
	if (jld_is_array(value))
	{
		JldValue   *named = jld_new_array(value->n);

		for (int i = 0; i < value->n; i++)
		{
			JldValue   *item = value->u.items[i];

			jld_push(named, &jld_null);
			if (!defer(naming, item, owner, named, i))
				named->u.items[i] = name_value(naming, item, owner);
		}
		return named;
	}
	if (jld_is_value_object(value) || jld_is_list_object(value))
	{
		JldValue   *list = jld_get(value, JLD_STR("@list"));

		value = jld_copy_shallow(value);
		(void) jld_remove(value, JLD_STR("@index"));
		if (list)
			jld_put(value, JLD_STR("@list"), name_value(naming, list, owner));
		else if (naming->terms)
			value = term_normal(value);
		return value;
	}
	return jld_is_object(value) ? name_node(naming, value, owner) : value;
}

/* Types, of which a label may be one. */
static JldValue *
name_types(Naming *naming, JldValue *types, const Owner *owner)
{
	JldValue   *named;

	if (!naming_has_labels(types) && !jld_is_array(types))
		return types;
	named = jld_new_array(types->n);
	for (int i = 0; i < types->n; i++)
	{
		JldValue   *type = types->u.items[i];

		jld_push(named, is_local_value(type) ?
				 jld_new_string(name_of_label(naming, type->u.string, owner)) : type);
	}
	return named;
}

static JldValue *
name_node(Naming *naming, JldValue *element, const Owner *owner)
{
	JldValue   *named = jld_new_object(element->n + 1);
	Owner		self = {.graph = owner->graph};

	jld_enter(naming->proc);
	self.id = name_of_node(naming, element, owner);
	name_check_iri(self.id);
	jld_put(named, JLD_STR("@id"), jld_new_string(self.id));

	for (int i = 0; i < element->n; i++)
	{
		JldMember  *m = &element->u.object.members[i];
		Owner		none = {.graph = owner->graph, .id = {"", 0}};

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@id") || jld_is(m->key, "@index"))
			continue;
		self.predicate = m->key;
		if (jld_is(m->key, "@type"))
			jld_put(named, m->key, name_types(naming, m->value, &self));
		else if (jld_is(m->key, "@graph"))
		{
			none.graph = self.id;
			jld_put(named, m->key, name_value(naming, m->value, &none));
		}
		else if (jld_is(m->key, "@included"))
			jld_put(named, m->key, name_value(naming, m->value, &none));
		else if (jld_is(m->key, "@reverse"))
		{
			JldValue   *reverse = jld_new_object(m->value->n);

			for (int k = 0; k < m->value->n; k++)
			{
				JldMember  *r = &m->value->u.object.members[k];

				self.predicate = jld_str_cat(JLD_STR("^"), r->key);
				jld_put(reverse, r->key, name_value(naming, r->value, &self));
			}
			jld_put(named, m->key, reverse);
		}
		else
			jld_put(named, m->key, name_value(naming, m->value, &self));
	}
	jld_leave(naming->proc);
	return named;
}

/* --- documents ------------------------------------------------------------ */

Naming *
naming_begin(JldProcessor *proc, bool by_content, bool terms)
{
	Naming	   *naming = palloc0(sizeof(Naming));

	naming->proc = proc;
	naming->by_content = by_content;
	naming->terms = terms;
	naming->places = jld_new_object(8);
	naming->position_size = naming->touched_size = 8;
	naming->position = palloc(sizeof(Position) * naming->position_size);
	naming->touched = palloc(sizeof(int) * naming->touched_size);
	naming->postponed = jld_new_array(0);
	naming->labels = jld_new_object(0);
	naming->given = jld_new_object(0);
	naming->label_size = naming->deferred_size = 8;
	naming->label = palloc(sizeof(Label) * naming->label_size);
	naming->deferred = palloc(sizeof(Deferred) * naming->deferred_size);
	return naming;
}

JldValue *
naming_element(Naming *naming, JldValue *element)
{
	if (!naming_has_labels(element))
		return name_value(naming, element, &nobody);
	jld_push(naming->postponed, element);
	return NULL;
}

static void
name_deferred(Naming *naming, int number)
{
	Deferred	d = naming->deferred[number];

	if (d.done)
		return;
	naming->deferred[number].done = true;
	d.array->u.items[d.place] = name_node(naming, d.element, &d.owner);
}

/* Names what waits for a label that has a name by now. */
static void
name_ready(Naming *naming)
{
	while (naming->ready != NIL)
	{
		int			number = linitial_int(naming->ready);
		List	   *deferred = naming->label[number].deferred;
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		naming->ready = list_delete_first(naming->ready);
		naming->label[number].deferred = NIL;
		foreach(lc, deferred)
			name_deferred(naming, lfirst_int(lc));
	}
}

JldValue *
naming_rest(Naming *naming)
{
	JldValue   *named;

	collect_labels(naming, naming->postponed);
	named = name_value(naming, naming->postponed, &nobody);
	name_ready(naming);
	/* nobody refers to what is left; more may come while it is named */
	for (int i = 0; i < naming->ndeferred; i++)
	{
		if (naming->deferred[i].done)
			continue;
		name_deferred(naming, i);
		name_ready(naming);
	}
	return named;
}

JldValue *
naming_document(Naming *naming, JldValue *expanded)
{
	JldValue   *named = jld_new_array(expanded->n);
	JldValue   *rest;
	int			next = 0;

	for (int i = 0; i < expanded->n; i++)
	{
		JldValue   *element = naming_element(naming, expanded->u.items[i]);

		jld_push(named, element ? element : &jld_null);
	}
	rest = naming_rest(naming);
	for (int i = 0; i < named->n; i++)
		if (named->u.items[i] == &jld_null)
			named->u.items[i] = rest->u.items[next++];
	return named;
}
