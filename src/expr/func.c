/*
 * func.c
 *		The function library's directory.
 *
 * A function is a row in the table of the file that owns its topic:
 *
 *		name, least and greatest number of arguments, flags, C function
 *
 * An alias is a row of its own.  A row without a C function names what only
 * the executor can answer (it reads documents).  Lookup walks the tables: it
 * happens once for each call that a parsed text contains, not once a row.
 *
 * Functions know values and nothing else: no rows, no tables, no SPI.  What
 * the language calls a warning goes to the caller through call->warn.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "expr/func.h"
#include "expr/func_util.h"
#include "expr/value.h"
#include "upsert.h"

static const ExprFunctionDef *const tables[] = {
	func_type_table,
	func_string_table,
	func_text_table,
	func_pattern_table,
	func_digest_table,
	func_number_table,
	func_bit_table,
	func_array_table,
	func_element_table,
	func_aggregate_table,
	func_document_table,
	func_date_table,
	func_zone_table,
	func_system_table,
};

const ExprFunctionDef *
expr_function_lookup(const char *name, int len)
{
	for (int t = 0; t < lengthof(tables); t++)
		for (const ExprFunctionDef *def = tables[t]; def->name != NULL; def++)
			if (pg_strncasecmp(def->name, name, len) == 0 &&
				def->name[len] == '\0')
				return def;
	return NULL;
}

/* What other languages call it. */
static const char *const foreign_functions[][2] = {
	{"COALESCE", "NOT_NULL"}, {"IFNULL", "NOT_NULL"}, {"NVL", "NOT_NULL"},
	{"NOW", "DATE_NOW"}, {"CURRENT_TIMESTAMP", "DATE_NOW"},
	{"SUBSTR", "SUBSTRING"}, {"STRPOS", "FIND_FIRST"}, {"INSTR", "FIND_FIRST"},
	{"REPLACE", "SUBSTITUTE"}, {"CEILING", "CEIL"}, {"TOLOWER", "LOWER"},
	{"TOUPPER", "UPPER"}, {"ARRAY_LENGTH", "LENGTH"}, {"SIZE", "LENGTH"},
	{"LEN", "LENGTH"}, {"TYPEOF", "TYPENAME"}, {"JSONB_MERGE", "MERGE"},
	{"EXTEND", "MERGE"}, {"ASSIGN", "MERGE"}, {"INT", "TO_NUMBER"},
};

const char *
expr_function_like(const char *name)
{
	int			len = strlen(name);
	int			least = Min(3, len / 3 + 1);
	const char *like = NULL;
	const ExprFunctionDef *def;
	char	   *upper;

	if (len > NAMEDATALEN)
		return NULL;
	for (int i = 0; i < lengthof(foreign_functions); i++)
	{
		if (pg_strcasecmp(name, foreign_functions[i][0]) == 0)
			return foreign_functions[i][1];
	}
	upper = pstrdup(name);
	for (char *p = upper; *p; p++)
		*p = pg_ascii_toupper((unsigned char) *p);
	for (int n = 0; (def = expr_function_nth(n)) != NULL; n++)
	{
		int			distance =
		varstr_levenshtein_less_equal(upper, len, def->name, strlen(def->name),
									  1, 1, 1, least, true);

		if (distance < least)
		{
			least = distance;
			like = def->name;
		}
	}
	return like;
}

const ExprFunctionDef *
expr_function_nth(int n)
{
	for (int t = 0; t < lengthof(tables); t++)
		for (const ExprFunctionDef *def = tables[t]; def->name != NULL; def++)
			if (n-- == 0)
				return def;
	return NULL;
}

/* ----------
 * sets of values: open addressing over a hash that agrees with equality
 * ----------
 */
struct FuncSet
{
	uint32		slots;			/* a power of two */
	uint32		used;
	struct FuncSetSlot
	{
		uint32		hash;
		bool		filled;
		JsonbValue	value;
	}		   *slot;
};

FuncSet *
func_set_create(int expected)
{
	FuncSet    *set = (FuncSet *) palloc(sizeof(FuncSet));
	uint32		slots = 16;

	/* at most half full when what is expected has come */
	while (slots / 2 < (uint32) expected)
		slots *= 2;
	set->slots = slots;
	set->used = 0;
	set->slot = (struct FuncSetSlot *)
		palloc_extended(slots * sizeof(struct FuncSetSlot),
						MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	return set;
}

/* The slot that holds v, or the free one where it belongs. */
static struct FuncSetSlot *
set_find(const FuncSet *set, uint32 hash, const JsonbValue *v)
{
	uint32		i = hash & (set->slots - 1);

	while (set->slot[i].filled &&
		   !(set->slot[i].hash == hash && value_equal(&set->slot[i].value, v)))
		i = (i + 1) & (set->slots - 1);
	return &set->slot[i];
}

static void
set_grow(FuncSet *set)
{
	struct FuncSetSlot *old = set->slot;
	uint32		oldslots = set->slots;

	set->slots *= 2;
	set->slot = (struct FuncSetSlot *)
		palloc_extended(set->slots * sizeof(struct FuncSetSlot),
						MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < oldslots; i++)
		if (old[i].filled)
			*set_find(set, old[i].hash, &old[i].value) = old[i];
	pfree(old);
}

bool
func_set_add(FuncSet *set, const JsonbValue *v)
{
	uint32		hash = value_hash(v);
	struct FuncSetSlot *slot = set_find(set, hash, v);

	if (slot->filled)
		return false;
	if (set->used >= set->slots / 2)
	{
		set_grow(set);
		slot = set_find(set, hash, v);
	}
	slot->filled = true;
	slot->hash = hash;
	slot->value = *v;
	set->used++;
	return true;
}

bool
func_set_contains(const FuncSet *set, const JsonbValue *v)
{
	return set_find(set, value_hash(v), v)->filled;
}

/*
 * SQL-callable functions
 */
PG_FUNCTION_INFO_V1(c8ql_functions);

Datum
c8ql_functions(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	const ExprFunctionDef *def;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		context->tuple_desc = BlessTupleDesc(desc);
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	def = expr_function_nth((int) context->call_cntr);
	if (def == NULL)
		SRF_RETURN_DONE(context);

	values[0] = CStringGetTextDatum(def->name);
	values[1] = Int32GetDatum(def->min_args);
	values[2] = Int32GetDatum(def->max_args);
	values[3] = BoolGetDatum((def->flags & EXPR_FN_VOLATILE) != 0);
	nulls[2] = def->max_args < 0;
	SRF_RETURN_NEXT(context,
					HeapTupleGetDatum(heap_form_tuple(context->tuple_desc,
													  values, nulls)));
}
