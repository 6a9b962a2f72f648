/*
 * syntax.c
 *		The string formats on arbitrary bytes.  The first byte chooses the
 *		format, the rest is the string, which nothing terminates.
 *
 * Laws: no format raises an error; what can be split is valid and comes back
 * when its parts are joined; a CID that can be read is written the same.
 */
#include "postgres.h"

#include "atproto/cid.h"
#include "atproto/syntax.h"
#include "base/tid.h"
#include "shim.h"

static const char *const formats[] = {
	"at-identifier", "at-uri", "cid", "datetime", "did", "handle",
	"language", "nsid", "record-key", "tid", "uri"
};

static void
require(bool law)
{
	if (!law)
		abort();
}

static void
check_at_uri(const char *str, int len, bool valid)
{
	AtUri		uri;
	SyntaxPart	parts[3];
	char	   *joined;

	require(at_uri_split(str, len, &uri) == valid);
	if (!valid || uri.rkey.str == NULL)
		return;
	parts[0] = uri.authority;
	parts[1] = uri.collection;
	parts[2] = uri.rkey;
	require(syntax_is_at_identifier(parts[0].str, parts[0].len) &&
			syntax_is_nsid(parts[1].str, parts[1].len) &&
			syntax_is_record_key(parts[2].str, parts[2].len));
	joined = at_uri_join(pnstrdup(parts[0].str, parts[0].len),
						 pnstrdup(parts[1].str, parts[1].len),
						 pnstrdup(parts[2].str, parts[2].len));
	require(strlen(joined) == len && memcmp(joined, str, len) == 0);
}

static void
check_cid(const char *str, int len)
{
	uint8		cid[CID_MAX];
	int			nbytes = cid_from_text(str, len, cid);
	char	   *text;

	if (nbytes == 0)
		return;
	require(nbytes <= CID_MAX && cid_is_valid(cid, nbytes));
	text = cid_any_to_text(cid, nbytes);
	require(strlen(text) == len && memcmp(text, str, len) == 0);
}

static void
check_format(const uint8 *data, size_t len)
{
	const char *format = formats[data[0] % lengthof(formats)];
	const char *str = (const char *) data + 1;
	bool		valid = syntax_lookup(format, strlen(format)) (str, len - 1);

	if (strcmp(format, "at-uri") == 0)
		check_at_uri(str, len - 1, valid);
	else if (strcmp(format, "cid") == 0)
		check_cid(str, len - 1);
	else if (strcmp(format, "tid") == 0)
		require(valid == tid_is_valid(str, len - 1));
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t len)
{
	if (len > 0)
		require(shim_run(check_format, data, len) == 0);
	return 0;
}
