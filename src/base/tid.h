/*
 * tid.h
 *		AT Protocol timestamp identifiers (TIDs): text, integer, time, and the
 *		generator.
 *
 * Pure: knows no tables.  Also the engine's source of revisions and of
 * generated keys.
 */
#ifndef UPSERT_BASE_TID_H
#define UPSERT_BASE_TID_H

/* Characters in a TID, without the terminating zero */
#define TID_LENGTH			13

/* The clock id is the low 10 bits of the integer */
#define TID_CLOCK_BITS		10
#define TID_CLOCK_ID_MAX	((1 << TID_CLOCK_BITS) - 1)

/* The layout leaves 53 bits to the microseconds since 1970 */
#define TID_MICROS_MAX		((UINT64CONST(1) << 53) - 1)

/*
 * Is the len bytes at str a TID by the protocol's syntax?  str needs no
 * terminating zero.  Never errors.
 */
extern bool tid_is_valid(const char *str, int len);

/*
 * The 64-bit integer a TID stands for, of any 13 bytes that tid_is_valid()
 * accepted.  The top bit is set for the TIDs from "c" on, which are valid
 * text but have no place in the layout.
 */
extern uint64 tid_decode(const char *str);

/* Writes the TID of an integer, with a terminating zero, to out. */
extern void tid_encode(uint64 value, char out[TID_LENGTH + 1]);

/*
 * Writes a new TID of the present time to out, terminated by a zero.  It is
 * greater than every TID that this backend got from tid_next() before, also
 * within one microsecond and after the clock was set back.  Raises 22003 in
 * the year 2255.
 */
extern void tid_next(char out[TID_LENGTH + 1]);

/*
 * Like tid_next(), and the result is also greater (as bytes) than previous,
 * which may be out itself.  previous NULL or no TID is as if there were none.
 * A previous that lies ahead of our clock is outbid by one microsecond but
 * does not move the clock of tid_next().  Raises 22003 when nothing is
 * greater.
 */
extern void tid_next_after(const char *previous, char out[TID_LENGTH + 1]);

/*
 * Writes to out the TID that many ticks after a valid one, with the clock id
 * of this backend: microseconds, or those of them that are this node's.  out
 * may be tid.  Raises 22003 when there is none.
 */
extern void tid_advance(const char *tid, uint64 ticks,
						char out[TID_LENGTH + 1]);

/* Registers upsert.node_id. */
extern void tid_init(void);

/* The greatest number of a node */
#define TID_NODE_MAX		1023

/* Tells the number of this server where the setting does not: -1, none. */
extern int	(*tid_default_node) (void);

#endif							/* UPSERT_BASE_TID_H */
