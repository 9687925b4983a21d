/** A document's page before anything was cut, and the document that a copy is a copy of. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  curate,
  explainDocument,
  filterSegment,
  findOriginal,
  readPageCuts,
} from '../../src/engine/curate/curate';
import { corpusRecipe } from '../../src/recipe/corpus';
import { gzipped, page, prose, warcRecord } from './warcFiles';

const { signal } = new AbortController();
let scratch: string;
let corpus: string;
let source: string;

const text = [
  prose(2, 1),
  'Write to ahab@pequod.org, or come to 213.61.4.9 and ask for him there.',
  'This site uses cookies to remember what you read.',
  'Two words',
  `${prose(3, 2)} [1]`,
].join('\n');

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-cuts-'));
  corpus = path.join(scratch, 'corpus');
  source = path.join(scratch, 'pages.warc.gz');
  const changed = prose(5, 4).replace(/whale/g, 'fish');
  const records = [
    warcRecord({ url: 'http://example.com/first', body: page(prose(8)) }),
    warcRecord({ url: 'http://example.com/cut', body: page(text, 'Ahab') }),
    warcRecord({ url: 'http://example.com/a', body: page(prose(5, 4)) }),
    warcRecord({ url: 'http://example.com/b', body: page(`${changed}\n${prose(0, 1)}`) }),
    warcRecord({ url: 'http://example.com/c', body: page(prose(8)) }),
    warcRecord({ url: 'http://example.com/short', body: page('Too short to keep.') }),
  ];
  await writeFile(source, gzipped(records));
  const lines = path.join(scratch, 'lines.jsonl');
  await writeFile(lines, `${JSON.stringify({ id: 'x', text: prose(11) })}\n`);
  const recipe = { ...corpusRecipe.defaults(), sources: [source, lines] };
  const events = curate({ recipe, out: corpus, workers: 1, filter: filterSegment }, signal);
  while (!(await events.next()).done);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const placeOf = async (document: string): Promise<{ shard: string; line: number }> => {
  const [found] = await explainDocument(corpus, document, signal);
  if (!found) throw new Error(`There is no ${document}`);
  return { shard: found.shard, line: found.line };
};
const textOf = async (document: string): Promise<string> =>
  (await explainDocument(corpus, document, signal))[0]!.document.text;

it('has every line of the page, with what was cut of it and why', async () => {
  const url = 'http://example.com/cut';
  const lines = await readPageCuts(corpus, await placeOf(url), signal);
  const why = (start: string): unknown => lines.find((line) => line.text.startsWith(start))?.cut;
  expect(why('- Home')).toEqual({ stage: 'extraction', reason: 'notContent' });
  expect(why('Imprint')).toEqual({ stage: 'extraction', reason: 'notContent' });
  expect(why('This site uses cookies')).toEqual({ stage: 'c4', reason: 'policy' });
  expect(why('Two words')).toEqual({ stage: 'c4', reason: 'fewWords' });
  expect(why(prose(2, 1))).toBeUndefined();
  expect(lines.find((line) => line.text.startsWith('Write to'))).toEqual({
    text: 'Write to ahab@pequod.org, or come to 213.61.4.9 and ask for him there.',
    becomes: 'Write to email@example.com, or come to 22.214.171.124 and ask for him there.',
  });
  const left = lines.filter(({ cut }) => !cut).map((line) => line.becomes ?? line.text);
  expect(left.join('\n').trim()).toBe(await textOf(url));
});

it('has no cut line of a text that nothing was cut of, and lines of one dropped before C4', async () => {
  const whole = await readPageCuts(corpus, await placeOf('x'), signal);
  expect(whole.map((line) => line.text).join('\n')).toBe(prose(11));
  expect(whole.every(({ cut, becomes }) => !cut && becomes === undefined)).toBe(true);
  const url = 'http://example.com/short';
  const short = await readPageCuts(corpus, await placeOf(url), signal);
  const left = short.filter(({ cut }) => !cut).map((line) => line.text);
  expect(left.join('\n')).toBe(await textOf(url));
  expect(short.map((line) => line.text)).toContain('Imprint');
});

it('names the document that a copy is a copy of, and says how alike they are', async () => {
  const near = await findOriginal(corpus, await placeOf('http://example.com/b'), signal);
  expect(near).toMatchObject({
    ...(await placeOf('http://example.com/a')),
    similarity: near.similarity,
  });
  expect(near.similarity).toBeGreaterThan(0.4);
  expect(near.similarity).toBeLessThan(1);
  const exact = await findOriginal(corpus, await placeOf('http://example.com/c'), signal);
  expect(exact).toMatchObject({ url: 'http://example.com/first', similarity: 1 });
  const kept = await placeOf('http://example.com/a');
  await expect(findOriginal(corpus, kept, signal)).rejects.toMatchObject({ code: 'not-a-copy' });
});

it('says what is not there any more', async () => {
  const place = await placeOf('http://example.com/cut');
  await expect(readPageCuts(corpus, { ...place, line: 99 }, signal)).rejects.toMatchObject({
    code: 'document-unknown',
  });
  await writeFile(source, 'something else');
  await expect(readPageCuts(corpus, place, signal)).rejects.toMatchObject({
    code: 'source-changed',
  });
});
