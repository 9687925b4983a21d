/**
 * A small decoder with its whole training step in one graph, built from operators alone, for the
 * training trajectories: tied embedding, RMSNorm, rotary grouped-query attention within segments,
 * SwiGLU, weighted cross-entropy, clipping by the global norm, one frozen parameter.
 */
import { Rng } from '../../src/base/rng';
import type { Feeds } from '../../src/engine/backend/backend';
import { differentiate } from '../../src/engine/graph/graph';
import type { Graph, GraphBuilder, Shape, Value } from '../../src/engine/graph/graph';
import { normalTimes, Sketch } from './sketch';

const ROWS = 2;
const TOKENS = 13;
const LAYERS = 2;
const HEADS = 4;
const KEY_HEADS = 2;
const HEAD_WIDTH = 6;
const WIDTH = HEADS * HEAD_WIDTH;
const INTERMEDIATE = 41;
const VOCABULARY = 37;
const WARM_UP = 8;
const BETA1 = 0.9;
const BETA2 = 0.95;
export const FROZEN = 'layer1.up';

export interface Trainer {
  readonly sketch: Sketch;
  readonly graph: Graph;
  /** What step 1, 2, ... is fed. */
  readonly feedsOf: (step: number) => Feeds;
}

export function buildTrainer(rule: 'adamw' | 'muon'): Trainer {
  const sketch = new Sketch(11);
  const { graph } = sketch;
  const parameters = new Map<string, Value>();
  const parameter = (name: string, shape: Shape, spread: number, mean = 0): Value => {
    const drawn = new Rng(parameters.size + 100);
    const draw = normalTimes(spread);
    const size = shape.reduce((product, length) => product * length, 1);
    const data = Float32Array.from({ length: size }, () => mean + draw(drawn));
    const value = sketch.tensorOf(data, shape, name);
    parameters.set(name, value);
    return value;
  };

  const tokens = graph.input('tokens', 'i32', [ROWS, TOKENS]);
  const targets = graph.input('targets', 'i32', [ROWS * TOKENS]);
  const weights = graph.input('weights', 'f32', [ROWS * TOKENS]);
  const segments = graph.input('segments', 'i32', [ROWS, TOKENS]);
  const positions = graph.input('positions', 'i32', [ROWS, TOKENS]);
  const [cosine, sine] = rotaryTables(graph);

  const table = parameter('table', [VOCABULARY, WIDTH], 0.3);
  let stream = graph.embedding(table, tokens);
  for (let layer = 0; layer < LAYERS; layer++) {
    const matrix = (name: string, outputs: number, inner: number) =>
      parameter(`layer${layer}.${name}`, [outputs, inner], inner ** -0.5);
    const norm = (name: string, x: Value) =>
      graph.rmsNorm(x, parameter(`layer${layer}.${name}`, [WIDTH], 0.1, 1), 1e-5).y;

    const before = norm('attentionNorm', stream);
    const heads = (name: string, count: number) =>
      graph.reshape(graph.linear(before, matrix(name, count * HEAD_WIDTH, WIDTH)), [
        ...[ROWS, TOKENS, count, HEAD_WIDTH],
      ]);
    const turned = (x: Value) => graph.rope(x, positions, cosine, sine);
    const { out } = graph.attention(
      turned(heads('query', HEADS)),
      turned(heads('key', KEY_HEADS)),
      heads('value', KEY_HEADS),
      { scale: HEAD_WIDTH ** -0.5, segments },
    );
    const attended = graph.reshape(out, [ROWS, TOKENS, WIDTH]);
    stream = graph.linear(attended, matrix('output', WIDTH, WIDTH), { residual: stream });

    const between = norm('mlpNorm', stream);
    const gate = graph.linear(between, matrix('gate', INTERMEDIATE, WIDTH));
    const up = graph.linear(between, matrix('up', INTERMEDIATE, WIDTH));
    const down = matrix('down', WIDTH, INTERMEDIATE);
    stream = graph.linear(graph.swiglu(gate, up), down, { residual: stream });
  }
  const final = graph.rmsNorm(stream, parameter('finalNorm', [WIDTH], 0.1, 1), 1e-5).y;
  const flat = graph.reshape(final, [ROWS * TOKENS, WIDTH]);
  const { nll } = graph.crossEntropy(flat, table, targets);
  const loss = graph.divide(graph.total(graph.multiply(nll, weights)), graph.total(weights));

  const trained = [...parameters].filter(([name]) => name !== FROZEN);
  const gradients = differentiate(
    graph,
    loss,
    trained.map(([, value]) => value),
  );
  const squares = gradients.map((gradient) => graph.total(graph.multiply(gradient, gradient)));
  const norm = graph.sqrt(squares.reduce((sum, square) => graph.add(sum, square)));
  const gradientScale = graph.minimum(graph.scalar(1), graph.divide(graph.scalar(0.5), norm));
  graph.output('loss', loss);
  graph.output('gradient norm', norm);

  const step = graph.input('step', 'f32', [1]);
  const warmth = graph.minimum(graph.scalar(1), graph.scale(step, 1 / WARM_UP));
  const scalars = {
    learningRate: graph.scale(warmth, 0.01),
    correction1: graph.input('correction1', 'f32', [1]),
    correction2: graph.input('correction2', 'f32', [1]),
    gradientScale,
  };
  trained.forEach(([name, value], i) => {
    const gradient = gradients[i]!;
    if (rule === 'muon' && value.shape.length === 2 && name !== 'table') {
      updateWithMuon(sketch, name, value, graph.multiply(gradient, gradientScale), warmth);
    } else updateWithAdamw(sketch, name, value, gradient, scalars);
  });
  return { sketch, graph: graph.build(), feedsOf };
}

function updateWithAdamw(
  sketch: Sketch,
  name: string,
  parameter: Value,
  gradient: Value,
  scalars: Parameters<GraphBuilder['adamw']>[1],
): void {
  const { graph } = sketch;
  const moment = (which: string) => zeros(sketch, `${name} ${which}`, parameter.shape);
  const tensors = { parameter, moment1: moment('moment1'), moment2: moment('moment2'), gradient };
  const attributes = {
    ...{ beta1: BETA1, beta2: BETA2, epsilon: 1e-8, learningRateScale: 1 },
    weightDecay: parameter.shape.length === 2 ? 0.1 : 0,
  };
  const next = graph.adamw(tensors, scalars, attributes);
  graph.assign(parameter, next.parameter);
  graph.assign(tensors.moment1, next.moment1);
  graph.assign(tensors.moment2, next.moment2);
}

/**
 * Momentum whose matrix is brought near the closest orthogonal one by five Newton-Schulz steps of
 * an odd quintic (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024).
 */
function updateWithMuon(
  sketch: Sketch,
  name: string,
  parameter: Value,
  gradient: Value,
  warmth: Value,
): void {
  const { graph } = sketch;
  const momentum = zeros(sketch, `${name} momentum`, parameter.shape);
  const next = graph.add(graph.scale(momentum, 0.95), gradient);
  graph.assign(momentum, next);
  const ahead = graph.add(gradient, graph.scale(next, 0.95));

  const [rows, columns] = parameter.shape;
  const tall = rows! > columns!;
  let x = tall ? graph.transpose(ahead, [1, 0]) : ahead;
  const frobenius = graph.sqrt(graph.total(graph.multiply(x, x)));
  x = graph.divide(x, graph.add(frobenius, graph.scalar(1e-7)));
  for (let i = 0; i < 5; i++) {
    const a = graph.matmul(x, x, { transposeB: true });
    const b = graph.add(graph.scale(a, -4.775), graph.matmul(a, a, { scale: 2.0315 }));
    x = graph.add(graph.scale(x, 3.4445), graph.matmul(b, x));
  }
  const direction = tall ? graph.transpose(x, [1, 0]) : x;
  const stretch = Math.sqrt(Math.max(1, rows! / columns!));
  const move = graph.multiply(direction, graph.scale(warmth, 0.02 * stretch));
  graph.assign(parameter, graph.subtract(parameter, move));
}

function zeros(sketch: Sketch, name: string, shape: Shape): Value {
  const size = shape.reduce((product, length) => product * length, 1);
  return sketch.tensorOf(new Float32Array(size), shape, name);
}

function rotaryTables(graph: GraphBuilder): [Value, Value] {
  const half = HEAD_WIDTH / 2;
  const table = (turn: (angle: number) => number) => {
    const angles = Float32Array.from({ length: TOKENS * half }, (_, i) =>
      turn(Math.floor(i / half) * 10_000 ** (-(i % half) / half)),
    );
    return graph.constant(angles, [TOKENS, half]);
  };
  return [table(Math.cos), table(Math.sin)];
}

/** A language that can be learnt: the next token is mostly a function of this one. */
function feedsOf(step: number): Feeds {
  const rng = new Rng(1000 + step);
  const size = ROWS * TOKENS;
  const [tokens, targets] = [new Int32Array(size), new Int32Array(size)];
  const [segments, positions] = [new Int32Array(size), new Int32Array(size)];
  for (let i = 0; i < size; i++) {
    const starts = i % TOKENS === 0;
    tokens[i] = starts ? rng.below(VOCABULARY) : targets[i - 1]!;
    targets[i] = rng.uniform() < 0.1 ? rng.below(VOCABULARY) : (tokens[i]! * 3 + 1) % VOCABULARY;
    const fresh = !starts && rng.uniform() < 0.15;
    segments[i] = starts ? 0 : segments[i - 1]! + (fresh ? 1 : 0);
    positions[i] = starts || fresh ? 0 : positions[i - 1]! + 1;
  }
  return {
    tokens,
    targets,
    segments,
    positions,
    weights: Float32Array.from({ length: size }, () => [0, 0.5, 1, 2][rng.below(4)]!),
    step: Float32Array.of(step),
    correction1: Float32Array.of(1 - BETA1 ** step),
    correction2: Float32Array.of(1 - BETA2 ** step),
  };
}
