/*
 * path.c
 *		JSON Pointer (RFC 6901): parsing and writing.
 *
 *		"/a~1b/0/~0"  =  member "a/b", then index 0 or member "0", then "~"
 *
 * Whether a token is a member name or an index depends on the value that it
 * is applied to, so tokens stay strings here; patch.c walks, diff.c writes.
 */
#include "postgres.h"

#include "jsonb/path.h"

static bool unescape(DocItem *token, const char *s, int len);

bool
doc_path_parse(DocPath *path, const char *s, int len)
{
	int			ntokens = 0;
	int			i;
	int			end;

	path->text = pnstrdup(s, len);
	path->ntokens = 0;
	path->tokens = NULL;
	if (len == 0)
		return true;
	if (s[0] != '/')
		return false;
	for (i = 0; i < len; i++)
		ntokens += (s[i] == '/');
	path->tokens = palloc(ntokens * sizeof(DocItem));
	for (i = 0; i < len; i = end)
	{
		for (end = i + 1; end < len && s[end] != '/'; end++)
			;
		if (!unescape(&path->tokens[path->ntokens], s + i + 1, end - i - 1))
			return false;
		path->ntokens++;
	}
	return true;
}

bool
doc_path_contains(const DocPath *a, const DocPath *b)
{
	int			i;

	if (a->ntokens >= b->ntokens)
		return false;
	for (i = 0; i < a->ntokens; i++)
	{
		if (!doc_same_item(&a->tokens[i], &b->tokens[i]))
			return false;
	}
	return true;
}

DocIndex
doc_path_index(const DocItem *token, uint32 limit, uint32 *index)
{
	uint64		value = 0;
	uint32		i;

	if (token->len == 1 && token->data[0] == '-')
		return DOC_INDEX_END;
	if (token->len == 0 || (token->len > 1 && token->data[0] == '0'))
		return DOC_INDEX_MALFORMED;
	for (i = 0; i < token->len; i++)
	{
		if (token->data[i] < '0' || token->data[i] > '9')
			return DOC_INDEX_MALFORMED;
		/* once beyond any limit it stays there */
		if (value <= PG_UINT32_MAX)
			value = value * 10 + (token->data[i] - '0');
	}
	if (value > limit)
		return DOC_INDEX_TOO_LARGE;
	*index = (uint32) value;
	return DOC_INDEX_OK;
}

void
doc_path_append_key(StringInfo path, const DocItem *key)
{
	uint32		i;

	appendStringInfoChar(path, '/');
	for (i = 0; i < key->len; i++)
	{
		if (key->data[i] == '~')
			appendStringInfoString(path, "~0");
		else if (key->data[i] == '/')
			appendStringInfoString(path, "~1");
		else
			appendStringInfoChar(path, key->data[i]);
	}
}

void
doc_path_append_index(StringInfo path, uint32 index)
{
	appendStringInfo(path, "/%u", index);
}

/* Make a token of one part of a pointer; false if its escapes are wrong. */
static bool
unescape(DocItem *token, const char *s, int len)
{
	char	   *data = palloc(len + 1);
	int			n = 0;
	int			i;

	for (i = 0; i < len; i++)
	{
		char		c = s[i];

		if (c == '~')
		{
			if (++i >= len || (s[i] != '0' && s[i] != '1'))
				return false;
			c = (s[i] == '0') ? '~' : '/';
		}
		data[n++] = c;
	}
	data[n] = '\0';
	doc_string_item(token, data, n);
	return true;
}
