-- swapRecord: absent, null, the stored CID, another CID; with the record missing
-- or there; and the record to put the same as, or other than, what is there.
SELECT create_record_store('swap');
CREATE FUNCTION pg_temp.attempt(present boolean, same boolean, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before swap; r at_result; state text; message text; detail text; hint text;
BEGIN
    DELETE FROM swap;
    IF present THEN
        PERFORM at_put_record('swap', 'did:plc:abc', 'a.b.c', 'x', '{"n": 1}');
    END IF;
    SELECT * INTO before FROM swap;
    r := at_put_record('swap', 'did:plc:abc', 'a.b.c', 'x', CASE WHEN same THEN '{"n": 1}' ELSE '{"n": 2}' END::jsonb, options);
    RETURN r.action || CASE WHEN r.rev = before.rev THEN ', same rev' WHEN r.rev > before.rev THEN ', new rev' ELSE '' END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT record_cid('{"$type": "a.b.c", "n": 1}') AS one, record_cid('{"$type": "a.b.c", "n": 2}') AS two;
SELECT s.name AS swap, p.present, c.same, pg_temp.attempt(p.present, c.same, s.options) AS result
FROM (VALUES (1, 'absent', '{}'::jsonb), (2, 'null', '{"swapRecord": null}'),
             (3, 'stored', jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 1}'))),
             (4, 'other', jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 9}')))) AS s(ord, name, options),
     (VALUES (false), (true)) AS p(present), (VALUES (true), (false)) AS c(same)
ORDER BY s.ord, p.present, c.same DESC;

-- the same for deletions: a missing record is never an error
CREATE FUNCTION pg_temp.delete(present boolean, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r at_result; state text; message text; detail text;
BEGIN
    DELETE FROM swap;
    IF present THEN
        PERFORM at_put_record('swap', 'did:plc:abc', 'a.b.c', 'x', '{"n": 1}');
    END IF;
    r := at_delete_record('swap', 'at://did:plc:abc/a.b.c/x', options);
    RETURN r.action || (SELECT ', left: ' || count(*) FROM swap);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''));
END $$;
SELECT s.name AS swap, p.present, pg_temp.delete(p.present, s.options) AS result
FROM (VALUES (1, 'absent', '{}'::jsonb), (2, 'null', '{"swapRecord": null}'),
             (3, 'stored', jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 1}'))),
             (4, 'other', jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 9}')))) AS s(ord, name, options),
     (VALUES (false), (true)) AS p(present)
ORDER BY s.ord, p.present;

-- and for upserts
DELETE FROM swap;
\set VERBOSITY sqlstate
SELECT action FROM at_upsert_record('swap', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'x', options => '{"swapRecord": "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}');
SELECT action, new FROM at_upsert_record('swap', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'x', options => '{"swapRecord": null}');
SELECT action FROM at_upsert_record('swap', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'x', options => '{"swapRecord": null}');
SELECT action, new FROM at_upsert_record('swap', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'x', options => jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 1}')));
SELECT action FROM at_upsert_record('swap', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'x', options => jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 1}')));

-- what is no CID
SELECT at_put_record('swap', 'did:plc:abc', 'a.b.c', 'x', '{}', '{"swapRecord": "bafyrei"}');
SELECT at_put_record('swap', 'did:plc:abc', 'a.b.c', 'x', '{}', '{"swapRecord": 1}');
SELECT at_put_record('swap', 'did:plc:abc', 'a.b.c', 'x', '{}', '{"swaprecord": null}');
SELECT at_create_record('swap', 'did:plc:abc', 'a.b.c', '{}', options => '{"swapRecord": null}');
DROP TABLE swap;
