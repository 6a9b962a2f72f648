// What npm's jsonld makes of the world's documents, for 052_jsonld_world.pl.
//
//   node jsonld_world.cjs DIR contexts.tsv >cases.jsonl
//
// DIR/node_modules holds jsonld and the packages of contexts.tsv.  A line is a case: {"kind", "name", "doc", "frame",
// "context", "want": {call: answer or {"error": code}}}.  The documents are those that the packages carry, and for each
// context a number that are made of its terms; besides, every pair of contexts.
'use strict';

const fs = require('fs');
const path = require('path');

const [dir, list] = process.argv.slice(2);
const modules = path.resolve(dir, 'node_modules');
const jsonld = require(path.join(modules, 'jsonld'));
const canonize = require(path.join(modules, 'rdf-canonize'));
const PER_CONTEXT = 18;
const base = 'https://world.example/doc';

// --- contexts -----------------------------------------------------------------

const contexts = new Map();
for (const line of fs.readFileSync(list, 'utf8').split('\n')) {
	const [iri, pack, file, licence] = line.split('\t');
	if (line.startsWith('#') || licence === undefined || pack === '-') continue;
	const text = fs.readFileSync(path.join(modules, pack.replace(/@[^@/]*$/, ''), file), 'utf8');
	contexts.set(iri, {'@context': JSON.parse(text)['@context']});
}
// each document once, however many IRIs it has
const iris = [...contexts.keys()].filter((iri, i, all) =>
	all.findIndex(other => JSON.stringify(contexts.get(other)) === JSON.stringify(contexts.get(iri))) === i);

const options = {
	base, safe: false,
	documentLoader: async url => {
		if (!contexts.has(url)) throw Object.assign(new Error(url), {details: {code: 'loading remote context failed'}});
		return {contextUrl: null, documentUrl: url, document: contexts.get(url)};
	}
};

// --- documents of packages ----------------------------------------------------

// the text up to the bracket that closes the one at start
function balanced(text, start) {
	let depth = 0, string = false;
	for (let i = start; i < text.length && i < start + 200000; i++) {
		const c = text[i];
		if (string) { if (c === '\\') i++; else if (c === '"') string = false; }
		else if (c === '"') string = true;
		else if (c === '{') depth++;
		else if (c === '}' && --depth === 0) return text.slice(start, i + 1);
	}
	return null;
}

function* real_documents(folder) {
	for (const entry of fs.readdirSync(folder, {withFileTypes: true})) {
		const file = path.join(folder, entry.name);
		if (entry.isDirectory()) yield* real_documents(file);
		else if (/\.(json|jsonld|md|js|cjs|mjs|ts)$/.test(entry.name) && !/\.min\.|jsonld(\.esm)?\.js$/.test(entry.name) && fs.statSync(file).size < 3e6) {
			const text = fs.readFileSync(file, 'utf8');
			for (let at = text.indexOf('"@context"'); at >= 0; at = text.indexOf('"@context"', at + 1)) {
				const start = text.lastIndexOf('{', at);
				const json = start >= 0 ? balanced(text, start) : null;
				if (json === null) continue;
				try {
					const doc = JSON.parse(json);
					// a piece of a context is no document
					if (Object.keys(doc).length > 1 && !('@container' in doc)) yield {name: path.relative(modules, file), doc};
				} catch (e) { /* not JSON */ }
			}
		}
	}
}

// --- documents made of a context's terms --------------------------------------

let seed = 1;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const pick = a => a[Math.floor(random() * a.length)];

function parts(context) {
	const terms = {};
	for (const c of Array.isArray(context) ? context : [context]) if (c !== null && typeof c === 'object') Object.assign(terms, c);
	const found = {types: [], properties: [], id: '@id', type: '@type', terms};
	for (const [term, def] of Object.entries(terms)) {
		const iri = typeof def === 'string' ? def : def && (def['@id'] || def['@reverse'] || term);
		if (term.startsWith('@') || typeof iri !== 'string') continue;
		if (iri === '@id') found.id = term;
		else if (iri === '@type') found.type = term;
		else if (iri.startsWith('@') || /[#\/:]$/.test(iri)) continue;
		else if (/^[A-Z]/.test(term) && !(def && def['@type'])) found.types.push(term);
		else found.properties.push(term);
	}
	return found;
}

function make_value(def, context, depth) {
	def = def !== null && typeof def === 'object' ? def : {};
	const containers = [].concat(def['@container'] || []);
	const type = def['@type'];
	const scalar = () => type === '@id' || type === '@vocab' ? pick(['urn:x:' + Math.floor(random() * 9), 'https://a.example/b', 'rel', '_:n' + Math.floor(random() * 3)])
		: type === '@json' ? pick([{a: [1, {b: null}]}, [], 'x', 3.5])
		: type !== undefined ? pick(['2020-01-01', '12', 'text', 7])
		: pick(['text', 'text', 3, 2.5, true, {'@value': 'hallo', '@language': 'de'}, {'@value': '1', '@type': 'http://t.example/t'}]);
	const one = () => depth > 0 && type !== '@json' && random() < 0.35
		? make_node({...parts(context), ...(def['@context'] ? merged(context, def['@context']) : {})}, context, depth - 1) : scalar();
	if (containers.includes('@language')) return {en: 'text', de: ['a', 'b'], '@none': 'c'};
	// npm drops a graph that says nothing of its nodes, against step 13.12
	if (containers.includes('@graph')) return {...(depth > 0 ? make_node(parts(context), context, depth - 1) : {'@id': 'urn:g'}), 'https://extra.example/g': 1};
	if (containers.includes('@index')) return {one: one(), two: [one()]};
	if (containers.includes('@id')) return {'urn:k': depth > 0 ? make_node(parts(context), context, 0) : {'@type': 'urn:t'}};
	return random() < 0.3 ? [one(), one()] : one();
}

function merged(context, scoped) {
	const outer = parts(context), inner = parts(scoped);
	return {types: inner.types.length > 0 ? inner.types : outer.types, properties: [...inner.properties, ...outer.properties],
		terms: {...outer.terms, ...inner.terms}};
}

function make_node(p, context, depth) {
	const node = {};
	let use = p;
	if (random() < 0.7) node[p.id] = pick(['urn:n:' + Math.floor(random() * 50), 'https://n.example/' + Math.floor(random() * 9), '_:m' + Math.floor(random() * 4), 'rel/' + Math.floor(random() * 4)]);
	if (p.types.length > 0 && random() < 0.85) {
		const type = pick(p.types);
		node[p.type] = random() < 0.2 ? [type, pick(p.types)] : type;
		const def = p.terms[type];
		if (def && def['@context']) use = {...p, ...merged(context, def['@context'])};
	}
	for (let i = 0; i < 1 + random() * 5 && use.properties.length > 0; i++) {
		const property = pick(use.properties);
		node[property] = make_value(use.terms[property], context, depth);
	}
	if (random() < 0.1) node['https://extra.example/p'] = pick([1, 'x', {'@id': 'urn:y'}, {'@list': [1, 'x']}]);
	return node;
}

function make_frame(doc, iri, p) {
	const frame = {'@context': iri};
	const type = doc[p.type];
	if (type !== undefined && random() < 0.8) frame[p.type] = [].concat(type)[0];
	const keys = Object.keys(doc).filter(k => !k.startsWith('@') && k !== p.id && k !== p.type);
	if (keys.length > 0 && random() < 0.5) frame[pick(keys)] = {};
	if (random() < 0.3) frame['@embed'] = pick(['@always', '@once', '@never']);
	if (random() < 0.2) frame['@explicit'] = true;
	if (random() < 0.2) frame['@omitDefault'] = true;
	return frame;
}

// --- answers ------------------------------------------------------------------

async function answer(call) {
	try { return await call(); }
	catch (e) {
		for (let cause = e; cause; cause = cause.details && cause.details.cause) if (cause.details && cause.details.code) return {error: cause.details.code};
		return {error: String(e.message)};
	}
}

async function main() {
	const out = c => process.stdout.write(JSON.stringify(c) + '\n');
	async function documents(name, doc, context, frame) {
		const rdf = {...options, format: 'application/n-quads', produceGeneralizedRdf: false};
		out({kind: 'document', name, doc, context, frame, want: {
			expand: await answer(() => jsonld.expand(doc, options)),
			flatten: await answer(() => jsonld.flatten(doc, null, options)),
			compact: await answer(() => jsonld.compact(doc, context, options)),
			canonize: await answer(async () => {
				const dataset = await jsonld.toRDF(doc, {...rdf, format: undefined});
				return canonize.canonize(dataset, {algorithm: 'RDFC-1.0', format: 'application/n-quads', maxWorkFactor: 3});
			}),
			frame: await answer(() => jsonld.frame(doc, frame, options))
		}});
	}
	const seen = new Set();
	for (const {name, doc} of real_documents(modules)) {
		const text = JSON.stringify(doc);
		if (seen.has(text)) continue;
		seen.add(text);
		// a document whose context nobody ships is none to compare
		if ((await answer(() => jsonld.expand(doc, options))).error === 'loading remote context failed') continue;
		await documents(name, doc, doc['@context'], {'@context': doc['@context'], '@type': {}});
	}
	for (const iri of iris) {
		const context = contexts.get(iri)['@context'];
		const p = parts(context);
		for (let i = 0; i < PER_CONTEXT; i++) {
			const doc = {'@context': iri, ...make_node(p, context, 3)};
			await documents(`${iri} ${i}`, doc, iri, make_frame(doc, iri, p));
		}
	}
	for (const a of iris) {
		for (const b of iris) {
			if (a === b) continue;
			const p = parts(contexts.get(b)['@context']);
			const doc = {'@context': [a, b], ...make_node(p, contexts.get(b)['@context'], 1)};
			out({kind: 'pair', name: `${a} with ${b}`, doc, want: {expand: await answer(() => jsonld.expand(doc, options))}});
		}
	}
}

main().catch(e => { console.error(e); process.exit(1); });
