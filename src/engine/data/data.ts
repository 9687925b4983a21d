/**
 * The data room: text files become documents, documents become token streams (in memory or as
 * shards on disk), token streams become batches.
 */
export { measureText, readDocuments, type ReadOptions } from './documents';
export { CORPUS_NAME, readCuratedCorpus, type CuratedCorpus } from './curatedCorpus';
export { readParquet, type ParquetRow } from './parquet';
export { looksLikeText } from './textFile';
export { cutText, type DocumentPiece } from './pieces';
export { splitDocuments, surveyDocuments, type Survey } from './split';
export { encodeInMemory } from './encodeCorpus';
export { writeMaskedShards, writeShards, type MaskedDocument } from './shardWriter';
export { openShards } from './shardCorpus';
export { traceToken, type TokenOrigin } from './traceToken';
export { corpusInMemory, type Corpus, type CorpusTokenizer, type TokenCorpus } from './tokenCorpus';
export { evaluationRows, wholeDocuments, type WholeDocuments } from './wholeDocuments';
export { listTextFiles, readTextLines } from './documents';
export {
  batchIndex,
  evaluationWindows,
  packedDocuments,
  randomWindows,
  type Batch,
  type BatchSource,
  type EvaluationBatch,
  type EvaluationWindows,
} from './batches';
export {
  askFacts,
  writeTinyworld,
  type AskOptions,
  type FactQuestion,
  type TinyworldOptions,
  type TinyworldSummary,
} from './tinyworld/tinyworld';
