/**
 * The graph of one training step: forward, backward and update, in one. Where gradients are
 * accumulated over several batches, the same parts come as two graphs: one adds a batch's gradients
 * to a sum kept in the store, the other updates from that sum.
 */
import type { ModelConfig } from '../../recipe/model';
import { GraphBuilder, differentiate } from '../graph/graph';
import type { Graph, Shape, Value } from '../graph/graph';
import { weightedLoss } from '../model/model';
import type { LossShape, Parameters } from '../model/model';
import { appendUpdate } from './optimizers';
import type { OptimizerSettings, Trained } from './optimizers';

export interface TrainingShape extends LossShape {
  readonly config: ModelConfig;
  readonly trains: (parameter: string) => boolean;
}

/** The inputs of `weightedLoss` and `normalizer`; the loss, and what to train. */
function forward(graph: GraphBuilder, shape: TrainingShape): { loss: Value; trained: Parameters } {
  const { nats, parameters } = weightedLoss(graph, shape.config, shape);
  // 1 / the sum of the weights over all batches that make up one step.
  const normalizer = graph.input('normalizer', 'f32', [1]);
  const trained = new Map([...parameters].filter(([name]) => shape.trains(name)));
  return { loss: graph.multiply(nats, normalizer), trained };
}

function withGradients(graph: GraphBuilder, loss: Value, trained: Parameters): Trained[] {
  const gradients = differentiate(graph, loss, [...trained.values()]);
  return [...trained].map(([name, parameter], index) => ({
    name,
    parameter,
    gradient: gradients[index]!,
  }));
}

/** One step from one batch. Outputs `loss` and `gradientNorm`. */
export function stepGraph(shape: TrainingShape, settings: OptimizerSettings): Graph {
  const graph = new GraphBuilder();
  const { loss, trained } = forward(graph, shape);
  graph.output('loss', loss);
  graph.output('gradientNorm', appendUpdate(graph, settings, withGradients(graph, loss, trained)));
  return graph.build();
}

const sumName = (name: string): string => `gradient.${name}`;

/** The sums of gradients, where they are accumulated. */
export function accumulationStates(trained: ReadonlyMap<string, Shape>): Map<string, Shape> {
  return new Map([...trained].map(([name, shape]) => [sumName(name), shape]));
}

/**
 * Adds one batch's gradients to the sums, which the input `keep` [1] first multiplies: 0 for the
 * first batch of a step, 1 after. Outputs the batch's share of the `loss`.
 */
export function accumulateGraph(shape: TrainingShape): Graph {
  const graph = new GraphBuilder();
  const { loss, trained } = forward(graph, shape);
  const keep = graph.input('keep', 'f32', [1]);
  for (const { name, parameter, gradient } of withGradients(graph, loss, trained)) {
    const sum = graph.state(sumName(name), parameter.shape);
    graph.assign(sum, graph.add(graph.multiply(sum, keep), gradient));
  }
  graph.output('loss', loss);
  return graph.build();
}

/** Updates from the sums. Outputs `gradientNorm`. */
export function applyGraph(
  trained: ReadonlyMap<string, Shape>,
  settings: OptimizerSettings,
): Graph {
  const graph = new GraphBuilder();
  const all = [...trained].map(([name, shape]) => ({
    name,
    parameter: graph.state(name, shape),
    gradient: graph.state(sumName(name), shape),
  }));
  graph.output('gradientNorm', appendUpdate(graph, settings, all));
  return graph.build();
}
