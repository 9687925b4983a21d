/**
 * Which of the documents that the filters let through are copies of another one, over all sources:
 * exact copies and near copies, in the map-and-merge steps of datatrove. Each reads files and writes
 * files, so that each can be spread over machines:
 *
 *   keys       of each document, while it is at hand in the filters     duplicates/keys.ts, minHash.ts
 *   pairs      documents with the same key, section by section          duplicates/pairs.ts
 *   clusters   one list: the document, which stage found it, of which   duplicates/clusters.ts
 *
 * The last phase, `writeCorpus.ts`, leaves out what is on the list. Texts are read by the first step
 * alone.
 */
import * as z from 'zod';
import { throwIfAborted } from '../../base/errors';
import { atomicFile } from '../../base/files';
import { linesOfFile } from '../../base/lines';
import { findCopies } from './duplicates/clusters';
import { countKeys } from './duplicates/keyFile';
import { EXACT, sectionsOf } from './duplicates/keys';
import { findPairs } from './duplicates/pairs';
import { readSummary } from './filterSegment';
import { segmentsOf, type Plan, type WorkFolder } from './folder';

const duplicateSchema = z.strictObject({
  id: z.string(),
  stage: z.enum(['exactDuplicates', 'nearDuplicates']),
  of: z.string(),
});

export type Duplicate = z.output<typeof duplicateSchema>;

const foldersOf = (plan: Plan, work: WorkFolder): string[] =>
  segmentsOf(plan).map(({ number }) => work.segment(number));

/** The sections in which a recipe has documents compared. */
export function comparedSections({ recipe }: Plan): number[] {
  const sections = Array.from({ length: sectionsOf(recipe) }, (_, section) => section);
  return sections.filter((section) => section !== EXACT || recipe.exactDuplicates.enabled);
}

/** Compares the documents in one section. All segments are to be there. */
export async function compareSection(
  plan: Plan,
  work: WorkFolder,
  section: number,
  signal: AbortSignal,
): Promise<void> {
  const segments = foldersOf(plan, work);
  const sections = sectionsOf(plan.recipe);
  await findPairs({ segments, sections, section }, work.pairs(section), signal);
}

/** How many segments' ids are held at once. */
const MOST_SUMMARIES = 64;

/** Gives the ids of documents that the filters let through, by their numbers. */
async function openIds(plan: Plan, work: WorkFolder): Promise<Ids> {
  const starts: number[] = [];
  let total = 0;
  for (const segment of foldersOf(plan, work)) {
    starts.push(total);
    total += await countKeys(segment, sectionsOf(plan.recipe));
  }
  const held = new Map<number, readonly string[]>();
  const idsOf = async (segment: number): Promise<readonly string[]> => {
    const ids = held.get(segment) ?? (await readSummary(work, segment))?.kept ?? [];
    // The one that was asked for last is the last to go.
    held.delete(segment);
    held.set(segment, ids);
    for (const oldest of held.keys()) if (held.size > MOST_SUMMARIES) held.delete(oldest);
    return ids;
  };
  return {
    total,
    idOf: async (number) => {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (starts[middle]! <= number) low = middle;
        else high = middle - 1;
      }
      return (await idsOf(low))[number - starts[low]!]!;
    },
  };
}

interface Ids {
  readonly total: number;
  readonly idOf: (number: number) => Promise<string>;
}

/** Joins the pairs of all sections, and lists the copies in the order of the sources. */
export async function listDuplicates(
  plan: Plan,
  work: WorkFolder,
  signal: AbortSignal,
): Promise<void> {
  const { total, idOf } = await openIds(plan, work);
  const sections = comparedSections(plan);
  const exact = sections.includes(EXACT) ? work.pairs(EXACT) : undefined;
  const near = sections.filter((section) => section !== EXACT).map((each) => work.pairs(each));
  await atomicFile(work.duplicates, async (file) => {
    for await (const { number, stage, of } of findCopies(total, { exact, near })) {
      throwIfAborted(signal);
      const duplicate: Duplicate = { id: await idOf(number), stage, of: await idOf(of) };
      await file.writeFile(`${JSON.stringify(duplicate)}\n`);
    }
  });
}

/** The copies that were found, in the order of the sources. */
export async function* readDuplicates(work: WorkFolder): AsyncGenerator<Duplicate, void, void> {
  for await (const line of linesOfFile(work.duplicates))
    yield duplicateSchema.parse(JSON.parse(line));
}
