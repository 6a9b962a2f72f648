/*
 * error.c
 *		The error codes of the JSON-LD API and their way into ereport().
 *
 * Owns the spelling of the codes and the layout of DETAIL:
 *
 *		ERROR:  UP008: value of "@id" is not a string
 *		DETAIL:  invalid @id value: 42, at $.knows[0]
 *
 * The first words of DETAIL are the specification's code, letter for letter,
 * so that a caller can match on it; then the datum at fault, then where it
 * stands in the document.  While a scoped context is being validated every
 * error is an "invalid scoped context", as the specification wants it; the
 * code of the cause then stands in parentheses.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "jsonld/error.h"
#include "jsonld/jsonld.h"
#include "upsert.h"

static const char *const code_names[] = {
	[JLD_COLLIDING_KEYWORDS] = "colliding keywords",
	[JLD_CONFLICTING_INDEXES] = "conflicting indexes",
	[JLD_CONTEXT_OVERFLOW] = "context overflow",
	[JLD_CYCLIC_IRI_MAPPING] = "cyclic IRI mapping",
	[JLD_INVALID_ID_VALUE] = "invalid @id value",
	[JLD_INVALID_IMPORT_VALUE] = "invalid @import value",
	[JLD_INVALID_INCLUDED_VALUE] = "invalid @included value",
	[JLD_INVALID_INDEX_VALUE] = "invalid @index value",
	[JLD_INVALID_NEST_VALUE] = "invalid @nest value",
	[JLD_INVALID_PREFIX_VALUE] = "invalid @prefix value",
	[JLD_INVALID_PROPAGATE_VALUE] = "invalid @propagate value",
	[JLD_INVALID_PROTECTED_VALUE] = "invalid @protected value",
	[JLD_INVALID_REVERSE_VALUE] = "invalid @reverse value",
	[JLD_INVALID_VERSION_VALUE] = "invalid @version value",
	[JLD_INVALID_BASE_DIRECTION] = "invalid base direction",
	[JLD_INVALID_BASE_IRI] = "invalid base IRI",
	[JLD_INVALID_CONTAINER_MAPPING] = "invalid container mapping",
	[JLD_INVALID_CONTEXT_ENTRY] = "invalid context entry",
	[JLD_INVALID_CONTEXT_NULLIFICATION] = "invalid context nullification",
	[JLD_INVALID_DEFAULT_LANGUAGE] = "invalid default language",
	[JLD_INVALID_IRI_MAPPING] = "invalid IRI mapping",
	[JLD_INVALID_JSON_LITERAL] = "invalid JSON literal",
	[JLD_INVALID_KEYWORD_ALIAS] = "invalid keyword alias",
	[JLD_INVALID_LANGUAGE_MAP_VALUE] = "invalid language map value",
	[JLD_INVALID_LANGUAGE_MAPPING] = "invalid language mapping",
	[JLD_INVALID_LANGUAGE_TAGGED_STRING] = "invalid language-tagged string",
	[JLD_INVALID_LANGUAGE_TAGGED_VALUE] = "invalid language-tagged value",
	[JLD_INVALID_LOCAL_CONTEXT] = "invalid local context",
	[JLD_INVALID_REMOTE_CONTEXT] = "invalid remote context",
	[JLD_INVALID_REVERSE_PROPERTY] = "invalid reverse property",
	[JLD_INVALID_REVERSE_PROPERTY_MAP] = "invalid reverse property map",
	[JLD_INVALID_REVERSE_PROPERTY_VALUE] = "invalid reverse property value",
	[JLD_INVALID_SCOPED_CONTEXT] = "invalid scoped context",
	[JLD_INVALID_SET_OR_LIST_OBJECT] = "invalid set or list object",
	[JLD_INVALID_TERM_DEFINITION] = "invalid term definition",
	[JLD_INVALID_TYPE_MAPPING] = "invalid type mapping",
	[JLD_INVALID_TYPE_VALUE] = "invalid type value",
	[JLD_INVALID_TYPED_VALUE] = "invalid typed value",
	[JLD_INVALID_VALUE_OBJECT] = "invalid value object",
	[JLD_INVALID_VALUE_OBJECT_VALUE] = "invalid value object value",
	[JLD_INVALID_VOCAB_MAPPING] = "invalid vocab mapping",
	[JLD_IRI_CONFUSED_WITH_PREFIX] = "IRI confused with prefix",
	[JLD_KEYWORD_REDEFINITION] = "keyword redefinition",
	[JLD_LOADING_REMOTE_CONTEXT_FAILED] = "loading remote context failed",
	[JLD_PROCESSING_MODE_CONFLICT] = "processing mode conflict",
	[JLD_PROTECTED_TERM_REDEFINITION] = "protected term redefinition",
	[JLD_INVALID_FRAME] = "invalid frame",
	[JLD_INVALID_EMBED_VALUE] = "invalid @embed value",
	[JLD_LIST_OF_LISTS] = "list of lists",
	[JLD_COMPACTION_TO_LIST_OF_LISTS] = "compaction to list of lists",
	[JLD_DROPPED_DATA] = "dropped data",
	[JLD_UNDEFINED_PREFIX] = "undefined prefix",
};

/* may a key stand after a dot in a JSON path without quotes? */
static bool
is_plain_key(JldStr key)
{
	if (key.len == 0)
		return false;
	for (int i = 0; i < key.len; i++)
	{
		char		c = key.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			  (i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

/* the way from the root, outermost first */
static void
append_path(StringInfo buf, const JldPath *path)
{
	const JldPath **steps;
	int			n = 0;

	for (const JldPath *p = path; p; p = p->up)
		n++;
	steps = palloc(sizeof(JldPath *) * Max(n, 1));
	for (const JldPath *p = path; p; p = p->up)
		steps[--n] = p;

	appendStringInfoChar(buf, '$');
	for (const JldPath *p = path; p; p = p->up)
	{
		const JldPath *step = steps[n++];

		if (step->key.data == NULL)
			appendStringInfo(buf, "[%d]", step->index);
		else if (is_plain_key(step->key))
			appendStringInfo(buf, ".%.*s", step->key.len, step->key.data);
		else
			appendStringInfo(buf, ".\"%.*s\"", step->key.len, step->key.data);
	}
}

void
jld_error(JldProcessor *proc, JldErrorCode code, const char *subject,
		  const char *fmt,...)
{
	StringInfoData message;
	StringInfoData detail;

	initStringInfo(&message);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&message, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&message, needed);
	}

	initStringInfo(&detail);
	if (proc && proc->validating > 0 && code != JLD_INVALID_SCOPED_CONTEXT)
		appendStringInfo(&detail, "%s (%s)",
						 code_names[JLD_INVALID_SCOPED_CONTEXT],
						 code_names[code]);
	else
		appendStringInfoString(&detail, code_names[code]);
	if (subject)
		appendStringInfo(&detail, ": %s", subject);
	if (proc)
	{
		appendStringInfoString(&detail, subject ? ", at " : ": at ");
		append_path(&detail, proc->path);
	}

	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_JSONLD_ERROR),
			 errmsg_internal("%s", message.data),
			 errdetail_internal("%s", detail.data),
			 code == JLD_LOADING_REMOTE_CONTEXT_FAILED && proc && proc->options.inlineContexts ?
			 errhint("Stored contexts are read by jsonld_canonize().") :
			 code == JLD_LOADING_REMOTE_CONTEXT_FAILED ?
			 errhint("Contexts are never fetched; store the document with jsonld_set_context().") :
			 code == JLD_UNDEFINED_PREFIX ?
			 errhint("INVALID_IRI: define the prefix in %s, or set the option \"strictCompactIri\" to false.",
					 proc && proc->options.prefixHint ? proc->options.prefixHint : "an @context") : 0));
}
