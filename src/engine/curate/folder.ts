/**
 * A corpus's folder while it is being made, and what lies in it:
 *
 *   .work/plan.json                      the recipe and the files of the sources: what makes it resumable
 *   .work/segments/000012/               one folder a segment, there whole or not at all
 *     kept.jsonl  dropped.jsonl         judged documents, in the order of the source
 *     summary.json                      how many there are, and the ids of those that are kept
 *     keys.bin                          what the comparison of documents needs of each that is kept
 *   .work/pairs/003.bin                  documents with the same key, a file a section
 *   .work/duplicates.jsonl               documents that are copies of another, and of which
 *
 * and when it is done (the format is the data room's, `data/curatedCorpus.ts`):
 *
 *   kept-00000.jsonl ...  dropped-00000.jsonl ...  stats.json  corpus.json
 *
 * Each phase reads files and writes files: any of them can be run by another program on another machine.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import { atomicFile, fileError, readTextFile, readTextIfPresent } from '../../base/files';
import { corpusSchema } from '../../recipe/corpus';
import { planSegments, type Segment } from './segments';

export const sourceFileSchema = z.strictObject({
  path: z.string(),
  format: z.enum(['warc', 'html', 'text', 'jsonl', 'parquet']),
  gzip: z.boolean(),
  size: z.int().nonnegative(),
});

export const planSchema = z.strictObject({
  format: z.literal('glassbox-corpus-plan'),
  version: z.literal(1),
  recipe: corpusSchema,
  files: z.array(sourceFileSchema),
});

/** What is to be made of what. */
export type Plan = z.output<typeof planSchema>;

export class WorkFolder {
  readonly path: string;

  constructor(corpus: string) {
    // Hidden: an unfinished corpus is no folder of texts to train on.
    this.path = path.join(corpus, '.work');
  }

  get duplicates(): string {
    return path.join(this.path, 'duplicates.jsonl');
  }

  pairs(section: number): string {
    return path.join(this.path, 'pairs', `${String(section).padStart(3, '0')}.bin`);
  }

  segment(number: number): string {
    return path.join(this.path, 'segments', String(number).padStart(6, '0'));
  }

  async readPlan(): Promise<Plan> {
    return this.#parse(await readTextFile(this.#planFile));
  }

  async readPlanIfPresent(): Promise<Plan | undefined> {
    const text = await readTextIfPresent(this.#planFile);
    return text === undefined ? undefined : this.#parse(text);
  }

  writePlan(plan: Plan): Promise<void> {
    return atomicFile(this.#planFile, `${JSON.stringify(plan, null, 2)}\n`);
  }

  /** Differs when the plan does: it is never changed in place. */
  async planKey(): Promise<string> {
    try {
      const { ino, mtimeMs } = await stat(this.#planFile);
      return `${this.#planFile}:${ino}:${mtimeMs}`;
    } catch (thrown) {
      throw fileError(thrown, 'read', this.#planFile);
    }
  }

  get #planFile(): string {
    return path.join(this.path, 'plan.json');
  }

  #parse(text: string): Plan {
    try {
      return planSchema.parse(JSON.parse(text));
    } catch (thrown) {
      throw new GlassboxError('corpus-damaged', `${this.#planFile}: ${messageOf(thrown)}`, {
        remedy: 'Delete the folder, and make the corpus again.',
        details: { path: this.#planFile },
        cause: thrown,
      });
    }
  }
}

export function segmentsOf(plan: Plan): readonly Segment[] {
  return planSegments(plan.files);
}
