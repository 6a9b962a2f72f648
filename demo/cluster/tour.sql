-- One router, two shards: `./dev cluster` runs it on the router.
\pset footer off
\pset linestyle unicode
\pset border 1
\pset null '∅'
\pset pager off
\set QUIET on
\echo
\echo 'One key is one shard, one message:'
\echo
\set ECHO queries
SELECT action, key FROM people_upsert('ada', '{"name": "Ada", "born": 1815}');
SELECT action, key FROM people_upsert('ada', '{"name": "Ada", "born": 1815}');
SELECT people_get('ada');
\set ECHO none
\echo 'A batch is split by key; its answers come in the order of the input:'
\echo
\set ECHO queries
SELECT ord, action, key FROM people_upsert_many('[{"_key": "grace", "born": 1906}, {"_key": "ada", "born": 1815}, {"_key": "edsger", "born": 1930}]');
\set ECHO none
\echo 'What is not asked by key is asked of all shards, and the router merges:'
\echo
\set ECHO queries
SELECT * FROM people_c8ql('FOR p IN people COLLECT WITH COUNT INTO n RETURN n');
SELECT p->>'_key' AS key, p->'born' AS born FROM people_c8ql('FOR p IN people SORT p.born LIMIT 2 RETURN p') p ORDER BY p->'born' LIMIT 2;
SELECT sum(calls) AS calls, sum(inserted) AS inserted, sum(unchanged) AS unchanged FROM people_stats();
\set ECHO none
\echo 'No transaction is over the shards: a ROLLBACK here takes nothing back,'
\echo 'and where a shard refuses its part of a batch, the other keeps its own.'
\echo
\set ECHO queries
BEGIN;
SELECT action FROM people_upsert('alan', '{"born": 1912}');
ROLLBACK;
SELECT people_get('alan');
SELECT ord, action FROM people_upsert_many('[{"_key": "barbara"}, {"_key": "not/a key"}, {"_key": "ken"}, {"_key": "dennis"}]');
SELECT p AS stored FROM people_c8ql('FOR p IN people FILTER p._key IN ["barbara", "ken", "dennis"] RETURN p._key') p ORDER BY p;
\set ECHO none
\echo 'So only what may be repeated goes this way: mend the item, or let the call'
\echo 'ignore it, and send all again.'
\echo
\set ECHO queries
SELECT ord, action, error->>'sqlstate' AS error FROM people_upsert_many('[{"_key": "barbara"}, {"_key": "not/a key"}, {"_key": "ken"}, {"_key": "dennis"}]', '{"ignoreErrors": true}');
\set ECHO none
