/*
 * tid.c
 *		AT Protocol timestamp identifiers (TIDs).
 *
 * A TID is a 64-bit integer written as 13 digits of a base 32 whose digits
 * sort like their values, so that text order (as bytes) is time order:
 *
 *		 bit 63   62 ............ 10   9 ..... 0
 *		+-------+--------------------+----------+
 *		|   0   | microseconds since |  clock   |
 *		|       | 1970 (53 bits)     |  id      |
 *		+-------+--------------------+----------+
 *
 * 13 digits hold 65 bits; the syntax only rules out the 65th, hence text from
 * "c222222222222" on is a valid TID that the layout has no room for: we
 * accept it as text and refuse to convert it.
 *
 * The generator's one piece of state is the microsecond of the last TID of
 * this backend.  A TID takes the clock's microsecond or the last one plus
 * one, whichever is later, so it rises strictly whatever the clock does.  The
 * clock id is the number of the backend's slot in shared memory: no two
 * living backends have the same one (modulo 1024), so none can make the
 * other's TID, without a lock.  Between backends the order is that of the
 * clock only.
 *
 * Two servers have the same slots.  Where there are several that must not make
 * the same TIDs, each has a number, and time is dealt out among them:
 *
 *		microsecond	.. 64 65 66 67 .. 95 96 97 98 ..
 *		node 0		   ^               ^
 *		node 1			  ^               ^				and so on, 32 in all
 *
 * so that no two of up to 32 ever share a microsecond.  The clock id is moved
 * by the node's number besides, which keeps those apart that share a slice.
 *
 * This module must not know who uses a TID for what.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/tid.h"
#include "compat.h"
#include "upsert.h"

static const char tid_digits[] = "234567abcdefghijklmnopqrstuvwxyz";

/* microseconds from 1970, the epoch of TIDs, to 2000, that of PostgreSQL */
#define TID_EPOCH_OFFSET \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/* microsecond of the last TID of this backend; see above */
static uint64 tid_last_micros = 0;

/* microseconds are dealt out among this many nodes */
#define TID_SLICES		32

/* clock ids of the next node start so much further on; coprime to their number */
#define TID_NODE_STEP	37

/* setting upsert.node_id; -1: ask tid_default_node */
static int	tid_node_id = -1;

int			(*tid_default_node) (void) = NULL;

void
tid_init(void)
{
	DefineCustomIntVariable("upsert.node_id",
							"Number of this server among those that must not make the same TIDs.",
							"-1: that of its group where there is Citus, else there is one server only.",
							&tid_node_id, -1, -1, TID_NODE_MAX, PGC_SUSET, 0,
							NULL, NULL, NULL);
}

/* The number of this server, or -1. */
static int
tid_node(void)
{
	if (tid_node_id >= 0)
		return tid_node_id;
	return tid_default_node ? tid_default_node() : -1;
}

/* The first microsecond from this on that is the node's. */
static uint64
tid_slice(int node, uint64 micros)
{
	if (node < 0)
		return micros;
	return micros + (node % TID_SLICES + TID_SLICES - micros % TID_SLICES) % TID_SLICES;
}

static int	tid_digit_value(char c);
static int	tid_node(void);
static uint64 tid_clock_id(void);
static uint64 tid_tick(void);
pg_noreturn static void tid_exhausted(void);
static uint64 tid_argument(text *arg);

/* The value of a digit, or -1 if c is none. */
static int
tid_digit_value(char c)
{
	if (c >= '2' && c <= '7')
		return c - '2';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 6;
	return -1;
}

bool
tid_is_valid(const char *str, int len)
{
	if (len != TID_LENGTH || tid_digit_value(str[0]) >= 16)
		return false;
	for (int i = 0; i < TID_LENGTH; i++)
	{
		if (tid_digit_value(str[i]) < 0)
			return false;
	}
	return true;
}

uint64
tid_decode(const char *str)
{
	uint64		value = 0;

	for (int i = 0; i < TID_LENGTH; i++)
		value = (value << 5) | (uint64) tid_digit_value(str[i]);
	return value;
}

void
tid_encode(uint64 value, char out[TID_LENGTH + 1])
{
	for (int i = TID_LENGTH - 1; i >= 0; i--)
	{
		out[i] = tid_digits[value & 0x1f];
		value >>= 5;
	}
	out[TID_LENGTH] = '\0';
}

/* The clock id of this backend, in place. */
static uint64
tid_clock_id(void)
{
	return ((uint64) compat_backend_slot() +
			(uint64) Max(tid_node(), 0) * TID_NODE_STEP) & TID_CLOCK_ID_MAX;
}

/* The next microsecond of this backend. */
static uint64
tid_tick(void)
{
	int64		now = GetCurrentTimestamp() + TID_EPOCH_OFFSET;

	/* a clock before 1970 must not wrap around to the far future */
	tid_last_micros = tid_slice(tid_node(), Max(tid_last_micros + 1,
												(uint64) Max(now, 0)));
	if (tid_last_micros > TID_MICROS_MAX)
		tid_exhausted();
	return tid_last_micros;
}

static void
tid_exhausted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("no greater TID exists"),
			 errdetail("The greatest TID is \"bzzzzzzzzzzzz\", in the year 2255.")));
}

void
tid_next(char out[TID_LENGTH + 1])
{
	tid_encode(tid_tick() << TID_CLOCK_BITS | tid_clock_id(), out);
}

void
tid_next_after(const char *previous, char out[TID_LENGTH + 1])
{
	uint64		value = tid_tick() << TID_CLOCK_BITS | tid_clock_id();

	if (previous != NULL && tid_is_valid(previous, strlen(previous)))
	{
		if (value <= tid_decode(previous))
		{
			tid_advance(previous, 1, out);
			return;
		}
	}
	tid_encode(value, out);
}

void
tid_advance(const char *tid, uint64 ticks, char out[TID_LENGTH + 1])
{
	int			node = tid_node();
	uint64		total = tid_slice(node, (tid_decode(tid) >> TID_CLOCK_BITS) +
								  (node < 0 ? ticks :
								   (ticks - Min(ticks, 1)) * TID_SLICES + Min(ticks, 1)));

	if (total > TID_MICROS_MAX)
		tid_exhausted();
	tid_encode(total << TID_CLOCK_BITS | tid_clock_id(), out);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_tid);
PG_FUNCTION_INFO_V1(at_tid_to_bigint);
PG_FUNCTION_INFO_V1(at_tid_from_bigint);
PG_FUNCTION_INFO_V1(at_tid_to_timestamptz);
PG_FUNCTION_INFO_V1(at_tid_from_timestamptz);

/* The integer of a TID given as SQL text; errors unless the layout holds it. */
static uint64
tid_argument(text *arg)
{
	char	   *str = VARDATA_ANY(arg);
	int			len = VARSIZE_ANY_EXHDR(arg);
	uint64		value;

	if (!tid_is_valid(str, len))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid TID"),
				 errdetail("The value is \"%s\".", text_to_cstring(arg)),
				 errhint("A TID is 13 characters of \"%s\", the first of them at most \"j\".",
						 tid_digits)));
	value = tid_decode(str);
	if (value > (uint64) PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("TID out of range"),
				 errdetail("The value is \"%s\"; the greatest that stands for a time is \"bzzzzzzzzzzzz\".",
						   text_to_cstring(arg))));
	return value;
}

/* at_tid() -> text */
Datum
at_tid(PG_FUNCTION_ARGS)
{
	char		tid[TID_LENGTH + 1];

	tid_next(tid);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(tid, TID_LENGTH));
}

/* at_tid_to_bigint(text) -> bigint */
Datum
at_tid_to_bigint(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) tid_argument(PG_GETARG_TEXT_PP(0)));
}

/* at_tid_from_bigint(bigint) -> text */
Datum
at_tid_from_bigint(PG_FUNCTION_ARGS)
{
	int64		value = PG_GETARG_INT64(0);
	char		tid[TID_LENGTH + 1];

	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a TID cannot be negative"),
				 errdetail("The value is %lld.", (long long) value)));
	tid_encode((uint64) value, tid);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(tid, TID_LENGTH));
}

/* at_tid_to_timestamptz(text) -> timestamptz */
Datum
at_tid_to_timestamptz(PG_FUNCTION_ARGS)
{
	uint64		value = tid_argument(PG_GETARG_TEXT_PP(0));

	PG_RETURN_TIMESTAMPTZ((int64) (value >> TID_CLOCK_BITS) - TID_EPOCH_OFFSET);
}

/* at_tid_from_timestamptz(timestamptz, clock_id int) -> text */
Datum
at_tid_from_timestamptz(PG_FUNCTION_ARGS)
{
	TimestampTz time = PG_GETARG_TIMESTAMPTZ(0);
	int32		clock_id = PG_GETARG_INT32(1);
	char		tid[TID_LENGTH + 1];

	if (clock_id < 0 || clock_id > TID_CLOCK_ID_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("clock id out of range"),
				 errdetail("The value is %d.", clock_id),
				 errhint("A clock id lies between 0 and %d.",
						 TID_CLOCK_ID_MAX)));
	/* compared on PostgreSQL's scale, where nothing can overflow */
	if (TIMESTAMP_NOT_FINITE(time) || time < -TID_EPOCH_OFFSET ||
		time > (int64) TID_MICROS_MAX - TID_EPOCH_OFFSET)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range for a TID"),
				 errdetail("The value is %s.",
						   timestamptz_to_str(time)),
				 errhint("TIDs reach from 1970 to 2255.")));
	tid_encode((uint64) (time + TID_EPOCH_OFFSET) << TID_CLOCK_BITS | clock_id,
			   tid);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(tid, TID_LENGTH));
}
