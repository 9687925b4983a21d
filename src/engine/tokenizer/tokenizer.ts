/**
 * The tokenizer room's door: text to token ids and back.
 */
export { BUILTIN_TOKENIZERS, builtinTokenizer } from './builtin';
export { type PatternName, type SplitPattern, splitterOf } from './splitPattern';
export { type TextSource, type TrainBpeOptions, type TrainingProgress, trainBpe } from './train';
export type {
  DecodeOptions,
  EncodeOptions,
  SpecialTokenPolicy,
  StreamDecoder,
  TokenOffset,
  Tokenizer,
} from './types';
