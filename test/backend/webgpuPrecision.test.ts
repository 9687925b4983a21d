/** What the webgpu backend says of the precision that it computes in, and what it refuses. */
import { expect, test } from 'vitest';
import { findAdapter, openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

test('computes in f32 unless f16 is asked for', async () => {
  const backend = await openWebgpu({ software: true });
  expect(backend.precision).toBe('f32');
  await backend.dispose();
});

test('f16 is never replaced by f32 where the adapter has no half floats', async () => {
  const halves = (await findAdapter())?.features.includes('shader-f16');
  const opened = openWebgpu({ software: true, precision: 'f16' });
  if (halves) {
    const backend = await opened;
    expect(backend.precision).toBe('f16');
    await backend.dispose();
  } else {
    await expect(opened).rejects.toMatchObject({
      code: 'backend-missing',
      message: expect.stringContaining('shader-f16') as string,
    });
  }
  // No feature is among WebGPU's defaults.
  await expect(
    openWebgpu({ software: true, precision: 'f16', limits: 'default' }),
  ).rejects.toMatchObject({ code: 'backend-missing' });
});
