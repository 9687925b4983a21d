/**
 * The first phase: one segment of the sources through the filters. It needs nothing but the plan in the
 * corpus's folder, and leaves a folder of its own, so segments can be worked on in any order, by anyone.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { atomicFile, atomicFolder, readTextIfPresent } from '../../base/files';
import { builtinTokenizer, type Tokenizer } from '../tokenizer/tokenizer';
import type { JudgedDocument } from './document';
import { LineFile } from './lineFile';
import { segmentsOf, WorkFolder, type Plan } from './folder';
import { openPipeline, unreadableDocument, type Pipeline } from './pipeline';
import { readStretch } from './sources/sources';
import { lineOf, type StoredDocument } from './storedDocument';

const summarySchema = z.strictObject({
  documents: z.int().nonnegative(),
  /** Of each kept document its id and the fingerprint of its text, in order. */
  kept: z.array(z.tuple([z.string(), z.string()])),
});

/** What the phases after this one need of a segment, without reading its texts. */
export type SegmentSummary = z.output<typeof summarySchema>;

/** Of equal texts equal; of different ones different but once in 2^128. */
const fingerprint = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);

interface Opened {
  readonly plan: Plan;
  readonly pipeline: Pipeline;
  readonly tokenizer: Tokenizer;
}

/** A worker is asked for one segment after the other of the same corpus. */
let opened: { readonly key: string; readonly parts: Promise<Opened> } | undefined;

async function openParts(work: WorkFolder): Promise<Opened> {
  const plan = await work.readPlan();
  const tokenizer = await builtinTokenizer(plan.recipe.output.tokenizer);
  return { plan, pipeline: await openPipeline(plan.recipe), tokenizer };
}

function stored(document: JudgedDocument, tokens: number): StoredDocument {
  const { origin, drop, values, ...rest } = document;
  const languageScore = values.language?.['score'];
  return { ...rest, languageScore, tokens, ...origin, values: { ...values }, drop };
}

/** What is there of a segment; undefined if it has not been worked on. */
export async function readSummary(
  work: WorkFolder,
  number: number,
): Promise<SegmentSummary | undefined> {
  const text = await readTextIfPresent(path.join(work.segment(number), 'summary.json'));
  return text === undefined ? undefined : summarySchema.parse(JSON.parse(text));
}

/**
 * Reads, judges and writes one segment of a planned corpus.
 *
 * @throws GlassboxError of a missing plan, a source that can't be read at all, a full disk
 */
export async function filterSegment(
  corpus: string,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const work = new WorkFolder(corpus);
  const key = await work.planKey();
  if (opened?.key !== key) opened = { key, parts: openParts(work) };
  const { plan, pipeline, tokenizer } = await opened.parts;
  const segment = segmentsOf(plan)[number];
  if (!segment)
    throw new GlassboxError('no-segment', `The plan of ${corpus} has no segment ${number}.`);
  const kept: [string, string][] = [];
  let documents = 0;
  await atomicFolder(work.segment(number), async (temporary) => {
    const files = {
      kept: await LineFile.create(path.join(temporary, 'kept.jsonl')),
      dropped: await LineFile.create(path.join(temporary, 'dropped.jsonl')),
    };
    try {
      for (const stretch of segment.stretches)
        for await (const read of readStretch(stretch, plan.recipe)) {
          throwIfAborted(signal);
          documents++;
          const judged =
            read.kind === 'document'
              ? pipeline.judge(read.document)
              : unreadableDocument(read.record);
          const tokens = judged.text === '' ? 0 : tokenizer.encode(judged.text).length;
          if (!judged.drop) kept.push([judged.id, fingerprint(judged.text)]);
          await files[judged.drop ? 'dropped' : 'kept'].add(lineOf(stored(judged, tokens)));
        }
    } finally {
      await files.kept.close();
      await files.dropped.close();
    }
    const summary: SegmentSummary = { documents, kept };
    await atomicFile(path.join(temporary, 'summary.json'), JSON.stringify(summary));
  });
}
