-- What a value is: its RDF term, in whatever spelling; what a label is: its document's.
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT create_ledger('vi', '{"context":{"@vocab":"http://e/","xsd":"http://www.w3.org/2001/XMLSchema#"}}');
SELECT ledger_upsert('vi', '{"@id":"http://e/a","age":32,"d":1.5,"b":true,"s":"x","big":1e21,"five":{"@value":5,"@type":"xsd:double"}}')->'t';
SELECT ledger_upsert('vi', '{"@id":"http://e/a","age":{"@value":"32","@type":"xsd:integer"},"d":{"@value":"1.5E0","@type":"xsd:double"},"b":{"@value":"true","@type":"xsd:boolean"},"s":{"@value":"x","@type":"xsd:string"},"big":{"@value":"1.0E21","@type":"xsd:double"},"five":{"@value":"5.0E0","@type":"xsd:double"}}')->'t';
SELECT ledger_upsert('vi', '{"@id":"http://e/a","age":{"@value":32.0,"@type":"xsd:integer"},"nested":{"age":{"@value":"7","@type":"xsd:integer"}}}')->'t';
SELECT ledger_upsert('vi', '{"@id":"http://e/a","nested":{"age":7}}')->'t';
SELECT ledger_get('vi','http://e/a'), ledger_get('vi','http://e/a','{"xsd":"http://www.w3.org/2001/XMLSchema#","age":{"@id":"http://e/age","@type":"xsd:integer"},"d":{"@id":"http://e/d","@type":"xsd:double"},"s":{"@id":"http://e/s","@type":"xsd:string"}}');
SELECT ledger_upsert('vi', '{"@id":"http://e/b","age":{"@value":"032","@type":"xsd:integer"},"d":{"@value":"1.50","@type":"xsd:double"}, "i":"urn:upsert:variable:q"}')->'t';
SELECT ledger_update('vi','{"where":{"@id":"?s","age":{"@value":"32","@type":"xsd:integer"}},"insert":{"@id":"?s","hit":1}}')->'asserted';
SELECT ledger_update('vi','{"where":[{"@id":"?s","age":"?a"},["values",["?a",[{"@value":"32","@type":"xsd:integer"}]]]],"insert":{"@id":"?s","hit2":"urn:upsert:variable:s"}}')->'asserted';
SELECT iri,doc from "vi:main";
-- a label is the document's: the node gets the name that it would have without one
SELECT ledger_upsert('vi', '[{"@id":"http://e/paris","address":{"@id":"_:b0"}},{"@id":"_:b0","city":"Paris"}]');
SELECT ledger_upsert('vi', '[{"@id":"_:b0","city":"Rome"},{"@id":"http://e/rome","address":{"@id":"_:b0"}}]');
SELECT ledger_upsert('vi', '[{"@id":"_:zz","city":"Rome"},{"@id":"http://e/rome","address":{"@id":"_:zz"}}]')->'t';
SELECT ledger_upsert('vi', '{"@id":"http://e/rome","address":{"city":"Rome"}}')->'t';
SELECT ledger_insert('vi', '[{"@id":"_:b0","city":"Oslo"},{"@id":"http://e/oslo","address":{"@id":"_:b0"}}]')->'t';
SELECT ledger_insert('vi', '{"@id":"http://e/oslo","address":{"city":"Oslo"}}')->'t';
SELECT ledger_insert('vi', '[{"@id":"_:a","next":{"@id":"_:b"}},{"@id":"_:b","next":{"@id":"_:a"}}]');
SELECT ledger_insert('vi', '[{"@id":"_:a","next":{"@id":"_:b"}},{"@id":"_:b","next":{"@id":"_:a"}}]')->'t';
-- in an update: not in delete, a new node for each solution of where, and in where a variable
SELECT ledger_update('vi','{"delete":{"@id":"_:x","n":1}}');
SELECT ledger_update('vi','{"where":{"@id":"http://e/rome","address":"?x"},"delete":{"@id":"?x","city":"Rome"}}')->'retracted';
SELECT ledger_update('vi','{"where":{"@id":"?s","age":"?a"},"insert":{"@id":"?s","has":{"@id":"_:n","k":"?a"}}}');
SELECT ledger_update('vi','{"where":{"@id":"?s","address":{"@id":"_:n"}},"insert":{"@id":"?s","lives":true}}')->'asserted';
-- what says nothing is skipped, and is an error where nothing else is said
SELECT ledger_upsert('vi', '[{}, {"@id":"http://e/q"}, {"@id":"http://e/c","n":1}]');
SELECT ledger_update('vi','{"insert":{}}');
SELECT ledger_update('vi','{"insert":[]}');
SELECT ledger_update('vi','{"delete":{}}');
SELECT ledger_update('vi','{"delete":[]}');
SELECT ledger_update('vi','{"insert":[{},{"@id":"http://e/q"},{"@id":"http://e/c","n":2}]}');
-- a variable under a term that makes lists is the list
SELECT ledger_upsert('vi', '{"@context":{"steps":{"@id":"http://e/steps","@container":"@list"}},"@id":"http://e/l","steps":["a","b"]}')->'t';
SELECT ledger_update('vi','{"@context":{"steps":{"@id":"http://e/steps","@container":"@list"}},"where":{"@id":"http://e/l","steps":"?l"},"delete":{"@id":"http://e/l","steps":"?l"}}')->'retracted';
-- rdf:JSON is @json, @id as a datatype of values makes references, and what looks like a variable is data in JSON
SELECT ledger_upsert('vi', '{"@id":"http://e/j","j":{"@type":"http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON","@value":{"a":[1,"?x"]}}}')->'t';
SELECT ledger_get('vi','http://e/j');
SELECT ledger_update('vi','{"where":["values",["?o",[{"@type":"@id","@value":"http://e/j"}]]],"insert":{"@id":"?o","viaValues":{"@type":"@json","@value":{"k":"?x"}}}}');
SELECT ledger_get('vi','http://e/j');
-- Fluree's datatypes that look like keywords; a vector is the text of its literal
SELECT ledger_upsert('vi', '{"@id":"http://e/f","text":{"@type":"@fulltext","@value":"long"},"at":{"@type":"@vector","@value":[0.10, 2, 3e1]}}')->'t';
SELECT ledger_get('vi','http://e/f');
SELECT ledger_upsert('vi', '{"@id":"http://e/f","at":{"@type":"https://ns.flur.ee/db#embeddingVector","@value":[0.1, 2.0, 30]}}')->'asserted';
SELECT ledger_upsert('vi', '{"@id":"http://e/f","at":{"@type":"@vector","@value":"[0.1,2,30]"}}')->'asserted';
SELECT ledger_upsert('vi', '{"@id":"http://e/f","at":{"@type":"@vector","@value":[0.1, "2"]}}');
SELECT ledger_upsert('vi', '{"@id":"http://e/f","at":{"@type":"@vector","@value":{"x": 1}}}');
SELECT ledger_upsert('vi', '{"@id":"http://e/f","at":{"@type":"@vectors","@value":[0.1]}}');
SELECT jsonld_expand('{"@id":"http://e/f","http://e/at":{"@type":"@fulltext","@value":"x"}}', '{"safe": true}');
SELECT ledger_upsert('vi', '{"@id":"http://e/zzz"}');
SELECT ledger_upsert('vi', '{"@graph":[{"@id":"http://e/zzz"},{}]}');
SELECT ledger_upsert('vi', '[{"@context":{"@vocab":"http://e/","id":"@id"},"id":"http://e/zzz"},{"@id":"http://e/yyy","n":4}]');
SELECT drop_ledger('vi');
