/*
 * shim.c
 *		What the pure modules of src/atproto need of the server, so that they
 *		can be fuzzed without one.
 *
 * Every palloc() is a malloc() of its own with the exact size, so that
 * AddressSanitizer sees the first byte read or written behind it; inside the
 * server memory contexts would hide that.  ereport(ERROR) jumps back to the
 * fuzzer.  A jsonb is not built: its parts are read to the last byte and
 * dropped.  What a harness never reaches (the SQL-callable wrappers, the
 * encoder's numerics) stays undefined at link time.
 */
#include "postgres.h"

#include <setjmp.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "shim.h"

#undef pg_any_to_server

volatile sig_atomic_t InterruptPending = false;
MemoryContext CurrentMemoryContext = NULL;
MemoryContext TopMemoryContext = NULL;
ErrorContextCallback *error_context_stack = NULL;
sigjmp_buf *PG_exception_stack = NULL;

static void **chunks;
static size_t nchunks;
static size_t size;

static sigjmp_buf caught;
static int	sqlstate;
static volatile char sink;

int
shim_run(void (*target) (const uint8 *, size_t), const uint8 *data, size_t len)
{
	sqlstate = 0;
	PG_exception_stack = &caught;
	if (sigsetjmp(caught, 0) == 0)
		target(data, len);
	while (nchunks > 0)
		free(chunks[--nchunks]);
	return sqlstate;
}

void
shim_read(const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sink = ((const char *) data)[i];
}

/* Memory */

void *
palloc(Size len)
{
	void	   *chunk;

	if (!AllocSizeIsValid(len))
		abort();
	if (nchunks == size)
	{
		size = size == 0 ? 1024 : size * 2;
		chunks = realloc(chunks, size * sizeof(void *));
	}
	chunk = malloc(len);
	return chunks[nchunks++] = chunk;
}

void *
palloc0(Size len)
{
	return memset(palloc(len), 0, len);
}

void *
repalloc_huge(void *chunk, Size len)
{
	for (size_t i = nchunks; i-- > 0;)
		if (chunks[i] == chunk)
			return chunks[i] = realloc(chunk, len);
	abort();
}

void *
repalloc(void *chunk, Size len)
{
	return repalloc_huge(chunk, len);
}

void
pfree(void *chunk)
{
	for (size_t i = nchunks; i-- > 0;)
	{
		if (chunks[i] == chunk)
		{
			chunks[i] = chunks[--nchunks];
			free(chunk);
			return;
		}
	}
	abort();
}

char *
pstrdup(const char *str)
{
	return pnstrdup(str, strlen(str));
}

char *
pnstrdup(const char *str, Size len)
{
	char	   *copy;

	len = strnlen(str, len);
	copy = palloc(len + 1);
	memcpy(copy, str, len);
	copy[len] = '\0';
	return copy;
}

/* Errors: the message is made, for what it reads, and forgotten */

bool
errstart(int elevel, const char *domain)
{
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return true;
}

int
errcode(int code)
{
	sqlstate = code;
	return 0;
}

#define MAKE_MESSAGE(fmt) \
	do { \
		char		buffer[2000]; \
		va_list		args; \
		va_start(args, fmt); \
		(void) pg_vsnprintf(buffer, sizeof(buffer), fmt, args); \
		va_end(args); \
		shim_read(buffer, strlen(buffer)); \
	} while (0)

int
errmsg(const char *fmt,...)
{
	MAKE_MESSAGE(fmt);
	return 0;
}

int
errmsg_internal(const char *fmt,...)
{
	/* of elog(ERROR), which is for what cannot happen */
	abort();
}

int
errdetail(const char *fmt,...)
{
	MAKE_MESSAGE(fmt);
	return 0;
}

int
errhint(const char *fmt,...)
{
	MAKE_MESSAGE(fmt);
	return 0;
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	pg_re_throw();
}

void
pg_re_throw(void)
{
	siglongjmp(*PG_exception_stack, 1);
}

void
check_stack_depth(void)
{
}

void
ProcessInterrupts(void)
{
}

/* Encodings: the database's is UTF8 */

int
GetDatabaseEncoding(void)
{
	return PG_UTF8;
}

bool
pg_verify_mbstr(int encoding, const char *str, int len, bool noError)
{
	return pg_encoding_verifymbstr(encoding, str, len) == len;
}

int
pg_mbcliplen(const char *str, int len, int limit)
{
	int			clipped = 0;

	while (clipped < len && str[clipped] != '\0')
	{
		int			n = pg_utf_mblen((const unsigned char *) str + clipped);

		if (clipped + n > limit || clipped + n > len)
			break;
		clipped += n;
	}
	return clipped;
}

char *
pg_any_to_server(const char *str, int len, int encoding)
{
	return unconstify(char *, str);
}

/* jsonb */

static int	depth;

JsonbValue *
pushJsonbValue(JsonbParseState **pstate, JsonbIteratorToken token, JsonbValue *v)
{
	static JsonbValue container = {.type = jbvObject};

	if (*pstate == NULL)
	{
		*pstate = palloc(1);
		depth = 0;
	}
	if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT)
		depth++;
	else if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
	{
		if (--depth < 0)
			abort();
		return &container;
	}
	else if (v->type == jbvString)
		shim_read(v->val.string.val, v->val.string.len);
	else if (v->type == jbvNumeric)
		shim_read(v->val.numeric, 8);
	return NULL;
}

Jsonb *
JsonbValueToJsonb(JsonbValue *v)
{
	if (v->type == jbvString)
		shim_read(v->val.string.val, v->val.string.len);
	return palloc(VARHDRSZ);
}

Numeric
int64_to_numeric(int64 value)
{
	return palloc(8);
}
