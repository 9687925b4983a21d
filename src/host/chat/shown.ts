/** A conversation as the page shows it. */
import type { ShownPassage, ShownToken } from '../../protocol/chatSurface';
import { textOf } from './conversation';
import type { Conversation, Passage, Token } from './conversation';

/** Of a conversation's title, in characters. */
const LONGEST_TITLE = 60;

export function shownPassage(conversation: Conversation, passage: Passage): ShownPassage {
  const { id, role, text, tokens, ending, call, result } = passage;
  return {
    id,
    role: role === 'system' ? 'user' : role,
    text,
    tokens: tokens.map(shownToken),
    versions: conversation.versions(id),
    ...(ending !== undefined && { ending }),
    ...(call && { call: { tool: call.tool, input: call.input } }),
    ...(result && { result: { outcome: result.outcome, milliseconds: result.milliseconds } }),
  };
}

export function shownToken({ id, text, logprob, top, within }: Token): ShownToken {
  const known = { probability: Math.exp(logprob), ...(within && { within }) };
  if (text !== '') return { text, silent: false, ...known };
  const name = top.find((each) => each.id === id)?.text ?? `<${id}>`;
  return { text: name, silent: true, ...known };
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
