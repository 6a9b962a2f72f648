/*
 * doc.h
 *		The document algebra: pure functions from jsonb to jsonb.
 *
 * Results are made in CurrentMemoryContext.  A result may share nothing with
 * its arguments or be one of them (said where it can happen), so treat both
 * as read-only.  Arguments must be detoasted (PG_GETARG_JSONB_P does that).
 *
 * Whatever these functions build has byte for byte the image that PostgreSQL
 * gives to the same value, so two documents are the same if and only if their
 * images are: see doc_equal().
 *
 * Errors that every builder can raise: 54000 when a container would exceed
 * jsonb's 256 MB, 54001 when documents nest deeper than the stack allows,
 * 57014 when the query is cancelled.
 */
#ifndef UPSERT_DOC_H
#define UPSERT_DOC_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* A string attribute to be set by doc_add_attributes(). */
typedef struct DocAttribute
{
	const char *name;			/* NUL-terminated */
	const char *value;			/* need not be NUL-terminated */
	int			len;			/* bytes in value */
} DocAttribute;

/*
 * What an update does: the attributes of patch replace those of old, the
 * others stay.
 *
 * merge_objects: where both sides have an object, merge them likewise at any
 * depth; else the object of the patch replaces the other whole.  Arrays are
 * always replaced whole.
 *
 * keep_null = false: an attribute that patch sets to null is removed, also
 * inside an object that is merged and (with merge_objects) inside one that is
 * new to the document; not inside arrays, and not inside an object that
 * replaces something else.  Nulls that old had before stay.
 *
 * Returns old itself, the same pointer, if the merge changes nothing.
 * Errors: UP006 if either argument is not an object.
 */
extern Jsonb *doc_merge(const Jsonb *old, const Jsonb *patch,
						bool keep_null, bool merge_objects);

/*
 * JSON Merge Patch, RFC 7396.  Any JSON value may stand on either side.
 * Returns old itself if nothing changes, and patch itself where the patch is
 * not an object.
 */
extern Jsonb *doc_merge_patch(const Jsonb *old, const Jsonb *patch);

/*
 * JSON Patch, RFC 6902.  Any JSON value may be patched; patch is an array of
 * operations, applied in order, all or none.  Returns doc itself if nothing
 * changes in the end.
 *
 * Errors: 22023 if patch is malformed, whatever the document; 2203A if a path
 * names no member, 22033 if it names no array element; 23514 if a test fails.
 */
extern Jsonb *doc_patch(const Jsonb *doc, const Jsonb *patch);

/*
 * The difference of two JSON values as a JSON Patch of add, remove and replace
 * operations: doc_patch(old, doc_diff(old, new)) is new, to the byte.  Equal
 * documents give an empty array.
 */
extern Jsonb *doc_diff(const Jsonb *old, const Jsonb *new);

/*
 * Are these the same document?  Decided by image: 1 and 1.0 are different
 * (their text differs), the order of attributes in the source is not.
 */
extern bool doc_equal(const Jsonb *a, const Jsonb *b);

/* Are they to jsonb's "=", to which 1 is 1.0? */
extern bool doc_equal_value(const Jsonb *a, const Jsonb *b);

/* Appends a JSON string, with its quotes. */
extern void doc_append_string(StringInfo out, const char *s, int len);

/* The document {}. */
extern Jsonb *doc_empty(void);

/*
 * Remove top-level attributes.  Returns doc itself if none of the names is
 * there, or if doc is not an object.
 */
extern Jsonb *doc_strip_attributes(const Jsonb *doc,
								   const char *const *names, int n);

/*
 * Set top-level string attributes of an object, in any order; of two with the
 * same name the last wins.  Returns doc itself if all of them are there already.
 */
extern Jsonb *doc_add_attributes(const Jsonb *doc,
								 const DocAttribute *attrs, int n);

/*
 * An object of so many bytes that lies in another document, as a document of
 * its own with one string attribute more; NULL if it has one of that name.
 */
extern Jsonb *doc_fill_attribute(const JsonbContainer *object, Size size,
								 const DocAttribute *attr);

/*
 * Look up a top-level attribute.  True and *out filled in (pointing into doc;
 * objects and arrays as jbvBinary), or false if there is none or doc is not an
 * object.
 */
extern bool doc_get_attribute(const Jsonb *doc, const char *name,
							  JsonbValue *out);

#endif							/* UPSERT_DOC_H */
