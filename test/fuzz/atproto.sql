-- DAG-CBOR: round trips of random documents, and the decoder on damaged bytes;
-- the string formats and lexicons on damaged input.
\pset tuples_only on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION upsert;
SELECT setseed(:seed) \g /dev/null

CREATE FUNCTION random_int(n int) RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT floor(random() * n)::int $$;
CREATE FUNCTION random_value(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	CASE random_int(CASE WHEN depth > 0 THEN 10 ELSE 7 END)
	WHEN 0 THEN RETURN to_jsonb(((random() - 0.5) * 2 ^ random_int(63))::bigint);
	WHEN 1 THEN RETURN to_jsonb(random() < 0.5);
	WHEN 2 THEN RETURN 'null';
	WHEN 3 THEN RETURN to_jsonb(repeat(chr(1 + random_int(126)), random_int(300)));
	WHEN 4 THEN RETURN to_jsonb(repeat(chr(200 + random_int(50000)), random_int(100)));
	WHEN 5 THEN RETURN jsonb_build_object('$bytes', translate(encode(substr(sha256(random()::text::bytea), 1, random_int(33)), 'base64'), E'=\n', ''));
	WHEN 6 THEN RETURN jsonb_build_object('$link', blob_cid(random()::text::bytea));
	WHEN 7 THEN RETURN coalesce((SELECT jsonb_agg(random_value(depth - 1)) FROM generate_series(1, random_int(9))), '[]');
	ELSE RETURN coalesce((SELECT jsonb_object_agg(repeat(chr(97 + random_int(500)), 1 + random_int(5)), random_value(depth - 1)) FROM generate_series(1, random_int(9))), '{}');
	END CASE;
END $$;
-- one to three bytes changed, cut off, doubled, or put in
CREATE FUNCTION damage(b bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	FOR i IN 0 .. random_int(3) LOOP
		CASE random_int(6)
		WHEN 0 THEN b := substr(b, 1, random_int(length(b) + 1));
		WHEN 1 THEN b := b || substr(b, random_int(length(b) + 1) + 1);
		WHEN 2 THEN b := overlay(b PLACING decode(lpad(to_hex(random_int(256)), 2, '0'), 'hex') FROM random_int(length(b) + 1) + 1 FOR 0);
		WHEN 3 THEN b := overlay(b PLACING decode(pick_hex(), 'hex') FROM random_int(length(b) + 1) + 1 FOR random_int(3));
		ELSE IF length(b) > 0 THEN b := set_byte(b, random_int(length(b)), random_int(256)); END IF;
		END CASE;
	END LOOP;
	RETURN b;
END $$;
-- heads that say much
CREATE FUNCTION pick_hex() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT (ARRAY['9bffffffffffffffff', 'bb7fffffffffffffff', '7bffffffffffffffff', '5affffffff', 'd82a', 'd82a58250001711220', '9f', 'ff', 'f97c00', '818181818181', 'a165246c696e6b6161', '1800', 'c0'])[1 + random_int(13)] $$;
-- what is wrong with the decoder's verdict; NULL: nothing
CREATE FUNCTION judge(b bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	doc jsonb;
BEGIN
	doc := dag_cbor_decode(b);
	IF dag_cbor(doc) IS DISTINCT FROM b THEN
		RETURN 'accepted, but encodes otherwise: ' || b::text;
	END IF;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE NOT IN ('UP006', 'UP009') THEN
		RETURN SQLSTATE || ' ' || SQLERRM || ': ' || b::text;
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION judge_format(format text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	valid boolean := at_is_valid(format, value);
BEGIN
	-- what a conversion accepts is valid, and the other way round
	IF format = 'at-uri' THEN
		IF (SELECT p.rkey IS NOT NULL AND at_uri(p.authority, p.collection, p.rkey) <> value FROM at_uri_parts(value) AS p) THEN RETURN 'at_uri differs: ' || value; END IF;
		IF NOT valid THEN RETURN 'at_uri_parts accepts ' || value; END IF;
	ELSIF format = 'tid' THEN
		PERFORM at_tid_to_bigint(value);
		IF NOT valid OR at_tid_from_bigint(at_tid_to_bigint(value)) <> value THEN RETURN 'at_tid_to_bigint accepts ' || value; END IF;
	ELSIF format = 'cid' AND value LIKE 'b%' THEN
		PERFORM dag_cbor(jsonb_build_object('$link', value));
		IF NOT valid AND length(value) BETWEEN 8 AND 256 THEN RETURN '$link accepts ' || value; END IF;
	END IF;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE NOT IN ('UP006', 'UP007', '22003') OR (valid AND SQLSTATE <> '22003') THEN
		RETURN SQLSTATE || ' ' || SQLERRM || ': ' || format || ' ' || value;
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION judge_lexicon(lexicon jsonb, record jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO at_lexicons VALUES ('a.b.c', lexicon) ON CONFLICT (nsid) DO UPDATE SET lexicon = EXCLUDED.lexicon;
	PERFORM at_validation_status('a.b.c', record);
	PERFORM at_put_lexicon(lexicon);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE NOT IN ('UP006', 'UP009') THEN
		RETURN SQLSTATE || ' ' || SQLERRM || ': ' || lexicon::text;
	END IF;
	RETURN NULL;
END $$;

-- random documents come back as they were
WITH docs AS MATERIALIZED (SELECT random_value(3) AS d FROM generate_series(1, :rounds))
SELECT 'changed: ' || d::text FROM docs WHERE dag_cbor_decode(dag_cbor(d)) IS DISTINCT FROM d;
-- damaged bytes
WITH bytes AS MATERIALIZED (SELECT damage(dag_cbor(random_value(2))) AS b FROM generate_series(1, :rounds))
SELECT v FROM bytes, judge(b) AS v WHERE v IS NOT NULL;
-- damaged identifiers
WITH samples (format, value) AS (VALUES
	('tid', '3jzfcijpj2z2a'), ('record-key', '~1.2-3_:'), ('nsid', 'com.example.fooBar'), ('did', 'did:plc:z72i7hdynmk6r22z27h6tvur'), ('handle', 'jay.bsky.social'),
	('at-identifier', 'did:web:example.com'), ('at-uri', 'at://did:plc:abc/com.example.foo/3jui7kd54zh2y'), ('datetime', '1985-04-12T23:20:50.123+01:45'),
	('cid', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'), ('language', 'zh-cmn-Hans-CN-a-bbb-x-c'), ('uri', 'https://example.com/p?q#f')),
damaged AS MATERIALIZED (SELECT format, CASE random_int(3)
		WHEN 0 THEN overlay(value PLACING chr(33 + random_int(93)) FROM 1 + random_int(length(value)))
		WHEN 1 THEN left(value, random_int(length(value))) || right(value, random_int(length(value)))
		ELSE overlay(value PLACING chr(1 + random_int(900)) FROM 1 + random_int(length(value)) FOR random_int(2)) END AS value
	FROM samples, generate_series(1, :rounds / 5))
SELECT v FROM damaged, judge_format(format, value) AS v WHERE v IS NOT NULL;
-- lexicons with parts replaced by anything
WITH paths AS (SELECT ARRAY[$${defs}$$, $${defs,main}$$, $${defs,main,record}$$, $${defs,main,record,required}$$, $${defs,main,record,nullable}$$, $${defs,main,record,properties}$$, $${defs,main,record,properties,s}$$,
		$${defs,main,record,properties,s,maxGraphemes}$$, $${defs,main,record,properties,l,items}$$, $${defs,main,record,properties,u,refs}$$, $${defs,main,record,properties,r,ref}$$, $${defs,x,properties}$$, $${id}$$, $${defs,main,key}$$] AS p),
damaged AS MATERIALIZED (SELECT jsonb_set('{"lexicon": 1, "id": "a.b.c", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["s"], "nullable": ["l"], "properties": {"s": {"type": "string", "maxGraphemes": 3},
		"l": {"type": "array", "items": {"type": "integer"}}, "u": {"type": "union", "refs": ["#x"]}, "r": {"type": "ref", "ref": "#x"}, "b": {"type": "blob", "accept": ["*/*"]}}}}, "x": {"type": "object", "properties": {"r": {"type": "ref", "ref": "#x"}}}}}',
		p[1 + random_int(14)]::text[], random_value(2)) AS lexicon,
	'{"$type": "a.b.c", "s": "a", "l": [1], "u": {"$type": "a.b.c#x", "r": {}}, "r": {"r": {"r": {}}}}'::jsonb || jsonb_build_object((ARRAY['s', 'l', 'u', 'r', 'b'])[1 + random_int(5)], random_value(2)) AS record
	FROM paths, generate_series(1, :rounds / 5))
SELECT v FROM damaged, judge_lexicon(lexicon, record) AS v WHERE v IS NOT NULL;
