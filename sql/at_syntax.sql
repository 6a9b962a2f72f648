-- The string formats of Lexicon, with exact limits.
\set VERBOSITY sqlstate
-- shows the values of which the verdict is not the one expected
CREATE FUNCTION pg_temp.unexpected(format text, expected boolean, VARIADIC candidates text[]) RETURNS SETOF text
LANGUAGE sql AS $$ SELECT c FROM unnest(candidates) AS c WHERE at_is_valid(format, c) <> expected $$;

-- tid
SELECT pg_temp.unexpected('tid', true, '3jzfcijpj2z2a', '7777777777777', '3zzzzzzzzzzzz', '2222222222222', 'j222222222222', 'jzzzzzzzzzzzz');
SELECT pg_temp.unexpected('tid', false, '', '3jzfcijpj2z21', '0000000000000', '3JZFCIJPJ2Z2A', '3jzfcijpj2z2aa', '3jzfcijpj2z2', '3jzf-cij-pj2z-2a', 'k222222222222', 'zzzzzzzzzzzzz', '3jzfcijpj2z2 ', '1jzfcijpj2z2a');

-- record-key
SELECT pg_temp.unexpected('record-key', true, 'self', 'example.com', '~1.2-3_', 'a', 'pre:fix', '_', ':', '...', '.a', 'a..', repeat('o', 512));
SELECT pg_temp.unexpected('record-key', false, '', '.', '..', '#extra', 'any space', 'a/b', 'a+b', 'a@b', 'a''b', 'ä', '%23', repeat('o', 513));

-- nsid
SELECT pg_temp.unexpected('nsid', true, 'com.example.fooBar', 'a.b.c', 'net.users.bob.ping', 'a-0.b-1.c', 'cn.8.lex.stuff', 'com.example.fooBarV2', 'COM.Example.x',
  'com.' || repeat('o', 63) || '.foo', 'com.example.' || repeat('o', 63),
  'com.' || repeat('middle.', 34) || 'x' || repeat('o', 10) || '.' || repeat('n', 63),			-- authority of 253
  'com.' || repeat('middle.', 40) || 'foo', 'com.' || repeat('middle.', 43) || 'x' || '.' || repeat('n', 10));	-- 287, 317
SELECT pg_temp.unexpected('nsid', false, '', 'com', 'com.example', 'com.example.3', 'com.example.foo-bar', 'com.exa💩ple.thing', '1com.example.foo', 'com.-example.foo', 'com.example-.foo',
  'com..foo', 'com.example.', '.com.example', 'com.example.foo ', 'com.example.foo#bar', 'com.example.*', 'com.example.2foo',
  'com.' || repeat('o', 64) || '.foo', 'com.example.' || repeat('o', 64),
  'com.' || repeat('middle.', 43) || 'xy' || '.' || repeat('n', 10));							-- 318

-- did
SELECT pg_temp.unexpected('did', true, 'did:plc:z72i7hdynmk6r22z27h6tvur', 'did:web:localhost%3A1234', 'did:m:v', 'did:method::::val', 'did:method:-', 'did:m:a%41', 'did:m:' || repeat('v', 2042));
SELECT pg_temp.unexpected('did', false, '', 'did', 'did:', 'did:method', 'did:method:', 'did:method:val:', 'did:method:val%', 'DID:method:val', 'did:METHOD:val', 'did:m3:val', 'did::val', 'did:method:val/two',
  'did:method:val?two', 'did:method:val#two', ' did:method:val', 'did:meth:v al', 'did:m:ü', 'did:m:' || repeat('v', 2043));

-- handle and at-identifier
SELECT pg_temp.unexpected('handle', true, 'jay.bsky.social', '8.cn', 'name.t--t', 'XX.LCS.MIT.EDU', 'a.co', 'xn--notarealidn.com', 'blah.onion', repeat('a', 63) || '.com',
  repeat('abcdefghi.', 25) || 'com');													-- 253
SELECT pg_temp.unexpected('handle', false, '', 'jo@hn.test', 'john', 'john.', '.john.test', 'john..test', 'john.0', 'john.0t', '-john.test', 'john-.test', 'john.test-', '💩.test', 'xn--bcher-.tld', 'john.test/', 'www.maseł.pl',
  'did:plc:abc', '127.0.0.1', repeat('a', 64) || '.com', repeat('abcdefghi.', 25) || 'comm');
SELECT pg_temp.unexpected('at-identifier', true, 'did:plc:abc', 'bob.test');
SELECT pg_temp.unexpected('at-identifier', false, '', 'did:plc', 'bob', '@bob.test', 'at://bob.test', 'did:.test');

-- at-uri
SELECT pg_temp.unexpected('at-uri', true, 'at://did:plc:abc', 'at://bob.test', 'at://bob.test/com.example.foo', 'at://did:plc:abc/com.example.foo/3jui7kd54zh2y', 'at://did:plc:abc/com.example.foo/~.-_:');
SELECT pg_temp.unexpected('at-uri', false, '', 'at://', 'at:/did:plc:abc', 'AT://did:plc:abc', 'at://did:plc:abc/', 'at://did:plc:abc/com.example.foo/', 'at://did:plc:abc/foo', 'at://did:plc:abc//r', 'at://did:plc:abc/com.example.foo/a/b',
  'at://did:plc:abc/com.example.foo/.', 'at://did:plc:abc/com.example.foo?x=1', 'at://did:plc:abc#frag', 'at://did:plc:abc/com.example.foo#frag', 'at://user@bob.test', 'at://bob.test:80', 'at:// did:plc:abc', 'https://bob.test',
  'at://did:plc:abc/com.example.foo/' || repeat('a', 513));
SELECT length(u), at_is_valid('at-uri', u) FROM (VALUES ('at://did:m:' || repeat('d', 2042) || '/com.example.foo/' || repeat('r', 512))) AS v(u);

-- datetime
SELECT pg_temp.unexpected('datetime', true, '1985-04-12T23:20:50.123Z', '1985-04-12T23:20:50Z', '1985-04-12T23:20:50.1Z', '1985-04-12T23:20:50.123+00:00', '1985-04-12T23:20:50.123-07:30', '0000-01-01T00:00:00.000Z', '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z', '2024-02-29T00:00:00Z', '2000-02-29T00:00:00Z', '0000-02-29T00:00:00Z', '2023-12-31T23:59:59+23:59', '0000-01-01T01:00:00+01:00', '9999-12-31T22:59:59-01:00', '1985-04-12T23:20:50.' || repeat('1', 43) || 'Z');
SELECT pg_temp.unexpected('datetime', false, '', '1985-04-12', '1985-04-12T23:20Z', '1985-04-12T23:20:5Z', '1985-04-12T23:20:50.123', '1985-04-12t23:20:50Z', '1985-04-12T23:20:50z', '1985-04-12 23:20:50Z', '1985-04-12T23:20:50.Z',
  '1985-04-12T23:20:50-00:00', '1985-04-12T23:20:50+24:00', '1985-04-12T23:20:50+01:60', '1985-04-12T23:20:50+0100', '1985-04-12T23:20:50+01', '-1985-04-12T23:20:50Z', '+1985-04-12T23:20:50Z', '01985-04-12T23:20:50Z',
  '1985-00-12T23:20:50Z', '1985-13-12T23:20:50Z', '1985-04-00T23:20:50Z', '1985-04-31T23:20:50Z', '2023-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '1985-04-12T24:00:00Z', '1985-04-12T23:60:00Z', '1985-04-12T23:20:60Z',
  '0000-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01', '1985-04-12T23:20:50Z ', '1985-04-12T23:20:50ZZ', '1985-04-12T23:20:50.' || repeat('1', 44) || 'Z');

-- cid
SELECT pg_temp.unexpected('cid', true, 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a', 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', 'zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz',
  'f017012202c5f688262e0ece8569aa6f94d60aad55ca8d9d83734e4a7430d0cff6588ec2b');
SELECT pg_temp.unexpected('cid', false, '', '12345', 'bafyrei', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a ', 'bafy.reidf', 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR',
  'https://example.com', 'z' || repeat('a', 256));

-- language
SELECT pg_temp.unexpected('language', true, 'ja', 'ban', 'pt-BR', 'hy-Latn-IT-arevela', 'de', 'en-US', 'zh-Hans-CN', 'zh-cmn-Hans-CN', 'sl-rozaj-biske-1994', 'de-CH-1901', 'es-419', 'de-DE-u-co-phonebk', 'en-a-bbb-x-a-ccc', 'x-whatever', 'i-klingon',
  'sgn-BE-FR', 'art-lojban', 'zh-min-nan', 'EN-gb', 'qaa-Qaaa-QM-x-southern', 'abcde', 'abcd', 'ar-a-aaa-b-bbb-a-ccc', 'x-a-b-c');
SELECT pg_temp.unexpected('language', false, '', 'a', '-', 'en-', '-en', 'en--US', 'en_US', 'i', 'x', 'x-', 'de-419-DE', 'a-DE', 'en-a', 'en-a-b', 'en-x', 'toolonglanguage', 'en-toolongsubtag', 'jä', 'en US', '12', 'de-1', 'i-unknown', 'en-u-' || repeat('aaaaaaaa-', 20) || 'b');

-- uri
SELECT pg_temp.unexpected('uri', true, 'https://example.com', 'https://example.com/path?q=1#f', 'did:plc:abc', 'at://did:plc:abc/com.example.foo/r', 'ipfs://bafybei', 'mailto:a@b', 'dns:example.com', 'file:///etc/hosts', 'git+ssh://h', 'urn:isbn:0451450523', 'h:x',
  'https:/', 'https://?', 'http://[::1]:80/', 'http://[v1.a:b]/', 'http://u:p%20w@h:80/p;a=1/@:?q=/?#f/?', 'http://a:/', 'x:/', 'x:?', 'x:#', 'x:%41', 'news:comp.x', 'tel:+1-816', 'http://h?q#', 'http://%41',
  'https://ja.wikipedia.org/wiki/日本', 'https://日本.jp/?名=値#節', 'HTTP://h', 'x:' || repeat('x', 8190));
SELECT pg_temp.unexpected('uri', false, '', 'example.com', '//example.com', ':x', 'https', 'https:', 'https://', '1http://x', 'ht tp://x', 'https://exa mple.com', ' https://example.com', 'https://example.com ', E'https://ex.com/\n', 'h_t:x', 'https://exa[mple.com/', 'https://[example.com/', 'https://[::1', 'https://[::g]/', 'https://[]/', 'https://[v.a]/', 'https://[v1]/', 'https://[::1]x/', 'https://a@b@c/',
  'https://h:8x/', 'at://did:plc:abc[/x', 'x://did:plc:abc/x', 'https://h/%', 'https://h/%4', 'https://h/%zz', 'https://%4/', 'https://h/<b>', 'https://h/a|b', 'https://h/a\b', 'https://h/a^b', 'https://h/`', 'https://h/{x}', 'https://h/"', 'https://h/[x]', 'https://h/#a#b', 'https://h/?[', 'x:a b', E'x:\x01',
  'https:' || repeat('x', 8187));

SELECT at_is_valid('email', 'a@b');
SELECT at_is_valid('TID', '3jzfcijpj2z2a');
SELECT at_is_valid(NULL, 'x') IS NULL AND at_is_valid('tid', NULL) IS NULL AS strict;
