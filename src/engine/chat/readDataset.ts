/**
 * Datasets of conversations from files: `.jsonl` (a record a line), `.json` (a list of records), and
 * `.chatml`, in which a line `---` between two turns begins another conversation. A record that is
 * broken is told of with its line, and the others are kept.
 */
import { createHash } from 'node:crypto';
import { messageOf, throwIfAborted } from '../../base/errors';
import { readTextFile } from '../../base/files';
import { parseTurns, splitCalls } from '../../base/chatml';
import { listTextFiles, readTextLines } from '../data/data';
import type { ToolSchema } from '../tools/tools';
import { checkMessages } from './checkConversation';
import type { DatasetProblem } from './checkConversation';
import type { ChatMessage } from './message';
import { readRecord, readTools, roleNamed } from './readRecord';

export interface DatasetEntry {
  readonly file: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** Undefined where the record is broken. */
  readonly messages: readonly ChatMessage[] | undefined;
  /** Those that the record says there are; undefined where it says nothing. */
  readonly tools?: readonly ToolSchema[] | undefined;
  readonly problems: readonly DatasetProblem[];
}

const DATASET_NAME = /\.(jsonl|json|chatml)$/i;

/**
 * The conversations of files and folders, in order.
 *
 * Iterating throws GlassboxError `not-found`, `binary-data`, `invalid-utf8`, `cancelled`, ...
 */
export async function* readDataset(
  paths: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<DatasetEntry> {
  for (const file of await listTextFiles(paths, DATASET_NAME)) {
    throwIfAborted(signal);
    if (/\.(chatml|json)$/i.test(file)) yield* readDatasetText(file, await readTextFile(file));
    else {
      for await (const { line, number } of readTextLines(file, { signal }))
        yield* entriesOf(file, number, line);
    }
  }
}

/** As `readDataset`, of the text of one file, whose name tells its form. */
export function* readDatasetText(file: string, text: string): Generator<DatasetEntry> {
  if (/\.chatml$/i.test(file)) yield* readChatml(file, text);
  else if (/\.json$/i.test(file)) yield* readList(file, text);
  else
    for (const [at, line] of text.split('\n').entries())
      if (line.trim() !== '') yield* entriesOf(file, at + 1, line);
}

function* entriesOf(file: string, line: number, json: string): Generator<DatasetEntry> {
  try {
    const record: unknown = JSON.parse(json);
    const conversations = readRecord(record);
    const { tools, problem } = readTools(record);
    const odd = problem === undefined ? [] : [oddTools(problem)];
    for (const messages of conversations)
      yield { file, line, messages, tools, problems: [...odd, ...checkMessages(messages)] };
    if (conversations.length === 0) throw new Error('the tree holds no answer');
  } catch (thrown) {
    const code = thrown instanceof SyntaxError ? 'bad-json' : 'bad-record';
    const what = code === 'bad-json' ? 'This line is not JSON' : 'This is no conversation';
    yield broken(file, line, code, `${what}: ${messageOf(thrown)}`);
  }
}

/** A conversation that can be learnt from without them. */
function oddTools(problem: string): DatasetProblem {
  const message = `${problem}; the template is told of no tools.`;
  return { severity: 'warning', code: 'tools', message };
}

function broken(file: string, line: number, code: string, message: string): DatasetEntry {
  const problem: DatasetProblem = { severity: 'error', code, message };
  return { file, line, messages: undefined, problems: [problem] };
}

/** The elements of a JSON list, each parsed alone so that one that is broken harms no other. */
function* readList(file: string, text: string): Generator<DatasetEntry> {
  const first = /\S/.exec(text);
  if (first?.[0] !== '[') {
    yield* entriesOf(file, 1, text);
    return;
  }
  let depth = 0;
  let inString = false;
  let start: number | undefined;
  let line = 1;
  let startLine = 1;
  for (let at = first.index + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\n') line++;
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"' || character === '\n') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    const ends = depth === 0 && (character === ',' || character === ']');
    if (ends) {
      if (start !== undefined) yield* entriesOf(file, startLine, text.slice(start, at));
      start = undefined;
      if (character === ']') return;
      continue;
    }
    if (start === undefined && /\S/.test(character)) {
      start = at;
      startLine = line;
    }
    if (character === '{' || character === '[') depth++;
    if (character === '}' || character === ']') depth--;
  }
  if (start !== undefined)
    yield broken(file, startLine, 'bad-json', 'This record has no end: a bracket is missing.');
}

function* readChatml(file: string, text: string): Generator<DatasetEntry> {
  const lines = text.split(/\r\n|\r|\n/);
  let messages: ChatMessage[] = [];
  let problems: DatasetProblem[] = [];
  let firstLine = 1;
  const finish = function* (): Generator<DatasetEntry> {
    if (messages.length > 0)
      yield {
        file,
        line: firstLine,
        messages,
        problems: [...problems, ...checkMessages(messages)],
      };
    messages = [];
    problems = [];
  };
  let seen = 0;
  for (const turn of parseTurns(text)) {
    if (lines.slice(seen, turn.firstLine).some((line) => line.trim() === '---')) yield* finish();
    seen = turn.lastLine + 1;
    const role = roleNamed(turn.role);
    if (!role) {
      const message = `Line ${turn.firstLine + 1}: "${turn.role}" is no role; the turn is left out.`;
      problems.push({ severity: 'warning', code: 'roles', message });
      continue;
    }
    if (messages.length === 0) firstLine = turn.firstLine + 1;
    const { content, calls } =
      role === 'assistant' ? splitCalls(turn.content) : { content: turn.content, calls: [] };
    messages.push({ role, content, ...(calls.length > 0 && { toolCalls: calls }) });
  }
  yield* finish();
}

/** The same for the same conversation, wherever it stands. */
export function fingerprintOf(
  messages: readonly ChatMessage[],
  tools: readonly ToolSchema[] = [],
): string {
  const told = tools.length === 0 ? messages : { messages, tools };
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}
