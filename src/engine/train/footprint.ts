/**
 * What a training step will take of a machine, from its graph alone: nothing is allocated and nothing
 * runs. Arithmetic is counted as it is done; memory follows the graph's own order, each value from the
 * node that makes it to the last that reads it, with what the CPU backend keeps between the forward
 * and the backward pass.
 *
 * Not covered: the text's tokens, which are read from the disk as they are needed, and the model's
 * samples, which need little.
 */
import type { ModelConfig } from '../../recipe/model';
import type { Recipe } from '../../recipe/run';
import type { Precision } from '../backend/backend';
import { sizeOf } from '../graph/graph';
import type { Graph, Node, OperatorName, Shape, Value } from '../graph/graph';
import { evaluationGraph } from '../eval/eval';
import { parameterShapes } from '../interop/interop';
import { keepsApart } from './datasets';
import { optimizerStates } from './optimizers';
import { accumulateGraph, accumulationStates, applyGraph, stepGraph } from './trainingGraph';

export interface Footprint {
  /** Of the parameters and the optimizer's state. */
  readonly stateBytes: number;
  /** The most that a step, and measuring, hold at a time besides. */
  readonly passingBytes: number;
  /** Multiplications and additions of a step's matrix products. */
  readonly flops: number;
}

const FLOAT = 4;
const bytesOf = (value: Value): number => FLOAT * sizeOf(value.shape);

/** Rows of the largest batch whose graph is looked at. */
const MOST_ROWS = 8;

/** One update, of one batch or of several. */
export function stepFootprint(
  config: ModelConfig,
  recipe: Recipe,
  how: Pick<GraphsOptions, 'trains'> = {},
): Footprint {
  const { batch } = recipe.train;
  const withBatch = (rows: number): Footprint =>
    footprintOf(config, { ...recipe, train: { ...recipe.train, batch: rows } }, how);
  if (batch <= MOST_ROWS) return withBatch(batch);
  // Each further row adds the same: a graph holds its positions, of which there may be too many.
  const [half, whole] = [withBatch(MOST_ROWS / 2), withBatch(MOST_ROWS)];
  const further = (batch - MOST_ROWS) / (MOST_ROWS / 2);
  return {
    stateBytes: whole.stateBytes,
    passingBytes: whole.passingBytes + further * (whole.passingBytes - half.passingBytes),
    flops: whole.flops + further * (whole.flops - half.flops),
  };
}

export interface RunGraphs {
  readonly states: ReadonlyMap<string, Shape>;
  /** Of a step: one, or one that accumulates gradients. */
  readonly step: Graph;
  /** The update from accumulated gradients, where there is one. */
  readonly apply: readonly Graph[];
  /** Of the measurements on the way. */
  readonly measuring: Graph;
}

export interface GraphsOptions {
  /** Default: every parameter. */
  readonly trains?: (parameter: string) => boolean;
  /** Default: `f32`. */
  readonly precision?: Precision;
}

/** All that a run computes and keeps while it trains, but for its samples. */
export function graphsOf(
  config: ModelConfig,
  recipe: Recipe,
  { trains = () => true, precision = 'f32' }: GraphsOptions = {},
): RunGraphs {
  const { train } = recipe;
  const parameters = parameterShapes(config);
  const trained = new Map([...parameters].filter(([name]) => trains(name)));
  const accumulates = train.accumulate > 1;
  const shape = {
    config,
    batch: train.batch,
    context: config.context,
    segments: keepsApart(recipe),
    trains,
    precision,
  };
  const sums = accumulates ? accumulationStates(trained) : [];
  return {
    states: new Map([...parameters, ...optimizerStates(train, trained), ...sums]),
    step: accumulates ? accumulateGraph(shape) : stepGraph(shape, train),
    apply: accumulates ? [applyGraph(trained, train, precision)] : [],
    measuring: evaluationGraph(config, shape),
  };
}

function footprintOf(config: ModelConfig, recipe: Recipe, how: GraphsOptions): Footprint {
  const { states, step, apply, measuring } = graphsOf(config, recipe, how);
  const { train } = recipe;
  return {
    stateBytes: [...states.values()].reduce((sum, each) => sum + FLOAT * sizeOf(each), 0),
    // Training and measuring each keep what they once needed.
    passingBytes: Math.max(...[step, ...apply].map(peakBytes)) + peakBytes(measuring),
    flops: train.accumulate * flopsOf(step) + apply.reduce((sum, graph) => sum + flopsOf(graph), 0),
  };
}

// --- Arithmetic -----------------------------------------------------------------------------

function flopsOf(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + flopsOfNode(node), 0);
}

function flopsOfNode(node: Node): number {
  const [a, b] = node.inputs;
  switch (node.op) {
    case 'linear':
    case 'crossEntropy':
      // [N, I] by [O, I]
      return 2 * sizeOf(a!.shape) * b!.shape[0]!;
    case 'crossEntropyBackward':
      return 4 * sizeOf(a!.shape) * b!.shape[0]!;
    case 'matmul': {
      const inner = a!.shape.at(node.attributes.transposeA ? -2 : -1)!;
      return 2 * sizeOf(node.outputs[0]!.shape) * inner;
    }
    case 'attention':
      // Scores and their mixture.
      return 4 * sizeOf(a!.shape) * a!.shape[1]!;
    case 'attentionBackward':
      return 8 * sizeOf(a!.shape) * a!.shape[1]!;
    default:
      return 0;
  }
}

// --- Memory ---------------------------------------------------------------------------------

/** Operators whose result is their input, seen otherwise. */
const VIEWS: ReadonlySet<OperatorName> = new Set([
  'reshape',
  'input',
  'state',
  'constant',
  'adamw',
]);

/** Bytes of the scores of attention, which the CPU backend holds whole. */
function scoreBytes(q: Value): number {
  const [rows, tokens, heads] = q.shape;
  return FLOAT * rows! * heads! * tokens! * tokens!;
}

function peakBytes(graph: Graph): number {
  const last = new Map<number, number>();
  const root = new Map<number, number>();
  graph.nodes.forEach((node, at) => {
    for (const input of node.inputs) last.set(root.get(input.id) ?? input.id, at);
    if (node.op === 'reshape') {
      const input = node.inputs[0]!;
      root.set(node.outputs[0]!.id, root.get(input.id) ?? input.id);
    }
  });
  for (const value of [...graph.outputs.values(), ...graph.updates.map((each) => each.value)])
    last.set(root.get(value.id) ?? value.id, graph.nodes.length);

  const held = new Map<number, number>();
  const freed = new Map<number, number[]>();
  let now = 0;
  let peak = 0;
  graph.nodes.forEach((node, at) => {
    const hold = (id: number, bytes: number): void => {
      held.set(id, (held.get(id) ?? 0) + bytes);
      now += bytes;
    };
    if (!VIEWS.has(node.op)) {
      for (const value of node.outputs) {
        hold(value.id, bytesOf(value));
        const end = last.get(value.id) ?? at;
        freed.set(end, [...(freed.get(end) ?? []), value.id]);
      }
    }
    const { kept, passing } = besides(node);
    for (const [value, bytes] of kept) if (held.has(value.id)) hold(value.id, bytes);
    peak = Math.max(peak, now + passing);
    for (const id of freed.get(at) ?? []) {
      now -= held.get(id) ?? 0;
      held.delete(id);
    }
  });
  return peak;
}

/**
 * What the CPU backend holds besides a node's own results: `kept` for as long as a value that its
 * backward operator reads, `passing` while it computes. See backend/onnx/attention.ts and its
 * neighbours.
 */
function besides(node: Node): {
  kept: readonly (readonly [Value, number])[];
  passing: number;
} {
  const [a, b] = node.inputs;
  switch (node.op) {
    case 'attention': {
      // The probabilities, and q, k and v with each head's rows together.
      const copies = node.inputs.slice(0, 3).reduce((sum, each) => sum + bytesOf(each), 0);
      const scores = scoreBytes(a!);
      return { kept: [[node.outputs[1]!, scores + copies]], passing: scores };
    }
    case 'attentionBackward':
      return { kept: [], passing: 2 * scoreBytes(a!) + 2 * bytesOf(a!) };
    case 'swiglu':
      // The sigmoid of the gate.
      return { kept: [[a!, bytesOf(a!)]], passing: 0 };
    case 'crossEntropy':
    case 'crossEntropyBackward': {
      const logits = FLOAT * a!.shape[0]! * b!.shape[0]!;
      return node.op === 'crossEntropy'
        ? { kept: [[node.outputs[1]!, logits]], passing: logits }
        : { kept: [], passing: 2 * logits };
    }
    default:
      return { kept: [], passing: 0 };
  }
}
