/**
 * The graph of one training step: forward, backward and update, in one. Where gradients are
 * accumulated over several batches, the same parts come as two graphs: one adds a batch's gradients
 * to a sum kept in the store, the other updates from that sum. Where products are made of half floats
 * the loss is scaled (lossScale.ts), by the input `lossScale` [1].
 */
import type { ModelConfig } from '../../recipe/model';
import type { Precision } from '../backend/backend';
import { GraphBuilder, differentiate } from '../graph/graph';
import type { Graph, Shape, Value } from '../graph/graph';
import { weightedLoss } from '../model/model';
import type { LossShape, Parameters } from '../model/model';
import { appendUpdate } from './optimizers';
import type { OptimizerSettings, Trained, Updated } from './optimizers';

export interface TrainingShape extends LossShape {
  readonly config: ModelConfig;
  readonly trains: (parameter: string) => boolean;
  /** What the backend multiplies. Default: `f32`. */
  readonly precision?: Precision;
}

/** The inputs of `weightedLoss` and `normalizer`; the loss, and what to train. */
function forward(graph: GraphBuilder, shape: TrainingShape): { loss: Value; trained: Parameters } {
  const { nats, parameters } = weightedLoss(graph, shape.config, shape);
  // 1 / the sum of the weights over all batches that make up one step.
  const normalizer = graph.input('normalizer', 'f32', [1]);
  const trained = new Map([...parameters].filter(([name]) => shape.trains(name)));
  return { loss: graph.multiply(nats, normalizer), trained };
}

function scaleOf(graph: GraphBuilder, precision: Precision = 'f32'): Value | undefined {
  return precision === 'f16' ? graph.input('lossScale', 'f32', [1]) : undefined;
}

function withGradients(
  graph: GraphBuilder,
  loss: Value,
  trained: Parameters,
  lossScale: Value | undefined,
): Trained[] {
  const scaled = lossScale ? graph.multiply(loss, lossScale) : loss;
  const gradients = differentiate(graph, scaled, [...trained.values()]);
  return [...trained].map(([name, parameter], index) => ({
    name,
    parameter,
    gradient: gradients[index]!,
  }));
}

/** One step from one batch. Outputs `loss`, `gradientNorm` and, where the loss is scaled, `applied`. */
export function stepGraph(shape: TrainingShape, settings: OptimizerSettings): Graph {
  const graph = new GraphBuilder();
  const { loss, trained } = forward(graph, shape);
  const lossScale = scaleOf(graph, shape.precision);
  graph.output('loss', loss);
  const all = withGradients(graph, loss, trained, lossScale);
  outputUpdated(graph, appendUpdate(graph, settings, all, lossScale));
  return graph.build();
}

function outputUpdated(graph: GraphBuilder, { norm, applied }: Updated): void {
  graph.output('gradientNorm', norm);
  if (applied) graph.output('applied', applied);
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
  const lossScale = scaleOf(graph, shape.precision);
  for (const { name, parameter, gradient } of withGradients(graph, loss, trained, lossScale)) {
    const sum = graph.state(sumName(name), parameter.shape);
    // A sum that overflowed is not got rid of by a factor of 0.
    const kept = lossScale ? graph.select(keep, sum, graph.scalar(0)) : graph.multiply(sum, keep);
    graph.assign(sum, graph.add(kept, gradient));
  }
  graph.output('loss', loss);
  return graph.build();
}

/** Updates from the sums. Outputs as `stepGraph`, but for the loss. */
export function applyGraph(
  trained: ReadonlyMap<string, Shape>,
  settings: OptimizerSettings,
  precision?: Precision,
): Graph {
  const graph = new GraphBuilder();
  const all = [...trained].map(([name, shape]) => ({
    name,
    parameter: graph.state(name, shape),
    gradient: graph.state(sumName(name), shape),
  }));
  outputUpdated(graph, appendUpdate(graph, settings, all, scaleOf(graph, precision)));
  return graph.build();
}
