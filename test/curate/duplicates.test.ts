/** Near-duplicates: which are found, against exact set arithmetic and the published curve. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/rng';
import { curate, explainDocument, filterSegment } from '../../src/engine/curate/curate';
import { findCopies } from '../../src/engine/curate/duplicates/clusters';
import { KeyWriter, keyFileOf } from '../../src/engine/curate/duplicates/keyFile';
import { KEY_BYTES, openMinHash } from '../../src/engine/curate/duplicates/minHash';
import { findPairs, readPairs } from '../../src/engine/curate/duplicates/pairs';
import { simplified } from '../../src/engine/curate/duplicates/simplified';
import { corpusRecipe } from '../../src/recipe/corpus';
import { prose } from './warcFiles';

const { signal } = new AbortController();
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-duplicates-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const keysIn = (bands: Uint8Array | undefined): string[] =>
  Array.from({ length: (bands?.length ?? 0) / KEY_BYTES }, (_, i) =>
    Buffer.from(bands ?? []).toString('hex', i * KEY_BYTES, (i + 1) * KEY_BYTES),
  );

/** Whether two texts agree in a band. */
function meet(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  const others = keysIn(b);
  return keysIn(a).some((key, i) => key === others[i]);
}

/** The words of a text, each replaced by an unheard-of one with a probability. */
function noisy(words: readonly string[], rate: number, rng: Rng): string[] {
  return words.map((word) => (rng.uniform() < rate ? `w${rng.uint32()}` : word));
}

function jaccard(a: readonly string[], b: readonly string[], width: number): number {
  const stretchesOf = (words: readonly string[]): Set<string> =>
    new Set(words.slice(width - 1).map((_, i) => words.slice(i, i + width).join(' ')));
  const [one, other] = [stretchesOf(a), stretchesOf(b)];
  const common = [...one].filter((stretch) => other.has(stretch)).length;
  return common / (one.size + other.size - common);
}

describe('the text that is compared', () => {
  // Each as datatrove 0.10.1's simplify_text has it.
  it.each([
    ['Hello,  World!\n\n', 'hello world'],
    ['Café Ångström naïve', 'cafe angstrom naive'],
    ['In 1999 it cost 12.50 or 3,000,000.', 'in 0 it cost 0 or 0 0'],
    ['1|2|3', '0 0 0'],
    ['٣٫١٤ und ⅔', '0 und ⅔'],
    ['“Quoted” — it’s (well-known)…', 'quoted it s well known'],
    ['©2024 • snake_case #tag', '©0 • snake case tag'],
    ['', ''],
  ])('of %j is %j', (text, expected) => {
    expect(simplified(text)).toBe(expected);
  });
});

describe('a signature', () => {
  it('meets another as often as the curve says: .772, .924 and .988 at .75, .80 and .85', async () => {
    const bandKeys = await openMinHash({ bands: 14, hashes: 8, words: 1 });
    const rng = new Rng(7);
    const trials = 1500;
    for (const [similarity, expected] of [
      [0.75, 0.772],
      [0.8, 0.924],
      [0.85, 0.988],
      [0.5, 0.053],
    ] as const) {
      let met = 0;
      for (let trial = 0; trial < trials; trial++) {
        // 60 words in all, `similarity` of them in both.
        const words = Array.from({ length: 60 }, () => String(rng.uint32()));
        const common = words.slice(0, 60 * similarity);
        const own = words.slice(common.length);
        const half = Math.floor(own.length / 2);
        const a = bandKeys([...common, ...own.slice(0, half)]);
        const b = bandKeys([...own.slice(half), ...common]);
        if (meet(a, b)) met++;
      }
      // Four standard deviations of so many trials.
      const slack = 4 * Math.sqrt((expected * (1 - expected)) / trials);
      expect(Math.abs(met / trials - expected)).toBeLessThan(slack);
    }
  });

  it('is that of a set: neither order nor repetition of its stretches counts', async () => {
    const bandKeys = await openMinHash({ bands: 14, hashes: 8, words: 1 });
    const keys = bandKeys(['a', 'b', 'c']);
    expect(bandKeys(['c', 'a', 'b', 'a'])).toEqual(keys);
    expect(keys).toHaveLength(14 * KEY_BYTES);
    expect(meet(bandKeys(['d', 'e', 'f']), keys)).toBe(false);
  });

  it('is there from a stretch of words on', async () => {
    const bandKeys = await openMinHash({ bands: 2, hashes: 1, words: 5 });
    expect(bandKeys(['a', 'b', 'c', 'd'])).toBeUndefined();
    expect(bandKeys(['a', 'b', 'c', 'd', 'e'])).toHaveLength(2 * KEY_BYTES);
  });
});

/** Texts in a corpus of JSON Lines, compared by all steps; every filter is off. */
async function corpusOf(
  name: string,
  files: readonly (readonly string[])[],
  { workers = 1, settings = [] as readonly string[] } = {},
): Promise<string> {
  const folder = path.join(scratch, `${name}-sources`);
  await mkdir(folder, { recursive: true });
  const sources: string[] = [];
  for (const [i, texts] of files.entries()) {
    sources.push(path.join(folder, `${i}.jsonl`));
    const lines = texts.map((text) => `${JSON.stringify({ text })}\n`);
    await writeFile(sources.at(-1)!, lines.join(''));
  }
  const off = ['url', 'language', 'gopherRepetition', 'gopherQuality', 'c4', 'fineweb', 'pii'];
  const recipe = corpusRecipe.apply({ ...corpusRecipe.defaults(), sources }, [
    ...off.map((stage) => `${stage}.enabled=false`),
    ...settings,
  ]);
  const out = path.join(scratch, name);
  for await (const event of curate({ recipe, out, workers, filter: filterSegment }, signal))
    expect(event.kind).toMatch(/start|progress|done/);
  return out;
}

interface Dropped {
  readonly id: string;
  readonly text: string;
  readonly drop: { readonly stage: string; readonly reason: string; readonly of: string };
}

async function droppedOf(out: string): Promise<Dropped[]> {
  const text = await readFile(path.join(out, 'dropped-00000.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Dropped);
}

describe('near-duplicates in a corpus', () => {
  it('are found across sources, and name the first of their kind', async () => {
    const near = prose(2).replace('the', 'THE').replace(/\.$/, '!');
    const out = await corpusOf('across', [
      [prose(1), prose(2)],
      [near, prose(4), prose(2)],
    ]);
    const found = await droppedOf(out);
    const second = found[0]?.drop.of ?? '';
    const [first] = await explainDocument(out, second, signal);
    expect(first?.document.text).toBe(prose(2));
    expect(found.map(({ text, drop }) => [text, drop])).toEqual([
      [near, { stage: 'nearDuplicates', reason: 'similar', of: second }],
      [prose(2), { stage: 'exactDuplicates', reason: 'copy', of: second }],
    ]);
  });

  it('are kept where that is off', async () => {
    const near = prose(2).replace('the', 'THE');
    const settings = ['nearDuplicates.enabled=false'];
    expect(await droppedOf(await corpusOf('off', [[prose(2), near]], { settings }))).toEqual([]);
    const only = ['exactDuplicates.enabled=false'];
    const [found] = await droppedOf(
      await corpusOf('only', [[prose(2), prose(2)]], { settings: only }),
    );
    expect(found?.drop).toMatchObject({ stage: 'nearDuplicates', reason: 'similar' });
  });

  it('are those that exact similarities would find: planted ones against every pair', async () => {
    const rng = new Rng(3);
    const originals = Array.from({ length: 60 }, () =>
      Array.from({ length: 120 }, () => `v${rng.uint32() % 5000}`),
    );
    const texts = originals.flatMap((words) => [
      words,
      ...[0, 0.005, 0.01, 0.02, 0.05, 0.2].map((rate) => noisy(words, rate, rng)),
    ]);
    const bandKeys = await openMinHash({ bands: 14, hashes: 8, words: 5 });
    const keys = texts.map((words) => bandKeys(words));
    let expected = 0;
    const counts = { similar: 0, similarFound: 0, found: 0, foundDissimilar: 0 };
    let variance = 0;
    for (let i = 0; i < texts.length; i++)
      for (let j = i + 1; j < texts.length; j++) {
        const met = meet(keys[i], keys[j]);
        // Different originals have next to nothing in common.
        const s = Math.floor(i / 7) === Math.floor(j / 7) ? jaccard(texts[i]!, texts[j]!, 5) : 0;
        const chance = 1 - (1 - s ** 8) ** 14;
        expected += chance;
        variance += chance * (1 - chance);
        if (met) counts.found++;
        if (met && s < 0.5) counts.foundDissimilar++;
        if (s < 0.85) continue;
        counts.similar++;
        if (met) counts.similarFound++;
      }
    expect(counts.similar).toBeGreaterThan(300);
    expect(counts.similarFound / counts.similar).toBeGreaterThan(0.98);
    expect(counts.foundDissimilar / counts.found).toBeLessThan(0.02);
    // In all as many as the curve gives; pairs of one original hang together, so with room to spare.
    expect(Math.abs(counts.found - expected)).toBeLessThan(8 * Math.sqrt(variance));
  });
});

describe('the steps on files', () => {
  const SECTIONS = 3;

  /** Segments of random keys of which many are equal, and the pairs of a section. */
  async function segmentsOf(name: string, cuts: readonly number[]): Promise<string[]> {
    const rng = new Rng(11);
    const folders: string[] = [];
    for (const [i, documents] of cuts.entries()) {
      const folder = path.join(scratch, name, String(i));
      await mkdir(folder, { recursive: true });
      folders.push(folder);
      const writer = await KeyWriter.create(keyFileOf(folder), SECTIONS);
      for (let document = 0; document < documents; document++) {
        const keys = Buffer.alloc(SECTIONS * KEY_BYTES);
        for (let at = 0; at < keys.length; at += KEY_BYTES) {
          const value = rng.uint32() % 4000;
          keys.writeUInt32LE(Math.imul(value, 0x9e3779b1) >>> 0, at);
        }
        await writer.add([[0, keys]]);
      }
      await writer.close();
    }
    return folders;
  }

  async function pairsOf(
    segments: readonly string[],
    section: number,
    atOnce?: number,
  ): Promise<string[]> {
    const target = path.join(scratch, `pairs-${section}.bin`);
    await findPairs({ segments, sections: SECTIONS, section }, target, signal, atOnce);
    const pairs: string[] = [];
    for await (const pair of readPairs(target)) pairs.push(pair.join());
    return pairs.sort();
  }

  it('find the same pairs however the documents are cut, and however few are held at once', async () => {
    const whole = await segmentsOf('whole', [9000]);
    const cut = await segmentsOf('cut', [4096, 0, 1, 4903]);
    for (let section = 0; section < SECTIONS; section++) {
      const pairs = await pairsOf(whole, section);
      expect(pairs.length).toBeGreaterThan(4000);
      expect(await pairsOf(cut, section)).toEqual(pairs);
      expect(await pairsOf(cut, section, 500)).toEqual(pairs);
    }
  });

  it('join pairs to clusters whose first is kept', async () => {
    const file = async (name: string, pairs: readonly number[]): Promise<string> => {
      const target = path.join(scratch, name);
      await writeFile(target, new Uint8Array(Uint32Array.from(pairs).buffer));
      return target;
    };
    const exact = await file('exact', [2, 7]);
    // 1 and 5 and 8 hang together over two bands; 2 and 7 are the same text, and 3 is like both.
    const near = [await file('near-1', [5, 8, 2, 3]), await file('near-2', [1, 8, 2, 7])];
    const found = async (files: Parameters<typeof findCopies>[1]): Promise<string[]> => {
      const copies: string[] = [];
      for await (const { number, stage, of } of findCopies(9, files))
        copies.push(`${number} ${stage === 'exactDuplicates' ? 'copy of' : 'like'} ${of}`);
      return copies;
    };
    expect(await found({ exact, near })).toEqual([
      ...['3 like 2', '5 like 1', '7 copy of 2', '8 like 1'],
    ]);
    expect(await found({ exact, near: [] })).toEqual(['7 copy of 2']);
    expect(await found({ exact: undefined, near: [near[0]!] })).toEqual(['3 like 2', '8 like 5']);
  });
});
