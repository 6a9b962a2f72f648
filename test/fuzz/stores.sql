-- The two stores against each other: random tables, random calls, the same in
-- two schemas, in "direct" through the table access method where that can be
-- and in "viasql" through SQL.  Same answers, same SQLSTATEs, same rows, same
-- AFTER triggers.  A round is a call; the last of a table compares its rows.
\set VERBOSITY terse
\set QUIET on
SET client_min_messages = error;
CREATE EXTENSION upsert SCHEMA public;
CREATE SCHEMA direct;
CREATE SCHEMA viasql;
SELECT set_config('fuzz.rounds', :'rounds', false), setseed(:seed) \g /dev/null
DO $$ BEGIN CREATE ROLE upsert_fuzz_user; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT USAGE ON SCHEMA direct, viasql TO upsert_fuzz_user;

-- 'a' is 'A' by a collation and by an operator class; \if is too early for ICU
DO $$ BEGIN
    CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXCEPTION WHEN OTHERS THEN
    CREATE COLLATION public.ci FROM "C";
END $$;
CREATE FUNCTION ci_lt(text, text) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" < lower($2)';
CREATE FUNCTION ci_le(text, text) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" <= lower($2)';
CREATE FUNCTION ci_eq(text, text) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" = lower($2)';
CREATE FUNCTION ci_ge(text, text) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" >= lower($2)';
CREATE FUNCTION ci_gt(text, text) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT lower($1) COLLATE "C" > lower($2)';
CREATE FUNCTION ci_cmp(text, text) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS 'SELECT bttextcmp(lower($1) COLLATE "C", lower($2) COLLATE "C")';
CREATE OPERATOR <% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_lt);
CREATE OPERATOR <=% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_le);
CREATE OPERATOR =% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_eq);
CREATE OPERATOR >=% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_ge);
CREATE OPERATOR >% (LEFTARG = text, RIGHTARG = text, FUNCTION = ci_gt);
CREATE OPERATOR CLASS ci_ops FOR TYPE text USING btree AS
    OPERATOR 1 <%, OPERATOR 2 <=%, OPERATOR 3 =%, OPERATOR 4 >=%, OPERATOR 5 >%, FUNCTION 1 ci_cmp(text, text);
CREATE TYPE mood AS ENUM ('a', 'b', 'c');
CREATE DOMAIN short AS text CHECK (length(value) < 3);
CREATE TYPE pair AS (x int, y text);

CREATE FUNCTION pick(VARIADIC text[]) RETURNS text VOLATILE LANGUAGE sql AS 'SELECT $1[1 + floor(random() * array_length($1, 1))::int]';
CREATE FUNCTION chance(float8) RETURNS boolean VOLATILE LANGUAGE sql AS 'SELECT random() < $1';

-- a value of a type, as JSON; small pools, so that keys meet
CREATE FUNCTION value_of(type text) RETURNS jsonb VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF chance(0.08) THEN RETURN 'null'; END IF;
    IF chance(0.02) THEN RETURN pick('{"odd": 1}', '"zzzzzz"', '[]', '1e400', 'true', '-7')::jsonb; END IF;
    RETURN CASE
        WHEN type LIKE 'text[]%' THEN pick('["a"]', '["A", null]', '[]', '["a", "b"]')
        WHEN type LIKE 'text%' OR type LIKE 'varchar%' OR type LIKE 'char%' THEN pick('"a"', '"A"', '"b"', '"B"', '"a "', '""', '"ä"')
        WHEN type = 'short' THEN pick('"a"', '"A"', '"bb"', '"ccc"')
        WHEN type IN ('int', 'bigint', 'smallint') THEN pick('1', '2', '3', '-1', '-2')
        WHEN type IN ('numeric', 'float8') THEN pick('1', '1.0', '1.00', '2', '"NaN"', '0', '-0', '-1')
        WHEN type = 'uuid' THEN pick('"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', '"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"', '"b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"')
        WHEN type = 'date' THEN pick('"2020-01-01"', '"2020-01-02"', '"infinity"')
        WHEN type = 'timestamptz' THEN pick('"2020-01-01T00:00:00Z"', '"2020-01-01T01:00:00+01"', '"2021-01-01"')
        WHEN type = 'jsonb' THEN pick('{"a": 1}', '{"a": 1.0}', '{"a": {"b": 2}}', '[1]', '1', '"x"')
        WHEN type = 'json' THEN pick('{"a": 1}', '{"a": 1.0}', '[1]')
        WHEN type = 'mood' THEN pick('"a"', '"b"', '"c"')
        WHEN type = 'boolean' THEN pick('true', 'false')
        WHEN type = 'int4range' THEN pick('"[1,3)"', '"[1,2]"', '"empty"', '"(,5)"')
        WHEN type = 'bytea' THEN pick('"\\x01"', '"\\x02"')
        WHEN type = 'interval' THEN pick('"1 day"', '"24 hours"', '"2 days"')
        WHEN type = 'pair' THEN pick('{"x": 1}', '{"x": 1, "y": "a"}', '{"y": "a"}')
        WHEN type = 'xml' THEN '"<a/>"'
        ELSE '1'
    END::jsonb;
END $$;
CREATE FUNCTION type_of() RETURNS text VOLATILE LANGUAGE sql AS
$$ SELECT pick('text', 'text COLLATE "C"', 'text COLLATE public.ci', 'text COLLATE "POSIX"', 'varchar(2)', 'char(2)', 'short', 'int', 'bigint', 'int', 'text',
               'numeric', 'float8', 'uuid', 'date', 'timestamptz', 'jsonb', 'mood', 'boolean', 'int4range', 'bytea', 'interval', 'text[]', 'smallint') $$;

-- a table: the statements that make it, and its columns' types
CREATE TYPE made_table AS (ddl text[], columns text[], types text[], keys text[], document boolean, privileged boolean);
CREATE FUNCTION index_column(c text, type text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT CASE WHEN type ~ '^(text|varchar|short)' AND type !~ '\[' THEN
        pick(c, c, c || ' COLLATE public.ci', c || ' COLLATE "C"', c || ' public.ci_ops',
             CASE WHEN type !~ 'ci' THEN c || ' COLLATE "C" text_pattern_ops' ELSE c END,
             'lower(' || c || ')', 'lower(' || c || ') COLLATE public.ci', '(' || c || ' || ''x'')')
    WHEN type IN ('int', 'bigint') THEN pick(c, c, c, 'abs(' || c || ')', '(' || c || ' % 2)', c || ' DESC')
    WHEN type = 'numeric' THEN pick(c, c, 'abs(' || c || ')', 'round(' || c || ')')
    ELSE c END $$;

CREATE FUNCTION make_table() RETURNS made_table VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    m made_table;
    kind text := pick('plain', 'plain', 'plain', 'plain', 'hash', 'list', 'parent', 'rls', 'rule', 'view', 'unlogged');
    create_table text := CASE kind WHEN 'unlogged' THEN 'CREATE UNLOGGED TABLE t' ELSE 'CREATE TABLE t' END;
    id_type text := type_of();
    composite boolean := chance(0.25);
    columns text;
    key text;
    c text;
    i int;
BEGIN
    m.document := chance(0.3);
    IF m.document THEN
        id_type := pick('text', 'text COLLATE "C"', 'text COLLATE public.ci', 'int', 'bigint', 'uuid', 'varchar(2)', 'short');
        composite := false;
    END IF;
    m.columns := ARRAY['id', 'k', 'a', 'b', 'v', 'w'];
    m.types := ARRAY[id_type, pick('int', 'text', 'date'), type_of(), type_of(), 'int', pick('text', 'jsonb', 'json', 'pair', 'text')];
    key := CASE WHEN composite THEN pick('id, k', 'k, id') ELSE 'id' END;

    columns := format('id %s', m.types[1]);
    IF m.document THEN
        m.columns := ARRAY['id', 'doc'];
        IF chance(0.7) THEN columns := columns || ', _rev text'; END IF;
        columns := columns || ', doc jsonb' || pick('', ' NOT NULL') ||
            pick('', ', u text GENERATED ALWAYS AS (doc ->> ''u'') STORED UNIQUE', ', CHECK ((doc ->> ''v'') IS DISTINCT FROM ''3'')', ', extra int DEFAULT 7');
    ELSE
        columns := columns || format(', k %s, a %s %s, b %s %s, v int %s, w %s', m.types[2], m.types[3],
            pick('', '', 'NOT NULL', 'UNIQUE', 'UNIQUE NULLS NOT DISTINCT', 'UNIQUE DEFERRABLE INITIALLY DEFERRED', 'UNIQUE DEFERRABLE'), m.types[4],
            pick('', '', 'NOT NULL'), pick('', 'DEFAULT 5', 'CHECK (v <> 2)', 'NOT NULL DEFAULT 1', 'REFERENCES public.referred'), m.types[6]);
        IF kind IN ('hash', 'list') THEN
            columns := replace(replace(columns, 'UNIQUE NULLS NOT DISTINCT', ''), 'UNIQUE', '');
            columns := replace(replace(columns, 'DEFERRABLE INITIALLY DEFERRED', ''), 'DEFERRABLE', '');
        END IF;
        IF chance(0.3) THEN
            columns := columns || pick(', g int GENERATED ALWAYS AS (v * 2) STORED', ', g int GENERATED ALWAYS AS (v % 2) STORED UNIQUE', ', _rev text', ', g bool DEFAULT false');
            IF kind IN ('hash', 'list') THEN columns := replace(columns, 'STORED UNIQUE', 'STORED'); END IF;
            IF columns ~ ', g ' THEN m.columns := m.columns || 'g'::text; m.types := m.types || 'int'::text; END IF;
        END IF;
    END IF;
    IF kind = 'hash' OR kind = 'list' OR m.document OR chance(0.8) THEN
        columns := columns || format(', CONSTRAINT t_pk %s (%s) %s', CASE WHEN m.document OR kind IN ('hash', 'list') THEN 'PRIMARY KEY' ELSE pick('PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE') END, key,
            CASE WHEN kind IN ('hash', 'list') THEN '' ELSE pick('', '', '', '', 'DEFERRABLE') END);
        m.keys := m.keys || 't_pk'::text;
    END IF;

    IF kind = 'hash' THEN
        m.ddl := ARRAY[format('%s (%s) PARTITION BY HASH (id)', create_table, columns),
            'CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0)', 'CREATE TABLE t_1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)'];
    ELSIF kind = 'list' THEN
        m.ddl := ARRAY[format('%s (%s) PARTITION BY RANGE (id)', create_table, columns),
            pick('CREATE TABLE t_0 PARTITION OF t DEFAULT', 'CREATE TABLE t_0 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (MAXVALUE)')];
    ELSIF kind = 'view' THEN
        m.ddl := ARRAY[format('CREATE TABLE u (%s)', columns), 'CREATE VIEW t AS SELECT * FROM u'];
        m.keys := NULL;
    ELSE
        m.ddl := ARRAY[format('%s (%s)', create_table, columns)];
    END IF;
    FOR i IN 1 .. CASE WHEN m.document THEN floor(random() * 2)::int ELSE floor(random() * 3)::int END LOOP
        EXIT WHEN kind IN ('hash', 'list', 'view');
        c := 't_x' || i;
        m.ddl := m.ddl || format('CREATE UNIQUE INDEX %s ON t (%s)%s%s', c,
            CASE WHEN m.document THEN index_column('id', m.types[1])
                 ELSE pick(index_column('id', m.types[1]), index_column('a', m.types[3]), index_column('a', m.types[3]) || ', ' || index_column('k', m.types[2]),
                           index_column('b', m.types[4]), index_column('k', m.types[2]) || ', ' || index_column('id', m.types[1])) END,
            pick('', '', '', CASE WHEN m.document THEN '' ELSE ' INCLUDE (v)' END, ' NULLS NOT DISTINCT'),
            CASE WHEN m.document THEN '' ELSE pick('', '', '', ' WHERE v > 0', ' WHERE b IS NOT NULL', ' WHERE v IS NULL OR v <> 1') END);
        m.keys := m.keys || c;
    END LOOP;
    IF kind = 'parent' THEN m.ddl := m.ddl || 'CREATE TABLE t_child (extra2 int) INHERITS (t)'::text; END IF;
    IF kind = 'rule' THEN m.ddl := m.ddl || pick('CREATE RULE r AS ON INSERT TO t DO ALSO SELECT 1', 'CREATE RULE r AS ON UPDATE TO t DO ALSO INSERT INTO log VALUES (''rule'')'); END IF;
    IF kind = 'rls' THEN
        m.ddl := m.ddl || ARRAY['ALTER TABLE t ENABLE ROW LEVEL SECURITY', 'GRANT ALL ON t TO upsert_fuzz_user', 'GRANT ALL ON log TO upsert_fuzz_user',
            format('CREATE POLICY p ON t USING (%s)', CASE WHEN m.document THEN pick('true', '(doc ->> ''v'') IS DISTINCT FROM ''1''') ELSE pick('true', 'v IS DISTINCT FROM 1', 'v > 0') END)];
        m.privileged := true;
    ELSIF chance(0.1) THEN
        m.ddl := m.ddl || CASE WHEN m.document THEN pick('GRANT SELECT, INSERT ON t TO upsert_fuzz_user', 'GRANT SELECT, INSERT, UPDATE (doc) ON t TO upsert_fuzz_user', 'GRANT ALL ON t TO upsert_fuzz_user')
            ELSE pick('GRANT SELECT, INSERT ON t TO upsert_fuzz_user', 'GRANT SELECT (id, k, v), INSERT, UPDATE ON t TO upsert_fuzz_user',
                      'GRANT SELECT, INSERT, UPDATE (v, w) ON t TO upsert_fuzz_user', 'GRANT SELECT, UPDATE ON t TO upsert_fuzz_user', 'GRANT ALL ON t TO upsert_fuzz_user') END;
        m.ddl := m.ddl || 'GRANT ALL ON log TO upsert_fuzz_user'::text;
        m.privileged := true;
    END IF;

    -- triggers
    IF kind <> 'view' AND chance(0.25) AND m.types[1] ~ '^(text|varchar|short|int|bigint)' AND m.types[1] <> 'text[]' THEN
        m.ddl := m.ddl || format('CREATE FUNCTION moving() RETURNS trigger LANGUAGE plpgsql AS %L',
            format('BEGIN NEW.id := %s; RETURN NEW; END', CASE WHEN m.types[1] ~ 'int' THEN 'abs(NEW.id)' ELSE 'lower(NEW.id)' END));
        m.ddl := m.ddl || 'CREATE TRIGGER moving BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION moving()'::text;
    END IF;
    IF kind <> 'view' AND chance(0.2) THEN
        m.ddl := m.ddl || format('CREATE FUNCTION refusing() RETURNS trigger LANGUAGE plpgsql AS %L', CASE WHEN m.document THEN
            'BEGIN IF NEW.doc ->> ''v'' = ''2'' THEN RETURN NULL; END IF; RETURN NEW; END' ELSE
            'BEGIN IF NEW.v = 1 THEN RETURN NULL; ELSIF NEW.v = 3 THEN NEW.w := NULL; END IF; RETURN NEW; END' END);
        m.ddl := m.ddl || format('CREATE TRIGGER refusing BEFORE %s ON t FOR EACH ROW EXECUTE FUNCTION refusing()', pick('INSERT', 'UPDATE', 'INSERT OR UPDATE'));
    END IF;
    IF kind <> 'view' AND chance(0.5) THEN
        m.ddl := m.ddl || ARRAY['CREATE FUNCTION logging() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN INSERT INTO log VALUES (format(''''%s %s %s'''', TG_OP, to_jsonb(OLD) - ''''_rev'''', to_jsonb(NEW) - ''''_rev'''')); RETURN NULL; END''',
            format('CREATE TRIGGER logging AFTER %s ON t FOR EACH ROW EXECUTE FUNCTION logging()',
                   CASE WHEN m.document THEN pick('INSERT OR UPDATE OR DELETE', 'UPDATE OF doc', 'UPDATE OF id')
                        ELSE pick('INSERT OR UPDATE OR DELETE', 'UPDATE OF v', 'UPDATE OF id, a') END)];
    END IF;
    RETURN m;
END $$;
CREATE TABLE referred (v int PRIMARY KEY);
INSERT INTO referred VALUES (1), (2), (3);
GRANT ALL ON referred TO upsert_fuzz_user;

CREATE FUNCTION make_object(m made_table) RETURNS jsonb VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    o jsonb := '{}';
    i int;
BEGIN
    IF m.document THEN
        IF chance(0.95) THEN o := jsonb_build_object('_key', CASE WHEN m.types[1] ~ 'int' AND chance(0.5) THEN to_jsonb(value_of(m.types[1]) #>> '{}') ELSE value_of(m.types[1]) END); END IF;
        IF chance(0.6) THEN o := o || jsonb_build_object('v', value_of('int')); END IF;
        IF chance(0.4) THEN o := o || jsonb_build_object('u', value_of('text')); END IF;
        IF chance(0.3) THEN o := o || jsonb_build_object('o', value_of('jsonb')); END IF;
        RETURN o;
    END IF;
    FOR i IN 1 .. array_length(m.columns, 1) LOOP
        IF chance(CASE WHEN m.columns[i] = 'id' THEN 0.9 WHEN m.columns[i] = 'g' THEN 0.1 ELSE 0.5 END) THEN
            o := o || jsonb_build_object(m.columns[i], value_of(m.types[i]));
        END IF;
    END LOOP;
    IF chance(0.01) THEN o := o || '{"unknown": 1}'; END IF;
    RETURN o;
END $$;

CREATE FUNCTION make_options(m made_table, batch boolean) RETURNS jsonb VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    o jsonb := '{}';
BEGIN
    IF chance(0.5) THEN RETURN '{}'; END IF;
    IF chance(0.1) THEN o := o || '{"ifRev": null}'; END IF;
    IF chance(0.1) THEN o := o || '{"mustExist": true}'; END IF;
    IF chance(0.15) THEN o := o || jsonb_build_object('mode', CASE WHEN m.document THEN pick('replace', 'mergePatch', 'nothing') ELSE 'nothing' END); END IF;
    IF chance(0.1) AND m.document THEN o := o || pick('{"keepNull": false}', '{"mergeObjects": false}')::jsonb; END IF;
    IF chance(0.1) THEN o := o || '{"dryRun": true}'; END IF;
    IF chance(0.1) THEN o := o || '{"versionAttribute": "v"}'; END IF;
    IF chance(0.1) THEN o := o || '{"exclusive": true}'; END IF;
    IF chance(0.2) THEN o := o || jsonb_build_object('return', pick('new', 'old', 'key', 'none', 'diff')); END IF;
    IF chance(0.3) THEN o := o || '{"ignoreErrors": true}'; END IF;
    IF batch AND chance(0.3) THEN o := o || jsonb_build_object('duplicates', pick('error', 'first', 'last')); END IF;
    RETURN o;
END $$;

CREATE FUNCTION make_call(m made_table) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    many jsonb := (SELECT jsonb_agg(make_object(m)) FROM generate_series(1, 1 + floor(random() * 4)::int));
    criteria text;
BEGIN
    IF chance(0.05) THEN
        RETURN CASE WHEN m.document THEN pick('DELETE FROM t WHERE random() < 2', 'UPDATE t SET doc = doc || ''{"p": 1}''')
            ELSE pick('DELETE FROM t', 'UPDATE t SET v = 3', 'UPDATE t SET v = NULL') END || ' RETURNING 1';
    END IF;
    IF m.document THEN
        RETURN CASE pick('upsert', 'upsert', 'many', 'many', 'load', 'by', 'c8ql', 'remove')
            WHEN 'upsert' THEN format('SELECT * FROM upsert(''t'', %L, %L)', make_object(m), make_options(m, false))
            WHEN 'many' THEN format('SELECT * FROM upsert_many(''t'', %L, %L) ORDER BY ord', many, make_options(m, true))
            WHEN 'load' THEN format('SELECT * FROM upsert_load(''t'', %L, %L)', many, make_options(m, true) - 'return')
            WHEN 'by' THEN format('SELECT * FROM upsert_by(''t'', %L, %L, %L)', pick('{v: 1}', '{u: "a"}', '{_key: "a"}', '{_key: "1"}', '{v: 3, u: "A"}'), make_object(m), pick('{v: OLD.v + 1}', '{u: "b"}', '{n: 1}'))
            WHEN 'c8ql' THEN format('SELECT c8ql_execute(%L)', pick('FOR i IN 1..3 UPSERT {_key: TO_STRING(i)} INSERT {_key: TO_STRING(i), v: i} UPDATE {v: OLD.v + 1} IN t RETURN [OLD.v, NEW.v]',
                'FOR k IN ["a", "A", "b"] UPSERT {_key: k} INSERT {_key: k, u: k} UPDATE {n: OLD.n + 1} IN t OPTIONS {ignoreErrors: true} RETURN NEW.n',
                'FOR d IN t SORT d._key UPDATE d WITH {seen: 1} IN t RETURN NEW.seen', 'INSERT {_key: "a", v: 9} INTO t OPTIONS {overwriteMode: "update"} RETURN NEW.v'))
            ELSE format('SELECT c8ql_execute(%L)', pick('REMOVE "a" IN t RETURN OLD.v', 'REMOVE "1" IN t OPTIONS {ignoreErrors: true} RETURN OLD.v'))
        END;
    END IF;
    criteria := CASE WHEN chance(0.25) THEN 'NULL::text' WHEN chance(0.3) THEN '''any''' WHEN chance(0.4) AND m.keys IS NOT NULL
        THEN quote_literal(m.keys[1 + floor(random() * array_length(m.keys, 1))::int])
        ELSE pick('ARRAY[''id'']', 'ARRAY[''a'']', 'ARRAY[''id'', ''k'']', 'ARRAY[''b'']', 'ARRAY[''v'']', 'ARRAY[''k'', ''a'']') END;
    IF chance(0.5) THEN
        RETURN format('SELECT * FROM upsert_object(''t'', %L, %s, %L)', make_object(m), criteria, make_options(m, false));
    END IF;
    RETURN format('SELECT * FROM upsert_objects(''t'', %L, %s, %L) ORDER BY ord', many, criteria, make_options(m, true));
END $$;

-- what differs by nature: revisions, generated keys
CREATE FUNCTION plain(answer jsonb) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(answer::text, '(?<![a-z0-9])[2-7a-j][2-7a-z]{12}(?![a-z0-9])', 'TID', 'g'),
        '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-(?!6bb9bd380a11)[0-9a-f]{12}', 'UUID', 'g')::jsonb $$;

CREATE FUNCTION answer(call text, schema text, privileged boolean, deferred boolean) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    rows jsonb;
    state text;
    message text;
BEGIN
    PERFORM set_config('search_path', schema || ', public', true), set_config('upsert.direct', CASE schema WHEN 'direct' THEN 'on' ELSE 'off' END, true);
    IF deferred THEN SET CONSTRAINTS ALL DEFERRED; ELSE SET CONSTRAINTS ALL IMMEDIATE; END IF;
    IF privileged THEN SET LOCAL ROLE upsert_fuzz_user; END IF;
    BEGIN
        EXECUTE CASE WHEN call ~ '^SELECT' THEN format('SELECT jsonb_agg(to_jsonb(q)) FROM (%s) AS q', call)
                     ELSE format('WITH q AS (%s) SELECT jsonb_agg(1) FROM q', call) END INTO rows;
        SET CONSTRAINTS ALL IMMEDIATE;
        RESET ROLE;
        SELECT jsonb_agg(CASE WHEN jsonb_typeof(r -> 'error') = 'object' THEN r || jsonb_build_object('error', r -> 'error' -> 'sqlstate') ELSE r END ORDER BY n)
        INTO rows FROM jsonb_array_elements(rows) WITH ORDINALITY AS e(r, n);
        RETURN coalesce(replace(replace(plain(rows)::text, 'direct.', ''), 'viasql.', ''), 'nothing');
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    END;
    RESET ROLE;
    IF state ~ '^(XX|58)' THEN RETURN 'BROKEN ' || state || ' ' || message || ' in ' || schema; END IF;
    RETURN 'ERROR ' || state;
END $$;

CREATE FUNCTION rows_of(schema text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    result jsonb;
    log text;
BEGIN
    PERFORM set_config('search_path', schema || ', public', true);
    EXECUTE 'SELECT jsonb_agg(r ORDER BY r::text COLLATE "C") FROM (SELECT plain(to_jsonb(t)) AS r FROM t) AS q' INTO result;
    EXECUTE $q$SELECT string_agg(l, '; ' ORDER BY l COLLATE "C") FROM (SELECT plain(to_jsonb(replace(line, '"', '`'))) #>> '{}' AS l FROM log) AS q$q$ INTO log;
    RETURN concat_ws(' log: ', result, log);
END $$;

-- one table; NULL or what is wrong with it
CREATE FUNCTION one_table(calls int) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    m made_table := make_table();
    call text;
    said text[] := '{}';
    deferred boolean;
    -- checks at the end of a statement come later where the call is one
    -- who may update nothing is not told by SQL whose key a trigger moves to
    unseen boolean := m.privileged AND array_to_string(m.ddl, ' ') ~ 'moving';
    said_later boolean := array_to_string(m.ddl, ' ') ~ 'DEFERRABLE|REFERENCES';
    a text;
    b text;
    s text;
BEGIN
    FOREACH s IN ARRAY ARRAY['direct', 'viasql'] LOOP
        PERFORM set_config('search_path', s || ', public', true);
        CREATE TABLE log (line text);
        BEGIN
            FOREACH call IN ARRAY m.ddl LOOP EXECUTE call; END LOOP;
        EXCEPTION WHEN OTHERS THEN
            -- not every combination is a table; a collection must be one
            IF current_setting('fuzz.show', true) = 'on' THEN RAISE WARNING '% % %', m.ddl, SQLERRM, call; END IF;
            RETURN NULL;
        END;
    END LOOP;
    FOR i IN 1 .. calls LOOP
        call := make_call(m);
        deferred := chance(0.2);
        said := said || (CASE WHEN deferred THEN 'SET CONSTRAINTS ALL DEFERRED; ' ELSE '' END || call);
        a := answer(call, 'direct', m.privileged, deferred);
        b := answer(call, 'viasql', m.privileged, deferred);
        IF unseen AND a IS DISTINCT FROM b AND b ~ '23505' THEN RETURN NULL; END IF;
        -- and one of the two may have passed what the other has not
        IF said_later AND a IS DISTINCT FROM b AND call ~ 'upsert_(objects|many|load)|c8ql' AND (a || b) ~ 'ERROR 23|"2350[35]"' THEN
            RETURN NULL;
        END IF;
        IF (a IS DISTINCT FROM b AND NOT (said_later AND call ~ 'upsert_(objects|many|load)|c8ql' AND a ~ '^ERROR' AND b ~ '^ERROR')) OR a ~ '^BROKEN' THEN
            RETURN format(E'%s;\n%s;\ndirect: %s\nviasql: %s', array_to_string(m.ddl, E';\n'), array_to_string(said, E';\n'), a, b);
        END IF;
        PERFORM set_config('fuzz.done', (current_setting('fuzz.done')::int + 1)::text, false);
        PERFORM set_config('fuzz.ok', (current_setting('fuzz.ok')::int + (a !~ '^ERROR')::int)::text, false);
    END LOOP;
    a := rows_of('direct');
    b := rows_of('viasql');
    IF a IS DISTINCT FROM b THEN
        RETURN format(E'%s;\n%s;\nrows differ\ndirect: %s\nviasql: %s', array_to_string(m.ddl, E';\n'), array_to_string(said, E';\n'), a, b);
    END IF;
    RETURN NULL;
END $$;

SET fuzz.done = 0;
SET fuzz.ok = 0;
SET statement_timeout = '600s';
CREATE PROCEDURE all_tables() LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
    made int := 0;
BEGIN
    WHILE current_setting('fuzz.done')::int < current_setting('fuzz.rounds')::int AND made < current_setting('fuzz.rounds')::int LOOP
        made := made + 1;
        wrong := one_table(12);
        ROLLBACK;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION E'the stores differ\n%', wrong;
        END IF;
    END LOOP;
    IF current_setting('fuzz.ok')::int * 4 < current_setting('fuzz.done')::int THEN
        RAISE EXCEPTION 'only % of % calls did anything', current_setting('fuzz.ok'), current_setting('fuzz.done');
    END IF;
END $$;
CALL all_tables();
