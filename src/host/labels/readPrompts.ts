/** Prompts in files that somebody imports: datasets of conversations, or texts with a prompt a line. */
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { linesOfFile } from '../../base/lines';
import type { Turn } from '../../labels/record';
import { taskFromConversation } from '../../labels/tasks';
import type { NewTask } from '../../labels/tasks';
import type { EngineClient } from '../engine/engineClient';

/** What is imported at once, at most. */
const MOST_PROMPTS = 50_000;
const MOST_CHARACTERS = 100e6;

interface Reader {
  methods(): Promise<Pick<Awaited<ReturnType<EngineClient['methods']>>, 'readConversations'>>;
}

export interface PromptsRead {
  readonly wanted: readonly NewTask[];
  readonly unusable: number;
  /** What was wrong with the first that could not be used. */
  readonly first: string | undefined;
}

/**
 * Line by line, up to as much as one queue is good for.
 *
 * @throws GlassboxError `too-many-prompts`, and what reading throws
 */
export async function readPrompts(engine: Reader, files: readonly string[]): Promise<PromptsRead> {
  const gathered = new Gathered();
  for (const file of files.filter((each) => each.endsWith('.txt')))
    for await (const line of linesOfFile(file))
      if (line.trim() !== '') gathered.add(promptOf(line.trim(), path.basename(file)));
  let [unusable, first]: [number, string | undefined] = [0, undefined];
  const datasets = files.filter((each) => !each.endsWith('.txt'));
  if (datasets.length === 0) return { wanted: gathered.all, unusable, first };
  const { readConversations } = await engine.methods();
  const { signal } = new AbortController();
  // Whoever stops reading, as where there are too many, stops the engine.
  for await (const read of readConversations({ paths: datasets }, signal)) {
    const turns = read.messages?.map(({ role, content, toolCalls }): Turn => {
      return { role, content, ...(toolCalls && { toolCalls: [...toolCalls] }) };
    });
    const name = path.basename(read.file);
    const task = turns && taskFromConversation(turns, name);
    if (task) gathered.add(task);
    else {
      unusable++;
      first ??= `${name}:${read.line}: ${read.problems[0]?.message ?? ''}`;
    }
  }
  return { wanted: gathered.all, unusable, first };
}

/** Prompts that are read before a person has said what shall become of them: in bounded memory. */
class Gathered {
  readonly all: NewTask[] = [];
  #characters = 0;

  add(task: NewTask): void {
    const texts = [...task.turns.map(({ content }) => content), task.suggestion?.text ?? ''];
    this.#characters += texts.reduce((sum, { length }) => sum + length, 0);
    if (this.all.length >= MOST_PROMPTS || this.#characters > MOST_CHARACTERS)
      throw new GlassboxError(
        'too-many-prompts',
        `These are more than ${MOST_PROMPTS.toLocaleString('en')} prompts, or ${MOST_CHARACTERS / 1e6} million characters: more than a queue is good for.`,
        { remedy: 'Import a part of them: take some lines of the file into another.' },
      );
    this.all.push(task);
  }
}

/** A question, to be answered. */
export function promptOf(content: string, source: string): NewTask {
  return { mode: 'answer', turns: [{ role: 'user', content }], source };
}
