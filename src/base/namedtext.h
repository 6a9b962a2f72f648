/*
 * namedtext.h
 *		Strings that are texts as well.
 *
 *		| length |  a  |  t  |  :  | ... |  0  |
 *		^ text	 ^ char *
 *
 * What a batch says many times, as a key, as a column and in its answer, and C
 * code compares and puts into messages, is made once.  The string is what is
 * handed about; only who made it, or is told so, may take it for a text.
 */
#ifndef UPSERT_NAMEDTEXT_H
#define UPSERT_NAMEDTEXT_H

#include "compat.h"

/* Room for a string of so many bytes, palloc'd and terminated. */
static inline char *
named_text_alloc(Size len)
{
	char	   *text = (char *) palloc(VARHDRSZ + len + 1);

	SET_VARSIZE(text, VARHDRSZ + len);
	text[VARHDRSZ + len] = '\0';
	return text + VARHDRSZ;
}

/* A copy of a string. */
static inline char *
named_text(const char *str, Size len)
{
	char	   *copy = named_text_alloc(len);

	memcpy(copy, str, len);
	return copy;
}

/* The text of such a string. */
static inline Datum
named_text_datum(const char *str)
{
	return PointerGetDatum(str - VARHDRSZ);
}

#endif							/* UPSERT_NAMEDTEXT_H */
