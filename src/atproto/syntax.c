/*
 * syntax.c
 *		The syntax of AT Protocol identifiers.
 *
 * Each identifier of the specifications (atproto.com/specs/did, handle, nsid,
 * record-key, tid, at-uri-scheme, data-model, lexicon) is one predicate over
 * bytes; a table maps the format names of Lexicon to them:
 *
 *		"nsid" -> syntax_is_nsid(str, len) -> true | false
 *
 * Names made of dotted labels (handles, NSIDs) are judged label by label with
 * the rules of DNS.  The limits are the specifications' own, in bytes; what
 * they allow is all ASCII, so the server's encoding does not matter.
 *
 * Dates, language tags and URIs have files of their own.  This module must not know
 * what an identifier is used for, nor whether it resolves.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "atproto/cid.h"
#include "atproto/syntax.h"
#include "base/namedtext.h"
#include "base/tid.h"
#include "compat.h"
#include "upsert.h"

#define RECORD_KEY_MAX		512
#define NSID_MAX			317
#define NSID_NAME_MAX		63
#define DID_MAX				2048
#define HANDLE_MAX			253
#define LABEL_MAX			63
#define CID_STRING_MIN		8
#define CID_STRING_MAX		256

/* The letters that say the base of a CID: 36, 58, 64, 16, 10, 8, 2, 32 */
#define MULTIBASES			"kKzZmMuUfF970BcCvVtThp"

static const struct
{
	const char *name;
	SyntaxCheck check;
}			syntax_formats[] =

{
	{"at-identifier", syntax_is_at_identifier},
	{"at-uri", syntax_is_at_uri},
	{"cid", syntax_is_cid},
	{"datetime", syntax_is_datetime},
	{"did", syntax_is_did},
	{"handle", syntax_is_handle},
	{"language", syntax_is_language},
	{"nsid", syntax_is_nsid},
	{"record-key", syntax_is_record_key},
	{"tid", tid_is_valid},
	{"uri", syntax_is_uri},
};

static bool is_letter(char c);
static bool is_digit(char c);
static bool is_label(const char *str, int len);
static int	label_length(const char *str, int len);

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A DNS label: letters, digits and inner hyphens. */
static bool
is_label(const char *str, int len)
{
	if (len < 1 || len > LABEL_MAX || str[0] == '-' || str[len - 1] == '-')
		return false;
	for (int i = 0; i < len; i++)
	{
		if (!is_letter(str[i]) && !is_digit(str[i]) && str[i] != '-')
			return false;
	}
	return true;
}

/* Bytes before the next dot or the end. */
static int
label_length(const char *str, int len)
{
	const char *dot = memchr(str, '.', len);

	return dot == NULL ? len : (int) (dot - str);
}

SyntaxCheck
syntax_lookup(const char *name, int len)
{
	for (int i = 0; i < lengthof(syntax_formats); i++)
	{
		if (strlen(syntax_formats[i].name) == len &&
			memcmp(syntax_formats[i].name, name, len) == 0)
			return syntax_formats[i].check;
	}
	return NULL;
}

bool
syntax_is_record_key(const char *str, int len)
{
	if (len < 1 || len > RECORD_KEY_MAX)
		return false;
	for (int i = 0; i < len; i++)
	{
		if (!is_letter(str[i]) && !is_digit(str[i]) &&
			(str[i] == '\0' || strchr("._:~-", str[i]) == NULL))
			return false;
	}

	/* "." and ".." would be steps in a path */
	return !(str[0] == '.' && (len == 1 || (len == 2 && str[1] == '.')));
}

/*
 * The authority, reversed (com.example), then the name (fooBar): at least
 * three labels in all.
 */
bool
syntax_is_nsid(const char *str, int len)
{
	int			nlabels = 0;

	/* the first label was a top-level domain */
	if (len < 1 || len > NSID_MAX || !is_letter(str[0]))
		return false;
	for (;;)
	{
		int			label = label_length(str, len);

		if (label == len)
			break;
		if (!is_label(str, label))
			return false;
		nlabels++;
		str += label + 1;
		len -= label + 1;
	}

	/* the name: letters and digits, not a digit first */
	if (nlabels < 2 || len < 1 || len > NSID_NAME_MAX || !is_letter(str[0]))
		return false;
	for (int i = 0; i < len; i++)
	{
		if (!is_letter(str[i]) && !is_digit(str[i]))
			return false;
	}
	return true;
}

bool
syntax_is_did(const char *str, int len)
{
	int			i;

	if (len > DID_MAX || len < 4 || memcmp(str, "did:", 4) != 0)
		return false;
	for (i = 4; i < len && str[i] >= 'a' && str[i] <= 'z'; i++)
		;
	if (i == 4 || i + 1 >= len || str[i] != ':')
		return false;
	for (i++; i < len; i++)
	{
		if (!is_letter(str[i]) && !is_digit(str[i]) &&
			(str[i] == '\0' || strchr("._:%-", str[i]) == NULL))
			return false;
	}
	return str[len - 1] != ':' && str[len - 1] != '%';
}

bool
syntax_is_handle(const char *str, int len)
{
	int			nlabels = 1;

	if (len < 1 || len > HANDLE_MAX)
		return false;
	for (;;)
	{
		int			label = label_length(str, len);

		if (!is_label(str, label))
			return false;
		if (label == len)
			break;
		nlabels++;
		str += label + 1;
		len -= label + 1;
	}

	/* the last label is a top-level domain, so no digit leads */
	return nlabels >= 2 && is_letter(str[0]);
}

bool
syntax_is_at_identifier(const char *str, int len)
{
	if (len >= 4 && memcmp(str, "did:", 4) == 0)
		return syntax_is_did(str, len);
	return syntax_is_handle(str, len);
}

/*
 * A CID as a string field may hold it: in base 32 it is read in full, of
 * other bases only the alphabet is looked at.  Version 0 ("Qm...") has no base
 * and is out.
 */
bool
syntax_is_cid(const char *str, int len)
{
	if (len < CID_STRING_MIN || len > CID_STRING_MAX)
		return false;
	if (str[0] == 'b')
	{
		uint8		cid[CID_MAX];

		return cid_from_text(str, len, cid) > 0;
	}
	if (strchr(MULTIBASES, str[0]) == NULL)
		return false;
	for (int i = 0; i < len; i++)
	{
		if (!is_letter(str[i]) && !is_digit(str[i]) &&
			str[i] != '+' && str[i] != '=')
			return false;
	}
	return true;
}

bool
at_uri_split(const char *str, int len, AtUri *uri)
{
	const char *end = str + len;
	SyntaxPart *parts[] = {&uri->authority, &uri->collection, &uri->rkey};
	int			nparts = 0;

	memset(uri, 0, sizeof(AtUri));
	if (len > AT_URI_MAX || len < 5 || memcmp(str, "at://", 5) != 0)
		return false;
	str += 5;
	for (;;)
	{
		const char *slash = memchr(str, '/', end - str);

		if (nparts == lengthof(parts))
			return false;
		parts[nparts]->str = str;
		parts[nparts]->len = (slash ? slash : end) - str;
		nparts++;
		if (slash == NULL)
			break;
		str = slash + 1;
	}
	return syntax_is_at_identifier(uri->authority.str, uri->authority.len) &&
		(nparts < 2 ||
		 syntax_is_nsid(uri->collection.str, uri->collection.len)) &&
		(nparts < 3 || syntax_is_record_key(uri->rkey.str, uri->rkey.len));
}

char *
at_uri_join(const char *authority, const char *collection, const char *rkey)
{
	const char *const parts[] = {"at:/", authority, collection, rkey};
	int			lengths[lengthof(parts)];
	int			len = 0;
	char	   *uri;
	char	   *end;

	for (int i = 0; i < lengthof(parts); i++)
		len += lengths[i] = strlen(parts[i]);
	uri = end = named_text_alloc(len + lengthof(parts) - 1);
	for (int i = 0; i < lengthof(parts); i++)
	{
		memcpy(end, parts[i], lengths[i]);
		end += lengths[i];
		*end++ = '/';
	}
	end[-1] = '\0';
	return uri;
}

bool
syntax_is_at_uri(const char *str, int len)
{
	AtUri		uri;

	return at_uri_split(str, len, &uri);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_is_valid);
PG_FUNCTION_INFO_V1(at_uri);
PG_FUNCTION_INFO_V1(at_uri_parts);

/* at_is_valid(format text, value text) -> boolean */
Datum
at_is_valid(PG_FUNCTION_ARGS)
{
	text	   *format = PG_GETARG_TEXT_PP(0);
	text	   *value = PG_GETARG_TEXT_PP(1);
	SyntaxCheck check = syntax_lookup(VARDATA_ANY(format),
									  VARSIZE_ANY_EXHDR(format));

	if (check == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown string format \"%s\"",
						text_to_cstring(format)),
				 errhint("The formats of Lexicon are at-identifier, at-uri, cid, datetime, did, handle, language, nsid, record-key, tid and uri.")));
	PG_RETURN_BOOL(check(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

/* at_uri(repo text, collection text, rkey text) -> text */
Datum
at_uri(PG_FUNCTION_ARGS)
{
	static const struct
	{
		SyntaxCheck check;
		int			sqlstate;
		const char *message;
	}			rules[] =
	{
		{
			syntax_is_at_identifier, ERRCODE_UPSERT_INVALID_IDENTIFIER,
			gettext_noop("invalid repository: neither a DID nor a handle")
		},
		{
			syntax_is_nsid, ERRCODE_UPSERT_INVALID_IDENTIFIER,
			gettext_noop("invalid collection: not an NSID")
		},
		{
			syntax_is_record_key, ERRCODE_UPSERT_INVALID_KEY,
			gettext_noop("invalid record key")
		},
	};
	char	   *parts[lengthof(rules)];

	for (int i = 0; i < lengthof(rules); i++)
	{
		text	   *part = PG_GETARG_TEXT_PP(i);

		parts[i] = text_to_cstring(part);
		if (!rules[i].check(VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part)))
			ereport(ERROR,
					(errcode(rules[i].sqlstate),
					 errmsg("%s", _(rules[i].message)),
					 errdetail("The value is \"%s\".", parts[i])));
	}
	PG_RETURN_DATUM(named_text_datum(at_uri_join(parts[0], parts[1], parts[2])));
}

/* at_uri_parts(text) -> (authority, collection, rkey) */
Datum
at_uri_parts(PG_FUNCTION_ARGS)
{
	text	   *arg = PG_GETARG_TEXT_PP(0);
	AtUri		uri;
	TupleDesc	tupdesc;
	const SyntaxPart *parts[] = {&uri.authority, &uri.collection, &uri.rkey};
	Datum		values[lengthof(parts)];
	bool		nulls[lengthof(parts)];

	if (!at_uri_split(VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg), &uri))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid AT URI"),
				 errdetail("The value is \"%s\".", text_to_cstring(arg)),
				 errhint("An AT URI has the form at://AUTHORITY[/COLLECTION[/RKEY]].")));
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = 0; i < lengthof(parts); i++)
	{
		nulls[i] = parts[i]->str == NULL;
		if (!nulls[i])
			values[i] = PointerGetDatum(cstring_to_text_with_len(parts[i]->str,
																 parts[i]->len));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
