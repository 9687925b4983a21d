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
export { readTokenizer, tokenizerFile } from './readFolder';
export { END_OF_TEXT } from './specials';
export { type SplitPattern, patternExpression, patternNamed, splitterOf } from './splitPattern';
export { type TrainingProgress, trainBpe } from './train';
export { translateRegex } from './translateRegex';
export { type MergeSteps, learnMerges } from './mergeSteps';
export { type AddedSpecials, withSpecialTokens } from './withSpecialTokens';
export type {
  SpecialTokenPolicy,
  StreamDecoder,
  TokenMerge,
  TokenOffset,
  Tokenizer,
} from './types';
