/*
 * string.c
 *		A JSON string as text: what must be escaped is, and nothing else, as
 *		JSON.stringify() and RFC 8785 (3.2.2.2) have it.
 */
#include "postgres.h"

#include "jsonb/doc.h"

void
doc_append_string(StringInfo out, const char *s, int len)
{
	const char *end = s + len;

	appendStringInfoCharMacro(out, '"');
	for (; s < end; s++)
	{
		switch (*s)
		{
			case '"':
				appendStringInfoString(out, "\\\"");
				break;
			case '\\':
				appendStringInfoString(out, "\\\\");
				break;
			case '\b':
				appendStringInfoString(out, "\\b");
				break;
			case '\f':
				appendStringInfoString(out, "\\f");
				break;
			case '\n':
				appendStringInfoString(out, "\\n");
				break;
			case '\r':
				appendStringInfoString(out, "\\r");
				break;
			case '\t':
				appendStringInfoString(out, "\\t");
				break;
			default:
				if ((unsigned char) *s < ' ')
					appendStringInfo(out, "\\u%04x", (unsigned char) *s);
				else
					appendStringInfoCharMacro(out, *s);
		}
	}
	appendStringInfoCharMacro(out, '"');
}
