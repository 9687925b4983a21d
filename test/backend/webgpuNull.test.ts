/**
 * Kernels that no software adapter can run, as they are, through Dawn's null adapter: Tint parses and
 * checks them and writes them out for a driver, with no word of error or warning. What they compute is
 * tested with the units in software (webgpuHalf.test.ts).
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { create } from 'webgpu';
import type { MatrixTraits } from '../../src/engine/backend/webgpu/device';
import type { Kernel } from '../../src/engine/backend/webgpu/kernel';
import { halfBlocks } from '../../src/engine/backend/webgpu/kernels/halfBlocks';
import {
  BLOCKS_TILES,
  inParts,
  MATRIX_TILES,
  matrixPlan,
} from '../../src/engine/backend/webgpu/kernels/matmul';
import { leftBlock, matmulBlocks } from '../../src/engine/backend/webgpu/kernels/matmulBlocks';
import type { Product, Room } from '../../src/engine/backend/webgpu/kernels/matmul';
import { matmulMatrix } from '../../src/engine/backend/webgpu/kernels/matmulMatrix';
import { operandsOf } from '../../src/engine/backend/webgpu/kernels/matmulOperand';

// Kept: Dawn goes when it is collected.
const dawn = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
let gpu: GPUDevice;
let subgroupSize: number;
beforeAll(async () => {
  const adapter = await dawn.requestAdapter();
  if (!adapter) throw new Error('Dawn has no null adapter.');
  subgroupSize = adapter.info.subgroupMaxSize!;
  gpu = await adapter.requestDevice({
    requiredFeatures: ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'],
  });
});
afterAll(() => gpu.destroy());

const shape = { rows: 132, inner: 36, columns: 68 };
const nothing = { batch: [], batchA: [], batchB: [], scale: 1, bias: false, residual: false };
const forms: readonly Product[] = [
  { ...shape, ...nothing, transposeA: false, transposeB: false },
  { ...shape, ...nothing, transposeA: false, transposeB: true, bias: true, residual: true },
  { ...shape, ...nothing, transposeA: true, transposeB: false, columns: 67, scale: 0.5 },
  {
    ...shape,
    ...nothing,
    transposeA: true,
    transposeB: true,
    batch: [3],
    batchA: [1],
    batchB: [0],
  },
];

it.each<[m: number, n: number, k: number, component: 'f16' | 'f32']>([
  [16, 16, 16, 'f16'],
  [16, 8, 16, 'f16'],
  [8, 16, 16, 'f16'],
  [8, 8, 8, 'f32'],
])('takes every kernel for units of %ix%ix%i in %s', async (m, n, k, component) => {
  const unit = { component, m, n, k };
  // As on a large GPU, whose limits the null adapter lacks: the text alone.
  const large = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 49152 };
  for (const subgroupsVary of [false, true]) {
    const texts = kernelsFor({ unit, subgroupSize: 32, subgroupsVary }, large);
    expect(texts.length).toBeGreaterThan(30);
    for (const { name, code } of texts) await compile(name, code);
    // A pipeline's workgroups must be as wide as the adapter's subgroups, and within its limits.
    const own = kernelsFor({ unit, subgroupSize, subgroupsVary }, gpu.limits);
    expect(own.length).toBeGreaterThan(0);
    for (const { name, code } of own) {
      const module = await compile(name, code);
      await gpu.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    }
  }
});

function kernelsFor(matrix: MatrixTraits, room: Room): Kernel[] {
  const plans = MATRIX_TILES.map((tile) => matrixPlan(tile, matrix, room));
  return plans.flatMap((plan) =>
    plan === undefined
      ? []
      : forms.flatMap((product) =>
          [1, 2].map(
            (parts) =>
              matmulMatrix(product, { ...plan, ...inParts(product, plan.depth, parts) }).kernel,
          ),
        ),
  );
}

it.each<[n: number]>([[16], [8]])('takes every kernel of blocks of 16x%ix16', async (n) => {
  const unit = { component: 'f16', m: 16, n, k: 16 } as const;
  const wholes: readonly Product[] = forms
    .filter(({ bias, scale }) => !bias && scale === 1)
    .flatMap((form) => [
      { ...form, rows: 256, inner: 64, columns: 128 },
      { ...form, rows: 144, columns: 80, residual: true },
    ]);
  for (const product of wholes) {
    for (const operand of Object.values(operandsOf(product))) {
      const { name, code } = halfBlocks(operand, 2, leftBlock(unit)).kernel;
      await compile(name, code);
    }
    for (const tile of BLOCKS_TILES)
      for (const parts of [1, 2]) {
        const plan = { tier: 'blocks', tile, unit, subgroupSize: 32 } as const;
        const { name, code } = matmulBlocks(product, {
          ...plan,
          ...inParts(product, unit.k, parts),
        }).kernel;
        await compile(name, code);
      }
  }
});

async function compile(name: string, code: string): Promise<GPUShaderModule> {
  const module = gpu.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  expect(messages, name).toEqual([]);
  return module;
}
