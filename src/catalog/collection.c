/*
 * collection.c
 *		Tables seen as collections.
 *
 *		_key text PRIMARY KEY | _rev text | doc jsonb      what we create
 *		id uuid PRIMARY KEY   | body jsonb | ...           what people have
 *
 * Both are collections: one key column of type text, varchar, uuid or an
 * integer, one jsonb column (or one named "doc"), and perhaps a text column
 * "_rev".  A relation that cannot have a primary key (a view, a foreign
 * table) is one if it has columns named "_key" and "doc".  This file knows
 * columns and key syntax; it knows nothing of rows or of what is inside a
 * document.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "base/tid.h"
#include "catalog/collection.h"
#include "catalog/distributed.h"
#include "catalog/guard.h"
#include "upsert.h"

static bool
is_key_type(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case UUIDOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return true;
		default:
			return false;
	}
}

static bool
is_text_type(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/* The column with this name, or InvalidAttrNumber. */
static AttrNumber
column_named(TupleDesc tupdesc, const char *name)
{
	int			i;

	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att->attnum;
	}
	return InvalidAttrNumber;
}

/*
 * The key: the primary key's only column, or else one named "_key".  Where
 * there is none, *reason says why.
 */
static AttrNumber
find_key(Relation rel, const char **reason)
{
	AttrNumber	attno = InvalidAttrNumber;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	/* not rd_pkindex, which leaves deferrable keys out */
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		bool		primary = index->rd_index->indisprimary;

		if (primary && index->rd_index->indnkeyatts == 1)
			attno = index->rd_index->indkey.values[0];
		index_close(index, AccessShareLock);
		if (!primary)
			continue;
		if (attno == InvalidAttrNumber)
			*reason = "Its primary key has several columns.";
		return attno;
	}
	if (rel->rd_rel->relkind == RELKIND_VIEW ||
		rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		attno = column_named(RelationGetDescr(rel), "_key");
	if (attno == InvalidAttrNumber)
		*reason = "It has no primary key.";
	return attno;
}

/* The document: the only jsonb column, or the one named "doc". */
static AttrNumber
find_doc(Relation rel, const char **reason)
{
	TupleDesc	tupdesc = RelationGetDescr(rel);
	AttrNumber	found = InvalidAttrNumber;
	int			count = 0;
	int			i;

	for (i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(tupdesc, i);

		if (att->attisdropped || att->atttypid != JSONBOID || att->attgenerated)
			continue;
		if (strcmp(NameStr(att->attname), "doc") == 0)
			return att->attnum;
		found = att->attnum;
		count++;
	}
	if (count == 1)
		return found;
	*reason = count == 0 ? "It has no jsonb column." :
		"It has several jsonb columns, none named \"doc\".";
	return InvalidAttrNumber;
}

bool
collection_describe(Relation rel, Collection *c, const char **reason)
{
	bool		made;
	TupleDesc	tupdesc = RelationGetDescr(rel);
	Form_pg_attribute key;
	AttrNumber	from;
	AttrNumber	to;
	int32		typmod;

	c->relid = RelationGetRelid(rel);
	c->name = pstrdup(RelationGetRelationName(rel));
	c->key_attno = find_key(rel, reason);
	if (c->key_attno == InvalidAttrNumber)
		return false;
	c->doc_attno = find_doc(rel, reason);
	if (c->doc_attno == InvalidAttrNumber)
		return false;

	key = TupleDescAttr(tupdesc, c->key_attno - 1);
	typmod = key->atttypmod;
	c->key_type = getBaseTypeAndTypmod(key->atttypid, &typmod);
	if (c->key_type != key->atttypid)
		c->key_domain = key->atttypid;
	if (c->key_type == VARCHAROID && typmod >= (int32) VARHDRSZ)
		c->key_max = typmod - VARHDRSZ;
	c->key_collation = key->attcollation;
	c->key_has_default = key->atthasdef || key->attidentity;
	if (!is_key_type(c->key_type))
	{
		*reason = "Its primary key is not of type text, uuid or integer.";
		return false;
	}

	c->rev_attno = column_named(tupdesc, "_rev");
	if (c->rev_attno != InvalidAttrNumber &&
		TupleDescAttr(tupdesc, c->rev_attno - 1)->atttypid != TEXTOID)
		c->rev_attno = InvalidAttrNumber;

	c->set_columns = bms_make_singleton(c->doc_attno);
	if (c->rev_attno != InvalidAttrNumber)
		c->set_columns = bms_add_member(c->set_columns, c->rev_attno);
	c->columns = bms_add_member(bms_copy(c->set_columns), c->key_attno);

	from = column_named(tupdesc, "_from");
	to = column_named(tupdesc, "_to");
	c->edge = from != InvalidAttrNumber && to != InvalidAttrNumber &&
		TupleDescAttr(tupdesc, from - 1)->attgenerated &&
		TupleDescAttr(tupdesc, to - 1)->attgenerated;
	c->guard = guard_of(rel, &made);
	return true;
}

static void
describe(Memo *memo, Relation rel)
{
	const char *reason;

	if (!collection_describe(rel, (Collection *) memo, &reason))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a collection", RelationGetRelationName(rel)),
				 errdetail("%s", reason),
				 errhint("A collection has a primary key on one text, uuid or integer column, and one jsonb column; create_collection() makes one.")));
	((Collection *) memo)->name = distributed_name(rel, &((Collection *) memo)->shard);
}

static MemoCache collections = {"upsert collections", sizeof(Collection), describe};

Relation
collection_hold(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return rel;
}

void
collection_release(Relation rel)
{
	relation_close(rel, NoLock);
}

const Collection *
collection_resolve(Oid relid)
{
	Relation	rel = collection_hold(relid);
	const Collection *c = (const Collection *) memo_of(&collections, rel);

	collection_release(rel);
	return c;
}

bool
collection_is_distributed(Oid relid)
{
	Relation	rel;
	bool		distributed;

	if (!distributed_is_possible())
		return false;
	rel = collection_hold(relid);
	distributed = distribution_of(rel) != NULL;
	collection_release(rel);
	return distributed;
}

void
collection_check(const Collection *c, Relation rel)
{
	const Collection *now;

	Assert(c->relid == RelationGetRelid(rel));
	if (memo_is_current(&c->memo))
		return;
	/* a new one need not say anything else */
	now = (const Collection *) memo_of(&collections, rel);
	if (now->relid == c->relid && now->key_attno == c->key_attno &&
		now->doc_attno == c->doc_attno && now->rev_attno == c->rev_attno &&
		now->key_type == c->key_type && now->key_domain == c->key_domain &&
		now->key_max == c->key_max && now->key_collation == c->key_collation &&
		now->edge == c->edge)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("collection \"%s\" was altered while it was written to",
					RelationGetRelationName(rel)),
			 errhint("Functions that the call itself runs must leave the table as it is.")));
}

/* ----------
 * Keys
 * ----------
 */

/* Letters, digits and _-:.@()+,=;$!*'% as bits, those of a 32nd of ASCII in a word. */
static const uint32 key_chars[] = {0, 0x2fff7fb2, 0x87ffffff, 0x07fffffe};

static inline bool
is_key_char(unsigned char ch)
{
	return ch < 128 && (key_chars[ch / 32] >> (ch % 32) & 1) != 0;
}

static bool
parse_text_key(const char *key, int len, Datum *result, const char **hint)
{
	int			i;

	if (len < 1 || len > COLLECTION_MAX_KEY)
	{
		*hint = "A key has 1 to 254 bytes.";
		return false;
	}
	for (i = 0; i < len; i++)
	{
		if (!is_key_char((unsigned char) key[i]))
		{
			*hint = "A key is made of letters, digits and the characters _-:.@()+,=;$!*'% only.";
			return false;
		}
	}
	*result = PointerGetDatum(cstring_to_text_with_len(key, len));
	return true;
}

static bool
parse_integer_key(Oid type, const char *key, int len, Datum *result,
				  const char **hint)
{
	char		copy[32];
	char	   *end;
	int64		min = PG_INT64_MIN;
	int64		max = PG_INT64_MAX;
	int64		value;

	*hint = "A key of this collection is a decimal integer in the range of its column.";
	if (len < 1 || len >= (int) sizeof(copy))
		return false;
	memcpy(copy, key, len);
	copy[len] = '\0';
	if (!isdigit((unsigned char) copy[copy[0] == '-' ? 1 : 0]))
		return false;

	if (type == INT2OID)
	{
		min = PG_INT16_MIN;
		max = PG_INT16_MAX;
	}
	else if (type == INT4OID)
	{
		min = PG_INT32_MIN;
		max = PG_INT32_MAX;
	}
	errno = 0;
	value = strtoi64(copy, &end, 10);
	if (errno != 0 || end != copy + len || value < min || value > max)
		return false;

	if (type == INT2OID)
		*result = Int16GetDatum((int16) value);
	else if (type == INT4OID)
		*result = Int32GetDatum((int32) value);
	else
		*result = Int64GetDatum(value);
	return true;
}

static bool
parse_uuid_key(const char *key, int len, Datum *result, const char **hint)
{
	int			i;

	*hint = "A key of this collection is a UUID.";
	if (len != 36)
		return false;
	for (i = 0; i < len; i++)
	{
		bool		hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? key[i] != '-' : !isxdigit((unsigned char) key[i]))
			return false;
	}
	*result = DirectFunctionCall1(uuid_in, CStringGetDatum(pnstrdup(key, len)));
	return true;
}

bool
collection_key_parse(const Collection *c, const char *key, int len,
					 Datum *result, const char **hint)
{
	/* who has it from a memory context that is gone has no description */
	Assert(c->memo.pins > 0);
	if (is_text_type(c->key_type))
		return parse_text_key(key, len, result, hint);
	if (c->key_type == UUIDOID)
		return parse_uuid_key(key, len, result, hint);
	return parse_integer_key(c->key_type, key, len, result, hint);
}

bool
collection_key_parse_json(const Collection *c, const JsonbValue *v,
						  Datum *result, const char **hint)
{
	if (v->type == jbvString)
		return collection_key_parse(c, v->val.string.val, v->val.string.len,
									result, hint);
	if (v->type == jbvNumeric && !is_text_type(c->key_type) &&
		c->key_type != UUIDOID)
	{
		char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
															   NumericGetDatum(v->val.numeric)));

		return parse_integer_key(c->key_type, text, strlen(text), result, hint);
	}
	*hint = "A key is a string; leave the attribute \"_key\" out to have one generated.";
	return false;
}

/*
 * Only here and not where keys are parsed: whoever merely looks for such a key
 * finds nothing, which is an answer.
 */
void
collection_check_new_key(const Collection *c, Datum key)
{
	/* keys of text are ASCII */
	if (c->key_max > 0 && VARSIZE_ANY_EXHDR(DatumGetPointer(key)) > c->key_max)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("illegal document key for collection \"%s\"", c->name),
				 errdetail("The key \"%s\" is too long.",
						   collection_key_to_string(c, key)),
				 errhint("A key of this collection has at most %d characters.",
						 c->key_max)));
	if (OidIsValid(c->key_domain))
		domain_check(key, false, c->key_domain, NULL, NULL);
}

char *
collection_key_to_string(const Collection *c, Datum key)
{
	Oid			output;
	bool		varlena;

	if (is_text_type(c->key_type))
		return TextDatumGetCString(key);
	getTypeOutputInfo(c->key_type, &output, &varlena);
	return OidOutputFunctionCall(output, key);
}

Datum
collection_key_to_text(const Collection *c, Datum key)
{
	return is_text_type(c->key_type) ? key :
		CStringGetTextDatum(collection_key_to_string(c, key));
}

bool
collection_keys_are_text(const Collection *c)
{
	return is_text_type(c->key_type);
}

bool
collection_generate_key(const Collection *c, Datum *key)
{
	char		tid[TID_LENGTH + 1];

	if (c->key_has_default)
		return false;

	if (is_text_type(c->key_type))
	{
		tid_next(tid);
		*key = PointerGetDatum(cstring_to_text_with_len(tid, TID_LENGTH));
	}
	else if (c->key_type == UUIDOID)
		*key = DirectFunctionCall1(gen_random_uuid, (Datum) 0);
	else
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("document without a key for collection \"%s\"", c->name),
				 errdetail("The collection's key is an integer column without a default."),
				 errhint("Give the document a \"_key\", or the column a default or identity.")));
	return true;
}

int
collection_key_compare(const Collection *c, Datum a, Datum b)
{
	TypeCacheEntry *type;

	/* what bttextcmp() does, and batches do for each pair that they sort */
	if (c->key_collation == C_COLLATION_OID)
	{
		int			alen = VARSIZE_ANY_EXHDR(DatumGetPointer(a));
		int			blen = VARSIZE_ANY_EXHDR(DatumGetPointer(b));
		int			cmp = memcmp(VARDATA_ANY(DatumGetPointer(a)),
								 VARDATA_ANY(DatumGetPointer(b)), Min(alen, blen));

		return cmp != 0 ? cmp : alen - blen;
	}
	type = lookup_type_cache(c->key_type, TYPECACHE_CMP_PROC_FINFO);
	return DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo,
										   c->key_collation, a, b));
}
