/*
 * keynote.h
 *		The key of a row that was not inserted, as its triggers have left it.
 *		Private to spi.c.
 */
#ifndef UPSERT_KEYNOTE_H
#define UPSERT_KEYNOTE_H

#include "store/store_impl.h"

typedef struct KeyNote
{
	Store	   *store;
	bool		noted;			/* key and nulls are there */
	Datum		key[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];
} KeyNote;

/*
 * From now on upsert_note_key() fills this note, in the store's memory for
 * the item; NULL: none.  Returns the one before, to be set again afterwards,
 * also after an error.
 */
extern KeyNote *keynote_expect(KeyNote *note);

#endif							/* UPSERT_KEYNOTE_H */
