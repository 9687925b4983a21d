/**
 * Matrix products without workgroup memory, against the oracle: on lavapipe, whose subgroups have the
 * eight lanes that they need (SwiftShader's have four), or on the machine's own GPU.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import type { Device } from '../../src/engine/backend/webgpu/device';
import { broadcast } from '../../src/engine/backend/webgpu/kernels/matmul';
import { candidateMatmuls } from '../../src/engine/backend/webgpu/matmulChoice';
import { expectAllClose } from './close';
import { computed, drawn, plain } from './product';
import type { Form } from './product';
import { useHalfFloatAdapter } from './softwareAdapter';

useHalfFloatAdapter();

const has = (device: Device): boolean => device.traits.leastSubgroup >= 8;

describe('a matrix product without workgroup memory', () => {
  let device: Device;
  beforeAll(async () => {
    ({ device } = await openAdapter({ software: true }));
  });
  afterAll(() => device.dispose());

  async function check(form: Form, parts = 1): Promise<void> {
    const { product, operands, expected } = await drawn(form);
    const plan = broadcast(product, parts);
    const offered = candidateMatmuls(product, device.traits).some(
      ({ tier }) => tier === 'broadcast',
    );
    expect(offered).toBe(has(device));
    if (!offered) return;
    const y = await computed(device, product, operands, plan);
    const tolerance = { relative: 1e-4, absolute: 1e-4 };
    expectAllClose({ [JSON.stringify(form)]: y }, { [JSON.stringify(form)]: expected }, tolerance);
  }

  it('is for subgroups of eight lanes, and for f32', async () => {
    const { product } = await drawn({ ...plain, rows: 64, inner: 64, columns: 64 });
    const tiers = (traits: Partial<Device['traits']>): string[] =>
      candidateMatmuls(product, { ...device.traits, ...traits }).map(({ tier }) => tier);
    expect(tiers({ leastSubgroup: 8 })).toContain('broadcast');
    expect(tiers({ leastSubgroup: 4 })).not.toContain('broadcast');
    expect(tiers({ leastSubgroup: 8, precision: 'f16' })).not.toContain('broadcast');
  });

  for (const [form, transposeA, transposeB] of [
    ['', false, false],
    [', second transposed', false, true],
    [', first transposed', true, false],
    [', both transposed', true, true],
  ] as const) {
    const transposed = { transposeA, transposeB };
    it(`met exactly, in two parts${form}`, async () => {
      await check({ ...plain, rows: 32, inner: 48, columns: 256, ...transposed }, 2);
    });
    it(`with edges of whole vec4, scaled, with bias and residual${form}`, async () => {
      const size = { rows: 20, inner: 36, columns: 132 };
      await check({ ...plain, ...size, ...transposed, scale: 0.375, bias: true, residual: true });
    });
    it(`with edges of none, in two parts${form}`, async () => {
      const size = { rows: 19, inner: 61, columns: 67 };
      await check({ ...plain, ...size, ...transposed, bias: true }, 2);
    });
  }

  it('in batches that share an operand', async () => {
    const form = { ...plain, rows: 18, inner: 20, columns: 36, batchA: [2, 1], batchB: [3] };
    await check({ ...form, residual: true });
  });
});
