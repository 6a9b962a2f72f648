/*
 * ndegree.c
 *		Hash N-Degree Quads of RDF Dataset Canonicalization (RDFC-1.0).
 *
 * Owns what tells blank nodes apart of which the same is said: paths from
 * node to node, with labels by the order of the visit, of which the least is
 * taken.  Section numbers are those of the W3C Recommendation of 2024-05-21.
 *
 *		node -> related nodes, by hash -> each order of those with one hash
 *			 -> path "_:b1_:b2<hash>..." and the issuer that it makes
 *
 * The least path is looked for among all orders, and each step may ask for
 * the same of other nodes: a small graph made for it costs more than there is
 * time.  Hence a budget of steps, and memory that is given back when a branch
 * is left.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "jsonld/canonize_impl.h"

/* a related blank node and the hash it is related by; an entry of Hn */
typedef struct Related
{
	char		hash[HASH_MAX_LENGTH];
	int			blank;
	int			seq;			/* keeps the order of quads among equals */
} Related;

static int	collect_related(CanonState *state, int blank, const Issuer *issuer,
							Related **out);
static bool try_order(CanonState *state, const Related *related,
					  const int *order, int n, Issuer *issuer,
					  MemoryContext keep, const StringInfo chosen,
					  StringInfo path, Issuer **issued);
static Issuer *best_order(CanonState *state, const Related *related, int n,
						  Issuer *issuer, MemoryContext keep, StringInfo data);
static bool next_order(int *order, int n);

static void
spend(CanonState *state, int steps)
{
	CHECK_FOR_INTERRUPTS();
	state->work += steps;
	if (state->work > state->max_work)
		jld_limit_work(state->proc);
}

static JldStr
temporary_label(char *buf, int number)
{
	return (JldStr) {buf, sprintf(buf, "_:b%d", number)};
}

/* --- issuers -------------------------------------------------------------- */

static void
issuer_index(Issuer *issuer, int place)
{
	uint32		mask = issuer->slots - 1;
	uint32		slot = (uint32) issuer->order[place] * 2654435761U & mask;

	while (issuer->index[slot] != 0)
		slot = (slot + 1) & mask;
	issuer->index[slot] = place + 1;
}

/* the number of blank's temporary label, or -1 */
static int
issuer_find(const Issuer *issuer, int blank)
{
	if (issuer->slots > 0)
	{
		uint32		mask = issuer->slots - 1;
		uint32		slot = (uint32) blank * 2654435761U & mask;
		int			place;

		for (; (place = issuer->index[slot]) != 0; slot = (slot + 1) & mask)
			if (issuer->order[place - 1] == blank)
				return place - 1;
		return -1;
	}
	for (int i = 0; i < issuer->n; i++)
		if (issuer->order[i] == blank)
			return i;
	return -1;
}

/* blank's number, a new one if need be */
static int
issuer_issue(Issuer *issuer, int blank)
{
	int			place = issuer_find(issuer, blank);

	if (place >= 0)
		return place;
	if (issuer->n == issuer->cap)
	{
		issuer->cap *= 2;
		issuer->order = repalloc(issuer->order, sizeof(int) * issuer->cap);
	}
	place = issuer->n++;
	issuer->order[place] = blank;
	if (issuer->n <= ISSUER_LINEAR_MAX)
		return place;
	if (issuer->n * 2 > issuer->slots)
	{
		if (issuer->index)
			pfree(issuer->index);
		issuer->slots = Max(issuer->slots * 2, ISSUER_LINEAR_MAX * 4);
		issuer->index = MemoryContextAllocZero(issuer->mcxt, sizeof(int) * issuer->slots);
		for (int i = 0; i < issuer->n; i++)
			issuer_index(issuer, i);
	}
	else
		issuer_index(issuer, place);
	return place;
}

static Issuer *
issuer_copy(const Issuer *issuer)
{
	Issuer	   *copy = palloc(sizeof(Issuer));

	*copy = *issuer;
	copy->mcxt = CurrentMemoryContext;
	copy->order = palloc(sizeof(int) * copy->cap);
	memcpy(copy->order, issuer->order, sizeof(int) * copy->n);
	if (copy->slots > 0)
	{
		copy->index = palloc(sizeof(int) * copy->slots);
		memcpy(copy->index, issuer->index, sizeof(int) * copy->slots);
	}
	return copy;
}

Issuer *
issuer_create(int blank)
{
	Issuer	   *issuer = palloc0(sizeof(Issuer));

	issuer->mcxt = CurrentMemoryContext;
	issuer->cap = ISSUER_LINEAR_MAX;
	issuer->order = palloc(sizeof(int) * issuer->cap);
	issuer->order[0] = blank;
	issuer->n = 1;
	return issuer;
}

/* --- Hash N-Degree Quads -------------------------------------------------- */

static int
compare_related(const void *a, const void *b)
{
	const Related *x = a;
	const Related *y = b;
	int			cmp = memcmp(x->hash, y->hash, HASH_MAX_LENGTH);

	return cmp != 0 ? cmp : x->seq - y->seq;
}

/*
 * 4.8.3, in a memory context of its own.  Where there is but one order of
 * related nodes, as along a chain, the issuer goes from hand to hand; where
 * there are more, each gets a copy.
 */
Issuer *
canon_n_degree(CanonState *state, int blank, Issuer *issuer, MemoryContext keep,
			   char *hash)
{
	MemoryContext work;
	MemoryContext old;
	StringInfoData data;
	Related    *related;
	int			n;

	/* deep is not wrong, but there is no stack for it */
	if (stack_is_too_deep())
		jld_limit_work(state->proc);

	work = AllocSetContextCreate(CurrentMemoryContext, "Hash N-Degree Quads",
								 ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(work);
	/* 1) to 3) */
	n = collect_related(state, blank, issuer, &related);
	qsort(related, n, sizeof(Related), compare_related);

	/* 4), 5) */
	initStringInfo(&data);
	for (int i = 0, run; i < n; i += run)
	{
		for (run = 1; i + run < n; run++)
			if (memcmp(related[i].hash, related[i + run].hash, HASH_MAX_LENGTH) != 0)
				break;
		appendBinaryStringInfo(&data, related[i].hash, state->hash_length);
		issuer = best_order(state, related + i, run, issuer, keep, &data);
	}

	/* 6) */
	canon_hash(state, data.data, data.len, hash);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return issuer;
}

/* 3) the related blank nodes, with duplicates; answers how many */
static int
collect_related(CanonState *state, int blank, const Issuer *issuer, Related **out)
{
	static const char positions[COMPONENTS] = {'s', 'o', 'g'};
	CanonBlank *self = &state->blanks[blank];
	Related    *related = palloc0(sizeof(Related) * self->nmentions * COMPONENTS);
	StringInfoData input;
	int			n = 0;

	initStringInfo(&input);
	for (int i = 0; i < self->nmentions; i++)
	{
		CanonQuad  *quad = &state->quads[state->mentions[self->mentions + i]];

		for (int k = 0; k < COMPONENTS; k++)
		{
			CanonBlank *other;
			char		label[32];
			int			number;

			if (quad->blank[k] < 0 || quad->blank[k] == blank)
				continue;
			spend(state, 1);

			/* 4.7.3, Hash Related Blank Node */
			other = &state->blanks[quad->blank[k]];
			resetStringInfo(&input);
			appendStringInfoChar(&input, positions[k]);
			if (positions[k] != 'g')
			{
				appendStringInfoChar(&input, '<');
				appendBinaryStringInfo(&input, quad->predicate.data, quad->predicate.len);
				appendStringInfoChar(&input, '>');
			}
			if (other->canonical >= 0)
				appendStringInfoString(&input, canon_label(label, other->canonical).data);
			else if ((number = issuer_find(issuer, quad->blank[k])) >= 0)
				appendStringInfoString(&input, temporary_label(label, number).data);
			else
				appendBinaryStringInfo(&input, other->hash, state->hash_length);
			canon_hash(state, input.data, input.len, related[n].hash);
			related[n].blank = quad->blank[k];
			related[n].seq = n;
			n++;
		}
	}
	*out = related;
	return n;
}

/*
 * 5.4), 5.5), 5.6) for the n nodes of one related hash: appends the least path
 * to data and answers its issuer.
 */
static Issuer *
best_order(CanonState *state, const Related *related, int n, Issuer *issuer,
		   MemoryContext keep, StringInfo data)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext attempt;
	StringInfoData chosen = {0};
	Issuer	   *chosen_issuer = NULL;
	int		   *order = palloc0(sizeof(int) * n);

	if (n == 1)
	{
		(void) try_order(state, related, order, 1, issuer, keep, &chosen, data, &issuer);
		return issuer;
	}

	for (int i = 0; i < n; i++)
		order[i] = i;
	initStringInfo(&chosen);
	attempt = AllocSetContextCreate(caller, "path", ALLOCSET_SMALL_SIZES);
	do
	{
		StringInfoData path;
		Issuer	   *issued;

		MemoryContextReset(attempt);
		MemoryContextSwitchTo(attempt);
		initStringInfo(&path);
		spend(state, 1 + issuer->n / 16);
		if (try_order(state, related, order, n, issuer_copy(issuer), attempt,
					  &chosen, &path, &issued) &&
			(chosen_issuer == NULL ||
			 jld_cmp((JldStr) {path.data, path.len},
					 (JldStr) {chosen.data, chosen.len}) < 0))
		{
			MemoryContextSwitchTo(caller);
			chosen_issuer = issuer_copy(issued);
			resetStringInfo(&chosen);
			appendBinaryStringInfo(&chosen, path.data, path.len);
		}
		MemoryContextSwitchTo(caller);
	} while (next_order(order, n));
	MemoryContextDelete(attempt);
	appendBinaryStringInfo(data, chosen.data, chosen.len);
	MemoryContextSwitchTo(keep);
	chosen_issuer = issuer_copy(chosen_issuer);
	MemoryContextSwitchTo(caller);
	return chosen_issuer;
}

/* can path no longer be less than chosen? */
static inline bool
is_hopeless(const StringInfo path, const StringInfo chosen)
{
	return chosen->len > 0 && path->len >= chosen->len &&
		jld_cmp((JldStr) {path->data, path->len},
				(JldStr) {chosen->data, chosen->len}) > 0;
}

/*
 * 5.4) for one order; false where another one was better already.  Appends to
 * path; *issued is what became of issuer.
 */
static bool
try_order(CanonState *state, const Related *related, const int *order, int n,
		  Issuer *issuer, MemoryContext keep, const StringInfo chosen,
		  StringInfo path, Issuer **issued)
{
	int		   *recursion = palloc(sizeof(int) * n);
	int			nrecursion = 0;
	char		label[32];

	/* 5.4.1) to 5.4.4) */
	for (int i = 0; i < n; i++)
	{
		int			blank = related[order[i]].blank;
		int			canonical = state->blanks[blank].canonical;

		spend(state, 1);
		if (canonical >= 0)
			appendStringInfoString(path, canon_label(label, canonical).data);
		else
		{
			if (issuer_find(issuer, blank) < 0)
				recursion[nrecursion++] = blank;
			appendStringInfoString(path,
								   temporary_label(label, issuer_issue(issuer, blank)).data);
		}
		if (is_hopeless(path, chosen))
			return false;
	}

	/* 5.4.5) */
	for (int i = 0; i < nrecursion; i++)
	{
		char		hash[HASH_MAX_LENGTH] = {0};
		int			number = issuer_find(issuer, recursion[i]);
		Issuer	   *result = canon_n_degree(state, recursion[i], issuer, keep, hash);

		appendStringInfoString(path, temporary_label(label, number).data);
		appendStringInfoChar(path, '<');
		appendBinaryStringInfo(path, hash, state->hash_length);
		appendStringInfoChar(path, '>');
		issuer = result;
		if (is_hopeless(path, chosen))
			return false;
	}
	*issued = issuer;
	return true;
}

static inline void
swap(int *a, int *b)
{
	int			was = *a;

	*a = *b;
	*b = was;
}

/* the next order of n numbers by dictionary; false after the last */
static bool
next_order(int *order, int n)
{
	int			i = n - 2;
	int			k = n - 1;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[k] < order[i])
		k--;
	swap(&order[i], &order[k]);
	for (i++, k = n - 1; i < k; i++, k--)
		swap(&order[i], &order[k]);
	return true;
}
