/**
 * What an adapter says of its matrix units (`subgroupMatrixConfigs`, of Dawn and not yet of WebGPU), and
 * the shape in which products use them.
 */
import { z } from 'zod';
import type { MatrixTraits } from './device';
import { MATRIX_TILES, matrixBlock } from './kernels/matmul';
import type { MatrixUnit } from './kernels/matmul';

/** [M, K] by [K, N], of components of one type, with the result in another. */
export interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const size = z.number().int().positive();
const config = z.object({
  componentType: z.string(),
  resultComponentType: z.string(),
  M: size,
  N: size,
  K: size,
});
const info = z.object({ subgroupMatrixConfigs: z.array(config).default([]) });

/** None where the adapter says nothing that we understand. */
export function configsOf(adapterInfo: unknown): readonly MatrixConfig[] {
  const parsed = info.safeParse(adapterInfo);
  return parsed.success ? parsed.data.subgroupMatrixConfigs : [];
}

/**
 * The largest shape that takes half floats and adds up in f32; where there is none (Apple's units add up
 * halves in halves), the largest that is f32 throughout. Undefined without either.
 */
export function matrixTraitsOf(
  configs: readonly MatrixConfig[],
  { least, most }: { readonly least: number; readonly most: number },
): MatrixTraits | undefined {
  const unit = (['f16', 'f32'] as const)
    .map((component) => largest(configs, component))
    .find((found) => found !== undefined);
  return unit && { unit, subgroupSize: most, subgroupsVary: least !== most };
}

function largest(
  configs: readonly MatrixConfig[],
  component: MatrixUnit['component'],
): MatrixUnit | undefined {
  return configs
    .filter((each) => each.componentType === component && each.resultComponentType === 'f32')
    .map(({ M, N, K }): MatrixUnit => ({ component, m: M, n: N, k: K }))
    .filter((unit) => MATRIX_TILES.some((tile) => divides(unit, matrixBlock(tile))))
    .sort((one, other) => other.m * other.n * other.k - one.m * one.n * one.k)[0];
}

const divides = ({ m, n }: MatrixUnit, block: { down: number; across: number }): boolean =>
  block.down % m === 0 && block.across % n === 0;
