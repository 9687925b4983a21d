import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Tokenizer,
  builtinTokenizer,
  byteTokenizer,
  parseTokenizerJson,
} from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from './awkwardText';
import { goldenText } from './goldens';

const read = (name: string): Promise<Tokenizer> =>
  Promise.resolve(parseTokenizerJson(goldenText(`${name}.tokenizer.json`), name));

const plain: [string, () => Promise<Tokenizer>][] = [
  ['gpt2', () => builtinTokenizer('gpt2')],
  ['cl100k_base', () => builtinTokenizer('cl100k_base')],
  ['llama3', () => read('llama3')],
  ['byte', () => Promise.resolve(byteTokenizer())],
];
const normalizing: [string, () => Promise<Tokenizer>][] = [
  ['qwen', () => read('qwen')],
  ['llama2', () => read('llama2')],
  ['metaspace', () => read('metaspace')],
  ['prefix-space', () => read('prefix-space')],
];

describe.each(plain)('offsets of %s', (_, load) => {
  test('are exactly the bytes of each token, one after the other', async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(
        awkwardText(),
        fc.constantFrom('text' as const, 'allow' as const),
        (text, special) => {
          const { ids, offsets } = tokenizer.encodeWithOffsets(text, { special });
          expect(ids).toEqual(tokenizer.encode(text, { special }));
          const bytes = Buffer.from(text);
          const wrong = offsets.filter((offset, index) => {
            const before = index === 0 ? 0 : offsets[index - 1]!.bytes[1];
            const own = Buffer.from(tokenizer.tokenBytes(ids[index]!));
            const there = bytes.subarray(...offset.bytes);
            const covered = Buffer.from(text.slice(...offset.utf16));
            // White space that an added token swallows belongs to it, without being its bytes.
            const same = there.equals(own) || there.toString().trim() === own.toString();
            const partial = covered.length !== there.length;
            return (
              offset.bytes[0] !== before ||
              !same ||
              !covered.includes(there) ||
              offset.partial !== partial
            );
          });
          expect(wrong).toEqual([]);
          expect(offsets.at(-1)?.bytes[1] ?? 0).toBe(bytes.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe.each(normalizing)('offsets of %s', (_, load) => {
  test('lie in the original, in order, and leave nothing out', async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(awkwardText(), (text) => {
        const { ids, offsets } = tokenizer.encodeWithOffsets(text, { special: 'allow' });
        expect(ids).toEqual(tokenizer.encode(text, { special: 'allow' }));
        let [unit, byte, start] = [0, 0, 0];
        const wrong = offsets.filter(({ utf16, bytes }) => {
          const bad = utf16[0] > utf16[1] || utf16[0] > unit || bytes[0] > byte || utf16[0] < start;
          start = utf16[0];
          unit = Math.max(unit, utf16[1]);
          byte = Math.max(byte, bytes[1]);
          return bad;
        });
        expect(wrong).toEqual([]);
        expect(unit).toBe(text.length);
        expect(byte).toBe(Buffer.byteLength(text));
      }),
      { numRuns: 200 },
    );
  });
});

test('a token that holds part of a character says so', () => {
  const { offsets } = byteTokenizer().encodeWithOffsets('a👍');
  expect(offsets).toEqual([
    { bytes: [0, 1], utf16: [0, 1], partial: false },
    { bytes: [1, 2], utf16: [1, 3], partial: true },
    { bytes: [2, 3], utf16: [1, 3], partial: true },
    { bytes: [3, 4], utf16: [1, 3], partial: true },
    { bytes: [4, 5], utf16: [1, 3], partial: true },
  ]);
});

test('what a normal form composed is the original characters', async () => {
  const tokenizer = await read('qwen');
  const { ids, offsets } = tokenizer.encodeWithOffsets('e\u0301');
  expect(tokenizer.decode(ids)).toBe('\u00e9');
  for (const { utf16, bytes } of offsets)
    expect([utf16, bytes]).toEqual([
      [0, 2],
      [0, 3],
    ]);
  expect(offsets.every(({ partial }) => partial)).toBe(offsets.length > 1);
});

test('a prefix and the tokens of the template are nowhere', async () => {
  const tokenizer = await read('llama2');
  const { ids, offsets } = tokenizer.encodeWithOffsets('the', { addSpecial: true });
  expect(ids).toEqual(tokenizer.encode('the', { addSpecial: true }));
  expect(ids[0]).toBe(tokenizer.bosId);
  expect(offsets[0]).toEqual({ bytes: [0, 0], utf16: [0, 0], partial: false });
  expect(offsets.at(-1)!.utf16[1]).toBe(3);
});

describe.each([...plain, ...normalizing])('streaming with %s', (_, load) => {
  test('gives the same text, never half a character', async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(awkwardText(), fc.boolean(), (text, skipSpecial) => {
        const ids = tokenizer.encode(text, { special: 'allow', addSpecial: true });
        const stream = tokenizer.streamDecoder({ skipSpecial });
        const parts = [...ids.map((id) => stream.push(id)), stream.end()];
        expect(parts.join('')).toBe(tokenizer.decode(ids, { skipSpecial }));
        for (const part of parts) expect(Buffer.from(part).toString()).toBe(part);
      }),
    );
  });

  test('copes with any ids', async () => {
    const tokenizer = await load();
    const known = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) =>
      tokenizer.hasToken(id),
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...known)), (ids) => {
        const stream = tokenizer.streamDecoder();
        const parts = [...ids.map((id) => stream.push(id)), stream.end()];
        expect(parts.join('')).toBe(tokenizer.decode(ids));
        expect(stream.end()).toBe('');
      }),
    );
  });
});

test('a stream holds back the bytes of a character until it is whole', () => {
  const stream = byteTokenizer().streamDecoder();
  expect([0x61, 0xf0, 0x9f, 0x91, 0x8d, 0xe2].map((id) => stream.push(id))).toEqual([
    'a',
    '',
    '',
    '',
    '👍',
    '',
  ]);
  expect(stream.end()).toBe('\ufffd');
  expect(() => stream.push(256)).toThrow(expect.objectContaining({ code: 'tokenizer-unknown-id' }));
});

test('the text of a token shows bytes that are no whole character', async () => {
  const cl100k = await builtinTokenizer('cl100k_base');
  const ids = cl100k.encode(' 好🦙');
  expect(ids.map((id) => cl100k.tokenText(id)).join('')).toMatch(/^ ?.*<0xF0>|<0x/u);
  const bytes = byteTokenizer();
  expect([0x61, 0xe2, 0x0a].map((id) => bytes.tokenText(id))).toEqual(['a', '<0xE2>', '\n']);
});
