/*
 * iri.c
 *		Parse, resolve and relativize IRI references.
 *
 * Owns RFC 3986 section 5.2 (with the errata) in the reading of RFC 3987
 * section 6.5: bytes above 0x7F are ordinary characters.  Knows nothing of
 * contexts.  No syntax-based normalization but the removal of dot segments,
 * which is part of resolution.
 *
 *		 foo://example.com:8042/over/there?name=ferret#nose
 *		 \_/   \______________/\_________/ \_________/ \__/
 *		scheme     authority       path        query   fragment
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "jsonld/iri.h"

static JldStr remove_dot_segments(JldStr path);
static JldStr merge_paths(const IriParts *base, JldStr path);
static JldStr recompose(const IriParts *parts);

static inline JldStr
sub(JldStr s, int from, int to)
{
	return (JldStr) {s.data + from, to - from};
}

static inline bool
is_scheme_char(unsigned char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.');
}

/* the length of the scheme at the start of s, 0 where there is none */
static int
scheme_length(JldStr s)
{
	int			i = 0;

	while (i < s.len && is_scheme_char(s.data[i], i == 0))
		i++;
	return i < s.len && s.data[i] == ':' ? i : 0;
}

void
iri_parse(JldStr iri, IriParts *parts)
{
	int			pos = scheme_length(iri);
	int			end = iri.len;
	const char *hash;
	const char *question;

	memset(parts, 0, sizeof(IriParts));
	if (pos > 0)
	{
		parts->scheme = sub(iri, 0, pos);
		pos++;
	}
	hash = memchr(iri.data + pos, '#', end - pos);
	if (hash)
	{
		parts->fragment = sub(iri, hash - iri.data + 1, end);
		end = hash - iri.data;
	}
	question = memchr(iri.data + pos, '?', end - pos);
	if (question)
	{
		parts->query = sub(iri, question - iri.data + 1, end);
		end = question - iri.data;
	}
	if (end - pos >= 2 && iri.data[pos] == '/' && iri.data[pos + 1] == '/')
	{
		const char *slash;
		int			start = pos + 2;

		slash = memchr(iri.data + start, '/', end - start);
		pos = slash ? slash - iri.data : end;
		parts->authority = sub(iri, start, pos);
	}
	parts->path = sub(iri, pos, end);
}

bool
iri_has_scheme(JldStr s)
{
	return scheme_length(s) > 0;
}

bool
iri_is_absolute(JldStr s)
{
	if (!iri_has_scheme(s))
		return false;
	for (int i = 0; i < s.len; i++)
		if ((unsigned char) s.data[i] <= ' ' || s.data[i] == 0x7F)
			return false;
	return true;
}

JldStr
iri_resolve(JldStr base, JldStr ref)
{
	IriParts	b;
	IriParts	r;
	IriParts	t;

	iri_parse(base, &b);
	iri_parse(ref, &r);

	/* RFC 3986 5.2.2, in its order */
	t.fragment = r.fragment;
	if (r.scheme.data)
	{
		t.scheme = r.scheme;
		t.authority = r.authority;
		t.path = remove_dot_segments(r.path);
		t.query = r.query;
		return recompose(&t);
	}
	t.scheme = b.scheme;
	if (r.authority.data)
	{
		t.authority = r.authority;
		t.path = remove_dot_segments(r.path);
		t.query = r.query;
		return recompose(&t);
	}
	t.authority = b.authority;
	if (r.path.len == 0)
	{
		t.path = b.path;
		t.query = r.query.data ? r.query : b.query;
	}
	else
	{
		if (r.path.data[0] == '/')
			t.path = remove_dot_segments(r.path);
		else
			t.path = remove_dot_segments(merge_paths(&b, r.path));
		t.query = r.query;
	}
	return recompose(&t);
}

/* RFC 3986 5.2.3 */
static JldStr
merge_paths(const IriParts *base, JldStr path)
{
	int			keep = base->path.len;

	if (base->authority.data && base->path.len == 0)
		return jld_str_cat(JLD_STR("/"), path);
	while (keep > 0 && base->path.data[keep - 1] != '/')
		keep--;
	return jld_str_cat(sub(base->path, 0, keep), path);
}

/* does s at pos begin with the literal, and if whole, end there? */
static inline bool
at(JldStr s, int pos, const char *lit, int len, bool whole)
{
	return (whole ? s.len - pos == len : s.len - pos >= len) &&
		memcmp(s.data + pos, lit, len) == 0;
}

/* RFC 3986 5.2.4; linear: out only ever loses what it got */
static JldStr
remove_dot_segments(JldStr path)
{
	char	   *out;
	int			len = 0;
	int			pos = 0;
	bool		slash = false;	/* the input begins with a "/" put there by a
								 * rule, standing for the byte before pos */

	if (memchr(path.data, '.', path.len) == NULL)
		return path;
	out = jld_alloc(path.len + 1);
	while (pos < path.len || slash)
	{
		int			p = slash ? pos - 1 : pos;	/* where the segment's "/" is */

		slash = false;
		if (p == pos && at(path, p, "../", 3, false))
			pos = p + 3;		/* A */
		else if (p == pos && at(path, p, "./", 2, false))
			pos = p + 2;
		else if (at(path, p, "/./", 3, false))
		{
			pos = p + 3;		/* B */
			slash = true;
		}
		else if (at(path, p, "/.", 2, true))
		{
			out[len++] = '/';
			pos = path.len;
		}
		else if (at(path, p, "/../", 4, false) || at(path, p, "/..", 3, true))
		{
			bool		last = path.len - p == 3;	/* C */

			while (len > 0 && out[len - 1] != '/')
				len--;
			if (len > 0)
				len--;
			if (last)
			{
				out[len++] = '/';
				pos = path.len;
			}
			else
			{
				pos = p + 4;
				slash = true;
			}
		}
		else if (p == pos && (at(path, p, ".", 1, true) || at(path, p, "..", 2, true)))
			pos = path.len;		/* D */
		else
		{
			int			end = p;	/* E: the first segment, with its "/" */

			if (path.data[end] == '/')
				end++;
			while (end < path.len && path.data[end] != '/')
				end++;
			memcpy(out + len, path.data + p, end - p);
			len += end - p;
			pos = end;
		}
	}
	return (JldStr) {out, len};
}

static inline char *
append(char *to, JldStr s)
{
	if (s.len > 0)
		memcpy(to, s.data, s.len);
	return to + s.len;
}

/* RFC 3986 5.3 */
static JldStr
recompose(const IriParts *parts)
{
	int			len = parts->scheme.len + parts->authority.len + parts->path.len +
	parts->query.len + parts->fragment.len + 5;
	char	   *iri = jld_alloc(len);
	char	   *end = iri;

	if (parts->scheme.data)
	{
		end = append(end, parts->scheme);
		*end++ = ':';
	}
	if (parts->authority.data)
	{
		end = append(end, JLD_STR("//"));
		end = append(end, parts->authority);
	}
	end = append(end, parts->path);
	if (parts->query.data)
	{
		*end++ = '?';
		end = append(end, parts->query);
	}
	if (parts->fragment.data)
	{
		*end++ = '#';
		end = append(end, parts->fragment);
	}
	return (JldStr) {iri, end - iri};
}

/* the position after the last "/" of path, 0 where there is none */
static int
directory_length(JldStr path)
{
	int			len = path.len;

	while (len > 0 && path.data[len - 1] != '/')
		len--;
	return len;
}

JldStr
iri_relativize(JldStr base, JldStr iri)
{
	IriParts	b;
	IriParts	t;
	StringInfoData buf;
	JldStr		relative;

	iri_parse(base, &b);
	iri_parse(iri, &t);
	if (t.scheme.data == NULL || !jld_eq(b.scheme, t.scheme) ||
		(b.authority.data == NULL) != (t.authority.data == NULL) ||
		!jld_eq(b.authority, t.authority) ||
		t.path.len == 0 || t.path.data[0] != '/')
		return iri;

	initStringInfo(&buf);

	/*
	 * The same path: query and fragment suffice, unless base's query would
	 * shine through.
	 */
	if (!jld_eq(b.path, t.path) ||
		!(t.query.data || (t.fragment.data && !b.query.data)))
	{
		int			dir = directory_length(b.path);
		int			common = 0;
		JldStr		rest;

		/* the common directories */
		for (int i = 0; i < dir && i < t.path.len && b.path.data[i] == t.path.data[i]; i++)
			if (b.path.data[i] == '/')
				common = i + 1;
		rest = sub(t.path, common, t.path.len);
		for (int i = common; i < dir; i++)
			if (b.path.data[i] == '/')
				appendStringInfoString(&buf, "../");
		/* what would be taken for nothing, a scheme, or another path */
		if (buf.len == 0)
		{
			const char *slash = memchr(rest.data, '/', rest.len);
			int			first = slash ? slash - rest.data : rest.len;

			if (first == 0 || memchr(rest.data, ':', first))
				appendStringInfoString(&buf, "./");
		}
		appendBinaryStringInfo(&buf, rest.data, rest.len);
	}
	if (t.query.data)
	{
		appendStringInfoChar(&buf, '?');
		appendBinaryStringInfo(&buf, t.query.data, t.query.len);
	}
	if (t.fragment.data)
	{
		appendStringInfoChar(&buf, '#');
		appendBinaryStringInfo(&buf, t.fragment.data, t.fragment.len);
	}

	/* dot segments in iri and the like cannot be said in relative form */
	relative = jld_str_copy((JldStr) {buf.data, buf.len});
	pfree(buf.data);
	return jld_eq(iri_resolve(base, relative), iri) ? relative : iri;
}
