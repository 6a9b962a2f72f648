/*
 * canonize.c
 *		RDF Dataset Canonicalization (RDFC-1.0), and the SQL functions over it.
 *
 * Owns the way from a set of quads to the one text that all isomorphic sets
 * have.  Section numbers are those of the W3C Recommendation of 2024-05-21.
 * It works on quads and knows nothing of JSON-LD but how to get them.
 *
 *		quads --- Hash First Degree Quads ---> a hash for each blank node
 *			unique hash: the label is issued by the order of the hashes
 *			shared hash: Hash N-Degree Quads follows the quads from node to
 *						 node and takes the least of all paths
 *
 * A quad is written once, with gaps where its blank nodes go:
 *
 *		text  " <http://p>  <http://g> .\n"
 *		cut	  0 |		  | 12					(subject and object blank)
 *
 * so that a line with other labels is a copy of a few pieces.  Blank nodes
 * are numbers from here on.
 *
 * Hash N-Degree Quads is ndegree.c's.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "jsonld/canonize_impl.h"
#include "jsonld/nodemap.h"
#include "jsonld/nquads.h"
#include "upsert.h"

/* what each blank node adds to the budget: an honest dataset may be large */
#define WORK_PER_BLANK		20

/* what Hash N-Degree Quads answers for one of the nodes with a shared hash */
typedef struct PathResult
{
	char		hash[HASH_MAX_LENGTH];
	Issuer	   *issuer;
} PathResult;

static void to_utf8(RdfDataset *dataset);
static int	blank_number(CanonState *state, JldValue *numbers, JldStr label);
static void write_quads(CanonState *state, const RdfDataset *dataset);
static void collect_mentions(CanonState *state);
static void append_line(StringInfo out, const CanonQuad *quad,
						const JldStr labels[COMPONENTS]);
static void first_degree(CanonState *state, int blank, StringInfo buf);
static int	same_hash(CanonState *state, const int *blanks, int n);
static void issue_canonical(CanonState *state, int blank);
static void settle_shared(CanonState *state, const int *blanks, int n);

/* --- small parts ---------------------------------------------------------- */

static int
compare_strs(const void *a, const void *b)
{
	return jld_cmp(*(const JldStr *) a, *(const JldStr *) b);
}

/* numbers of blank nodes by first degree hash; equal ones as they came */
static int
compare_blanks(const void *a, const void *b, void *arg)
{
	const CanonBlank *blanks = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;
	int			cmp = memcmp(blanks[x].hash, blanks[y].hash, HASH_MAX_LENGTH);

	return cmp != 0 ? cmp : x - y;
}

/* --- the canonicalization state ------------------------------------------- */

/* 4.4.3 */
CanonState *
rdf_canonize(JldProcessor *proc, RdfDataset *dataset)
{
	CanonState *state = palloc0(sizeof(CanonState));
	StringInfoData buf;
	int		   *order;

	state->proc = proc;
	state->kind = proc->options.hashAlgorithm;
	state->hash_length = 2 * digest_length(state->kind);

	/* 1), 2) */
	to_utf8(dataset);
	write_quads(state, dataset);
	collect_mentions(state);
	state->max_work = jld_max_work() + (int64) WORK_PER_BLANK * state->nblanks;

	/* 3) */
	initStringInfo(&buf);
	order = jld_alloc(sizeof(int) * Max(state->nblanks, 1));
	for (int i = 0; i < state->nblanks; i++)
	{
		first_degree(state, i, &buf);
		order[i] = i;
	}
	pfree(buf.data);
	qsort_arg(order, state->nblanks, sizeof(int), compare_blanks, state->blanks);

	/* 4) those with a hash of their own, then 5) those that share one */
	for (int shared = 0; shared <= 1; shared++)
		for (int i = 0, n; i < state->nblanks; i += n)
		{
			n = same_hash(state, order + i, state->nblanks - i);
			if (n == 1 && !shared)
				issue_canonical(state, order[i]);
			else if (n > 1 && shared)
				settle_shared(state, order + i, n);
		}
	return state;
}

/* how many of the n nodes have the hash of the first */
static int
same_hash(CanonState *state, const int *blanks, int n)
{
	int			same = 1;

	while (same < n && memcmp(state->blanks[blanks[0]].hash,
							  state->blanks[blanks[same]].hash,
							  HASH_MAX_LENGTH) == 0)
		same++;
	return same;
}

/* in an encoding of its own code points would not be in order */
static void
to_utf8(RdfDataset *dataset)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return;
	for (int i = 0; i < dataset->n; i++)
	{
		RdfQuad    *quad = &dataset->quads[i];
		JldStr	   *strings[] = {&quad->subject.value, &quad->predicate.value,
		&quad->object.value, &quad->object.datatype, &quad->graph.value};

		for (int k = 0; k < lengthof(strings); k++)
			if (strings[k]->len > 0)
				*strings[k] = jld_str(pg_server_to_any(jld_cstr(*strings[k]),
													   strings[k]->len, PG_UTF8));
	}
}

/* the number of the blank node with this label, a new one if need be */
static int
blank_number(CanonState *state, JldValue *numbers, JldStr label)
{
	int			number = jld_find(numbers, label);

	if (number >= 0)
		return number;
	jld_append(numbers, label, &jld_null);
	return state->nblanks++;
}

/* every quad with gaps where its blank nodes go; counts these */
static void
write_quads(CanonState *state, const RdfDataset *dataset)
{
	JldValue   *numbers = jld_new_object(16);
	StringInfoData buf;

	initStringInfo(&buf);
	state->nquads = dataset->n;
	state->quads = palloc_extended(sizeof(CanonQuad) * Max(dataset->n, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < dataset->n; i++)
	{
		const RdfQuad *from = &dataset->quads[i];
		const RdfTerm *components[COMPONENTS] = {&from->subject, &from->object, &from->graph};
		CanonQuad  *quad = &state->quads[i];

		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&buf);
		quad->predicate = from->predicate.value;
		for (int k = 0; k < COMPONENTS; k++)
		{
			quad->cut[k] = buf.len;
			quad->blank[k] = -1;
			if (components[k]->kind == RDF_BLANK)
				quad->blank[k] = blank_number(state, numbers, components[k]->value);
			else if (components[k]->kind != RDF_NONE)
				nquads_append_term(&buf, components[k]);
			if (components[k]->kind != RDF_NONE)
				appendStringInfoCharMacro(&buf, ' ');
			if (k == 0)
			{
				nquads_append_term(&buf, &from->predicate);
				appendStringInfoCharMacro(&buf, ' ');
			}
		}
		appendStringInfoString(&buf, ".\n");
		quad->len = buf.len;
		quad->text = jld_alloc(buf.len);
		memcpy(quad->text, buf.data, buf.len);
	}
	pfree(buf.data);

	state->blanks = palloc_extended(sizeof(CanonBlank) * Max(state->nblanks, 1),
									MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < state->nblanks; i++)
	{
		state->blanks[i].label = numbers->u.object.members[i].key;
		state->blanks[i].canonical = -1;
	}
}

/* is this the first place of its blank node in the quad? */
static inline bool
is_first_mention(const CanonQuad *quad, int k)
{
	for (int i = 0; i < k; i++)
		if (quad->blank[i] == quad->blank[k])
			return false;
	return quad->blank[k] >= 0;
}

/* the blank node to quads map */
static void
collect_mentions(CanonState *state)
{
	int			total = 0;

	for (int i = 0; i < state->nquads; i++)
		for (int k = 0; k < COMPONENTS; k++)
			if (is_first_mention(&state->quads[i], k))
				state->blanks[state->quads[i].blank[k]].nmentions++;
	for (int i = 0; i < state->nblanks; i++)
	{
		state->blanks[i].mentions = total;
		total += state->blanks[i].nmentions;
		state->blanks[i].nmentions = 0;
	}
	state->mentions = palloc_extended(sizeof(int) * Max(total, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < state->nquads; i++)
		for (int k = 0; k < COMPONENTS; k++)
			if (is_first_mention(&state->quads[i], k))
			{
				CanonBlank *blank = &state->blanks[state->quads[i].blank[k]];

				state->mentions[blank->mentions + blank->nmentions++] = i;
			}
}

/* the statement of quad, with labels in its gaps */
static void
append_line(StringInfo out, const CanonQuad *quad, const JldStr labels[COMPONENTS])
{
	int			done = 0;

	for (int k = 0; k < COMPONENTS; k++)
		if (quad->blank[k] >= 0)
		{
			appendBinaryStringInfo(out, quad->text + done, quad->cut[k] - done);
			appendBinaryStringInfo(out, labels[k].data, labels[k].len);
			done = quad->cut[k];
		}
	appendBinaryStringInfo(out, quad->text + done, quad->len - done);
}

void
canon_hash(CanonState *state, const char *text, int len, char *hash)
{
	uint8		digest[DIGEST_MAX_LENGTH];

	digest_compute(state->kind, text, len, digest);
	hex_encode((const char *) digest, digest_length(state->kind), hash);
}

/* 4.6.3 */
static void
first_degree(CanonState *state, int blank, StringInfo buf)
{
	CanonBlank *self = &state->blanks[blank];
	JldStr	   *lines = palloc_extended(sizeof(JldStr) * self->nmentions, MCXT_ALLOC_HUGE);
	int			len;
	int			start = 0;

	CHECK_FOR_INTERRUPTS();
	resetStringInfo(buf);
	for (int i = 0; i < self->nmentions; i++)
	{
		CanonQuad  *quad = &state->quads[state->mentions[self->mentions + i]];
		JldStr		labels[COMPONENTS];

		for (int k = 0; k < COMPONENTS; k++)
			labels[k] = quad->blank[k] == blank ? JLD_STR("_:a") : JLD_STR("_:z");
		append_line(buf, quad, labels);
		lines[i].len = buf->len - start;
		start = buf->len;
	}

	/* the lines in order, behind themselves */
	len = buf->len;
	enlargeStringInfo(buf, len);
	start = 0;
	for (int i = 0; i < self->nmentions; i++)
	{
		lines[i].data = buf->data + start;
		start += lines[i].len;
	}
	qsort(lines, self->nmentions, sizeof(JldStr), compare_strs);
	for (int i = 0; i < self->nmentions; i++)
		appendBinaryStringInfo(buf, lines[i].data, lines[i].len);
	canon_hash(state, buf->data + len, len, self->hash);
	pfree(lines);
}

static void
issue_canonical(CanonState *state, int blank)
{
	if (state->blanks[blank].canonical < 0)
		state->blanks[blank].canonical = state->issued++;
}

static int
compare_results(const void *a, const void *b)
{
	return memcmp(((const PathResult *) a)->hash, ((const PathResult *) b)->hash,
				  HASH_MAX_LENGTH);
}

/* 4.4.3, 5): the nodes of one shared hash */
static void
settle_shared(CanonState *state, const int *blanks, int n)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "RDF canonicalization",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PathResult *results = palloc_extended(sizeof(PathResult) * n,
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int			nresults = 0;

	/* 5.2) */
	for (int i = 0; i < n; i++)
	{
		PathResult *result = &results[nresults];

		if (state->blanks[blanks[i]].canonical >= 0)
			continue;
		result->issuer = canon_n_degree(state, blanks[i], issuer_create(blanks[i]),
										scratch, result->hash);
		nresults++;
	}
	/* 5.3) */
	qsort(results, nresults, sizeof(PathResult), compare_results);
	for (int i = 0; i < nresults; i++)
		for (int k = 0; k < results[i].issuer->n; k++)
			issue_canonical(state, results[i].issuer->order[k]);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* --- what comes out ------------------------------------------------------- */

/* 5, in code point order, which for UTF-8 is that of bytes */
text *
rdf_canonical_text(CanonState *state)
{
	JldStr	   *lines = palloc_extended(sizeof(JldStr) * Max(state->nquads, 1), MCXT_ALLOC_HUGE);
	StringInfoData buf;
	StringInfoData out;

	initStringInfo(&buf);
	initStringInfo(&out);
	for (int i = 0; i < state->nquads; i++)
	{
		CanonQuad  *quad = &state->quads[i];
		JldStr		labels[COMPONENTS];
		char		bufs[COMPONENTS][32];

		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&buf);
		for (int k = 0; k < COMPONENTS; k++)
			if (quad->blank[k] >= 0)
				labels[k] = canon_label(bufs[k], state->blanks[quad->blank[k]].canonical);
		append_line(&buf, quad, labels);
		jld_output(state->proc, buf.len);
		lines[i] = jld_str_copy((JldStr) {buf.data, buf.len});
	}
	qsort(lines, state->nquads, sizeof(JldStr), compare_strs);
	for (int i = 0; i < state->nquads; i++)
		appendBinaryStringInfo(&out, lines[i].data, lines[i].len);
	if (GetDatabaseEncoding() != PG_UTF8)
		return cstring_to_text(pg_any_to_server(out.data, out.len, PG_UTF8));
	return cstring_to_text_with_len(out.data, out.len);
}

JldValue *
rdf_canonical_labels(CanonState *state)
{
	JldValue   *labels = jld_new_object(state->nblanks);

	for (int i = 0; i < state->nblanks; i++)
	{
		CanonBlank *blank = &state->blanks[i];
		char		buf[32];
		JldStr		to = canon_label(buf, blank->canonical);
		JldStr		from = {blank->label.data + 2, blank->label.len - 2};

		if (GetDatabaseEncoding() != PG_UTF8)
			from = jld_str(pg_any_to_server(jld_cstr(from), from.len, PG_UTF8));
		jld_output(state->proc, from.len + to.len + 8);
		jld_append(labels, from,
				   jld_new_string(jld_str_copy((JldStr) {to.data + 2, to.len - 2})));
	}
	return labels;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(rdf_canonize_sql);
PG_FUNCTION_INFO_V1(rdf_canonical_labels_sql);
PG_FUNCTION_INFO_V1(jsonld_canonize_sql);
PG_FUNCTION_INFO_V1(jsonld_canonize_inline_sql);

/* the arguments (nquads text, options jsonb) */
static CanonState *
canonize_nquads(FunctionCallInfo fcinfo, JldProcessor *proc)
{
	text	   *nquads = PG_GETARG_TEXT_PP(0);

	jsonld_begin_call(proc, argument_jsonb(fcinfo, 1), JLD_CALL_RDF_CANONIZE);
	return rdf_canonize(proc, nquads_parse(VARDATA_ANY(nquads),
										   VARSIZE_ANY_EXHDR(nquads), NQUADS_NUL));
}

/* the arguments (doc jsonb, options jsonb) */
static Datum
canonize_document(FunctionCallInfo fcinfo, bool is_inline)
{
	JldProcessor proc;
	JldValue   *doc;
	CanonState *state;
	MemoryContext work;
	MemoryContext old;
	text	   *result;
	text	   *copy;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	work = AllocSetContextCreate(CurrentMemoryContext, "jsonld_canonize",
								 ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	jsonld_begin_call(&proc, argument_jsonb(fcinfo, 1), JLD_CALL_CANONIZE);
	proc.options.inlineContexts = is_inline;
	doc = jsonld_expand(&proc, jld_from_jsonb(PG_GETARG_JSONB_P(0)));
	state = rdf_canonize(&proc, jsonld_to_rdf(&proc, doc));
	result = rdf_canonical_text(state);
	MemoryContextSwitchTo(old);
	copy = palloc_extended(VARSIZE(result), MCXT_ALLOC_HUGE);
	memcpy(copy, result, VARSIZE(result));
	MemoryContextDelete(work);
	PG_RETURN_TEXT_P(copy);
}

/* rdf_canonize(nquads text, options jsonb) → text */
Datum
rdf_canonize_sql(PG_FUNCTION_ARGS)
{
	JldProcessor proc;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(rdf_canonical_text(canonize_nquads(fcinfo, &proc)));
}

/* rdf_canonical_labels(nquads text, options jsonb) → jsonb */
Datum
rdf_canonical_labels_sql(PG_FUNCTION_ARGS)
{
	JldProcessor proc;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(jld_to_jsonb(rdf_canonical_labels(canonize_nquads(fcinfo, &proc))));
}

/* jsonld_canonize(doc jsonb, options jsonb) → text */
Datum
jsonld_canonize_sql(PG_FUNCTION_ARGS)
{
	return canonize_document(fcinfo, false);
}

/* jsonld_canonize_inline(doc jsonb, options jsonb) → text */
Datum
jsonld_canonize_inline_sql(PG_FUNCTION_ARGS)
{
	return canonize_document(fcinfo, true);
}
