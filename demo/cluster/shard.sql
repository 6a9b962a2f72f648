-- A shard: an ordinary database with the extension.  Nothing here knows of the
-- others.
CREATE EXTENSION IF NOT EXISTS upsert;
SELECT create_collection('people', '{"ifNotExists": true}');

-- A part of a batch: documents beside the places that they had in the whole.
CREATE OR REPLACE FUNCTION people_upsert_part(keys text[], docs jsonb[], places int[], options jsonb)
RETURNS SETOF upsert_item LANGUAGE sql AS $$
	SELECT places[i.ord], i.action, i.key, i.rev, i.old, i.new, i.error
	FROM upsert_many('people', to_jsonb(docs), options) AS i
$$;
