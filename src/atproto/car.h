/*
 * car.h
 *		CAR files, version 1: blocks of bytes, each with its CID.
 *
 * Pure: knows no tables, nor what is in a block.
 *
 *		Car car;
 *		car_open(&car, data, len);
 *		while (car_next(&car, &block)) ...
 */
#ifndef UPSERT_ATPROTO_CAR_H
#define UPSERT_ATPROTO_CAR_H

#include "atproto/cid.h"

/* A block; points into the file */
typedef struct CarBlock
{
	const uint8 *cid;			/* CID_LENGTH bytes */
	const uint8 *data;
	Size		len;
} CarBlock;

/* A file being read */
typedef struct Car
{
	const uint8 *data;
	const uint8 *pos;
	const uint8 *end;
	const uint8 *root;			/* the first root's CID; NULL: there is none */
	int			root_len;
} Car;

/*
 * Reads the header.  Error: UP006, with the offset in DETAIL, if it is none of
 * version 1.
 */
extern void car_open(Car *car, const uint8 *data, Size len);

/*
 * Reads the next block and proves that its bytes have its CID; false at the
 * end.  Error: UP006, also for CIDs other than those that the protocol has
 * (version 1, SHA-256, DAG-CBOR or raw).
 */
extern bool car_next(Car *car, CarBlock *block);

/* All blocks of a file, by CID */
typedef struct CarIndex CarIndex;

/* Reads the rest of the file.  Errors: as above. */
extern CarIndex *car_index(Car *car);

/* The block with the binary CID, or NULL. */
extern const CarBlock *car_find(const CarIndex *index, const uint8 *cid,
								int len);

#endif							/* UPSERT_ATPROTO_CAR_H */
