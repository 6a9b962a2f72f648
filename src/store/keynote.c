/*
 * keynote.c
 *		The key of a row that was not inserted, as its triggers have left it.
 *
 * A BEFORE trigger may give a new row another key than the caller's.  If that
 * one is taken, INSERT ... ON CONFLICT DO NOTHING does not tell by whom, and
 * looking for the caller's key again finds nothing.  So the statement is
 *
 *		INSERT ... ON CONFLICT (k) DO UPDATE SET c = t.c
 *			WHERE upsert_note_key(EXCLUDED.k)
 *
 * whose condition sees the row that was to be inserted, notes its key, and is
 * false: nothing is updated.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "store/keynote.h"

static KeyNote *expected = NULL;

KeyNote *
keynote_expect(KeyNote *note)
{
	KeyNote    *before = expected;

	expected = note;
	return before;
}

/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(upsert_note_key);

/* upsert_note_key(VARIADIC "any") -> boolean, always false */
Datum
upsert_note_key(PG_FUNCTION_ARGS)
{
	KeyNote    *note = expected;
	MemoryContext oldcontext;
	int			i;

	/* whoever calls it for himself has nothing to note */
	if (note == NULL || PG_NARGS() != note->store->target.nkeys)
		PG_RETURN_BOOL(false);
	for (i = 0; i < PG_NARGS(); i++)
		if (get_fn_expr_argtype(fcinfo->flinfo, i) !=
			TupleDescAttr(note->store->tupdesc, note->store->target.keys[i] - 1)->atttypid)
			PG_RETURN_BOOL(false);

	oldcontext = MemoryContextSwitchTo(note->store->item_context);
	for (i = 0; i < PG_NARGS(); i++)
	{
		Form_pg_attribute att = TupleDescAttr(note->store->tupdesc,
											  note->store->target.keys[i] - 1);

		note->nulls[i] = PG_ARGISNULL(i);
		if (note->nulls[i])
			note->key[i] = (Datum) 0;
		else if (att->attlen == -1)
			note->key[i] = PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(i)));
		else
			note->key[i] = datumCopy(PG_GETARG_DATUM(i), att->attbyval, att->attlen);
	}
	note->noted = true;
	MemoryContextSwitchTo(oldcontext);
	PG_RETURN_BOOL(false);
}
