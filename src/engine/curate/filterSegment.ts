/**
 * The first phase: one segment of the sources through the filters. It needs nothing but the plan in the
 * corpus's folder, and leaves a folder of its own, so segments can be worked on in any order, by anyone.
 */
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { atomicFile, atomicFolder, readTextIfPresent } from '../../base/files';
import { builtinTokenizer, type Tokenizer } from '../tokenizer/tokenizer';
import type { JudgedDocument, Read } from './document';
import { openKeys, sectionsOf, type KeysOf } from './duplicates/keys';
import { KeyWriter, keyFileOf } from './duplicates/keyFile';
import { LineFile } from './lineFile';
import { segmentsOf, WorkFolder, type Plan } from './folder';
import { clearMark, Marks } from './marks';
import { openPipeline, tooSlowDocument, unreadableDocument, type Pipeline } from './pipeline';
import type { Stretch } from './sources/source';
import { readStretch } from './sources/sources';
import { lineOf, type StoredDocument } from './storedDocument';

const summarySchema = z.strictObject({
  documents: z.int().nonnegative(),
  /** The ids of the documents that are kept, in order. */
  kept: z.array(z.string()),
});

/** What the phases after this one need of a segment, without reading its texts. */
export type SegmentSummary = z.output<typeof summarySchema>;

interface Opened {
  readonly plan: Plan;
  readonly pipeline: Pipeline;
  readonly tokenizer: Tokenizer;
  readonly keysOf: KeysOf;
}

/** A worker is asked for one segment after the other of the same corpus. */
let opened: { readonly key: string; readonly parts: Promise<Opened> } | undefined;

async function openParts(work: WorkFolder): Promise<Opened> {
  const plan = await work.readPlan();
  const tokenizer = await builtinTokenizer(plan.recipe.output.tokenizer);
  const [pipeline, keysOf] = [await openPipeline(plan.recipe), await openKeys(plan.recipe)];
  return { plan, pipeline, tokenizer, keysOf };
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

/** What a stretch gives, judged. What has ended workers before is passed over, and counted. */
async function* judgedOf(
  stretch: Stretch,
  { plan, pipeline }: Opened,
  marks: Marks,
): AsyncGenerator<JudgedDocument, void, void> {
  const { file, number, start } = stretch;
  const reads = readStretch(stretch, plan.recipe)[Symbol.asyncIterator]();
  try {
    for (let count = 0; ; count++) {
      const place = `${number}-${start}#${count}`;
      if (!marks.reach(`read ${place}`)) {
        const origin = { file: file.path, offset: start, record: undefined };
        const head = { id: `${number}-${start}-rest`, origin, url: undefined, date: undefined };
        yield unreadableDocument({ ...head, reason: 'tooSlow' });
        return;
      }
      const next = await reads.next();
      if (next.done) return;
      const read: Read = next.value;
      if (read.kind === 'unreadable') yield unreadableDocument(read.record);
      else if (marks.reach(`judge ${place}`)) yield pipeline.judge(read.document);
      else yield tooSlowDocument(read.document);
    }
  } finally {
    await reads.return?.();
  }
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
  const parts = await opened.parts;
  const { plan, tokenizer, keysOf } = parts;
  const segment = segmentsOf(plan)[number];
  if (!segment)
    throw new GlassboxError('no-segment', `The plan of ${corpus} has no segment ${number}.`);
  const kept: string[] = [];
  let documents = 0;
  const marks = new Marks(work, number);
  await atomicFolder(work.segment(number), async (temporary) => {
    const files = {
      kept: await LineFile.create(path.join(temporary, 'kept.jsonl')),
      dropped: await LineFile.create(path.join(temporary, 'dropped.jsonl')),
      keys: await KeyWriter.create(keyFileOf(temporary), sectionsOf(plan.recipe)),
    };
    try {
      for (const stretch of segment.stretches)
        for await (const judged of judgedOf(stretch, parts, marks)) {
          throwIfAborted(signal);
          documents++;
          const tokens = judged.text === '' ? 0 : tokenizer.encode(judged.text).length;
          if (!judged.drop) {
            kept.push(judged.id);
            await files.keys.add(keysOf(judged));
          }
          await files[judged.drop ? 'dropped' : 'kept'].add(lineOf(stored(judged, tokens)));
        }
    } finally {
      await files.kept.close();
      await files.dropped.close();
      await files.keys.close();
      // What is thrown was thrown in time: a worker that died says nothing any more.
      marks.close();
      clearMark(work, number);
    }
    const summary: SegmentSummary = { documents, kept };
    await atomicFile(path.join(temporary, 'summary.json'), JSON.stringify(summary));
  });
}
