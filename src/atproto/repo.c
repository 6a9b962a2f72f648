/*
 * repo.c
 *		Whole repositories in CAR files (atproto.com/specs/repository), as
 *		com.atproto.sync.getRepo sends them.
 *
 *		root of the file
 *		  |
 *		commit {did, rev, data, prev, sig, version: 3}
 *				  |
 *				node {e: [{k, p, t, v}, ...], l}		a Merkle search tree,
 *						|  |  |  |				 |		see mst.c
 *			rest of a key  |  |  record		   node left of the first entry
 *			  bytes of the	  node right of this entry
 *			  key before
 *
 * Every block was found by its CID and has the bytes for it (car.c), so what
 * the commit names cannot be anything else.  What is left to prove is that
 * the nodes are a tree that a repository can have: keys rise from one end to
 * the other, each lies in the layer that its hash says, no layer is skipped,
 * prefixes are as long as they can be.  Then there is no other tree of the
 * same records, and a tree that visits a node twice is none.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "atproto/cbor_read.h"
#include "atproto/mst.h"
#include "atproto/repo.h"
#include "atproto/syntax.h"
#include "base/tid.h"
#include "compat.h"
#include "upsert.h"

#define COMMIT_VERSION	3
#define COMMIT_FIELDS	6

/* A walk through the tree */
typedef struct RepoWalk
{
	const Repo *repo;
	RepoVisit	visit;
	void	   *arg;
	char		path[MST_PATH_MAX]; /* the key visited last */
	int			path_len;
} RepoWalk;

pg_noreturn static void refuse_tree(const uint8 *cid, int len, const char *message);
static CborReader open_block(const CarBlock *block);
static void read_commit(Repo *repo, CborReader *reader);
static char *read_string(CborReader *reader, const char *key);
static int	node_layer(RepoWalk *walk, const CarBlock *node);
static void read_entry(CborReader *reader, char *path, int *path_len,
					   const char *last, int last_len);
static const uint8 *read_optional_link(CborReader *reader, const char *key,
									   int *len);
static const CarBlock *find_node(RepoWalk *walk, const uint8 *cid, int len);
static void walk_node(RepoWalk *walk, const CarBlock *node, int layer,
					  bool top);

/* Raises UP006 for a node of the tree. */
static void
refuse_tree(const uint8 *cid, int len, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid repository: %s", _(message)),
			 errdetail("It is the node %s.", cid_any_to_text(cid, len))));
}

static CborReader
open_block(const CarBlock *block)
{
	return (CborReader) {.data = block->data, .pos = block->data, .end = block->data + block->len};
}

/* Reads a key and its text, palloc'd. */
static char *
read_string(CborReader *reader, const char *key)
{
	CborHead	head;

	cbor_read_key(reader, key);
	head = cbor_expect(reader, CBOR_TEXT, gettext_noop("a string is expected"));
	return pnstrdup((const char *) cbor_read_bytes(reader, &head),
					(int) head.argument);
}

/* Reads a key and a link or null; NULL if null. */
static const uint8 *
read_optional_link(CborReader *reader, const char *key, int *len)
{
	CborHead	head;

	cbor_read_key(reader, key);
	head = cbor_read_head(reader);
	if (head.major == CBOR_SIMPLE && head.argument == CBOR_NULL)
		return NULL;
	if (head.major != CBOR_TAG)
		cbor_refuse(reader, head.start, gettext_noop("a link or null is expected"));
	return cbor_read_link(reader, &head, len);
}

/* Keys in canonical order: did, rev, sig, data, prev, version. */
static void
read_commit(Repo *repo, CborReader *reader)
{
	CborHead	head = cbor_expect(reader, CBOR_MAP,
								   gettext_noop("a commit must be a map"));
	int			ignored;

	if (head.argument != COMMIT_FIELDS)
		cbor_refuse(reader, head.start,
					gettext_noop("a commit must have the fields did, rev, sig, data, prev and version"));
	repo->did = read_string(reader, "did");
	repo->rev = read_string(reader, "rev");
	cbor_read_key(reader, "sig");
	head = cbor_expect(reader, CBOR_BYTES, gettext_noop("a signature must be bytes"));
	(void) cbor_read_bytes(reader, &head);
	repo->data = read_optional_link(reader, "data", &repo->data_len);
	(void) read_optional_link(reader, "prev", &ignored);
	cbor_read_key(reader, "version");
	head = cbor_expect(reader, CBOR_UNSIGNED,
					   gettext_noop("the version must be an integer"));
	if (head.argument != COMMIT_VERSION || reader->pos != reader->end)
		cbor_refuse(reader, head.start,
					gettext_noop("the version of a commit must be 3"));
}

void
repo_open(Repo *repo, const uint8 *data, Size len)
{
	Car			car;
	const CarBlock *commit;
	CborReader	reader;

	memset(repo, 0, sizeof(Repo));
	car_open(&car, data, len);
	if (car.root == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("invalid repository: the CAR file has no root")));
	repo->blocks = car_index(&car);
	commit = car_find(repo->blocks, car.root, car.root_len);
	if (commit == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("invalid repository: the CAR file lacks its root"),
				 errdetail("The root is %s.",
						   cid_any_to_text(car.root, car.root_len))));
	reader = open_block(commit);
	read_commit(repo, &reader);
	if (repo->data == NULL || !syntax_is_did(repo->did, strlen(repo->did)) ||
		!tid_is_valid(repo->rev, strlen(repo->rev)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("invalid repository: its commit is malformed"),
				 errdetail("\"did\" must be a DID, \"rev\" a TID, and \"data\" a link.")));
}

/*
 * Reads the beginning of an entry, {k, p, as far as the key, which is put
 * together in path behind what it shares with the last one of the node.
 */
static void
read_entry(CborReader *reader, char *path, int *path_len,
		   const char *last, int last_len)
{
	CborHead	head = cbor_expect(reader, CBOR_MAP,
								   gettext_noop("an entry must be a map"));
	CborHead	rest;
	const uint8 *bytes;
	int			prefix;

	if (head.argument != 4)
		cbor_refuse(reader, head.start,
					gettext_noop("an entry must have the fields k, p, t and v"));
	cbor_read_key(reader, "k");
	rest = cbor_expect(reader, CBOR_BYTES, gettext_noop("a key must be bytes"));
	bytes = cbor_read_bytes(reader, &rest);
	cbor_read_key(reader, "p");
	head = cbor_expect(reader, CBOR_UNSIGNED,
					   gettext_noop("a length must be an integer"));
	if (head.argument > last_len ||
		rest.argument > MST_PATH_MAX - head.argument)
		cbor_refuse(reader, head.start, gettext_noop("a key is malformed"));
	prefix = (int) head.argument;
	if (prefix < last_len && rest.argument > 0 && last[prefix] == (char) bytes[0])
		cbor_refuse(reader, head.start,
					gettext_noop("a key shares more with the one before it than is said"));
	if (prefix > 0)
		memmove(path, last, prefix);
	memcpy(path + prefix, bytes, rest.argument);
	*path_len = prefix + (int) rest.argument;
	if (!mst_path_is_valid(path, *path_len))
		cbor_refuse(reader, rest.start,
					gettext_noop("a key must have the form COLLECTION/RKEY"));
}

/* The layer of a node, from its first entry; -1: it has none. */
static int
node_layer(RepoWalk *walk, const CarBlock *node)
{
	CborReader	reader = open_block(node);
	CborHead	head = cbor_expect(&reader, CBOR_MAP,
								   gettext_noop("a node must be a map"));
	char		path[MST_PATH_MAX];
	int			path_len;

	cbor_read_key(&reader, "e");
	head = cbor_expect(&reader, CBOR_ARRAY,
					   gettext_noop("entries must be an array"));
	if (head.argument == 0)
		return -1;
	read_entry(&reader, path, &path_len, NULL, 0);
	return mst_path_layer(path, path_len);
}

static const CarBlock *
find_node(RepoWalk *walk, const uint8 *cid, int len)
{
	const CarBlock *node = car_find(walk->repo->blocks, cid, len);

	if (node == NULL)
		refuse_tree(cid, len, gettext_noop("the CAR file lacks a node of its tree"));
	return node;
}

/*
 * Visits a node and those below it.  The node left of the entries is the last
 * field, so the entries are passed over once to find it.
 */
static void
walk_node(RepoWalk *walk, const CarBlock *node, int layer, bool top)
{
	CborReader	reader = open_block(node);
	CborHead	head;
	uint64		nentries;
	char		last[MST_PATH_MAX];
	int			last_len = 0;
	const uint8 *left;
	int			left_len;
	const uint8 *first;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	head = cbor_expect(&reader, CBOR_MAP, gettext_noop("a node must be a map"));
	if (head.argument != 2)
		cbor_refuse(&reader, head.start,
					gettext_noop("a node must have the fields e and l"));
	cbor_read_key(&reader, "e");
	head = cbor_expect(&reader, CBOR_ARRAY,
					   gettext_noop("entries must be an array"));
	nentries = head.argument;
	first = reader.pos;
	for (uint64 i = 0; i < nentries; i++)
	{
		int			cid_len;

		read_entry(&reader, last, &last_len, last, last_len);
		(void) read_optional_link(&reader, "t", &cid_len);
		if (read_optional_link(&reader, "v", &cid_len) == NULL)
			refuse_tree(node->cid, CID_LENGTH, gettext_noop("an entry has no record"));
	}
	left = read_optional_link(&reader, "l", &left_len);
	if (reader.pos != reader.end)
		cbor_refuse(&reader, reader.pos, gettext_noop("bytes follow after the end"));
	if (nentries == 0 && (left == NULL ? !top : top))
		refuse_tree(node->cid, CID_LENGTH, gettext_noop("a node of its tree is empty"));
	if (layer == 0 && left != NULL)
		refuse_tree(node->cid, CID_LENGTH, gettext_noop("its tree is deeper than its keys allow"));

	if (left != NULL)
		walk_node(walk, find_node(walk, left, left_len), layer - 1, false);
	reader.pos = first;
	last_len = 0;
	for (uint64 i = 0; i < nentries; i++)
	{
		RepoRecord	record = {0};
		const uint8 *right;
		int			right_len;
		int			cmp;

		read_entry(&reader, last, &last_len, last, last_len);
		if (mst_path_layer(last, last_len) != layer)
			refuse_tree(node->cid, CID_LENGTH, gettext_noop("a key lies in the wrong layer of its tree"));
		cmp = memcmp(walk->path, last, Min(walk->path_len, last_len));
		if (cmp > 0 || (cmp == 0 && walk->path_len >= last_len))
			refuse_tree(node->cid, CID_LENGTH, gettext_noop("the keys of its tree are not in order"));
		memcpy(walk->path, last, last_len);
		walk->path_len = last_len;

		right = read_optional_link(&reader, "t", &right_len);
		record.cid = read_optional_link(&reader, "v", &record.cid_len);
		record.path = walk->path;
		record.path_len = walk->path_len;
		record.block = car_find(walk->repo->blocks, record.cid, record.cid_len);
		walk->visit(walk->arg, &record);
		if (right == NULL)
			continue;
		if (layer == 0)
			refuse_tree(node->cid, CID_LENGTH, gettext_noop("its tree is deeper than its keys allow"));
		walk_node(walk, find_node(walk, right, right_len), layer - 1, false);
	}
}

void
repo_walk(const Repo *repo, RepoVisit visit, void *arg)
{
	RepoWalk	walk = {.repo = repo, .visit = visit, .arg = arg};
	const CarBlock *top = find_node(&walk, repo->data, repo->data_len);
	int			layer = node_layer(&walk, top);

	walk_node(&walk, top, Max(layer, 0), true);
}
