/*
 * car.c
 *		CAR files (ipld.io/specs/transport/car/carv1), as the protocol sends
 *		repositories and commits.
 *
 *		| length | header: {roots: [CID], version: 1} |		DAG-CBOR
 *		| length | CID | bytes |
 *		| length | CID | bytes | ...
 *
 * A length is an unsigned varint and counts what follows it.  The file is read
 * in place, front to back, and each block is hashed once, so whoever has a
 * block has its CID proved.
 *
 * To find blocks by CID, an index of them is sorted by digest: files come from
 * strangers, who could choose CIDs that meet in a hash table.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "atproto/car.h"
#include "atproto/cbor_read.h"
#include "call/answer.h"
#include "compat.h"
#include "upsert.h"

#define CAR_VERSION		1

struct CarIndex
{
	CarBlock   *blocks;			/* by CID */
	Size		nblocks;
};

pg_noreturn static void refuse(const Car *car, const uint8 *where,
							   const char *message);
static Size read_length(Car *car);
static int	compare_blocks(const void *a, const void *b);

static void
refuse(const Car *car, const uint8 *where, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid CAR file: %s", _(message)),
			 errdetail("At byte %zu.", (size_t) (where - car->data))));
}

/* Reads a length and makes sure that as much follows. */
static Size
read_length(Car *car)
{
	const uint8 *start = car->pos;
	uint64		length;

	if (!cid_read_varint(&car->pos, car->end, &length))
		refuse(car, start, gettext_noop("a length is malformed"));
	if (length > (uint64) (car->end - car->pos))
		refuse(car, start, gettext_noop("it ends too early"));
	return (Size) length;
}

void
car_open(Car *car, const uint8 *data, Size len)
{
	CborReader	reader;
	CborHead	head;
	Size		length;

	memset(car, 0, sizeof(Car));
	car->data = car->pos = data;
	car->end = data + len;
	length = read_length(car);

	reader = (CborReader) {.data = data, .pos = car->pos, .end = car->pos + length};
	car->pos += length;
	head = cbor_expect(&reader, CBOR_MAP, gettext_noop("the header must be a map"));
	if (head.argument != 2)
		refuse(car, head.start, gettext_noop("its header is not that of version 1"));
	cbor_read_key(&reader, "roots");
	head = cbor_expect(&reader, CBOR_ARRAY, gettext_noop("the roots must be an array"));
	for (uint64 i = 0; i < head.argument; i++)
	{
		CborHead	tag = cbor_expect(&reader, CBOR_TAG,
									  gettext_noop("a root must be a link"));
		int			cid_len;
		const uint8 *cid = cbor_read_link(&reader, &tag, &cid_len);

		if (i == 0)
		{
			car->root = cid;
			car->root_len = cid_len;
		}
	}
	cbor_read_key(&reader, "version");
	head = cbor_expect(&reader, CBOR_UNSIGNED,
					   gettext_noop("the version must be an integer"));
	if (head.argument != CAR_VERSION || reader.pos != reader.end)
		refuse(car, head.start, gettext_noop("its header is not that of version 1"));
}

bool
car_next(Car *car, CarBlock *block)
{
	const uint8 *start = car->pos;
	Size		length;
	uint8		cid[CID_LENGTH];

	CHECK_FOR_INTERRUPTS();
	if (car->pos == car->end)
		return false;
	length = read_length(car);
	if (length < CID_LENGTH || !cid_is_blessed(car->pos, CID_LENGTH))
		refuse(car, start,
			   gettext_noop("a block must have a CID of version 1 and SHA-256, of DAG-CBOR or raw bytes"));
	block->cid = car->pos;
	block->data = car->pos + CID_LENGTH;
	block->len = length - CID_LENGTH;
	car->pos += length;
	cid_compute(block->cid[1], block->data, block->len, cid);
	if (memcmp(cid, block->cid, CID_LENGTH) != 0)
		refuse(car, start, gettext_noop("the bytes of a block do not have its CID"));
	return true;
}

static int
compare_blocks(const void *a, const void *b)
{
	return memcmp(((const CarBlock *) a)->cid, ((const CarBlock *) b)->cid,
				  CID_LENGTH);
}

CarIndex *
car_index(Car *car)
{
	CarIndex   *index = palloc0(sizeof(CarIndex));
	Size		allocated = 256;

	index->blocks = palloc(allocated * sizeof(CarBlock));
	for (;;)
	{
		if (index->nblocks == allocated)
		{
			allocated *= 2;
			index->blocks = repalloc_huge(index->blocks,
										  allocated * sizeof(CarBlock));
		}
		if (!car_next(car, &index->blocks[index->nblocks]))
			break;
		index->nblocks++;
	}
	qsort(index->blocks, index->nblocks, sizeof(CarBlock), compare_blocks);
	return index;
}

const CarBlock *
car_find(const CarIndex *index, const uint8 *cid, int len)
{
	CarBlock	wanted = {.cid = cid};

	if (len != CID_LENGTH)
		return NULL;
	return bsearch(&wanted, index->blocks, index->nblocks, sizeof(CarBlock),
				   compare_blocks);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(car_blocks);

/* car_blocks(bytea) -> setof (cid text, block bytea) */
Datum
car_blocks(PG_FUNCTION_ARGS)
{
	bytea	   *file = PG_GETARG_BYTEA_PP(0);
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "upsert CAR block",
													  ALLOCSET_DEFAULT_SIZES);
	Car			car;
	CarBlock	block;

	car_open(&car, (const uint8 *) VARDATA_ANY(file), VARSIZE_ANY_EXHDR(file));
	while (car_next(&car, &block))
	{
		MemoryContext old_context = MemoryContextSwitchTo(row_context);
		char		text[CID_TEXT_LENGTH + 1];
		Datum		values[2];
		bool		nulls[2] = {false, false};

		cid_to_text(block.cid, text);
		values[0] = CStringGetTextDatum(text);
		values[1] = PointerGetDatum(cstring_to_text_with_len((const char *) block.data,
															 block.len));
		tuplestore_putvalues(rows, tupdesc, values, nulls);
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(row_context);
	}
	return (Datum) 0;
}
