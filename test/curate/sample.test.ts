/** A sample's documents, judged anew under other thresholds, against corpora that were made with these. */
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  curate,
  filterSegment,
  findDocuments,
  sampleCorpus,
  type SampleEvent,
} from '../../src/engine/curate/curate';
import { corpusRecipe, type CorpusRecipe } from '../../src/recipe/corpus';
import { findingsIn, judge, NOT_MEASURED, settingsOf } from '../../src/recipe/judging';
import { page, prose, warcRecord } from './warcFiles';

const { signal } = new AbortController();
let scratch: string;

const bad: Readonly<Record<string, string>> = {
  short: prose(3).slice(0, 120),
  repeated: Array(8).fill(prose(4, 1)).join('\n'),
  german: 'Der Wal schwimmt durch das weite Meer, und niemand weiss, wohin er will. '.repeat(12),
  code: `${prose(5)}\nif (whale) { dive(); } else { blow(); } // and more of this kind`,
  cut: `${prose(6)}\nThis site uses cookies to follow you about.\nTwo words\n${prose(7, 1)}`,
  // Of it C4 leaves nothing.
  policy: `${prose(13).replace(/\n/g, ' ')} This site uses cookies to follow you about.`,
  list: prose(8).replace(/ (?=\S+ \S+ \S+ \S+ )/g, '\n'),
  copy: prose(1),
  similar: prose(1).replace('the', 'a'),
  personal: `${prose(12)}\nWrite to ahab@pequod.org about it, if you like to.`,
  chinese: '鲸鱼游过宽阔的大海，没有人知道它要去哪里。船长站在甲板上，看着远方的地平线。'.repeat(9),
  empty: '',
};

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-sample-'));
  const records = [
    ...Array.from({ length: 4 }, (_, i) =>
      warcRecord({ url: `http://example.com/${i}`, body: page(prose(i), `Page ${i}`) }),
    ),
    ...Object.entries(bad).map(([name, text]) =>
      warcRecord({ url: `http://example.com/${name}`, body: page(text, name) }),
    ),
    warcRecord({ url: 'http://example.com/nude-dating', body: page(prose(9)) }),
    warcRecord({ url: 'http://example.com/porn', body: page(prose(10)) }),
    warcRecord({ url: 'http://example.com/gone', status: '404 Not Found', body: page(prose(11)) }),
  ];
  await writeFile(path.join(scratch, 'pages.warc'), Buffer.concat(records));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function make(name: string, settings: readonly string[]): Promise<string> {
  const out = path.join(scratch, name);
  const sources = [path.join(scratch, 'pages.warc')];
  const recipe = corpusRecipe.apply({ ...corpusRecipe.defaults(), sources }, settings);
  const events = curate({ recipe, out, workers: 1, filter: filterSegment }, signal);
  while (!(await events.next()).done);
  return out;
}

interface Sample {
  readonly recipe: CorpusRecipe;
  readonly documents: Extract<SampleEvent, { kind: 'documents' }>['documents'];
}

async function sample(corpus: string, size = 1000, seed = 1): Promise<Sample> {
  const documents: Sample['documents'][number][] = [];
  let recipe: CorpusRecipe | undefined;
  for await (const event of sampleCorpus(corpus, { size, seed }, signal))
    if (event.kind === 'start') ({ recipe } = event);
    else documents.push(...event.documents);
  if (!recipe) throw new Error('A sample begins with its recipe');
  return { recipe, documents };
}

/** By address: the verdict, and the tokens of what is kept. */
async function made(corpus: string): Promise<Record<string, string | number>> {
  const { documents } = await findDocuments(corpus, { query: '', limit: 100 }, signal);
  return Object.fromEntries(
    documents.map(({ url, dropped, tokens }) => [url ?? '', dropped ?? tokens]),
  );
}

function judged({ documents }: Sample, recipe: CorpusRecipe): Record<string, string | number> {
  const settings = settingsOf(recipe);
  return Object.fromEntries(
    documents.map((document) => {
      const verdict = judge(document, settings);
      const { tokens } = findingsIn(document, settings);
      const said = verdict ? `${verdict.stage}.${verdict.reason}` : tokens;
      return [document.url ?? '', said];
    }),
  );
}

it('gives the verdicts of the corpus back, and those of any other thresholds', async () => {
  const corpus = await make('first', []);
  const first = await sample(corpus);
  const verdicts = await made(corpus);
  expect(new Set(Object.values(verdicts)).size).toBeGreaterThan(8);
  expect(judged(first, first.recipe)).toEqual(verdicts);
  for (const [i, settings] of [
    ['gopherQuality.minWords=10', 'gopherQuality.minStopWords=0'],
    [
      ...['gopherRepetition.maxDuplicateParagraphs=1', 'gopherRepetition.maxDuplicateLines=1'],
      ...['gopherRepetition.maxDuplicateLineCharacters=1', 'gopherRepetition.maxTop2Gram=1'],
      ...[5, 6, 7, 8, 9, 10].map((n) => `gopherRepetition.maxDuplicate${n}Grams=1`),
      ...['fineweb.maxDuplicateLineCharacters=1', 'gopherRepetition.maxTop4Gram=1'],
    ],
    ['language.minScore=0', 'c4.maxCurlyBrackets=3', 'c4.minSentences=1'],
    ['fineweb.maxNewlines=1', 'fineweb.maxShortLines=1', 'fineweb.minPunctuatedLines=0'],
    ['url.maxSoftWords=5'],
    ['gopherQuality.minWords=200', 'extraction.minCharacters=0', 'fineweb.maxNewlines=0.01'],
  ].entries()) {
    const again = await make(`again-${i}`, settings);
    const { recipe } = await sample(again);
    expect(judged(first, recipe)).toEqual(await made(again));
    // And the way back: what was let in is dropped for the reason that it would have been dropped for.
    if (settings.includes('language.minScore=0'))
      expect(judged(await sample(again), first.recipe)).toEqual(verdicts);
  }
});

it('gives the verdicts of a corpus that was made with other stages on', async () => {
  const whole = await make('whole', []);
  for (const [i, stages] of [
    ['c4'],
    ['language'],
    ['c4', 'language', 'fineweb'],
    ['url', 'gopherQuality'],
    ['gopherRepetition', 'gopherQuality', 'c4'],
    ['exactDuplicates'],
    ['nearDuplicates'],
    ['exactDuplicates', 'nearDuplicates'],
  ].entries()) {
    const part = await make(
      `part-${i}`,
      stages.map((stage) => `${stage}.enabled=false`),
    );
    const [all, some] = [await sample(whole), await sample(part)];
    expect(judged(all, some.recipe)).toEqual(await made(part));
    expect(judged(some, some.recipe)).toEqual(await made(part));
    // Who is a copy is not looked into anew.
    if (!stages.some((stage) => stage.endsWith('Duplicates')))
      expect(judged(some, all.recipe)).toEqual(await made(whole));
  }
});

it('sees documents as they are stored whose sources are gone', async () => {
  const corpus = await make('stored', ['c4.minSentences=0']);
  const { recipe } = await sample(corpus);
  const verdictsThen = await made(corpus);
  expect(verdictsThen['http://example.com/policy']).toBe('fineweb.empty');
  await rename(path.join(scratch, 'pages.warc'), path.join(scratch, 'elsewhere.warc'));
  try {
    const { documents } = await sample(corpus);
    const kept = documents.filter(({ shard }) => shard.startsWith('kept'));
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.every(({ asStored }) => asStored)).toBe(true);
    expect(judged({ documents, recipe }, recipe)).toEqual(verdictsThen);
    const off = corpusRecipe.apply(recipe, ['c4.enabled=false']);
    const verdicts = judged({ documents, recipe }, off);
    for (const { url, tokens } of kept) expect(verdicts[url ?? '']).toBe(tokens);
    expect(verdicts['http://example.com/code']).toBeTypeOf('number');
  } finally {
    await rename(path.join(scratch, 'elsewhere.warc'), path.join(scratch, 'pages.warc'));
  }
});

it('says of which documents nothing can be told', async () => {
  const corpus = await make('soft', []);
  // Its source could say more, but is no longer there.
  await appendFile(path.join(scratch, 'pages.warc'), ' ');
  const { documents, recipe } = await sample(corpus);
  const changed = corpusRecipe.apply(recipe, ['url.maxSoftWords=5']);
  const verdicts = judged({ documents, recipe }, changed);
  expect(verdicts['http://example.com/nude-dating']).toBe(`url.${NOT_MEASURED}`);
  expect(verdicts['http://example.com/porn']).toBe('url.hardWord');
  expect(verdicts['http://example.com/gone']).toBe('source.httpStatus');
});

it('is the same for the same seed, in the order of the corpus, and of the size asked for', async () => {
  const corpus = await make('sized', ['output.format=parquet']);
  const ids = async (size: number, seed: number): Promise<string[]> =>
    (await sample(corpus, size, seed)).documents.map(({ shard, line }) => `${shard}:${line}`);
  const all = await ids(1000, 1);
  const some = await ids(5, 1);
  expect(some).toHaveLength(5);
  expect(new Set(some).size).toBe(5);
  expect(all.filter((id) => some.includes(id))).toEqual(some);
  expect(await ids(5, 1)).toEqual(some);
  const seeds = await Promise.all([2, 3, 4].map((seed) => ids(5, seed)));
  expect(seeds.some((each) => each.join() !== some.join())).toBe(true);
});

it('stops when it is told to', async () => {
  const corpus = await make('stopped', []);
  const abort = new AbortController();
  const events = sampleCorpus(corpus, { size: 1000, seed: 1 }, abort.signal);
  expect((await events.next()).value).toMatchObject({ kind: 'start', documents: 19, sampled: 19 });
  abort.abort();
  await expect(events.next()).rejects.toMatchObject({ code: 'cancelled' });
});
