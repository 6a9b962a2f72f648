/*
 * excerpt.c
 *		A datum as the DETAIL of an error shows it: its JSON text, cut where
 *		it gets long, at a character's end.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "call/excerpt.h"

#define EXCERPT_BYTES 200

char *
excerpt_jsonb(Jsonb *jsonb)
{
	StringInfoData buf;

	initStringInfo(&buf);
	(void) JsonbToCString(&buf, &jsonb->root, VARSIZE(jsonb));
	if (buf.len > EXCERPT_BYTES)
	{
		buf.len = pg_mbcliplen(buf.data, buf.len, EXCERPT_BYTES);
		buf.data[buf.len] = '\0';
		appendStringInfoString(&buf, "...");
	}
	return buf.data;
}

char *
excerpt_value(const JsonbValue *v)
{
	JsonbValue	copy = *v;

	return excerpt_jsonb(JsonbValueToJsonb(&copy));
}
