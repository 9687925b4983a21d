/**
 * The tokenizer room's door: text to token ids and back.
 *
 * Tokenizers come by name (`builtinTokenizer`), from a tokenizer.json (`parseTokenizerJson`), from
 * training (`trainBpe`), or plain (`byteTokenizer`, `charTokenizer`). They hold caches and scratch
 * buffers: one tokenizer serves one thread. Not covered: WordPiece, Unigram, and anything that needs
 * SentencePiece's own model file.
 */
export { BUILTIN_TOKENIZERS, builtinTokenizer } from './builtin';
export { byteTokenizer, charTokenizer } from './plainTokenizers';
export { parseTokenizerJson } from './readJson';
export { END_OF_TEXT, type SpecialTokenOptions } from './specials';
export {
  type PatternName,
  type SplitPattern,
  type Splitter,
  patternExpression,
  patternNamed,
  splitterOf,
} from './splitPattern';
export { type TextSource, type TrainBpeOptions, type TrainingProgress, trainBpe } from './train';
export { translateRegex } from './translateRegex';
export type {
  DecodeOptions,
  EncodeOptions,
  SpecialTokenPolicy,
  StreamDecoder,
  TokenOffset,
  Tokenizer,
} from './types';
