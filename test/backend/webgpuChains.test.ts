/**
 * What is computed together, or where something else lies: chains of elementwise operators, sums that a
 * product or the gradient of RMSNorm adds on its way out, stacks that are written and read in place. Against
 * the oracle, on graphs that are made up, with states that are read before and after they could have changed;
 * and that they are as few dispatches as they can be.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { lower } from '../../src/engine/backend/webgpu/rules';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import type { Graph, GraphBuilder, Value } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { awayFromZero, between, runExactly, runOn, Sketch } from './sketch';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();
const backend = await openWebgpu({ software: true });
afterAll(() => backend.dispose());

/** Of a device with WebGPU's default limits and nothing else. */
const TRAITS = {
  ...{ f16: false, precision: 'f32' as const, subgroups: false, leastSubgroup: 1 },
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
};
const SIDE = 8;
const SQUARE = [SIDE, SIDE];
const small = between(-1, 1);

interface Given {
  /** [1] */
  readonly one: Value;
  /** [8, 8], nowhere near 0: what is compared must not depend on how a computed number is rounded. */
  readonly mask: Value;
}
type Make = (graph: GraphBuilder, operands: readonly [Value, Value, Value], given: Given) => Value;

/** From matrices [8, 8] and a number [1] another matrix, whose numbers stay small. */
const MAKERS: readonly Make[] = [
  (graph, [a, b]) => graph.add(a, b),
  (graph, [a, b]) => graph.subtract(a, b),
  (graph, [a, b]) => graph.multiply(a, b),
  (graph, [a], { one }) => graph.multiply(a, one),
  (graph, [a], { one }) => graph.add(graph.scale(a, 0.5), graph.sigmoid(one)),
  (graph, [a, b], { mask }) => graph.select(graph.less(mask, graph.scalar(0)), a, b),
  (graph, [a]) => graph.tanh(a),
  (graph, [a]) => graph.negate(a),
  (graph, [a, b]) => graph.maximum(graph.reshape(a, [64]), graph.reshape(b, [64])),
  (graph, [a, b]) => graph.divide(a, graph.add(graph.exp(graph.tanh(b)), graph.scalar(1))),
  (graph, [a, b]) => graph.matmul(a, b, { scale: 0.25, transposeB: true }),
  (graph, [a, b, c]) => graph.add(graph.matmul(a, b, { scale: 0.25 }), c),
  (graph, [a, b, c]) => graph.add(c, graph.tanh(graph.linear(a, b))),
  (graph, [a, b, c]) => {
    const norm = graph.reshape(graph.slice(b, [0, 0], [1, SIDE]), [SIDE]);
    const { inverseRms } = graph.rmsNorm(a, norm, 1);
    const [dx] = graph.rmsNormBackward(a, norm, inverseRms, c);
    return graph.add(dx, graph.tanh(b));
  },
  (graph, [a, b, c]) => {
    const norm = graph.reshape(graph.slice(b, [1, 0], [1, SIDE]), [SIDE]);
    const { inverseRms } = graph.rmsNorm(a, norm, 1);
    const [dx, dNorm] = graph.rmsNormBackward(a, norm, inverseRms, graph.tanh(c));
    return graph.multiply(dx, graph.tanh(graph.add(norm, dNorm)));
  },
  (graph, [a, b]) => {
    const { y } = graph.rmsNorm(a, graph.constant(new Float32Array(SIDE).fill(0.5), [SIDE]), 1);
    return graph.subtract(graph.linear(y, b), graph.tanh(graph.linear(y, a)));
  },
  (graph, [a, b]) => {
    const square = (x: Value): Value => graph.total(graph.multiply(x, x));
    return graph.multiply(a, graph.tanh(graph.add(square(a), square(b))));
  },
  (graph, operands, { one }) => {
    const each = operands.map((value) => graph.tanh(graph.multiply(value, one)));
    const stack = graph.concatenate(
      each.map((value) => graph.reshape(value, [1, ...SQUARE])),
      0,
    );
    const squares = graph.add(stack, graph.matmul(stack, stack, { scale: 0.25 }));
    return graph.subtract(
      graph.reshape(graph.slice(squares, [2, 0, 0], [1, ...SQUARE]), SQUARE),
      graph.reshape(graph.slice(squares, [0, 0, 0], [1, ...SQUARE]), SQUARE),
    );
  },
];

/** Any value, every other time one of the states: what is read early and late is what may go wrong. */
const operand = fc.oneof(fc.nat(2), fc.nat());
const step = fc.record({
  maker: fc.nat(MAKERS.length - 1),
  operands: fc.tuple(operand, operand, operand),
});
const made = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 20 }),
  updates: fc.array(fc.nat(), { maxLength: 3 }),
  outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
});
type Made = typeof made extends fc.Arbitrary<infer Each> ? Each : never;

/** Three states, of which some get new values, what is fed, and all that is made of them. */
function drawn({ steps, updates, outputs }: Made): { sketch: Sketch; graph: Graph } {
  const sketch = new Sketch(3);
  const { graph } = sketch;
  const states = [0, 1, 2].map(() => sketch.tensor(SQUARE, small));
  const given = { one: sketch.fed([1], small), mask: sketch.fed(SQUARE, awayFromZero) };
  const values = [...states, sketch.fed(SQUARE, small)];
  const pick = (number: number): Value => values[number % values.length]!;
  for (const { maker, operands } of steps) {
    const [a, b, c] = operands;
    const result = MAKERS[maker]!(graph, [pick(a), pick(b), pick(c)], given);
    values.push(graph.reshape(result, SQUARE));
  }
  updates.forEach((number, index) => graph.assign(states[index]!, pick(number)));
  outputs.forEach((number, index) => graph.output(`y${index}`, pick(number)));
  return { sketch, graph: graph.build() };
}

it('gives what the oracle gives, whatever is joined', async () => {
  await fc.assert(
    fc.asyncProperty(made, async (each) => {
      const { sketch, graph } = drawn(each);
      expectAllClose(await runOn(backend, sketch, graph), await runExactly(sketch, graph), {
        relative: 1e-3,
        absolute: 1e-4,
      });
    }),
    { numRuns: 250 },
  );
});

describe('as few dispatches as there can be', () => {
  const kernelsOf = (build: (sketch: Sketch) => void): string[] => {
    const sketch = new Sketch(1);
    build(sketch);
    const lowered = lower(sketch.graph.build(), TRAITS);
    expect(lowered.copies).toEqual([]);
    for (const { reads, writes } of lowered.dispatches)
      expect(reads.length + writes.length).toBeLessThanOrEqual(8);
    return lowered.dispatches.map(({ kernel }) => kernel.name);
  };

  it('a state that gets a new value from itself, and another result', () => {
    const kernels = kernelsOf(({ graph }) => {
      const momentum = graph.state('momentum', SQUARE);
      const gradient = graph.input('gradient', 'f32', SQUARE);
      const moved = graph.add(graph.scale(momentum, 0.9), gradient);
      graph.assign(momentum, moved);
      graph.output('y', graph.add(gradient, graph.scale(moved, 0.9)));
    });
    expect(kernels).toEqual(['multiply add multiply add']);
  });

  it('gradients that meet', () => {
    const kernels = kernelsOf(({ graph }) => {
      const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'f32', [16, 16]));
      const products = [1, 2, 3].map((scale) => graph.matmul(a!, b!, { scale }));
      graph.output('y', graph.add(graph.add(products[0]!, products[1]!), products[2]!));
    });
    expect(kernels).toHaveLength(3);
    expect(kernels.every((name) => name.startsWith('matmul'))).toBe(true);
  });

  it('the gradient of RMSNorm and what goes past it', () => {
    const kernels = kernelsOf(({ graph }) => {
      const x = graph.input('x', 'f32', SQUARE);
      const past = graph.input('past', 'f32', SQUARE);
      const weight = graph.input('weight', 'f32', [SIDE]);
      const inverse = graph.input('inverse', 'f32', [SIDE, 1]);
      const [dx, dWeight] = graph.rmsNormBackward(x, weight, inverse, past);
      graph.output('dWeight', dWeight);
      graph.output('y', graph.add(past, dx));
    });
    expect(kernels).toEqual(['rmsNormBackward [8, 8]']);
  });

  it('a gradient that is added to a sum of them', () => {
    const kernels = kernelsOf(({ graph }) => {
      const sum = graph.state('sum', SQUARE);
      const kept = graph.multiply(sum, graph.input('keep', 'f32', [1]));
      const gradient = graph.matmul(
        graph.input('a', 'f32', SQUARE),
        graph.input('b', 'f32', SQUARE),
      );
      graph.assign(sum, graph.add(kept, gradient));
    });
    expect(kernels).toHaveLength(2);
    expect(kernels[1]).toBe('multiply add');
  });

  it('but whether a number is finite is asked of one that was written', () => {
    const of = (build: (graph: GraphBuilder, sum: Value) => Value): string[] =>
      kernelsOf(({ graph }) => {
        const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'f32', [4]));
        graph.output('y', build(graph, graph.add(a!, b!)));
      });
    expect(of((graph, sum) => graph.multiply(graph.isFinite(sum), sum))).toHaveLength(2);
    const length = of((graph, sum) => {
      const root = graph.sqrt(sum);
      return graph.select(graph.isFinite(sum), root, graph.scalar(0));
    });
    expect(length).toEqual(['add sqrt', 'isFinite select']);
  });

  it('a stack that is made, multiplied and taken apart', () => {
    const kernels = kernelsOf(({ graph }) => {
      const parts = [0, 1].map((i) => graph.state(`part${i}`, SQUARE));
      const stack = graph.concatenate(
        parts.map((part) => graph.reshape(graph.negate(part), [1, ...SQUARE])),
        0,
      );
      const product = graph.matmul(stack, stack);
      parts.forEach((part, i) => {
        const own = graph.reshape(graph.slice(product, [i, 0, 0], [1, ...SQUARE]), SQUARE);
        graph.assign(part, graph.subtract(part, own));
      });
    });
    expect(kernels).toHaveLength(5);
    expect(kernels.filter((name) => /insert|slice/.test(name))).toEqual([]);
  });
});
