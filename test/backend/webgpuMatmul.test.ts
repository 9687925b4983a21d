/**
 * Matrix products of the webgpu backend in every tier, whatever the shape would choose: shapes just
 * below, at and above the tiles' edges, in all forms, against the oracle. And what the tiers are chosen
 * for.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/base/rng';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import type { Device } from '../../src/engine/backend/webgpu/device';
import { canBeRows, tiled, TILES } from '../../src/engine/backend/webgpu/kernels/matmul';
import { candidateMatmuls, chooseMatmul } from '../../src/engine/backend/webgpu/matmulChoice';
import type { MatmulPlan, Product } from '../../src/engine/backend/webgpu/kernels/matmul';
import { productOf } from '../../src/engine/backend/webgpu/productRules';
import type { Shape } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { computed, drawn, plain } from './product';
import type { Form } from './product';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

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

  const of = (rows: number, inner: number, columns: number): Product => ({
    ...{ rows, inner, columns, transposeA: false, transposeB: true },
    ...{ batch: [], batchA: [], batchB: [], scale: 1, bias: false, residual: false },
  });
  const choose = (rows: number, inner: number, columns: number, form: Partial<Product> = {}) =>
    chooseMatmul({ ...of(rows, inner, columns), ...form }, device.traits);

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

  describe('in half floats', () => {
    const halves = () => ({ ...device.traits, f16: true, precision: 'f16' as const });
    const unit = { component: 'f16', m: 16, n: 16, k: 16 } as const;
    const matrix = { unit, subgroupSize: 32, subgroupsVary: false };

    it('takes matrix units where there are some, else tiles of half floats', () => {
      const large = of(4096, 4096, 4096);
      expect(chooseMatmul(large, halves())).toMatchObject({ tier: 'tile', staged: 'f16' });
      const roomy = { ...halves(), matrix, maxComputeWorkgroupStorageSize: 49152 };
      expect(chooseMatmul(large, roomy)).toMatchObject({ tier: 'blocks' });
      expect(chooseMatmul(large, { ...roomy, precision: 'f32' })).toMatchObject({ staged: 'f32' });
    });

    it('takes operands in blocks only where units alone see the result, and a subgroup is one', () => {
      const traits = { ...halves(), matrix, maxComputeWorkgroupStorageSize: 49152 };
      const tierOf = (product: Product, vary = false): string =>
        chooseMatmul(product, { ...traits, matrix: { ...matrix, subgroupsVary: vary } }).tier;
      const large = of(4096, 4096, 4096);
      expect(tierOf({ ...large, residual: true })).toBe('blocks');
      expect(tierOf({ ...large, inner: 4001 })).toBe('blocks');
      for (const other of [{ bias: true }, { scale: 0.5 }, { rows: 4088 }, { columns: 4097 }])
        expect(tierOf({ ...large, ...other })).toBe('matrix');
      expect(tierOf(large, true)).toBe('matrix');
    });

    it('takes smaller tiles where there is no room for larger ones', () => {
      const large = of(4096, 4096, 4096);
      const small = { ...halves(), matrix, maxComputeWorkgroupStorageSize: 16384 };
      expect(chooseMatmul({ ...large, bias: true }, small)).toMatchObject({
        tier: 'matrix',
        tile: { down: 64, across: 64 },
        depth: 16,
      });
      const narrow = { ...device.traits, maxComputeInvocationsPerWorkgroup: 64 };
      expect(chooseMatmul(large, narrow)).toMatchObject({ tile: TILES[1] });
      const tiny = { ...device.traits, maxComputeWorkgroupStorageSize: 4096 };
      expect(chooseMatmul(large, tiny)).toMatchObject({ tile: TILES[2] });
    });
  });

  it('says what is missing where there is no room for any', () => {
    const without = { ...device.traits, maxComputeWorkgroupStorageSize: 2048 };
    expect(() => chooseMatmul(of(512, 512, 512), without)).toThrow(
      expect.objectContaining({
        code: 'backend-compile',
        message: expect.stringContaining('4096 bytes') as unknown,
      }),
    );
  });

  it('lists what a tuner may try, the best by the estimate first', () => {
    const product = of(384, 16384, 384);
    const plans = candidateMatmuls(product, device.traits);
    expect(plans[0]).toEqual(chooseMatmul(product, device.traits));
    expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(plans.length);
    for (const tile of TILES) expect(plans).toContainEqual(tiled(product, tile));
    expect(candidateMatmuls(of(1, 768, 768), device.traits)[0]).toEqual({ tier: 'row' });
  });
});
