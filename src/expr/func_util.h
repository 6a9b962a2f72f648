/*
 * func_util.h
 *		What the files of the function library share; nobody else includes it.
 */
#ifndef UPSERT_EXPR_FUNC_UTIL_H
#define UPSERT_EXPR_FUNC_UTIL_H

#include "expr/func.h"
#include "expr/value.h"

/* One table for each file, ended by a NULL name. */
extern const ExprFunctionDef func_type_table[];
extern const ExprFunctionDef func_string_table[];
extern const ExprFunctionDef func_array_table[];
extern const ExprFunctionDef func_document_table[];

/* Raise warning errornum with the language's own text for it. */
extern void func_warn(ExprCall *call, int errornum);

/* Answer null with warning 1542, or with 1563. */
extern void func_invalid_argument(ExprCall *call, JsonbValue *result);
extern void func_array_expected(ExprCall *call, JsonbValue *result);

/* Argument i; null if it was not given. */
extern const JsonbValue *func_arg(const ExprCall *call, int i);

/* Argument i is an array, or an object. */
extern bool func_arg_is_array(const ExprCall *call, int i);
extern bool func_arg_is_object(const ExprCall *call, int i);

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
