/**
 * The second phase: which kept documents are copies of an earlier one, over all sources. It reads what
 * the segments noted of their documents, never a text, and writes a list: the document, which stage
 * found it, and the document that is kept in its place. Near copies have their place here, after the
 * exact ones.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { atomicFile } from '../../base/files';
import type { Plan, WorkFolder } from './folder';
import { segmentsOf } from './folder';
import { readSummary } from './filterSegment';

const duplicateSchema = z.strictObject({
  id: z.string(),
  stage: z.enum(['exactDuplicates', 'nearDuplicates']),
  of: z.string(),
});

export type Duplicate = z.output<typeof duplicateSchema>;

/** Finds the copies, and writes them to `.work/duplicates.jsonl` in the order of the sources. */
export async function findDuplicates(plan: Plan, work: WorkFolder): Promise<void> {
  await atomicFile(work.duplicates, async (file) => {
    if (!plan.recipe.exactDuplicates.enabled) return;
    const firsts = new Map<string, string>();
    for (const { number } of segmentsOf(plan)) {
      const summary = await readSummary(work, number);
      if (!summary) throw new Error(`Segment ${number} was to be worked on first`);
      const lines: string[] = [];
      for (const [id, fingerprint] of summary.kept) {
        const of = firsts.get(fingerprint);
        if (of === undefined) firsts.set(fingerprint, id);
        else
          lines.push(
            `${JSON.stringify({ id, stage: 'exactDuplicates', of } satisfies Duplicate)}\n`,
          );
      }
      await file.writeFile(lines.join(''));
    }
  });
}

/** The copies that were found, by their ids. */
export async function readDuplicates(work: WorkFolder): Promise<Map<string, Duplicate>> {
  const found = new Map<string, Duplicate>();
  const lines = createInterface({ input: createReadStream(work.duplicates), crlfDelay: Infinity });
  for await (const line of lines) {
    const duplicate = duplicateSchema.parse(JSON.parse(line));
    found.set(duplicate.id, duplicate);
  }
  return found;
}
