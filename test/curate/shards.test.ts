/** A corpus made in parts, by several at once, is the one that a single run makes. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curate, filterSegment, type CurateEvent } from '../../src/engine/curate/curate';
import type { Shard, Step } from '../../src/engine/curate/steps';
import { corpusRecipe, type CorpusRecipe } from '../../src/recipe/corpus';
import { page, prose, warcRecord } from './warcFiles';

const { signal } = new AbortController();
let scratch: string;
let recipe: CorpusRecipe;

/** A text with some words replaced: near, but no copy. */
const altered = (text: string): string => text.replace(/\b(sea|ship|whale)\b/, 'water');

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-shards-'));
  // Long pages, so that there are several segments; copies lie in other segments than what they copy.
  const filler = `<!--${'x'.repeat(700_000)}-->`;
  const texts = Array.from({ length: 24 }, (_, i) =>
    i < 10 ? prose(i) : i < 18 ? altered(prose(i - 10)) : prose(i - 18),
  );
  const records = texts.map((text, i) =>
    warcRecord({ url: `http://example.com/${i}`, body: page(text) + filler }),
  );
  const source = path.join(scratch, 'pages.warc');
  await writeFile(source, Buffer.concat(records));
  recipe = { ...corpusRecipe.defaults(), sources: [source] };
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function take(
  name: string,
  { step, shard, workers = 1 }: { step?: Step; shard?: Shard; workers?: number } = {},
  planned = false,
): Promise<CurateEvent[]> {
  const events: CurateEvent[] = [];
  const out = path.join(scratch, name);
  const options = { out, workers, step, shard, filter: filterSegment };
  for await (const event of curate({ ...options, recipe: planned ? undefined : recipe }, signal))
    events.push(event);
  return events;
}

async function contents(name: string): Promise<Record<string, string>> {
  const folder = path.join(scratch, name);
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((each) => readFile(path.join(folder, each), 'utf8')));
  return Object.fromEntries(names.map((each, i) => [each, texts[i]!]));
}

describe('the parts of a curation', () => {
  it('give the single run’s corpus, to the byte, whatever their number and order', async () => {
    const done = (await take('single', { workers: 3 })).at(-1);
    expect(done).toMatchObject({ kind: 'done', documentsIn: 24, documentsKept: 10 });
    const { dropped } = done as Extract<CurateEvent, { kind: 'done' }>;
    expect(Object.keys(dropped).sort()).toEqual(['exactDuplicates.copy', 'nearDuplicates.similar']);
    const single = await contents('single');

    for (const [of, bands] of [
      [1, 1],
      [3, 4],
      [8, 15],
    ] as const) {
      const name = `parts-${of}`;
      const shards = (parts: number): Shard[] =>
        Array.from({ length: parts }, (_, index) => ({ index, of: parts })).reverse();
      await Promise.all(shards(of).map((shard) => take(name, { step: 'filter', shard })));
      await Promise.all(shards(bands).map((shard) => take(name, { step: 'bands', shard }, true)));
      expect(await take(name, { step: 'clusters' }, true)).toContainEqual({
        kind: 'stepDone',
        step: 'clusters',
        out: path.join(scratch, name),
      });
      await take(name, { step: 'write' }, true);
      expect(await contents(name)).toEqual(single);
    }
  });

  it('are gone on with by a single run', async () => {
    await take('begun', { step: 'filter', shard: { index: 1, of: 2 } });
    const start = (await take('begun', {}, true))[0];
    expect(start).toMatchObject({ kind: 'start' });
    expect((start as Extract<CurateEvent, { kind: 'start' }>).resumed).toBeGreaterThan(0);
    expect(await contents('begun')).toEqual(await contents('single'));
  });

  it('say which step they wait for', async () => {
    const waits = async (step: Step): Promise<unknown> => {
      const thrown: unknown = await take('waits', { step }, true).catch((error: unknown) => error);
      return thrown;
    };
    expect(await waits('bands')).toMatchObject({ code: 'no-plan' });
    expect(await readdir(scratch)).not.toContain('waits');
    await take('waits', { step: 'filter', shard: { index: 0, of: 2 } });
    expect(await waits('bands')).toMatchObject({
      code: 'step-missing',
      message: expect.stringMatching(/of \d+ segments are not filtered yet/) as string,
    });
    await take('waits', { step: 'filter' });
    expect(await waits('clusters')).toMatchObject({ code: 'step-missing' });
    expect(await waits('write')).toMatchObject({ code: 'step-missing' });
  });
});
