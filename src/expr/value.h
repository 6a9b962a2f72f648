/*
 * value.h
 *		Values of the expression language: AQL's semantics over JsonbValue.
 *
 * A value is a JsonbValue of type jbvNull, jbvBool, jbvNumeric or jbvString,
 * or a jbvBinary for every array and object; never jbvArray, jbvObject or
 * jbvDatetime.  Strings need not be NUL-terminated.  Values borrow: what is
 * read out of a container points into it.  Results are allocated in
 * CurrentMemoryContext unless a comment says otherwise.
 */
#ifndef UPSERT_EXPR_VALUE_H
#define UPSERT_EXPR_VALUE_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* The types, in the language's order of comparison (bool: false < true). */
typedef enum ValueType
{
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT
} ValueType;

extern ValueType value_type(const JsonbValue *v);

/* The language's word for a type: what TYPENAME() answers. */
extern const char *value_typename(const JsonbValue *v);

/*
 * Constructors.  value_set_string borrows its bytes; value_set_double stores
 * the shortest decimal that reads back as d, and null for NaN and infinities.
 */
extern void value_set_null(JsonbValue *v);
extern void value_set_bool(JsonbValue *v, bool b);
extern void value_set_int64(JsonbValue *v, int64 i);
extern void value_set_double(JsonbValue *v, double d);
extern void value_set_numeric(JsonbValue *v, Numeric n);
extern void value_set_string(JsonbValue *v, const char *s, int len);
extern void value_set_empty_array(JsonbValue *v);
extern void value_set_empty_object(JsonbValue *v);

/* To and from the SQL type.  The value borrows from the jsonb it came from. */
extern void value_from_jsonb(Jsonb *jb, JsonbValue *v);
extern Jsonb *value_to_jsonb(const JsonbValue *v);

/* A string as a value of type text. */
extern Datum value_text_datum(const JsonbValue *v);

/* Deep copy into CurrentMemoryContext. */
extern void value_copy(const JsonbValue *v, JsonbValue *out);

/* false for null, false, 0 and ""; true for everything else, [] and {} too. */
extern bool value_truthy(const JsonbValue *v);

/*
 * Total order, -1, 0 or 1: by type, then numbers by value, strings by code
 * point, arrays element by element with null for what is missing, objects by
 * the sorted union of their names with null for what is missing.
 * value_equal(a, b) is value_compare(a, b) == 0, quicker.
 */
extern int	value_compare(const JsonbValue *a, const JsonbValue *b);
extern bool value_equal(const JsonbValue *a, const JsonbValue *b);

/* A hash that is the same for equal values. */
extern uint32 value_hash(const JsonbValue *v);

/*
 * The language's casts.  To a number: null 0, bool 0 or 1, a numeric string
 * (blanks trimmed) its number, an array of one the cast of its element,
 * anything else 0.  To a string: null "", strings as they are, else compact
 * JSON.
 */
extern Numeric value_to_numeric(const JsonbValue *v);
extern double value_to_double(const JsonbValue *v);
extern double numeric_to_double(Numeric n);
extern int64 value_to_int64(const JsonbValue *v);	/* truncates, saturates */
extern void value_to_string(const JsonbValue *v, StringInfo out);
extern void value_to_json(const JsonbValue *v, StringInfo out);

/*
 * Parse the text of a number, normalized; false if it is none or its decimal exponent
 * exceeds +-999 or it has more digits than numeric is sure to hold (100,000,
 * 10,000 of them after the point).  The grammar is JSON's, with an optional leading plus sign,
 * leading zeros, and "5." or ".5".
 */
extern bool number_is_parsable(const char *s, int len);
extern bool number_parse(const char *s, int len, Numeric *out);

/* -1, 0 or 1. */
extern int	number_compare(Numeric a, Numeric b);

/* The number without trailing zeros of its fraction: 1.50 becomes 1.5. */
extern Numeric number_normalize(Numeric n);

/*
 * Arithmetic on the casts of a and b.  +, - and * are exact; / is exact where
 * the quotient of two integers is an integer and a double elsewhere; a result
 * beyond what the types can hold is null.  div and mod answer false, with a
 * null result, for a zero divisor: the caller raises warning 1562.
 */
extern void value_add(const JsonbValue *a, const JsonbValue *b, JsonbValue *out);
extern void value_sub(const JsonbValue *a, const JsonbValue *b, JsonbValue *out);
extern void value_mul(const JsonbValue *a, const JsonbValue *b, JsonbValue *out);
extern bool value_div(const JsonbValue *a, const JsonbValue *b, JsonbValue *out);
extern bool value_mod(const JsonbValue *a, const JsonbValue *b, JsonbValue *out);
extern void value_negate(const JsonbValue *a, JsonbValue *out);
extern void value_plus(const JsonbValue *a, JsonbValue *out);

/*
 * Reading containers.  value_count is the number of elements or attributes
 * (0 for scalars).  value_attribute and value_index answer false and null
 * where there is nothing, also on other types; a negative index counts from
 * the end.
 */
extern int	value_count(const JsonbValue *v);
extern bool value_attribute(const JsonbValue *v, const char *name, int len,
							JsonbValue *out);
extern bool value_index(const JsonbValue *v, int64 i, JsonbValue *out);

/* Walk an array or object; other values have no members. */
typedef struct ValueIter
{
	const JsonbContainer *container;
	const char *base;			/* first byte of the members' data */
	int			count;
	int			next;
	uint32		key_offset;		/* of member "next"; objects only */
	uint32		value_offset;
} ValueIter;

extern void value_iter_init(ValueIter *it, const JsonbValue *v);

/*
 * The next member; key may be NULL and is null for arrays.  Checks for
 * interrupts, so that a loop over members need not.
 */
extern bool value_iter_next(ValueIter *it, JsonbValue *key, JsonbValue *value);

/*
 * Building containers.  Members are borrowed until finish, which writes the
 * container in one piece.  A name that is put twice: the last one wins, or
 * with first_wins the first (as in an object literal).
 */
typedef struct ValueBuilder
{
	int			count;
	int			space;
	JsonbValue *values;
	JsonbValue *keys;			/* NULL for arrays */
} ValueBuilder;

extern void value_array_begin(ValueBuilder *b);
extern void value_array_add(ValueBuilder *b, const JsonbValue *v);
extern void value_array_finish(ValueBuilder *b, JsonbValue *out);
extern void value_object_begin(ValueBuilder *b);
extern void value_object_put(ValueBuilder *b, const char *name, int len,
							 const JsonbValue *v);
extern void value_object_finish(ValueBuilder *b, bool first_wins,
								JsonbValue *out);

#endif							/* UPSERT_EXPR_VALUE_H */
