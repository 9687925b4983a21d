/**
 * Records of datasets in the text of an editor: which lines of it the engine needs, and where in them a
 * problem is. Plain text, without VS Code.
 */
import type { Turn } from '../../base/chatml';
import type { DatasetProblem } from '../../protocol/chatMessages';

/** A stretch of one line, in UTF-16 code units. */
export interface Place {
  /** From 0. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** More of a line is no help to see where it is. */
const LONGEST = 120;

/**
 * Where a problem of the record is that begins on a line of the file.
 *
 * @param line from 0
 * @param lineAt the text of a line
 * @param turns of the file, where it is ChatML
 */
export function placeOf(
  name: string,
  line: number,
  { turn, code, message }: Pick<DatasetProblem, 'turn' | 'code' | 'message'>,
  lineAt: (line: number) => string,
  turns: () => readonly Turn[],
): Place {
  if (/\.chatml$/i.test(name)) {
    if (turn === undefined) return wholeOf(line, lineAt(line));
    const all = turns();
    const first = all.findIndex(({ firstLine }) => firstLine >= line);
    const at = all[first + turn]?.firstLine ?? line;
    return wholeOf(at, lineAt(at));
  }
  const record = lineAt(line);
  if (turn !== undefined) {
    const role = [...record.matchAll(/"(?:role|from)"\s*:\s*"[^"]*"/g)][turn];
    if (role) return { line, start: role.index, end: role.index + role[0].length };
  }
  if (code === 'special-token') {
    const named = /holds (.+?)(?:, |: it becomes)/.exec(message)?.[1] ?? '';
    const start = named === '' ? -1 : record.indexOf(named);
    if (start >= 0) return { line, start, end: start + named.length };
  }
  if (code === 'tools') {
    const field = /"tools"(?=\s*:)/.exec(record);
    if (field) return { line, start: field.index, end: field.index + field[0].length };
  }
  return wholeOf(line, record);
}

function wholeOf(line: number, text: string): Place {
  const start = text.length - text.trimStart().length;
  const end = Math.min(text.trimEnd().length, start + LONGEST);
  return { line, start, end: Math.max(start, end) };
}
