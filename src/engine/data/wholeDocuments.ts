/**
 * Batches of whole documents: several side by side in a row, blind to each other, none parted at a
 * row's end as `packedDocuments` parts them. For conversations, whose answers mean nothing without
 * their questions. One that is longer than a row loses its end.
 *
 * Which documents share a row is decided once, by best fit with the longest first (Johnson, "Near-optimal
 * bin packing algorithms", 1973); only the rows' order changes from epoch to epoch.
 */
import { GlassboxError } from '../../base/errors';
import { mix } from '../../base/rng';
import { emptyBatch, measured } from './batches';
import type { Batch, BatchShape, BatchSource, EvaluationWindows } from './batches';
import { permute } from './permutation';
import type { TokenCorpus } from './tokenCorpus';

/** A document's tokens: [start, end). */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

interface Plan {
  readonly rows: readonly (readonly Stretch[])[];
  readonly documents: number;
  /** Documents that lose their end. */
  readonly cut: number;
}

export interface WholeDocuments extends BatchSource {
  readonly documents: number;
  /** Documents that are longer than a row and lose their end. */
  readonly cut: number;
}

/** Rows of documents in which something is to be learnt. */
function plan(corpus: TokenCorpus, context: number): Plan {
  const starts = corpus.documents();
  const stretches: Stretch[] = [];
  let cut = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    const end = starts[i + 1] ?? corpus.length;
    // The last token of a document is predicted and predicts nothing: it takes no place of its own.
    const kept = Math.min(end, start + context + 1);
    if (kept - start < 2) continue;
    const mask = corpus.readMask(start, kept - start);
    if (mask && !mask.subarray(1).includes(1)) continue;
    if (kept < end) cut++;
    stretches.push({ start, end: kept });
  }
  const longestFirst = stretches
    .map((stretch, index) => ({ stretch, index, length: stretch.end - stretch.start - 1 }))
    .sort((a, b) => b.length - a.length || a.index - b.index);
  const rows: Stretch[][] = [];
  /** Rows by how much room they have left. */
  const open: number[][] = Array.from({ length: context + 1 }, () => []);
  for (const { stretch, length } of longestFirst) {
    let room = length;
    while (room <= context && open[room]!.length === 0) room++;
    const row = room <= context ? open[room]!.pop()! : rows.push([]) - 1;
    rows[row]!.push(stretch);
    open[(room <= context ? room : context) - length]!.push(row);
  }
  return { rows, documents: stretches.length, cut };
}

function fill(into: Batch, row: number, corpus: TokenCorpus, stretches: readonly Stretch[]): void {
  const offset = row * into.context;
  let at = offset;
  let segment = 0;
  for (const { start, end } of stretches) {
    const length = end - start;
    const ids = corpus.read(start, length);
    const mask = corpus.readMask(start, length);
    for (let i = 0; i + 1 < length; i++, at++) {
      into.tokens[at] = ids[i]!;
      into.targets[at] = ids[i + 1]!;
      into.weights[at] = mask?.[i + 1] ?? 1;
      into.segments[at] = segment;
      into.positions[at] = i;
    }
    segment++;
  }
  for (let position = 0; at < offset + into.context; at++, position++) {
    into.segments[at] = segment;
    into.positions[at] = position;
  }
}

function nothing(): GlassboxError {
  return new GlassboxError(
    'no-tokens',
    'There is no document in which something is to be learnt.',
    {
      remedy: 'Give more data, or a longer model.context: answers may lie beyond its end.',
    },
  );
}

/**
 * In each epoch every row comes once, in an order shuffled anew.
 *
 * @throws GlassboxError `no-tokens`
 */
export function wholeDocuments(
  corpus: TokenCorpus,
  options: BatchShape & { readonly seed: number },
): WholeDocuments {
  const { batch: batchRows, context, seed } = options;
  const { rows, documents, cut } = plan(corpus, context);
  if (rows.length === 0) throw nothing();
  return {
    rows: rows.length,
    documents,
    cut,
    batchAt: (index) => {
      const batch = emptyBatch(options);
      for (let row = 0; row < batchRows; row++) {
        const drawn = index * batchRows + row;
        const epoch = Math.floor(drawn / rows.length);
        const at = permute(drawn % rows.length, rows.length, [mix(seed), mix(epoch)]);
        fill(batch, row, corpus, rows[at]!);
      }
      return batch;
    },
  };
}

/** The same rows to measure on, in order; `maxWindows` of them, spread evenly. */
export function evaluationRows(
  corpus: TokenCorpus,
  options: BatchShape & { readonly maxWindows?: number | undefined },
): EvaluationWindows {
  const { batch: batchRows, context, maxWindows = Infinity } = options;
  const { rows } = plan(corpus, context);
  const windows = Math.min(rows.length, Math.max(1, maxWindows));
  return {
    windows,
    allWindows: rows.length,
    batches: Math.ceil(windows / batchRows),
    batchAt: (index) => {
      const batch = emptyBatch(options);
      for (let row = 0; row < batchRows; row++) {
        const window = index * batchRows + row;
        if (window < windows)
          fill(batch, row, corpus, rows[Math.floor((window * rows.length) / windows)]!);
      }
      return measured(batch, corpus);
    },
  };
}
