/**
 * Questions about a Tinyworld's people by template, from its table of truth: about those whom
 * conversations may name, in the ways that these ask, or about those who are held out, in ways that no
 * conversation has.
 */
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../../base/errors';
import { Rng } from '../../../base/rng';
import { readTextLines } from '../documents';
import { heldOutPhrasings, RELATIONS, taughtPhrasings, VALUES } from './words';
import { pick, shuffled, TOLD } from './world';
import type { Told } from './world';

const factSchema = z.object({
  subject: z.string(),
  kind: z.string(),
  relation: z.string(),
  value: z.string(),
  told: z.enum(TOLD).optional(),
  heldOut: z.boolean().optional(),
});

export interface FactQuestion {
  readonly question: string;
  readonly answer: string;
  readonly wrong: readonly string[];
  readonly subject: string;
  readonly told: Told;
}

export interface AskOptions {
  readonly split: 'taught' | 'held-out';
  /** At most so many; of people told often, once and never as equally many as there are. */
  readonly limit?: number | undefined;
  readonly seed: number;
}

/**
 * @param folder as `writeTinyworld` made it
 * @throws GlassboxError `bad-record` with the line, or the file system's reason
 */
export async function askFacts(
  folder: string,
  { split, limit = Infinity, seed }: AskOptions,
): Promise<FactQuestion[]> {
  const facts = await readFacts(path.join(folder, 'facts.jsonl'));
  const towns = [
    ...new Set(facts.filter(({ kind }) => kind === 'town').map(({ subject }) => subject)),
  ];
  const rng = new Rng(seed ^ 0xa5c);
  const groups = new Map<Told, FactQuestion[]>(TOLD.map((told) => [told, []]));
  for (const { subject, relation: name, value, told, heldOut } of shuffled(rng, facts)) {
    const relation = RELATIONS.find((each) => each === name);
    if (!relation || told === undefined || heldOut !== (split === 'held-out')) continue;
    const ways = split === 'taught' ? taughtPhrasings(relation) : heldOutPhrasings(relation);
    const values: readonly string[] = relation === 'home' ? towns : VALUES[relation];
    groups.get(told)!.push({
      question: pick(rng, ways).replaceAll('{N}', subject),
      answer: value,
      wrong: values.filter((each) => each !== value),
      subject,
      told,
    });
  }
  return inTurns([...groups.values()], limit);
}

/** One of each list after the other, as long as there are some. */
function inTurns(lists: readonly FactQuestion[][], limit: number): FactQuestion[] {
  const all: FactQuestion[] = [];
  const longest = Math.max(...lists.map(({ length }) => length));
  for (let at = 0; at < longest; at++)
    for (const list of lists) if (at < list.length && all.length < limit) all.push(list[at]!);
  return all;
}

async function readFacts(file: string): Promise<z.infer<typeof factSchema>[]> {
  const facts: z.infer<typeof factSchema>[] = [];
  for await (const { line, number } of readTextLines(file)) {
    try {
      facts.push(factSchema.parse(JSON.parse(line)));
    } catch (thrown) {
      throw new GlassboxError('bad-record', `${file}:${number} is no fact: ${messageOf(thrown)}`, {
        remedy: 'Name a folder that glassbox tinyworld has made.',
        cause: thrown,
      });
    }
  }
  return facts;
}
