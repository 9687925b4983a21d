/**
 * The graph of one training step: forward, backward and update, in one. Where gradients are
 * accumulated over several batches, the same parts come as two graphs: one adds a batch's gradients
 * to a sum kept in the store, the other updates from that sum.
 */
import type { ModelConfig } from '../../recipe/model';
import { GraphBuilder, differentiate } from '../graph/graph';
import type { Graph, Shape, Value } from '../graph/graph';
import { declareParameters, decode, outputWeight } from '../model/model';
import type { Parameters } from '../model/model';
import { appendUpdate } from './optimizers';
import type { OptimizerSettings, Trained } from './optimizers';

export interface TrainingShape {
  readonly config: ModelConfig;
  readonly batch: number;
  readonly context: number;
  /** Whether the batch holds several documents a row, told apart by the input `segments`. */
  readonly segments: boolean;
  readonly trains: (parameter: string) => boolean;
}

/** Inputs `tokens`, `targets`, `weights`[, `segments`] and `normalizer`; the loss and what to train. */
function forward(graph: GraphBuilder, shape: TrainingShape): { loss: Value; trained: Parameters } {
  const { config, batch, context } = shape;
  const parameters = declareParameters(graph, config);
  const tokens = graph.input('tokens', 'i32', [batch, context]);
  const targets = graph.input('targets', 'i32', [batch, context]);
  const weights = graph.input('weights', 'f32', [batch, context]);
  const segments = shape.segments ? graph.input('segments', 'i32', [batch, context]) : undefined;
  // 1 / the sum of the weights over all batches that make up one step.
  const normalizer = graph.input('normalizer', 'f32', [1]);
  const hidden = decode(graph, config, parameters, {
    tokens,
    positions: graph.constant(rowPositions(batch, context), [batch, context]),
    maxPositions: context,
    attention: segments ? { kind: 'rows', segments } : { kind: 'rows' },
  });
  const count = batch * context;
  const flatTargets = graph.reshape(targets, [count]);
  const { nll } = graph.crossEntropy(hidden, outputWeight(config, parameters), flatTargets);
  const weighted = graph.multiply(nll, graph.reshape(weights, [count]));
  const loss = graph.multiply(graph.total(weighted), normalizer);
  const trained = new Map([...parameters].filter(([name]) => shape.trains(name)));
  return { loss, trained };
}

function rowPositions(batch: number, context: number): Int32Array {
  return Int32Array.from({ length: batch * context }, (_, i) => i % context);
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
