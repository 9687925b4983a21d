/** A draft as turns of a conversation: what the model says, its calls of tools, and what these gave. */
import type { Turn } from '../../src/labels/record';
import type { DraftEvent } from '../../src/protocol/labelSurface';

/**
 * Where the answer at the end begins: with its first call, unless that came with the prompt.
 *
 * @param prompt how many turns the prompt has
 */
export function startOfAnswer(branch: readonly Turn[], prompt: number): number {
  let from = branch.length - 1;
  if (from < prompt && branch[from]?.toolCalls) return branch.length;
  while (from > prompt && (branch[from - 1]?.role === 'tool' || branch[from - 1]?.toolCalls))
    from--;
  return from;
}

/** The turns of a draft with what the model did next; after a result it goes on in another turn. */
export function withEvent(
  turns: readonly Turn[],
  event: Exclude<DraftEvent, { kind: 'ask' }>,
  by: string,
): readonly Turn[] {
  if (event.kind === 'result')
    return [...turns, { role: 'tool', content: event.output }, { role: 'assistant', content: '' }];
  const last = turns.at(-1);
  const open: Turn = last && !last.toolCalls ? last : { role: 'assistant', content: '' };
  const before = open === last ? turns.slice(0, -1) : turns;
  if (event.kind === 'call') return [...before, { ...open, toolCalls: [event.call] }];
  const text = (open.content + event.text).replace(/^\s+/, '');
  return [...before, { role: 'assistant', content: text, draft: { by, text } }];
}

/** The branch with the calls of a turn taken out, and what is said around them as one answer. */
export function withoutCalls(branch: readonly Turn[], turn: number): readonly Turn[] {
  const said = branch[turn];
  if (!said?.toolCalls) return branch;
  let next = turn + 1;
  while (branch[next]?.role === 'tool') next++;
  const behind = branch[next]?.role === 'assistant' ? branch[next] : undefined;
  const content = [said.content, behind?.content ?? ''].filter((each) => each !== '').join(' ');
  const joined: Turn = { ...behind, role: 'assistant', content };
  return [...branch.slice(0, turn), joined, ...branch.slice(behind ? next + 1 : next)];
}
