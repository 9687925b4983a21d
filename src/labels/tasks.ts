/** What is to be labelled, made of conversations, seeds, and candidates. */
import { createHash } from 'node:crypto';
import { Rng } from '../base/rng';
import type { Candidate, Mode, Task, Turn } from './record';

export interface NewTask {
  readonly mode: Mode;
  readonly turns: readonly Turn[];
  readonly suggestion?: Task['suggestion'];
  readonly candidates?: readonly Candidate[];
  readonly source?: string;
}

/** Who adds them, and when. */
export interface Adding {
  readonly by: string;
  readonly at: string;
}

/** Names what is asked, whoever adds it and wherever. */
function idOf({ mode, turns, candidates = [] }: NewTask): string {
  const asked = turns.map(({ role, content, toolCalls }) => [role, content, toolCalls ?? null]);
  const texts = candidates.map(({ id }) => id).sort();
  return hash(JSON.stringify([mode, asked, texts]));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export function candidateOf(text: string, from: string): Candidate {
  return { id: hash(text), text, from };
}

/** Tasks from what was given, without those that are there already and those that come twice. */
export function tasksOf(
  wanted: readonly NewTask[],
  there: readonly Task[],
  { by, at }: Adding,
): Task[] {
  const known = new Set(there.map(({ id }) => id));
  const made: Task[] = [];
  for (const each of wanted) {
    const id = idOf(each);
    if (known.has(id)) continue;
    known.add(id);
    made.push({
      ...{ kind: 'task', id, at, by, place: made.length, mode: each.mode },
      turns: [...each.turns],
      ...(each.suggestion && { suggestion: each.suggestion }),
      ...(each.candidates && { candidates: [...each.candidates] }),
      ...(each.source !== undefined && { source: each.source }),
    });
  }
  return made;
}

/**
 * A conversation as something to answer: its last answer is what is asked for, and a suggestion to
 * begin from. Undefined where nobody asks anything.
 */
export function taskFromConversation(turns: readonly Turn[], source: string): NewTask | undefined {
  const last = turns.at(-1);
  const answered = last?.role === 'assistant' && !last.toolCalls;
  const asked = answered ? turns.slice(0, -1) : turns;
  if (!asked.some(({ role, content }) => role === 'user' && content.trim() !== ''))
    return undefined;
  return {
    mode: 'answer',
    turns: asked,
    ...(answered && last.content !== '' && { suggestion: { by: source, text: last.content } }),
    source,
  };
}

/** The order in which a labeller sees the candidates: chance, but the same at each look. */
export function shownOrder(task: Task, by: string): Candidate[] {
  const seed = Number.parseInt(hash(`${task.id} ${by}`).slice(0, 8), 16);
  const rng = new Rng(seed);
  const order = [...(task.candidates ?? [])];
  for (let last = order.length - 1; last > 0; last--) {
    const other = rng.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Comparisons of every two of the texts that differ. */
export function pairsOf(
  turns: readonly Turn[],
  candidates: readonly Candidate[],
  source: string,
): NewTask[] {
  const different = unique(candidates);
  return different.flatMap((one, at) =>
    different
      .slice(at + 1)
      .map((other): NewTask => ({ mode: 'ranking', turns, candidates: [one, other], source })),
  );
}

export function ratingOf(
  turns: readonly Turn[],
  candidates: readonly Candidate[],
  source: string,
): NewTask[] {
  const different = unique(candidates);
  return different.length === 0 ? [] : [{ mode: 'rating', turns, candidates: different, source }];
}

const unique = (candidates: readonly Candidate[]): Candidate[] => [
  ...new Map(
    candidates.filter(({ text }) => text.trim() !== '').map((each) => [each.id, each]),
  ).values(),
];
