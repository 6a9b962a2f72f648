-- All that there is, in a few lines that must not change.
SET search_path = app, ext;
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
SELECT 'person', count(*), md5(string_agg(p::text, ',' ORDER BY _key)) FROM person p;
SELECT 'knows', count(*), md5(string_agg(k::text, ',' ORDER BY _key)) FROM knows k;
SELECT 'film', md5(string_agg(f::text, ',' ORDER BY id)) FROM film f;
SELECT 'ledger', md5(string_agg(l::text, ',' ORDER BY graph, iri)) FROM "lib:main" l;
SELECT 'flakes', count(*), md5(string_agg(f::text, ',' ORDER BY f::text COLLATE "C")) FROM ledger_flakes('lib') f;
SELECT 'records', md5(string_agg(r::text, ',' ORDER BY uri)) FROM records r;
SELECT 'repos', md5(string_agg(r::text, ',' ORDER BY repo)) FROM records_repos r;
SELECT 'loaded', count(*), md5(string_agg(l::text, ',' ORDER BY _key)) FROM loaded l;
SELECT 'errors', count(*), min(error ->> 'sqlstate') FROM loaded_errors;
SELECT 'collections', string_agg(concat_ws(' ', name, type, unique_attributes, path), ', ' ORDER BY name::text COLLATE "C") FROM upsert_collections;
SELECT 'ledgers', string_agg(concat_ws(' ', name, t, floor), ', ' ORDER BY name) FROM upsert_ledgers;
SELECT 'log', md5(string_agg(l::text, ',' ORDER BY t)) FROM ledger_log('lib') l;
SELECT 'nodes', n, md5(string_agg(concat(x.iri, x.node), ',' ORDER BY x.iri COLLATE "C")) FROM generate_series(1, 4) n, ledger_nodes('lib', n) x GROUP BY n ORDER BY n;
SELECT 'diff', count(*), md5(string_agg(d::text, ',' ORDER BY d::text COLLATE "C")) FROM ledger_diff('lib', 1, 5) d;
SELECT 'export', l, count(*), md5(string_agg(e, ',' ORDER BY e COLLATE "C")) FROM unnest('{lib,lib:old,plain}'::text[]) l, ledger_export(l) e GROUP BY l ORDER BY l;
SELECT 'mirror', md5(string_agg(m::text, ',' ORDER BY uri)) FROM mirror m;
SELECT 'listed', md5(at_list_records('records', 'did:plc:abc', 'a.b.c')::text);
SELECT 'backlinks', at_backlinks('mirror', 'at://did:plc:p/a.b.post/1');
SELECT 'schema', md5(object_schema('film', 'film_title_year_key')::text), (SELECT count(*) FROM upsert_criteria('film') WHERE usable);
SELECT 'advice', count(*) FROM collection_advice('person');
SELECT 'formula', string_agg(name || ' ' || expr::text, ', ' ORDER BY name) FROM formula;
SELECT 'contexts', md5(string_agg(c::text, ',' ORDER BY iri)) FROM jsonld_contexts c;
SELECT 'lexicons', md5(string_agg(l::text, ',' ORDER BY nsid)) FROM at_lexicons l;
SELECT 'deps', md5(string_agg(d::text, ',' ORDER BY id)) FROM deps d;
SELECT 'deps_view', md5(string_agg(d::text, ',' ORDER BY id)) FROM deps_view d;
SELECT 'deps_seen', md5(string_agg(d::text, ',' ORDER BY id)) FROM deps_seen d;
SELECT 'computed anew', bool_and(cid = record_cid(doc)) FROM deps;
SET enable_seqscan = off;
SELECT 'by index', id FROM deps WHERE jsonb_merge_patch(doc, '{"n": null}') ->> 'did' = 'did:plc:' || md5('42');
SELECT 'loud', email FROM loud;
