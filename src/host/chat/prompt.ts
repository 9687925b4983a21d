/**
 * What a model is given of a conversation: messages where it was taught to chat, else the text; and a
 * conversation from messages.
 */
import type { ConversationMessage } from '../../protocol/chatMessages';
import type { CallMade } from '../../protocol/chatSurface';
import { Conversation, textOf } from './conversation';
import type { Passage } from './conversation';
import type { KeptConversation } from './conversationFile';

/** The path that is shown, as messages; of a text all of it as one. */
export function messagesOf({ mode, conversation }: KeptConversation): ConversationMessage[] {
  const path = conversation.path();
  if (mode === 'text') return [{ role: 'user', content: path.map(textOf).join('') }];
  return joined(conversation.instructions, path);
}

/** What stands before the answer, and the answer's own tokens: as text they might be cut otherwise. */
export interface Asked {
  readonly messages: ConversationMessage[];
  readonly continued: number[];
}

/**
 * What the answer at the end of the path goes on from. A call without a result is the last message: it
 * is run, and the answer goes on behind it.
 */
export function askedOf({ conversation }: KeptConversation): Asked {
  const path = conversation.path();
  const leaf = conversation.leaf();
  if (leaf.call) return { messages: joined(conversation.instructions, path), continued: [] };
  const end = path.findLastIndex(({ role }) => role !== 'assistant');
  return {
    messages: joined(conversation.instructions, path.slice(0, end + 1)),
    continued: conversation.answerIds(leaf.id),
  };
}

/** As `askedOf`, of a text that a model goes on with. */
export function textAskedOf({ conversation }: KeptConversation): {
  readonly prompt: string;
  readonly continued: number[];
} {
  const path = conversation.path();
  const end = path.findLastIndex(({ role }) => role !== 'assistant');
  const prompt = path
    .slice(0, end + 1)
    .map(textOf)
    .join('');
  return { prompt, continued: conversation.answerIds(conversation.leaf().id) };
}

/** Passages of an answer that follow each other are one message, up to a call. */
function joined(instructions: string, path: readonly Passage[]): ConversationMessage[] {
  const messages: ConversationMessage[] = [];
  if (instructions.trim() !== '') messages.push({ role: 'system', content: instructions });
  for (const passage of path) {
    const { role, call } = passage;
    const content = textOf(passage);
    // An answer that failed before its first token.
    if (role === 'assistant' && content === '' && !call) continue;
    const calls = call && { toolCalls: [{ name: call.tool, arguments: call.arguments }] };
    const last = messages.at(-1);
    if (last?.role === 'assistant' && role === 'assistant' && !last.toolCalls)
      messages[messages.length - 1] = { role, content: last.content + content, ...calls };
    else messages.push({ role, content, ...calls });
  }
  return messages;
}

/** A call at the end waits for somebody to allow it. */
export function conversationOf(messages: readonly ConversationMessage[]): Conversation {
  const conversation = new Conversation();
  for (const { role, content, toolCalls: [first, ...others] = [] } of messages) {
    if (role === 'system') {
      conversation.instructions = content;
      continue;
    }
    const { id } = conversation.add(conversation.leaf().id, role, content);
    if (first) conversation.call(id, callMade(first));
    for (const call of others)
      conversation.call(conversation.add(conversation.leaf().id, role).id, callMade(call));
  }
  const leaf = conversation.leaf();
  if (leaf.call) conversation.end(leaf.id, 'call');
  return conversation;
}

type Call = NonNullable<ConversationMessage['toolCalls']>[number];

function callMade({ name, arguments: given }: Call): CallMade {
  const input = typeof given === 'string' ? given : JSON.stringify(given);
  return { tool: name, input, arguments: given };
}
