/** The graph that measures how well a model predicts given tokens: the forward pass and its loss. */
import type { ModelConfig } from '../../recipe/model';
import { GraphBuilder } from '../graph/graph';
import type { Graph } from '../graph/graph';
import { declareParameters, decode, outputWeight } from '../model/model';

/**
 * Inputs `tokens` and `targets` i32 [batch, context] and `weights` f32 [batch, context]; with
 * `segments` also `segments` i32 [batch, context], for rows that hold several documents (rotary
 * positions are relative: a document need not start at 0). Output `nll` [1]: the negative
 * log-likelihoods of the targets in nats, each times its weight, summed.
 */
export function evaluationGraph(
  config: ModelConfig,
  {
    batch,
    context,
    segments = false,
  }: { readonly batch: number; readonly context: number; readonly segments?: boolean },
): Graph {
  const graph = new GraphBuilder();
  const shape = [batch, context];
  const parameters = declareParameters(graph, config);
  const positions = Int32Array.from({ length: batch * context }, (_, i) => i % context);
  const hidden = decode(graph, config, parameters, {
    tokens: graph.input('tokens', 'i32', shape),
    positions: graph.constant(positions, shape),
    maxPositions: context,
    attention: segments
      ? { kind: 'rows', segments: graph.input('segments', 'i32', shape) }
      : { kind: 'rows' },
  });
  const flat = [batch * context];
  const targets = graph.reshape(graph.input('targets', 'i32', shape), flat);
  const weights = graph.reshape(graph.input('weights', 'f32', shape), flat);
  const { nll } = graph.crossEntropy(hidden, outputWeight(config, parameters), targets);
  graph.output('nll', graph.total(graph.multiply(nll, weights)));
  return graph.build();
}
