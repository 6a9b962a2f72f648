/*
 * flush.c
 *		A disk whose flush takes a fixed time: preloaded into a server for benches
 *		of commits, as "bench-flush: MICROSECONDS" in a bench's head wants it.
 *
 * How many commits a second somebody gets depends on the disk, which is busy
 * with flushes for most of the time, and whose flushes take now one, now two
 * milliseconds.  With a fixed time two who write in turn can be compared.
 */
#include <stdlib.h>
#include <time.h>

static int
wait_for_disk(void)
{
	const char *us = getenv("BENCH_FLUSH");
	long		n = us ? atol(us) : 1000;
	struct timespec t = {n / 1000000, n % 1000000 * 1000};

	nanosleep(&t, NULL);
	return 0;
}

int
fdatasync(int fd)
{
	(void) fd;
	return wait_for_disk();
}

int
fsync(int fd)
{
	(void) fd;
	return wait_for_disk();
}
