/**
 * Makes the crawl that the curation is measured on: a WARC file, gzipped as crawlers do it, of
 *   - the real Common Crawl sample in npm's `warc`, its 13 records as they are
 *   - HTML documentation out of Debian packages, in some fifteen languages (fetched by `apt-get download`,
 *     about 140 MB, and unpacked beside the file; nothing is installed)
 *   - planted pages (support/plantedPages.ts): prose whose text is known, copies, near-copies, spam,
 *     personal data, and records that are broken
 *
 *     npm run bench -- crawl --out FOLDER [--pages 20000] [--cache FOLDER] [--sound]
 *
 * writes FOLDER/crawl-20000.warc.gz and, of each planted page, a line in FOLDER/crawl-20000.truth.jsonl.
 * With --sound the broken records are left out, at which other readers end, and pages in XML, which
 * datatrove passes over. The same packages give the same bytes. Needs a Debian or one of its kind.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { mix, Rng } from '../src/base/rng';
import { packagePages, recordOf, type PageRecord } from './support/crawlPages';
import {
  pageAround,
  plantedText,
  spamText,
  varied,
  withPersonalData,
} from './support/plantedPages';

const SAMPLE =
  'node_modules/warc/test/fixtures/CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc';

/** Of the pages that are not planted for their prose. */
const SHARES = { package: 0.7, copy: 0.03, near: 0.05, spam: 0.04, personal: 0.02, broken: 0.02 };
const RATES = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12];

// --- What is broken ---

/** Broken in one of eight ways; some of them a person could still read. */
function brokenMember(seed: number, number: number): Buffer {
  const url = `http://broken.example.net/${number}`;
  const { html } = pageAround(plantedText(seed), seed);
  const body = Buffer.from(html);
  const plain = (record: Partial<PageRecord>): Buffer =>
    gzipSync(recordOf({ url, body, ...record }, number));
  const whole = plain({});
  switch (seed % 8) {
    case 0:
      return whole.subarray(0, whole.length >> 1);
    case 1:
      return plain({ lie: 5000 });
    case 2:
      return plain({ lie: -500 });
    case 3:
      return gzipSync(Buffer.from(`WARC/1.0\r\nno colon here\r\n\r\n${html}`));
    case 4:
      return plain({
        body: Buffer.from(Uint32Array.from({ length: 5000 }, (_, i) => mix(i)).buffer),
      });
    case 5:
      return plain({
        body: Buffer.from(html.replace(/utf-8/g, 'iso-8859-1').replace(/e /g, 'é '), 'latin1'),
        contentType: 'text/html; charset=utf-8',
      });
    case 6:
      return plain({ status: '404 Not Found' });
    default:
      return plain({ body: Buffer.from('<div>'.repeat(2000) + html) });
  }
}

// --- The crawl ---

type Kind = keyof typeof SHARES | 'prose';

interface Planned {
  readonly kind: Kind;
  /** Which one of its kind. */
  readonly index: number;
}

function plan(pages: number, available: number): Planned[] {
  const planned: Planned[] = [];
  const add = (kind: Kind, count: number): void => {
    for (let index = 0; index < count; index++) planned.push({ kind, index });
  };
  for (const [kind, share] of Object.entries(SHARES) as [keyof typeof SHARES, number][])
    add(kind, Math.min(Math.round(pages * share), kind === 'package' ? available : Infinity));
  add('prose', pages - planned.length);
  return planned;
}

function shuffled<T>(values: readonly T[], rng: Rng): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      cache: { type: 'string' },
      pages: { type: 'string', default: '20000' },
      sound: { type: 'boolean', default: false },
    },
  });
  if (values.out === undefined) {
    console.log(
      'Where to? --out FOLDER (about 150 MB for 20,000 pages, with what is fetched 800).',
    );
    return;
  }
  const pages = Number(values.pages);
  const rng = new Rng(20260101);
  const all = shuffled(packagePages(values.cache ?? path.join(values.out, 'packages')), rng);
  const planned = shuffled(plan(pages, all.length), rng);
  const prose = planned.filter(({ kind }) => kind === 'prose').length;
  mkdirSync(values.out, { recursive: true });
  const name = `crawl-${pages}${values.sound ? '-sound' : ''}`;
  const target = path.join(values.out, `${name}.warc.gz`);
  const file = openSync(target, 'w');
  const truth = openSync(target.replace('.warc.gz', '.truth.jsonl'), 'w');
  const sum = createHash('sha256');
  let written = 0;
  const put = (bytes: Uint8Array): void => {
    written++;
    sum.update(bytes);
    writeSync(file, bytes);
  };
  const seedOf = (index: number): number => mix(index + 77) >>> 1;
  for (const record of readFileSync(SAMPLE, 'latin1').split(/(?=^WARC\/1\.0\r$)/m))
    put(gzipSync(Buffer.from(record, 'latin1')));
  for (const [number, { kind, index }] of planned.entries()) {
    if (kind === 'package') {
      const { url, file: source } = all[index]!;
      const body = readFileSync(source);
      const isXml = body.subarray(0, 64).toString('latin1').includes('<?xml');
      if (!values.sound || !isXml) put(gzipSync(recordOf({ url, body }, number)));
      continue;
    }
    if (kind === 'broken') {
      if (values.sound) continue;
      put(brokenMember(seedOf(index + 5e6), number));
      continue;
    }
    const url = `http://${kind}${index % 97}.example.com/${kind === 'spam' && index % 3 === 0 ? 'casino/' : ''}${index}`;
    const original = seedOf(kind === 'prose' || prose === 0 ? index : index % prose);
    const rate = RATES[index % RATES.length]!;
    const text = {
      prose: () => plantedText(original),
      copy: () => plantedText(original),
      near: () => varied(plantedText(original), rate, seedOf(index + 1e6)),
      spam: () => spamText(seedOf(index + 2e6)),
      personal: () => withPersonalData(plantedText(seedOf(index + 3e6)), seedOf(index)),
    }[kind]();
    // Copies of a text stand in other layouts than the original, as on the web.
    const { html } = pageAround(text, seedOf(index + (kind === 'prose' ? 0 : 4e6)));
    put(gzipSync(recordOf({ url, body: Buffer.from(html) }, number)));
    const of =
      kind === 'copy' || kind === 'near'
        ? `http://prose${(index % prose) % 97}.example.com/${index % prose}`
        : undefined;
    const line = { url, kind, of, rate: kind === 'near' ? rate : undefined, text };
    writeSync(truth, `${JSON.stringify(line)}\n`);
  }
  closeSync(file);
  closeSync(truth);
  console.log(`${target}: ${written} pages, ${statSync(target).size} bytes`);
  console.log(`sha256 ${sum.digest('hex')}`);
}

run(process.argv.slice(2));
