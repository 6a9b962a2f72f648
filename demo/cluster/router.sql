-- The router: PL/Proxy sends each call to the shard that its key is on.  psql
-- variables p0 and p1 are the shards' connection strings; the number of shards
-- is a power of two.
--
-- What is not promised here: a call is a transaction of its own on each shard
-- that it reaches.  A transaction block on the router covers nothing, and where one shard
-- refuses its part of a batch the others keep theirs.  So: calls that may be
-- repeated (an upsert that has been done is "unchanged"), and repeat what failed.
CREATE EXTENSION IF NOT EXISTS plproxy;
-- the types of answers only; no collection is made here
CREATE EXTENSION IF NOT EXISTS upsert;

CREATE SERVER shards FOREIGN DATA WRAPPER plproxy OPTIONS (p0 :'p0', p1 :'p1');
CREATE USER MAPPING FOR PUBLIC SERVER shards;
GRANT USAGE ON FOREIGN SERVER shards TO PUBLIC;

-- One shard, one message: writing and reading by key.
CREATE FUNCTION people_upsert(key text, doc jsonb, options jsonb DEFAULT '{}')
RETURNS SETOF upsert_result LANGUAGE plproxy AS $$
	CLUSTER 'shards';
	RUN ON hashtext(key);
	SELECT * FROM upsert('people', doc || jsonb_build_object('_key', key), options);
$$;

CREATE FUNCTION people_get(key text) RETURNS SETOF jsonb LANGUAGE plproxy AS $$
	CLUSTER 'shards';
	RUN ON hashtext(key);
	SELECT get_document('people', key);
$$;

CREATE FUNCTION people_delete(key text, options jsonb DEFAULT '{}')
RETURNS SETOF upsert_result LANGUAGE plproxy AS $$
	CLUSTER 'shards';
	RUN ON hashtext(key);
	SELECT * FROM delete_document('people', key, options);
$$;

-- A batch: the arrays are split by key, the parts sent at once.
CREATE FUNCTION people_upsert_part(keys text[], docs jsonb[], places int[], options jsonb)
RETURNS SETOF upsert_item LANGUAGE plproxy AS $$
	CLUSTER 'shards';
	SPLIT keys, docs, places;
	RUN ON hashtext(keys);
$$;

-- Answers come back in the order of the input.
CREATE FUNCTION people_upsert_many(docs jsonb, options jsonb DEFAULT '{}')
RETURNS SETOF upsert_item LANGUAGE sql AS $$
	SELECT i.*
	FROM (SELECT array_agg(d->>'_key' ORDER BY n) AS keys, array_agg(d ORDER BY n) AS docs, array_agg(n::int ORDER BY n) AS places
		FROM jsonb_array_elements($1) WITH ORDINALITY AS input (d, n)) AS whole,
		people_upsert_part(whole.keys, whole.docs, whole.places, $2) AS i
	ORDER BY i.ord
$$;

-- All shards: what each of them answers, in no order; the router merges.
CREATE FUNCTION people_c8ql(query text, bind jsonb DEFAULT '{}')
RETURNS SETOF jsonb LANGUAGE plproxy AS $$
	CLUSTER 'shards';
	RUN ON ALL;
	SELECT c8ql(query, bind);
$$;

-- What the shards have done since they count; of all sessions if they preload upsert.
CREATE FUNCTION people_stats()
RETURNS TABLE (calls bigint, inserted bigint, updated bigint, unchanged bigint, ignored bigint, conflicts bigint)
LANGUAGE plproxy AS $$
	CLUSTER 'shards';
	RUN ON ALL;
	SELECT calls, inserted, updated, unchanged, ignored, conflicts FROM upsert_stats WHERE target = 'people'::regclass;
$$;
