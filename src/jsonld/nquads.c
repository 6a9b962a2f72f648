/*
 * nquads.c
 *		N-Quads: a strict reader, and a writer of the canonical form.
 *
 * Owns the line format and nothing else: it knows terms and quads (rdf.h),
 * not JSON-LD.  The grammar is that of the W3C Recommendation "RDF 1.1
 * N-Quads" of 2014-02-25; functions that read a production are named after
 * it.  One statement a line:
 *
 *		subject predicate object graphLabel? .		# comment
 *
 * Strict means: IRIs are absolute and well-formed after their escapes are
 * resolved, labels and language tags follow the grammar, nothing is guessed.
 *
 * The text is in the server encoding.  All the grammar's delimiters are
 * ASCII, and no server encoding uses ASCII bytes inside longer characters,
 * so bytes are enough to scan by; only blank node labels need to look at
 * code points.  Terms without escapes point into the text.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "jsonld/nquads.h"

/* datasets say the same IRIs again and again */
#define SEEN_SIZE	64

typedef struct Reader
{
	const char *at;				/* next byte */
	const char *end;
	const char *line_start;
	int			line;			/* from 1 */
	int			flags;			/* NQUADS_... */
	JldStr		seen[SEEN_SIZE];	/* IRIs that were found well-formed */
} Reader;

static int	count_lines(const char *text, int len);
static void skip_space(Reader *r);
static bool skip_line_end(Reader *r);
static void read_statement(Reader *r, RdfQuad *quad);
static RdfTerm read_resource(Reader *r, const char *what, bool blank_allowed);
static RdfTerm read_object(Reader *r);
static JldStr read_iriref(Reader *r);
static JldStr read_blank_node_label(Reader *r);
static RdfTerm read_literal(Reader *r);
static JldStr read_string(Reader *r);
static JldStr read_langtag(Reader *r);
static void read_escape(Reader *r, StringInfo into, bool in_iri);
static pg_wchar peek_char(Reader *r, int *len);
static bool is_label_start(pg_wchar c);
static bool is_label_char(pg_wchar c);
pg_noreturn static void syntax_error(Reader *r, const char *at, const char *expected);
static void append_escaped(StringInfo out, JldStr s);

static inline int
peek(Reader *r)
{
	return r->at < r->end ? (unsigned char) *r->at : -1;
}

/* --- reading -------------------------------------------------------------- */

/* about as many statements are there; blank lines are no reason for memory */
static int
count_lines(const char *text, int len)
{
	int			n = 1;

	for (const char *p = text; (p = memchr(p, '\n', text + len - p)) != NULL; p++)
		n++;
	return Min(n, len / 48);
}

/* nquadsDoc ::= statement? (EOL statement?)* EOL? */
RdfDataset *
nquads_parse(const char *text, int len, int flags)
{
	RdfDataset *dataset = rdf_dataset_create(count_lines(text, len));
	Reader		reader = {text, text + len, text, 1, flags};
	Reader	   *r = &reader;

	for (;;)
	{
		int			c;

		CHECK_FOR_INTERRUPTS();
		skip_space(r);
		c = peek(r);
		if (c >= 0 && c != '\n' && c != '\r' && c != '#')
		{
			RdfQuad		quad;

			read_statement(r, &quad);
			rdf_dataset_add(dataset, &quad);
			skip_space(r);
		}
		if (peek(r) == '#')
		{
			while (peek(r) >= 0 && peek(r) != '\n' && peek(r) != '\r')
				r->at++;
		}
		if (peek(r) < 0)
			break;
		if (!skip_line_end(r))
			syntax_error(r, r->at, "the end of the line");
	}
	return dataset;
}

static void
skip_space(Reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->at++;
}

/* One line end: LF, CR or both.  Counts lines. */
static bool
skip_line_end(Reader *r)
{
	int			c = peek(r);

	if (c != '\n' && c != '\r')
		return false;
	r->at++;
	if (c == '\r' && peek(r) == '\n')
		r->at++;
	r->line++;
	r->line_start = r->at;
	return true;
}

/* statement ::= subject predicate object graphLabel? '.' */
static void
read_statement(Reader *r, RdfQuad *quad)
{
	quad->subject = read_resource(r, "an IRI or a blank node as subject", true);
	skip_space(r);
	quad->predicate = read_resource(r, "an IRI as predicate",
									(r->flags & NQUADS_GENERALIZED) != 0);
	skip_space(r);
	quad->object = read_object(r);
	skip_space(r);
	if (peek(r) == '.')
		memset(&quad->graph, 0, sizeof(RdfTerm));
	else
	{
		quad->graph = read_resource(r, "a graph name or \".\"", true);
		skip_space(r);
	}
	if (peek(r) != '.')
		syntax_error(r, r->at, "\".\"");
	r->at++;
}

/* subject, predicate, graphLabel ::= IRIREF | BLANK_NODE_LABEL */
static RdfTerm
read_resource(Reader *r, const char *what, bool blank_allowed)
{
	if (peek(r) == '<')
		return rdf_resource(read_iriref(r));
	if (peek(r) == '_' && blank_allowed)
		return rdf_resource(read_blank_node_label(r));
	syntax_error(r, r->at, what);
}

/* object ::= IRIREF | BLANK_NODE_LABEL | literal */
static RdfTerm
read_object(Reader *r)
{
	if (peek(r) == '"')
		return read_literal(r);
	return read_resource(r, "an IRI, a blank node or a literal as object", true);
}

/* IRIREF ::= '<' ([^#x00-#x20<>"{}|^`\] | UCHAR)* '>' */
static JldStr
read_iriref(Reader *r)
{
	const char *open = r->at;
	const char *start = ++r->at;
	const char *close = memchr(start, '>', r->end - start);
	StringInfoData buf;
	JldStr		iri;

	/* nearly all are what they look like */
	if (close != NULL && memchr(start, '\\', close - start) == NULL)
	{
		JldStr	   *seen;

		iri = (JldStr) {start, close - start};
		seen = &r->seen[(iri.len + 7 * (unsigned char) close[-1] +
						 31 * (unsigned char) close[iri.len > 1 ? -2 : -1]) % SEEN_SIZE];
		if ((seen->data && jld_eq(*seen, iri)) || rdf_is_iri(iri))
		{
			*seen = iri;
			r->at = close + 1;
			return iri;
		}
	}

	buf.data = NULL;
	for (;;)
	{
		int			c = peek(r);

		if (c == '>')
			break;
		if (c == '\\')
		{
			if (buf.data == NULL)
				initStringInfo(&buf);
			appendBinaryStringInfo(&buf, start, r->at - start);
			read_escape(r, &buf, true);
			start = r->at;
		}
		else if (c <= ' ' || strchr("<\"{}|^`", c) != NULL)
			syntax_error(r, r->at, "a character of an IRI, or \">\"");
		else
			r->at++;
	}
	if (buf.data == NULL)
		iri = (JldStr) {start, r->at - start};
	else
	{
		appendBinaryStringInfo(&buf, start, r->at - start);
		iri = (JldStr) {buf.data, buf.len};
	}
	r->at++;
	if (!rdf_is_iri(iri))
		syntax_error(r, open, "an absolute IRI");
	return iri;
}

/*
 * BLANK_NODE_LABEL ::= '_:' (PN_CHARS_U | [0-9]) ((PN_CHARS | '.')* PN_CHARS)?
 * with the "_:".
 */
static JldStr
read_blank_node_label(Reader *r)
{
	const char *start = r->at;
	const char *last;			/* behind the last character that may end it */
	int			len;

	if (r->end - r->at < 2 || r->at[1] != ':')
		syntax_error(r, r->at, "\"_:\" and a label");
	r->at += 2;
	if (!is_label_start(peek_char(r, &len)))
		syntax_error(r, r->at, "the first character of a blank node label");
	r->at += len;
	last = r->at;
	while (r->at < r->end)
	{
		pg_wchar	c = peek_char(r, &len);

		if (c != '.' && !is_label_char(c))
			break;
		r->at += len;
		if (c != '.')
			last = r->at;
	}
	r->at = last;
	return (JldStr) {start, last - start};
}

/* literal ::= STRING_LITERAL_QUOTE ('^^' IRIREF | LANGTAG)? */
static RdfTerm
read_literal(Reader *r)
{
	RdfTerm		literal = rdf_literal(read_string(r), JLD_STR(XSD_NS "string"));

	if (peek(r) == '@')
	{
		literal.language = read_langtag(r);
		literal.datatype = JLD_STR(RDF_NS "langString");
	}
	else if (peek(r) == '^')
	{
		const char *mark = r->at;

		r->at++;
		if (peek(r) != '^')
			syntax_error(r, r->at, "\"^^\"");
		r->at++;
		if (peek(r) != '<')
			syntax_error(r, r->at, "a datatype IRI");
		literal.datatype = read_iriref(r);
		if (jld_is(literal.datatype, RDF_NS "langString"))
			syntax_error(r, mark, "a language tag, as rdf:langString needs one");
	}
	return literal;
}

/* STRING_LITERAL_QUOTE ::= '"' ([^#x22#x5C#xA#xD] | ECHAR | UCHAR)* '"' */
static JldStr
read_string(Reader *r)
{
	const char *start = ++r->at;
	const char *close = memchr(start, '"', r->end - start);
	StringInfoData buf;
	JldStr		s;

	if (close != NULL && memchr(start, '\\', close - start) == NULL &&
		memchr(start, '\n', close - start) == NULL &&
		memchr(start, '\r', close - start) == NULL)
	{
		r->at = close + 1;
		return (JldStr) {start, close - start};
	}

	buf.data = NULL;
	while (peek(r) != '"')
	{
		switch (peek(r))
		{
			case '\\':
				if (buf.data == NULL)
					initStringInfo(&buf);
				appendBinaryStringInfo(&buf, start, r->at - start);
				read_escape(r, &buf, false);
				start = r->at;
				break;
			case -1:
			case '\n':
			case '\r':
				syntax_error(r, r->at, "the closing quote of the literal");
				break;
			default:
				r->at++;
				break;
		}
	}
	if (buf.data == NULL)
		s = (JldStr) {start, r->at - start};
	else
	{
		appendBinaryStringInfo(&buf, start, r->at - start);
		s = (JldStr) {buf.data, buf.len};
	}
	r->at++;
	return s;
}

/* LANGTAG ::= '@' [a-zA-Z]+ ('-' [a-zA-Z0-9]+)* */
static JldStr
read_langtag(Reader *r)
{
	const char *start = ++r->at;
	JldStr		tag;

	while (peek(r) == '-' ||
		   (peek(r) >= '0' && peek(r) <= '9') ||
		   (peek(r) >= 'a' && peek(r) <= 'z') ||
		   (peek(r) >= 'A' && peek(r) <= 'Z'))
		r->at++;
	tag = (JldStr) {start, r->at - start};
	if (!rdf_is_language_tag(tag))
		syntax_error(r, start, "a language tag");
	return tag;
}

/*
 * ECHAR ::= '\' [tbnrf"'\]
 * UCHAR ::= '\u' HEX HEX HEX HEX | '\U' HEX{8}
 * In an IRI only UCHAR, and only for what may stand there.
 */
static void
read_escape(Reader *r, StringInfo into, bool in_iri)
{
	static const char plain[] = "tbnrf\"'\\";
	static const char meant[] = "\t\b\n\r\f\"'\\";
	const char *start = r->at++;
	int			c = peek(r);
	const char *found;
	int			digits;
	pg_wchar	code = 0;
	unsigned char buf[MAX_UNICODE_EQUIVALENT_STRING + 1];

	if (c != 'u' && c != 'U')
	{
		if (in_iri || c <= 0 || (found = strchr(plain, c)) == NULL)
			syntax_error(r, start, in_iri ? "\\u or \\U in an IRI" :
						 "one of the escapes \\t \\b \\n \\r \\f \\\" \\' \\\\ \\u \\U");
		appendStringInfoChar(into, meant[found - plain]);
		r->at++;
		return;
	}

	digits = (c == 'u') ? 4 : 8;
	r->at++;
	for (int i = 0; i < digits; i++, r->at++)
	{
		c = peek(r);
		if (c >= '0' && c <= '9')
			code = code * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			code = code * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			code = code * 16 + (c - 'A' + 10);
		else
			syntax_error(r, r->at, digits == 4 ? "four hexadecimal digits" :
						 "eight hexadecimal digits");
	}
	if (code == 0 && !in_iri && (r->flags & NQUADS_NUL))
	{
		appendStringInfoChar(into, '\0');
		return;
	}
	if (code == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("unsupported Unicode escape sequence in N-Quads, line %d", r->line),
				 errdetail("\\u0000 cannot be converted to text.")));
	if (!is_valid_unicode_codepoint(code) ||
		is_utf16_surrogate_first(code) || is_utf16_surrogate_second(code))
		syntax_error(r, start, "the number of a Unicode character");
	if (in_iri && (code <= ' ' || (code < 0x80 && strchr("<>\"{}|^`\\", code) != NULL)))
		syntax_error(r, start, "an escape for a character that an IRI may hold");
	pg_unicode_to_server(code, buf);
	appendStringInfoString(into, (char *) buf);
}

/* The code point at the reader, and how many bytes it takes; 0 at the end. */
static pg_wchar
peek_char(Reader *r, int *len)
{
	*len = 0;
	if (r->at >= r->end)
		return 0;
	*len = 1;
	if (!IS_HIGHBIT_SET(*r->at))
		return (unsigned char) *r->at;
	*len = Min(pg_mblen(r->at), r->end - r->at);
	if (GetDatabaseEncoding() == PG_UTF8)
		return utf8_to_unicode((const unsigned char *) r->at);
	return utf8_to_unicode((const unsigned char *)
						   pg_server_to_any(pnstrdup(r->at, *len), *len, PG_UTF8));
}

/* PN_CHARS_U | [0-9] */
static bool
is_label_start(pg_wchar c)
{
	static const pg_wchar ranges[][2] = {
		{'0', ':'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'},
		{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D},
		{0x37F, 0x1FFF}, {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
		{0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD},
		{0x10000, 0xEFFFF}
	};

	for (int i = 0; i < lengthof(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

/* PN_CHARS */
static bool
is_label_char(pg_wchar c)
{
	return is_label_start(c) || c == '-' || c == 0xB7 ||
		(c >= 0x300 && c <= 0x36F) || (c >= 0x203F && c <= 0x2040);
}

static void
syntax_error(Reader *r, const char *at, const char *expected)
{
	const char *stop = at;
	int			shown = 0;
	int			column = pg_mbstrlen_with_len(r->line_start, at - r->line_start) + 1;

	/* as much of the line as a message can take */
	while (stop < r->end && *stop != '\n' && *stop != '\r' && shown++ < 40)
		stop += Min(pg_mblen(stop), r->end - stop);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid N-Quads at line %d, column %d", r->line, column),
			 stop == at ?
			 errdetail("Expected %s, but the line ends.", expected) :
			 errdetail("Expected %s, but found \"%s\".", expected,
					   pnstrdup(at, stop - at))));
}

/* --- writing -------------------------------------------------------------- */

void
nquads_begin(StringInfo out, int header, const RdfDataset *dataset)
{
	Size		size = header + 64;

	for (int i = 0; i < dataset->n; i++)
	{
		const RdfQuad *quad = &dataset->quads[i];

		size += quad->subject.value.len + quad->predicate.value.len +
			quad->object.value.len + quad->object.datatype.len +
			quad->object.language.len + quad->graph.value.len + 20;
	}
	size = Min(size, MaxAllocSize);
	out->data = jld_alloc_large(size);
	out->maxlen = size;
	out->len = header;
	out->cursor = 0;
	memset(out->data, 0, header + 1);
}

void
nquads_append(StringInfo out, const RdfQuad *quad)
{
	nquads_append_term(out, &quad->subject);
	appendStringInfoCharMacro(out, ' ');
	nquads_append_term(out, &quad->predicate);
	appendStringInfoCharMacro(out, ' ');
	nquads_append_term(out, &quad->object);
	if (quad->graph.kind != RDF_NONE)
	{
		appendStringInfoCharMacro(out, ' ');
		nquads_append_term(out, &quad->graph);
	}
	appendStringInfoString(out, " .\n");
}

void
nquads_append_term(StringInfo out, const RdfTerm *term)
{
	switch (term->kind)
	{
		case RDF_NONE:
			break;
		case RDF_IRI:
			appendStringInfoCharMacro(out, '<');
			appendBinaryStringInfo(out, term->value.data, term->value.len);
			appendStringInfoCharMacro(out, '>');
			break;
		case RDF_BLANK:
			appendBinaryStringInfo(out, term->value.data, term->value.len);
			break;
		case RDF_LITERAL:
			appendStringInfoCharMacro(out, '"');
			append_escaped(out, term->value);
			appendStringInfoCharMacro(out, '"');
			if (term->language.data != NULL)
			{
				appendStringInfoCharMacro(out, '@');
				appendBinaryStringInfo(out, term->language.data, term->language.len);
			}
			else if (!jld_is(term->datatype, XSD_NS "string"))
			{
				appendStringInfoString(out, "^^<");
				appendBinaryStringInfo(out, term->datatype.data, term->datatype.len);
				appendStringInfoCharMacro(out, '>');
			}
			break;
	}
}

/* Canonical N-Quads: ECHAR where there is one, UCHAR for other controls. */
static void
append_escaped(StringInfo out, JldStr s)
{
	const char *start = s.data;
	const char *end = s.data + s.len;

	for (const char *p = s.data; p < end; p++)
	{
		static const char escaped[] = "\b\t\n\f\r\"\\";
		static const char letter[] = "btnfr\"\\";
		unsigned char c = *p;
		const char *found;

		if (c >= ' ' && c != '"' && c != '\\' && c != 0x7F)
		{
			/* U+FFFE and U+FFFF are no characters of XML 1.1 */
			if (c != 0xEF || end - p < 3 || (unsigned char) p[1] != 0xBF ||
				(unsigned char) p[2] < 0xBE || GetDatabaseEncoding() != PG_UTF8)
				continue;
			appendBinaryStringInfo(out, start, p - start);
			appendStringInfo(out, "\\uFFF%c", (unsigned char) p[2] == 0xBE ? 'E' : 'F');
			p += 2;
			start = p + 1;
			continue;
		}
		appendBinaryStringInfo(out, start, p - start);
		start = p + 1;
		if (c != '\0' && (found = strchr(escaped, c)) != NULL)
		{
			appendStringInfoCharMacro(out, '\\');
			appendStringInfoCharMacro(out, letter[found - escaped]);
		}
		else
			appendStringInfo(out, "\\u%04X", c);
	}
	appendBinaryStringInfo(out, start, end - start);
}
