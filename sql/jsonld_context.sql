-- Active contexts: what each entry of a context makes of keys and values.
-- Every case carries the answer that the specification prescribes; only
-- answers that differ are shown.
CREATE TEMP TABLE cases (n serial, what text, doc jsonb, expected jsonb, options jsonb DEFAULT '{}');
INSERT INTO cases (what, doc, expected) VALUES
	('term, prefix, compact IRI', '{"@context": {"ex": "http://ex/", "name": "ex:name"}, "name": "x", "ex:q": 1}',
		'[{"http://ex/name": [{"@value": "x"}], "http://ex/q": [{"@value": 1}]}]'),
	('a prefix must end in a gen-delim', '{"@context": {"ex": "http://ex"}, "ex:q": 1}', '[{"ex:q": [{"@value": 1}]}]'),
	('unless it is said to be one', '{"@context": {"ex": {"@id": "http://ex", "@prefix": true}}, "ex:q": 1}', '[{"http://exq": [{"@value": 1}]}]'),
	('an expanded definition is no prefix', '{"@context": {"ex": {"@id": "http://ex/"}}, "ex:q": 1}', '[{"ex:q": [{"@value": 1}]}]'),
	('suffix // is never a compact IRI', '{"@context": {"http": "http://other/"}, "http://p": 1}', '[{"http://p": [{"@value": 1}]}]'),
	('@vocab', '{"@context": {"@vocab": "http://v/"}, "@type": "T", "p": 1}', '[{"@type": ["http://v/T"], "http://v/p": [{"@value": 1}]}]'),
	('@vocab null', '{"@context": [{"@vocab": "http://v/"}, {"@vocab": null}], "p": 1, "http://q": 2}', '[{"http://q": [{"@value": 2}]}]'),
	('relative @vocab', '{"@context": [{"@base": "http://b/d/"}, {"@vocab": "v#"}], "p": 1}', '[{"http://b/d/v#p": [{"@value": 1}]}]'),
	('empty @vocab', '{"@context": [{"@base": "http://b/d/e"}, {"@vocab": ""}], "p": 1}', '[{"http://b/d/ep": [{"@value": 1}]}]'),
	('@vocab by compact IRI', '{"@context": [{"ex": "http://ex/"}, {"@vocab": "ex:ns/"}], "p": 1}', '[{"http://ex/ns/p": [{"@value": 1}]}]'),
	('a null term hides @vocab', '{"@context": {"@vocab": "http://v/", "p": null}, "p": 1, "q": 2}', '[{"http://v/q": [{"@value": 2}]}]'),
	('@base, relative to another', '{"@context": [{"@base": "http://b/x/y"}, {"@base": "../z/"}], "@id": "i", "http://p": 1}', '[{"@id": "http://b/z/i", "http://p": [{"@value": 1}]}]'),
	('@base null', '{"@context": [{"@base": "http://b/"}, {"@base": null}], "@id": "i", "http://p": 1}', '[{"@id": "i", "http://p": [{"@value": 1}]}]'),
	('@language and an untagged term', '{"@context": {"@language": "de", "@vocab": "http://v/", "q": {"@language": null}, "r": {"@language": "en"}}, "p": "x", "q": "x", "r": "x", "n": 1}',
		'[{"http://v/p": [{"@value": "x", "@language": "de"}], "http://v/q": [{"@value": "x"}], "http://v/r": [{"@value": "x", "@language": "en"}], "http://v/n": [{"@value": 1}]}]'),
	('@direction', '{"@context": {"@direction": "rtl", "@language": "ar", "@vocab": "http://v/", "q": {"@direction": null}}, "p": "x", "q": "x"}',
		'[{"http://v/p": [{"@value": "x", "@language": "ar", "@direction": "rtl"}], "http://v/q": [{"@value": "x", "@language": "ar"}]}]'),
	('the type of a term beats its language', '{"@context": {"@language": "de", "p": {"@id": "http://p", "@type": "http://t"}}, "p": "x"}', '[{"http://p": [{"@value": "x", "@type": "http://t"}]}]'),
	('type @id and @vocab', '{"@context": {"@base": "http://b/", "@vocab": "http://v/", "i": {"@type": "@id"}, "v": {"@type": "@vocab"}}, "i": "p", "v": ["p", "x:y"]}',
		'[{"http://v/i": [{"@id": "http://b/p"}], "http://v/v": [{"@id": "http://v/p"}, {"@id": "x:y"}]}]'),
	('a term is no term for type @id', '{"@context": {"@base": "http://b/", "t": "http://t", "i": {"@id": "http://i", "@type": "@id"}}, "i": "t"}', '[{"http://i": [{"@id": "http://b/t"}]}]'),
	('type @none', '{"@context": {"@language": "de", "p": {"@id": "http://p", "@type": "@none"}}, "p": ["x", 1]}', '[{"http://p": [{"@value": "x", "@language": "de"}, {"@value": 1}]}]'),
	('keyword aliases', '{"@context": {"id": "@id", "type": "@type", "url": "id", "v": "@value", "g": "@graph"}, "g": [{"url": "http://a", "type": "http://T", "http://p": {"v": 1}}]}',
		'[{"@id": "http://a", "@type": ["http://T"], "http://p": [{"@value": 1}]}]'),
	('terms that look like keywords are ignored', '{"@context": {"@vocab": "http://v/", "@foo": "http://foo", "t": {"@id": "@bar"}}, "@foo": 1, "t": 2, "@baz": 3, "@1": 4}', '[{"http://v/t": [{"@value": 2}], "http://v/@1": [{"@value": 4}]}]'),
	('an array of contexts, null inside', '{"@context": [{"a": "http://a"}, null, {"b": "http://b"}], "a": 1, "b": 2}', '[{"http://b": [{"@value": 2}]}]'),
	('definitions in any order', '{"@context": {"zzz": "yy:1", "yy": "x:y/", "x": "http://x/"}, "zzz": 1}', '[{"http://x/y/1": [{"@value": 1}]}]'),
	('a compact IRI as a term', '{"@context": {"ex": "http://ex/", "ex:p": {"@type": "@id"}}, "ex:p": "http://o"}', '[{"http://ex/p": [{"@id": "http://o"}]}]'),
	('property-scoped context', '{"@context": {"@vocab": "http://v/", "p": {"@context": {"@vocab": "http://w/"}}}, "p": {"q": 1, "r": {"s": 2}}, "q": 3}',
		'[{"http://v/p": [{"http://w/q": [{"@value": 1}], "http://w/r": [{"http://w/s": [{"@value": 2}]}]}], "http://v/q": [{"@value": 3}]}]'),
	('type-scoped context ends at the next node', '{"@context": {"@vocab": "http://v/", "T": {"@context": {"@vocab": "http://w/"}}}, "@type": "T", "q": {"r": 1}}',
		'[{"@type": ["http://v/T"], "http://w/q": [{"http://v/r": [{"@value": 1}]}]}]'),
	('unless it propagates', '{"@context": {"@vocab": "http://v/", "T": {"@context": {"@propagate": true, "@vocab": "http://w/"}}}, "@type": "T", "q": {"r": 1}}',
		'[{"@type": ["http://v/T"], "http://w/q": [{"http://w/r": [{"@value": 1}]}]}]'),
	('a property-scoped one that does not', '{"@context": {"@vocab": "http://v/", "p": {"@context": {"@propagate": false, "@vocab": "http://w/"}}}, "p": {"q": {"r": 1}}}',
		'[{"http://v/p": [{"http://w/q": [{"http://v/r": [{"@value": 1}]}]}]}]'),
	('types in order of terms, not of the array', '{"@context": {"@vocab": "http://v/", "A": {"@context": {"q": "http://a"}}, "B": {"@context": {"q": "http://b"}}}, "@type": ["B", "A"], "q": 1}',
		'[{"@type": ["http://v/B", "http://v/A"], "http://b": [{"@value": 1}]}]'),
	('a scoped context in a value', '{"@context": {"@vocab": "http://v/", "p": {"@context": {"@language": "fr"}}}, "p": "x", "q": "x"}',
		'[{"http://v/p": [{"@value": "x", "@language": "fr"}], "http://v/q": [{"@value": "x"}]}]'),
	('the same protected definition again', '{"@context": [{"@protected": true, "a": "http://a"}, {"a": "http://a"}], "a": 1}', '[{"http://a": [{"@value": 1}]}]'),
	('a protected term in a property-scoped context', '{"@context": {"@protected": true, "a": "http://a", "p": {"@id": "http://p", "@context": {"a": "http://z"}}}, "p": {"a": 1}}',
		'[{"http://p": [{"http://z": [{"@value": 1}]}]}]'),
	('protection can be lifted for one term', '{"@context": [{"@protected": true, "a": {"@id": "http://a", "@protected": false}}, {"a": "http://b"}], "a": 1}', '[{"http://b": [{"@value": 1}]}]'),
	('a context in the middle of a document', '{"@context": {"@vocab": "http://v/"}, "p": {"@context": {"q": "http://q"}, "q": 1, "r": 2}}', '[{"http://v/p": [{"http://q": [{"@value": 1}], "http://v/r": [{"@value": 2}]}]}]'),
	('a blank node as vocabulary', '{"@context": {"@vocab": "_:v"}, "p": 1}', '[{"_:vp": [{"@value": 1}]}]');
INSERT INTO cases (what, doc, expected, options) VALUES
	('expandContext', '{"name": "x"}', '[{"http://n": [{"@value": "x"}]}]', '{"expandContext": {"name": "http://n"}}'),
	('expandContext in a document', '{"name": "x"}', '[{"http://n": [{"@value": "x"}]}]', '{"expandContext": {"@context": {"name": "http://n"}}}'),
	('the document goes on from expandContext', '{"@context": {"b": "http://b"}, "a": 1, "b": 2}', '[{"http://a": [{"@value": 1}], "http://b": [{"@value": 2}]}]', '{"expandContext": [{"a": "http://a"}, {"b": "http://z"}]}'),
	('null resets to the original base', '{"@context": [{"@base": "http://other/"}, null], "@id": "i", "http://p": 1}', '[{"@id": "http://b/i", "http://p": [{"@value": 1}]}]', '{"base": "http://b/d"}'),
	('1.0 mode', '{"@context": {"ex": "http://ex#"}, "ex:p": {"@value": "x"}}', '[{"http://ex#p": [{"@value": "x"}]}]', '{"processingMode": "json-ld-1.0"}');

SELECT n, what, jsonld_expand(doc, options) AS got, expected FROM cases
WHERE jsonld_expand(doc, options) <> expected ORDER BY n;
-- the second time the contexts come out of the cache: same answers
SELECT n, what FROM cases WHERE jsonld_expand(doc, options) <> expected ORDER BY n;
SELECT count(*) AS cases FROM cases;

-- equal contexts, other base: not the same context
SELECT jsonld_expand('{"@context": {"k": {"@id": "http://k", "@type": "@id"}}, "k": "x"}', jsonb_build_object('base', b))
FROM unnest(ARRAY['http://a/', 'http://b/', 'http://a/']) b;
-- other processing mode, too
SELECT jsonld_expand('{"@context": {"p": {"@id": "http://p", "@container": ["@set"]}}, "p": 1}');
SELECT jsonld_expand('{"@context": {"p": {"@id": "http://p", "@container": ["@set"]}}, "p": 1}', '{"processingMode": "json-ld-1.0"}');
-- NULL in, NULL out
SELECT jsonld_expand(NULL) IS NULL AS expand, jsonld_compact('{}', NULL) IS NULL AS compact;
