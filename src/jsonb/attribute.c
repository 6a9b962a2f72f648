/*
 * attribute.c
 *		Top-level attributes of a document: look up, set, remove.
 *
 * For callers that show attributes which are not stored in the document, and
 * must not store those they are shown (_id, _key, _rev).  Which attributes
 * these are is their business.
 */
#include "postgres.h"

#include "compat.h"
#include "jsonb/build.h"
#include "jsonb/doc.h"

/* so many pairs are gone through sooner than halved */
#define FEW_PAIRS 16

/* up to this number of attributes to be removed needs no palloc */
#define LOCAL_ATTRIBUTES 8

/* Where an attribute goes: before the key with this number, or in its place. */
typedef struct Place
{
	DocItem		name;
	DocItem		value;
	uint32		index;
	bool		taken;
} Place;

static void place_init(Place *place, const DocAttribute *attr);
static bool find_places(const JsonbContainer *object, Place *places, int n);
static Jsonb *fill_places(const JsonbContainer *object, Size size,
						  const Place *places, int n);

bool
doc_get_attribute(const Jsonb *doc, const char *name, JsonbValue *out)
{
	uint32		npairs = JB_ROOT_COUNT(doc);
	DocCursor	cur;
	DocItem		key;
	DocItem		item;
	int			cmp = -1;

	if (!JB_ROOT_IS_OBJECT(doc))
		return false;
	if (npairs > FEW_PAIRS)
		return getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &doc->root),
											name, strlen(name), out) != NULL;

	/* the names that are looked for are short, and stand in front */
	doc_string_item(&key, name, strlen(name));
	doc_cursor_first(&cur, &doc->root);
	while (cur.index < npairs && cmp < 0)
	{
		doc_cursor_item(&cur, &item);
		cmp = doc_compare_keys(&item, &key);
	}
	if (cmp != 0)
		return false;
	doc_cursor_seek(&cur, npairs + cur.index - 1);
	doc_cursor_item(&cur, &item);
	doc_item_value(&item, out);
	return true;
}

Jsonb *
doc_strip_attributes(const Jsonb *doc, const char *const *names, int n)
{
	uint32		npairs = JB_ROOT_COUNT(doc);
	uint32		local[LOCAL_ATTRIBUTES];
	uint32	   *drop = local;
	int			ndrop = 0;
	Size		longest = 0;
	DocCursor	cur;
	DocBuilder	b;
	DocFrame	f;
	uint32		i;
	int			j;

	if (!JB_ROOT_IS_OBJECT(doc) || n == 0)
		return unconstify(Jsonb *, doc);

	/* a key occurs once, so there are at most n matches */
	if (n > LOCAL_ATTRIBUTES)
		drop = palloc(n * sizeof(uint32));
	for (j = 0; j < n; j++)
		longest = Max(longest, strlen(names[j]));
	doc_cursor_first(&cur, &doc->root);
	for (i = 0; i < npairs; i++)
	{
		DocItem		key;

		doc_cursor_item(&cur, &key);
		if (key.len > longest)
			break;				/* those after it are no shorter */
		for (j = 0; j < n; j++)
		{
			/* most keys differ in their first byte: no call for these */
			if ((key.len == 0 || names[j][0] == key.data[0]) &&
				strncmp(names[j], key.data, key.len) == 0 &&
				names[j][key.len] == '\0')
			{
				drop[ndrop++] = i;
				break;
			}
		}
	}
	if (ndrop > 0)
	{
		doc_build_init(&b, VARSIZE(doc));
		doc_open_object(&b, &f, npairs - ndrop);
		doc_cursor_first(&cur, &doc->root);
		for (j = 0; j < ndrop; j++)
		{
			doc_put_run(&b, &f, &cur, drop[j]);
			doc_cursor_seek(&cur, drop[j] + 1);
		}
		/* behind the last key lies the first value */
		doc_put_run(&b, &f, &cur, npairs);
		for (j = 0; j < ndrop; j++)
		{
			doc_put_run(&b, &f, &cur, npairs + drop[j]);
			doc_cursor_seek(&cur, npairs + drop[j] + 1);
		}
		doc_put_run(&b, &f, &cur, npairs * 2);
		doc_close(&b, &f, NULL);
	}
	if (drop != local)
		pfree(drop);
	return ndrop > 0 ? doc_build_finish(&b) : unconstify(Jsonb *, doc);
}

/* ----------
 * Setting
 * ----------
 */

static void
place_init(Place *place, const DocAttribute *attr)
{
	doc_string_item(&place->name, attr->name, strlen(attr->name));
	doc_string_item(&place->value, attr->value, attr->len);
}

/* Finds the places; true if each is taken, by this very value. */
static bool
find_places(const JsonbContainer *object, Place *places, int n)
{
	uint32		npairs = JsonContainerSize(object);
	bool		same = true;
	DocCursor	keys;
	DocItem		key = {0};
	uint32		next = 0;
	int			cmp = 1;

	doc_cursor_first(&keys, object);
	for (int i = 0; i < n; i++)
	{
		/* the key at hand may still be one that is behind */
		if (next > 0 && cmp > 0)
			cmp = doc_compare_keys(&key, &places[i].name);
		else
			cmp = -1;
		while (cmp < 0 && next < npairs)
		{
			doc_cursor_item(&keys, &key);
			next++;
			cmp = doc_compare_keys(&key, &places[i].name);
		}
		places[i].taken = cmp == 0;
		places[i].index = cmp < 0 ? npairs : next - 1;
		same = same && places[i].taken;
	}
	if (same)
	{
		DocCursor	values;
		DocItem		value;

		doc_cursor_values(&values, object);
		for (int i = 0; same && i < n; i++)
		{
			doc_cursor_seek(&values, npairs + places[i].index);
			doc_cursor_item(&values, &value);
			same = doc_same_item(&value, &places[i].value);
		}
	}
	return same;
}

/* The object of so many bytes with what is placed. */
static Jsonb *
fill_places(const JsonbContainer *object, Size size, const Place *places, int n)
{
	uint32		npairs = JsonContainerSize(object);
	uint32		nadded = 0;
	DocCursor	keys;
	DocCursor	values;
	DocBuilder	b;
	DocFrame	f;

	for (int i = 0; i < n; i++)
	{
		nadded += !places[i].taken;
		size += places[i].name.len + places[i].value.len + 2 * sizeof(JEntry);
	}
	/* whole words: what is put in is reserved with its padding */
	doc_build_init(&b, size + VARHDRSZ + 2 * sizeof(uint32));
	doc_open_object(&b, &f, npairs + nadded);
	doc_cursor_first(&keys, object);
	doc_cursor_values(&values, object);
	for (int i = 0; i < n; i++)
	{
		doc_put_run(&b, &f, &keys, places[i].index);
		doc_put_item(&b, &f, &places[i].name);
		if (places[i].taken)
			doc_cursor_seek(&keys, places[i].index + 1);
	}
	doc_put_run(&b, &f, &keys, npairs);
	for (int i = 0; i < n; i++)
	{
		doc_put_run(&b, &f, &values, npairs + places[i].index);
		doc_put_item(&b, &f, &places[i].value);
		if (places[i].taken)
			doc_cursor_seek(&values, npairs + places[i].index + 1);
	}
	doc_put_run(&b, &f, &values, npairs * 2);
	doc_close(&b, &f, NULL);
	return doc_build_finish(&b);
}

Jsonb *
doc_add_attributes(const Jsonb *doc, const DocAttribute *attrs, int n)
{
	Place	   *places;
	int			nplaces = 0;
	Jsonb	   *result;

	Assert(JB_ROOT_IS_OBJECT(doc));
	places = palloc(n * sizeof(Place));
	for (int i = 0; i < n; i++)
	{
		Place		place;
		int			at = nplaces;

		/* by insertion: they are few; of two with one name the last stays */
		place_init(&place, &attrs[i]);
		while (at > 0 && doc_compare_keys(&places[at - 1].name, &place.name) > 0)
			at--;
		if (at > 0 && doc_compare_keys(&places[at - 1].name, &place.name) == 0)
			at--;
		else
			memmove(&places[at + 1], &places[at], (nplaces++ - at) * sizeof(Place));
		places[at] = place;
	}
	result = find_places(&doc->root, places, nplaces) ? unconstify(Jsonb *, doc) :
		fill_places(&doc->root, VARSIZE(doc) - VARHDRSZ, places, nplaces);
	pfree(places);
	return result;
}

Jsonb *
doc_fill_attribute(const JsonbContainer *object, Size size, const DocAttribute *attr)
{
	Place		place;

	place_init(&place, attr);
	(void) find_places(object, &place, 1);
	return place.taken ? NULL : fill_places(object, size, &place, 1);
}

Jsonb *
doc_empty(void)
{
	CompatJsonbState state = {0};

	(void) compat_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_OBJECT, NULL));
}
