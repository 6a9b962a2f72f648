-- Calls of documents against a model: what is stored, who is asked, what is
-- answered.  The model knows a table of (key, revision, document) and the words
-- of the contract, and nothing of the engine.  Both stores take turns.
\set QUIET on
\set VERBOSITY terse
\pset tuples_only on
SET client_min_messages = error;
CREATE EXTENSION upsert;
SELECT setseed(:seed) \g /dev/null
SELECT create_collection('docs', '{"unique": ["mail"]}') \g /dev/null
CREATE TABLE model (key text PRIMARY KEY, rev text, doc jsonb);
CREATE TABLE kept (k text, request text, answer text, PRIMARY KEY (k));

CREATE FUNCTION one_of(VARIADIC a jsonb[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT a[1 + floor(random() * cardinality(a))::int] $$;
CREATE FUNCTION some_doc() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object('a', one_of('1', '2', '"x"', '[1, null]', NULL))) ||
		CASE WHEN random() < 0.5 THEN jsonb_build_object('o', one_of('{}', '{"p": 1}', '{"p": null, "q": {"r": null}}', '{"q": {"r": 1, "s": 2}}', 'null', '5')) ELSE '{}' END ||
		CASE WHEN random() < 0.3 THEN jsonb_build_object('v', one_of('1', '2', '3', '3.0', '"2026-01-01T00:00:00Z"', '"2026-01-01T01:00:00+01:00"', '"2027-01-01T00:00:00.5Z"', '"later"', 'null')) ELSE '{}' END ||
		CASE WHEN random() < 0.2 THEN '{"n": null}'::jsonb ELSE '{}' END
$$;
CREATE FUNCTION some_options() RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_object_agg(k, v) FILTER (WHERE v IS NOT NULL), '{}') FROM (VALUES
		('mode', CASE WHEN random() < 0.6 THEN one_of('"update"', '"replace"', '"mergePatch"', '"nothing"') END),
		('keepNull', CASE WHEN random() < 0.3 THEN 'false'::jsonb END),
		('mergeObjects', CASE WHEN random() < 0.2 THEN 'false'::jsonb END),
		('ignoreRevs', CASE WHEN random() < 0.3 THEN 'false'::jsonb END),
		('mustExist', CASE WHEN random() < 0.2 THEN one_of('true', 'false') END),
		('versionAttribute', CASE WHEN random() < 0.2 THEN '"v"'::jsonb END),
		('ignoreChanges', CASE WHEN random() < 0.2 THEN one_of('["a"]', '["o", "n"]', '[]') END),
		('dryRun', CASE WHEN random() < 0.1 THEN 'true'::jsonb END)) o(k, v)
$$;
-- of a version: a number, an instant, or none
CREATE FUNCTION version_kind(v jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN v IS NULL THEN 'absent' WHEN jsonb_typeof(v) = 'number' THEN 'number' WHEN v #>> '{}' ~ '^\d{4}-\d\d-\d\dT' THEN 'instant' ELSE 'none' END
$$;
CREATE FUNCTION version_greater(a jsonb, b jsonb) RETURNS bool LANGUAGE sql AS $$
	SELECT CASE version_kind(a) WHEN 'number' THEN (a #>> '{}')::numeric > (b #>> '{}')::numeric ELSE (a #>> '{}')::timestamptz > (b #>> '{}')::timestamptz END
$$;

-- what becomes of the document: an action or SQLSTATE, and the document then
CREATE FUNCTION expect(k text, body jsonb, sent_rev text, o jsonb, OUT action text, OUT new jsonb) LANGUAGE plpgsql AS $$
DECLARE
	old model;
	there bool;
	mode text := coalesce(o->>'mode', 'update');
	keep bool := coalesce((o->>'keepNull')::bool, true);
	merge bool := coalesce((o->>'mergeObjects')::bool, true);
	names text[] := ARRAY(SELECT jsonb_array_elements_text(coalesce(o->'ignoreChanges', '[]')));
BEGIN
	SELECT * INTO old FROM model WHERE key = k;
	there := FOUND;
	new := old.doc;
	IF (o->>'mustExist')::bool AND o->'ifRev' = 'null' OR mode = 'mergePatch' AND NOT merge THEN
		action := '22023';
	ELSIF NOT there AND ((o->>'mustExist')::bool OR o->>'ifRev' IS NOT NULL) THEN
		action := 'UP003';
	ELSIF there AND o->'ifRev' = 'null' THEN
		action := 'UP002';
	ELSIF there AND (o->>'ifRev' <> old.rev OR o->'ignoreRevs' = 'false' AND sent_rev <> old.rev) THEN
		action := 'UP001';
	ELSIF there AND mode = 'nothing' THEN
		action := 'unchanged';
	ELSIF o ? 'versionAttribute' AND version_kind(body->'v') = 'absent' AND there THEN
		action := 'ignored';
	ELSIF o ? 'versionAttribute' AND version_kind(body->'v') = 'none' THEN
		action := 'UP006';
	ELSIF o ? 'versionAttribute' AND there AND version_kind(body->'v') = version_kind(old.doc->'v') AND NOT version_greater(body->'v', old.doc->'v') THEN
		action := 'ignored';
	ELSE
		new := CASE mode WHEN 'update' THEN CASE WHEN there OR NOT keep THEN jsonb_merge(coalesce(old.doc, '{}'), body, keep, merge) ELSE body END
			WHEN 'mergePatch' THEN jsonb_merge_patch(coalesce(old.doc, '{}'), body)
			ELSE CASE WHEN keep THEN body ELSE jsonb_merge('{}', body, false, merge) END END;
		action := CASE WHEN NOT there THEN 'inserted' WHEN new - names = old.doc - names THEN 'unchanged' WHEN mode = 'replace' THEN 'replaced' ELSE 'updated' END;
		IF action = 'unchanged' THEN
			new := old.doc;
		END IF;
	END IF;
END $$;

CREATE FUNCTION round(i int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	k text := 'k' || floor(random() * 6);
	o jsonb := some_options();
	body jsonb := some_doc();
	sent jsonb;
	sent_rev text;
	r upsert_result;
	e record;
	got text;
	what text;
	old model;
	p jsonb;
BEGIN
	PERFORM set_config('upsert.direct', CASE WHEN random() < 0.5 THEN 'on' ELSE 'off' END, true);
	SELECT * INTO old FROM model WHERE key = k;
	IF random() < 0.3 THEN
		o := o || jsonb_build_object('ifRev', one_of(to_jsonb(old.rev), '"2222222222222"', 'null'));
		o := CASE WHEN o->'ifRev' IS NULL THEN o - 'ifRev' ELSE o END;
	END IF;
	sent_rev := CASE WHEN random() < 0.3 THEN CASE WHEN random() < 0.6 THEN old.rev ELSE '2222222222222' END END;
	sent := body || CASE floor(random() * 3)::int WHEN 0 THEN jsonb_build_object('_key', k) WHEN 1 THEN jsonb_build_object('_id', 'docs/' || k) ELSE jsonb_build_object('_id', k, '_key', k) END
		|| CASE WHEN sent_rev IS NULL THEN '{}' ELSE jsonb_build_object('_rev', sent_rev) END;

	CASE floor(random() * 10)::int
	WHEN 0 THEN
		o := o - '{mode,keepNull,mergeObjects,ignoreRevs,versionAttribute,ignoreChanges}'::text[];
		what := format('delete_document(%L, %L)', k, o);
		e := ROW(CASE WHEN o->'ifRev' = 'null' THEN '22023' WHEN old.key IS NULL AND ((o->>'mustExist')::bool OR o ? 'ifRev') THEN 'UP003'
			WHEN o->>'ifRev' <> old.rev THEN 'UP001' WHEN old.key IS NULL THEN 'unchanged' ELSE 'deleted' END, NULL::jsonb);
		BEGIN
			r := delete_document('docs', k, o);
			got := r.action;
			IF got = 'deleted' AND NOT o ? 'dryRun' THEN
				DELETE FROM model WHERE key = k;
			END IF;
			IF r.old - '{_id,_key,_rev}'::text[] IS DISTINCT FROM old.doc THEN
				RETURN NEXT format('%s: OLD is %s, not %s', what, r.old, old.doc);
			END IF;
		EXCEPTION WHEN OTHERS THEN got := sqlstate; END;
		IF got <> e.f1 THEN
			RETURN NEXT format('%s: %s, not %s', what, got, e.f1);
		END IF;
	WHEN 1 THEN
		o := o - '{mode,keepNull,mergeObjects,ignoreRevs,versionAttribute,ignoreChanges,mustExist}'::text[];
		p := one_of('[]', '[{"op": "add", "path": "/a", "value": 7}]', '[{"op": "remove", "path": "/a"}]', '[{"op": "replace", "path": "/_key", "value": "z"}]',
			'[{"op": "move", "from": "/a", "path": "/b"}, {"op": "test", "path": "/b", "value": 1}]', '[{"op": "remove", "path": "/_rev"}]',
			jsonb_build_array(jsonb_build_object('op', 'test', 'path', '/_rev', 'value', coalesce(sent_rev, 'x'))), '[{"op": "frob"}]');
		what := format('patch_document(%L, %L, %L)', k, p, o);
		IF o->'ifRev' = 'null' THEN
			e := ROW('22023'::text, NULL::jsonb);
		ELSIF old.key IS NULL THEN
			e := ROW('UP003'::text, NULL::jsonb);
		ELSIF o->>'ifRev' <> old.rev THEN
			e := ROW('UP001'::text, NULL::jsonb);
		ELSE
			BEGIN
				e := ROW(''::text, jsonb_patch(old.doc || jsonb_build_object('_id', 'docs/' || k, '_key', k, '_rev', old.rev), p));
				e := ROW(CASE WHEN e.f2 - '{_id,_key,_rev}'::text[] IS NOT DISTINCT FROM old.doc THEN 'unchanged' ELSE 'updated' END, e.f2);
				IF e.f2->>'_key' IS DISTINCT FROM k OR e.f2->>'_rev' IS DISTINCT FROM old.rev THEN
					e := ROW('22023'::text, NULL::jsonb);
				END IF;
			EXCEPTION WHEN OTHERS THEN e := ROW(sqlstate, NULL::jsonb); END;
		END IF;
		BEGIN
			r := patch_document('docs', k, p, o);
			got := r.action;
			IF r.new - '{_id,_key,_rev}'::text[] IS DISTINCT FROM e.f2 - '{_id,_key,_rev}'::text[] THEN
				RETURN NEXT format('%s: NEW is %s, not %s', what, r.new, e.f2);
			END IF;
			IF NOT o ? 'dryRun' THEN
				UPDATE model SET doc = e.f2 - '{_id,_key,_rev}'::text[], rev = r.rev WHERE key = k;
			END IF;
		EXCEPTION WHEN OTHERS THEN got := sqlstate; END;
		IF got <> e.f1 THEN
			RETURN NEXT format('%s: %s, not %s', what, got, e.f1);
		END IF;
	WHEN 2 THEN
		-- plain SQL moves the revision with the document
		UPDATE docs SET doc = doc || body WHERE _key = k RETURNING _rev INTO got;
		IF got IS NOT NULL AND (got > old.rev) IS DISTINCT FROM (old.doc || body <> old.doc) AND (old.doc || body)::text <> old.doc::text THEN
			RETURN NEXT format('UPDATE with %s: _rev is %s, and was %s', body, got, old.rev);
		END IF;
		UPDATE model SET doc = doc || body, rev = coalesce(got, rev) WHERE key = k;
	ELSE
		what := format('upsert(%s, %s)', sent, o);
		SELECT * INTO e FROM expect(k, body, sent_rev, o);
		BEGIN
			IF random() < 0.2 AND NOT o ? 'dryRun' THEN
				-- the same call again is the same answer
				o := o || jsonb_build_object('idempotencyKey', i::text);
				r := upsert('docs', sent, o);
				IF r IS DISTINCT FROM upsert('docs', sent, o) THEN
					RETURN NEXT format('%s: the answer of the retry is another one', what);
				END IF;
			ELSIF random() < 0.2 THEN
				SELECT m.action, m.key, m.rev, m.old, m.new INTO r FROM upsert_many('docs', jsonb_build_array(sent), o) m;
			ELSE
				r := upsert('docs', sent, o);
			END IF;
			got := r.action;
			IF r.new - '{_id,_key,_rev}'::text[] IS DISTINCT FROM e.new OR r.old - '{_id,_key,_rev}'::text[] IS DISTINCT FROM old.doc OR r.new->>'_id' <> 'docs/' || k THEN
				RETURN NEXT format('%s: %s, not %s; OLD %s, not %s', what, r.new, e.new, r.old, old.doc);
			END IF;
			IF (r.rev > old.rev) IS DISTINCT FROM (old.key IS NOT NULL AND got IN ('updated', 'replaced')) AND old.key IS NOT NULL AND NOT o ? 'dryRun' THEN
				RETURN NEXT format('%s: revision %s after %s', what, r.rev, old.rev);
			END IF;
			IF NOT o ? 'dryRun' AND got <> 'ignored' THEN
				INSERT INTO model VALUES (k, r.rev, e.new) ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, doc = excluded.doc;
			END IF;
		EXCEPTION WHEN OTHERS THEN got := sqlstate; END;
		IF got <> e.action THEN
			RETURN NEXT format('%s: %s, not %s; stored %s', what, got, e.action, old);
		END IF;
	END CASE;
	-- what is stored
	IF EXISTS (SELECT FROM model FULL JOIN docs ON key = _key WHERE (key, rev, model.doc) IS DISTINCT FROM (_key, _rev, docs.doc)) THEN
		RETURN QUERY SELECT format('after %s: stored %s, the model has %s', what, docs, model) FROM model FULL JOIN docs ON key = _key WHERE (key, rev, model.doc) IS DISTINCT FROM (_key, _rev, docs.doc);
		DELETE FROM model;
		INSERT INTO model SELECT _key, _rev, doc FROM docs;
	END IF;
	p := get_document('docs', k);
	IF p IS DISTINCT FROM (SELECT doc || jsonb_build_object('_id', 'docs/' || key, '_key', key, '_rev', rev) FROM model WHERE key = k) THEN
		RETURN NEXT format('get_document(%L): %s', k, p);
	END IF;
END $$;
SELECT r FROM generate_series(1, :rounds) i, round(i) r;
