/*
 * digest.c
 *		MD5 and the SHA family, through PostgreSQL's common/cryptohash.
 *
 * Owns one hash context a kind and backend: with OpenSSL to make one costs as
 * much as to hash a record.  Knows nothing of what is hashed.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/md5.h"
#include "common/sha1.h"
#include "common/sha2.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/digest.h"
#include "compat.h"

static const struct
{
	pg_cryptohash_type type;
	int			length;
}			kinds[] =

{
	[DIGEST_MD5] = {PG_MD5, MD5_DIGEST_LENGTH},
	[DIGEST_SHA1] = {PG_SHA1, SHA1_DIGEST_LENGTH},
	[DIGEST_SHA256] = {PG_SHA256, PG_SHA256_DIGEST_LENGTH},
	[DIGEST_SHA384] = {PG_SHA384, PG_SHA384_DIGEST_LENGTH},
	[DIGEST_SHA512] = {PG_SHA512, PG_SHA512_DIGEST_LENGTH},
};

static pg_cryptohash_ctx *context_of(DigestKind kind);
pg_noreturn static void failed(void);

/*
 * PostgreSQL gives a hash context to the current resource owner, which would
 * take it along at the end of the transaction; hence the owner that nobody
 * ever releases.  NULL if there is no memory for it.
 */
static pg_cryptohash_ctx *
context_of(DigestKind kind)
{
	static ResourceOwner owner = NULL;
	static pg_cryptohash_ctx *contexts[lengthof(kinds)] = {NULL};
	ResourceOwner caller_owner = CurrentResourceOwner;
	MemoryContext caller_context;

	if (contexts[kind] != NULL)
		return contexts[kind];
	if (owner == NULL)
		owner = ResourceOwnerCreate(NULL, "upsert hash");
	caller_context = MemoryContextSwitchTo(TopMemoryContext);
	CurrentResourceOwner = owner;
	PG_TRY();
	{
		contexts[kind] = pg_cryptohash_create(kinds[kind].type);
	}
	PG_FINALLY();
	{
		CurrentResourceOwner = caller_owner;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller_context);
	return contexts[kind];
}

static void
failed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("could not compute a cryptographic hash")));
}

int
digest_length(DigestKind kind)
{
	return kinds[kind].length;
}

void
digest_begin(DigestKind kind)
{
	pg_cryptohash_ctx *ctx = context_of(kind);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0)
		failed();
}

void
digest_update(DigestKind kind, const void *data, Size len)
{
	if (pg_cryptohash_update(context_of(kind), data, len) < 0)
		failed();
}

void
digest_end(DigestKind kind, uint8 *out)
{
	if (pg_cryptohash_final(context_of(kind), out, kinds[kind].length) < 0)
		failed();
}

void
digest_compute(DigestKind kind, const void *data, Size len, uint8 *out)
{
	digest_begin(kind);
	digest_update(kind, data, len);
	digest_end(kind, out);
}
