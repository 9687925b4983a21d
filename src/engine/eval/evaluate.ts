/**
 * How well a model predicts a text: nats a token, perplexity, bits per byte.
 *
 * Bits per byte divides by the bytes of the text and not by the tokens, so that models with
 * different tokenizers can be compared.
 */
import { GlassboxError, throwIfAborted } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { Program, Store } from '../backend/backend';
import { evaluationWindows } from '../data/data';
import type { EvaluationBatch, TokenCorpus } from '../data/data';
import { checkVocabulary } from '../model/model';
import { evaluationGraph } from './evaluationGraph';

export interface Evaluation {
  /** Mean negative log-likelihood of a predicted token, in nats. */
  readonly loss: number;
  /** e to the loss: among how many equally likely tokens the model would be as unsure. */
  readonly perplexity: number;
  /** All nats as bits, over the UTF-8 bytes of the predicted tokens. */
  readonly bitsPerByte: number;
  /** Tokens predicted. */
  readonly tokens: number;
}

/** What is measured of a batch; see `evaluationWindows` in the data room. */
export type MeasuredBatch = Pick<
  EvaluationBatch,
  'tokens' | 'targets' | 'weights' | 'segments' | 'predicted' | 'bytes'
>;

/**
 * Runs a program of `evaluationGraph` over the batches. The event loop turns between two of them.
 *
 * @param segments whether the program was built with segments.
 * @throws GlassboxError `nothing-to-evaluate`, `not-finite`, `cancelled`
 */
export async function evaluateWindows(
  program: Program,
  batches: Iterable<MeasuredBatch>,
  { segments = false, signal }: { segments?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Evaluation> {
  let nats = 0;
  let tokens = 0;
  let bytes = 0;
  for (const batch of batches) {
    throwIfAborted(signal);
    const { nll } = await program.run({
      tokens: batch.tokens,
      targets: batch.targets,
      weights: batch.weights,
      ...(segments ? { segments: batch.segments } : {}),
    });
    nats += nll![0]!;
    tokens += batch.predicted;
    bytes += batch.bytes;
    await new Promise(setImmediate);
  }
  if (tokens === 0) {
    throw new GlassboxError('nothing-to-evaluate', 'There is no token to predict.', {
      remedy: 'Give a text of two tokens at least.',
    });
  }
  if (!Number.isFinite(nats)) {
    throw new GlassboxError('not-finite', `The model's loss is ${nats}.`, {
      remedy: 'Its weights are damaged, or its training diverged: take an earlier checkpoint.',
    });
  }
  const loss = nats / tokens;
  return { loss, perplexity: Math.exp(loss), bitsPerByte: nats / Math.LN2 / bytes, tokens };
}

export interface EvaluationSettings {
  /** Windows at a time. Default: as many as make about 1,024 tokens. */
  readonly batch?: number | undefined;
  /** Tokens a window. Default: the model's context, at most 1,024, or the text if it is shorter. */
  readonly context?: number | undefined;
  /** Measure on this many windows, spread evenly over the text. Default: all. */
  readonly maxWindows?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Measures the model whose parameters are in `store` on a text. The first token of each window but
 * the first is predicted too, but every token sees only what its own window holds before it.
 *
 * @throws GlassboxError `corpus-too-short`, `vocabulary-mismatch`, and as `evaluateWindows`
 */
export async function evaluate(
  store: Store,
  config: ModelConfig,
  corpus: TokenCorpus,
  settings: EvaluationSettings = {},
): Promise<Evaluation> {
  checkVocabulary(corpus.vocab, config);
  const longest = Math.min(config.context, 1024, Math.max(1, corpus.length - 1));
  const context = settings.context ?? longest;
  const wanted = settings.batch ?? Math.max(1, Math.floor(1024 / context));
  const windows = Math.ceil((corpus.length - 1) / context);
  const batch = Math.max(1, Math.min(wanted, windows));
  const { maxWindows, signal } = settings;
  const windowed = evaluationWindows(corpus, { batch, context, maxWindows });
  const program = await store.compile(evaluationGraph(config, { batch, context }));
  try {
    const each = function* (): Generator<MeasuredBatch> {
      for (let index = 0; index < windowed.batches; index++) yield windowed.batchAt(index);
    };
    return await evaluateWindows(program, each(), { signal });
  } finally {
    await program.dispose();
  }
}
