/**
 * Training of byte-level BPE on a stream of text.
 *
 * Ids are numbered as Hugging Face's BpeTrainer does with the byte-level alphabet: special tokens,
 * then the 256 bytes in the order of the characters that stand for them, then the merges. The result
 * depends on the text alone: not on how it is cut into chunks, and on no random number.
 */
import { setImmediate } from 'node:timers/promises';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { byteLevelJson } from './byteLevelJson';
import { BYTE_TO_CHARACTER, toBinary, writeUtf8 } from './bytes';
import { MergeRules } from './merge';
import { MergeLearner } from './mergeLearner';
import { BpeModel } from './model';
import { type SpecialTokenOptions, type Specials, specialsOf } from './specials';
import { type SplitPattern, patternExpression, splitterOf } from './splitPattern';
import { TextTokenizer } from './textTokenizer';
import type { Tokenizer } from './types';
import { LARGEST_ID, Vocabulary } from './vocabulary';
import { WordCounter } from './wordCount';

/** A text, whole or in chunks that may be cut anywhere. */
export type TextSource = string | Iterable<string> | AsyncIterable<string>;

export interface TrainingProgress {
  readonly phase: 'count' | 'merge';
  /** `count`: code units of text read; `merge`: tokens in the vocabulary. */
  readonly done: number;
  readonly total: number | undefined;
}

/** Special tokens get the first ids. */
export interface TrainBpeOptions extends SpecialTokenOptions {
  /** Tokens to end up with, special ones included; fewer where the text has no more pairs. */
  readonly vocabSize: number;
  readonly pattern: SplitPattern;
  readonly name?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** How long the thread is held between looks at the signal, in milliseconds. */
const BREATH = 8;
const WORDS_AT_A_TIME = 4096;

/** Bytes in the order of their characters: the order of their ids. */
export const BYTES_IN_ORDER = Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) =>
  BYTE_TO_CHARACTER[a]! < BYTE_TO_CHARACTER[b]! ? -1 : 1,
);

/**
 * Trains a byte-level BPE tokenizer.
 *
 * @throws GlassboxError `tokenizer-vocab-size`, `tokenizer-no-text`, `tokenizer-pattern`, `cancelled`
 */
export async function trainBpe(source: TextSource, options: TrainBpeOptions): Promise<Tokenizer> {
  const specials = specialsOf(options);
  checkSize(options.vocabSize, specials.contents.length);
  const splitter = splitterOf(options.pattern);
  const { signal, onProgress } = options;
  let lastBreath = performance.now();
  const breathe = async (progress: TrainingProgress): Promise<void> => {
    if (performance.now() - lastBreath < BREATH) return;
    onProgress?.(progress);
    await setImmediate();
    throwIfAborted(signal);
    lastBreath = performance.now();
  };

  throwIfAborted(signal);
  const counter = new WordCounter(splitter);
  let read = 0;
  for await (const chunk of typeof source === 'string' ? [source] : source) {
    for (const done of counter.add(chunk)) {
      await breathe({ phase: 'count', done: read + done, total: undefined });
    }
    read += chunk.length;
    throwIfAborted(signal);
  }
  counter.finish();
  if (counter.words.size === 0) {
    throw new GlassboxError('tokenizer-no-text', 'There is no text to train the tokenizer on.', {
      remedy: 'Give at least one file that is not empty.',
    });
  }
  onProgress?.({ phase: 'count', done: read, total: read });

  const special = specials.contents.length;
  const tokens = [
    ...specials.contents.map(toBinary),
    ...BYTES_IN_ORDER.map((byte) => String.fromCharCode(byte)),
  ];
  const learner = new MergeLearner(tokens, special, ...wordSymbols(counter, special));
  const breatheMerging = (): Promise<void> =>
    breathe({ phase: 'merge', done: learner.tokens.length, total: options.vocabSize });
  while (!learner.countPairs(WORDS_AT_A_TIME)) await breatheMerging();
  while (learner.tokens.length < options.vocabSize && learner.step()) await breatheMerging();
  onProgress?.({ phase: 'merge', done: learner.tokens.length, total: learner.tokens.length });
  return assemble(learner, specials, options);
}

function checkSize(vocabSize: number, specials: number): void {
  const least = 256 + specials;
  if (!Number.isInteger(vocabSize) || vocabSize < least || vocabSize > LARGEST_ID) {
    throw new GlassboxError(
      'tokenizer-vocab-size',
      `A vocabulary of ${vocabSize} tokens is not possible: the 256 bytes and ${specials} special tokens need ${least}, and ${LARGEST_ID} is the most.`,
      { remedy: `Ask for a whole number from ${least} to ${LARGEST_ID}.` },
    );
  }
}

/** The words as ids of bytes: symbols, where each word starts, and its count. */
export function wordSymbols(
  counter: WordCounter,
  firstByteId: number,
): [symbols: Int32Array, starts: Int32Array, counts: Float64Array] {
  const idOfByte = new Int32Array(256);
  BYTES_IN_ORDER.forEach((byte, index) => (idOfByte[byte] = firstByteId + index));
  const { words, counts } = counter;
  const starts = new Int32Array(words.size + 1);
  let symbols = new Int32Array(1 << 16);
  let bytes = new Uint8Array(256);
  let length = 0;
  for (let word = 0; word < words.size; word++) {
    const units = words.units(word);
    const text = Buffer.from(units.buffer, units.byteOffset, units.byteLength).toString('utf16le');
    if (bytes.length < text.length * 3) bytes = new Uint8Array(text.length * 6);
    const width = writeUtf8(text, 0, text.length, bytes);
    if (length + width > symbols.length) {
      const larger = new Int32Array((length + width) * 2);
      larger.set(symbols);
      symbols = larger;
    }
    for (let i = 0; i < width; i++) symbols[length++] = idOfByte[bytes[i]!]!;
    starts[word + 1] = length;
  }
  return [symbols, starts, counts];
}

function assemble(learner: MergeLearner, specials: Specials, options: TrainBpeOptions): Tokenizer {
  const rules = new MergeRules(learner.merges.length);
  learner.merges.forEach(({ left, right, result }, rank) => rules.add(left, right, rank, result));
  const vocabulary = new Vocabulary();
  learner.tokens.forEach((binary, id) =>
    vocabulary.setBytes(
      id,
      Uint8Array.from(binary, (unit) => unit.charCodeAt(0)),
    ),
  );
  const byteIds = new Int32Array(256);
  BYTES_IN_ORDER.forEach((byte, index) => (byteIds[byte] = specials.contents.length + index));
  const added = specials.added(0);
  const expression = patternExpression(options.pattern);
  const splitter = splitterOf(options.pattern);
  return new TextTokenizer({
    kind: 'bpe',
    name: options.name ?? 'trained',
    model: new BpeModel({ alphabet: 'bytes', byteIds, rules }),
    vocabulary,
    added,
    split: splitter,
    ...specials.ends(0),
    toJson: () => byteLevelJson({ vocabulary, rules, added, expression }),
  });
}
