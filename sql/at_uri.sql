-- AT URIs: building and splitting.
\set VERBOSITY sqlstate

SELECT at_uri('did:plc:abc', 'xyz.statusphere.status', '3abc123'),
       at_uri('bob.test', 'com.example.fooBar', 'self');
SELECT u, p.* FROM unnest(ARRAY['at://did:plc:abc/xyz.statusphere.post/3abc123', 'at://bob.test/com.example.foo', 'at://did:web:localhost%3A80']) WITH ORDINALITY AS v(u, ord), at_uri_parts(u) AS p ORDER BY ord;
-- one splits what the other built
SELECT at_uri(p.authority, p.collection, p.rkey) = u AS same FROM (VALUES ('at://did:plc:abc/xyz.statusphere.post/a:b~c.d_e-f')) AS v(u), at_uri_parts(u) AS p;

-- what cannot be a part
SELECT at_uri('plc:abc', 'com.example.foo', 'r');
SELECT at_uri('did:plc:abc/', 'com.example.foo', 'r');
SELECT at_uri('', 'com.example.foo', 'r');
SELECT at_uri('did:plc:abc', 'example.foo', 'r');
SELECT at_uri('did:plc:abc', 'com.example.foo/x', 'r');
SELECT at_uri('did:plc:abc', 'com.example.foo', '..');
SELECT at_uri('did:plc:abc', 'com.example.foo', 'a/b');
SELECT at_uri('did:plc:abc', 'com.example.foo', '');
SELECT at_uri_parts('at://did:plc:abc/com.example.foo/r/');
SELECT at_uri_parts('at://did:plc:abc/com.example.foo/r#x');
SELECT at_uri_parts('https://bob.test');
SELECT at_uri_parts('');
\set VERBOSITY default
SELECT at_uri('did:plc:abc', 'example.foo', 'r');
SELECT at_uri_parts('at://bob');
SELECT at_uri(NULL, 'com.example.foo', 'r') IS NULL AND at_uri('did:plc:abc', 'com.example.foo', NULL) IS NULL AND at_uri_parts(NULL) IS NULL AS strict;
