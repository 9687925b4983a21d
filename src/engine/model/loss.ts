/**
 * What training lowers and evaluation measures: the loss of whole rows of tokens, each token weighted
 * by the caller, not yet divided by anything.
 */
import type { ModelConfig } from '../../recipe/model';
import type { GraphBuilder, Value } from '../graph/graph';
import { declareParameters, decode, outputWeight } from './decoder';
import type { Parameters } from './decoder';

export interface LossShape {
  readonly batch: number;
  readonly context: number;
  /** Whether a row holds several documents, told apart by the input `segments`. Default: no. */
  readonly segments?: boolean;
}

/**
 * Declares the parameters and the inputs `tokens` and `targets` i32 [batch, context], `weights` f32
 * [batch, context] and, with `segments`, `segments` i32 [batch, context]. Rotary positions are
 * relative, so a document need not start at 0: positions count along the row and are no input.
 *
 * @returns `nats` [1], the targets' negative log-likelihoods, each times its weight, summed; and the
 *   parameters it was computed from.
 */
export function weightedLoss(
  graph: GraphBuilder,
  config: ModelConfig,
  { batch, context, segments = false }: LossShape,
): { readonly nats: Value; readonly parameters: Parameters } {
  const shape = [batch, context];
  const parameters = declareParameters(graph, config);
  const tokens = graph.input('tokens', 'i32', shape);
  const targets = graph.input('targets', 'i32', shape);
  const weights = graph.input('weights', 'f32', shape);
  const positions = Int32Array.from({ length: batch * context }, (_, i) => i % context);
  const hidden = decode(graph, config, parameters, {
    tokens,
    positions: graph.constant(positions, shape),
    maxPositions: context,
    attention: segments
      ? { kind: 'rows', segments: graph.input('segments', 'i32', shape) }
      : { kind: 'rows' },
  });
  const count = [batch * context];
  const output = outputWeight(config, parameters);
  const { nll } = graph.crossEntropy(hidden, output, graph.reshape(targets, count));
  const nats = graph.total(graph.multiply(nll, graph.reshape(weights, count)));
  return { nats, parameters };
}
