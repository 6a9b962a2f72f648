/*
 * shim_lua.c
 *		What record scripts need of the server beside shim.c: memory contexts,
 *		all of which are one that shim_run() frees, and settings, which
 *		shim_set() changes.
 */
#include "postgres.h"

#include <malloc.h>

#include "mb/pg_wchar.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "shim_lua.h"

static struct
{
	const char *name;
	int		   *value;
}			settings[8];
static int	nsettings = 0;

void
shim_set(const char *name, int value)
{
	for (int i = 0; i < nsettings; i++)
	{
		if (strcmp(settings[i].name, name) == 0)
			*settings[i].value = value;
	}
}

void
DefineCustomIntVariable(const char *name, const char *short_desc,
						const char *long_desc, int *valueAddr, int bootValue,
						int minValue, int maxValue, GucContext context,
						int flags, GucIntCheckHook check_hook,
						GucIntAssignHook assign_hook, GucShowHook show_hook)
{
	settings[nsettings].name = name;
	settings[nsettings++].value = valueAddr;
}

MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name,
							  Size minContextSize, Size initBlockSize,
							  Size maxBlockSize)
{
	return NULL;
}

void
MemoryContextDelete(MemoryContext context)
{
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return memset(palloc(size), 0, size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return palloc(size);
}

bool
pg_verifymbstr(const char *mbstr, int len, bool noError)
{
	return pg_verify_mbstr(PG_UTF8, mbstr, len, noError);
}

/* Inputs do the same each time. */
bool
pg_strong_random(void *buf, size_t len)
{
	memset(buf, 0x5b, len);
	return true;
}
