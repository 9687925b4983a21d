/** What goes wrong with a GPU, in the words of the webgpu backend. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import type { Device } from '../../src/engine/backend/webgpu/device';
import { kernel } from '../../src/engine/backend/webgpu/kernel';
import { GpuStore } from '../../src/engine/backend/webgpu/store';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

let device: Device;
beforeEach(async () => {
  ({ device } = await openAdapter({ software: true, limits: 'default' }));
});
afterEach(() => device.dispose());

const doubled = () => {
  const graph = new GraphBuilder();
  const a = graph.state('a', [4]);
  graph.output('y', graph.add(a, graph.input('x', 'f32', [4])));
  return graph.build();
};
const feeds = { x: new Float32Array(4) };
const lost = expect.objectContaining({ code: 'backend-lost' }) as unknown;

describe('a lost device', () => {
  it('is told whatever is asked of it', async () => {
    const store = new GpuStore(device);
    await store.add(new Map([['a', [4]]]));
    const program = await store.compile(doubled());
    expect(device.lost).toBe(false);
    device.gpu.destroy();
    await expect(program.run(feeds)).rejects.toEqual(lost);
    expect(device.lost).toBe(true);
    await expect(store.add(new Map([['b', [4]]]))).rejects.toEqual(lost);
    await expect(store.write('a', new Float32Array(4))).rejects.toEqual(lost);
    await expect(store.read('a')).rejects.toEqual(lost);
    await expect(store.compile(doubled())).rejects.toEqual(lost);
    await store.dispose();
  });

  it('is told to what was under way', async () => {
    const store = new GpuStore(device);
    await store.add(new Map([['a', [4]]]));
    const program = await store.compile(doubled());
    const pending = program.run(feeds);
    device.gpu.destroy();
    await expect(pending).rejects.toEqual(lost);
    await store.dispose();
  });

  it('is told while kernels are compiled and memory is allocated', async () => {
    const store = new GpuStore(device);
    await store.add(new Map([['a', [4]]]));
    const pending = store.compile(doubled());
    device.gpu.destroy();
    await expect(pending).rejects.toEqual(lost);
  });

  it('says nothing once it was disposed of in order', async () => {
    const { device: own } = await openAdapter({ software: true });
    own.dispose();
    await new Promise(setImmediate);
    expect(own.lost).toBe(false);
  });
});

describe('what a device cannot do', () => {
  it('names the kernel that does not compile, and the line', async () => {
    const wrong = kernel({ name: 'wrong', reads: ['x'], writes: ['y'], body: 'y[0] = z;' });
    await expect(device.pipeline(wrong)).rejects.toMatchObject({
      code: 'backend-compile',
      message: expect.stringMatching(/"wrong" does not compile, line \d+: .*z/) as string,
      details: { kernel: 'wrong', code: wrong.code },
    });
    // It was not remembered as one that does.
    await expect(device.pipeline(wrong)).rejects.toMatchObject({ code: 'backend-compile' });
  });

  it('names the kernel that needs more buffers than there can be', async () => {
    const reads = Array.from({ length: 8 }, (_, index) => `x${index}`);
    const wide = kernel({ name: 'wide', reads, writes: ['y'], body: 'y[0] = x0[0];' });
    await expect(device.pipeline(wide)).rejects.toMatchObject({
      code: 'backend-compile',
      message: expect.stringContaining('"wide" needs 9 buffers') as string,
    });
  });

  it('names the parameter that is larger than one binding may be', async () => {
    // GPT-2's table: 147 MiB, where WebGPU promises 128.
    const store = new GpuStore(device);
    const table = new Map([['model.embed_tokens.weight', [50257, 768]]]);
    await expect(store.add(table)).rejects.toMatchObject({
      code: 'backend-memory',
      message: expect.stringContaining('model.embed_tokens.weight (148 MiB)') as string,
    });
    expect(store.states.size).toBe(0);
  });
});
