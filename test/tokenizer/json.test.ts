import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { GlassboxError } from '../../src/base/errors';
import {
  builtinTokenizer,
  byteTokenizer,
  charTokenizer,
  parseTokenizerJson,
} from '../../src/engine/tokenizer/tokenizer';
import { awkwardText } from './awkwardText';
import { golden, goldenText } from './goldens';

const NAMES = [
  'gpt2',
  'prefix-space',
  'llama3',
  'qwen',
  'llama2',
  'metaspace',
  'gemma',
  'digits',
  'chained',
] as const;

const sampleSchema = z.array(
  z.object({
    ids: z.array(z.number()),
    added: z.array(z.number()),
    offsets: z.array(z.tuple([z.number(), z.number()])),
    decoded: z.string(),
    skipped: z.string(),
  }),
);

/** Made by test/goldens/make_bpe_goldens.py with Hugging Face tokenizers. */
const SAMPLES = z
  .object({ texts: z.array(z.string()) })
  .and(z.record(z.enum(NAMES), sampleSchema).or(z.looseObject({})))
  .parse(golden('samples.json'));

const samplesOf = (name: (typeof NAMES)[number]): z.infer<typeof sampleSchema> =>
  sampleSchema.parse(Reflect.get(SAMPLES, name));

describe.each(NAMES)('a tokenizer.json in the manner of %s', (name) => {
  const tokenizer = parseTokenizerJson(goldenText(`${name}.tokenizer.json`), name);
  const samples = samplesOf(name);

  test.each(SAMPLES.texts.map((text, index) => ({ text, sample: samples[index]! })))(
    'encodes and decodes $text as Hugging Face does',
    ({ text, sample }) => {
      expect(tokenizer.encode(text, { special: 'allow' })).toEqual(sample.ids);
      expect(tokenizer.encode(text, { special: 'allow', addSpecial: true })).toEqual(sample.added);
      expect(tokenizer.decode(sample.ids)).toBe(sample.decoded);
      expect(tokenizer.decode(sample.ids, { skipSpecial: true })).toBe(sample.skipped);
    },
  );

  test('has the offsets of Hugging Face, in characters', () => {
    SAMPLES.texts.forEach((text, index) => {
      // Hugging Face maps what a normal form composes to the first of its characters.
      if (name === 'qwen' && text.normalize('NFC') !== text) return;
      const { ids, offsets } = tokenizer.encodeWithOffsets(text, { special: 'allow' });
      expect(ids).toEqual(samples[index]!.ids);
      const characters = (unit: number): number => Array.from(text.slice(0, unit)).length;
      const expected = samples[index]!.offsets;
      offsets.forEach(({ utf16: [start, end] }, token) => {
        // A prefix that was put before the text is nowhere; they say it is the first character.
        if (start === end) expect(expected[token]![1] - expected[token]![0]).toBe(1);
        else expect([characters(start), characters(end)]).toEqual(expected[token]);
      });
    });
  });

  test('reads what it writes', () => {
    expect(parseTokenizerJson(tokenizer.toJson()).encode(SAMPLES.texts[3]!)).toEqual(
      tokenizer.encode(SAMPLES.texts[3]!),
    );
  });
});

test('whether a beginning-of-text token is put first', () => {
  const of = (name: string, config?: string): ReturnType<typeof parseTokenizerJson> =>
    parseTokenizerJson(goldenText(`${name}.tokenizer.json`), name, config);
  expect(of('llama2')).toMatchObject({ addsBos: true, bosId: 1, eosId: 2 });
  expect(of('gpt2')).toMatchObject({ addsBos: false, bosId: 0, eosId: 0 });
  const config = JSON.stringify({
    bos_token: { content: '<|im_start|>' },
    eos_token: '<|im_end|>',
    add_bos_token: true,
  });
  const qwen = of('qwen', config);
  expect(qwen.addsBos).toBe(true);
  expect(qwen.encode('', { addSpecial: true })).toEqual([qwen.specialTokens.get('<|im_start|>')]);
  expect(qwen.eosId).toBe(qwen.specialTokens.get('<|im_end|>'));
  const without = of('qwen', JSON.stringify({ bos_token: null, eos_token: '<|endoftext|>' }));
  expect(without).toMatchObject({ addsBos: false, bosId: undefined });
});

describe('a tokenizer that is written and read', () => {
  test('bytes', () => {
    const bytes = byteTokenizer({ specialTokens: ['<|endoftext|>'] });
    const read = parseTokenizerJson(bytes.toJson(), 'byte', bytes.toConfigJson());
    expect(read).toMatchObject({ kind: 'byte', vocabSize: 257, bosId: 256, eosId: 256 });
    fc.assert(
      fc.property(awkwardText(), (text) => {
        expect(bytes.encode(text)).toEqual([...Buffer.from(text)]);
        expect(read.encode(text)).toEqual(bytes.encode(text));
        expect(read.decode(read.encode(text))).toBe(Buffer.from(text).toString());
      }),
    );
  });

  test('characters', async () => {
    const chars = await charTokenizer(['hello \ud83d', '\udc4d wörld\n'], {
      specialTokens: ['<|endoftext|>'],
    });
    const alphabet = ['\n', ' ', 'd', 'e', 'h', 'l', 'o', 'r', 'w', 'ö', '👍'];
    expect(chars).toMatchObject({ kind: 'char', vocabSize: 12, eosId: 11 });
    expect(alphabet.map((_, id) => chars.tokenText(id))).toEqual(alphabet);
    const read = parseTokenizerJson(chars.toJson(), 'char', chars.toConfigJson());
    expect(read.kind).toBe('char');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...alphabet) }), (text) => {
        expect(
          chars
            .encode(text)
            .map((id) => alphabet[id])
            .join(''),
        ).toBe(text);
        expect(read.encode(text)).toEqual(chars.encode(text));
        expect(read.decode(chars.encode(text))).toBe(text);
      }),
    );
    expect(() => chars.encode('help')).toThrow(/character "p" \(U\+0070\)/);
  });

  test('a built-in', async () => {
    const builtin = await builtinTokenizer('gpt2');
    const read = parseTokenizerJson(builtin.toJson(), 'gpt2', builtin.toConfigJson());
    expect(read).toMatchObject({ vocabSize: 50257, eosId: 50256 });
    fc.assert(
      fc.property(awkwardText(), (text) => {
        expect(read.encode(text, { special: 'allow' })).toEqual(
          builtin.encode(text, { special: 'allow' }),
        );
      }),
    );
  });
});

describe('a tokenizer.json that cannot be used', () => {
  const base = z
    .looseObject({ model: z.looseObject({}), added_tokens: z.array(z.unknown()) })
    .parse(JSON.parse(goldenText('gpt2.tokenizer.json')));
  const withPart = (part: object): string => JSON.stringify({ ...base, ...part });
  const withModel = (part: object): string =>
    JSON.stringify({ ...base, model: { ...base.model, ...part } });

  test.each([
    [
      'normalizer',
      withPart({ normalizer: { type: 'Precompiled' } }),
      'the normalizer "Precompiled"',
    ],
    ['pre-tokenizer', withPart({ pre_tokenizer: { type: 'Bert' } }), 'the pre-tokenizer "Bert"'],
    ['decoder', withPart({ decoder: { type: 'WordPiece' } }), 'the decoder "WordPiece"'],
    ['post-processor', withPart({ post_processor: { type: 'X' } }), 'the post-processor "X"'],
    ['model', withModel({ type: 'Unigram' }), 'the model "Unigram"'],
    ['prefix', withModel({ continuing_subword_prefix: '##' }), 'continuing_subword_prefix'],
  ])('names the unsupported %s', (_, text, what) => {
    const attempt = (): unknown => parseTokenizerJson(text);
    expect(attempt).toThrow(expect.objectContaining({ code: 'tokenizer-unsupported' }));
    expect(attempt).toThrow(what);
  });

  test.each([
    ['cut off', goldenText('gpt2.tokenizer.json').slice(0, 3000), /not JSON/],
    ['no model', '{}', /model/],
    ['a list', '[]', /not valid/],
    ['a huge id', withModel({ vocab: { a: 4e9 }, merges: [] }), /id of token "a" is 4000000000/],
    ['one id for two', withModel({ vocab: { a: 1, b: 1 }, merges: [] }), /share the id 1/],
    ['a merge of nothing', withModel({ merges: ['x yz'] }), /merge 0/],
    ['a merge of three', withModel({ merges: ['a b c'] }), /merge 0/],
    ['an added token without id', withPart({ added_tokens: [{ content: 'x' }] }), /added_tokens.0/],
  ])('says what is wrong: %s', (_, text, message) => {
    const attempt = (): unknown => parseTokenizerJson(text);
    expect(attempt).toThrow(expect.objectContaining({ code: 'tokenizer-json' }));
    expect(attempt).toThrow(message);
  });

  test('never throws anything but a GlassboxError', () => {
    const files = NAMES.map((name) => goldenText(`${name}.tokenizer.json`));
    const attempt = (text: string, config?: string): void => {
      try {
        const tokenizer = parseTokenizerJson(text, 'fuzz', config);
        tokenizer.decode(tokenizer.encode('Some text \n 日本 <s>', { special: 'allow' }));
      } catch (error) {
        if (!(error instanceof GlassboxError)) throw error;
      }
    };
    fc.assert(fc.property(fc.string(), fc.string(), attempt));
    fc.assert(fc.property(fc.json(), fc.json(), attempt));
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 5 }),
        fc.jsonValue(),
        (file, path, value) => {
          const root: unknown = JSON.parse(file);
          replaceAt(root, path, value);
          attempt(JSON.stringify(root));
        },
      ),
      { numRuns: 250 },
    );
  });
});

/** Puts `value` at the place to which the indices lead. */
function replaceAt(node: unknown, path: readonly number[], value: unknown): void {
  const [index = 0, ...rest] = path;
  if (typeof node !== 'object' || node === null) return;
  const keys = Object.keys(node);
  const key = keys[index % keys.length];
  if (key === undefined) return;
  const child: unknown = Reflect.get(node, key);
  if (rest.length > 0 && typeof child === 'object' && child !== null) replaceAt(child, rest, value);
  else Reflect.set(node, key, value);
}
