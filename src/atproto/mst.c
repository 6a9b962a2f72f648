/*
 * mst.c
 *		The root of the Merkle search tree over a repository's records
 *		(atproto.com/specs/repository, "MST structure").
 *
 * The tree's shape follows from its paths alone.  A path's depth is half the
 * number of leading zero bits of its SHA-256.  The top node has all paths of
 * the greatest depth; between two of them, and at both ends, hangs the node
 * of the next lower layer for the paths in that gap, and so on down:
 *
 *		layer 1:	 {l: *, e: [ B t: *, F t: - ]}
 *						 |          |
 *		layer 0:	  {A}        {C D E}
 *
 * A layer is never skipped: a gap whose paths are all deeper down gets a node
 * without entries.  So with the entries sorted, a node is a range of them and
 * a layer, and its bytes need nothing but the CIDs of the nodes in its gaps.
 * The recursion is as deep as the layers, at most 128.
 *
 * A root compares two sets of records with one string, for instance a mirror
 * with the "data" of a signed commit.  This module must not know where the
 * records come from.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "atproto/cbor.h"
#include "atproto/mst.h"
#include "atproto/syntax.h"
#include "compat.h"
#include "upsert.h"

static int	compare_entries(const void *a, const void *b);
static int	common_prefix(const MstEntry *a, const MstEntry *b);
static void append_subtree(StringInfo out, const MstEntry *entries,
						   int nentries, int layer);
static void compute_node(const MstEntry *entries, int nentries, int layer,
						 uint8 cid[CID_LENGTH]);

bool
mst_path_is_valid(const char *path, int len)
{
	const char *slash = memchr(path, '/', len);

	/* a second slash is no character of a record key */
	return len <= MST_PATH_MAX && slash != NULL &&
		syntax_is_record_key(path, slash - path) &&
		syntax_is_record_key(slash + 1, path + len - slash - 1);
}

/* Half the leading zero bits of the path's hash. */
int
mst_path_layer(const char *path, int len)
{
	uint8		digest[CID_DIGEST_LENGTH];
	int			depth = 0;

	cid_digest(path, len, digest);
	for (int i = 0; i < CID_DIGEST_LENGTH; i++)
	{
		for (int shift = 6; shift >= 0; shift -= 2)
		{
			if ((digest[i] >> shift & 0x03) != 0)
				return depth;
			depth++;
		}
	}
	return depth;
}

/* Bytewise order of the paths. */
static int
compare_entries(const void *a, const void *b)
{
	const MstEntry *ea = a;
	const MstEntry *eb = b;
	int			cmp = memcmp(ea->path, eb->path,
							 Min(ea->path_len, eb->path_len));

	return cmp != 0 ? cmp : ea->path_len - eb->path_len;
}

static int
common_prefix(const MstEntry *a, const MstEntry *b)
{
	int			len = Min(a->path_len, b->path_len);
	int			i;

	for (i = 0; i < len && a->path[i] == b->path[i]; i++)
		;
	return i;
}

/* Appends the link to the node for the entries in a gap: null if none. */
static void
append_subtree(StringInfo out, const MstEntry *entries, int nentries,
			   int layer)
{
	uint8		cid[CID_LENGTH];

	if (nentries == 0)
	{
		cbor_append_head(out, CBOR_SIMPLE, CBOR_NULL);
		return;
	}
	compute_node(entries, nentries, layer, cid);
	cbor_append_link(out, cid, CID_LENGTH);
}

/*
 * Computes the CID of the node of this layer for the entries, none of which
 * lies above it.
 */
static void
compute_node(const MstEntry *entries, int nentries, int layer,
			 uint8 cid[CID_LENGTH])
{
	StringInfoData out;
	int			nhere = 0;
	int			first = nentries;	/* of this layer */
	const MstEntry *last = NULL;

	CHECK_FOR_INTERRUPTS();
	for (int i = nentries - 1; i >= 0; i--)
	{
		if (entries[i].depth == layer)
		{
			nhere++;
			first = i;
		}
	}

	/* map keys in canonical order: e, l; in an entry k, p, t, v */
	initStringInfo(&out);
	cbor_append_head(&out, CBOR_MAP, 2);
	cbor_append_head(&out, CBOR_TEXT, 1);
	appendStringInfoChar(&out, 'e');
	cbor_append_head(&out, CBOR_ARRAY, nhere);
	for (int i = first; i < nentries;)
	{
		const MstEntry *entry = &entries[i];
		int			prefix = last == NULL ? 0 : common_prefix(last, entry);
		int			next = i + 1;

		while (next < nentries && entries[next].depth != layer)
			next++;
		cbor_append_head(&out, CBOR_MAP, 4);
		cbor_append_head(&out, CBOR_TEXT, 1);
		appendStringInfoChar(&out, 'k');
		cbor_append_bytes(&out, entry->path + prefix, entry->path_len - prefix);
		cbor_append_head(&out, CBOR_TEXT, 1);
		appendStringInfoChar(&out, 'p');
		cbor_append_head(&out, CBOR_UNSIGNED, prefix);
		cbor_append_head(&out, CBOR_TEXT, 1);
		appendStringInfoChar(&out, 't');
		append_subtree(&out, entry + 1, next - i - 1, layer - 1);
		cbor_append_head(&out, CBOR_TEXT, 1);
		appendStringInfoChar(&out, 'v');
		cbor_append_link(&out, entry->cid, entry->cid_len);
		last = entry;
		i = next;
	}
	cbor_append_head(&out, CBOR_TEXT, 1);
	appendStringInfoChar(&out, 'l');
	append_subtree(&out, entries, first, layer - 1);

	cid_compute(CID_CODEC_DAG_CBOR, out.data, out.len, cid);
	pfree(out.data);
}

void
mst_compute_root(MstEntry *entries, int nentries, uint8 root[CID_LENGTH])
{
	int			top = 0;

	qsort(entries, nentries, sizeof(MstEntry), compare_entries);
	for (int i = 0; i < nentries; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && compare_entries(&entries[i - 1], &entries[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("a path occurs more than once"),
					 errdetail("The path is \"%s\".",
							   pnstrdup(entries[i].path,
										entries[i].path_len)),
					 errhint("Aggregate the records of one repository at a time.")));
		entries[i].depth = mst_path_layer(entries[i].path,
										  entries[i].path_len);
		top = Max(top, entries[i].depth);
	}
	compute_node(entries, nentries, top, root);
}


/*
 * SQL-callable functions: the aggregate mst_root(path, cid)
 */

PG_FUNCTION_INFO_V1(mst_root_add);
PG_FUNCTION_INFO_V1(mst_root_final);

/* What the aggregate has seen so far */
typedef struct MstState
{
	MstEntry   *entries;
	int			nentries;
	int			allocated;
} MstState;

/* mst_root_add(internal, path text, cid text) -> internal */
Datum
mst_root_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MemoryContext old_context;
	MstState   *state = PG_ARGISNULL(0) ? NULL : (MstState *) PG_GETARG_POINTER(0);
	text	   *path;
	text	   *cid_text;
	int			path_len;
	uint8		cid[CID_MAX];
	int			cid_len;
	char	   *copy;
	MstEntry   *entry;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "mst_root_add called in non-aggregate context");

	/* a row of an outer join that found nothing */
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("path and CID must not be null"),
				 PG_ARGISNULL(1) ? 0 :
				 errdetail("The path is \"%s\".",
						   text_to_cstring(PG_GETARG_TEXT_PP(1)))));

	path = PG_GETARG_TEXT_PP(1);
	path_len = VARSIZE_ANY_EXHDR(path);
	if (!mst_path_is_valid(VARDATA_ANY(path), path_len))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid repository path"),
				 errdetail("The value is \"%s\".", text_to_cstring(path)),
				 errhint("A path has the form COLLECTION/RKEY.")));
	cid_text = PG_GETARG_TEXT_PP(2);
	cid_len = cid_from_text(VARDATA_ANY(cid_text), VARSIZE_ANY_EXHDR(cid_text),
							cid);
	if (cid_len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid CID"),
				 errdetail("The value is \"%s\".", text_to_cstring(cid_text)),
				 errhint("A CID is of version 1 and in base 32, such as record_cid() returns.")));

	old_context = MemoryContextSwitchTo(context);
	if (state == NULL)
	{
		state = palloc(sizeof(MstState));
		state->nentries = 0;
		state->allocated = 64;
		state->entries = palloc(state->allocated * sizeof(MstEntry));
	}
	if (state->nentries == state->allocated)
	{
		if (state->allocated > PG_INT32_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many records in one repository")));
		state->allocated *= 2;
		state->entries = repalloc_huge(state->entries,
									   state->allocated * sizeof(MstEntry));
	}
	copy = palloc(path_len + cid_len);
	memcpy(copy, VARDATA_ANY(path), path_len);
	memcpy(copy + path_len, cid, cid_len);
	entry = &state->entries[state->nentries++];
	entry->path = copy;
	entry->path_len = path_len;
	entry->cid = (const uint8 *) copy + path_len;
	entry->cid_len = cid_len;
	entry->depth = 0;
	MemoryContextSwitchTo(old_context);
	PG_RETURN_POINTER(state);
}

/* mst_root_final(internal) -> text */
Datum
mst_root_final(PG_FUNCTION_ARGS)
{
	uint8		root[CID_LENGTH];
	char		text[CID_TEXT_LENGTH + 1];

	if (PG_ARGISNULL(0))
		mst_compute_root(NULL, 0, root);
	else
	{
		MstState   *state = (MstState *) PG_GETARG_POINTER(0);

		mst_compute_root(state->entries, state->nentries, root);
	}
	cid_to_text(root, text);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text, CID_TEXT_LENGTH));
}
