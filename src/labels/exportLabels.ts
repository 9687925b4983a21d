/**
 * Finished labels as training data: conversations (`messages`, as `glassbox sft` and OpenAI's and
 * Hugging Face's tools read them), preferences (`prompt`, `chosen`, `rejected`) and ratings. What is
 * not finished, skipped, empty, or in conflict is left out and counted.
 *
 * An assistant's turn that came with the prompt was judged by nobody: unless it is wanted otherwise, it is
 * there to be seen and not to be learnt (`"weight": 0`). One that a person changed counts as labelled.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Ledger } from './ledger';
import { BEST_SCORE } from './record';
import type { Candidate, Label, Task, Turn } from './record';

export const EXPORTS = ['conversations', 'preferences', 'ratings'] as const;
export type ExportKind = (typeof EXPORTS)[number];

/** Which of the assistant's turns are learnt. */
export const LEARNT = ['labelled', 'all'] as const;
export type Learnt = (typeof LEARNT)[number];

export interface Exported {
  /** JSON Lines. */
  readonly text: string;
  readonly records: number;
  /** Turns of the assistant that came with the prompts of conversations. */
  readonly given: number;
  /** Labels of this kind that were left out, by reason. */
  readonly leftOut: {
    readonly unfinished: number;
    readonly skipped: number;
    readonly conflicts: number;
    /** Answers without a word. */
    readonly empty: number;
    readonly ties: number;
  };
}

const MODE_OF = { conversations: 'answer', preferences: 'ranking', ratings: 'rating' } as const;

/** @param learnt counts for conversations alone */
export function exportLabels(
  ledger: Ledger,
  kind: ExportKind,
  learnt: Learnt = 'labelled',
): Exported {
  const mode = MODE_OF[kind];
  const leftOut = { unfinished: 0, skipped: 0, conflicts: 0, empty: 0, ties: 0 };
  for (const task of ledger.tasks.filter((each) => each.mode === mode))
    for (const { label, heads } of ledger.labelsOf(task.id).values()) {
      if (heads.length > 1) leftOut.conflicts++;
      else if (label.status === 'draft') leftOut.unfinished++;
      else if (label.status === 'skipped') leftOut.skipped++;
    }
  const records: unknown[] = [];
  let given = 0;
  for (const { task, label } of ledger.finished()) {
    const { result } = label;
    if (result.mode !== mode) continue;
    if (result.mode === 'answer') {
      const found = conversations(task, label, result.branches, learnt);
      if (found.records.length === 0) leftOut.empty++;
      records.push(...found.records);
      given += found.given;
    } else if (result.mode === 'ranking') {
      const found = preference(task, label, result.choice);
      if (found) records.push(found);
      else leftOut.ties++;
    } else records.push(...ratings(task, label, result.scores));
  }
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return { text, records: records.length, given, leftOut };
}

/** One record a branch; an answer that several branches share is learnt in the first alone. */
function conversations(
  task: Task,
  label: Label,
  branches: readonly (readonly Turn[])[],
  learnt: Learnt,
): { records: unknown[]; given: number } {
  const taken = new Set<string>();
  let given = 0;
  const records = branches.flatMap((branch, number) => {
    const end = branch.findLastIndex(
      ({ role, content, toolCalls }) =>
        role === 'assistant' && (content.trim() !== '' || toolCalls !== undefined),
    );
    let path = '';
    let learns = 0;
    const messages = branch.slice(0, end + 1).map((turn, at) => {
      const message = messageOf(turn);
      path += `${JSON.stringify(message)}\n`;
      if (turn.role !== 'assistant') return message;
      const again = taken.has(path);
      taken.add(path);
      const came = isGiven(task, turn, at);
      if (came && !again) given++;
      if (again || (came && learnt === 'labelled')) return { ...message, weight: 0 };
      learns++;
      return message;
    });
    const id = branches.length > 1 ? `${label.id}-${number + 1}` : label.id;
    return learns === 0 ? [] : [{ messages, id }];
  });
  return { records, given };
}

/**
 * Whether a turn stands there as it came with the prompt. Calls right before the answer are part of what
 * was judged: it rests on what they gave.
 */
function isGiven({ turns }: Task, turn: Turn, at: number): boolean {
  const answer = turns.findLastIndex(({ role, toolCalls }) => role !== 'tool' && !toolCalls) + 1;
  const before = turns[at];
  return (
    before !== undefined && at < answer && isDeepStrictEqual(messageOf(before), messageOf(turn))
  );
}

function messageOf({ role, content, toolCalls }: Turn) {
  if (!toolCalls) return { role, content };
  const calls = toolCalls.map((call) => ({ type: 'function', function: call }));
  return { role, content, tool_calls: calls };
}

function preference(task: Task, { id }: Label, choice: string | undefined): unknown {
  const { candidates = [] } = task;
  const chosen = candidates.find((each) => each.id === choice);
  const rejected = candidates.find((each) => each.id !== choice);
  if (!chosen || !rejected) return undefined;
  const said = ({ text }: Candidate) => [{ role: 'assistant', content: text }];
  return {
    prompt: task.turns.map(messageOf),
    chosen: said(chosen),
    rejected: said(rejected),
    id,
  };
}

function ratings(task: Task, { id, by }: Label, scores: Readonly<Record<string, number>>) {
  return (task.candidates ?? []).flatMap((candidate) => {
    const score = scores[candidate.id];
    if (score === undefined) return [];
    const response = [{ role: 'assistant', content: candidate.text }];
    return [
      { prompt: task.turns.map(messageOf), response, score, best: BEST_SCORE, labeller: by, id },
    ];
  });
}
