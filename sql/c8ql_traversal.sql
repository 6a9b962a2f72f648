-- Traversals over edge collections.
\set SHOW_CONTEXT never
SELECT create_collection('circles'), create_collection('squares'), create_collection('edges', '{"type": "edge"}'), create_collection('links', '{"type": "edge"}');
SELECT inserted FROM upsert_load('circles', (SELECT jsonb_agg(jsonb_build_object('_key', k)) FROM unnest('{A,B,C,D,E,F,G,H,I,J,K}'::text[]) k));
-- the traversal graph of AQL's manual
SELECT inserted FROM upsert_load('edges', '[{"_key": "1", "_from": "circles/A", "_to": "circles/B", "theFalse": false, "theTruth": true, "label": "left_bar"},
  {"_key": "2", "_from": "circles/B", "_to": "circles/C", "theFalse": false, "theTruth": true, "label": "left_blarg"}, {"_key": "3", "_from": "circles/C", "_to": "circles/D", "theFalse": false, "theTruth": true, "label": "left_blorg"},
  {"_key": "4", "_from": "circles/B", "_to": "circles/E", "theFalse": false, "theTruth": true, "label": "left_blub"}, {"_key": "5", "_from": "circles/E", "_to": "circles/F", "theFalse": false, "theTruth": true, "label": "left_schubi"},
  {"_key": "6", "_from": "circles/A", "_to": "circles/G", "theFalse": false, "theTruth": true, "label": "right_foo"}, {"_key": "7", "_from": "circles/G", "_to": "circles/H", "theFalse": false, "theTruth": true, "label": "right_blob"},
  {"_key": "8", "_from": "circles/H", "_to": "circles/I", "theFalse": false, "theTruth": true, "label": "right_blub"}, {"_key": "9", "_from": "circles/G", "_to": "circles/J", "theFalse": false, "theTruth": true, "label": "right_zip"},
  {"_key": "10", "_from": "circles/J", "_to": "circles/K", "theFalse": false, "theTruth": true, "label": "right_zup"}]');
CREATE FUNCTION got(text, jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$SELECT jsonb_agg(x ORDER BY x::text COLLATE "C") FROM c8ql($1, $2) x$$;

SELECT got('FOR v IN 1..3 OUTBOUND "circles/A" edges RETURN v._key');
SELECT got('FOR v IN 2..2 OUTBOUND "circles/A" edges RETURN v._key'), got('FOR v IN 2 OUTBOUND "circles/A" edges RETURN v._key');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "circles/A" edges FILTER p.vertices[1]._key != "G" RETURN v._key');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "circles/A" edges FILTER p.edges[0].label != "right_foo" RETURN v._key');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "circles/A" edges FILTER p.vertices[1]._key != "G" FILTER p.edges[1].label != "left_blub" RETURN v._key');
SELECT got('FOR v IN 1..3 OUTBOUND "circles/E" edges RETURN v._key'), got('FOR v IN 1..3 INBOUND "circles/E" edges RETURN v._key');
SELECT got('FOR v IN 1..3 ANY "circles/E" edges RETURN v._key');
SELECT got('FOR v, e, p IN 1..5 OUTBOUND "circles/A" edges FILTER p.edges[0].theTruth == true AND p.edges[1].theFalse == false FILTER p.vertices[1]._key == "G" RETURN {vertices: p.vertices[*]._key, edges: p.edges[*].label}');
SELECT got('FOR v, e, p IN 1..5 OUTBOUND "circles/A" edges FILTER p.edges[*].theTruth ALL == true COLLECT WITH COUNT INTO n RETURN n');
-- what there is: whole documents
SELECT c8ql('FOR v, e, p IN OUTBOUND "circles/J" edges RETURN [UNSET(v, "_rev"), UNSET(e, "_rev"), p.vertices[*]._id, p.edges[*]._id]');
-- depth first: a path is shown before those that go on from it; breadth first: level by level
SELECT c8ql('FOR v, e, p IN 1..3 OUTBOUND "circles/B" edges FILTER p.vertices[1]._key == "C" RETURN v._key');
SELECT c8ql('FOR v, e, p IN 0..9 ANY "circles/A" edges OPTIONS {order: "bfs", uniqueVertices: "global"} COLLECT d = LENGTH(p.edges) INTO g = v._key RETURN [d, SORTED(g)]');
SELECT c8ql('FOR v IN 0..1 OUTBOUND "circles/J" edges RETURN v._key'), c8ql('FOR v IN 0..1 OUTBOUND "circles/J" edges OPTIONS {bfs: true} RETURN v._key');
-- PRUNE
SELECT got('FOR v IN 1..3 OUTBOUND "circles/A" edges PRUNE v._key == "G" RETURN v._key');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "circles/A" edges PRUNE stop = e.label == "left_blub" || LENGTH(p.edges) == 1 && v._key == "G" FILTER stop RETURN [v._key, stop]');
SELECT got('FOR v, e IN 0..3 OUTBOUND "circles/A" edges PRUNE e.label < 2.5 RETURN v._key');
-- from documents, in loops, in subqueries, after LET
SELECT got('FOR c IN circles FILTER c._key IN ["A", "G"] FOR v, e IN OUTBOUND c edges RETURN [c._key, e.label, v._key]');
SELECT got('FOR c IN circles LET n = LENGTH(FOR v IN 1..2 OUTBOUND c edges RETURN 1) FILTER n > 0 RETURN [c._key, n]');
SELECT got('LET s = @start FOR v IN @min..@max OUTBOUND s @@edges RETURN v._key', '{"start": "circles/A", "min": 2, "max": 3, "@edges": "edges"}');

-- several collections, directions of their own; edges that are the same, loops, cycles, vertices that are not there
SELECT inserted FROM upsert_load('squares', '[{"_key": "1"}, {"_key": "2"}]');
SELECT inserted FROM upsert_load('links', '[{"_key": "a", "_from": "squares/1", "_to": "circles/A"}, {"_key": "b", "_from": "squares/1", "_to": "squares/1"}, {"_key": "c", "_from": "squares/2", "_to": "squares/1"},
  {"_key": "d", "_from": "squares/1", "_to": "squares/2"}, {"_key": "e", "_from": "squares/2", "_to": "nowhere/1"}, {"_key": "f", "_from": "circles/A", "_to": "squares/9"}]');
SELECT got('FOR v, e, p IN 1..2 OUTBOUND "squares/1" edges, links RETURN p.edges[*]._id');
SELECT got('FOR v, e, p IN 1..2 OUTBOUND "circles/A" INBOUND links, edges RETURN p.edges[*]._id');
SELECT got('FOR v, e, p IN 1 ANY "squares/1" links, links RETURN [e._key, v]') = got('FOR v, e, p IN 1 ANY "squares/1" links RETURN [e._key, v]');
SELECT got('FOR v, e, p IN 1 ANY "squares/1" links RETURN e._key');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "squares/1" links RETURN CONCAT(p.edges[*]._key)');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "squares/1" links OPTIONS {uniqueEdges: "none"} RETURN CONCAT(p.edges[*]._key)');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "squares/1" links OPTIONS {uniqueVertices: "path"} RETURN CONCAT(p.edges[*]._key)');
SELECT got('FOR v, e, p IN 1..3 OUTBOUND "squares/1" links, edges OPTIONS {vertexCollections: "squares"} RETURN CONCAT(p.edges[*]._key)');
SELECT got('FOR v, e, p IN 1..2 OUTBOUND "squares/1" links, edges OPTIONS {edgeCollections: ["links"], order: "bfs"} RETURN CONCAT(p.edges[*]._key)');
SELECT got('FOR v, e IN OUTBOUND "squares/2" links RETURN [e._key, v == null]');
SELECT got('FOR v IN 0..1 OUTBOUND "squares/77" links RETURN v'), got('FOR v IN OUTBOUND "nowhere/1" links RETURN v');
-- starts that are none: a warning
SELECT c8ql_execute('FOR s IN ["x", null, {a: 1}, 5, "squares/2"] FOR v, e IN OUTBOUND s links SORT e._key RETURN e._key');
-- edges in an ordinary table
CREATE TABLE plain (id int PRIMARY KEY, doc jsonb);
INSERT INTO plain VALUES (1, '{"_from": "circles/A", "_to": "circles/C"}'), (2, '{"_from": "circles/C", "_to": 7}'), (3, '{}');
SELECT got('FOR v, e IN 1..2 OUTBOUND "circles/A" plain RETURN [e._key, v._key]'), got('FOR v, e IN ANY "circles/C" plain RETURN v._key');
SELECT c8ql_explain('FOR v IN ANY "circles/A" edges, OUTBOUND plain RETURN v');

-- a snapshot, rights, 1579, cancel
SELECT got('FOR v, e IN OUTBOUND "circles/A" edges INSERT {_from: "circles/A", _to: "circles/K"} INTO edges RETURN NEW._to');
SELECT got('UPSERT {_key: "x"} INSERT {_key: "x", _from: "circles/A", _to: "circles/K"} UPDATE {} IN links FOR v IN OUTBOUND "circles/A" links RETURN v._key', '{}');
SELECT c8ql('INSERT {_key: "z"} INTO squares FOR v IN OUTBOUND "squares/1" links RETURN v');
CREATE ROLE regress_walker;
GRANT SELECT ON edges, links, squares TO regress_walker;
SET ROLE regress_walker;
SELECT got('FOR v, e IN OUTBOUND "circles/E" edges RETURN e.label');
\set VERBOSITY sqlstate
SELECT got('FOR v, e IN OUTBOUND "circles/E" edges RETURN v');
RESET ROLE;
DO $$ BEGIN PERFORM upsert_load('links', (SELECT jsonb_agg(jsonb_build_object('_from', 'squares/n' || a, '_to', 'squares/n' || b)) FROM generate_series(1, 12) a, generate_series(1, 12) b WHERE a <> b)); END $$;
SET statement_timeout = '300ms';
SELECT c8ql_execute('FOR v IN 30..30 OUTBOUND "squares/n1" links OPTIONS {uniqueEdges: "none"} COLLECT WITH COUNT INTO n RETURN n');
SELECT c8ql_execute('FOR v IN 30..30 OUTBOUND "squares/n1" links OPTIONS {order: "bfs", uniqueVertices: "path"} COLLECT WITH COUNT INTO n RETURN n');
RESET statement_timeout;
SELECT got('FOR v IN 1..1000000 OUTBOUND "squares/n1" links OPTIONS {order: "bfs", uniqueVertices: "global"} COLLECT WITH COUNT INTO n RETURN n');
-- an error in the middle leaves nothing open
DO $$ BEGIN PERFORM c8ql('FOR v IN 1..3 OUTBOUND "squares/n1" links FILTER ASSERT(v._key != null, "none") RETURN v'); EXCEPTION WHEN OTHERS THEN NULL; END $$;
SELECT count(*) FROM pg_cursors;
-- errors
SELECT got('FOR v IN -1..2 OUTBOUND "circles/A" edges RETURN v');
SELECT got('FOR v IN "a" OUTBOUND "circles/A" edges RETURN v');
SELECT got('FOR v IN OUTBOUND "circles/A" nowhere RETURN v');
SELECT got('FOR v, v IN OUTBOUND "circles/A" edges RETURN v');
SELECT got('LET e = 1 FOR v, e IN OUTBOUND "circles/A" edges RETURN v');
SELECT got('FOR v IN OUTBOUND "circles/A" edges OPTIONS {uniqueVertices: "global"} RETURN v');
SELECT got('FOR v IN OUTBOUND "circles/A" edges OPTIONS {order: "weighted"} RETURN v');
SELECT got('FOR v IN OUTBOUND "circles/A" edges OPTIONS {order: "sideways"} RETURN v');
\set VERBOSITY default
SELECT got('FOR v IN OUTBOUND "circles/E" edges OPTIONS {nonsense: 1} RETURN v._key');
SELECT '(FOR v, e, p IN 1..3 OUTBOUND "a/b" edges, ANY e2, INBOUND @@x PRUNE c = v.x == 1 OPTIONS {order: "bfs"} RETURN v)'::docexpr;
SELECT c8ql_eval('(FOR v IN OUTBOUND "circles/E" edges RETURN v._key)');
DROP TABLE circles, squares, edges, links, plain;
DROP ROLE regress_walker;
DROP FUNCTION got;
