/*
 * repo.h
 *		A repository as it travels: a CAR file of a commit, the nodes of its
 *		tree, and its records.
 *
 * Pure: knows no tables.
 */
#ifndef UPSERT_ATPROTO_REPO_H
#define UPSERT_ATPROTO_REPO_H

#include "atproto/car.h"

/* A repository being read */
typedef struct Repo
{
	CarIndex   *blocks;
	char	   *did;			/* whose it is */
	char	   *rev;			/* revision of the commit */
	const uint8 *data;			/* CID of the tree's root */
	int			data_len;
} Repo;

/* One record of it; points into the file, the path into the walk's memory */
typedef struct RepoRecord
{
	const char *path;			/* collection/rkey, not terminated */
	int			path_len;
	const uint8 *cid;			/* binary */
	int			cid_len;
	const CarBlock *block;		/* NULL: the file lacks it */
} RepoRecord;

typedef void (*RepoVisit) (void *arg, const RepoRecord *record);

/*
 * Reads a file and its commit.  The signature is not looked at.  Error: UP006
 * if the file is broken or its first root no commit of version 3.
 */
extern void repo_open(Repo *repo, const uint8 *data, Size len);

/*
 * Visits all records in the order of their paths.  The walk proves that the
 * tree is the one that these records have: order, layers and prefixes of its
 * keys are checked, and each node's CID by having been found.  Error: UP006
 * if it is not, or a node is missing.
 */
extern void repo_walk(const Repo *repo, RepoVisit visit, void *arg);

#endif							/* UPSERT_ATPROTO_REPO_H */
