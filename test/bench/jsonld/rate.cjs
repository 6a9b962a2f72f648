// node rate.cjs OPERATION FILE SECONDS: documents per second of npm's jsonld
const fs = require('fs');
const path = require('path');
const jsonld = require('jsonld');

const [operation, file, seconds] = process.argv.slice(2);
const contexts = JSON.parse(fs.readFileSync(path.join(__dirname, 'contexts.json')));
const doc = JSON.parse(fs.readFileSync(file));
const options = {
	documentLoader: async (url) => {
		if (!(url in contexts)) throw new Error(`no context ${url}`);
		return { contextUrl: null, documentUrl: url, document: contexts[url] };
	}
};
const run = {
	expand: () => jsonld.expand(doc, options),
	compact: () => jsonld.compact(doc, doc['@context'], options),
	flatten: () => jsonld.flatten(doc, null, options),
	frame: () => jsonld.frame(doc, { '@context': doc['@context'], '@type': {} }, options),
	canonize: () => jsonld.canonize(doc, { ...options, algorithm: 'RDFC-1.0', safe: false }),
	rdfCanonize: () => require('rdf-canonize').canonize(nquads, { algorithm: 'RDFC-1.0', inputFormat: 'application/n-quads', format: 'application/n-quads' }),
	toRdf: () => jsonld.toRDF(doc, { ...options, format: 'application/n-quads' })
}[operation];

async function loop(duration) {
	const start = process.hrtime.bigint();
	let n = 0;
	let elapsed = 0;
	while (elapsed < duration) {
		await run();
		n++;
		elapsed = Number(process.hrtime.bigint() - start) / 1e9;
	}
	return n / elapsed;
}

let nquads;
jsonld.toRDF(doc, { ...options, format: 'application/n-quads' }).then((text) => { nquads = text; }).then(() => loop(0.3)).then(() => loop(Number(seconds))).then((rate) => console.log(rate));
