/*
 * keys.c
 *		What of a node an index finds it by: its predicates, and its references.
 *
 *		{"@type": [T], p: ["x", {"@id": r}]}  ->  {T under @type, p, r under p}
 *
 * as numbers, in a stored generated column of the table of nodes with a GIN
 * index on it.  Values are left out on purpose: an index on the whole document
 * gets a new entry with each new value, which no VACUUM takes away again, and
 * no update of a row in it can be HOT.  So a change of values alone leaves this
 * column as it was, and costs no index anything.
 *
 * The numbers are hashes; who looks by them compares what he finds.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "jsonb/build.h"
#include "ledger/ledger.h"
#include "lib/qunique.h"
#include "store/store.h"

typedef struct Keys
{
	int32	   *keys;
	int			n;
	int			size;
} Keys;

static void
add_key(Keys *keys, uint32 key)
{
	if (keys->n == keys->size)
	{
		keys->size *= 2;
		keys->keys = repalloc(keys->keys, sizeof(int32) * keys->size);
	}
	keys->keys[keys->n++] = (int32) key;
}

static uint32
hash_of(const DocItem *item)
{
	return hash_bytes((const unsigned char *) item->data, item->len);
}

/* The IRI that a value refers to; false: it is a literal. */
static bool
reference_of(const DocItem *value, DocItem *iri)
{
	const JsonbContainer *object = DOC_ITEM_CONTAINER(value);
	DocCursor	cursor;
	DocItem		key;

	if (value->type == JENTRY_ISSTRING) /* of @type */
	{
		*iri = *value;
		return true;
	}
	if (!DOC_ITEM_IS_OBJECT(value) || JsonContainerSize(object) == 0)
		return false;
	/* "@id" is the shortest key that a value has, so the first */
	doc_cursor_first(&cursor, object);
	doc_cursor_item(&cursor, &key);
	if (key.len != 3 || memcmp(key.data, "@id", 3) != 0)
		return false;
	doc_cursor_values(&cursor, object);
	doc_cursor_item(&cursor, iri);
	return iri->type == JENTRY_ISSTRING;
}

static void
add_values(Keys *keys, uint32 predicate, const DocItem *array, bool in_list)
{
	int			n = JsonContainerSize(DOC_ITEM_CONTAINER(array));
	DocCursor	cursor;

	doc_cursor_first(&cursor, DOC_ITEM_CONTAINER(array));
	for (int i = 0; i < n; i++)
	{
		DocItem		value;
		DocItem		iri;

		doc_cursor_item(&cursor, &value);
		if (reference_of(&value, &iri))
			add_key(keys, hash_combine(predicate, hash_of(&iri)));
		else if (!in_list && DOC_ITEM_IS_OBJECT(&value) &&
				 JsonContainerSize(DOC_ITEM_CONTAINER(&value)) == 1)
		{
			DocCursor	list;
			DocItem		items;

			doc_cursor_values(&list, DOC_ITEM_CONTAINER(&value));
			doc_cursor_item(&list, &items);
			if (DOC_ITEM_IS_ARRAY(&items))
				add_values(keys, predicate, &items, true);
		}
	}
}

static int
compare_keys(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_keys);
PG_FUNCTION_INFO_V1(ledger_key);

void
ledger_init(void)
{
	store_plain_function(ledger_keys);
}

/* ledger_keys(doc jsonb) -> int4[] */
Datum
ledger_keys(PG_FUNCTION_ARGS)
{
	Jsonb	   *doc = PG_GETARG_JSONB_P(0);
	Keys		keys = {NULL, 0, 16};
	ArrayType  *array;
	Datum	   *datums;

	keys.keys = palloc(sizeof(int32) * keys.size);
	if (JB_ROOT_IS_OBJECT(doc))
	{
		DocCursor	names;
		DocCursor	values;

		doc_cursor_first(&names, &doc->root);
		doc_cursor_values(&values, &doc->root);
		for (int i = 0; i < JB_ROOT_COUNT(doc); i++)
		{
			DocItem		name;
			DocItem		value;

			doc_cursor_item(&names, &name);
			doc_cursor_item(&values, &value);
			if (!DOC_ITEM_IS_ARRAY(&value))
				continue;		/* "@id" */
			add_key(&keys, hash_of(&name));
			add_values(&keys, hash_of(&name), &value, false);
		}
	}
	/* one image for one set: what stays the same costs no index anything */
	qsort(keys.keys, keys.n, sizeof(int32), compare_keys);
	keys.n = qunique(keys.keys, keys.n, sizeof(int32), compare_keys);
	datums = palloc(sizeof(Datum) * Max(keys.n, 1));
	for (int i = 0; i < keys.n; i++)
		datums[i] = Int32GetDatum(keys.keys[i]);
	array = construct_array(datums, keys.n, INT4OID, sizeof(int32), true, TYPALIGN_INT);
	PG_RETURN_ARRAYTYPE_P(array);
}

/* ledger_key(predicate text, value jsonb) -> int4; a literal: of the predicate */
Datum
ledger_key(PG_FUNCTION_ARGS)
{
	text	   *predicate = PG_GETARG_TEXT_PP(0);
	Jsonb	   *value = PG_GETARG_JSONB_P(1);
	uint32		key = hash_bytes((const unsigned char *) VARDATA_ANY(predicate),
								 VARSIZE_ANY_EXHDR(predicate));
	DocItem		item;
	DocItem		iri;

	doc_root_item(value, &item);
	if (reference_of(&item, &iri))
		key = hash_combine(key, hash_of(&iri));
	PG_RETURN_INT32((int32) key);
}
