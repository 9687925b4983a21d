/** A conversation as the page shows it. */
import type { ShownPassage, ShownToken } from '../../protocol/chatSurface';
import { textOf } from './conversation';
import type { Conversation, Passage, Token } from './conversation';

/** Of a conversation's title, in characters. */
const LONGEST_TITLE = 60;

export function shownPassage(conversation: Conversation, passage: Passage): ShownPassage {
  const { id, role, text, tokens, ending } = passage;
  return {
    id,
    role: role === 'assistant' ? role : 'user',
    text,
    tokens: tokens.map(shownToken),
    versions: conversation.versions(id),
    ...(ending !== undefined && { ending }),
  };
}

export function shownToken({ id, text, logprob, top }: Token): ShownToken {
  const probability = Math.exp(logprob);
  if (text !== '') return { text, silent: false, probability };
  const name = top.find((each) => each.id === id)?.text ?? `<${id}>`;
  return { text: name, silent: true, probability };
}

/** Tokens of the context up to the end of what is shown, as far as a model has said so. */
export function contextUsed(conversation: Conversation): number | undefined {
  const measured = conversation.path().findLast(({ tokensBefore }) => tokensBefore !== undefined);
  return measured && (measured.tokensBefore ?? 0) + measured.tokens.length;
}

/** The beginning of what was said first. */
export function titleOf(conversation: Conversation): string {
  const words = conversation.path().slice(0, 2).map(textOf).join(' ').trim().replace(/\s+/g, ' ');
  return words.length <= LONGEST_TITLE ? words : `${words.slice(0, LONGEST_TITLE - 1).trimEnd()}…`;
}
