-- The language's smaller parts.
\set SHOW_CONTEXT never

-- numbers
SELECT c8ql('RETURN [.5, -.5, .5e1, 1.5, 0.25 + .25, 1..3, [.1, .2]]');
SELECT c8ql('FOR i IN 1..3 RETURN i * .5');
-- LIMIT offset, null: all that there are
SELECT array_agg(x) FROM c8ql('FOR i IN 1..5 LIMIT 2, null RETURN i') x;
SELECT array_agg(x) FROM c8ql('FOR i IN 1..5 LIMIT @o, @n RETURN i', '{"o": 3, "n": null}') x;
SELECT array_agg(x) FROM c8ql('FOR i IN 1..5 LIMIT null RETURN i') x;

-- tables of other schemas
CREATE SCHEMA "my schema";
SELECT create_collection('"my schema".users'), create_collection('"my schema"."A.B"');
SELECT c8ql('INSERT {_key: "1", n: 1} IN `my schema.users` RETURN NEW.n');
SELECT c8ql('FOR u IN `my schema`.users RETURN u.n');
SELECT c8ql('FOR u IN `my schema`.`users` UPDATE u WITH {n: u.n + 1} IN `my schema`.users RETURN NEW.n');
SELECT c8ql('RETURN [LENGTH(`my schema`.users), COLLECTION_COUNT(`my schema`.users), DOCUMENT(`my schema`.users, "1").n, DOCUMENT("my schema.users/1").n]');
SELECT c8ql('UPSERT {n: 2} INSERT {} UPDATE {n: 3} IN `my schema`.`users` RETURN NEW.n');
SELECT c8ql('WITH `my schema`.users FOR u IN @@c RETURN u.n', '{"@c": "my schema.users"}');
SELECT c8ql('INSERT {} IN `my schema.A.B` RETURN 1');
SELECT c8ql('FOR x IN `my schema`.`A.B` RETURN 2');
-- a variable comes first
SELECT c8ql('LET `my schema` = {users: [7]} FOR u IN `my schema`.users RETURN u');
DROP SCHEMA "my schema" CASCADE;
