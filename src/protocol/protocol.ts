/**
 * The contract with the engine. The same table serves the hop from the extension host to the engine
 * and the engine's own from its main thread to its workers.
 */
import * as z from 'zod';
import * as catalog from './catalogMessages';
import * as chat from './chatMessages';
import * as corpora from './corpusMessages';
import { call, stream } from './descriptors';
import type { HandlersOf } from './descriptors';
import * as documents from './documentMessages';
import { count } from './fields';
import * as knowledge from './knowledgeMessages';
import * as messages from './messages';

const nothing = z.null();

export const protocol = {
  train: stream('train', messages.trainRequestSchema, messages.trainEventSchema),
  stopRun: call('stopRun', messages.stopRunRequestSchema, nothing),
  generate: stream('generate', messages.generateRequestSchema, messages.generateEventSchema),
  converse: stream('converse', chat.converseRequestSchema, chat.converseEventSchema),
  chatForm: call('chatForm', chat.chatFormRequestSchema, chat.chatFormAnswerSchema),
  logits: call('logits', messages.logitsRequestSchema, messages.logitsAnswerSchema),
  evaluate: call('evaluate', messages.evaluateRequestSchema, messages.evaluateAnswerSchema),
  trainTokenizer: stream(
    'trainTokenizer',
    messages.tokenizerTrainRequestSchema,
    messages.tokenizerTrainEventSchema,
  ),
  encode: call('encode', messages.encodeRequestSchema, messages.encodeAnswerSchema),
  decode: call('decode', messages.decodeRequestSchema, z.string()),
  makeTinyworld: stream('makeTinyworld', chat.tinyworldRequestSchema, chat.tinyworldEventSchema),
  renderConversations: stream(
    'renderConversations',
    chat.renderRequestSchema,
    chat.renderEventSchema,
  ),
  probeKnowledge: stream(
    'probeKnowledge',
    knowledge.probeRequestSchema,
    knowledge.probeEventSchema,
  ),
  probes: call('probes', knowledge.probesRequestSchema, z.array(knowledge.probeSummarySchema)),
  openProbe: stream('openProbe', knowledge.openProbeRequestSchema, knowledge.openProbeEventSchema),
  teachKnowledge: call('teachKnowledge', knowledge.teachRequestSchema, knowledge.teachAnswerSchema),
  readConversations: stream(
    'readConversations',
    chat.readConversationsRequestSchema,
    chat.conversationReadSchema,
  ),
  devices: call('devices', z.object({}), z.array(messages.deviceSchema)),
  /** Bytes that the engine's process holds, its workers and their native memory included. */
  memory: call('memory', z.object({}), count),

  runs: call('runs', catalog.runsRequestSchema, catalog.runsAnswerSchema),
  models: call('models', catalog.modelsRequestSchema, z.array(catalog.modelSummarySchema)),
  exportModel: call('exportModel', catalog.exportRequestSchema, catalog.exportAnswerSchema),
  tokenizers: call(
    'tokenizers',
    catalog.tokenizersRequestSchema,
    z.array(catalog.tokenizerSummarySchema),
  ),
  checkRecipe: call(
    'checkRecipe',
    catalog.checkRecipeRequestSchema,
    z.array(catalog.recipeProblemSchema),
  ),
  estimate: call('estimate', catalog.estimateRequestSchema, catalog.estimateAnswerSchema),

  curate: stream('curate', corpora.curateRequestSchema, corpora.curateEventSchema),
  planCorpus: call('planCorpus', corpora.planCorpusRequestSchema, corpora.planCorpusAnswerSchema),
  /** One unit of a curation's work; asked by `curate` of the workers that it starts. */
  filterSegment: call('filterSegment', corpora.filterSegmentRequestSchema, nothing),
  explainDocument: call(
    'explainDocument',
    corpora.explainDocumentRequestSchema,
    z.array(corpora.explanationSchema),
  ),
  corpora: call('corpora', corpora.corporaRequestSchema, z.array(corpora.corpusSummarySchema)),
  corpusDocuments: call(
    'corpusDocuments',
    corpora.corpusDocumentsRequestSchema,
    corpora.corpusDocumentsSchema,
  ),
  corpusDocument: call(
    'corpusDocument',
    corpora.corpusDocumentRequestSchema,
    corpora.explanationSchema,
  ),
  corpusPage: call('corpusPage', corpora.corpusDocumentRequestSchema, corpora.corpusPageSchema),
  /** The document that another one was dropped as a copy of. */
  corpusCopy: call('corpusCopy', corpora.corpusDocumentRequestSchema, corpora.corpusCopySchema),
  traceToken: call('traceToken', corpora.traceTokenRequestSchema, corpora.tokenOriginSchema),
  sampleCorpus: stream(
    'sampleCorpus',
    corpora.sampleCorpusRequestSchema,
    corpora.sampleCorpusEventSchema,
  ),
  corpusStatistics: call(
    'corpusStatistics',
    corpora.corpusStatisticsRequestSchema,
    corpora.corpusStatisticsSchema,
  ),

  openDocument: call('openDocument', documents.openDocumentRequestSchema, nothing),
  editDocument: call('editDocument', documents.editDocumentRequestSchema, nothing),
  documentTokens: call(
    'documentTokens',
    documents.documentTokensRequestSchema,
    documents.documentTokensAnswerSchema,
  ),
  documentCount: call(
    'documentCount',
    documents.documentCountRequestSchema,
    documents.documentCountAnswerSchema,
  ),
  explainToken: call(
    'explainToken',
    documents.explainTokenRequestSchema,
    documents.explainTokenAnswerSchema,
  ),
  closeDocument: call('closeDocument', documents.closeDocumentRequestSchema, nothing),
  vocabulary: call(
    'vocabulary',
    documents.vocabularyRequestSchema,
    documents.vocabularyAnswerSchema,
  ),
  learnMerges: call(
    'learnMerges',
    documents.learnMergesRequestSchema,
    documents.learnMergesAnswerSchema,
  ),
};

export type Protocol = typeof protocol;
export type Method = keyof Protocol;

/** Some or all of the engine's requests, as plain methods. */
export type Handlers<Name extends Method = Method> = HandlersOf<Protocol, Name>;

/** The engine as everything that uses it sees it, wherever it runs. */
export interface Engine extends Handlers {
  dispose(): Promise<void>;
}
