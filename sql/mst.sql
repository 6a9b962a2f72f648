-- The root of the Merkle search tree.
\set VERBOSITY sqlstate

-- published roots (the reference implementation's own test cases)
CREATE TEMP TABLE leaf (cid text);
INSERT INTO leaf VALUES ('bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454');
SELECT mst_root(NULL, NULL) = 'bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm' AS empty FROM leaf;
SELECT mst_root('x/y', cid) = 'bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm' AS no_rows FROM leaf WHERE false;
SELECT mst_root('com.example.record/' || rkey, cid) = 'bafyreibj4lsc3aqnrvphp5xmrnfoorvru4wynt6lwidqbm2623a6tatzdu' AS trivial
FROM leaf, unnest(ARRAY['3jqfcqzm3fo2j']) AS rkey;
SELECT mst_root('com.example.record/' || rkey, cid) = 'bafyreih7wfei65pxzhauoibu3ls7jgmkju4bspy4t2ha2qdjnzqvoy33ai' AS upper_layer
FROM leaf, unnest(ARRAY['3jqfcqzm3fx2j']) AS rkey;
SELECT mst_root('com.example.record/' || rkey, cid) = 'bafyreicmahysq4n6wfuxo522m6dpiy7z7qzym3dzs756t5n7nfdgccwq7m' AS five
FROM leaf, unnest(ARRAY['3jqfcqzm3fp2j', '3jqfcqzm3fr2j', '3jqfcqzm3fs2j', '3jqfcqzm3ft2j', '3jqfcqzm4fc2j']) AS rkey;

-- larger trees, computed with @atproto/repo
SELECT mst_root('com.example.record/' || i, cid) = 'bafyreigh26u6e5nkcgbrjmsgwf4msehlv5qbdrawbwcjpq6hwvlnfp5o6i' AS thousand
FROM leaf, generate_series(1, 1000) AS i;
SELECT mst_root((ARRAY['com.example.a/', 'com.example.b/', 'com.example/'])[i % 3 + 1] || i * 7919, cid) = 'bafyreihzbpgns7dbcrlmu3tcz73gj33rqgvrbkgfpqut26ud3wwehhpiei' AS collections
FROM leaf, generate_series(0, 299) AS i;

-- the order of the input does not matter; the records do
SELECT count(DISTINCT root) AS roots FROM leaf, LATERAL (
  SELECT mst_root('a.b.c/' || i, cid ORDER BY i) FROM generate_series(1, 200) AS i UNION ALL
  SELECT mst_root('a.b.c/' || i, cid ORDER BY i DESC) FROM generate_series(1, 200) AS i UNION ALL
  SELECT mst_root('a.b.c/' || i, cid ORDER BY md5(i::text)) FROM generate_series(1, 200) AS i) AS r(root);
SELECT count(DISTINCT root) AS roots FROM leaf, LATERAL (
  SELECT mst_root('a.b.c/' || i, cid) FROM generate_series(1, 200) AS i UNION ALL
  SELECT mst_root('a.b.c/' || i, cid) FROM generate_series(1, 199) AS i UNION ALL
  SELECT mst_root('a.b.d/' || i, cid) FROM generate_series(1, 200) AS i UNION ALL
  SELECT mst_root('a.b.c/' || i, CASE i WHEN 7 THEN record_cid('{}') ELSE cid END) FROM generate_series(1, 200) AS i) AS r(root);
-- by repository, as one statement; rows that an outer join left empty do not count
SELECT repo, mst_root(path, l.cid) FROM leaf, (VALUES ('a', 'a.b.c/1'), ('a', 'a.b.c/2'), ('b', 'a.b.c/1'), ('c', NULL)) AS v(repo, path),
  LATERAL (SELECT CASE WHEN path IS NOT NULL THEN leaf.cid END) AS l(cid) GROUP BY repo ORDER BY repo;

-- what is no record
SELECT mst_root('a.b.c/1', NULL) FROM leaf;
SELECT mst_root(NULL, cid) FROM leaf;
SELECT mst_root(path, cid) FROM leaf, (VALUES ('a.b.c/1'), ('a.b.c/1')) AS v(path);
SELECT mst_root('', cid) FROM leaf;
SELECT mst_root('a.b.c', cid) FROM leaf;
SELECT mst_root('/a.b.c/1', cid) FROM leaf;
SELECT mst_root('a.b.c/1/2', cid) FROM leaf;
SELECT mst_root('a.b.c/', cid) FROM leaf;
SELECT mst_root('a.b.c/..', cid) FROM leaf;
SELECT mst_root('a.b.c/ü', cid) FROM leaf;
SELECT mst_root(repeat('a', 511) || '/' || repeat('b', 512), cid) IS NOT NULL AS longest FROM leaf;
SELECT mst_root(repeat('a', 512) || '/' || repeat('b', 512), cid) FROM leaf;
SELECT mst_root('a.b.c/1', 'bafyrei') FROM leaf;
