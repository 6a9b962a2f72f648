/*
 * func_util.h
 *		What the files of the function library share; nobody else includes it.
 */
#ifndef UPSERT_EXPR_FUNC_UTIL_H
#define UPSERT_EXPR_FUNC_UTIL_H

#include "expr/func.h"
#include "expr/value.h"
#include "pgtime.h"

/* One table for each file, ended by a NULL name. */
extern const ExprFunctionDef func_type_table[];
extern const ExprFunctionDef func_string_table[];
extern const ExprFunctionDef func_text_table[];
extern const ExprFunctionDef func_pattern_table[];
extern const ExprFunctionDef func_digest_table[];
extern const ExprFunctionDef func_number_table[];
extern const ExprFunctionDef func_bit_table[];
extern const ExprFunctionDef func_array_table[];
extern const ExprFunctionDef func_element_table[];
extern const ExprFunctionDef func_aggregate_table[];
extern const ExprFunctionDef func_document_table[];
extern const ExprFunctionDef func_date_table[];
extern const ExprFunctionDef func_zone_table[];
extern const ExprFunctionDef func_system_table[];

/* Raise warning errornum with the language's own text for it. */
extern void func_warn(ExprCall *call, int errornum);

/* Raise a warning with a text of its own. */
extern void func_warn_text(ExprCall *call, int errornum, const char *text);

/* Answer null with warning 1542, or with 1563. */
extern void func_invalid_argument(ExprCall *call, JsonbValue *result);
extern void func_array_expected(ExprCall *call, JsonbValue *result);

/* Argument i; null if it was not given. */
extern const JsonbValue *func_arg(const ExprCall *call, int i);

/* Argument i is an array, an object, a string, a number. */
extern bool func_arg_is_array(const ExprCall *call, int i);
extern bool func_arg_is_object(const ExprCall *call, int i);
extern bool func_arg_is_string(const ExprCall *call, int i);
extern bool func_arg_is_number(const ExprCall *call, int i);

/* Argument i was given and is truthy. */
extern bool func_arg_truthy(const ExprCall *call, int i);

/*
 * The most members that a function may make up (RANGE, padding); more is
 * error UP009.  "what" begins the detail: "The range".
 */
#define FUNC_MAX_MEMBERS	1000000

extern void func_check_limit(double count, const char *what);

/*
 * The string form of a value (TO_STRING).  For a string these are its own
 * bytes, not NUL-terminated.
 */
typedef struct FuncText
{
	const char *data;
	int			len;
} FuncText;

extern FuncText func_text(const JsonbValue *v);

/*
 * Take argument i for a date, or for a time zone if it is given (*zone is NULL
 * if not).  False, with a null result and a warning, if it is none; a name that
 * is no zone's is error 22023.  In func_date.c.
 */
extern bool func_date_arg(ExprCall *call, int i, int64 *ms,
						  JsonbValue *result);
extern bool func_zone_arg(ExprCall *call, int i, pg_tz **zone,
						  JsonbValue *result);

/* The collation for letters beyond ASCII; see func_string.c. */
extern Oid	func_collation(void);

/* Upper or lower case, the same in every database. */
extern FuncText func_change_case(FuncText text, bool upper);

/* Answer the bytes of buf, which the result keeps. */
extern void func_return_buffer(JsonbValue *result, const StringInfoData *buf);

/*
 * A set of values under the language's equality.  func_set_add answers false
 * if the value was there; the set borrows what it holds.
 */
typedef struct FuncSet FuncSet;

extern FuncSet *func_set_create(int expected);
extern bool func_set_add(FuncSet *set, const JsonbValue *v);
extern bool func_set_contains(const FuncSet *set, const JsonbValue *v);

#endif							/* UPSERT_EXPR_FUNC_UTIL_H */
