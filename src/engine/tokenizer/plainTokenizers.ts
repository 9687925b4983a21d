/**
 * Tokenizers without merges: one token a byte, or one a character of the corpus, as in nanoGPT's
 * character-level example. Special tokens come after the others, so a byte's id is its value.
 */
import { setImmediate } from 'node:timers/promises';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { byteLevelJson, tokenizerJson } from './byteLevelJson';
import { MergeRules } from './merge';
import { BpeModel } from './model';
import { type SpecialTokenOptions, specialsOf } from './specials';
import { splitEvenly } from './splitPattern';
import { anyCut } from './sureCuts';
import { TextTokenizer } from './textTokenizer';
import type { TextSource } from './train';
import type { Tokenizer } from './types';
import { Vocabulary } from './vocabulary';

/** The tokenizer whose ids are the bytes of UTF-8. */
export function byteTokenizer(options: SpecialTokenOptions = {}): Tokenizer {
  const specials = specialsOf(options);
  const added = specials.added(256);
  const vocabulary = new Vocabulary();
  for (let byte = 0; byte < 256; byte++) vocabulary.setBytes(byte, [byte]);
  for (const { id, content } of added) vocabulary.setText(id, content);
  const rules = new MergeRules(0);
  return new TextTokenizer({
    kind: 'byte',
    name: 'byte',
    model: new BpeModel({
      alphabet: 'bytes',
      byteIds: Int32Array.from({ length: 256 }, (_, byte) => byte),
      rules,
    }),
    vocabulary,
    added,
    split: { split: splitEvenly, sureCut: anyCut },
    ...specials.ends(256),
    toJson: () => byteLevelJson({ vocabulary, rules, added }),
  });
}

/**
 * The tokenizer whose tokens are the characters (code points) of a text, in the order of their code
 * points. What isn't among them cannot be encoded: `tokenizer-unknown-character`.
 *
 * @throws GlassboxError `tokenizer-no-text`, `cancelled`
 */
export async function charTokenizer(
  source: TextSource,
  options: SpecialTokenOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Tokenizer> {
  const specials = specialsOf(options);
  const points = await codePointsOf(source, options.signal);
  if (points.length === 0) {
    throw new GlassboxError('tokenizer-no-text', 'There is no text to take the characters from.', {
      remedy: 'Give at least one file that is not empty.',
    });
  }
  const added = specials.added(points.length);
  const characterIds = new Map(points.map((point, id) => [point, id]));
  const characters = points.map((point) => String.fromCodePoint(point));
  const vocabulary = new Vocabulary();
  characters.forEach((character, id) => vocabulary.setText(id, character));
  for (const { id, content } of added) vocabulary.setText(id, content);
  return new TextTokenizer({
    kind: 'char',
    name: 'char',
    model: new BpeModel({
      alphabet: 'characters',
      byteIds: new Int32Array(256).fill(-1),
      characterIds,
      rules: new MergeRules(0),
    }),
    vocabulary,
    added,
    split: { split: splitEvenly, sureCut: anyCut },
    ...specials.ends(points.length),
    toJson: () =>
      tokenizerJson({
        added,
        preTokenizer: null,
        decoder: { type: 'Fuse' },
        ignoreMerges: false,
        vocab: Object.fromEntries(characters.map((character, id) => [character, id])),
        merges: [],
      }),
  });
}

const SLICE = 1 << 18;

/** The code points of a text, sorted; half of a surrogate pair counts as U+FFFD. */
async function codePointsOf(
  source: TextSource,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const units = new Uint8Array(0x10000);
  const beyond = new Set<number>();
  let high = 0;
  const take = (unit: number): void => {
    const isLow = unit >= 0xdc00 && unit < 0xe000;
    if (high > 0) {
      if (isLow) beyond.add(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
      else units[0xfffd] = 1;
    } else if (isLow) {
      units[0xfffd] = 1;
    }
    high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
    if (high === 0 && !isLow) units[unit] = 1;
  };
  for await (const chunk of typeof source === 'string' ? [source] : source) {
    for (let start = 0; start < chunk.length; start += SLICE) {
      throwIfAborted(signal);
      const end = Math.min(chunk.length, start + SLICE);
      for (let i = start; i < end; i++) take(chunk.charCodeAt(i));
      await setImmediate();
    }
  }
  throwIfAborted(signal);
  if (high > 0) units[0xfffd] = 1;
  const first = Array.from(units.keys()).filter((unit) => units[unit] === 1);
  return [...first, ...[...beyond].sort((a, b) => a - b)];
}
