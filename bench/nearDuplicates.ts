/**
 * Which near-duplicates the curation finds, by how alike they are: pairs of a passage and a copy with words
 * replaced, their exact Jaccard similarity s over stretches of five words, and the share of pairs that a
 * corpus drops one of, beside the formula 1 - (1 - s^8)^14. A passage is a paragraph that occurs once, so
 * each pair stands for itself.
 *
 *     npm run bench -- nearDuplicates [--json FILE]
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { curate, filterSegment } from '../src/engine/curate/curate';
import { corpusRecipe } from '../src/recipe/corpus';
import { passages, varied } from './support/plantedPages';

const BANDS = 14;
const HASHES = 8;
const BIN = 0.05;
/** Corpora that are made, each with other copies of the same passages. */
const ROUNDS = 5;
/** Alike enough to be called the same, for precision and recall. */
const ALIKE = 0.8;

/** The stretches of a text of ASCII letters, as the curation simplifies it. */
function stretches(text: string): Set<string> {
  const words = text
    .toLowerCase()
    .replace(/\d+(?:[.,]\d+)?/g, '0')
    .match(/[a-z0-9]+/g);
  const all = words ?? [];
  return new Set(all.slice(4).map((_, i) => all.slice(i, i + 5).join(' ')));
}

function jaccard(a: Set<string>, b: Set<string>): number {
  let both = 0;
  for (const stretch of a) if (b.has(stretch)) both++;
  return both / (a.size + b.size - both);
}

const formula = (s: number): number => 1 - (1 - s ** HASHES) ** BANDS;

const droppedSchema = z.object({ url: z.string(), drop: z.object({ reason: z.string() }) });

/** Numbers of the pairs whose copy, or original, was dropped as similar. */
async function foundBy(texts: readonly (readonly [string, string])[]): Promise<Set<number>> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'glassbox-near-'));
  try {
    const source = path.join(scratch, 'pairs.jsonl');
    const lines = texts.flatMap((pair, i) =>
      pair.map((text) => JSON.stringify({ text, url: `http://pair.example.com/${i}` })),
    );
    writeFileSync(source, lines.join('\n'));
    const off = ['url', 'language', 'gopherRepetition', 'gopherQuality', 'c4', 'fineweb', 'pii'];
    const settings = [...off, 'exactDuplicates'].map((stage) => `${stage}.enabled=false`);
    const recipe = {
      ...corpusRecipe.apply(corpusRecipe.defaults(), settings),
      sources: [source],
    };
    const options = { recipe, out: path.join(scratch, 'out'), workers: 1, filter: filterSegment };
    const events = curate(options, new AbortController().signal);
    while (!(await events.next()).done);
    const found = new Set<number>();
    for (const name of readdirSync(options.out).filter((each) => each.startsWith('dropped-')))
      for (const line of readFileSync(path.join(options.out, name), 'utf8').trim().split('\n')) {
        const { url, drop } = droppedSchema.parse(JSON.parse(line));
        if (drop.reason === 'similar') found.add(Number(url.split('/').at(-1)));
      }
    return found;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'string' } } });
  const similarity: number[] = [];
  const isFound: boolean[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Rates that spread the pairs over all similarities.
    const texts = passages(1).map((text, i) => {
      const letters = text.replace(/[^\x20-\x7e\n]/g, '');
      const rate = 0.001 + 0.12 * ((i % 100) / 100) ** 1.5;
      return [letters, varied(letters, rate, ROUNDS * i + round)] as const;
    });
    const found = await foundBy(texts);
    similarity.push(...texts.map(([a, b]) => jaccard(stretches(a), stretches(b))));
    isFound.push(...texts.map((_, i) => found.has(i)));
  }
  const bins = Array.from({ length: Math.round(1 / BIN) }, (_, bin) => {
    const own = similarity.flatMap((s, i) =>
      Math.min(Math.floor(s / BIN), 1 / BIN - 1) === bin ? [{ s, found: isFound[i] === true }] : [],
    );
    const mean = (of: (pair: { s: number; found: boolean }) => number): number =>
      own.reduce((sum, pair) => sum + of(pair), 0) / own.length;
    return {
      pairs: own.length,
      similarity: mean(({ s }) => s),
      formula: mean(({ s }) => formula(s)),
      measured: mean((pair) => Number(pair.found)),
    };
  }).filter(({ pairs }) => pairs > 0);
  console.table(
    bins.map((bin) => ({
      ...bin,
      similarity: bin.similarity.toFixed(3),
      formula: bin.formula.toFixed(3),
      measured: bin.measured.toFixed(3),
      'standard error': Math.sqrt((bin.formula * (1 - bin.formula)) / bin.pairs).toFixed(3),
    })),
  );
  const alike = similarity.flatMap((s, i) => (s >= ALIKE ? [isFound[i] === true] : []));
  const dropped = similarity.filter((_, i) => isFound[i] === true);
  const share = (count: number, of: number): string => `${count} of ${of}`;
  console.log(
    `of pairs with s >= ${ALIKE}: ${share(alike.filter(Boolean).length, alike.length)} found; of pairs found: ` +
      `${share(dropped.filter((s) => s >= ALIKE).length, dropped.length)} with s >= ${ALIKE}, ` +
      `${share(dropped.filter((s) => s >= 0.6).length, dropped.length)} with s >= 0.6`,
  );
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(bins));
}

void run(process.argv.slice(2));
