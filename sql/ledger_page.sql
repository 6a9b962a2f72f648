-- Every example of Fluree's page "Upsert", with the state after each step.
\set ctx '{"ex": "http://example.org/ns/", "schema": "http://schema.org/"}'
SELECT create_ledger('mydb:main', jsonb_build_object('context', :'ctx'::jsonb));

-- the triples now, as the page writes them
CREATE FUNCTION short(iri text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT replace(replace(replace(iri, 'http://example.org/ns/', 'ex:'), 'http://schema.org/', 'schema:'),
		'http://www.w3.org/1999/02/22-rdf-syntax-ns#', 'rdf:')
$$;
CREATE FUNCTION short(o jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(short(o->>'@id'), o->>'@value')
$$;
CREATE VIEW triples AS
SELECT short(s) COLLATE "C" AS s, short(p) COLLATE "C" AS p, short(o) COLLATE "C" AS o
FROM ledger_flakes('mydb:main') GROUP BY s, p, o HAVING sum(CASE WHEN op THEN 1 ELSE -1 END) > 0;
CREATE VIEW flakes AS
SELECT t, short(s) COLLATE "C" AS s, short(p) COLLATE "C" AS p, short(o) COLLATE "C" AS o, op FROM ledger_flakes('mydb:main');

-- HTTP Endpoint: the document of the curl call
SELECT ledger_upsert('mydb:main', '{
  "@context": {"ex": "http://example.org/ns/", "schema": "http://schema.org/"},
  "@graph": [{"@id": "ex:alice", "@type": "schema:Person", "schema:name": "Alice Smith", "schema:email": "alice.smith@example.org"}]}');
SELECT ledger_get('mydb:main', 'ex:alice');
SELECT drop_ledger('mydb:main'), create_ledger('mydb', jsonb_build_object('context', :'ctx'::jsonb));

-- First Transaction
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:alice", "@type": "schema:Person", "schema:name": "Alice", "schema:email": "alice@example.org"}]}');
SELECT * FROM triples ORDER BY 1, 2, 3;

-- Second Transaction
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:alice", "@type": "schema:Person", "schema:name": "Alice Smith", "schema:email": "alice.smith@example.org", "schema:age": 30}]}');
SELECT * FROM flakes WHERE t = 2 ORDER BY op, p;
SELECT * FROM triples ORDER BY 1, 2, 3;

-- Idempotency: replace, three times
SELECT ledger_replace('mydb:main', '{"@id": "ex:alice", "schema:name": "Alice", "schema:age": 30}') FROM generate_series(1, 3);
SELECT * FROM triples ORDER BY 1, 2, 3;
-- and upsert
SELECT ledger_upsert('mydb:main', '{"@id": "ex:alice", "schema:name": "Alice", "schema:age": 30}') FROM generate_series(1, 3);
SELECT ledger_delete('mydb:main', 'ex:alice');
SELECT * FROM triples ORDER BY 1, 2, 3;

-- Insert is additive
SELECT ledger_insert('mydb:main', '{"@id": "ex:alice", "schema:name": "Alice", "schema:age": 30}');
SELECT ledger_insert('mydb:main', '{"@id": "ex:alice", "schema:email": "alice@example.org"}');
SELECT ledger_insert('mydb:main', '{"@id": "ex:alice", "schema:name": "Ally"}');
SELECT * FROM triples ORDER BY 1, 2, 3;
SELECT ledger_delete('mydb:main', 'ex:alice');

-- Batch Upserts
SELECT ledger_upsert('mydb:main', '{
  "@context": {"ex": "http://example.org/ns/", "schema": "http://schema.org/"},
  "@graph": [
    {"@id": "ex:user-1", "@type": "schema:Person", "schema:name": "Alice"},
    {"@id": "ex:user-2", "@type": "schema:Person", "schema:name": "Bob"},
    {"@id": "ex:user-3", "@type": "schema:Person", "schema:name": "Carol"}]}');
SELECT * FROM triples ORDER BY 1, 2, 3;

-- Configuration, and a state machine
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:config", "@type": "ex:Configuration", "ex:apiEndpoint": "https://api.example.com", "ex:timeout": 30000, "ex:retries": 3, "ex:enabled": true}]}');
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:order-123", "@type": "ex:Order", "ex:status": "shipped", "ex:shippedAt": "2024-01-22T10:30:00Z", "ex:carrier": "FedEx", "ex:trackingNumber": "123456789"}]}');
SELECT ledger_get('mydb:main', 'ex:config'), ledger_get('mydb:main', 'ex:order-123');

-- Type Handling: types stay unless they are given, and are replaced together
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:user-1", "schema:name": "Alice"}]}')->'t';
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:user-1", "@type": ["schema:Person", "ex:Employee"], "schema:name": "Alice"}]}');
SELECT ledger_upsert('mydb:main', '{"@graph": [{"@id": "ex:user-1", "@type": "ex:Employee"}]}');
SELECT * FROM triples WHERE s = 'ex:user-1' ORDER BY 1, 2, 3;

-- Empty Replacement
SELECT ledger_upsert('mydb:main', '{"@id": "ex:alice", "schema:name": "Alice", "schema:email": "alice@example.org", "schema:age": 30, "schema:telephone": "+1-555-0100"}')->'asserted';
SELECT ledger_replace('mydb:main', '{"@id": "ex:alice", "@type": "schema:Person", "schema:name": "Alice"}');
SELECT ledger_get('mydb:main', 'ex:alice');

-- Error Handling
\set VERBOSITY sqlstate
SELECT ledger_upsert('mydb:main', '{"@id": "not an iri", "schema:name": "Alice"}');
SELECT ledger_upsert('mydb:main', '{"@id": "http://example.org/a b", "schema:name": "Alice"}');
\set VERBOSITY default

-- Use Consistent Schema: null is "not supplied"
SELECT ledger_upsert('mydb:main', '{"@id": "ex:user-1", "@type": "schema:Person", "schema:name": "A", "schema:email": null, "schema:telephone": null, "ex:status": "active"}');

SELECT drop_ledger('mydb:main');
DROP VIEW triples, flakes;
DROP FUNCTION short(text), short(jsonb);
