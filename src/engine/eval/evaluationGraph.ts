/** The graph that measures how well a model predicts given tokens: the forward pass and its loss. */
import type { ModelConfig } from '../../recipe/model';
import { GraphBuilder } from '../graph/graph';
import type { Graph } from '../graph/graph';
import { weightedLoss } from '../model/model';
import type { LossShape } from '../model/model';

/**
 * Inputs as `weightedLoss` of the model room declares them. Output `nll` [1]: the negative
 * log-likelihoods of the targets in nats, each times its weight, summed.
 */
export function evaluationGraph(config: ModelConfig, shape: LossShape): Graph {
  const graph = new GraphBuilder();
  graph.output('nll', weightedLoss(graph, config, shape).nats);
  return graph.build();
}
