/** What a chat needs of the window: an engine, models, settings, the disk. */
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ChatForm, ConverseEvent, ConverseRequest } from '../../protocol/chatMessages';
import type { Sampling } from '../../protocol/chatSurface';
import type { GenerateEvent, GenerateRequest } from '../../protocol/messages';
import type { ConversationStore, Memory } from './conversationStore';

export interface SessionParts {
  /** Goes on with a text. */
  generate(
    request: Omit<GenerateRequest, 'backend' | 'threads'>,
    signal: AbortSignal,
  ): AsyncIterable<GenerateEvent>;
  /** Answers in a conversation. */
  converse(
    request: Omit<ConverseRequest, 'backend' | 'threads'>,
    signal: AbortSignal,
  ): AsyncIterable<ConverseEvent>;
  /** How a model calls tools. */
  chatForm(folder: string): Promise<ChatForm>;
  /** Those that can be used, the one to offer first in front. */
  models(): readonly ModelSummary[];
  /** Looks at a folder; undefined where there is no model that can be used. */
  findModel(folder: string): Promise<ModelSummary | undefined>;
  /** The settings. */
  sampling(): Sampling;
  readonly store: ConversationStore;
  readonly memory: Memory;
  /** Something could not be kept on the disk. */
  onLost(error: unknown): void;
}
