/*
 * rdf.c
 *		RDF terms and datasets, and what well-formed means for them.
 *
 * Owns the set of quads: an array in order of arrival and, beside it, a hash
 * table of positions that keeps out what is there already:
 *
 *		quads  [ q0 | q1 | q2 | ... ]
 *		hashes [ h0 | h1 | h2 | ... ]
 *		index  [ 0 | 2 | 0 | 1 | 3 | 0 | ... ]		(position + 1)
 *
 * It must not know how quads are made (tordf.c, nquads.c) or used.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"

#include "jsonld/rdf.h"

static uint32 hash_term(const RdfTerm *term);
static bool same_term(const RdfTerm *a, const RdfTerm *b);
static uint32 hash_quad(const RdfQuad *quad);
static bool same_quad(const RdfQuad *a, const RdfQuad *b);
static void grow_index(RdfDataset *dataset);
static int32 *find_slot(RdfDataset *dataset, const RdfQuad *quad, uint32 hash);
static bool is_authority(const char *p, const char *end);
static bool is_ip_literal(const char *p, const char *end);
static bool all_allowed(const char *p, const char *end, int classes,
						bool private_use);
static int	allowed_length(const char *p, const char *end, int classes,
						   bool private_use);

/* character classes of RFC 3986, independent of locale */
static inline bool
is_alpha(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_hex(unsigned char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/*
 * What ASCII characters are in an IRI.  0: what may not stand there, and "%",
 * which needs a look at what follows.
 */
#define IRI_PLAIN		0x01	/* unreserved and sub-delims */
#define IRI_COLON		0x02
#define IRI_AT			0x04
#define IRI_SLASH		0x08
#define IRI_QUESTION	0x10
#define IRI_ANY			0x1F

static const uint8 iri_class[128] = {
	['A'...'Z'] = IRI_PLAIN,['a'...'z'] = IRI_PLAIN,['0'...'9'] = IRI_PLAIN,
	['-'] = IRI_PLAIN,['.'] = IRI_PLAIN,['_'] = IRI_PLAIN,['~'] = IRI_PLAIN,
	['!'] = IRI_PLAIN,['$'] = IRI_PLAIN,['&'] = IRI_PLAIN,['\''] = IRI_PLAIN,
	['('] = IRI_PLAIN,[')'] = IRI_PLAIN,['*'] = IRI_PLAIN,['+'] = IRI_PLAIN,
	[','] = IRI_PLAIN,[';'] = IRI_PLAIN,['='] = IRI_PLAIN,
	[':'] = IRI_COLON,['@'] = IRI_AT,['/'] = IRI_SLASH,['?'] = IRI_QUESTION,
};

/* --- terms ---------------------------------------------------------------- */

RdfTerm
rdf_resource(JldStr id)
{
	RdfTerm		term = {jld_is_blank_node_id(id) ? RDF_BLANK : RDF_IRI, id};

	return term;
}

RdfTerm
rdf_literal(JldStr value, JldStr datatype)
{
	RdfTerm		term = {RDF_LITERAL, value, datatype};

	return term;
}

static uint32
hash_term(const RdfTerm *term)
{
	uint32		hash = jld_hash(term->value);

	if (term->kind == RDF_LITERAL)
	{
		hash = hash_combine(hash, jld_hash(term->datatype));
		hash = hash_combine(hash, jld_hash(term->language));
	}
	return hash_combine(hash, (uint32) term->kind);
}

static bool
same_term(const RdfTerm *a, const RdfTerm *b)
{
	return a->kind == b->kind && jld_eq(a->value, b->value) &&
		jld_eq(a->datatype, b->datatype) && jld_eq(a->language, b->language);
}

/* --- datasets ------------------------------------------------------------- */

RdfDataset *
rdf_dataset_create(int expected)
{
	RdfDataset *dataset = palloc(sizeof(RdfDataset));

	expected = Min(expected, PG_INT32_MAX / 8);
	dataset->n = 0;
	dataset->cap = Max(expected, 16);
	dataset->quads = jld_alloc_large(dataset->cap * sizeof(RdfQuad));
	dataset->hashes = jld_alloc_large(dataset->cap * sizeof(uint32));
	dataset->index_size = pg_nextpower2_32(dataset->cap * 2 + 2);
	dataset->index = jld_alloc_large(dataset->index_size * sizeof(int32));
	memset(dataset->index, 0, dataset->index_size * sizeof(int32));
	return dataset;
}

void
rdf_dataset_add(RdfDataset *dataset, const RdfQuad *quad)
{
	uint32		hash = hash_quad(quad);
	int32	   *slot = find_slot(dataset, quad, hash);

	if (*slot != 0)
		return;
	if (dataset->n == dataset->cap)
	{
		if (dataset->cap > PG_INT32_MAX / 4)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many RDF statements in one dataset")));
		dataset->cap *= 2;
		dataset->quads = repalloc_huge(dataset->quads,
									   dataset->cap * sizeof(RdfQuad));
		dataset->hashes = repalloc_huge(dataset->hashes,
										dataset->cap * sizeof(uint32));
	}
	dataset->quads[dataset->n] = *quad;
	dataset->hashes[dataset->n] = hash;
	*slot = ++dataset->n;
	if (dataset->n > dataset->index_size / 2)
		grow_index(dataset);
}

static void
grow_index(RdfDataset *dataset)
{
	uint32		mask;

	pfree(dataset->index);
	dataset->index_size *= 2;
	mask = dataset->index_size - 1;
	dataset->index = MemoryContextAllocExtended(CurrentMemoryContext,
												dataset->index_size * sizeof(int32),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < dataset->n; i++)
	{
		uint32		slot = dataset->hashes[i] & mask;

		while (dataset->index[slot] != 0)
			slot = (slot + 1) & mask;
		dataset->index[slot] = i + 1;
	}
}

/* Where quad stands in the index, or the free slot where it would stand. */
static int32 *
find_slot(RdfDataset *dataset, const RdfQuad *quad, uint32 hash)
{
	uint32		mask = dataset->index_size - 1;
	uint32		slot = hash & mask;

	for (; dataset->index[slot] != 0; slot = (slot + 1) & mask)
	{
		int			i = dataset->index[slot] - 1;

		if (dataset->hashes[i] == hash && same_quad(quad, &dataset->quads[i]))
			break;
	}
	return &dataset->index[slot];
}

static uint32
hash_quad(const RdfQuad *quad)
{
	uint32		hash = hash_term(&quad->subject);

	hash = hash_combine(hash, hash_term(&quad->predicate));
	hash = hash_combine(hash, hash_term(&quad->object));
	if (quad->graph.kind != RDF_NONE)
		hash = hash_combine(hash, hash_term(&quad->graph));
	return hash;
}

static bool
same_quad(const RdfQuad *a, const RdfQuad *b)
{
	return same_term(&a->object, &b->object) &&
		same_term(&a->subject, &b->subject) &&
		same_term(&a->predicate, &b->predicate) &&
		same_term(&a->graph, &b->graph);
}

/* --- well-formedness ------------------------------------------------------ */

/* IRI = scheme ":" ihier-part [ "?" iquery ] [ "#" ifragment ] (RFC 3987) */
bool
rdf_is_iri(JldStr s)
{
	const char *p = s.data;
	const char *end = s.data + s.len;
	const char *part;

	if (s.len == 0 || !is_alpha(*p))
		return false;
	while (p < end && (is_alpha(*p) || is_digit(*p) ||
					   *p == '+' || *p == '-' || *p == '.'))
		p++;
	if (p == end || *p != ':')
		return false;
	p++;

	if (end - p >= 2 && p[0] == '/' && p[1] == '/')
	{
		part = p += 2;
		while (p < end && *p != '/' && *p != '?' && *p != '#')
			p++;
		if (!is_authority(part, p))
			return false;
	}
	part = p;
	while (p < end && *p != '?' && *p != '#')
		p++;
	if (!all_allowed(part, p, IRI_PLAIN | IRI_COLON | IRI_AT | IRI_SLASH, false))
		return false;
	if (p < end && *p == '?')
	{
		part = ++p;
		while (p < end && *p != '#')
			p++;
		if (!all_allowed(part, p, IRI_ANY, true))
			return false;
	}
	return p == end || all_allowed(p + 1, end, IRI_ANY, false);
}

/* iauthority = [ iuserinfo "@" ] ihost [ ":" port ] */
static bool
is_authority(const char *p, const char *end)
{
	const char *at = memchr(p, '@', end - p);
	const char *host_end;

	if (at != NULL)
	{
		if (!all_allowed(p, at, IRI_PLAIN | IRI_COLON, false))
			return false;
		p = at + 1;
	}
	host_end = end;
	while (host_end > p && is_digit(host_end[-1]))
		host_end--;
	if (host_end > p && host_end[-1] == ':')
		host_end--;
	else
		host_end = end;
	if (p < host_end && *p == '[')
		return is_ip_literal(p, host_end);
	return all_allowed(p, host_end, IRI_PLAIN, false);
}

/*
 * IP-literal = "[" ( IPv6address / IPvFuture ) "]", by its characters: the
 * count of groups in an IPv6 address is not looked at.
 */
static bool
is_ip_literal(const char *p, const char *end)
{
	if (end - p < 4 || end[-1] != ']')
		return false;
	p++;
	end--;
	if (*p == 'v' || *p == 'V')
	{
		const char *version = ++p;

		while (p < end && is_hex(*p))
			p++;
		if (p == version || p == end || *p != '.' || p + 1 == end)
			return false;
		for (p++; p < end; p++)
			if (IS_HIGHBIT_SET(*p) || *p == '%' ||
				allowed_length(p, end, IRI_PLAIN | IRI_COLON, false) == 0)
				return false;
		return true;
	}
	for (; p < end; p++)
		if (!is_hex(*p) && *p != ':' && *p != '.')
			return false;
	return true;
}

/* Only characters of these classes, pct-encoded and those beyond ASCII? */
static bool
all_allowed(const char *p, const char *end, int classes, bool private_use)
{
	while (p < end)
	{
		int			len;

		if (!IS_HIGHBIT_SET(*p) && (iri_class[(unsigned char) *p] & classes))
		{
			p++;
			continue;
		}
		len = allowed_length(p, end, classes, private_use);
		if (len == 0)
			return false;
		p += len;
	}
	return true;
}

/* The length of the allowed character (or pct-encoded) at p, else 0. */
static int
allowed_length(const char *p, const char *end, int classes, bool private_use)
{
	unsigned char c = *p;
	pg_wchar	code;
	int			len;

	if (!IS_HIGHBIT_SET(c))
	{
		if (iri_class[c] & classes)
			return 1;
		if (c == '%' && end - p >= 3 && is_hex(p[1]) && is_hex(p[2]))
			return 3;
		return 0;
	}

	len = Min(pg_mblen(p), end - p);
	if (GetDatabaseEncoding() != PG_UTF8)
		return len;
	code = utf8_to_unicode((const unsigned char *) p);
	if ((code >= 0xA0 && code <= 0xD7FF) ||
		(code >= 0xF900 && code <= 0xFDCF) ||
		(code >= 0xFDF0 && code <= 0xFFEF) ||
		(code >= 0x10000 && code <= 0xEFFFD && (code & 0xFFFF) <= 0xFFFD &&
		 !(code >= 0xE0000 && code <= 0xE0FFF)))
		return len;
	if (private_use &&
		((code >= 0xE000 && code <= 0xF8FF) ||
		 (code >= 0xF0000 && code <= 0x10FFFD && (code & 0xFFFF) <= 0xFFFD)))
		return len;
	return 0;
}

bool
rdf_is_language_tag(JldStr s)
{
	int			length = 0;		/* of the subtag */
	bool		first = true;

	for (int i = 0; i < s.len; i++)
	{
		unsigned char c = s.data[i];

		if (c == '-')
		{
			if (length == 0)
				return false;
			length = 0;
			first = false;
		}
		else if (is_alpha(c) || (is_digit(c) && !first))
		{
			if (++length > 8)
				return false;
		}
		else
			return false;
	}
	return length > 0;
}
