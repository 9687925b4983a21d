/** The engine's table over a connection, both ends. */
import type { MessageConnection } from 'vscode-jsonrpc';
import { protocol } from './protocol';
import type { Handlers } from './protocol';
import { answerer, asker } from './rpc';
import type { Mortal, ServeOptions } from './rpc';

/** The engine at the other end. Listens on the connection, which must not be listening yet. */
export function connect(connection: MessageConnection, mortal?: Mortal): Handlers {
  const ask = asker(connection, mortal);
  return {
    train: ask.stream(protocol.train),
    stopRun: ask.call(protocol.stopRun),
    generate: ask.stream(protocol.generate),
    converse: ask.stream(protocol.converse),
    chatForm: ask.call(protocol.chatForm),
    logits: ask.call(protocol.logits),
    evaluate: ask.call(protocol.evaluate),
    trainTokenizer: ask.stream(protocol.trainTokenizer),
    makeTinyworld: ask.stream(protocol.makeTinyworld),
    renderConversations: ask.stream(protocol.renderConversations),
    probeKnowledge: ask.stream(protocol.probeKnowledge),
    probes: ask.call(protocol.probes),
    openProbe: ask.stream(protocol.openProbe),
    teachKnowledge: ask.call(protocol.teachKnowledge),
    readConversations: ask.stream(protocol.readConversations),
    encode: ask.call(protocol.encode),
    decode: ask.call(protocol.decode),
    devices: ask.call(protocol.devices),
    memory: ask.call(protocol.memory),
    runs: ask.call(protocol.runs),
    models: ask.call(protocol.models),
    exportModel: ask.call(protocol.exportModel),
    curate: ask.stream(protocol.curate),
    planCorpus: ask.call(protocol.planCorpus),
    filterSegment: ask.call(protocol.filterSegment),
    explainDocument: ask.call(protocol.explainDocument),
    corpora: ask.call(protocol.corpora),
    corpusDocuments: ask.call(protocol.corpusDocuments),
    corpusDocument: ask.call(protocol.corpusDocument),
    corpusPage: ask.call(protocol.corpusPage),
    corpusCopy: ask.call(protocol.corpusCopy),
    traceToken: ask.call(protocol.traceToken),
    sampleCorpus: ask.stream(protocol.sampleCorpus),
    corpusStatistics: ask.call(protocol.corpusStatistics),
    tokenizers: ask.call(protocol.tokenizers),
    checkRecipe: ask.call(protocol.checkRecipe),
    estimate: ask.call(protocol.estimate),
    openDocument: ask.call(protocol.openDocument),
    editDocument: ask.call(protocol.editDocument),
    documentTokens: ask.call(protocol.documentTokens),
    documentCount: ask.call(protocol.documentCount),
    explainToken: ask.call(protocol.explainToken),
    closeDocument: ask.call(protocol.closeDocument),
    vocabulary: ask.call(protocol.vocabulary),
    learnMerges: ask.call(protocol.learnMerges),
  };
}

/** Answers the requests that `handlers` has. Listens on the connection. */
export function serve(
  connection: MessageConnection,
  handlers: Partial<Handlers>,
  options?: ServeOptions,
): void {
  const answer = answerer(connection, options);
  answer.stream(protocol.train, handlers.train);
  answer.call(protocol.stopRun, handlers.stopRun);
  answer.stream(protocol.generate, handlers.generate);
  answer.call(protocol.logits, handlers.logits);
  answer.call(protocol.evaluate, handlers.evaluate);
  answer.stream(protocol.trainTokenizer, handlers.trainTokenizer);
  answer.stream(protocol.converse, handlers.converse);
  answer.call(protocol.chatForm, handlers.chatForm);
  answer.stream(protocol.makeTinyworld, handlers.makeTinyworld);
  answer.stream(protocol.renderConversations, handlers.renderConversations);
  answer.stream(protocol.probeKnowledge, handlers.probeKnowledge);
  answer.call(protocol.probes, handlers.probes);
  answer.stream(protocol.openProbe, handlers.openProbe);
  answer.call(protocol.teachKnowledge, handlers.teachKnowledge);
  answer.stream(protocol.readConversations, handlers.readConversations);
  answer.call(protocol.encode, handlers.encode);
  answer.call(protocol.decode, handlers.decode);
  answer.call(protocol.devices, handlers.devices);
  answer.call(protocol.memory, handlers.memory);
  answer.call(protocol.runs, handlers.runs);
  answer.call(protocol.models, handlers.models);
  answer.call(protocol.exportModel, handlers.exportModel);
  answer.stream(protocol.curate, handlers.curate);
  answer.call(protocol.planCorpus, handlers.planCorpus);
  answer.call(protocol.filterSegment, handlers.filterSegment);
  answer.call(protocol.explainDocument, handlers.explainDocument);
  answer.call(protocol.corpora, handlers.corpora);
  answer.call(protocol.corpusDocuments, handlers.corpusDocuments);
  answer.call(protocol.corpusDocument, handlers.corpusDocument);
  answer.call(protocol.corpusPage, handlers.corpusPage);
  answer.call(protocol.corpusCopy, handlers.corpusCopy);
  answer.call(protocol.traceToken, handlers.traceToken);
  answer.stream(protocol.sampleCorpus, handlers.sampleCorpus);
  answer.call(protocol.corpusStatistics, handlers.corpusStatistics);
  answer.call(protocol.tokenizers, handlers.tokenizers);
  answer.call(protocol.checkRecipe, handlers.checkRecipe);
  answer.call(protocol.estimate, handlers.estimate);
  answer.call(protocol.openDocument, handlers.openDocument);
  answer.call(protocol.editDocument, handlers.editDocument);
  answer.call(protocol.documentTokens, handlers.documentTokens);
  answer.call(protocol.documentCount, handlers.documentCount);
  answer.call(protocol.explainToken, handlers.explainToken);
  answer.call(protocol.closeDocument, handlers.closeDocument);
  answer.call(protocol.vocabulary, handlers.vocabulary);
  answer.call(protocol.learnMerges, handlers.learnMerges);
  answer.listen();
}
