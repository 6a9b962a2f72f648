/*
 * upsert.h
 *		The base vocabulary of the extension: the SQLSTATEs of our own class
 *		"UP".
 *
 * Everything may include this file; it includes nothing of ours.
 */
#ifndef UPSERT_H
#define UPSERT_H

#include "utils/elog.h"

/* The version of the extension, as in upsert.control. */
#define UPSERT_VERSION "1.0"

/*
 * Our SQLSTATE class.  A class that begins with a letter from I to Z is free
 * for implementations (ISO 9075-2, 24.1).
 */
#define ERRCODE_UPSERT_REVISION_CONFLICT	MAKE_SQLSTATE('U','P','0','0','1')
#define ERRCODE_UPSERT_DOCUMENT_EXISTS		MAKE_SQLSTATE('U','P','0','0','2')
#define ERRCODE_UPSERT_DOCUMENT_NOT_FOUND	MAKE_SQLSTATE('U','P','0','0','3')
#define ERRCODE_UPSERT_INVALID_KEY			MAKE_SQLSTATE('U','P','0','0','4')
#define ERRCODE_UPSERT_INCOMPLETE_KEY		MAKE_SQLSTATE('U','P','0','0','5')
#define ERRCODE_UPSERT_INVALID_DOCUMENT		MAKE_SQLSTATE('U','P','0','0','6')
#define ERRCODE_UPSERT_INVALID_IDENTIFIER	MAKE_SQLSTATE('U','P','0','0','7')
#define ERRCODE_UPSERT_JSONLD_ERROR			MAKE_SQLSTATE('U','P','0','0','8')
#define ERRCODE_UPSERT_LIMIT_EXCEEDED		MAKE_SQLSTATE('U','P','0','0','9')
#define ERRCODE_UPSERT_IDEMPOTENCY_MISMATCH	MAKE_SQLSTATE('U','P','0','1','0')

#endif							/* UPSERT_H */
