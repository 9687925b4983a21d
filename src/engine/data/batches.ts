/**
 * Batches as pure functions of their number: batch i of a run is the same whether the run came to
 * it or was resumed there, on any machine. Nothing is kept between two batches, so there is no
 * state to save.
 */
import { GlassboxError } from '../../base/errors';
import { mix } from '../../base/rng';
import { rngFor } from './mixing';
import { permute } from './permutation';
import type { TokenCorpus } from './tokenCorpus';

/** Rows of `context` tokens, each array row by row, `batch * context` long. */
export interface Batch {
  readonly batch: number;
  readonly context: number;
  readonly tokens: Int32Array;
  /** The token to predict after each; where the weight is 0 it has no meaning. */
  readonly targets: Int32Array;
  /** 1 where the target counts, else 0. */
  readonly weights: Float32Array;
  /** The document's number in its row, from 0: a token attends to its own. */
  readonly segments: Int32Array;
  /** Positions from the start of each segment. */
  readonly positions: Int32Array;
}

export interface BatchShape {
  readonly batch: number;
  readonly context: number;
}

/** Batches without end, by number. */
export interface BatchSource {
  /** Rows in which all of the text comes once, or as much as all of it: those of an epoch. */
  readonly rows: number;
  batchAt(index: number): Batch;
}

/** The number of the batch of a microstep: `microstep` of `accumulation` in `step`, all from 0. */
export function batchIndex(step: number, microstep: number, accumulation: number): number {
  return step * accumulation + microstep;
}

export function emptyBatch({ batch, context }: BatchShape): Batch {
  const size = batch * context;
  return {
    batch,
    context,
    tokens: new Int32Array(size),
    targets: new Int32Array(size),
    weights: new Float32Array(size),
    segments: new Int32Array(size),
    positions: new Int32Array(size),
  };
}

/** Throws `corpus-too-short` unless one window and the token after it are there. */
function checkLength({ length }: TokenCorpus, context: number): void {
  if (length >= context + 1) return;
  throw new GlassboxError(
    'corpus-too-short',
    `The text has ${length} tokens, and one window of context ${context} takes ${context + 1}.`,
    {
      remedy:
        length >= 2
          ? `Give more text, or set model.context to ${length - 1} or less.`
          : 'Give more text.',
      details: { tokens: length, context, longestContext: Math.max(0, length - 1) },
    },
  );
}

/** The document that holds the token, by bisection in the documents' starts. */
export function documentAt(starts: Float64Array, token: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= token) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Fills a row with the tokens from `start` on and what follows each. With `starts`, documents are
 * segments of their own, and the last token of one predicts nothing. Past the corpus's end the row
 * is padded with zeros of no weight, in a segment of their own.
 */
function fillRow(
  into: Batch,
  row: number,
  corpus: TokenCorpus,
  start: number,
  starts?: Float64Array,
): void {
  const { context } = into;
  const offset = row * context;
  const ids = corpus.read(start, Math.max(0, Math.min(context + 1, corpus.length - start)));
  into.tokens.set(ids.subarray(0, context), offset);
  into.targets.set(ids.subarray(1), offset);
  const mask = corpus.readMask(start, ids.length);
  let document = starts ? documentAt(starts, start) : 0;
  let segment = 0;
  let position = 0;
  for (let i = 0; i < context; i++) {
    const token = start + i;
    const entersDocument = starts?.[document + 1] === token;
    // An empty document starts where the next one does.
    while (starts?.[document + 1] === token) document++;
    if ((entersDocument && i > 0) || (token === corpus.length && i > 0)) {
      segment++;
      position = 0;
    }
    const predicts = i + 1 < ids.length && starts?.[document + 1] !== token + 1;
    into.segments[offset + i] = segment;
    into.positions[offset + i] = position++;
    into.weights[offset + i] = predicts ? (mask?.[i + 1] ?? 1) : 0;
  }
}

/**
 * Windows from anywhere in the text, borders of documents ignored, each start as likely as another.
 *
 * @throws GlassboxError `corpus-too-short`
 */
export function randomWindows(
  corpus: TokenCorpus,
  options: BatchShape & { readonly seed: number },
): BatchSource {
  checkLength(corpus, options.context);
  return {
    rows: Math.ceil(corpus.length / options.context),
    batchAt: (index) => {
      const batch = emptyBatch(options);
      const rng = rngFor(options.seed, index);
      for (let row = 0; row < options.batch; row++)
        fillRow(batch, row, corpus, rng.below(corpus.length - options.context));
      return batch;
    },
  };
}

/**
 * Documents laid end to end and cut into rows: in each epoch every row comes once, in an order
 * shuffled anew, and every token is in one row. Documents don't see each other and don't predict
 * each other; one that is cut by a row's end starts anew, without what came before.
 *
 * @throws GlassboxError `corpus-too-short`
 */
export function packedDocuments(
  corpus: TokenCorpus,
  options: BatchShape & { readonly seed: number },
): BatchSource {
  const { batch: batchRows, context, seed } = options;
  checkLength(corpus, context);
  const starts = corpus.documents();
  const rows = Math.ceil(corpus.length / context);
  return {
    rows,
    batchAt: (index) => {
      const batch = emptyBatch(options);
      for (let row = 0; row < batchRows; row++) {
        const drawn = index * batchRows + row;
        const epoch = Math.floor(drawn / rows);
        const at = permute(drawn % rows, rows, [mix(seed), mix(epoch)]);
        fillRow(batch, row, corpus, at * context, starts);
      }
      return batch;
    },
  };
}

/** A batch to measure on, and how much text its targets stand for. */
export interface EvaluationBatch extends Batch {
  /** Tokens predicted: the sum of the weights. */
  readonly predicted: number;
  /** UTF-8 bytes of the predicted tokens. */
  readonly bytes: number;
}

/** A batch with what an evaluation counts. */
export function measured(batch: Batch, corpus: TokenCorpus): EvaluationBatch {
  let predicted = 0;
  let bytes = 0;
  for (let i = 0; i < batch.targets.length; i++) {
    if (batch.weights[i] === 0) continue;
    predicted++;
    bytes += corpus.bytesOf(batch.targets[i]!);
  }
  return { ...batch, predicted, bytes };
}

export interface EvaluationWindows {
  /** How many windows are measured, of how many there are. */
  readonly windows: number;
  readonly allWindows: number;
  readonly batches: number;
  batchAt(index: number): EvaluationBatch;
}

export interface EvaluationOptions extends BatchShape {
  /** Measure on this many windows, spread evenly; all of them if not given. */
  readonly maxWindows?: number | undefined;
  /** Keep documents apart, as `packedDocuments` does. */
  readonly separateDocuments?: boolean | undefined;
}

/**
 * Windows one after the other: every token but the first is predicted once, from what its window
 * holds before it. The last window is padded with weight 0, and so is the last batch.
 *
 * @throws GlassboxError `corpus-too-short` below 2 tokens
 */
export function evaluationWindows(
  corpus: TokenCorpus,
  options: EvaluationOptions,
): EvaluationWindows {
  const { batch: batchRows, context, maxWindows = Infinity, separateDocuments = false } = options;
  checkLength(corpus, 1);
  const starts = separateDocuments ? corpus.documents() : undefined;
  const allWindows = Math.ceil((corpus.length - 1) / context);
  const windows = Math.max(1, Math.min(allWindows, maxWindows));
  return {
    windows,
    allWindows,
    batches: Math.ceil(windows / batchRows),
    batchAt: (index) => {
      const batch = emptyBatch(options);
      for (let row = 0; row < batchRows; row++) {
        const window = index * batchRows + row;
        if (window < windows) {
          const at = Math.floor((window * allWindows) / windows);
          fillRow(batch, row, corpus, at * context, starts);
        }
      }
      return measured(batch, corpus);
    },
  };
}
