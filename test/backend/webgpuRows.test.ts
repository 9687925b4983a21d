/**
 * What a graph of few rows has many of, computed together: layers that read the same rows, with what made
 * these rows, and turns by the same angles. Against the oracle, in all the groups that a graph can have;
 * and that they are as few dispatches as they can be.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { lower } from '../../src/engine/backend/webgpu/rules';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import type { Graph, Value } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { toHalf } from './half';
import { runExactly, runOn, Sketch } from './sketch';
import { useHalfFloatAdapter } from './softwareAdapter';

useHalfFloatAdapter();
const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };
const backends = {
  f32: await openWebgpu({ software: true }),
  f16: await openWebgpu({ software: true, precision: 'f16' }),
};
afterAll(async () => {
  for (const backend of Object.values(backends)) await backend.dispose();
});

/** Of a device with WebGPU's default limits and nothing else. */
const TRAITS = {
  ...{ f16: false, precision: 'f32' as const, subgroups: false, leastSubgroup: 1 },
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
};

interface Form {
  readonly rows: number;
  readonly width: number;
  readonly columns: readonly number[];
  /** What makes the rows. */
  readonly by?: 'rmsNorm' | 'swiglu';
  /** The layers have a bias and a residual. */
  readonly added?: boolean;
  /** Somebody else reads the rows. */
  readonly shared?: boolean;
}

function drawn({ rows, width, columns, by, added = false, shared = false }: Form): {
  sketch: Sketch;
  graph: Graph;
} {
  const sketch = new Sketch(5);
  const { graph } = sketch;
  const x = sketch.tensor([rows, width]);
  const weights = columns.map((count) => sketch.tensor([count, width]));
  const norm = sketch.tensor([width]);
  const read =
    by === 'rmsNorm'
      ? graph.rmsNorm(x, norm, 1e-5).y
      : by === 'swiglu'
        ? graph.swiglu(x, sketch.tensor([rows, width]))
        : x;
  weights.forEach((weight, index) => {
    const count = columns[index]!;
    const bias = sketch.tensor([count]);
    const residual = sketch.tensor([rows, count]);
    graph.output(`y${index}`, graph.linear(read, weight, added ? { bias, residual } : {}));
  });
  if (shared) graph.output('read', graph.negate(read));
  return { sketch, graph: graph.build() };
}

const forms: Record<string, Form & { readonly dispatches: number }> = {
  'query, key and value': {
    rows: 1,
    width: 64,
    columns: [64, 32, 32],
    by: 'rmsNorm',
    dispatches: 1,
  },
  'gate and up': { rows: 3, width: 40, columns: [96, 96], by: 'rmsNorm', dispatches: 1 },
  'one layer and its norm': { rows: 1, width: 64, columns: [101], by: 'rmsNorm', dispatches: 1 },
  'more than fit': { rows: 2, width: 64, columns: [8, 9, 10, 11], by: 'rmsNorm', dispatches: 2 },
  'without a norm': { rows: 8, width: 32, columns: [16, 24], dispatches: 1 },
  'odd widths': { rows: 5, width: 37, columns: [5, 3, 1], by: 'rmsNorm', dispatches: 1 },
  'rows that others read': {
    ...{ rows: 1, width: 64, columns: [32, 32], by: 'rmsNorm', shared: true },
    dispatches: 3,
  },
  'down, gated': { rows: 1, width: 64, columns: [48], by: 'swiglu', dispatches: 1 },
  'down, gated, with a bias and a residual': {
    ...{ rows: 3, width: 40, columns: [33], by: 'swiglu', added: true, dispatches: 1 },
  },
  'down, gated, of odd width': {
    ...{ rows: 8, width: 37, columns: [7], by: 'swiglu', added: true, dispatches: 1 },
  },
  'two layers behind a gate': {
    ...{ rows: 2, width: 32, columns: [8, 8], by: 'swiglu', dispatches: 2 },
  },
  'a gate that others read': {
    ...{ rows: 1, width: 32, columns: [8], by: 'swiglu', shared: true, dispatches: 3 },
  },
  'too many gated rows': { rows: 9, width: 32, columns: [8], by: 'swiglu', dispatches: 2 },
  'too many rows': { rows: 9, width: 32, columns: [16, 16], by: 'rmsNorm', dispatches: 3 },
};

describe.each(Object.entries(forms))('%s', (_, form) => {
  it.each(['f32', 'f16'] as const)('in %s', async (precision) => {
    const { sketch, graph } = drawn(form);
    // Where they are halves, frozen weights of whole eights are all that is rounded.
    const rounded = precision === 'f16' && form.rows <= 8 && form.width % 8 === 0;
    const weights = [...sketch.states].slice(1, 1 + form.columns.length);
    const halves = weights.map(
      ([name, { data }]) => [name, Float64Array.from(data, toHalf)] as const,
    );
    const numbers = await runExactly(sketch, graph, new Map(rounded ? halves : []));
    const expected = Object.fromEntries(
      Object.entries(numbers).filter(([name]) => graph.outputs.has(name)),
    );
    const backend = backends[precision];
    const store = await backend.allocate(
      new Map([...sketch.states].map(([name, { value }]) => [name, value.shape])),
    );
    for (const [name, { data }] of sketch.states) await store.write(name, data);
    const program = await store.compile(graph, { frozen: true });
    const all = precision === 'f16' && !rounded;
    expectAllClose(
      await program.run({}),
      expected,
      all ? { relative: 2e-2, absolute: 5e-2 } : TOLERANCE,
    );
    await store.dispose();
  });

  it('in as few dispatches as there can be', () => {
    const { dispatches } = lower(drawn(form).graph, TRAITS);
    expect(dispatches).toHaveLength(form.dispatches);
    for (const { reads, writes } of dispatches)
      expect(reads.length + writes.length).toBeLessThanOrEqual(8);
  });
});

it('leaves alone rows that are also the weight, and a norm whose weight changes before', async () => {
  const sketch = new Sketch(3);
  const { graph } = sketch;
  const x = sketch.tensor([3, 16]);
  const w = sketch.tensor([16]);
  const n = graph.rmsNorm(x, w, 1e-5).y;
  graph.output('own', graph.linear(n, n));
  graph.output('other', graph.linear(x, sketch.tensor([4, 16])));
  graph.output('self', graph.linear(x, x));
  const v = sketch.tensor([16]);
  const m = graph.rmsNorm(x, v, 1e-5).y;
  graph.assign(v, graph.add(v, v));
  graph.output('before', graph.linear(m, sketch.tensor([5, 16])));
  const built = graph.build();
  expectAllClose(
    await runOn(backends.f32, sketch, built),
    await runExactly(sketch, built),
    TOLERANCE,
  );
});

describe('turns', () => {
  const turning = (width: number) => {
    const sketch = new Sketch(7);
    const { graph } = sketch;
    const tables = [sketch.fed([9, width / 2]), sketch.fed([9, width / 2])] as const;
    const [here, there] = [sketch.ids([2, 3], 9), sketch.ids([2, 3], 9)];
    const turn = (heads: number, positions = here, x?: Value): Value =>
      graph.rope(x ?? sketch.tensor([2, 3, heads, width]), positions, ...tables);
    return { sketch, graph, turn, here, there };
  };
  const check = async ({ sketch }: { sketch: Sketch }, dispatches: number): Promise<void> => {
    const built = sketch.graph.build();
    expect(lower(built, TRAITS).dispatches).toHaveLength(dispatches);
    expectAllClose(
      await runOn(backends.f32, sketch, built),
      await runExactly(sketch, built),
      TOLERANCE,
    );
  };

  it.each([8, 6])('of queries and keys are one dispatch, heads of %i wide', async (width) => {
    const { sketch, graph, turn } = turning(width);
    graph.output('q', turn(4));
    graph.output('k', turn(1));
    graph.output('third', turn(2));
    await check({ sketch }, 2);
  });

  it('by other angles are not', async () => {
    const { sketch, graph, turn, there } = turning(8);
    graph.output('q', turn(2));
    graph.output('k', turn(2, there));
    await check({ sketch }, 2);
  });

  it('that are wanted before the other is there are not', async () => {
    const { sketch, graph, turn, here } = turning(8);
    const q = graph.negate(turn(2));
    graph.output('q', q);
    const k = graph.reshape(graph.negate(q), [2, 3, 2, 8]);
    graph.output('k', turn(2, here, k));
    // Both turned around in one.
    await check({ sketch }, 3);
  });

  it('are one dispatch backwards', async () => {
    const { sketch, graph, turn, here } = turning(8);
    const [q, k] = [sketch.tensor([6, 16]), sketch.tensor([6, 8])];
    const turned = (x: Value, heads: number): Value => {
      const weight = sketch.tensor([heads * 8, x.shape[1]!]);
      return turn(heads, here, graph.reshape(graph.linear(x, weight), [2, 3, heads, 8]));
    };
    const v = sketch.tensor([2, 3, 1, 8]);
    const attended = graph.attention(turned(q, 2), turned(k, 1), v, { scale: 0.3 });
    sketch.outputGradients(sketch.lossOf([attended.out]));
    const { dispatches } = lower(graph.build(), TRAITS);
    const turns = dispatches.filter(({ kernel }) => kernel.name.startsWith('rope'));
    expect(turns.map(({ kernel }) => kernel.name)).toEqual([
      'rope [6, 2 + 1, 8]',
      expect.stringMatching(/^rope \[6, \d \+ \d, 8\] inverse$/),
    ]);
    const built = graph.build();
    expectAllClose(
      await runOn(backends.f32, sketch, built),
      await runExactly(sketch, built),
      TOLERANCE,
    );
  });
});
