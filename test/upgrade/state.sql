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
SELECT 'contexts', md5(string_agg(c::text, ',' ORDER BY iri)) FROM jsonld_contexts c;
SELECT 'lexicons', md5(string_agg(l::text, ',' ORDER BY nsid)) FROM at_lexicons l;
SELECT 'deps', md5(string_agg(d::text, ',' ORDER BY id)) FROM deps d;
SELECT 'deps_view', md5(string_agg(d::text, ',' ORDER BY id)) FROM deps_view d;
SELECT 'deps_seen', md5(string_agg(d::text, ',' ORDER BY id)) FROM deps_seen d;
SELECT 'computed anew', bool_and(cid = record_cid(doc)) FROM deps;
SET enable_seqscan = off;
SELECT 'by index', id FROM deps WHERE jsonb_merge_patch(doc, '{"n": null}') ->> 'did' = 'did:plc:' || md5('42');
SELECT 'loud', email FROM loud;
