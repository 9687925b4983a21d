/**
 * What may go wrong with half floats, on lavapipe or this machine's GPU: a number that is too large for
 * them, and a driver that refuses kernels for the matrix units that it says it has.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import type { OpenedAdapter } from '../../src/engine/backend/webgpu/adapters';
import { Device } from '../../src/engine/backend/webgpu/device';
import type { Traits } from '../../src/engine/backend/webgpu/device';
import type { Kernel } from '../../src/engine/backend/webgpu/kernel';
import {
  inParts,
  MATRIX_TILES,
  matrixPlan,
  tiled,
  TILES,
} from '../../src/engine/backend/webgpu/kernels/matmul';
import type { MatmulPlan } from '../../src/engine/backend/webgpu/kernels/matmul';
import { productOf } from '../../src/engine/backend/webgpu/productRules';
import { GpuStore } from '../../src/engine/backend/webgpu/store';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { computed } from './product';
import { useHalfFloatAdapter } from './softwareAdapter';
import { matrixUnit, SoftwareMatrixDevice } from './softwareMatrixUnit';

useHalfFloatAdapter();

let opened: OpenedAdapter;
beforeAll(async () => {
  opened = await openAdapter({ software: true, precision: 'f16' });
});
afterAll(() => opened.device.dispose());

describe('a factor that no half float is large enough for', () => {
  /** The largest half float for all that are larger, as Vulkan lets a driver convert. */
  class SaturatingDevice extends SoftwareMatrixDevice {
    override pipeline(kernel: Kernel): Promise<GPUComputePipeline> {
      const code = kernel.code.replace(
        'vec4<f16>(x)',
        'vec4<f16>(clamp(x, vec4f(-65504.0), vec4f(65504.0)))',
      );
      return super.pipeline({ ...kernel, code });
    }
  }

  const unit = matrixUnit('f16', [16, 16, 16], 32);
  const drivers: Record<string, () => Device> = {
    'this driver': () => new SoftwareMatrixDevice(opened.device, unit),
    'a driver that saturates': () => new SaturatingDevice(opened.device, unit),
  };
  const form = { transposeA: false, transposeB: true, scale: 1 };
  const product = { ...productOf([8, 8], [8, 8], [], form), bias: false, residual: false };
  const room = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 32768 };
  const matrix = matrixPlan(MATRIX_TILES[4], unit, room)!;
  const plans: Record<string, MatmulPlan> = {
    tiles: tiled(product, TILES[2], 1, 'f16'),
    'matrix units': { ...matrix, ...inParts(product, matrix.depth, 1) },
  };

  /** What is finite, as it is. */
  const finite = (y: Iterable<number>): (number | undefined)[] =>
    Array.from(y, (each) => (Number.isFinite(each) ? each : undefined));

  const names = Object.keys(drivers);
  it.each(names.flatMap((driver) => Object.keys(plans).map((plan) => [driver, plan] as const)))(
    'makes what it is a factor of not finite, and nothing else: %s, %s',
    async (driver, plan) => {
      const [a, b] = [new Float32Array(64).fill(1), new Float32Array(64).fill(1)];
      a[2 * 8 + 5] = 1e6;
      a[4 * 8 + 1] = 65504;
      a[6 * 8 + 7] = Infinity;
      b[3 * 8 + 6] = -1e6;
      const y = await computed(drivers[driver]!(), product, [a, b], plans[plan]!);
      const expected = Array.from({ length: 64 }, (_, at) => {
        const [row, column] = [Math.floor(at / 8), at % 8];
        if (row === 2 || row === 6 || column === 3) return undefined;
        return row === 4 ? 65504 + 7 : 8;
      });
      expect(finite(y)).toEqual(expected);
    },
  );

  it.each(names)('is told by a frozen weight too: %s', async (driver) => {
    const store = new GpuStore(drivers[driver]!());
    await store.add(new Map([['weight', [4, 8]]]));
    const weight = new Float32Array(32).fill(1);
    weight[1 * 8 + 3] = 1e6;
    weight[2 * 8 + 4] = 65504;
    await store.write('weight', weight);
    const builder = new GraphBuilder();
    const x = builder.input('x', 'f32', [1, 8]);
    builder.output('y', builder.linear(x, builder.state('weight', [4, 8])));
    const program = await store.compile(builder.build(), { frozen: true });
    const { y } = await program.run({ x: new Float32Array(8).fill(1) });
    expect(finite(y!)).toEqual([8, undefined, 65504 + 7, 8]);
    await store.dispose();
  });
});

/** Says that it has units, which its driver compiles no kernel for. */
class BoastfulDevice extends Device {
  override traits: Traits;
  readonly asked: string[] = [];

  constructor({ gpu, traits }: Device, size: number) {
    super(gpu, { precision: traits.precision });
    this.traits = { ...traits, matrix: matrixUnit('f16', [size, size, size], 32) };
  }

  override pipeline(kernel: Kernel): Promise<GPUComputePipeline> {
    this.asked.push(kernel.name);
    return super.pipeline(kernel);
  }
}

it.each([
  ['matmul matrix', 4],
  ['matmul blocks', 16],
])('computes in tiles where the driver refuses %s, and asks it only once', async (name, size) => {
  const device = new BoastfulDevice(opened.device, size);
  const store = new GpuStore(device);
  const [rows, inner, columns] = [64, 64, 128];
  await store.add(new Map([['weight', [columns, inner]]]));
  const weight = Float32Array.from({ length: columns * inner }, (_, i) => (i % 5) - 2);
  await store.write('weight', weight);
  const x = Float32Array.from({ length: rows * inner }, (_, i) => (i % 7) - 3);
  const expected = Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * weight[column * inner + k]!;
    return sum;
  });
  const refused = (): string[] => device.asked.filter((asked) => asked.startsWith(name));
  for (const first of [true, false]) {
    const builder = new GraphBuilder();
    const w = builder.state('weight', [columns, inner]);
    builder.output('y', builder.linear(builder.input('x', 'f32', [rows, inner]), w));
    device.asked.length = 0;
    const program = await store.compile(builder.build());
    expect(refused().length > 0).toBe(first);
    expect(device.asked).toContainEqual(expect.stringMatching(/^matmul \d+ f16/));
    expect(Array.from((await program.run({ x }))['y']!)).toEqual(expected);
  }
  await store.dispose();
});
