/**
 * Matrix products in half floats, against the oracle on factors that were rounded to half floats: what is
 * left is the order of f32 sums, so tolerances are those of f32. Tiles run as they are on lavapipe, or
 * this machine's GPU; the kernels for matrix units run there with the units in software
 * (softwareMatrixUnit.ts), in every shape of unit that GPUs have. Where the GPU has units, all of their
 * kernels run on these too, in the shape that products take.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import type { Device, MatrixTraits } from '../../src/engine/backend/webgpu/device';
import {
  BLOCKS_TILES,
  inParts,
  MATRIX_TILES,
  matrixPlan,
  tiled,
  TILES,
} from '../../src/engine/backend/webgpu/kernels/matmul';
import type { MatmulPlan } from '../../src/engine/backend/webgpu/kernels/matmul';
import { lower } from '../../src/engine/backend/webgpu/rules';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { GraphBuilder } from '../../src/engine/graph/graph';
import type { Graph } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { toHalf } from './half';
import { computed, drawn, plain } from './product';
import type { Form } from './product';
import { useHalfFloatAdapter } from './softwareAdapter';
import { matrixUnit, SoftwareMatrixDevice } from './softwareMatrixUnit';

useHalfFloatAdapter();

const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };

// Before the tests are named: which there are depends on what it has.
const opened = await openAdapter({ software: true, precision: 'f16' });
afterAll(() => opened.device.dispose());

async function check(device: Device, form: Form, plan: MatmulPlan): Promise<void> {
  const { product, operands, expected } = await drawn(
    form,
    plan.tier !== 'matrix' || plan.unit.component === 'f16',
  );
  const y = await computed(device, product, operands, plan);
  expectAllClose({ y }, { y: expected }, TOLERANCE);
}

/** The four ways in which factors lie; met exactly by tiles, with edges of whole vec4, and of none. */
const forms = {
  exact: { ...plain, rows: 128, inner: 64, columns: 128 },
  linear: {
    ...plain,
    rows: 132,
    inner: 36,
    columns: 68,
    transposeB: true,
    bias: true,
    residual: true,
  },
  weight: {
    ...plain,
    rows: 31,
    inner: 61,
    columns: 67,
    transposeA: true,
    scale: 0.375,
    bias: true,
  },
  both: { ...plain, rows: 65, inner: 100, columns: 130, transposeA: true, transposeB: true },
  batches: {
    ...plain,
    rows: 33,
    inner: 20,
    columns: 36,
    batchA: [2, 1],
    batchB: [3],
    residual: true,
  },
  small: { ...plain, rows: 5, inner: 7, columns: 9, batchA: [3], batchB: [3], scale: -2 },
} satisfies Record<string, Form>;
type FormName = keyof typeof forms;

// Each compiles a kernel, which on lavapipe takes seconds: every tile with edges, every form with some.
it.each<[size: number, form: FormName, parts: number]>([
  [128, 'exact', 1],
  [128, 'both', 3],
  [64, 'linear', 3],
  [64, 'weight', 1],
  [32, 'batches', 1],
  [32, 'small', 1],
])('tiles of %i staged as half floats: %s in %i', async (size, name, parts) => {
  const { product } = await drawn(forms[name]);
  const tile = TILES.find((each) => each.size === size)!;
  await check(opened.device, forms[name], tiled(product, tile, parts, 'f16'));
});

/** NVIDIA's two, Intel's with subgroups that are smaller than they might be, Apple's. */
const units = {
  '16x16x16': matrixUnit('f16', [16, 16, 16], 32),
  '16x8x16': matrixUnit('f16', [16, 8, 16], 32),
  '8x16x16': matrixUnit('f16', [8, 16, 16], 16, true),
  '8x8x8': matrixUnit('f32', [8, 8, 8], 32),
};
type UnitName = keyof typeof units;

const devices = new Map<UnitName, Device>();

function softwareUnits(name: UnitName): Device {
  const matrix = units[name];
  const size = matrix.subgroupsVary ? matrix.subgroupSize / 2 : matrix.subgroupSize;
  const device = devices.get(name) ?? new SoftwareMatrixDevice(opened.device, matrix, size);
  devices.set(name, device);
  return device;
}

it.each<[unit: UnitName, tile: number, form: FormName, parts: number]>([
  ['16x16x16', 3, 'exact', 1],
  ['16x16x16', 3, 'linear', 1],
  ['16x16x16', 3, 'linear', 2],
  ['16x16x16', 3, 'weight', 1],
  ['16x16x16', 3, 'both', 3],
  ['16x16x16', 3, 'batches', 1],
  ['16x16x16', 4, 'small', 1],
  ['16x16x16', 0, 'linear', 1],
  ['16x16x16', 1, 'both', 1],
  ['16x16x16', 2, 'linear', 1],
  ['16x8x16', 4, 'linear', 1],
  ['16x8x16', 4, 'both', 1],
  ['8x16x16', 4, 'linear', 1],
  ['8x16x16', 4, 'both', 2],
  ['8x8x8', 4, 'linear', 1],
  ['8x8x8', 4, 'both', 1],
])('matrix units of %s, tile %i: %s in %i', async (name, index, form, parts) => {
  const matrix = units[name];
  const { product } = await drawn(forms[form]);
  // More than some adapters have: what is tried here is the text.
  const room = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 32768 };
  const plan = matrixPlan(MATRIX_TILES[index]!, matrix, room)!;
  await check(softwareUnits(name), forms[form], {
    ...plan,
    ...inParts(product, plan.depth, parts),
  });
});

/** Results of whole blocks, whose tiles reach beyond them; the inner axis of none. */
const blockForms = {
  exact: { ...plain, rows: 128, inner: 64, columns: 128 },
  linear: { ...plain, rows: 144, inner: 36, columns: 80, transposeB: true, residual: true },
  weight: { ...plain, rows: 48, inner: 61, columns: 112, transposeA: true },
  both: { ...plain, rows: 80, inner: 100, columns: 144, transposeA: true, transposeB: true },
  batches: { ...plain, rows: 32, inner: 20, columns: 48, batchA: [2, 1], batchB: [3] },
} satisfies Record<string, Form>;
type BlockForm = keyof typeof blockForms;

it.each<[unit: '16x16x16' | '16x8x16', tile: number, form: BlockForm, parts: number]>([
  ['16x16x16', 4, 'exact', 1],
  ['16x16x16', 4, 'linear', 1],
  ['16x16x16', 4, 'linear', 2],
  ['16x16x16', 4, 'weight', 1],
  ['16x16x16', 4, 'both', 3],
  ['16x16x16', 4, 'batches', 1],
  ['16x16x16', 1, 'linear', 1],
  ['16x16x16', 0, 'both', 1],
  ['16x8x16', 4, 'linear', 1],
  ['16x8x16', 4, 'batches', 1],
])('blocks for units of %s, tile %i: %s in %i', async (name, index, form, parts) => {
  await check(softwareUnits(name), blockForms[form], await blocks(units[name], index, form, parts));
});

async function blocks(
  { unit, subgroupSize }: MatrixTraits,
  index: number,
  form: BlockForm,
  parts: number,
): Promise<MatmulPlan> {
  const { product } = await drawn(blockForms[form]);
  const tile = BLOCKS_TILES[index]!;
  return { tier: 'blocks', tile, unit, subgroupSize, ...inParts(product, unit.k, parts) };
}

const { matrix } = opened.device.traits;
if (matrix)
  describe("this GPU's own matrix units", () => {
    const tiles = MATRIX_TILES.map((tile) => matrixPlan(tile, matrix, opened.device.traits));
    const all = tiles.flatMap((plan, tile) =>
      Object.entries<Form>(forms).flatMap(([name, form]) =>
        [1, 3].flatMap((parts) => (plan ? [{ plan, tile, name, form, parts }] : [])),
      ),
    );
    it.each(all)('tile $tile: $name in $parts', async ({ plan, form, parts }) => {
      const { product } = await drawn(form);
      await check(opened.device, form, { ...plan, ...inParts(product, plan.depth, parts) });
    });

    const names = Object.keys(blockForms) as BlockForm[];
    const inBlocks = BLOCKS_TILES.flatMap((_, tile) =>
      names.flatMap((name) => [1, 3].map((parts) => ({ tile, name, parts }))),
    );
    it.each(inBlocks)('blocks, tile $tile: $name in $parts', async ({ tile, name, parts }) => {
      await check(opened.device, blockForms[name], await blocks(matrix, tile, name, parts));
    });
  });

describe('a frozen weight', () => {
  const [columns, inner] = [64, 512];
  const weight = Float32Array.from({ length: columns * inner }, (_, i) => Math.sin(i));

  function decoding(rows: number): { graph: Graph; x: Float32Array } {
    const builder = new GraphBuilder();
    const x = Float32Array.from({ length: rows * inner }, (_, i) => Math.cos(i));
    const w = builder.state('weight', [columns, inner]);
    builder.output('y', builder.linear(builder.input('x', 'f32', [rows, inner]), w));
    return { graph: builder.build(), x };
  }

  const sums = (x: Float32Array, rounded: (weight: number) => number): number[] =>
    Array.from({ length: (x.length / inner) * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum += x[row * inner + k]! * rounded(weight[column * inner + k]!);
      return sum;
    });

  it.each([1, 3])('is read as half floats to decode %i rows, and only if it is', async (rows) => {
    const backend = await openWebgpu({ software: true, precision: 'f16' });
    const store = await backend.allocate(new Map([['weight', [columns, inner]]]));
    await store.write('weight', weight);
    const { graph, x } = decoding(rows);
    for (const frozen of [true, false]) {
      const program = await store.compile(graph, { frozen });
      const expected = sums(x, frozen ? toHalf : (each) => each);
      expectAllClose(await program.run({ x }), { y: expected }, TOLERANCE);
    }
    await backend.dispose();
  });

  it('is not read as half floats by a product that reads a part of it', () => {
    const builder = new GraphBuilder();
    const w = builder.state('weight', [columns, inner]);
    const targets = builder.input('targets', 'i32', [2]);
    builder.output(
      'nll',
      builder.crossEntropy(builder.input('x', 'f32', [2, inner]), w, targets).nll,
    );
    const { dispatches } = lower(builder.build(), opened.device.traits, { frozen: true });
    const states = dispatches
      .flatMap(({ reads }) => reads)
      .filter(({ from }) => from.kind === 'state');
    expect(states.map(({ from, size }) => ({ from, size }))).toEqual([
      { from: { kind: 'state', name: 'weight' }, size: weight.length },
    ]);
  });

  it('is kept once for all programs, and goes with the last', async () => {
    // Room for the weight and one copy of halves, beside what a program needs.
    const memory = 1.7 * weight.byteLength;
    const backend = await openWebgpu({ software: true, precision: 'f16', memory });
    const store = await backend.allocate(new Map([['weight', [columns, inner]]]));
    await store.write('weight', weight);
    const { graph, x } = decoding(1);
    for (let round = 0; round < 3; round++) {
      const programs = [
        await store.compile(graph, { frozen: true }),
        await store.compile(graph, { frozen: true }),
      ];
      await programs[0]!.dispose();
      expectAllClose(await programs[1]!.run({ x }), { y: sums(x, toHalf) }, TOLERANCE);
      await programs[1]!.dispose();
    }
    await backend.dispose();
  });
});
