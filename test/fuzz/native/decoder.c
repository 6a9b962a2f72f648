/*
 * decoder.c
 *		The DAG-CBOR decoder on arbitrary bytes: a document, UP006 or UP009.
 */
#include "postgres.h"

#include "atproto/cbor.h"
#include "shim.h"
#include "upsert.h"

static void
decode(const uint8 *data, size_t len)
{
	(void) cbor_decode(data, len);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t len)
{
	int			state = shim_run(decode, data, len);

	if (state != 0 && state != ERRCODE_UPSERT_INVALID_DOCUMENT &&
		state != ERRCODE_UPSERT_LIMIT_EXCEEDED)
		abort();
	return 0;
}
