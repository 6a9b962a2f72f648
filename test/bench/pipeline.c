/*
 * pipeline.c
 *		A client with documents: pipeline MODE FILE BATCH
 *
 * The lines of FILE are documents with their key, as KEY<tab>DOCUMENT.  They go
 * to the server of the environment in transactions of BATCH documents, and
 * microseconds a document are printed.
 *
 *		theirs	a prepared INSERT ... ON CONFLICT for each, pipelined
 *		one		the same, without a pipeline: an answer is awaited each time
 *		ours	upsert_load for each batch, which is sent as one array of JSON
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libpq-fe.h"

#define INSERT "INSERT INTO theirs AS t (_key, doc) VALUES ($1, $2::jsonb) ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc"

static PGconn *conn;

static void
check(PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_PIPELINE_SYNC)
	{
		fprintf(stderr, "pipeline: %s", PQerrorMessage(conn));
		exit(1);
	}
	PQclear(r);
}

/* documents I to END, each a statement */
static void
statements(char **key, char **doc, int i, int end, int pipelined)
{
	PGresult   *r;

	if (pipelined)
		PQenterPipelineMode(conn);
	if (pipelined)
		PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0);
	else
		check(PQexec(conn, "BEGIN"));
	for (; i < end; i++)
	{
		const char *values[2] = {key[i], doc[i]};

		if (pipelined)
			PQsendQueryPrepared(conn, "i", 2, values, NULL, NULL, 0);
		else
			check(PQexecPrepared(conn, "i", 2, values, NULL, NULL, 0));
	}
	if (!pipelined)
	{
		check(PQexec(conn, "COMMIT"));
		return;
	}
	PQsendQueryParams(conn, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
	PQpipelineSync(conn);
	/* of each statement a result and a null, and of the sync a result */
	for (;;)
	{
		int			last;

		if (!(r = PQgetResult(conn)))
			continue;
		last = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
		check(r);
		if (last)
			break;
	}
	PQexitPipelineMode(conn);
}

/* documents I to END, an array */
static void
array(char **key, char **doc, int i, int end)
{
	size_t		size = 3;
	char	   *text,
			   *to;
	const char *value;

	for (int j = i; j < end; j++)
		size += strlen(key[j]) + strlen(doc[j]) + 16;
	value = to = text = malloc(size);
	*to++ = '[';
	/* the key becomes an attribute, first of its object */
	for (int j = i; j < end; j++)
		to += sprintf(to, "%s{\"_key\":\"%s\",%s", j > i ? "," : "", key[j], doc[j] + 1);
	strcpy(to, "]");
	check(PQexecPrepared(conn, "u", 1, &value, NULL, NULL, 0));
	free(text);
}

int
main(int argc, char **argv)
{
	static char line[1 << 16];
	int			n = 0,
				room = 0,
				batch;
	char	  **key = NULL,
			  **doc = NULL,
			   *tab;
	FILE	   *f;
	struct timespec start,
				end;

	if (argc != 4 || !(f = fopen(argv[2], "r")) || (batch = atoi(argv[3])) <= 0)
		return 2;
	while (fgets(line, sizeof(line), f))
	{
		line[strcspn(line, "\n")] = 0;
		if (!(tab = strchr(line, '\t')))
			return 2;
		*tab = 0;
		if (n == room)
		{
			room = room ? room * 2 : 1024;
			key = realloc(key, room * sizeof(char *));
			doc = realloc(doc, room * sizeof(char *));
		}
		key[n] = strdup(line);
		doc[n++] = strdup(tab + 1);
	}
	conn = PQconnectdb("");
	check(PQprepare(conn, "i", INSERT, 0, NULL));
	check(PQprepare(conn, "u", "SELECT upsert_load('ours', $1::jsonb)", 0, NULL));
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < n; i += batch)
	{
		int			to = i + batch < n ? i + batch : n;

		if (strcmp(argv[1], "ours") == 0)
			array(key, doc, i, to);
		else
			statements(key, doc, i, to, strcmp(argv[1], "theirs") == 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.3f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / 1e3 / n);
	PQfinish(conn);
	return 0;
}
