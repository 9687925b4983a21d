/**
 * The data room: text files become documents, documents become token streams (in memory or as
 * shards on disk), token streams become batches.
 */
export { readDocuments, type ReadOptions } from './documents';
export { cutText, type DocumentPiece } from './pieces';
export { surveyDocuments, type Documents, type Survey } from './split';
export { encodeInMemory, type EncodeOptions, type EncodeProgress } from './encodeCorpus';
export { writeShards, type ShardOptions } from './shardWriter';
export { openShards, type ShardExpectations } from './shardCorpus';
export type { CorpusIndex, SplitIndex } from './shardFormat';
export { corpusInMemory, type Corpus, type CorpusTokenizer, type TokenCorpus } from './tokenCorpus';
export {
  batchIndex,
  evaluationWindows,
  packedDocuments,
  randomWindows,
  type Batch,
  type BatchShape,
  type BatchSource,
  type EvaluationBatch,
  type EvaluationOptions,
  type EvaluationWindows,
} from './batches';
