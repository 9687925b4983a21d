/**
 * The chat room: makes conversations the tokens that a model is taught to see them as. It reads
 * datasets of them, checks them, and yields ids with masks, from which `train` learns; `train` never
 * imports it.
 */
export { BUILTIN_TEMPLATES } from './builtinTemplates';
export {
  encodeConversation,
  encodeForTraining,
  saidIn,
  type Conversation,
  type TrainingConversation,
} from './conversation';
export type { ChatMessage, ChatRole, ToolCall } from './message';
export { checkEncoded, type DatasetProblem } from './checkConversation';
export { converse, type ConverseEvent, type ConverseOptions } from './converse';
export { chooseTemplate, type Taught } from './chooseTemplate';
export { prepareDataset, type PreparedDataset } from './prepareDataset';
export { readDataset, readDatasetText, type DatasetEntry } from './readDataset';
export { ChatTemplate } from './template';
export { callFormOf, type CallForm } from './toolCalls';
