import {
  type Tokenizer,
  builtinTokenizer,
  byteTokenizer,
  charTokenizer,
  parseTokenizerJson,
  trainBpe,
} from '../../src/engine/tokenizer/tokenizer';
import { golden, goldenText } from './goldens';

const read = (name: string): Promise<Tokenizer> =>
  Promise.resolve(parseTokenizerJson(goldenText(`${name}.tokenizer.json`), name));

/** A golden tokenizer with other parts. */
function changed(name: string, parts: Readonly<Record<string, unknown>>): Promise<Tokenizer> {
  const file = golden(`${name}.tokenizer.json`);
  return Promise.resolve(parseTokenizerJson(JSON.stringify({ ...Object(file), ...parts }), name));
}

const added = (id: number, content: string, more: Readonly<Record<string, boolean>> = {}) => ({
  ...{ id, content, special: false, single_word: false, lstrip: false, rstrip: false },
  ...{ normalized: false, ...more },
});

/** What the tokenizer of characters knows: U+0000 to U+2FFF. */
const SOME_CHARACTERS = Array.from({ length: 0x3000 }, (_, i) => String.fromCharCode(i)).join('');

/** Tokenizers of every kind that decides where a text can be cut. */
export const CUTTABLE: readonly (readonly [string, () => Promise<Tokenizer>])[] = [
  ['gpt2', () => builtinTokenizer('gpt2')],
  ['cl100k_base', () => builtinTokenizer('cl100k_base')],
  ['o200k_base', () => builtinTokenizer('o200k_base')],
  ...['chained', 'digits', 'gemma', 'llama2', 'llama3', 'metaspace', 'prefix-space', 'qwen'].map(
    (name) => [name, () => read(name)] as const,
  ),
  ['llama2 without its normalizer', () => changed('llama2', { normalizer: null })],
  [
    'gpt2 without a pre-split',
    () =>
      changed('gpt2', {
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      }),
  ],
  [
    'a normalizer that takes text away',
    () =>
      changed('llama2', {
        pre_tokenizer: {
          type: 'Metaspace',
          replacement: '▁',
          prepend_scheme: 'never',
          split: true,
        },
        normalizer: { type: 'Replace', pattern: { String: '\r' }, content: '' },
      }),
  ],
  ['NFKC', () => changed('llama3', { normalizer: { type: 'NFKC' } })],
  ['NFD', () => changed('gpt2', { normalizer: { type: 'NFD' } })],
  [
    'replacements that reach across',
    () =>
      changed('gpt2', {
        normalizer: {
          type: 'Sequence',
          normalizers: [
            { type: 'Replace', pattern: { String: 'o t' }, content: 'HE' },
            { type: 'Replace', pattern: { String: ' the' }, content: 'a\n b' },
          ],
        },
      }),
  ],
  [
    'a replacement by an expression',
    () =>
      changed('gpt2', {
        normalizer: { type: 'Replace', pattern: { Regex: 'l+[^a]*e' }, content: ' x ' },
      }),
  ],
  [
    'added tokens in plain text',
    () =>
      changed('llama2', {
        added_tokens: [
          added(300, '  '),
          added(301, 'lo '),
          added(302, '\n'),
          added(303, ' th', { normalized: true }),
          added(304, 'the', { single_word: true }),
        ],
      }),
  ],
  [
    'added tokens that take white space',
    () =>
      changed('gpt2', {
        added_tokens: [added(300, '!!', { rstrip: true }), added(301, '好', { lstrip: true })],
      }),
  ],
  ['byte', () => Promise.resolve(byteTokenizer())],
  ['char', () => charTokenizer(SOME_CHARACTERS)],
  ['an expression of one’s own', () => trainBpe('a b ab ba '.repeat(9), own)],
];

const own = { vocabSize: 262, pattern: { regex: '(?<=a )b+|\\p{L}+\\s*(?=\\n)|.' } };
