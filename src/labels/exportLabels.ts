/**
 * Finished labels as training data: conversations (`messages`, as `glassbox sft` and OpenAI's and
 * Hugging Face's tools read them), preferences (`prompt`, `chosen`, `rejected`) and ratings. What is
 * not finished, skipped, empty, or in conflict is left out and counted.
 */
import type { Ledger } from './ledger';
import { BEST_SCORE } from './record';
import type { Candidate, Label, Task, Turn } from './record';

export const EXPORTS = ['conversations', 'preferences', 'ratings'] as const;
export type ExportKind = (typeof EXPORTS)[number];

export interface Exported {
  /** JSON Lines. */
  readonly text: string;
  readonly records: number;
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

export function exportLabels(ledger: Ledger, kind: ExportKind): Exported {
  const mode = MODE_OF[kind];
  const leftOut = { unfinished: 0, skipped: 0, conflicts: 0, empty: 0, ties: 0 };
  for (const task of ledger.tasks.filter((each) => each.mode === mode))
    for (const { label, heads } of ledger.labelsOf(task.id).values()) {
      if (heads.length > 1) leftOut.conflicts++;
      else if (label.status === 'draft') leftOut.unfinished++;
      else if (label.status === 'skipped') leftOut.skipped++;
    }
  const records: unknown[] = [];
  for (const { task, label } of ledger.finished()) {
    const { result } = label;
    if (result.mode !== mode) continue;
    if (result.mode === 'answer') {
      const found = conversations(label, result.branches);
      if (found.length === 0) leftOut.empty++;
      records.push(...found);
    } else if (result.mode === 'ranking') {
      const found = preference(task, label, result.choice);
      if (found) records.push(found);
      else leftOut.ties++;
    } else records.push(...ratings(task, label, result.scores));
  }
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return { text, records: records.length, leftOut };
}

/** One record a branch; an answer that several branches share is learnt in the first alone. */
function conversations(label: Label, branches: readonly (readonly Turn[])[]): unknown[] {
  const learnt = new Set<string>();
  return branches.flatMap((branch, at) => {
    const end = branch.findLastIndex(
      ({ role, content, toolCalls }) =>
        role === 'assistant' && (content.trim() !== '' || toolCalls !== undefined),
    );
    const turns = branch.slice(0, end + 1);
    let path = '';
    const messages = turns.map((turn) => {
      path += `${JSON.stringify(messageOf(turn))}\n`;
      const again = turn.role === 'assistant' && learnt.has(path);
      if (turn.role === 'assistant') learnt.add(path);
      return { ...messageOf(turn), ...(again && { weight: 0 }) };
    });
    if (!messages.some((each) => each.role === 'assistant' && !('weight' in each))) return [];
    return [{ messages, id: branches.length > 1 ? `${label.id}-${at + 1}` : label.id }];
  });
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
