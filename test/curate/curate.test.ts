import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/engine/data/data';
import {
  curate,
  explainDocument,
  explainSource,
  filterSegment,
  findDocuments,
  readStatistics,
  type CurateEvent,
} from '../../src/engine/curate/curate';
import { corpusRecipe } from '../../src/recipe/corpus';
import { gzipped, page, prose, warcRecord } from './warcFiles';

const { signal } = new AbortController();
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-curate-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Makes a corpus, and gives its last event. */
async function make(
  name: string,
  sources: readonly string[],
  settings: readonly string[] = [],
  workers = 1,
): Promise<{ out: string; done: Extract<CurateEvent, { kind: 'done' }> }> {
  const out = path.join(scratch, name);
  const recipe = corpusRecipe.apply(
    { ...corpusRecipe.defaults(), sources: [...sources] },
    settings,
  );
  let done: Extract<CurateEvent, { kind: 'done' }> | undefined;
  for await (const event of curate({ recipe, out, workers, filter: filterSegment }, signal))
    if (event.kind === 'done') done = event;
  if (!done) throw new Error('A corpus that is done says so');
  return { out, done };
}

async function warcFile(name: string, records: readonly Buffer[]): Promise<string> {
  const file = path.join(scratch, name);
  await writeFile(file, name.endsWith('.gz') ? gzipped(records) : Buffer.concat(records));
  return file;
}

const pages = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) =>
    warcRecord({ url: `http://example.com/${i}`, body: page(prose(i), `Page ${i}`) }),
  );

describe('the sample of Common Crawl', () => {
  it('is read whole, and every record is explained', async () => {
    const folder = path.resolve('node_modules/warc/test/fixtures');
    const name = (await readdir(folder)).find((each) => each.endsWith('.warc'));
    const { out, done } = await make('common-crawl', [path.join(folder, name ?? '')]);
    // By eye: an image, two photo galleries of a line each, and a wiki's empty list of links.
    expect(done).toMatchObject({
      documentsIn: 4,
      documentsKept: 0,
      dropped: { 'gopherQuality.minWords': 3, 'source.notAPage': 1 },
    });
    const url = 'http://0pointer.de/photos/?gallery=Australia&photo=496';
    const [found] = await explainDocument(out, url, signal);
    expect(found?.document).toMatchObject({
      title: 'Photos',
      language: 'en',
      drop: { stage: 'gopherQuality', reason: 'minWords', threshold: 50 },
    });
    const quality = found?.stages.find(({ stage }) => stage === 'gopherQuality');
    const words = quality?.values.find(({ measure }) => measure === 'words');
    expect(words?.limits).toContainEqual({
      setting: 'minWords',
      threshold: 50,
      drops: 'below',
      crossed: true,
    });
  });
});

describe('a corpus', () => {
  it('holds what passes, cut to its main content, with where it came from', async () => {
    const file = await warcFile('one.warc.gz', pages(3));
    const { out, done } = await make('one', [file]);
    expect(done).toMatchObject({ documentsIn: 3, documentsKept: 3, dropped: {} });
    const [first] = (await readFile(path.join(out, 'kept-00000.jsonl'), 'utf8')).split('\n');
    const document: unknown = JSON.parse(first ?? '');
    expect(document).toMatchObject({
      id: '0-0',
      url: 'http://example.com/0',
      date: '2024-05-01T12:00:00Z',
      title: 'Page 0',
      language: 'en',
      file,
      offset: 0,
      text: prose(0),
    });
  });

  it('is a source of documents to train on, without what was dropped', async () => {
    const file = await warcFile('train.warc', [
      ...pages(2),
      warcRecord({ url: 'http://example.com/short', body: page('Too short to keep.') }),
    ]);
    const { out } = await make('train', [file]);
    const texts: string[] = [];
    for await (const { text } of readDocuments([out])) texts.push(text);
    expect(texts).toEqual([prose(0), prose(1)]);
  });

  it('drops copies of an earlier document, and names that one', async () => {
    const text = page(prose(1));
    const file = await warcFile('copies.warc', [
      warcRecord({ url: 'http://example.com/a', body: text }),
      warcRecord({ url: 'http://example.org/b', body: text }),
    ]);
    const { out, done } = await make('copies', [file]);
    expect(done.dropped).toEqual({ 'exactDuplicates.copy': 1 });
    const [copy] = await explainDocument(out, 'http://example.org/b', signal);
    expect(copy?.document.drop).toMatchObject({ stage: 'exactDuplicates', of: '0-0' });
  });

  it('is looked through for words, and each document found is explained', async () => {
    const file = await warcFile('find.warc', [
      ...pages(3),
      warcRecord({ url: 'http://casino.example.com/', body: page(prose(9)) }),
    ]);
    const { out } = await make('find', [file]);
    const find = (query: string, limit = 10) => findDocuments(out, { query, limit }, signal);
    const all = await find('');
    expect(all).toMatchObject({ more: false, documents: { length: 4 } });
    expect(await find('', 2)).toMatchObject({ more: true, documents: { length: 2 } });
    expect((await find('pAGE 1')).documents.map(({ title }) => title)).toContain('Page 1');
    expect((await find('nowhere-to-be-found')).documents).toEqual([]);
    const [dropped] = (await find('url.hardWord')).documents;
    expect(dropped).toMatchObject({ shard: 'dropped-00000.jsonl', line: 1 });
    for (const { shard, line, id } of all.documents) {
      const explanation = await explainSource(`${path.join(out, shard)}:${line}`, signal);
      expect(explanation?.document.id).toBe(id);
    }
    expect(await explainSource(`${path.join(out, 'stats.json')}:1`, signal)).toBeUndefined();
  });

  it('counts how many each stage left', async () => {
    const file = await warcFile('funnel.warc', [
      ...pages(3),
      warcRecord({ url: 'http://casino.example.com/', body: page(prose(9)) }),
      warcRecord({ url: 'http://example.com/de', body: page('Das ist ein Satz.\n'.repeat(20)) }),
    ]);
    const { out } = await make('funnel', [file]);
    const { funnel, documentsIn, histograms } = await readStatistics(out);
    const left = Object.fromEntries(funnel.map(({ stage, documents }) => [stage, documents]));
    expect(documentsIn).toBe(5);
    expect(left).toMatchObject({ source: 5, url: 4, extraction: 4, language: 3, fineweb: 3 });
    const { counts } = histograms['gopherQuality.words'] ?? { counts: [] };
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('is the same, byte for byte, whatever the number of workers', async () => {
    // Long pages, so that there are several segments.
    const filler = `<!--${'x'.repeat(600_000)}-->`;
    const records = Array.from({ length: 15 }, (_, i) =>
      warcRecord({ url: `http://example.com/${i}`, body: page(prose(i)) + filler }),
    );
    const file = await warcFile('many.warc', records);
    const read = async (name: string, workers: number): Promise<Record<string, string>> => {
      const { out } = await make(name, [file], [], workers);
      const names = (await readdir(out)).sort();
      const texts = await Promise.all(names.map((each) => readFile(path.join(out, each), 'utf8')));
      return Object.fromEntries(names.map((each, i) => [each, texts[i]!]));
    };
    const alone = await read('many-1', 1);
    expect(Object.keys(alone)).toContain('kept-00000.jsonl');
    expect(await read('many-3', 3)).toEqual(alone);
  });

  it('is made by one at a time', async () => {
    const file = await warcFile('busy.warc', pages(1));
    const recipe = { ...corpusRecipe.defaults(), sources: [file] };
    const out = path.join(scratch, 'busy');
    let go = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (go = resolve));
    const filter = async (...job: Parameters<typeof filterSegment>): Promise<void> => {
      await waiting;
      await filterSegment(...job);
    };
    const events = curate({ recipe, out, workers: 1, filter }, signal);
    await events.next();
    await expect(make('busy', [file])).rejects.toMatchObject({ code: 'run-busy' });
    go();
    let last: CurateEvent | undefined;
    for await (const event of events) last = event;
    expect(last).toMatchObject({ kind: 'done', documentsKept: 1 });
    expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is not written over, nor into a folder of something else', async () => {
    const file = await warcFile('again.warc', pages(1));
    await make('again', [file]);
    await expect(make('again', [file])).rejects.toMatchObject({ code: 'corpus-exists' });
    const other = path.join(scratch, 'other');
    await make('other', [file]);
    await rm(path.join(other, 'corpus.json'));
    await expect(make('other', [file])).rejects.toMatchObject({ code: 'not-a-corpus' });
  });
});

describe("Common Crawl's own sample", () => {
  it('has a reason for each of its pages, and the values that led to it', async () => {
    const { out, done } = await make('sample', [
      'node_modules/warc/test/fixtures/CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc',
    ]);
    expect(done).toMatchObject({ documentsIn: 4, documentsKept: 0 });
    const { documents } = await findDocuments(out, { query: '', limit: 10 }, signal);
    const found = [];
    for (const { id } of documents) {
      const [explanation] = await explainDocument(out, id, signal);
      const { url, drop, values } = explanation!.document;
      const host = new URL(url ?? '').host;
      found.push([host, `${drop?.stage}.${drop?.reason}`, values['gopherQuality']?.['words']]);
    }
    // An empty answer; two photographs; what a wiki says of a page that nothing links to.
    expect(found).toEqual([
      ['0.r.msn.com', 'source.notAPage', undefined],
      ['0pointer.de', 'gopherQuality.minWords', 27],
      ['0pointer.de', 'gopherQuality.minWords', 27],
      ['0x20.be', 'gopherQuality.minWords', 34],
    ]);
  });
});

describe('a Parquet corpus', () => {
  it('holds what one of JSON Lines holds, and is trained on and explained alike', async () => {
    const file = await warcFile('formats.warc', [
      ...pages(3),
      warcRecord({ url: 'http://example.com/short', body: page('Too short to keep.') }),
    ]);
    const lines = await make('as-lines', [file]);
    const parquet = await make('as-parquet', [file], ['output.format=parquet']);
    expect(parquet.done).toMatchObject({ ...lines.done, out: parquet.out });
    expect(await readdir(parquet.out)).toContain('kept-00000.parquet');
    const texts: string[] = [];
    for await (const { text } of readDocuments([parquet.out])) texts.push(text);
    expect(texts).toEqual([prose(0), prose(1), prose(2)]);
    for (const url of ['http://example.com/1', 'http://example.com/short']) {
      const [one] = await explainDocument(lines.out, url, signal);
      const [other] = await explainDocument(parquet.out, url, signal);
      expect(other).toEqual({ ...one, shard: one?.shard.replace('jsonl', 'parquet') });
    }
  });
});

describe('a text with ends of lines that only some know', () => {
  it('comes into the corpus as it is', async () => {
    const text = `${prose(2)}\n${prose(3, 1)}`.replaceAll(', ', ',\u2028\u0085');
    const file = path.join(scratch, 'ends.jsonl');
    await writeFile(file, `${JSON.stringify({ id: 'ends', text })}\n`);
    const { out } = await make('ends', [file], ['c4.enabled=false']);
    const [found] = await explainDocument(out, 'ends', signal);
    expect(found?.document.text).toBe(text);
  });
});

describe('a page that ends workers', () => {
  it('is passed over the third time, and listed, so that the same comes out anywhere', async () => {
    const file = await warcFile('deadly.warc', pages(3));
    const { id } = (
      await explainDocument((await make('alive', [file])).out, 'http://example.com/1', signal)
    )[0]!.document;
    const recipe = { ...corpusRecipe.defaults(), sources: [file] };
    const out = path.join(scratch, 'deadly');
    const dies = (): Promise<void> => Promise.reject(new Error('The worker died'));
    const events = curate({ recipe, out, workers: 1, filter: dies }, signal);
    await expect(events.next().then(() => events.next())).rejects.toThrow('The worker died');
    // What two workers leave that came to the second page, and no further.
    await mkdir(path.join(out, '.work', 'marks'), { recursive: true });
    const mark = { place: 'judge 0-0#1', attempts: 2, passed: [] };
    await writeFile(path.join(out, '.work', 'marks', '000000'), JSON.stringify(mark));
    const { done } = await make('deadly', [file]);
    expect(done.dropped).toEqual({ 'extraction.tooSlow': 1 });
    const index: unknown = JSON.parse(await readFile(path.join(out, 'corpus.json'), 'utf8'));
    expect(index).toMatchObject({ slow: [id] });
    const again = await make('spared', [file], [`extraction.slow=["${id}"]`]);
    for (const name of ['kept-00000.jsonl', 'dropped-00000.jsonl'])
      expect(await readFile(path.join(again.out, name), 'utf8')).toBe(
        await readFile(path.join(out, name), 'utf8'),
      );
  });
});
