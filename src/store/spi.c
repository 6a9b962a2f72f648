/*
 * spi.c
 *		The store through SQL statements, for whatever direct.c cannot take.
 */
#include "postgres.h"

#include "store/store_impl.h"

static void
spi_open(Store *s, List *arbiters)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("relation \"%s\" cannot be written directly",
					RelationGetRelationName(s->rel))));
}

const StoreMethods store_spi_methods = {spi_open, NULL, NULL};
