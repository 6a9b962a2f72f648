/*
 * expr/error.c
 *		Raises the errors of the language.
 *
 * Owns the map from ArangoDB's error numbers to SQLSTATEs, and the picture of
 * a place in a source text:
 *
 *		message:	syntax error, unexpected assignment near '=' at position 2:9
 *		DETAIL:		errorNum 1501
 *					line 2: LET x = = 1
 *					                ^
 *
 * Lines and columns count from 1; a column is a character, not a byte.  Long
 * lines are cut around the place.  It knows nothing of trees or values.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "upsert.h"
#include "expr/error.h"

/* characters of the line that are shown before and after the place */
#define EXCERPT_CHARS 40

pg_noreturn static void raise_error(int errornum, const char *hint,
									const char *source, int location,
									const char *message);
static void append_excerpt(StringInfo out, const char *source, int location,
						   int *line, int *column);

int
expr_error_sqlstate(int errornum)
{
	switch (errornum)
	{
		case EXPR_ERR_CONFLICT:
			return ERRCODE_UPSERT_REVISION_CONFLICT;
		case EXPR_ERR_DOCUMENT_NOT_FOUND:
			return ERRCODE_UPSERT_DOCUMENT_NOT_FOUND;
		case EXPR_ERR_NOT_FOUND:
			return ERRCODE_UNDEFINED_TABLE;
		case EXPR_ERR_UNIQUE:
			return ERRCODE_UNIQUE_VIOLATION;
		case EXPR_ERR_KEY:
			return ERRCODE_UPSERT_INVALID_KEY;
		case EXPR_ERR_DOCUMENT_TYPE:
		case EXPR_ERR_EDGE:
			return ERRCODE_UPSERT_INVALID_DOCUMENT;
		case EXPR_ERR_PARSE:
		case EXPR_ERR_EMPTY:
			return ERRCODE_SYNTAX_ERROR;
		case EXPR_ERR_VARIABLE_NAME:
		case EXPR_ERR_VARIABLE_REDECLARED:
		case EXPR_ERR_VARIABLE_UNKNOWN:
		case EXPR_ERR_BIND_MISSING:
		case EXPR_ERR_BIND_UNDECLARED:
		case EXPR_ERR_BIND_TYPE:
			return ERRCODE_UNDEFINED_PARAMETER;
		case EXPR_ERR_FUNCTION_UNKNOWN:
		case EXPR_ERR_FUNCTION_ARITY:
			return ERRCODE_UNDEFINED_FUNCTION;
		case EXPR_ERR_NUMBER_RANGE:
			return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
		case EXPR_ERR_DIVISION_BY_ZERO:
			return ERRCODE_DIVISION_BY_ZERO;
		case EXPR_ERR_OPTION:
		case EXPR_ERR_ARGUMENT_TYPE:
		case EXPR_ERR_ARRAY_EXPECTED:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case EXPR_ERR_FAIL:
			return ERRCODE_RAISE_EXCEPTION;
		case EXPR_ERR_NOT_IMPLEMENTED:
		case EXPR_ERR_MULTI_MODIFY:
		case EXPR_ERR_NOT_COMPILE_TIME:
		case EXPR_ERR_INDEX_HINT:
		case EXPR_ERR_ACCESS_AFTER_WRITE:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case 1572:				/* invalid date, a warning of functions */
			return ERRCODE_INVALID_DATETIME_FORMAT;
		default:
			return ERRCODE_INVALID_PARAMETER_VALUE;
	}
}

/* printf into a palloc'd string */
#define FORMAT_MESSAGE(msg, fmt) \
	do { \
		initStringInfo(&(msg)); \
		for (;;) \
		{ \
			va_list		args; \
			int			needed; \
\
			va_start(args, fmt); \
			needed = appendStringInfoVA(&(msg), fmt, args); \
			va_end(args); \
			if (needed == 0) \
				break; \
			enlargeStringInfo(&(msg), needed); \
		} \
	} while (0)

void
expr_error_at(int errornum, const char *source, int location,
			  const char *fmt,...)
{
	StringInfoData msg;

	FORMAT_MESSAGE(msg, fmt);
	raise_error(errornum, NULL, source, location, msg.data);
}

void
expr_error_hint(int errornum, const char *hint, const char *source,
				int location, const char *fmt,...)
{
	StringInfoData msg;

	FORMAT_MESSAGE(msg, fmt);
	raise_error(errornum, hint, source, location, msg.data);
}

static void
raise_error(int errornum, const char *hint, const char *source, int location,
			const char *message)
{
	StringInfoData excerpt;
	int			line = 0;
	int			column = 0;

	if (source == NULL || location < 0)
		ereport(ERROR,
				(errcode(expr_error_sqlstate(errornum)),
				 errmsg_internal("%s", message),
				 errdetail_internal("errorNum %d", errornum),
				 hint ? errhint("%s", hint) : 0));
	initStringInfo(&excerpt);
	append_excerpt(&excerpt, source, location, &line, &column);
	ereport(ERROR,
			(errcode(expr_error_sqlstate(errornum)),
			 errmsg_internal("%s at position %d:%d", message, line, column),
			 errdetail_internal("errorNum %d\n%s", errornum, excerpt.data),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * Append the line that holds byte "location" and a caret below it; tell line
 * and column.
 */
static void
append_excerpt(StringInfo out, const char *source, int location,
			   int *line, int *column)
{
	const char *place = source + Min(location, (int) strlen(source));
	const char *start = source;
	const char *from;
	const char *p;
	int			shown = 0;
	int			width = 0;

	*line = 1;
	for (p = source; p < place; p++)
	{
		if (*p == '\n')
		{
			(*line)++;
			start = p + 1;
		}
	}
	*column = pg_mbstrlen_with_len(start, place - start) + 1;

	/* show at most EXCERPT_CHARS characters before the place */
	from = start;
	for (width = *column - 1; width > EXCERPT_CHARS; width--)
		from += pg_mblen(from);

	appendStringInfo(out, "line %d: ", *line);
	width += out->len;
	for (p = from; *p && *p != '\n' && *p != '\r' &&
		 !(p >= place && ++shown > EXCERPT_CHARS);)
	{
		int			len = pg_mblen(p);

		/* a tab would move the caret */
		if (*p == '\t')
			appendStringInfoChar(out, ' ');
		else
			appendBinaryStringInfo(out, p, len);
		p += len;
	}
	appendStringInfoChar(out, '\n');
	appendStringInfoSpaces(out, width);
	appendStringInfoChar(out, '^');
}
