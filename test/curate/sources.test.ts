/** The readers: the same records whole or in stretches, and damage counted instead of thrown. */
import fc from 'fast-check';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WARCParser } from 'warcio';
import { listSources, readStretch } from '../../src/engine/curate/curate';
import { corpusRecipe } from '../../src/recipe/corpus';
import { gzipped, page, prose, warcRecord } from './warcFiles';

let scratch: string;
let files = 0;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-sources-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const recipe = corpusRecipe.defaults();

async function fileOf(name: string, content: Uint8Array | string): Promise<string> {
  const file = path.join(scratch, `${files++}-${name}`);
  await writeFile(file, content);
  return file;
}

interface Found {
  readonly id: string;
  readonly url: string | undefined;
  /** The text or the page; of a record that can't be read, why. */
  readonly text?: string;
  readonly reason?: string;
}

/** What a file gives when it is read in stretches that are cut at these places. */
async function read(name: string, cuts: readonly number[] = []): Promise<Found[]> {
  const found: Found[] = [];
  const [file] = await listSources({ ...recipe, sources: [name] });
  const places = [0, ...[...cuts].sort((a, b) => a - b), file!.size];
  for (let i = 1; i < places.length; i++) {
    const stretch = { file: file!, number: 0, start: places[i - 1]!, end: places[i]! };
    for await (const each of readStretch(stretch, recipe)) {
      if (each.kind === 'unreadable') {
        const { id, url, reason } = each.record;
        found.push({ id, url, reason });
      } else {
        const { id, url, body } = each.document;
        const text =
          body.kind === 'decoded' ? body.text : Buffer.from(body.bytes).toString('latin1');
        found.push({ id, url, text });
      }
    }
  }
  return found;
}

const texts = async (file: string): Promise<(string | undefined)[]> =>
  (await read(file)).map(({ text, reason }) => text ?? reason);

const plain = (body: string | Uint8Array, url = 'http://example.com/'): Buffer =>
  warcRecord({ body, url, contentType: 'text/plain' });

describe('a WARC file', () => {
  it('gives the responses that warcio finds', async () => {
    const folder = 'node_modules/warc/test/fixtures';
    const name = (await readdir(folder)).find((each) => each.endsWith('.warc'))!;
    const bytes = await readFile(path.join(folder, name));
    const expected: (string | undefined)[] = [];
    for await (const record of new WARCParser([bytes]))
      if (record.warcType === 'response') expected.push(record.warcTargetURI ?? undefined);
    expect(expected).toHaveLength(4);
    expect((await read(path.join(folder, name))).map(({ url }) => url)).toEqual(expected);
  });

  it('of texts (WET) gives their conversions', async () => {
    const folder = 'node_modules/warc/test/fixtures';
    const name = (await readdir(folder)).find((each) => each.endsWith('.wet'))!;
    const found = await read(path.join(folder, name));
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ text }) => text !== undefined && !text.includes('<html'))).toBe(true);
  });

  const bodies = fc.array(fc.string({ unit: 'binary', maxLength: 300 }), {
    minLength: 1,
    maxLength: 12,
  });
  const cuts = fc.array(fc.nat(4000), { maxLength: 5 });

  it.each(['a.warc', 'a.warc.gz'])('%s gives the same in any stretches', async (name) => {
    await fc.assert(
      fc.asyncProperty(bodies, cuts, async (contents, places) => {
        const records = contents.map((body, i) => plain(body, `http://example.com/${i}`));
        const bytes = name.endsWith('.gz') ? gzipped(records) : Buffer.concat(records);
        const file = await fileOf(name, bytes);
        const whole = await read(file);
        expect(whole.map(({ text }) => text)).toEqual(
          contents.map((body) => Buffer.from(body).toString('latin1')),
        );
        expect(
          await read(
            file,
            places.filter((place) => place < bytes.length),
          ),
        ).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it('may be one gzip member, or have blank lines between records', async () => {
    const records = [plain('one'), plain('two'), plain('three')];
    const one = await fileOf('one.warc.gz', gzipSync(Buffer.concat(records)));
    expect(await texts(one)).toEqual(['one', 'two', 'three']);
    const blank = Buffer.concat(records.flatMap((each) => [each, Buffer.from('\r\n\r\n')]));
    expect(await texts(await fileOf('blank.warc', blank))).toEqual(['one', 'two', 'three']);
  });

  it('undoes what a server did to a page on the way', async () => {
    const coded = warcRecord({
      headers: ['Content-Encoding: gzip'],
      body: gzipSync(page('Coded.')),
    });
    const chunked = warcRecord({
      headers: ['Transfer-Encoding: chunked'],
      body: '6\r\nIn two\r\n7\r\n chunks\r\n0\r\n\r\n',
    });
    const not = warcRecord({ headers: ['Transfer-Encoding: chunked'], body: 'It was undone.' });
    const found = await texts(await fileOf('coded.warc', Buffer.concat([coded, chunked, not])));
    expect(found).toEqual([page('Coded.'), 'In two chunks', 'It was undone.']);
  });

  it('counts what is no page under its reason', async () => {
    const records = [
      warcRecord({ contentType: 'image/png', body: 'png' }),
      warcRecord({ status: '404 Not Found', body: 'gone' }),
      warcRecord({ type: 'request', body: 'GET / HTTP/1.1' }),
      plain('kept'),
    ];
    const found = await texts(await fileOf('kinds.warc', Buffer.concat(records)));
    expect(found).toEqual(['notAPage', 'httpStatus', 'kept']);
  });
});

describe('a damaged WARC file', () => {
  const three = (middle: Buffer): Buffer[] => [plain('one'), middle, plain('three')];

  it.each([
    ['too long by little', 12],
    ['too long by far', 1_000_000],
    ['larger than any record', 10_000_000_000],
    ['too short', 3],
  ])('has a length that is %s', async (_, by) => {
    const contentLength = by === 3 ? 3 : plain('two').length + by;
    const middle = warcRecord({ body: 'two', contentType: 'text/plain', contentLength });
    const expected = ['one', by > 1e9 ? 'tooLarge' : 'wrongLength', 'three'];
    expect(await texts(await fileOf('a.warc', Buffer.concat(three(middle))))).toEqual(expected);
    expect(await texts(await fileOf('a.warc.gz', gzipped(three(middle))))).toEqual(expected);
  });

  it('has a header that is none', async () => {
    for (const middle of ['WARC/1.0\r\nno header\r\n\r\n', 'nonsense\r\n\r\n']) {
      const records = three(Buffer.from(middle));
      const expected = ['one', 'damagedHeader', 'three'];
      expect(await texts(await fileOf('a.warc', Buffer.concat(records)))).toEqual(expected);
    }
  });

  it('was cut off', async () => {
    const bytes = gzipped([plain('one'), plain(prose(1))]);
    const cut = await fileOf('a.warc.gz', bytes.subarray(0, bytes.length - 200));
    expect(await texts(cut)).toEqual(['one', 'truncatedGzip']);
    const whole = Buffer.concat([plain('one'), plain('two')]);
    const plainCut = await fileOf('a.warc', whole.subarray(0, whole.length - 6));
    expect(await texts(plainCut)).toEqual(['one', 'wrongLength']);
  });

  it('has a member whose bytes were changed', async () => {
    const members = three(plain(prose(2))).map((record) => gzipSync(record));
    members[1]!.fill(0xff, 200, 260);
    const file = await fileOf('a.warc.gz', Buffer.concat(members));
    expect(await texts(file)).toEqual(['one', 'damagedGzip', 'three']);
  });

  it('has a member that would fill the memory', async () => {
    const bomb = gzipSync(Buffer.concat([plain('').subarray(0, -4), Buffer.alloc(1 << 28)]));
    const file = await fileOf(
      'a.warc.gz',
      Buffer.concat([gzipSync(plain('one')), bomb, gzipSync(plain('three'))]),
    );
    expect(await texts(file)).toEqual(['one', 'wrongLength', 'three']);
    const claimed = warcRecord({ body: '', contentLength: 1 << 28, contentType: 'text/plain' });
    const honest = gzipSync(Buffer.concat([claimed.subarray(0, -4), Buffer.alloc(1 << 28)]));
    const second = await fileOf('a.warc.gz', Buffer.concat([honest, gzipSync(plain('three'))]));
    expect(await texts(second)).toEqual(['tooLarge', 'three']);
    const inside = warcRecord({
      headers: ['Content-Encoding: gzip'],
      body: gzipSync(Buffer.alloc(1 << 27)),
    });
    expect(await texts(await fileOf('a.warc', inside))).toEqual(['decompressionBomb']);
  });

  it('is read to its end, whatever was done to it', async () => {
    const records = Array.from({ length: 6 }, (_, i) => plain(`Text ${i}. `.repeat(20)));
    const wounds = fc.array(fc.record({ at: fc.nat(), value: fc.nat(255), drop: fc.nat(40) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), wounds, async (zipped, all) => {
        let bytes = zipped ? gzipped(records) : Buffer.concat(records);
        for (const { at, value, drop } of all) {
          const place = at % bytes.length;
          bytes[place] = value;
          bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + drop)]);
        }
        const found = await read(await fileOf(zipped ? 'a.warc.gz' : 'a.warc', bytes));
        // Each wound costs the record that it lies in, and one beside it at most.
        const whole = found.filter(({ text }) => text?.startsWith('Text ') === true);
        expect(whole.length).toBeGreaterThanOrEqual(6 - 2 * all.length);
      }),
      { numRuns: 150 },
    );
  });
});

describe('JSON Lines', () => {
  const line = (text: string, more: object = {}): string =>
    `${JSON.stringify({ text, ...more })}\n`;

  it('give the same in any stretches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(800), { maxLength: 5 }),
        async (contents, cuts) => {
          const content = contents.map((text) => line(text)).join('');
          const file = await fileOf('a.jsonl', content);
          const whole = await read(file);
          expect(whole.map(({ text }) => text)).toEqual(contents);
          const inside = cuts.filter((cut) => cut < Buffer.byteLength(content));
          expect(await read(file, inside)).toEqual(whole);
          expect(await texts(await fileOf('a.jsonl.gz', gzipSync(content)))).toEqual(contents);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('count a line that is no document, and go on', async () => {
    const bad = Buffer.concat([
      Buffer.from(line('one', { url: 'http://example.com/', id: 'x' })),
      Buffer.from('{"text": \n[1]\n{"other": 1}\n\n'),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(line('two').trimEnd()),
    ]);
    const found = await read(await fileOf('a.jsonl', bad));
    expect(found[0]).toMatchObject({ url: 'http://example.com/', text: 'one' });
    expect(found.map(({ text, reason }) => text ?? reason)).toEqual([
      ...['one', 'badLine', 'badLine', 'noText', 'badLine', 'two'],
    ]);
  });

  it('that were cut off in gzip end with that', async () => {
    const zipped = gzipSync(Array.from({ length: 400 }, (_, i) => line(`${i * 7919}`)).join(''));
    const found = await texts(await fileOf('a.jsonl.gz', zipped.subarray(0, zipped.length - 40)));
    expect(found[0]).toBe('0');
    expect(found.at(-1)).toBe('truncatedGzip');
  });
});

describe('Parquet', () => {
  const parquet = (columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData']): Buffer =>
    Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 10 }));
  const numbers = Array.from({ length: 35 }, (_, i) => i);
  const shard = (): Buffer =>
    parquet([
      { name: 'text', data: numbers.map((i) => `Text ${i}`), type: 'STRING' },
      { name: 'url', data: numbers.map((i) => `http://example.com/${i}`), type: 'STRING' },
      { name: 'token_count', data: numbers, type: 'INT32' },
    ]);

  it('is read as FineWeb writes it, whole or in stretches', async () => {
    const file = await fileOf('a.parquet', shard());
    const whole = await read(file);
    expect(whole.map(({ text }) => text)).toEqual(numbers.map((i) => `Text ${i}`));
    expect(whole[34]?.url).toBe('http://example.com/34');
    expect(await read(file, [100, 900, 1500])).toEqual(whole);
  });

  it('without its column of texts, or damaged, is one record that cannot be read', async () => {
    const other = await fileOf('a.parquet', parquet([{ name: 'x', data: ['y'], type: 'STRING' }]));
    expect(await texts(other)).toEqual(['missingColumn']);
    const bytes = shard();
    expect(await texts(await fileOf('a.parquet', bytes.subarray(0, 500)))).toEqual(['damagedFile']);
    expect(await texts(await fileOf('a.parquet', 'no Parquet'))).toEqual(['damagedFile']);
  });

  it('with a value missing counts that row', async () => {
    const file = await fileOf(
      'a.parquet',
      parquet([{ name: 'text', data: ['a', null, 'c'], type: 'STRING' }]),
    );
    expect(await texts(file)).toEqual(['a', 'noText', 'c']);
  });

  it('is counted as damaged wherever it was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (at) => {
        const bytes = shard();
        const file = await fileOf('a.parquet', bytes.subarray(0, at % bytes.length));
        expect(await texts(file)).toEqual(['damagedFile']);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a folder', () => {
  it('gives what it holds in known formats, without what git ignores', async () => {
    const folder = path.join(scratch, 'workspace');
    await mkdir(path.join(folder, 'build', 'deep'), { recursive: true });
    await mkdir(path.join(folder, 'notes', '.hidden'), { recursive: true });
    const write = (name: string, text = 'x'): Promise<void> =>
      writeFile(path.join(folder, name), text);
    await write('.gitignore', 'build/\n*.log.txt\n!keep.log.txt\n');
    await write('notes/.gitignore', 'draft*\n');
    for (const name of ['a.md', 'b.html', 'c.ts', 'x.log.txt', 'keep.log.txt', 'build/d.txt'])
      await write(name);
    for (const name of [
      'build/deep/e.txt',
      'notes/draft1.txt',
      'notes/f.txt',
      'notes/.hidden/g.txt',
    ])
      await write(name);
    const listed = async (reading: object): Promise<string[]> => {
      const sources = [folder];
      const found = await listSources({
        ...recipe,
        sources,
        reading: { ...recipe.reading, ...reading },
      });
      return found.map((file) => path.relative(folder, file.path).split(path.sep).join('/'));
    };
    expect(await listed({})).toEqual(['a.md', 'b.html', 'keep.log.txt', 'notes/f.txt']);
    expect(await listed({ otherText: true })).toContain('c.ts');
    expect(await listed({ gitIgnore: false })).toContain('build/deep/e.txt');
  });

  it('of nothing, and a file of no known format, are errors', async () => {
    const empty = path.join(scratch, 'empty');
    await mkdir(empty);
    await expect(listSources({ ...recipe, sources: [empty] })).rejects.toMatchObject({
      code: 'no-sources',
    });
    const file = await fileOf('a.docx', 'x');
    await expect(listSources({ ...recipe, sources: [file] })).rejects.toMatchObject({
      code: 'source-format',
    });
    await expect(listSources({ ...recipe, sources: [`${file}.html`] })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
