/*
 * name.c
 *		What can name a node of a ledger: IRIs and the labels of blank nodes,
 *		as far as a btree has room for them.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "jsonld/iri.h"
#include "jsonld/jsonld.h"
#include "ledger/name.h"
#include "upsert.h"

/* A btree entry must fit a third of a page. */
#define KEY_MAX_BYTES		2600

bool
name_is_iri(JldStr id)
{
	/* what neither an IRI nor a label can hold, besides controls and blanks */
	static const char excluded[] = "<>\"{}|\\^`\177";

	if (jld_is_blank_node_id(id))
	{
		if (id.len == 2)
			return false;
	}
	else if (!iri_has_scheme(id))
		return false;
	for (int i = 0; i < id.len; i++)
	{
		unsigned char c = id.data[i];

		/* most are letters and digits, which need no look */
		if (c <= '>' ? c <= ' ' || c == '"' || c == '<' || c == '>' :
			c > 'Z' && (c < 'a' || (c > 'z' && c < 0x80)) && strchr(excluded, c) != NULL)
			return false;
	}
	return true;
}

void
name_check_iri(JldStr id)
{
	if (!name_is_iri(id))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("malformed IRI"),
				 errdetail("The IRI is \"%s\".",
						   jld_cstr((JldStr) {id.data, pg_mbcliplen(id.data, id.len, 300)})),
				 errhint("INVALID_IRI: an @id is an absolute IRI, or the label of a blank node.")));
}

bool
name_is_key(JldStr graph, JldStr id)
{
	return graph.len + id.len <= KEY_MAX_BYTES;
}

void
name_check_key(JldStr graph, JldStr id)
{
	if (!name_is_key(graph, id))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("IRI is too long to be a key"),
				 errdetail("The IRI begins with \"%s\" and has %d bytes; with that of its graph it may have %d.",
						   jld_cstr((JldStr) {id.data, pg_mbcliplen(id.data, id.len, 100)}),
						   id.len, KEY_MAX_BYTES),
				 errhint("INVALID_IRI: name the node by something shorter.")));
}
