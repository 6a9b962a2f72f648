/* sql/upsert--1.0.sql: the install script.  Sections stand in the order of
 * the layers; every object is schema-qualified and carries a COMMENT. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION upsert" to load this file. \quit

--
-- 1. Document algebra (src/doc)
--

--
-- 2. Expressions: type docexpr, c8ql_eval (src/expr)
--

--
-- 3. Collections and documents (src/catalog, src/document)
--

--
-- 4. C8QL statements (src/statement)
--

--
-- 5. Objects: JSON into ordinary tables (src/relational)
--

--
-- 6. JSON-LD processor (src/jsonld)
--

--
-- 7. Ledgers (src/ledger)
--

--
-- 8. AT Protocol (src/atproto)
--
