// Writes what the reference library says, a JSON object a line:
//   {"kind": "string", "format", "s", "ok"}, {"kind": "grapheme", "s", "n"},
//   {"kind": "lexicon", "doc"}, {"kind": "record", "c", "r", "ok", "why"}, {"kind": "car", "b64", "root", "n"}
import * as syntax from '@atproto/syntax'
import { schemas } from '@atproto/api'
import { Lexicons, jsonToLex } from '@atproto/lexicon'
import { graphemeLen } from '@atproto/lex-data'
import { Repo, MemoryBlockstore, WriteOpAction, getFullRepo } from '@atproto/repo'
import { Secp256k1Keypair } from '@atproto/crypto'
let seed = 42
const rnd = () => { seed = seed + 0x6D2B79F5 | 0; let t = Math.imul(seed ^ seed >>> 15, 1 | seed); t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296 }
const int = n => Math.floor(rnd() * n)
const pick = a => a[int(a.length)]
const out = o => console.log(JSON.stringify(o))

// --- strings: valid ones, and up to three changes of them
const checks = {
  'nsid': syntax.isValidNsid, 'did': syntax.isValidDid, 'handle': syntax.isValidHandle, 'tid': syntax.isValidTid, 'record-key': syntax.isValidRecordKey,
  'at-uri': s => { try { syntax.ensureValidAtUri(s); return !s.includes('#') && !s.includes('?') } catch { return false } },
  'datetime': syntax.isValidDatetime, 'language': syntax.isValidLanguage, 'at-identifier': s => syntax.isValidDid(s) || syntax.isValidHandle(s), 'uri': syntax.isValidUri,
}
const seeds = {
  'nsid': ['com.example.fooBar', 'net.users.bob.ping', 'a-0.b-1.c', 'cn.8.lex.stuff', 'app.bsky.feed.post'], 'did': ['did:plc:z72i7hdynmk6r22z27h6tvur', 'did:web:localhost%3A1234', 'did:method::::val', 'did:m:v'],
  'handle': ['jay.bsky.social', '8.cn', 'name.t--t', 'xn--notarealidn.com', 'a.b.c.d.e'], 'tid': ['3jzfcijpj2z2a', '7777777777777', '3zzzzzzzzzzzz', '2222222222222'], 'record-key': ['self', 'example.com', '~1.2-3_', 'dHJ1ZQ', 'pre:fix', '_'],
  'at-uri': ['at://did:plc:abc', 'at://bob.test/com.example.foo', 'at://did:plc:abc/com.example.foo/3jui7kd54zh2y', 'at://bob.test/app.bsky.feed.post/a:b'],
  'datetime': ['1985-04-12T23:20:50.123Z', '1985-04-12T23:20:50Z', '2024-02-29T12:00:00+01:00', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999-07:30', '2023-02-28T23:59:60Z'],
  'language': ['ja', 'pt-BR', 'hy-Latn-IT-arevela', 'zh-Hans-CN', 'sl-rozaj-biske-1994', 'x-whatever', 'i-klingon', 'de-DE-u-co-phonebk'], 'at-identifier': ['did:plc:abc', 'bob.test'],
  'uri': ['https://example.com/path?q=1#f', 'did:plc:abc', 'mailto:a@b', 'https://ja.wikipedia.org/wiki/日本', 'http://[::1]:80/', 'at://did:plc:abc/a.b.c/r'],
}
const chars = ['a', 'Z', '0', '9', '-', '.', ':', '/', '_', '~', '%', '%41', '#', '?', '@', '+', ' ', 'ü', '日', 'T', 'Z', '!', '[', '..', '--', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
const mutate = s => { for (let i = int(4); i > 0; i--) { const at = int(s.length + 1), len = int(3); s = s.slice(0, at) + (rnd() < 0.7 ? pick(chars) : '') + s.slice(at + (rnd() < 0.5 ? len : 0)) } return s }
const done = new Set()
for (let i = 0; i < +process.argv[2]; i++) {
  const format = pick(Object.keys(checks)), s = mutate(pick(seeds[format])), key = format + ' ' + s
  if (done.has(key) || !s.isWellFormed()) continue
  done.add(key)
  let ok; try { ok = !!checks[format](s) } catch { ok = false }
  out({ kind: 'string', format, s, ok })
}

// --- graphemes
const points = [0x61, 0xe9, 0x300, 0x301, 0x308, 0x200c, 0x200d, 0xfe0f, 0x915, 0x937, 0x94d, 0x93c, 0x93f, 0x995, 0x9cd, 0xa95, 0xacd, 0xc15, 0xc4d, 0xd15, 0xd4d, 0x1780, 0x17d2, 0xe01, 0xe33, 0xe48, 0x1100, 0x1161, 0x11a8, 0xac00, 0xac01, 0x600, 0x6dd, 0x903, 0x1f1e6, 0x1f1ef, 0x1f468, 0x1f3fd, 0x2764, 0x1f98b, 0x0d, 0x0a, 0x20, 0x65e5, 0x3042, 0x3099, 0xad, 0x1b05, 0x1b44, 0x11134, 0x11133, 0xa8c4]
for (let i = 0; i < 10000; i++) { const s = String.fromCodePoint(...Array.from({ length: 1 + int(12) }, () => pick(points))); out({ kind: 'grapheme', s, n: graphemeLen(s) }) }

// --- lexicons, and records that are made by them, then changed
const lex = new Lexicons(schemas)
for (const doc of schemas) out({ kind: 'lexicon', doc: JSON.parse(JSON.stringify(doc)) })
const cidText = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'
const formats = { datetime: '2024-01-01T00:00:00.000Z', uri: 'https://example.com', 'at-uri': 'at://did:plc:abc/com.example.foo/x', did: 'did:plc:abc', handle: 'bob.test', 'at-identifier': 'bob.test', nsid: 'com.example.foo', cid: cidText, language: 'en', tid: '3jzfcijpj2z2a', 'record-key': 'self' }
const value = (def, depth = 0) => {
  switch (def.type) {
    case 'boolean': return def.const ?? rnd() < 0.5
    case 'integer': return def.const ?? (def.enum ? pick(def.enum) : Math.max(def.minimum ?? 0, Math.min(def.maximum ?? 100, int(200))))
    case 'string': if (def.const) return def.const; if (def.enum) return pick(def.enum); if (def.format) return formats[def.format]; if (def.knownValues && rnd() < 0.5) return pick(def.knownValues)
      { let s = ''; const n = int(8) + (def.minLength ?? 0); for (let i = 0; i < n; i++) s += rnd() < 0.7 ? 'x' : String.fromCodePoint(pick(points.slice(0, 40))); if (rnd() < 0.03 && def.maxGraphemes) s = 'क्ष'.repeat(def.maxGraphemes - int(2) + int(3)); return s }
    case 'bytes': return { $bytes: 'AAAA' }
    case 'cid-link': return { $link: cidText }
    case 'blob': return { $type: 'blob', ref: { $link: cidText }, mimeType: def.accept ? def.accept[0].replace('*', 'png') : 'image/png', size: Math.min(def.maxSize ?? 1000, int(2000)) }
    case 'array': return Array.from({ length: Math.max(def.minLength ?? 0, Math.min(def.maxLength ?? 3, int(4))) }, () => value(def.items, depth + 1))
    case 'object': { const o = {}; for (const [k, d] of Object.entries(def.properties ?? {})) if ((def.required ?? []).includes(k) || (depth < 5 && rnd() < 0.5)) o[k] = value(d, depth + 1); return o }
    case 'record': return value(def.record, depth)
    case 'ref': return ref(def.ref, depth)
    case 'union': { if (!def.refs.length) return { $type: 'com.example.other' }; const r = pick(def.refs); const v = ref(r, depth); return v && typeof v === 'object' ? { $type: r.replace(/^lex:/, '').replace(/#main$/, ''), ...v } : v }
    case 'unknown': return { a: 1 }
    default: return def.type === 'token' ? 'x' : null
  }
}
const ref = (r, depth) => { if (depth > 8) return {}; return value(lex.getDefOrThrow(r), depth + 1) }
const places = (v, path = []) => v && typeof v === 'object' ? [path, ...Object.entries(v).flatMap(([k, w]) => places(w, [...path, k]))] : [path]
const spoil = v => {
  const path = pick(places(v)); if (!path.length) return v
  let o = v; for (const k of path.slice(0, -1)) o = o[k]
  const k = path.at(-1)
  switch (int(9)) {
    case 0: delete o[k]; if (Array.isArray(o)) o.splice(+k, 1); break
    case 1: o[k] = null; break
    case 2: o[k] = int(1000) - 500; break
    case 3: o[k] = 'x'.repeat(int(20)); break
    case 4: o[k] = {}; break
    case 5: o[k] = []; break
    case 6: o[k] = true; break
    case 7: o[k] = { $type: 'com.example.other', x: 1 }; break
    case 8: o[k] = typeof o[k] === 'string' ? mutate(o[k]) : { $link: cidText }; break
  }
  return v
}
const collections = schemas.filter(d => d.defs.main?.type === 'record').map(d => d.id)
for (let i = 0; i < +process.argv[3]; i++) {
  const c = pick(collections); let r = { $type: c, ...value(lex.getDefOrThrow(c)) }
  for (let n = int(3); n > 0; n--) r = spoil(r)
  r.$type = c
  if (/\\u(0000|d[89a-f])/.test(JSON.stringify(r))) continue
  let ok = true, why = ''
  try { lex.assertValidRecord(c, jsonToLex(JSON.parse(JSON.stringify(r)))) } catch (e) { ok = false; why = e.message }
  out({ kind: 'record', c, r, ok, why })
}

// --- whole repositories
for (const n of [0, 1, 2, 10, 200, 1000]) {
  const st = new MemoryBlockstore(), kp = await Secp256k1Keypair.create()
  const repo = await Repo.create(st, 'did:plc:n' + n, kp, Array.from({ length: n }, (_, i) => ({ action: WriteOpAction.Create, collection: pick(['a.b.c', 'com.example.longer']), rkey: 'k' + i + '-' + int(1e6), record: { n: i, s: 'é'.repeat(int(9)), l: [null, true, { x: -i }] } })).map(w => ({ ...w, record: { $type: w.collection, ...w.record } })))
  const chunks = []; for await (const c of getFullRepo(st, repo.cid)) chunks.push(c)
  out({ kind: 'car', b64: Buffer.concat(chunks).toString('base64'), root: repo.commit.data.toString(), n })
}
