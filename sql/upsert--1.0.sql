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

CREATE FUNCTION @extschema@.at_tid()
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_tid'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.at_tid() IS
'A new AT Protocol TID of the present time, greater than every earlier one of this session (atproto.com/specs/tid).';

CREATE FUNCTION @extschema@.at_tid_to_bigint(tid pg_catalog.text)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 'at_tid_to_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_to_bigint(pg_catalog.text) IS
'The integer a TID stands for: microseconds since 1970 times 1024, plus the clock id. Errors: UP007 no TID, 22003 its top bit is set.';

CREATE FUNCTION @extschema@.at_tid_from_bigint(value pg_catalog.int8)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_tid_from_bigint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_from_bigint(pg_catalog.int8) IS
'The TID of an integer; the inverse of at_tid_to_bigint. Error: 22003 negative.';

CREATE FUNCTION @extschema@.at_tid_to_timestamptz(tid pg_catalog.text)
RETURNS pg_catalog.timestamptz
AS 'MODULE_PATHNAME', 'at_tid_to_timestamptz'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_to_timestamptz(pg_catalog.text) IS
'The time in a TID, to the microsecond. Errors: UP007 no TID, 22003 its top bit is set.';

CREATE FUNCTION @extschema@.at_tid_from_timestamptz(value pg_catalog.timestamptz, clock_id pg_catalog.int4 DEFAULT 0)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 'at_tid_from_timestamptz'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.at_tid_from_timestamptz(pg_catalog.timestamptz, pg_catalog.int4) IS
'The TID of a time and a clock id (0 to 1023); with clock id 0 the least TID of its microsecond, so fit for range bounds. Errors: 22008 before 1970 or after 2255, 22023 clock id out of range.';
