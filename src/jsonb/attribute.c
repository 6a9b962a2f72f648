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

static int	compare_attributes(const void *a, const void *b);

bool
doc_get_attribute(const Jsonb *doc, const char *name, JsonbValue *out)
{
	return JB_ROOT_IS_OBJECT(doc) &&
		getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &doc->root),
									 name, strlen(name), out) != NULL;
}

Jsonb *
doc_strip_attributes(const Jsonb *doc, const char *const *names, int n)
{
	uint32		npairs = JB_ROOT_COUNT(doc);
	uint32	   *drop;
	int			ndrop = 0;
	DocCursor	keys,
				values;
	DocBuilder	b;
	DocFrame	f;
	uint32		i;
	int			j;

	if (!JB_ROOT_IS_OBJECT(doc) || n == 0)
		return unconstify(Jsonb *, doc);

	/* a key occurs once, so there are at most n matches */
	drop = palloc(n * sizeof(uint32));
	doc_cursor_first(&keys, &doc->root);
	for (i = 0; i < npairs; i++)
	{
		DocItem		key;

		doc_cursor_item(&keys, &key);
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
	if (ndrop == 0)
	{
		pfree(drop);
		return unconstify(Jsonb *, doc);
	}

	doc_build_init(&b, VARSIZE(doc));
	doc_open_object(&b, &f, npairs - ndrop);
	doc_cursor_first(&keys, &doc->root);
	doc_cursor_values(&values, &doc->root);
	for (j = 0; j < ndrop; j++)
	{
		doc_put_run(&b, &f, &keys, drop[j]);
		doc_cursor_seek(&keys, drop[j] + 1);
	}
	doc_put_run(&b, &f, &keys, npairs);
	for (j = 0; j < ndrop; j++)
	{
		doc_put_run(&b, &f, &values, npairs + drop[j]);
		doc_cursor_seek(&values, npairs + drop[j] + 1);
	}
	doc_put_run(&b, &f, &values, npairs * 2);
	doc_close(&b, &f, NULL);
	pfree(drop);
	return doc_build_finish(&b);
}

Jsonb *
doc_add_attributes(const Jsonb *doc, const DocAttribute *attrs, int n)
{
	const DocAttribute **sorted;
	Size		size = 16;
	DocBuilder	b;
	DocFrame	f;
	DocItem		item;
	Jsonb	   *added;
	Jsonb	   *result;
	int			nsorted = 0;
	int			i;

	if (n == 0)
		return unconstify(Jsonb *, doc);

	/* an object of the attributes alone, then merge that */
	sorted = palloc(n * sizeof(DocAttribute *));
	for (i = 0; i < n; i++)
	{
		sorted[i] = &attrs[i];
		size += strlen(attrs[i].name) + attrs[i].len + 2 * sizeof(JEntry);
	}
	qsort(sorted, n, sizeof(DocAttribute *), compare_attributes);
	for (i = 0; i < n; i++)
	{
		if (i + 1 < n && strcmp(sorted[i]->name, sorted[i + 1]->name) == 0)
			continue;			/* the last one wins */
		sorted[nsorted++] = sorted[i];
	}
	doc_build_init(&b, size);
	doc_open_object(&b, &f, nsorted);
	for (i = 0; i < nsorted; i++)
	{
		doc_string_item(&item, sorted[i]->name, strlen(sorted[i]->name));
		doc_put_item(&b, &f, &item);
	}
	for (i = 0; i < nsorted; i++)
	{
		doc_string_item(&item, sorted[i]->value, sorted[i]->len);
		doc_put_item(&b, &f, &item);
	}
	doc_close(&b, &f, NULL);
	added = doc_build_finish(&b);
	result = doc_merge(doc, added, true, false);
	pfree(added);
	pfree(sorted);
	return result;
}

Jsonb *
doc_empty(void)
{
	CompatJsonbState state = {0};

	(void) compat_jsonb_push(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(compat_jsonb_push(&state, WJB_END_OBJECT, NULL));
}

/* qsort comparator: jsonb's order of keys; equal names keep their order */
static int
compare_attributes(const void *a, const void *b)
{
	const DocAttribute *x = *(const DocAttribute *const *) a;
	const DocAttribute *y = *(const DocAttribute *const *) b;
	DocItem		kx,
				ky;
	int			cmp;

	doc_string_item(&kx, x->name, strlen(x->name));
	doc_string_item(&ky, y->name, strlen(y->name));
	cmp = doc_compare_keys(&kx, &ky);
	if (cmp == 0)
		cmp = x < y ? -1 : (x > y);
	return cmp;
}
