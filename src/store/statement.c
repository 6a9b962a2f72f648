/*
 * statement.c
 *		The SQL statements of a store that goes through SQL.
 *
 *		find	SELECT ... WHERE key = $1
 *		lock	SELECT ... WHERE key = $1 FOR NO KEY UPDATE
 *		insert	INSERT ... ON CONFLICT ... DO NOTHING
 *		update	UPDATE ... WHERE key = $2 AND ctid = $3 AND tableoid = $4
 *		remove	DELETE ... the same
 *
 * A row is addressed by key, ctid and tableoid.  ctid and tableoid alone name
 * one version of one row in this server's tables, but on a distributed engine
 * the shards of two nodes may have both in common; and the key is what tells
 * such an engine, and the planner of a partitioned table, where to look.
 *
 * Statements are prepared once for each store and set of columns.  All names
 * in them are quoted, and operators are schema-qualified.  Knows how they are
 * spelled; spi.c knows when they are run.
 */
#include "postgres.h"

#include "compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/schema.h"
#include "store/keysql.h"
#include "store/statement.h"

static const char *
column_name(Store *s, int i)
{
	return quote_identifier(NameStr(TupleDescAttr(s->tupdesc, i)->attname));
}

bool
statement_reads(Store *s, int i)
{
	return !TupleDescAttr(s->tupdesc, i)->attisdropped &&
		bms_is_member(i + 1, s->target.read_columns);
}

int
statement_max_params(Store *s)
{
	return s->tupdesc->natts + INDEX_MAX_KEYS + 3;
}

static void
append_columns(Store *s, StringInfo buf)
{
	const char *separator = "";
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
	{
		if (!statement_reads(s, i))
			continue;
		appendStringInfo(buf, "%st.%s", separator, column_name(s, i));
		separator = ", ";
	}
}

/* The whole row, as far as it may be read, as text. */
static void
append_image(Store *s, StringInfo buf)
{
	appendStringInfoString(buf, "ROW(");
	append_columns(s, buf);
	appendStringInfoString(buf, ")::pg_catalog.text");
}

static void
free_statement(void *arg)
{
	Statement  *statement = arg;

	if (statement->plan)
		SPI_freeplan(statement->plan);
	statement->plan = NULL;
}

static bool
same_column_names(TupleDesc a, TupleDesc b)
{
	int			i;

	if (a == b)
		return true;
	for (i = 0; i < a->natts && i < b->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(a, i)->attname),
				   NameStr(TupleDescAttr(b, i)->attname)) != 0)
			return false;
	return a->natts == b->natts;
}

void
statement_check_names(Store *s)
{
	SpiState   *st = s->impl;
	Oid			schema = get_namespace_oid(st->schema, true);

	if (OidIsValid(schema) &&
		get_relname_relid(st->relname, schema) == RelationGetRelid(s->rel) &&
		same_column_names(s->tupdesc, RelationGetDescr(s->rel)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("relation \"%s\" or a column of it was renamed while it was written to",
					st->relname),
			 errhint("Functions that the call itself runs must leave the table as it is.")));
}

/* Prepares the statement, in place of what was there for other columns. */
static void
prepare(Store *s, Statement *statement, const char *sql, int nargs, Oid *types,
		Bitmapset *columns, Bitmapset *null_keys)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

	if (statement->callback.func == NULL)
	{
		statement->callback.func = free_statement;
		statement->callback.arg = statement;
		MemoryContextRegisterResetCallback(s->context, &statement->callback);
	}
	free_statement(statement);
	statement->columns = bms_copy(columns);
	statement->null_keys = bms_copy(null_keys);
	MemoryContextSwitchTo(oldcontext);

	statement_check_names(s);
	statement->plan = SPI_prepare(sql, nargs, types);
	if (statement->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(statement->plan);
}

static Bitmapset *
null_keys_of(Store *s, const bool *nulls)
{
	Bitmapset  *null_keys = NULL;
	int			i;

	for (i = 0; nulls && i < s->target.nkeys; i++)
		if (nulls[i])
			null_keys = bms_add_member(null_keys, i);
	return null_keys;
}

/* ----------
 * SELECT
 * ----------
 */

/* Appends the condition that a row is on the shard of the one in s->old. */
static void
append_place(Store *s, StringInfo sql, const char *before, const char *after,
			 Oid *types, int *n)
{
	SpiState   *st = s->impl;

	if (st->place == InvalidAttrNumber)
		return;
	appendStringInfoString(sql, before);
	(void) keysql_equality(s, sql, st->place - 1, *n + 1);
	appendStringInfoString(sql, after);
	types[(*n)++] = TupleDescAttr(s->tupdesc, st->place - 1)->atttypid;
}

/*
 * By key; two rows are one too many.  The lock is the weakest that keeps other
 * writers out, so that foreign keys to the row do not wait for us; a statement
 * that changes a key takes what more it needs by itself.
 */
static void
prepare_find(Store *s, Statement *statement, const bool *nulls, bool lock)
{
	SpiState   *st = s->impl;
	Bitmapset  *null_keys = null_keys_of(s, nulls);
	Oid			types[INDEX_MAX_KEYS + 1];
	StringInfoData sql;
	int			n = s->target.nkeys;
	int			i;

	if (statement->plan && bms_equal(null_keys, statement->null_keys))
		return;

	for (i = 0; i < s->target.nkeys; i++)
		types[i] = TupleDescAttr(s->tupdesc, s->target.keys[i] - 1)->atttypid;
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	append_columns(s, &sql);
	if (st->lockable)
		appendStringInfoString(&sql, ", t.ctid, t.tableoid");
	else
	{
		appendStringInfoString(&sql, ", ");
		append_image(s, &sql);
	}
	appendStringInfo(&sql, " FROM %s t WHERE ", st->name);
	keysql_condition(s, &sql, nulls);
	if (lock)
		append_place(s, &sql, " AND ", "", types, &n);
	appendStringInfo(&sql, " LIMIT 2%s", lock ? " FOR NO KEY UPDATE OF t" : "");
	prepare(s, statement, sql.data, n, types, NULL, null_keys);
}

void
statement_find(Store *s, const bool *nulls)
{
	SpiState   *st = s->impl;

	prepare_find(s, &st->find, nulls, false);
}

void
statement_lock(Store *s, const bool *nulls)
{
	SpiState   *st = s->impl;

	prepare_find(s, &st->lock, nulls, true);
}

/* ----------
 * INSERT
 * ----------
 */

/* The columns that compose has set. */
static Bitmapset *
set_columns(Store *s)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
		if (s->row.set[i])
			columns = bms_add_member(columns, i);
	return columns;
}

static void
append_returning(Store *s, StringInfo sql)
{
	SpiState   *st = s->impl;

	if (!st->returning)
		return;
	appendStringInfoString(sql, " RETURNING ");
	append_columns(s, sql);
}

/* The composed values, in the order of the statement's parameters. */
static int
row_values(Store *s, Datum *values, bool *nulls)
{
	int			n = 0;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
	{
		if (!s->row.set[i])
			continue;
		values[n] = s->row.values[i];
		nulls[n++] = s->row.isnull[i];
	}
	return n;
}

static void
append_conflict(Store *s, StringInfo sql, InsertKind kind)
{
	SpiState   *st = s->impl;
	int			i;

	if (kind == INSERT_PLAIN)
		return;
	appendStringInfo(sql, " ON CONFLICT%s DO ",
					 kind == INSERT_UNLESS_ANY ? "" : st->conflict_target);
	if (kind != INSERT_OR_NOTE)
	{
		appendStringInfoString(sql, "NOTHING");
		return;
	}
	appendStringInfo(sql, "UPDATE SET %s = t.%s WHERE %s.upsert_note_key(",
					 st->touchable, st->touchable,
					 upsert_schema_quoted());
	for (i = 0; i < s->target.nkeys; i++)
		appendStringInfo(sql, "%sEXCLUDED.%s", i ? ", " : "",
						 column_name(s, s->target.keys[i] - 1));
	appendStringInfoChar(sql, ')');
}

static void
prepare_insert(Store *s, InsertKind kind)
{
	SpiState   *st = s->impl;
	Bitmapset  *columns = set_columns(s);
	Oid		   *types = palloc(sizeof(Oid) * s->tupdesc->natts);
	StringInfoData names;
	StringInfoData params;
	StringInfoData sql;
	int			n = 0;
	int			i = -1;

	if (st->insert.plan && st->insert.kind == kind &&
		bms_equal(columns, st->insert.columns))
		return;

	initStringInfo(&names);
	initStringInfo(&params);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		store_check_identity(TupleDescAttr(s->tupdesc, i));
		types[n++] = TupleDescAttr(s->tupdesc, i)->atttypid;
		appendStringInfo(&names, "%s%s", n > 1 ? ", " : "", column_name(s, i));
		appendStringInfo(&params, "%s$%d", n > 1 ? ", " : "", n);
	}

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s AS t", st->name);
	if (n > 0)
		appendStringInfo(&sql, " (%s) VALUES (%s)", names.data, params.data);
	else
		appendStringInfoString(&sql, " DEFAULT VALUES");
	append_conflict(s, &sql, kind);
	append_returning(s, &sql);
	prepare(s, &st->insert, sql.data, n, types, columns, NULL);
	st->insert.kind = kind;
}

int
statement_insert(Store *s, InsertKind kind, Datum *values, bool *nulls)
{
	prepare_insert(s, kind);
	return row_values(s, values, nulls);
}

/* ----------
 * UPDATE and DELETE
 * ----------
 */

/*
 * Appends the condition that is true of the version in s->old, and its
 * parameters after the n that there are.
 */
static void
append_old_row(Store *s, StringInfo sql, const bool *old_nulls, Oid *types, int *n)
{
	SpiState   *st = s->impl;
	int			i;

	appendStringInfoString(sql, " WHERE ");
	for (i = 0; i < s->target.nkeys; i++)
	{
		int			column = s->target.keys[i] - 1;

		if (old_nulls[i])
			appendStringInfo(sql, "t.%s IS NULL AND ", column_name(s, column));
		else if (keysql_equality(s, sql, column, *n + 1))
		{
			appendStringInfoString(sql, " AND ");
			types[(*n)++] = TupleDescAttr(s->tupdesc, column)->atttypid;
		}
	}
	append_place(s, sql, "", " AND ", types, n);
	if (st->lockable)
	{
		appendStringInfo(sql,
						 "t.ctid OPERATOR(pg_catalog.=) $%d AND t.tableoid OPERATOR(pg_catalog.=) $%d",
						 *n + 1, *n + 2);
		types[(*n)++] = TIDOID;
		types[(*n)++] = OIDOID;
		return;
	}
	if (st->copied)
	{
		appendStringInfoString(sql, "true");
		return;
	}
	append_image(s, sql);
	appendStringInfo(sql, " OPERATOR(pg_catalog.=) $%d", *n + 1);
	types[(*n)++] = TEXTOID;
}

/* The values of those parameters. */
static int
old_row_values(Store *s, const Datum *old_key, const bool *old_nulls,
			   Datum *values, bool *nulls, int n)
{
	SpiState   *st = s->impl;
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
	{
		if (old_nulls[i] || !keysql_has_equality(s, s->target.keys[i] - 1))
			continue;
		values[n] = old_key[i];
		nulls[n++] = false;
	}
	if (st->place != InvalidAttrNumber)
	{
		values[n] = slot_getattr(s->old, st->place, &nulls[n]);
		n++;
	}
	nulls[n] = nulls[n + 1] = false;
	if (st->lockable)
	{
		values[n++] = PointerGetDatum(&st->ctid);
		values[n++] = ObjectIdGetDatum(st->tableoid);
	}
	else if (!st->copied)
		values[n++] = CStringGetTextDatum(st->image);
	return n;
}

static void
key_of_old(Store *s, Datum *key, bool *nulls)
{
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
		key[i] = slot_getattr(s->old, s->target.keys[i], &nulls[i]);
}

static void
prepare_update(Store *s, const bool *old_nulls)
{
	SpiState   *st = s->impl;
	Bitmapset  *columns = set_columns(s);
	Bitmapset  *null_keys = null_keys_of(s, old_nulls);
	Oid		   *types = palloc(sizeof(Oid) * statement_max_params(s));
	StringInfoData sql;
	int			n = 0;
	int			i = -1;

	if (st->update.plan && bms_equal(columns, st->update.columns) &&
		bms_equal(null_keys, st->update.null_keys))
		return;

	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS t SET ", st->name);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		types[n++] = TupleDescAttr(s->tupdesc, i)->atttypid;
		appendStringInfo(&sql, "%s%s = $%d", n > 1 ? ", " : "", column_name(s, i), n);
	}
	append_old_row(s, &sql, old_nulls, types, &n);
	append_returning(s, &sql);
	prepare(s, &st->update, sql.data, n, types, columns, null_keys);
}

int
statement_update(Store *s, Datum *values, bool *nulls)
{
	Datum		old_key[INDEX_MAX_KEYS];
	bool		old_nulls[INDEX_MAX_KEYS];

	key_of_old(s, old_key, old_nulls);
	prepare_update(s, old_nulls);
	return old_row_values(s, old_key, old_nulls, values, nulls,
						  row_values(s, values, nulls));
}

int
statement_remove(Store *s, Datum *values, bool *nulls)
{
	SpiState   *st = s->impl;
	Datum		old_key[INDEX_MAX_KEYS];
	bool		old_nulls[INDEX_MAX_KEYS];
	Bitmapset  *null_keys;

	key_of_old(s, old_key, old_nulls);
	null_keys = null_keys_of(s, old_nulls);
	if (st->remove.plan == NULL || !bms_equal(null_keys, st->remove.null_keys))
	{
		Oid			types[INDEX_MAX_KEYS + 3];
		StringInfoData sql;
		int			n = 0;

		initStringInfo(&sql);
		appendStringInfo(&sql, "DELETE FROM %s AS t", st->name);
		append_old_row(s, &sql, old_nulls, types, &n);
		prepare(s, &st->remove, sql.data, n, types, NULL, null_keys);
	}
	return old_row_values(s, old_key, old_nulls, values, nulls, 0);
}
