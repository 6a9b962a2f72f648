/*
 * car.c
 *		CAR files and the repositories in them on arbitrary bytes: all blocks, all
 *		records, or UP006, UP009.
 *
 * Changed bytes would not have their CIDs any more, and nothing behind the first
 * block would ever be reached.  So the digest of this harness sees only how many
 * bytes there are; run.sh makes its files by the same.
 */
#include "postgres.h"

#include "atproto/repo.h"
#include "base/digest.h"
#include "shim.h"
#include "upsert.h"

void
digest_compute(DigestKind kind, const void *data, Size len, uint8 *out)
{
	shim_read(data, len);
	memset(out, 0, DIGEST_SHA256_LENGTH);
	out[0] = len % 2 == 0 ? 0xff : 0x3f;	/* a key of layer 0, or 1 */
	out[1] = (uint8) (len >> 8);
	out[2] = (uint8) len;
}

static void
read_file(const uint8 *data, size_t len)
{
	Car			car;
	CarBlock	block;

	car_open(&car, data, len);
	shim_read(car.root, car.root_len);
	while (car_next(&car, &block))
	{
		shim_read(block.cid, CID_LENGTH);
		shim_read(block.data, block.len);
	}
}

static void
visit(void *arg, const RepoRecord *record)
{
	shim_read(record->path, record->path_len);
	shim_read(record->cid, record->cid_len);
	if (record->block)
		shim_read(record->block->data, record->block->len);
}

static void
read_repo(const uint8 *data, size_t len)
{
	Repo		repo;

	repo_open(&repo, data, len);
	repo_walk(&repo, visit, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t len)
{
	int			file = shim_run(read_file, data, len);
	int			repo = shim_run(read_repo, data, len);

	for (int i = 0; i < 2; i++)
	{
		int			state = i == 0 ? file : repo;

		if (state != 0 && state != ERRCODE_UPSERT_INVALID_DOCUMENT &&
			state != ERRCODE_UPSERT_LIMIT_EXCEEDED)
			abort();
	}
	/* a repository is a file first of all */
	if (file != 0 && repo == 0)
		abort();
	return 0;
}
