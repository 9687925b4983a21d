/**
 * The webgpu backend's attention where the conformance suite, whose rows are short, does not reach: rows
 * and caches longer than a tile or a part, every way in which vectors lie over lanes, with subgroups and
 * without; and what it refuses on the host.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rng } from '../../src/base/rng';
import type { Backend } from '../../src/engine/backend/backend';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { sizeOf } from '../../src/engine/graph/graph';
import type { Shape } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { runExactly, runOn, Sketch } from './sketch';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

const TOLERANCE = { relative: 1e-4, absolute: 1e-5 };
const GRADIENT_TOLERANCE = { relative: 1e-3, absolute: 1e-4 };

interface Heads {
  readonly rows?: number;
  readonly tokens: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
}

/** Documents of uneven lengths, whose ids come back. */
const documents = (count: number): number[] =>
  Array.from({ length: count }, (_, token) => Math.floor(token / 23) % 3);

describe.each(['most', 'default'] as const)('attention with %s limits', (limits) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openWebgpu({ software: true, limits });
  });
  afterAll(() => backend.dispose());

  const rows: readonly (Heads & { segments: boolean })[] = [
    { tokens: 70, heads: 4, keyHeads: 2, width: 64, segments: true },
    { rows: 2, tokens: 133, heads: 4, keyHeads: 2, width: 16, segments: true },
    { tokens: 67, heads: 2, keyHeads: 1, width: 32, segments: false },
    { tokens: 37, heads: 3, keyHeads: 1, width: 66, segments: false },
  ];
  it.each(rows)('of $tokens tokens, $heads heads on $keyHeads of $width', async (one) => {
    const sketch = new Sketch();
    const { graph } = sketch;
    const { rows: count = 1, tokens, heads, keyHeads, width } = one;
    const q = sketch.tensor([count, tokens, heads, width]);
    const k = sketch.tensor([count, tokens, keyHeads, width]);
    const v = sketch.tensor([count, tokens, keyHeads, width]);
    const ids = documents(count * tokens);
    const segments = one.segments ? { segments: sketch.integers(ids, [count, tokens]) } : {};
    const options = { scale: width ** -0.5, ...segments };
    const { out, logSumExp } = graph.attention(q, k, v, options);
    graph.output('out', out);
    graph.output('log-sum-exp', logSumExp);
    sketch.outputGradients(sketch.lossOf([out]));
    const built = graph.build();
    const actual = await runOn(backend, sketch, built);
    expectAllClose(actual, await runExactly(sketch, built), GRADIENT_TOLERANCE);
    expect(await runOn(backend, sketch, built)).toEqual(actual);
  });

  const caches: readonly (Heads & { offset: number; capacity: number })[] = [
    { tokens: 1, heads: 4, keyHeads: 2, width: 64, offset: 299, capacity: 300 },
    { tokens: 1, heads: 4, keyHeads: 2, width: 64, offset: 64, capacity: 300 },
    { tokens: 1, heads: 12, keyHeads: 12, width: 64, offset: 255, capacity: 256 },
    { tokens: 1, heads: 12, keyHeads: 3, width: 32, offset: 127, capacity: 256 },
    { rows: 2, tokens: 1, heads: 9, keyHeads: 1, width: 10, offset: 130, capacity: 200 },
    { tokens: 1, heads: 16, keyHeads: 2, width: 16, offset: 199, capacity: 200 },
    { tokens: 1, heads: 8, keyHeads: 1, width: 128, offset: 63, capacity: 64 },
    { tokens: 1, heads: 3, keyHeads: 3, width: 80, offset: 0, capacity: 1000 },
    { rows: 40, tokens: 1, heads: 8, keyHeads: 4, width: 2, offset: 511, capacity: 1024 },
    { tokens: 67, heads: 4, keyHeads: 2, width: 16, offset: 75, capacity: 150 },
    { rows: 2, tokens: 5, heads: 2, keyHeads: 1, width: 128, offset: 40, capacity: 45 },
  ];
  it.each(caches.flatMap((each) => [true, false].map((wanted) => ({ ...each, wanted }))))(
    'of $tokens tokens at $offset of $capacity, $heads heads on $keyHeads of $width, others want k: $wanted',
    async ({ wanted, ...one }) => {
      const { rows: count = 1, tokens, heads, keyHeads, width, offset, capacity } = one;
      const sketch = new Sketch();
      const { graph } = sketch;
      const q = sketch.tensor([count, tokens, heads, width]);
      const k = sketch.tensor([count, tokens, keyHeads, width]);
      const v = sketch.tensor([count, tokens, keyHeads, width]);
      // What lies beyond the offset must not count: it would be seen at once.
      let element = 0;
      const draw = (rng: Rng): number =>
        Math.floor(element++ / width) % capacity < offset ? rng.normal() : 1e9;
      const shape = [count, keyHeads, capacity, width];
      const cache = {
        k: sketch.tensor(shape, draw),
        v: sketch.tensor(shape, draw),
        offset: sketch.integers([offset], [1]),
      };
      const result = graph.cachedAttention({ q, k, v }, cache, width ** -0.5);
      graph.output('out', result.out);
      // Where nobody else asks for them, they are kept as they are computed.
      if (wanted) graph.output('k', result.k);
      graph.assignAt(cache.k, result.k, 2, cache.offset);
      graph.assignAt(cache.v, result.v, 2, cache.offset);
      const built = graph.build();
      const expected = await runExactly(sketch, built);
      expectAllClose(await runOn(backend, sketch, built), expected, TOLERANCE);
    },
  );
});

describe('an index outside of its tensor', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openWebgpu({ software: true });
  });
  afterAll(() => backend.dispose());

  const { graph: whole } = new Sketch();
  const floats = (name: string, shape: Shape) => whole.input(name, 'f32', shape);
  const indices = (name: string, shape: Shape) => whole.input(name, 'i32', shape);
  const ids = indices('ids', [2, 2]);
  whole.output('rows', whole.embedding(floats('table', [5, 4]), ids));
  // The tightest of several bounds counts: five rows, not seven.
  whole.output('others', whole.embedding(floats('larger', [7, 4]), whole.reshape(ids, [4])));
  const positions = indices('positions', [1, 2]);
  const [cosine, sine] = [floats('cosine', [3, 1]), floats('sine', [3, 1])];
  const x = floats('x', [1, 2, 1, 2]);
  whole.output('turned', whole.rope(x, positions, cosine, sine));
  const targets = indices('targets', [2]);
  const scored = whole.crossEntropy(floats('tokens', [2, 3]), floats('weight', [6, 3]), targets);
  whole.output('nll', scored.nll);
  const cache = { k: whole.state('k', [1, 1, 8, 2]), v: whole.state('v', [1, 1, 8, 2]) };
  const offset = indices('offset', [1]);
  const cached = whole.cachedAttention({ q: x, k: x, v: x }, { ...cache, offset }, 1);
  whole.output('out', cached.out);
  whole.assignAt(cache.k, cached.k, 2, offset);
  const at = indices('at', [1]);
  whole.assignAt(cache.v, floats('part', [1, 1, 3, 2]), 2, at);
  const built = whole.build();
  const feeds = Object.fromEntries(
    [...built.inputs].map(([name, { dtype, shape }]) => {
      const size = sizeOf(shape);
      return [name, dtype === 'f32' ? new Float32Array(size) : new Int32Array(size)];
    }),
  );

  it.each([
    ['ids', 5],
    ['ids', -1],
    ['positions', 3],
    ['targets', 6],
    ['targets', -100],
    ['offset', 7],
    ['offset', -1],
    ['at', 6],
  ])('is refused before the run: %s of %i', async (name, wrong) => {
    const store = await backend.allocate(new Map([...built.states].map(([n, s]) => [n, s.shape])));
    const program = await store.compile(built);
    const wronged = new Int32Array(feeds[name]!.length);
    const right = wronged.slice();
    right[right.length - 1] = wrong < 0 ? 0 : wrong - 1;
    wronged[wronged.length - 1] = wrong;
    await expect(program.run({ ...feeds, [name]: wronged })).rejects.toEqual(
      expect.objectContaining({
        code: 'backend-range',
        message: expect.stringContaining(`${name} was given ${wrong}`) as unknown,
      }),
    );
    await program.run({ ...feeds, [name]: right });
    await store.dispose();
  });

  it.each([
    [-3, 0],
    [100, 4],
  ])('that only the GPU sees stays in its tensor: an offset of %i is %i', async (given, taken) => {
    const at = async (offset: number) => {
      const sketch = new Sketch();
      const { graph } = sketch;
      const fresh = sketch.fed([2, 2, 1, 4]);
      const [k, v] = [sketch.tensor([2, 1, 6, 4]), sketch.tensor([2, 1, 6, 4])];
      const cache = { k, v, offset: graph.slice(sketch.integers([0, offset], [2]), [1], [1]) };
      const result = graph.cachedAttention({ q: fresh, k: fresh, v: fresh }, cache, 0.5);
      graph.output('out', result.out);
      graph.assignAt(k, result.k, 2, cache.offset);
      return runOn(backend, sketch, graph.build());
    };
    expect(await at(given)).toEqual(await at(taken));
  });
});
