import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutText, readDocuments, type ReadOptions } from '../../src/engine/data/data';

/** A text that the pattern matches, inside `toMatchObject` (a bare RegExp there checks nothing). */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glassbox-documents-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const at = (...names: string[]): string => path.join(folder, ...names);

/** The documents, pieces joined, by the last part of their source. */
async function read(
  paths: string[],
  options?: ReadOptions,
): Promise<[source: string, text: string][]> {
  const documents: [string, string][] = [];
  for await (const { text, source, continues } of readDocuments(paths, options)) {
    const last = documents.at(-1);
    if (continues && last) last[1] += text;
    else documents.push([path.relative(folder, source), text]);
  }
  return documents;
}

describe('readDocuments', () => {
  it('reads files in the order given and folders by name, each file once', async () => {
    await mkdir(at('b', 'deep'), { recursive: true });
    await writeFile(at('b', 'z.txt'), 'Z');
    await writeFile(at('b', 'deep', 'm.md'), 'M');
    await writeFile(at('b', 'code.xyz'), 'C');
    await writeFile(at('b', 'picture.png'), Buffer.from([0x89, 0x50, 0, 0, 1]));
    await writeFile(at('b', '.hidden'), 'H');
    await writeFile(at('b', 'empty.txt'), '');
    await symlink(at('b'), at('b', 'circle'));
    await writeFile(at('a.txt'), 'A');
    expect(await read([at('b', 'z.txt'), folder])).toEqual([
      ['b/z.txt', 'Z'],
      ['a.txt', 'A'],
      ['b/code.xyz', 'C'],
      ['b/deep/m.md', 'M'],
    ]);
  });

  it('reads a .jsonl file line by line', async () => {
    await writeFile(at('a.jsonl'), '{"text":"one\\ntwo"}\r\n\n{"text":"three","id":3}');
    expect(await read([at('a.jsonl')])).toEqual([
      ['a.jsonl:1', 'one\ntwo'],
      ['a.jsonl:3', 'three'],
    ]);
  });

  it.each([
    ['not JSON', '{"text":"a"}\n{"text":', /a\.jsonl:2: this line is not JSON/],
    ['without text', '{"text":"a"}\n{"content":"b"}', /a\.jsonl:2: .*"text"/],
    ['half a character', '{"text":"a"}\n{"text":"\\ud800"}', /a\.jsonl:2: .*surrogate/],
  ])('names a line of a .jsonl file that is %s', async (_, content, message) => {
    await writeFile(at('a.jsonl'), content);
    await expect(read([folder])).rejects.toMatchObject({
      code: 'bad-line',
      message: like(message),
    });
  });

  it('leaves out a byte order mark', async () => {
    await writeFile(at('a.txt'), '\ufeffabc');
    expect(await read([at('a.txt')])).toEqual([['a.txt', 'abc']]);
  });

  it.each([
    ['nothing at a path', () => [at('none')], 'not-found', /none/],
    ['no path', () => [], 'no-text', /empty list/],
    ['an empty folder', () => [at('folder')], 'no-text', /no text file/],
    ['an empty file', () => [at('empty.txt')], 'empty-file', /empty\.txt is empty/],
    ['zero bytes', () => [at('zero')], 'binary-data', /zero byte at offset 3/],
    ['control characters', () => [at('controls')], 'binary-data', /control characters/],
    ['UTF-16', () => [at('utf16.txt')], 'binary-data', /UTF-16/],
    ['invalid UTF-8', () => [at('latin1.txt')], 'invalid-utf8', /offset 3/],
    ['a character cut off', () => [at('cut.txt')], 'invalid-utf8', /offset 3/],
  ])('says so about %s', async (_, paths, code, message) => {
    await mkdir(at('folder'));
    await writeFile(at('empty.txt'), '');
    await writeFile(at('zero'), 'abc\0def');
    await writeFile(at('controls'), '\x01\x02\x03\x04abc');
    await writeFile(at('utf16.txt'), Buffer.from('\ufeffabc', 'utf16le'));
    await writeFile(at('latin1.txt'), Buffer.from('caf\xe9 au lait', 'latin1'));
    await writeFile(at('cut.txt'), Buffer.from('abc€').subarray(0, 5));
    await expect(read(paths())).rejects.toMatchObject({
      code,
      message: like(message),
      remedy: like(/\w/),
    });
  });

  it('replaces invalid UTF-8 where it is told to', async () => {
    await writeFile(at('latin1.txt'), Buffer.from('caf\xe9 au lait', 'latin1'));
    await writeFile(at('b.jsonl'), '{"text":"a\\ud800"}');
    expect(await read([folder], { invalidUtf8: 'replace' })).toEqual([
      ['b.jsonl:1', 'a\ufffd'],
      ['latin1.txt', 'caf\ufffd au lait'],
    ]);
  });

  it('stops when it is cancelled', async () => {
    await writeFile(at('a.txt'), 'abc');
    const signal = AbortSignal.abort();
    await expect(read([folder], { signal })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('reads a file longer than one chunk whole, as Node decodes it', async () => {
    // A character of every length, so that the chunks' borders fall into some of them.
    const text = 'a€ä𝄞 '.repeat(300_000);
    await writeFile(at('long.txt'), text);
    const [document] = await read([folder]);
    expect(document?.[1] === text).toBe(true);

    const damaged = Buffer.from(text);
    for (let i = 0; i < damaged.length; i += 9973) damaged[i] = 0xe2;
    await writeFile(at('long.txt'), damaged);
    const [replaced] = await read([folder], { invalidUtf8: 'replace' });
    expect(replaced?.[1] === damaged.toString('utf8')).toBe(true);
  });
});

describe('pieces', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });

  it('put together are the text, short enough and never cut a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 20 }), (whole, length) => {
        const pieces = [...cutText(whole, 'x', length)];
        expect(pieces.map((piece) => piece.text).join('')).toBe(whole);
        for (const [i, piece] of pieces.entries()) {
          expect(piece.text.length).toBeGreaterThan(0);
          expect(piece.text.length).toBeLessThanOrEqual(length);
          expect(piece.continues).toBe(i > 0);
          expect(Buffer.from(piece.text).toString()).toBe(piece.text);
        }
      }),
    );
  });

  it('are the same whether a text comes whole or from a file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'ä', '€', '𝄞', ' ', '\n', '.'), minLength: 1 }),
        fc.integer({ min: 2, max: 20 }),
        async (whole, pieceLength) => {
          await writeFile(at('a.txt'), whole);
          const pieces = [];
          for await (const piece of readDocuments([at('a.txt')], { pieceLength }))
            pieces.push(piece);
          expect(pieces).toEqual([...cutText(whole, at('a.txt'), pieceLength)]);
        },
      ),
    );
  });

  it('are cut between a word and white space where there is such a place', () => {
    const pieces = [...cutText('one two three four', 'x', 10)].map((piece) => piece.text);
    expect(pieces).toEqual(['one two', ' three', ' four']);
  });
});
