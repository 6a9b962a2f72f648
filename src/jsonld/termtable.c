/*
 * termtable.c
 *		The term definitions of an active context, copy on write.
 *
 * Owns the map from term to definition.  A context that is derived from
 * another one (every @context, every scoped context) would copy all its
 * terms, and a document with many such contexts would cost the square of
 * its size; so a table is a layer over the table that it was cloned from:
 *
 *		clone of the clone	{ name }						 height 2
 *				|
 *		clone				{ knows, age (removed) }		 height 1
 *				|
 *		first context		{ name, age, homepage, ... }	 height 0
 *
 * A look-up goes down the layers.  When LAYERS_MAX would be passed the clone
 * is made flat instead, so that a look-up stays short; whoever derives
 * thousands of contexts in a chain pays one copy in LAYERS_MAX steps.
 *
 * What a term means is the first slot that a look-up finds, and nothing else:
 * one definition may stand in several layers (a protected term that is
 * defined again keeps its definition), so slots are told apart by their
 * place, never by what is in them.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "jsonld/process.h"

#define LAYERS_MAX		6

typedef struct TermTable
{
	struct TermTable *below;
	int			height;
	int			nterms;			/* visible terms of this and all below */
	int			nprotected;		/* protected ones among them */
	int			nown;			/* used slots of this layer */
	uint32		mask;			/* slots - 1 */
	TermDefinition **slots;		/* open addressing; NULL: no slots yet */
} TermTable;

static TermDefinition **own_slot(const TermTable *table, JldStr term, uint32 hash);
static TermDefinition **visible_slot(const TermTable *table, JldStr term, uint32 hash);
static void own_grow(TermTable *table, uint32 slots);
static void own_put(TermTable *table, TermDefinition *def);

TermTable *
termtable_clone(TermTable *below)
{
	TermTable  *table = palloc0(sizeof(TermTable));

	if (below == NULL)
		return table;
	table->nterms = below->nterms;
	table->nprotected = below->nprotected;
	if (below->nown == 0 && below->below)
		below = below->below;	/* an empty layer is not worth a step */
	if (below->height + 1 < LAYERS_MAX)
	{
		table->below = below;
		table->height = below->height + 1;
	}
	else
	{
		int			n;
		TermDefinition **all = termtable_all(below, &n);

		own_grow(table, pg_nextpower2_32(Max(n, 8) * 2));
		for (int i = 0; i < n; i++)
			own_put(table, all[i]);
		pfree(all);
	}
	return table;
}

/* the slot of this layer where term is, or where it would go */
static TermDefinition **
own_slot(const TermTable *table, JldStr term, uint32 hash)
{
	uint32		i = hash & table->mask;

	while (table->slots[i] &&
		   !(table->slots[i]->hash == hash && jld_eq(table->slots[i]->term, term)))
		i = (i + 1) & table->mask;
	return &table->slots[i];
}

static void
own_grow(TermTable *table, uint32 slots)
{
	TermDefinition **old = table->slots;
	uint32		nold = old ? table->mask + 1 : 0;

	table->slots = palloc0(sizeof(TermDefinition *) * slots);
	table->mask = slots - 1;
	for (uint32 i = 0; i < nold; i++)
		if (old[i])
			*own_slot(table, old[i]->term, old[i]->hash) = old[i];
	if (old)
		pfree(old);
}

/* into this layer, without the books */
static void
own_put(TermTable *table, TermDefinition *def)
{
	TermDefinition **slot;

	if (table->slots == NULL)
		own_grow(table, 8);
	slot = own_slot(table, def->term, def->hash);
	if (*slot == NULL)
	{
		if ((table->nown + 1) * 2 > table->mask + 1)
		{
			own_grow(table, (table->mask + 1) * 2);
			slot = own_slot(table, def->term, def->hash);
		}
		table->nown++;
	}
	*slot = def;
}

/* the slot that says what term is here, or NULL where no layer knows it */
static TermDefinition **
visible_slot(const TermTable *table, JldStr term, uint32 hash)
{
	for (; table; table = table->below)
	{
		TermDefinition **slot;

		if (table->slots == NULL)
			continue;
		slot = own_slot(table, term, hash);
		if (*slot)
			return slot;
	}
	return NULL;
}

TermDefinition *
termtable_get(const TermTable *table, JldStr term, uint32 hash)
{
	TermDefinition **slot = visible_slot(table, term, hash);

	return slot && !(*slot)->removed ? *slot : NULL;
}

void
termtable_put(TermTable *table, TermDefinition *def)
{
	TermDefinition *old = termtable_get(table, def->term, def->hash);

	if (old)
	{
		table->nterms--;
		table->nprotected -= old->protected ? 1 : 0;
	}
	if (!def->removed)
	{
		table->nterms++;
		table->nprotected += def->protected ? 1 : 0;
	}
	own_put(table, def);
}

int
termtable_count(const TermTable *table)
{
	return table->nterms;
}

bool
termtable_any_protected(const TermTable *table)
{
	return table->nprotected > 0;
}

TermDefinition **
termtable_all(const TermTable *table, int *n)
{
	TermDefinition **all = palloc(sizeof(TermDefinition *) * Max(table->nterms, 1));

	*n = 0;
	for (const TermTable *layer = table; layer; layer = layer->below)
	{
		for (uint32 i = 0; layer->slots && i <= layer->mask; i++)
		{
			TermDefinition *def = layer->slots[i];

			if (def && !def->removed &&
				visible_slot(table, def->term, def->hash) == &layer->slots[i])
			{
				if (*n == table->nterms)
					elog(ERROR, "a context has more than its %d terms", table->nterms);
				all[(*n)++] = def;
			}
		}
	}
	Assert(*n == table->nterms);
	return all;
}
