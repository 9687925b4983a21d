/**
 * The last phase: the segments in order, without the copies, with personal data replaced, become the
 * corpus's shards. `corpus.json` is written last: with it the corpus is there.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../../base/errors';
import { atomicFile } from '../../base/files';
import { CORPUS_NAME, type CuratedCorpus } from '../data/data';
import { builtinTokenizer } from '../tokenizer/tokenizer';
import { readDuplicates } from './duplicates';
import { segmentsOf, type Plan, type WorkFolder } from './folder';
import { ShardWriter } from './shards';
import { StatisticsCounter, type Statistics } from './statistics';
import { personalDataCleaner } from './stages/pii';
import { readStored, type StoredDocument } from './storedDocument';

export const STATISTICS_NAME = 'stats.json';

/** @param onDocument told of each document that was written */
export async function writeCorpus(
  corpus: string,
  plan: Plan,
  work: WorkFolder,
  { signal, onSegment }: { signal: AbortSignal; onSegment: (number: number) => void },
): Promise<Statistics> {
  const { recipe } = plan;
  const duplicates = readDuplicates(work);
  /** They come in the order of the documents. */
  let copy = await duplicates.next();
  const tokenizer = await builtinTokenizer(recipe.output.tokenizer);
  const clean = recipe.pii.enabled ? personalDataCleaner(recipe.pii) : undefined;
  const statistics = new StatisticsCounter();
  /** Pages that the clock, and nothing that is the same everywhere, has ended. */
  const slow: string[] = [];

  /** A kept document as it leaves: dropped as a copy after all, or cleaned. */
  async function finished(document: StoredDocument): Promise<StoredDocument> {
    if (!copy.done && copy.value.id === document.id) {
      const { stage, of } = copy.value;
      copy = await duplicates.next();
      const reason = stage === 'exactDuplicates' ? 'copy' : 'similar';
      return { ...document, drop: { stage, reason, of } };
    }
    if (!clean) return document;
    const { text, values: pii } = clean(document.text);
    const values = { ...document.values, pii };
    if (text === document.text) return { ...document, values };
    return { ...document, text, values, tokens: tokenizer.encode(text).length };
  }

  const folder = path.join(work.path, 'shards');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const kept = new ShardWriter(folder, 'kept', recipe.output);
  const dropped = new ShardWriter(folder, 'dropped', recipe.output);
  try {
    for (const { number } of segmentsOf(plan)) {
      const segment = work.segment(number);
      for (const [name, finish] of [
        ['kept.jsonl', finished],
        ['dropped.jsonl', (document: StoredDocument) => document],
      ] as const)
        for await (const document of readStored(path.join(segment, name))) {
          throwIfAborted(signal);
          const left = await finish(document);
          statistics.add(left);
          if (left.drop?.reason === 'tooSlow') slow.push(left.id);
          await (left.drop ? dropped : kept).add(left);
        }
      onSegment(number);
    }
  } finally {
    await kept.close();
    await dropped.close();
    await duplicates.return();
  }
  for (const name of (await readdir(folder)).sort())
    await rename(path.join(folder, name), path.join(corpus, name));

  const { result } = statistics;
  await atomicFile(path.join(corpus, STATISTICS_NAME), `${JSON.stringify(result, null, 2)}\n`);
  const { documentsIn, documentsKept, tokens } = result;
  const index: CuratedCorpus = {
    format: 'glassbox-corpus',
    version: 1,
    documentsIn,
    documentsKept,
    tokens,
    kept: [...kept.shards],
    dropped: [...dropped.shards],
    slow,
    recipe,
    sources: plan.files,
  };
  await atomicFile(path.join(corpus, CORPUS_NAME), `${JSON.stringify(index, null, 2)}\n`);
  await rm(work.path, { recursive: true, force: true });
  return result;
}
