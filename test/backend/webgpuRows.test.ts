/**
 * Layers of few rows that read the same rows, computed together, and with the norm before them: against
 * the oracle, in all the groups that a graph can have; and that they are as few dispatches as they can be.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { lower } from '../../src/engine/backend/webgpu/rules';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import type { Graph } from '../../src/engine/graph/graph';
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

interface Form {
  readonly rows: number;
  readonly width: number;
  readonly columns: readonly number[];
  readonly normed: boolean;
  /** Somebody else reads the rows. */
  readonly shared?: boolean;
}

function drawn({ rows, width, columns, normed, shared = false }: Form): {
  sketch: Sketch;
  graph: Graph;
} {
  const sketch = new Sketch(5);
  const { graph } = sketch;
  const x = sketch.tensor([rows, width]);
  const weights = columns.map((count) => sketch.tensor([count, width]));
  const norm = sketch.tensor([width]);
  const read = normed ? graph.rmsNorm(x, norm, 1e-5).y : x;
  weights.forEach((weight, index) => graph.output(`y${index}`, graph.linear(read, weight)));
  if (shared) graph.output('read', graph.negate(read));
  return { sketch, graph: graph.build() };
}

const forms: Record<string, Form & { readonly dispatches: number }> = {
  'query, key and value': {
    rows: 1,
    width: 64,
    columns: [64, 32, 32],
    normed: true,
    dispatches: 1,
  },
  'gate and up': { rows: 3, width: 40, columns: [96, 96], normed: true, dispatches: 1 },
  'one layer and its norm': { rows: 1, width: 64, columns: [101], normed: true, dispatches: 1 },
  'more than fit': { rows: 2, width: 64, columns: [8, 9, 10, 11], normed: true, dispatches: 2 },
  'without a norm': { rows: 8, width: 32, columns: [16, 24], normed: false, dispatches: 1 },
  'odd widths': { rows: 5, width: 37, columns: [5, 3, 1], normed: true, dispatches: 1 },
  'rows that others read': {
    ...{ rows: 1, width: 64, columns: [32, 32], normed: true, shared: true },
    dispatches: 3,
  },
  'too many rows': { rows: 9, width: 32, columns: [16, 16], normed: true, dispatches: 3 },
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
    const traits = {
      ...{ f16: false, precision: 'f32' as const, subgroups: false, leastSubgroup: 1 },
      maxStorageBufferBindingSize: 2 ** 27,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
    };
    const { dispatches } = lower(drawn(form).graph, traits);
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
