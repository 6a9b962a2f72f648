/*
 * program.c
 *		Compiled scripts: states with a script in it, compiled and not yet run.
 *
 *		programs[] -> {method, text, image}		the image: bounds_take_image()
 *
 * To compile a script takes longer than to run most of them.  A backend keeps
 * those that it has met twice lately, by their text and the name that their
 * messages give them, whoever sent them: nothing of a caller is in the image,
 * and each call gets a copy.
 */
#include "postgres.h"

#include <lua.h>

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "bounds.h"
#include "program.h"

/* How many are kept, and how long they may be */
#define PROGRAMS_MAX	16
#define TEXT_MAX		(64 * 1024)

typedef struct Program
{
	uint64		hash;			/* 0: none */
	uint64		used;			/* when it was asked for last */
	BoundsImage *image;			/* NULL: met once; then there is no text */
	char	   *method;
	char	   *text;
	size_t		len;
} Program;

static Program programs[PROGRAMS_MAX];
static uint64 now = 0;

static uint64
hash_program(const char *method, const char *text, size_t len)
{
	uint64		seed = hash_bytes_extended((const unsigned char *) method,
										   strlen(method), 0);

	return hash_bytes_extended((const unsigned char *) text, len, seed) | 1;
}

/* The place of the program: its own, or that of who was not used for longest. */
static Program *
find_place(uint64 hash)
{
	Program    *place = programs;

	for (Program *p = programs; p < programs + PROGRAMS_MAX; p++)
	{
		if (p->hash == hash)
			return p;
		if (p->used < place->used)
			place = p;
	}
	return place;
}

static bool
is_program(const Program *p, const char *method, const char *text, size_t len)
{
	return p->image != NULL && p->len == len &&
		memcmp(p->text, text, len) == 0 && strcmp(p->method, method) == 0;
}

static void
forget(Program *p)
{
	if (p->image != NULL)
	{
		bounds_free_image(p->image);
		pfree(p->method);
		pfree(p->text);
	}
	memset(p, 0, sizeof(Program));
}

/* Keeps the state as it is now. */
static void
keep(Program *p, lua_State *L, const char *method, const char *text, size_t len)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	char	   *copy = palloc(len + 1);

	memcpy(copy, text, len);
	p->text = copy;
	p->len = len;
	p->method = pstrdup(method);
	p->image = bounds_take_image(L);
	MemoryContextSwitchTo(caller);
	if (p->image == NULL)
	{
		pfree(p->method);
		pfree(p->text);
	}
}

int
program_open(MemoryContext parent, void (*prepare) (lua_State *L),
			 const char *method, const char *text, size_t len, lua_State **L)
{
	uint64		hash = len <= TEXT_MAX ? hash_program(method, text, len) : 0;
	Program    *p = hash != 0 ? find_place(hash) : NULL;
	bool		met = p != NULL && p->hash == hash;
	int			status;

	if (met)
		p->used = ++now;
	if (met && is_program(p, method, text, len))
	{
		*L = bounds_open_image(parent, p->image);
		if (*L != NULL)
			return LUA_OK;
	}

	*L = bounds_open_prepared(parent, prepare);
	status = bounds_load(*L, text, len, psprintf("=%s", method));
	if (status != LUA_OK || p == NULL)
		return status;
	if (!met)
	{
		forget(p);
		p->hash = hash;
		p->used = ++now;
	}
	else if (p->image == NULL)
		keep(p, *L, method, text, len);
	return status;
}
