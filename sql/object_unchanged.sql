-- upsert_object writes what differs, and nothing where nothing does
\set SHOW_CONTEXT never
CREATE TABLE items (
	id int PRIMARY KEY, sku text COLLATE "C" UNIQUE, qty int, price numeric, doc json, big text,
	tick int GENERATED ALWAYS AS (qty * 2) STORED, made serial);
CREATE TABLE log (line serial, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log (what) VALUES (concat_ws(' ', tg_name, tg_when, tg_op, tg_level));
	RETURN new;
END $$;
CREATE TRIGGER any_row BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER qty_row AFTER UPDATE OF qty ON items FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER price_row AFTER UPDATE OF price ON items FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER inserted AFTER INSERT ON items FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE TRIGGER updated AFTER UPDATE ON items FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE FUNCTION fired() RETURNS text LANGUAGE sql AS
	'WITH gone AS (DELETE FROM log RETURNING *) SELECT string_agg(what, ''; '' ORDER BY line) FROM gone';

SELECT action FROM upsert_object('items', jsonb_build_object('id', 1, 'sku', 'a', 'qty', 1, 'price', 1.50, 'doc', '{"x":  1}'::json, 'big', repeat('x', 10000)));
SELECT fired();

-- nothing differs: no tuple, no trigger, no sequence value, no transaction id
SELECT ctid AS ctid1, xmin AS xmin1 FROM items \gset
SELECT action FROM upsert_object('items', '{"id": 1}');
SELECT action FROM upsert_object('items', '{"id": 1, "qty": 1, "price": 1.50}');
SELECT action FROM upsert_object('items', jsonb_build_object('id', 1, 'big', repeat('x', 10000)));
SELECT action FROM upsert_object('items', (SELECT to_jsonb(i) FROM items i));
SELECT action, pg_current_xact_id_if_assigned() IS NULL AS no_xid FROM upsert_object('items', '{"sku": "a", "qty": 1}', 'items_sku_key');
SELECT fired();
SELECT ctid = :'ctid1' AND xmin::text = :'xmin1' AS same_tuple, (SELECT last_value FROM items_made_seq) AS made FROM items;

-- differs is by image: equal numbers that read differently are a change
SELECT action, new->'price' AS price FROM upsert_object('items', '{"id": 1, "price": 1.5}');
SELECT fired();
-- of what was given only what differs counts as updated
SELECT action FROM upsert_object('items', '{"id": 1, "qty": 2, "price": 1.5}');
SELECT fired();
SELECT action FROM upsert_object('items', '{"id": 1, "qty": 2, "price": 2}');
SELECT fired();
-- the JSON of a json column, not its spacing
UPDATE items SET doc = '{  "x":1 }' WHERE id = 1;
SELECT action FROM upsert_object('items', '{"id": 1, "doc": {"x": 1}}');
SELECT action FROM upsert_object('items', '{"id": 1, "doc": {"x": 2}}');
-- null to null
SELECT action FROM upsert_object('items', '{"id": 1, "doc": null}');
SELECT action FROM upsert_object('items', '{"id": 1, "doc": null}');
SELECT fired() IS NOT NULL AS some;

-- a batch: each row by itself
SELECT ord, action, key FROM upsert_objects('items', '[{"id": 3, "qty": 1}, {"id": 1, "qty": 2}, {"id": 2, "qty": 1}, {"id": 1, "qty": 3}]');
SELECT what, count(*) FROM log WHERE what LIKE '%ROW' GROUP BY what ORDER BY what COLLATE "C";
SELECT made, id, tick FROM items ORDER BY id;
-- generated columns are right for a row inserted after another was updated
SELECT ord, action, new->'tick' AS tick FROM upsert_objects('items', '[{"id": 1, "price": 9}, {"id": 4, "qty": 21}]');

-- a key that comes twice
SELECT ord, action, key FROM upsert_objects('items', '[{"id": 7, "qty": 1}, {"id": 7, "qty": 2}]', NULL, '{"duplicates": "first"}');
SELECT ord, action, key FROM upsert_objects('items', '[{"id": 7, "qty": 3}, {"id": 7, "qty": 4}]', NULL, '{"duplicates": "last"}');
SELECT qty FROM items WHERE id = 7;
SELECT * FROM upsert_objects('items', '[{"id": 7, "qty": 5}, {"id": 8}, {"id": 7, "qty": 6}]', NULL, '{"duplicates": "error"}');
SELECT ord, action, key FROM upsert_objects('items', '[{"id": 7, "qty": 5}, {"id": 7, "qty": 6}]');

-- errors of items are answers, if asked for
SELECT ord, action, key, error->>'sqlstate' AS state FROM upsert_objects('items',
	'[{"id": 11, "qty": 1}, {"id": 12, "nope": 1}, 5, {"id": "x"}, {"id": 13, "qty": "x"}, {"id": 14, "sku": "a"}, {"qty": 1}, {"id": 15}]',
	NULL, '{"ignoreErrors": true, "return": "key"}');
SELECT id FROM items WHERE id > 10 ORDER BY id;
SELECT * FROM upsert_objects('items', '[{"id": 21}, {"id": 22, "nope": 1}]');
SELECT count(*) FROM items WHERE id > 20;
SELECT * FROM upsert_objects('items', '{}');
SELECT * FROM upsert_objects('items', '[]');
SELECT * FROM upsert_objects('items', NULL);

-- a trigger may fill what NOT NULL asks for, or refuse the row
CREATE TABLE filled (id int PRIMARY KEY, who text NOT NULL, n int);
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.n = 13 THEN RETURN NULL; END IF;
	new.who := coalesce(new.who, 'trigger');
	RETURN new;
END $$;
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON filled FOR EACH ROW EXECUTE FUNCTION fill();
SELECT action, new FROM upsert_object('filled', '{"id": 1}');
SELECT action, new FROM upsert_object('filled', '{"id": 1, "n": 13}');
SELECT action, key, new FROM upsert_object('filled', '{"id": 2, "n": 13}');

DROP TABLE items, log, filled;
DROP FUNCTION note, fired, fill;
