-- Content identifiers.
\set VERBOSITY sqlstate

-- expectations computed with @ipld/dag-cbor and multiformats
SELECT record_cid(r::jsonb) = cid AS same, record_cid(r::jsonb) AS cid
FROM (VALUES
  ('{}', 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua'),
  ('{"$type": "xyz.statusphere.status", "status": "hello", "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z"}',
   'bafyreienyifju7ptr6b553zrveckcxwmzxd2tqe22uoslhlnvl5bybw5xu'),
  ('{"$type": "xyz.statusphere.post", "text": "Hello world", "createdAt": "2026-11-22T00:00:00Z"}',
   'bafyreicqemkz2cakhtmquyduf43shwzzdlces5tbfrfifloacghssnmzp4'),
  ('{"$type": "app.bsky.feed.post", "text": "日本語 🦋 ñ", "langs": ["ja", "pt-BR"], "reply": {"root": {"uri": "at://did:plc:abc/app.bsky.feed.post/3k", "cid": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}, "facets": [{"index": {"byteStart": 0, "byteEnd": 9}, "features": []}]}',
   'bafyreia3uo7d2el7opfhvavmby7fxzzdclbdnbq6a2kkhuwi3cwshcnefu'),
  ('{"$type": "app.bsky.actor.profile", "avatar": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/jpeg", "size": 10000}, "pinned": null}',
   'bafyreifgyxykunezmeufo4vqogv4zakxbshhjjiffeorjnn2tpecztaf5a'),
  ('{"a": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}, "b": {"$bytes": "nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0"}, "é": -1, "zz": 4294967296, "n": [0, 23, 24, 255, 256, 65535, 65536, -24, -25, 9007199254740991, -9007199254740991]}',
   'bafyreiedxszbhlaut5jxao7fup2m4zfk2anv2vj6ieuzsrfpw3vn43ny4u')
) AS v(r, cid);

-- whatever way it is written, one document has one CID
SELECT count(DISTINCT record_cid(r::jsonb)) AS cids
FROM unnest(ARRAY['{"a": 1, "bb": [true]}', '{"bb":[true],"a":1.0}', '{"a":0,"bb":[true],"a":10e-1}']) AS r;
-- null, missing, false, 0, "", [] and {} all differ
SELECT count(DISTINCT record_cid(r::jsonb)) AS cids
FROM unnest(ARRAY['{"a": null}', '{}', '{"a": false}', '{"a": 0}', '{"a": ""}', '{"a": []}', '{"a": {}}']) AS r;
-- Unicode is not normalized
SELECT record_cid('{"a": "\u00e9"}') <> record_cid('{"a": "e\u0301"}') AS differ;

-- a record is an object
SELECT record_cid('[]');
SELECT record_cid('"blah"');
SELECT record_cid('null');
-- a link and bytes are none, though JSON writes them as objects
SELECT record_cid('{"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}');
SELECT record_cid('{"$bytes": "AAAA"}');
SELECT record_cid('{"a": 0.5}');
SELECT record_cid(NULL) IS NULL AS strict;

-- files
SELECT blob_cid('') AS empty, blob_cid('hello world') AS hello;
