/*
 * mst.h
 *		The root of the Merkle search tree over a repository's records.
 *
 * Pure: knows no tables.
 */
#ifndef UPSERT_ATPROTO_MST_H
#define UPSERT_ATPROTO_MST_H

#include "atproto/cid.h"

/* The longest path, in bytes */
#define MST_PATH_MAX		1024

/* One record of the repository */
typedef struct MstEntry
{
	const char *path;			/* collection/rkey, not terminated */
	const uint8 *cid;			/* binary */
	int			path_len;
	int16		cid_len;
	uint8		depth;			/* filled in by mst_compute_root() */
} MstEntry;

/*
 * Is this a path that a tree can hold: two segments of the characters of
 * record keys, at most MST_PATH_MAX bytes?
 */
extern bool mst_path_is_valid(const char *path, int len);

/* The layer of the tree that the path belongs to. */
extern int	mst_path_layer(const char *path, int len);

/*
 * Writes the CID of the root node of the tree that holds the entries.  Sorts
 * the entries in place.  Error: 21000 if a path occurs twice.
 */
extern void mst_compute_root(MstEntry *entries, int nentries,
							 uint8 root[CID_LENGTH]);

#endif							/* UPSERT_ATPROTO_MST_H */
