/** Where a run's time goes, as the webgpu backend tells it: the parts are those of the run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openReference } from '../../src/engine/backend/reference/reference';
import { openWebgpu, profile } from '../../src/engine/backend/webgpu/webgpu';
import type { RunProfile } from '../../src/engine/backend/webgpu/webgpu';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

const SIZE = 96;
const x = new Float32Array(SIZE * SIZE).fill(0.5);

/** Two products of one shape, an output, and a state that counts the runs. */
async function counting(backend: Backend) {
  const store = await backend.allocate(
    new Map([
      ['weight', [SIZE, SIZE]],
      ['runs', [1]],
    ]),
  );
  await store.write('weight', new Float32Array(SIZE * SIZE).fill(1 / SIZE));
  const builder = new GraphBuilder();
  const weight = builder.state('weight', [SIZE, SIZE]);
  const once = builder.linear(builder.input('x', 'f32', [SIZE, SIZE]), weight);
  builder.output('y', builder.linear(once, weight));
  const runs = builder.state('runs', [1]);
  builder.assign(runs, builder.add(runs, builder.scalar(1)));
  const graph = builder.build();
  return { store, graph, program: await store.compile(graph) };
}

const dispatchesOf = ({ kernels }: RunProfile): number =>
  kernels.reduce((sum, kernel) => sum + kernel.dispatches, 0);

// By WebGPU's default limits and features there are no timestamps: the wall clock does.
describe.each([
  ['timestamps', 'most'],
  ['wall', 'default'],
] as const)('a profile by %s', (clock, limits) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openWebgpu({ software: true, limits });
  });
  afterAll(() => backend.dispose());

  it('has every dispatch under the name of its kernel', async () => {
    const { program } = await counting(backend);
    const { profile: found, results } = await profile(program, { x }, 'kernels');
    expect(results['y']!.every((value) => Math.abs(value - 0.5) < 1e-6)).toBe(true);
    expect(found.clock).toBe(clock);
    expect(dispatchesOf(found)).toBe(found.dispatches);
    const product = found.kernels.find(({ name }) => name.includes('matmul'));
    expect(product).toMatchObject({ dispatches: 2, bytes: 2 * 3 * 4 * SIZE * SIZE });
    expect(found.kernels.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(found.bytes);
    expect(found.pipelines).toBe(found.kernels.length);
    for (const time of [...found.kernels.map((each) => each.milliseconds), found.gpu, found.wall])
      expect(time).toBeGreaterThanOrEqual(0);
    // The input, what the first product gave, the result, and the copy that is read back.
    expect(found.memory).toBeGreaterThanOrEqual(4 * 4 * SIZE * SIZE);
  });

  it('is of one run, with its updates', async () => {
    const { store, program } = await counting(backend);
    const { profile: whole } = await profile(program, { x }, 'whole');
    expect(whole).toMatchObject({ kernels: [], clock });
    await profile(program, { x }, 'kernels');
    expect(await store.read('runs')).toEqual(Float32Array.of(2));
  });

  it('refuses what a run refuses', async () => {
    const { program } = await counting(backend);
    await expect(profile(program, {}, 'whole')).rejects.toMatchObject({ code: 'backend-feed' });
  });
});

it('a program of another backend has no profile', async () => {
  const { program } = await counting(await openReference());
  expect(() => profile(program, { x }, 'whole')).toThrow(TypeError);
});

it('the memory of a program is known before it is compiled', async () => {
  const backend = await openWebgpu({ software: true });
  const { program, graph } = await counting(backend);
  const { profile: found } = await profile(program, { x }, 'whole');
  const needs = backend.memory!.programNeeds(graph);
  expect(needs).toEqual({ bytes: found.memory, largest: 4 * SIZE * SIZE });
  await backend.dispose();
});

it('what a full GPU cannot hold is refused, and what it held stays', async () => {
  const backend = await openWebgpu({ software: true, memory: 2 ** 20 });
  const { store } = await counting(backend);
  const large = new Map([['large', [2 ** 18]]]);
  await expect(store.add(large)).rejects.toMatchObject({ code: 'backend-memory' });
  expect(await store.read('weight')).toEqual(new Float32Array(SIZE * SIZE).fill(1 / SIZE));
  // What is freed can be had again.
  for (let round = 0; round < 3; round++) {
    const half = await backend.allocate(new Map([['half', [2 ** 17]]]));
    await half.dispose();
  }
  expect(await backend.memory!.refusal({ bytes: 2 ** 20, largest: 4 })).toContain('are free');
  expect(await backend.memory!.refusal({ bytes: 2 ** 19, largest: 4 })).toBeUndefined();
  expect(await backend.memory!.refusal({ bytes: 4, largest: 2 ** 50 })).toContain('largest tensor');
  await backend.dispose();
});
