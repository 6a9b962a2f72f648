// Writes upsert_contexts.sql: the contexts of sources.tsv, out of the npm packages that ship them.
//
//   node make.cjs [--modules DIR] sources.tsv [more.tsv...] >upsert_contexts.sql
//
// Each package is packed once by the npm client (as a plain archive: nothing in it is run), and only the files that
// sources.tsv names are read.  A package that cannot be had, or a file that is no context, ends the run: half a
// script is worse than none.  --modules: the packages are installed in DIR/node_modules.
'use strict';

const {execFileSync} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const args = process.argv.slice(2);
const modules = args[0] === '--modules' ? args.splice(0, 2)[1] : null;
const rows = [];
for (const file of args) {
	for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
		const [iri, pack, name, licence] = line.split('\t');
		if (!line.startsWith('#') && licence !== undefined) rows.push({iri, pack, name, licence, from: path.dirname(file)});
	}
}
if (rows.length === 0) throw new Error('no sources');

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'upsert-contexts-'));
const folders = {'-': null};
function folder(pack) {
	if (modules !== null && pack !== '-') return path.join(modules, 'node_modules', pack.replace(/@[^@/]*$/, ''));
	if (!(pack in folders)) {
		const out = fs.mkdtempSync(path.join(work, 'p'));
		const [made] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out, pack],
			{stdio: ['ignore', 'pipe', 'inherit'], cwd: out}));
		execFileSync('tar', ['-xzf', path.join(out, made.filename), '-C', out]);
		folders[pack] = path.join(out, 'package');
	}
	return folders[pack];
}

// a literal that psql leaves alone, too
function quote(s) {
	let tag = '$context$';
	while (s.includes(tag)) tag = tag.slice(0, -1) + 'x$';
	return tag + s + tag;
}

process.stdout.write(`-- JSON-LD contexts that documents refer to by IRI, for the registry of the extension "upsert".
--
-- Run it with psql in a database that has the extension; it may be run again.  It is no part of the extension: its rows
-- are yours, and go with pg_dump as your data do.
\\set ON_ERROR_STOP on
BEGIN;
SELECT pg_catalog.quote_ident(n.nspname) AS upsert_schema FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
WHERE e.extname OPERATOR(pg_catalog.=) 'upsert' \\gset
`);
try {
	for (const {iri, pack, name, licence, from} of rows) {
		const file = pack === '-' ? path.resolve(from, name) : path.join(folder(pack), name);
		const document = JSON.parse(fs.readFileSync(file, 'utf8'));
		if (document === null || typeof document !== 'object' || !('@context' in document)) throw new Error(`${file} has no @context`);
		process.stdout.write(`
-- ${pack === '-' ? name : `${pack}, ${name}`}; ${licence}
SELECT :upsert_schema.jsonld_set_context('${iri.replace(/'/g, "''")}', ${quote(JSON.stringify({'@context': document['@context']}))}) AS "${iri}";
`);
	}
	process.stdout.write('COMMIT;\n');
} finally {
	fs.rmSync(work, {recursive: true});
}
