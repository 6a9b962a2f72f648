-- The queries of the C8QL reference page on UPSERT, verbatim, with what was
-- there before and what is there after.
SELECT create_collection('users');
CREATE VIEW page AS
  SELECT count(*) AS docs, count(*) FILTER (WHERE doc->>'name' = 'superuser') AS superusers,
         max((doc->>'logins')::int) AS logins, count(*) FILTER (WHERE doc->'foobar' = 'true') AS "true",
         count(*) FILTER (WHERE doc->'foobar' = 'false') AS "false", count(*) FILTER (WHERE doc ? '_rev') AS stored_revs
  FROM users;

-- 1. look for a name, insert, or count the logins
SELECT c8ql($$UPSERT { name: 'superuser' }
INSERT { name: 'superuser', logins: 1, dateCreated: DATE_NOW() }
UPDATE { logins: OLD.logins + 1 } IN users$$);
TABLE page;
SELECT c8ql($$UPSERT { name: 'superuser' }
INSERT { name: 'superuser', logins: 1, dateCreated: DATE_NOW() }
UPDATE { logins: OLD.logins + 1 } IN users$$);
TABLE page;
SELECT (doc->>'dateCreated')::bigint / 1000 BETWEEN extract(epoch FROM now())::bigint - 60 AND extract(epoch FROM now())::bigint + 60 AS created_now
FROM users;

-- 2. ignoreRevs: the INSERT does not say _key, so on an empty collection each
--    run inserts a thousand documents with keys of their own
SELECT c8ql($$FOR i IN 1..1000
UPSERT { _key: CONCAT('test', i)}
INSERT {foobar: false}
UPDATE {_rev: "1287623", foobar: true }
IN users OPTIONS { ignoreRevs: false }$$);
TABLE page;
-- ... and where the keys are there, the revision does not match: 1200
BEGIN;
SELECT count(*) FROM upsert_many('users', (SELECT jsonb_agg(jsonb_build_object('_key', 'test' || i, 'foobar', false)) FROM generate_series(1, 3) i));
\set VERBOSITY sqlstate
SAVEPOINT s;
SELECT c8ql($$FOR i IN 1..1000
UPSERT { _key: CONCAT('test', i)}
INSERT {foobar: false}
UPDATE {_rev: "1287623", foobar: true }
IN users OPTIONS { ignoreRevs: false }$$);
ROLLBACK TO s;
\set VERBOSITY default
TABLE page;

-- 3. exclusive
SELECT c8ql($$FOR i IN 1..1000
UPSERT { _key: CONCAT('test', i) }
INSERT { foobar: false }
UPDATE { foobar: true }
IN users OPTIONS { exclusive: true }$$);
TABLE page;
ROLLBACK;

-- 4. OLD and NEW
SELECT r->>'type' AS type, r->'doc'->>'name' AS name, r->'doc'->'logins' AS logins
FROM c8ql($$UPSERT { name: 'superuser' }
INSERT { name: 'superuser', logins: 1, dateCreated: DATE_NOW() }
UPDATE { logins: OLD.logins + 1 } IN users
RETURN { doc: NEW, type: OLD ? 'update' : 'insert' }$$) r;
DELETE FROM users;
SELECT r->>'type' AS type, r->'doc'->>'name' AS name, r->'doc'->'logins' AS logins
FROM c8ql($$UPSERT { name: 'superuser' }
INSERT { name: 'superuser', logins: 1, dateCreated: DATE_NOW() }
UPDATE { logins: OLD.logins + 1 } IN users
RETURN { doc: NEW, type: OLD ? 'update' : 'insert' }$$) r;

-- the two syntax lines, with something in the places
SELECT c8ql($$UPSERT {name: 'superuser'} INSERT {} UPDATE {logins: 7} IN users OPTIONS {} RETURN NEW.logins$$);
SELECT c8ql($$UPSERT {name: 'superuser'} INSERT {} REPLACE {name: 'superuser', fresh: true} IN users OPTIONS {}
              RETURN UNSET(NEW, '_id', '_key', '_rev')$$);
-- the page: system attributes cannot be updated
SELECT c8ql($$UPSERT {name: 'superuser'} INSERT {} UPDATE {_key: 'x', _id: 'users/x', _rev: 'x', n: 1} IN users
              RETURN [OLD._key == NEW._key, OLD._id == NEW._id, NEW._rev == 'x', NEW.n]$$);
-- the page: an outdated _rev in the search takes the INSERT path
SELECT c8ql($$UPSERT {name: 'superuser', _rev: '1'} INSERT {name: 'superuser', second: true} UPDATE {} IN users RETURN OLD$$);
TABLE page;
DROP VIEW page;
DROP TABLE users;
