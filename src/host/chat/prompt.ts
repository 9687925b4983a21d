/** What a model is given of a conversation: messages where it was taught to chat, else the text. */
import type { GenerateRequest } from '../../protocol/messages';
import { textOf } from './conversation';
import type { Passage } from './conversation';
import type { KeptConversation } from './conversationFile';
import type { Message } from './transcript';

/** The path that is shown, as messages; of a text all of it as one. */
export function messagesOf({ mode, conversation }: KeptConversation): Message[] {
  const path = conversation.path();
  if (mode === 'text') return [{ role: 'user', content: path.map(textOf).join('') }];
  return joined(conversation.instructions, path);
}

/**
 * What stands before the answer at the end of the path. The answer's own tokens go along as ids: as
 * text they might be cut in another way.
 */
export function promptOf({ mode, conversation }: KeptConversation): GenerateRequest['prompt'] {
  const path = conversation.path();
  const end = path.findLastIndex(({ role }) => role !== 'assistant');
  const before = path.slice(0, end + 1);
  if (mode === 'text') return before.map(textOf).join('');
  return { messages: joined(conversation.instructions, before) };
}

/** Passages that follow each other in one role are one message. */
function joined(instructions: string, path: readonly Passage[]): Message[] {
  const messages: Message[] = [];
  if (instructions.trim() !== '') messages.push({ role: 'system', content: instructions });
  for (const passage of path) {
    const last = messages.at(-1);
    const content = textOf(passage);
    // An answer that failed before its first token.
    if (passage.role === 'assistant' && content === '') continue;
    if (last?.role === passage.role && passage.role === 'assistant')
      messages[messages.length - 1] = { role: last.role, content: last.content + content };
    else messages.push({ role: passage.role, content });
  }
  return messages;
}
