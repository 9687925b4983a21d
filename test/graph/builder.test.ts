/** The builder: what it refuses, in words that help, and what a finished graph holds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/engine/graph/graph';
import type { DType, Shape, Value } from '../../src/engine/graph/graph';

/** A builder whose inputs are named by their order: a, b, c, ... */
function inputsOf(...values: (Shape | readonly ['i32', Shape])[]): [GraphBuilder, ...Value[]] {
  const graph = new GraphBuilder();
  const made = values.map((value, i) => {
    const [dtype, shape]: readonly [DType, Shape] = isTyped(value) ? value : ['f32', value];
    return graph.input(String.fromCharCode(97 + i), dtype, shape);
  });
  return [graph, ...made];
}

function isTyped(value: Shape | readonly ['i32', Shape]): value is readonly ['i32', Shape] {
  return value[0] === 'i32';
}

type Attempt = (...values: Value[]) => unknown;
type Refusal = readonly [
  operator: string,
  values: readonly (Shape | readonly ['i32', Shape])[],
  attempt: (graph: GraphBuilder) => Attempt,
];

const ids = (...shape: number[]) => ['i32', shape] as const;
const scalars = (v: readonly Value[]) => ({
  learningRate: v[0]!,
  correction1: v[1]!,
  correction2: v[2]!,
  gradientScale: v[3]!,
});
const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, learningRateScale: 1 };

const refusals: readonly Refusal[] = [
  ['add', [[2, 3], [2]], (graph) => graph.add],
  ['multiply', [[2], ids(2)], (graph) => graph.multiply],
  ['exp', [ids(2)], (graph) => graph.exp],
  ['toFloat', [[2]], (graph) => (x) => graph.toFloat(x)],
  ['reshape', [[2, 3]], (graph) => (x) => graph.reshape(x, [4])],
  ['reshape', [[2, 3]], (graph) => (x) => graph.reshape(x, [-2, -3])],
  ['transpose', [[2, 3]], (graph) => (x) => graph.transpose(x, [0, 0])],
  ['transpose', [[2, 3]], (graph) => (x) => graph.transpose(x, [0])],
  ['broadcast', [[2, 3]], (graph) => (x) => graph.broadcast(x, [2, 6])],
  ['broadcast', [[2, 3]], (graph) => (x) => graph.broadcast(x, [3])],
  ['slice', [[4]], (graph) => (x) => graph.slice(x, [2], [3])],
  ['slice', [[4]], (graph) => (x) => graph.slice(x, [-1], [2])],
  ['slice', [[4, 2]], (graph) => (x) => graph.slice(x, [0], [2])],
  ['pad', [[4]], (graph) => (x) => graph.pad(x, [2], [5])],
  ['pad', [[4]], (graph) => (x) => graph.pad(x, [-1], [5])],
  [
    'concatenate',
    [
      [2, 3],
      [2, 4],
    ],
    (graph) => (a, b) => graph.concatenate([a, b], 0),
  ],
  ['concatenate', [[2], [2]], (graph) => (a, b) => graph.concatenate([a, b], -1)],
  ['concatenate', [[2], ids(2)], (graph) => (a, b) => graph.concatenate([a, b], 0)],
  ['sum', [[2, 3]], (graph) => (x) => graph.sum(x, [2])],
  ['max', [[2, 3]], (graph) => (x) => graph.max(x, [-1])],
  [
    'matmul',
    [
      [2, 3],
      [2, 3],
    ],
    (graph) => (a, b) => graph.matmul(a, b),
  ],
  [
    'matmul',
    [
      [2, 3, 4],
      [3, 4, 5],
    ],
    (graph) => (a, b) => graph.matmul(a, b),
  ],
  ['matmul', [[3], [3]], (graph) => (a, b) => graph.matmul(a, b)],
  ['embedding', [[5, 2], [3]], (graph) => (table, of) => graph.embedding(table, of)],
  ['embedding', [[5], ids(3)], (graph) => (table, of) => graph.embedding(table, of)],
  ['embeddingBackward', [ids(3), [4, 2]], (graph) => (of, g) => graph.embeddingBackward(of, g, 5)],
  [
    'linear',
    [
      [2, 3],
      [4, 2],
    ],
    (graph) => (x, weight) => graph.linear(x, weight),
  ],
  [
    'linear',
    [[2, 3], [4, 3], [3]],
    (graph) => (x, weight, bias) => graph.linear(x, weight, { bias: bias }),
  ],
  [
    'linear',
    [
      [2, 3],
      [4, 3],
      [2, 3],
    ],
    (graph) => (x, weight, residual) => graph.linear(x, weight, { residual: residual }),
  ],
  ['rmsNorm', [[2, 3], [2]], (graph) => (x, weight) => graph.rmsNorm(x, weight, 1e-5)],
  [
    'rmsNormBackward',
    [[2, 3], [3], [2], [2, 3]],
    (graph) => (x, weight, inverse, g) => graph.rmsNormBackward(x, weight, inverse, g),
  ],
  ['rope', [[1, 2, 3, 5], ids(1, 2), [4, 2], [4, 2]], (graph) => ropeOf(graph)],
  ['rope', [[1, 2, 3, 4], ids(2, 1), [4, 2], [4, 2]], (graph) => ropeOf(graph)],
  ['rope', [[1, 2, 3, 4], ids(1, 2), [4, 2], [3, 2]], (graph) => ropeOf(graph)],
  [
    'attention',
    [
      [1, 2, 3, 4],
      [1, 2, 2, 4],
      [1, 2, 2, 4],
    ],
    (graph) => attentionOf(graph),
  ],
  [
    'attention',
    [
      [1, 2, 4, 4],
      [1, 3, 2, 4],
      [1, 3, 2, 4],
    ],
    (graph) => attentionOf(graph),
  ],
  [
    'attention',
    [
      [1, 2, 4, 4],
      [1, 2, 2, 4],
      [1, 2, 1, 4],
    ],
    (graph) => attentionOf(graph),
  ],
  [
    'attention',
    [[1, 2, 4, 4], [1, 2, 2, 4], [1, 2, 2, 4], ids(2)],
    (graph) => (q, k, v, segments) => graph.attention(q, k, v, { scale: 1, segments: segments }),
  ],
  [
    'cachedAttention',
    [[1, 1, 2, 4], [1, 1, 1, 4], [1, 1, 1, 4], [1, 8, 1, 4], [1, 8, 1, 4], ids(1)],
    (graph) => (q, k, v, cacheK, cacheV, offset) =>
      graph.cachedAttention({ q: q, k: k, v: v }, { k: cacheK, v: cacheV, offset: offset }, 1),
  ],
  ['swiglu', [[2, 3], [3]], (graph) => (gate, up) => graph.swiglu(gate, up)],
  [
    'crossEntropy',
    [[2, 3], [5, 4], ids(2)],
    (graph) => (x, weight, targets) => graph.crossEntropy(x, weight, targets),
  ],
  [
    'crossEntropy',
    [[2, 3], [5, 3], ids(3)],
    (graph) => (x, weight, targets) => graph.crossEntropy(x, weight, targets),
  ],
  [
    'adamw',
    [[2, 3], [2, 3], [3, 2], [2, 3], [1], [1], [1], [1]],
    (graph) =>
      (parameter, moment1, moment2, gradient, ...rest) =>
        graph.adamw(
          { parameter: parameter, moment1: moment1, moment2: moment2, gradient: gradient },
          scalars(rest),
          ADAMW,
        ),
  ],
];

function ropeOf(graph: GraphBuilder): Attempt {
  return (x, positions, cosine, sine) => graph.rope(x, positions, cosine, sine);
}

function attentionOf(graph: GraphBuilder): Attempt {
  return (q, k, v) => graph.attention(q, k, v, { scale: 1 });
}

describe('the builder refuses shapes that do not fit', () => {
  it.each(refusals)('%s of %j', (operator, shapes, attempt) => {
    const [graph, ...values] = inputsOf(...shapes);
    const before = graph.nodes.length;
    const shapeRefused: unknown = expect.objectContaining({ code: 'graph-shape' });
    expect(() => attempt(graph)(...values)).toThrow(shapeRefused);
    expect(() => attempt(graph)(...values)).toThrow(operator);
    expect(graph.nodes.length, 'and leaves no node behind').toBe(before);
  });

  it('with an error that names the operator, both values and both shapes', () => {
    const [graph, a, b] = inputsOf([2, 3], [4, 5]);
    expect(() => graph.matmul(a!, b!)).toThrow(
      /^matmul cannot take a f32\[2, 3\] and b f32\[4, 5\]: expected /,
    );
    const hidden = graph.exp(b!);
    expect(() => graph.add(a!, hidden)).toThrow(
      /add cannot take a f32\[2, 3\] and exp f32\[4, 5\]/,
    );
  });

  it('names both shapes whichever they are', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(shape, shape, (shapeA, shapeB) => {
        const [graph, a, b] = inputsOf(shapeA, shapeB);
        try {
          const { shape: result } = graph.matmul(a!, b!);
          expect(result.slice(-2)).toEqual([shapeA.at(-2), shapeB.at(-1)]);
        } catch (thrown) {
          expect(String(thrown)).toContain(`[${shapeA.join(', ')}]`);
          expect(String(thrown)).toContain(`[${shapeB.join(', ')}]`);
        }
      }),
    );
  });

  it.each([[[]], [[0]], [[2, -1]], [[1.5]], [[NaN]]])('input of shape %j', (shape) => {
    const graph = new GraphBuilder();
    expect(() => graph.input('x', 'f32', shape)).toThrow(/x cannot have the shape/);
    expect(() => graph.state('y', shape)).toThrow(/y cannot have the shape/);
  });

  it('a constant with more or fewer numbers than its shape', () => {
    expect(() => new GraphBuilder().constant(new Float32Array(3), [2])).toThrow(/3 elements/);
  });

  it('two inputs, states or outputs of one name', () => {
    const [graph, a] = inputsOf([2]);
    graph.state('s', [2]);
    graph.output('y', a!);
    expect(() => graph.input('a', 'f32', [2])).toThrow(/input a/);
    expect(() => graph.state('s', [2])).toThrow(/state s/);
    expect(() => graph.output('y', a!)).toThrow(/output y/);
  });

  it('values of another graph', () => {
    const [graph, a] = inputsOf([2]);
    const [, foreign] = inputsOf([2]);
    expect(() => graph.add(a!, foreign!)).toThrow(/belongs to another graph/);
    expect(() => graph.output('y', foreign!)).toThrow(/belongs to another graph/);
  });

  it('outputs of ids, which runs do not give', () => {
    const [graph, a] = inputsOf(['i32', [2]]);
    expect(() => graph.output('y', a!)).toThrow(/output y/);
  });
});

describe('updates', () => {
  it('go to states only, once each, in their shape and type', () => {
    const [graph, x, other, whole] = inputsOf([2], [3], ['i32', [2]]);
    const state = graph.state('s', [2]);
    expect(() => graph.assign(x!, state)).toThrow(/a state to assign to/);
    expect(() => graph.assign(state, other!)).toThrow(/s f32\[2\] and b f32\[3\]/);
    expect(() => graph.assign(state, whole!)).toThrow(/f32/);
    graph.assign(state, x!);
    expect(() => graph.assign(state, x!)).toThrow(/update of s/);
  });

  it('of a part differ along that axis only, and take an i32 offset', () => {
    const [graph, part, wide, tall, at, fraction] = inputsOf(
      [2, 1],
      [2, 4],
      [3, 1],
      ['i32', [1]],
      [1],
    );
    const state = graph.state('s', [2, 3]);
    expect(() => graph.assignAt(state, wide!, 1, at!)).toThrow(/assignAt/);
    expect(() => graph.assignAt(state, tall!, 1, at!)).toThrow(/assignAt/);
    expect(() => graph.assignAt(state, part!, 0, at!)).toThrow(/assignAt/);
    expect(() => graph.assignAt(state, part!, 2, at!)).toThrow(/assignAt/);
    expect(() => graph.assignAt(state, part!, 1, fraction!)).toThrow(/offset i32/);
    graph.assignAt(state, part!, 1, at!);
  });
});

describe('a finished graph', () => {
  it('holds only what its outputs and updates need, in an order that can be run', () => {
    // Each byte adds a node over earlier values; some of them become outputs.
    const plan = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(plan, (steps) => {
        const [graph, first] = inputsOf([2]);
        const values = [first!, graph.state('s', [2])];
        steps.forEach(([left, right, output], i) => {
          const value = graph.add(values[left % values.length]!, values[right % values.length]!);
          values.push(value);
          if (output) graph.output(`y${i}`, value);
        });
        const { nodes, outputs } = graph.build();
        const made = new Set<number>();
        const read = new Set([...outputs.values()].map((value) => value.id));
        for (const node of nodes) {
          for (const input of node.inputs) {
            expect(made.has(input.id), 'inputs come first').toBe(true);
            read.add(input.id);
          }
          for (const value of node.outputs) made.add(value.id);
        }
        for (const value of outputs.values()) expect(made.has(value.id)).toBe(true);
        for (const node of nodes) {
          expect(
            node.outputs.some((value) => read.has(value.id)),
            'no dead node',
          ).toBe(true);
        }
      }),
    );
  });

  it('keeps what only an update or its offset needs', () => {
    const [graph, x, at] = inputsOf([1], ['i32', [1]]);
    const state = graph.state('s', [4]);
    graph.exp(x!);
    graph.assignAt(state, graph.negate(x!), 0, graph.reshape(graph.reshape(at!, [1, 1]), [1]));
    const { nodes } = graph.build();
    expect(nodes.map((node) => node.op)).toEqual([
      'input',
      'input',
      'negate',
      'reshape',
      'reshape',
    ]);
  });

  it('does not change as more is built', () => {
    const [graph, x] = inputsOf([2]);
    graph.output('y', graph.exp(x!));
    const first = graph.build();
    graph.output('z', graph.log(x!));
    graph.state('s', [2]);
    expect(first.nodes).toHaveLength(2);
    expect([...first.outputs.keys()]).toEqual(['y']);
    expect(first.states.size).toBe(0);
  });
});

describe('what would do nothing adds no node', () => {
  it('reshape and broadcast to the same shape, and sums over no axis', () => {
    const [graph, x] = inputsOf([2, 3]);
    expect(graph.reshape(x!, [2, 3])).toBe(x);
    expect(graph.broadcast(x!, [2, 3])).toBe(x);
    expect(graph.sum(x!, [])).toBe(x);
  });
});
