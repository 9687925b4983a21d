/**
 * The operators that multiply matrices against the suite's oracle, on a webgpu backend that was opened for
 * half floats. The oracle rounds nothing, so tolerances are those of half floats: a factor is rounded by
 * 2^-11 of itself at most, a product of two by 1e-3, and a sum of the suite's hundred or so products of
 * size 1 by some 5e-3; gradients go through two such sums. What rounding leaves is in webgpuHalf.test.ts.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { operators } from './conformance';
import { useHalfFloatAdapter } from './softwareAdapter';

useHalfFloatAdapter();

describe('the webgpu backend in half floats', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openWebgpu({ software: true, precision: 'f16' });
  });
  afterAll(() => backend.dispose());

  operators(
    () => backend,
    ['matmul', 'linear', 'crossEntropy'],
    { relative: 5e-3, absolute: 1e-2 },
    { relative: 1e-2, absolute: 3e-2 },
  );
});
