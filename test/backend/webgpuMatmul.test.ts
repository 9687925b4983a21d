/**
 * Matrix products of the webgpu backend in every tier, whatever the shape would choose: shapes just
 * below, at and above the tiles' edges, in all forms, against the oracle. And what the tiers are chosen
 * for.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/rng';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import { MAP_READ, USAGE } from '../../src/engine/backend/webgpu/device';
import type { Device } from '../../src/engine/backend/webgpu/device';
import {
  canBeRows,
  chooseMatmul,
  tiled,
  TILES,
} from '../../src/engine/backend/webgpu/kernels/matmul';
import type { MatmulPlan, Product } from '../../src/engine/backend/webgpu/kernels/matmul';
import { Lowering } from '../../src/engine/backend/webgpu/lowering';
import type { Tensor } from '../../src/engine/backend/webgpu/lowering';
import { multiply, productOf } from '../../src/engine/backend/webgpu/productRules';
import { GraphBuilder, sizeOf } from '../../src/engine/graph/graph';
import type { Shape } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { runExactly, Sketch } from './sketch';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

interface Form {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly batchA: Shape;
  readonly batchB: Shape;
  readonly scale: number;
  readonly bias: boolean;
  readonly residual: boolean;
}

const swapIf = (swapped: boolean, [first, second]: [number, number]): Shape =>
  swapped ? [second, first] : [first, second];

/** The product, what it reads, and what the oracle makes of it. */
async function drawn(form: Form): Promise<{
  product: Product;
  operands: Float32Array[];
  expected: ArrayLike<number>;
}> {
  const { rows, columns, inner, transposeA, transposeB, scale, bias, residual } = form;
  const sketch = new Sketch(7);
  const { graph } = sketch;
  const a = sketch.tensor([...form.batchA, ...swapIf(transposeA, [rows, inner])]);
  const b = sketch.tensor([...form.batchB, ...swapIf(transposeB, [inner, columns])]);
  let y = graph.matmul(a, b, { transposeA, transposeB, scale });
  const product = productOf(a.shape, b.shape, y.shape.slice(0, -2), form);
  if (bias) y = graph.add(y, sketch.tensor([columns]));
  if (residual) y = graph.add(y, sketch.tensor(y.shape));
  graph.output('y', y);
  const { y: expected } = await runExactly(sketch, graph.build());
  const operands = [...sketch.states.values()].map(({ data }) => data);
  return { product: { ...product, bias, residual }, operands, expected: expected! };
}

/** Runs a product alone, in the given tier. */
async function computed(
  device: Device,
  product: Product,
  operands: readonly Float32Array[],
  plan: MatmulPlan,
): Promise<Float32Array> {
  const lowering = new Lowering(new GraphBuilder().build(), device.traits);
  const size = sizeOf(product.batch) * product.rows * product.columns;
  const y = lowering.temporary(size);
  const [a, b, ...rest] = operands.map((data) => lowering.constant(data));
  multiply(lowering, product, [a!, b!, ...rest], y, plan);

  const { gpu } = device;
  const buffers = new Map<Tensor, GPUBuffer>();
  const bufferOf = async (tensor: Tensor): Promise<GPUBuffer> => {
    const buffer = buffers.get(tensor) ?? (await device.buffer(tensor.size, 'an operand'));
    buffers.set(tensor, buffer);
    return buffer;
  };
  const result = await device.buffer(size, 'the result', USAGE.mapRead | USAGE.copyTarget);
  const encoder = gpu.createCommandEncoder();
  for (const { kernel, reads, writes, workgroups } of lowering.dispatches) {
    const pipeline = await device.pipeline(kernel);
    const bound = [];
    for (const tensor of [...reads, ...writes]) bound.push(await bufferOf(tensor));
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = bound.map((buffer, binding) => ({ binding, resource: { buffer } }));
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
  }
  for (const [{ from }, buffer] of buffers)
    if (from.kind === 'constant') gpu.queue.writeBuffer(buffer, 0, from.data);
  encoder.copyBufferToBuffer(buffers.get(y)!, 0, result, 0, size * 4);
  gpu.queue.submit([encoder.finish()]);
  await result.mapAsync(MAP_READ);
  const numbers = new Float32Array(result.getMappedRange().slice(0));
  for (const buffer of [...buffers.values(), result]) buffer.destroy();
  device.check();
  return numbers;
}

/** The tiers that can compute a product, the tiles whole and with the inner axis in parts. */
function plansFor(product: Product): (readonly [label: string, plan: MatmulPlan])[] {
  return [
    ['plain', { tier: 'plain' }],
    ...(canBeRows(product) ? ([['row', { tier: 'row' }]] as const) : []),
    ...TILES.flatMap((tile) => [
      [`tiles of ${tile.size}`, tiled(product, tile)] as const,
      [`tiles of ${tile.size} in parts`, tiled(product, tile, 3)] as const,
    ]),
  ];
}

describe('the tiers of a matrix product', () => {
  let device: Device;
  beforeAll(async () => {
    ({ device } = await openAdapter({ software: true, limits: 'default' }));
  });
  afterAll(() => device.dispose());

  const plain: Form = {
    rows: 1,
    columns: 1,
    inner: 1,
    transposeA: false,
    transposeB: false,
    batchA: [],
    batchB: [],
    scale: 1,
    bias: false,
    residual: false,
  };

  async function check(form: Form, only = /./): Promise<void> {
    const { product, operands, expected } = await drawn(form);
    for (const [label, plan] of plansFor(product)) {
      if (!only.test(label)) continue;
      const y = await computed(device, product, operands, plan);
      const what = `${label} of ${JSON.stringify(form)}`;
      expectAllClose({ [what]: y }, { [what]: expected }, { relative: 1e-4, absolute: 1e-4 });
    }
  }

  // Every tile in every form: met exactly, with edges of whole vec4, with edges of none.
  for (const [at, [rows, inner, columns]] of (
    [
      [128, 48, 64],
      [65, 36, 132],
      [31, 61, 67],
    ] as const
  ).entries()) {
    for (const [form, transposeA, transposeB] of [
      ['', false, false],
      [', second transposed', false, true],
      [', first transposed', true, false],
      [', both transposed', true, true],
    ] as const) {
      it(`[${rows}, ${inner}] by ${columns}${form}`, async () => {
        const size = { rows, inner, columns };
        const rest = { scale: at === 1 ? 0.375 : 1, bias: at > 0, residual: at === 1 };
        // Whole where the other form of b is in parts.
        const tiles = transposeB ? /tiles of \d+$/ : /in parts/;
        await check({ ...plain, ...size, ...rest, transposeA, transposeB }, tiles);
      });
    }
  }

  for (const [batchA, batchB] of [
    [[3], [3]],
    [[2, 1], [3]],
    [[], [2]],
  ] as [Shape, Shape][]) {
    const form = { ...plain, rows: 33, inner: 20, columns: 36, batchA, batchB };
    it(`batches [${batchA.join(', ')}] and [${batchB.join(', ')}]`, async () => {
      await check({ ...form, scale: -2, residual: true }, /plain|32/);
    });
  }

  it('one to eight rows, as in decoding', async () => {
    for (let rows = 1; rows <= 8; rows++) {
      const inner = rows % 2 === 0 ? 140 : 67;
      const form = { ...plain, rows, inner, columns: 4 * rows + 1, transposeB: true };
      await check({ ...form, bias: rows % 3 === 0, residual: rows > 4 }, /plain|row/);
    }
    const batched = { ...plain, rows: 2, inner: 36, columns: 9, transposeB: true };
    await check({ ...batched, batchA: [3], batchB: [3] }, /plain|row/);
  });

  it('more tiles down than are taken in one band', async () => {
    await check({ ...plain, rows: 300, inner: 20, columns: 70 }, /32/);
  });

  it('random shapes', async () => {
    const rng = new Rng(11);
    const coin = (): boolean => rng.below(2) === 0;
    for (let round = 0; round < 6; round++) {
      const form = {
        ...plain,
        rows: 1 + rng.below(140),
        inner: 1 + rng.below(70),
        columns: 1 + rng.below(140),
        transposeA: coin(),
        transposeB: coin(),
        bias: coin(),
        residual: coin(),
      };
      const tiers = [/128$/, /64 in/, /32$/, /128 in/, /64$/, /32 in/];
      await check(form, tiers[round % tiers.length]);
    }
  });

  it('gives equal bits in equal runs', async () => {
    const { product, operands } = await drawn({ ...plain, rows: 40, inner: 200, columns: 36 });
    const plan = tiled(product, TILES[2], 4);
    const first = await computed(device, product, operands, plan);
    expect(await computed(device, product, operands, plan)).toEqual(first);
  });
});

describe('the choice of a tier', () => {
  let device: Device;
  beforeAll(async () => {
    ({ device } = await openAdapter({ software: true, limits: 'default' }));
  });
  afterAll(() => device.dispose());

  const choose = (rows: number, inner: number, columns: number, form: Partial<Product> = {}) =>
    chooseMatmul(
      {
        ...{ rows, inner, columns, transposeA: false, transposeB: true },
        ...{ batch: [], batchA: [], batchB: [], scale: 1, bias: false, residual: false },
        ...form,
      },
      device.traits,
    );

  it('takes the widest tiles, whole, where they fill a GPU', () => {
    expect(choose(4096, 4096, 4096)).toMatchObject({ tile: TILES[0], parts: 1 });
    expect(choose(16384, 384, 384)).toMatchObject({ tile: TILES[0], parts: 1 });
  });

  it('takes smaller tiles where they would be few', () => {
    expect(choose(768, 128, 128)).toMatchObject({ tile: TILES[2], parts: 1 });
  });

  it('divides a long inner axis', () => {
    const gradient = choose(384, 16384, 384, { transposeA: true, transposeB: false });
    expect(gradient).toMatchObject({ tier: 'tile' });
    expect('parts' in gradient && gradient.parts).toBeGreaterThan(8);
  });

  it('takes the row kernel to decode, if the weight lies by rows', () => {
    expect(choose(1, 768, 50257)).toEqual({ tier: 'row' });
    expect(choose(1, 768, 50257, { transposeB: false })).toMatchObject({ tier: 'tile' });
  });

  it('takes rows that share a matrix as one product', () => {
    const form = { transposeA: false, transposeB: true, scale: 1 };
    expect(productOf([8, 64, 32], [16, 32], [8], form)).toMatchObject({ rows: 512, batch: [] });
    expect(productOf([8, 64, 32], [8, 16, 32], [8], form)).toMatchObject({ rows: 64, batch: [8] });
  });

  it('keeps the parts within a binding of the default size', () => {
    for (const rows of [384, 3072, 20000]) {
      const plan = choose(rows, 65536, 3072, { transposeA: true, transposeB: false });
      if ('parts' in plan && plan.parts > 1)
        expect(plan.parts * rows * 3072 * 4).toBeLessThanOrEqual(2 ** 27);
    }
  });
});
