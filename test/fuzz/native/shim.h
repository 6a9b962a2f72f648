/*
 * shim.h
 *		For the harnesses of this folder.
 */
#ifndef FUZZ_NATIVE_SHIM_H
#define FUZZ_NATIVE_SHIM_H

/*
 * Runs a target on an input and frees what it palloc'd.  Returns the SQLSTATE
 * of the error that it raised, 0 if it raised none.
 */
extern int	shim_run(void (*target) (const uint8 *, size_t),
					 const uint8 *data, size_t len);

/* Reads all of it. */
extern void shim_read(const void *data, size_t len);

extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t len);

#endif							/* FUZZ_NATIVE_SHIM_H */
