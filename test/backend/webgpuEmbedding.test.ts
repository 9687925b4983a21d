/**
 * The gradient of an embedding on the webgpu backend, beyond what every backend is held to: many tokens
 * for each row, which take another kernel, and what one run leaves for the next.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { runExactly, runOn, Sketch } from './sketch';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

let backend: Backend;
beforeAll(async () => {
  backend = await openWebgpu({ software: true });
});
afterAll(() => backend.dispose());

// The last of them has ids that never occur.
it.each([
  [3, 72, 300, 3],
  [5, 130, 41, 5],
  [2, 7, 16, 1],
])('adds up a table [%i, %i] from %i tokens', async (rows, width, tokens, bound) => {
  const sketch = new Sketch();
  const ids = sketch.ids([tokens], bound);
  const gradient = sketch.tensor([tokens, width]);
  sketch.graph.output('y', sketch.graph.embeddingBackward(ids, gradient, rows));
  const graph = sketch.graph.build();
  const expected = await runExactly(sketch, graph);
  expectAllClose(await runOn(backend, sketch, graph), expected, { relative: 1e-4, absolute: 1e-5 });
});

it('forgets the ids of the run before', async () => {
  const graph = new GraphBuilder();
  const ids = graph.input('ids', 'i32', [3]);
  const ones = graph.constant(new Float32Array(6).fill(1), [3, 2]);
  graph.output('y', graph.embeddingBackward(ids, ones, 4));
  const store = await backend.allocate(new Map());
  const program = await store.compile(graph.build());
  const sums = async (...these: number[]): Promise<number[]> => [
    ...(await program.run({ ids: Int32Array.from(these) }))['y']!,
  ];
  expect(await sums(2, 0, 2)).toEqual([1, 1, 0, 0, 2, 2, 0, 0]);
  expect(await sums(3, 3, 1)).toEqual([0, 0, 1, 1, 0, 0, 2, 2]);
  expect(await sums(0, 0, 0)).toEqual([3, 3, 0, 0, 0, 0, 0, 0]);
  await store.dispose();
});
