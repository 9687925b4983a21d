import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cutText,
  encodeInMemory,
  openShards,
  traceToken,
  writeShards,
  type Corpus,
  type CorpusTokenizer,
  type DocumentPiece,
  type TokenCorpus,
} from '../../src/engine/data/data';

/** A text that the pattern matches, inside `toMatchObject` (a bare RegExp there checks nothing). */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const EOS = 256;

/** A token a byte. */
const bytes: CorpusTokenizer = {
  vocabSize: 257,
  eosId: EOS,
  encode: (text) => Buffer.from(text),
};
/** The same, that tells how long its tokens are. */
const measured: CorpusTokenizer = { ...bytes, tokenBytes: () => new Uint8Array(1) };

/** Runs of letters, of spaces and of the rest are each one token, by a hash: as a pre-split cuts. */
const words: CorpusTokenizer = {
  vocabSize: 100_000,
  eosId: undefined,
  encode: (text) =>
    (text.match(/\p{L}+|\s+|[^\p{L}\s]+/gu) ?? []).map((word) =>
      Array.from(word).reduce(
        (hash, character) => (hash * 31 + character.codePointAt(0)!) % 99_991,
        7,
      ),
    ),
};

function pieces(texts: readonly string[], pieceLength?: number): DocumentPiece[] {
  return texts.flatMap((text, i) => [...cutText(text, `text ${i}`, pieceLength)]);
}

const all = (corpus: TokenCorpus | undefined): number[] =>
  corpus ? [...corpus.read(0, corpus.length)] : [];

const textOf = (corpus: TokenCorpus | undefined): string =>
  Buffer.from(all(corpus).filter((id) => id !== EOS)).toString();

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glassbox-shards-'));
  target = path.join(folder, 'corpus');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const text = fc
  .array(fc.constantFrom('whale', 'sea', 'ä€𝄞', ' ', '\n', '.', '. ', 'x'), {
    minLength: 1,
    maxLength: 40,
  })
  .map((parts) => parts.join(''));
const texts = fc.array(text, { minLength: 1, maxLength: 30 });
const fraction = fc.double({ min: 0, max: 0.9, noNaN: true });

describe('the split', () => {
  it('loses and doubles nothing, and holds out the tail', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fraction, async (documents, validationFraction) => {
        const whole = documents.join('');
        const size = Buffer.byteLength(whole);
        let corpus: Corpus;
        try {
          corpus = await encodeInMemory(pieces(documents), bytes, { validationFraction });
        } catch (thrown) {
          // So short that not even the first character, of two bytes at most, is left to train on.
          expect(thrown).toMatchObject({ code: 'no-tokens' });
          expect(size - Math.round(size * validationFraction)).toBeLessThan(2);
          return;
        }
        const { train, validation } = corpus;
        expect(textOf(train) + textOf(validation)).toBe(whole);
        expect(train.bytes + (validation?.bytes ?? 0)).toBe(size);
        const ends = [...all(train), ...all(validation)].filter((id) => id === EOS);
        expect(ends).toHaveLength(documents.length);
        for (const part of [train, ...(validation ? [validation] : [])]) {
          const starts = [...part.documents()];
          expect(starts[0]).toBe(0);
          const tokens = all(part);
          for (const start of starts.slice(1)) expect(tokens[start - 1]).toBe(EOS);
          expect(tokens.slice(0, -1).filter((id) => id === EOS)).toHaveLength(starts.length - 1);
        }
      }),
    );
  });

  it('does not depend on how the text was cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fraction,
        fc.integer({ min: 12, max: 30 }),
        async (documents, validationFraction, pieceLength) => {
          // Words with room between them, so that every piece has a good place to be cut.
          const spaced = documents.map((document) => document.replace(/\s|\P{L}/gu, ' '));
          const options = { validationFraction };
          const [whole, cut] = await Promise.all(
            [undefined, pieceLength].map((length) =>
              encodeInMemory(pieces(spaced, length), bytes, options).catch(() => undefined),
            ),
          );
          expect(all(cut?.train)).toEqual(all(whole?.train));
          expect(all(cut?.validation)).toEqual(all(whole?.validation));
        },
      ),
    );
  });

  it('gives the tokens of the whole text where pieces are cut', async () => {
    const whole = 'It was the whiteness of the whale that above all things appalled me. '.repeat(
      20,
    );
    const options = { validationFraction: 0 };
    const { train } = await encodeInMemory(pieces([whole], 50), words, options);
    expect(all(train)).toEqual(Array.from(words.encode(whole)));
  });

  it('cuts one text in its last tenth, before white space', async () => {
    const whole = 'one two three four '.repeat(100);
    const { train, validation } = await encodeInMemory(pieces([whole]), bytes);
    expect(validation?.bytes).toBeGreaterThanOrEqual(190);
    expect(validation?.bytes).toBeLessThan(200);
    expect(textOf(validation)).toMatch(/^ /);
    expect(textOf(train)).toMatch(/\w$/);
  });

  it('cuts many documents at the border of two', async () => {
    const documents = Array.from({ length: 50 }, (_, i) => `document number ${i}`);
    const { train, validation } = await encodeInMemory(pieces(documents), bytes);
    expect(validation?.documents()).toHaveLength(5);
    expect(train.documents()).toHaveLength(45);
    expect(textOf(validation)).toMatch(/^document number 45/);
  });

  it('holds out nothing where it is told so', async () => {
    const { validation } = await encodeInMemory(pieces(['some text']), bytes, {
      validationFraction: 0,
    });
    expect(validation).toBeUndefined();
  });
});

describe('bytesOf', () => {
  it('adds up to the bytes of the text, with and without the lengths of the tokens', async () => {
    for (const tokenizer of [measured, bytes]) {
      const options = { validationFraction: 0.3 };
      const corpus = await encodeInMemory(pieces(['wäl', 'two', 'three']), tokenizer, options);
      expect(corpus.train.bytesOf(97) === 1).toBe(tokenizer === measured);
      for (const part of [corpus.train, corpus.validation]) {
        const sum = all(part).reduce((total, id) => total + (part?.bytesOf(id) ?? 0), 0);
        expect(sum).toBeCloseTo(part?.bytes ?? -1, 9);
      }
    }
  });
});

describe('writeShards and openShards', () => {
  it('give back what encodeInMemory gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(bytes, measured, words),
        async (documents, shardTokens, tokenizer) => {
          const options = { validationFraction: 0.2 };
          const expected = await encodeInMemory(pieces(documents), tokenizer, options).catch(
            () => undefined,
          );
          if (!expected) return;
          await writeShards(pieces(documents), tokenizer, target, { ...options, shardTokens });
          const opened = openShards(target);
          for (const [got, wanted] of [
            [opened.train, expected.train],
            [opened.validation, expected.validation],
          ] as const) {
            expect(all(got)).toEqual(all(wanted));
            expect(got?.bytes).toBe(wanted?.bytes);
            expect(got?.documents()).toEqual(wanted?.documents());
            expect(got?.bytesOf(97)).toBe(wanted?.bytesOf(97));
          }
          const { train } = opened;
          for (let start = 0; start < train.length; start += 7) {
            const count = Math.min(11, train.length - start);
            expect(train.read(start, count)).toEqual(expected.train.read(start, count));
          }
          opened.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('read across the pages and shards of a longer corpus', async () => {
    const long = Array.from({ length: 200_000 }, (_, i) => String.fromCharCode(97 + (i % 25)));
    await writeShards(pieces([long.join('')]), bytes, target, {
      shardTokens: 70_001,
      validationFraction: 0,
    });
    const corpus = openShards(target);
    const { train } = corpus;
    for (const start of [0, 32_760, 69_990, 139_990, 199_980])
      expect([...train.read(start, 20)]).toEqual(
        Array.from({ length: 20 }, (_, i) => 97 + ((start + i) % 25)),
      );
    expect(() => train.read(train.length - 1, 2)).toThrow(/2 tokens/);
    expect(() => train.read(-1, 2)).toThrow(/-1/);
    corpus.close();
  });

  it('tell progress', async () => {
    const progress: number[] = [];
    await writeShards(pieces(['word '.repeat(40_000)], 1000), bytes, target, {
      onProgress: (seen) => progress.push(seen.bytes / seen.totalBytes),
    });
    expect(progress.length).toBeGreaterThan(3);
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });

  it('keep the corpus that was there when they fail or are cancelled', async () => {
    const options = { validationFraction: 0 };
    await writeShards(pieces(['the old one']), bytes, target, options);
    const broken: CorpusTokenizer = { ...bytes, encode: () => [999] };
    await expect(writeShards(pieces(['new']), broken, target, options)).rejects.toMatchObject({
      code: 'token-range',
    });
    const controller = new AbortController();
    const cancelled = writeShards(pieces(['word '.repeat(40_000)], 1000), bytes, target, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    await expect(writeShards([], bytes, target, options)).rejects.toMatchObject({
      code: 'no-tokens',
    });
    const opened = openShards(target);
    expect(textOf(opened.train)).toBe('the old one');
    opened.close();
    expect(await readdir(folder)).toEqual(['corpus']);
  });

  it('do not replace a folder that holds something else', async () => {
    await writeFile(path.join(folder, 'diary.txt'), 'dear diary');
    await expect(writeShards(pieces(['new']), bytes, folder)).rejects.toMatchObject({
      code: 'not-a-corpus',
    });
    expect(await readdir(folder)).toEqual(['diary.txt']);
  });

  it('notice documents that change between the count and the encoding', async () => {
    let round = 0;
    const changing = {
      [Symbol.iterator]: () => pieces([`text ${'x'.repeat(++round)}`])[Symbol.iterator](),
    };
    await expect(writeShards(changing, bytes, target)).rejects.toMatchObject({
      code: 'corpus-changed',
    });
  });

  it('refuse a corpus that is damaged or of another tokenizer', async () => {
    expect(() => openShards(target)).toThrow(expect.objectContaining({ code: 'not-found' }));
    await writeShards(pieces(['some text for a corpus']), bytes, target, { tokenizerHash: 'abc' });
    const refused = (code: string, message: RegExp): void =>
      expect(() => {
        const corpus = openShards(target);
        corpus.train.documents();
        corpus.train.read(0, corpus.train.length);
        corpus.close();
      }).toThrow(expect.objectContaining({ code, message: like(message) }));

    expect(() => openShards(target, { vocab: 300 })).toThrow(/257 tokens, not 300/);
    expect(() => openShards(target, { tokenizerHash: 'abd' })).toThrow(/another tokenizer/);
    openShards(target, { vocab: 257, tokenizerHash: 'abc' }).close();

    const file = (name: string): string => path.join(target, name);
    const tokens = await readFile(file('train-00000.bin'));
    await writeFile(file('train-00000.bin'), Buffer.alloc(tokens.length, 0xff));
    refused('corpus-damaged', /token 65535/);
    await truncate(file('train-00000.bin'), 5);
    refused('corpus-damaged', /5 bytes/);
    await writeFile(file('train-00000.bin'), tokens);
    await writeFile(file('train.documents.bin'), Buffer.alloc(8, 0xff));
    refused('corpus-damaged', /document 0/);
    const index = await readFile(file('index.json'), 'utf8');
    await writeFile(file('index.json'), index.replace('train-00000.bin', '../secret.bin'));
    refused('corpus-damaged', /plain file name/);
    await writeFile(file('index.json'), index.slice(0, 20));
    refused('corpus-damaged', /not JSON/);
  });
});

describe('a token of a corpus on disk', () => {
  it('leads back to the source of its document, in both parts', async () => {
    const texts = Array.from({ length: 30 }, (_, i) => 'word '.repeat(1 + (i % 4)));
    const target = path.join(folder, 'traced');
    const index = await writeShards(pieces(texts, 8), bytes, target, { validationFraction: 0.3 });
    const sources: string[] = [];
    for (const split of ['train', 'validation'] as const)
      for (let token = 0; token < (index.splits[split]?.tokens ?? 0);) {
        const origin = await traceToken(target, split, token);
        expect(origin.start).toBe(token);
        expect(await traceToken(target, split, origin.end - 1)).toEqual(origin);
        sources.push(origin.source);
        token = origin.end;
      }
    expect(sources).toEqual(texts.map((_, i) => `text ${i}`));
    await expect(traceToken(target, 'train', 1e9)).rejects.toMatchObject({ code: 'corpus-range' });
  });
});
