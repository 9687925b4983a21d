/**
 * The webgpu backend: lowers a graph to WGSL compute shaders and runs them on a GPU through Dawn. A
 * run is planned once (kernels, memory, bindings) and replayed.
 */
import type { Backend } from '../backend';
import { openAdapter } from './adapters';
import type { OpenOptions } from './adapters';
import { GpuStore } from './store';

export { findAdapter } from './adapters';
export type { AdapterFacts, OpenOptions } from './adapters';

/** Throws `backend-missing` where there is no GPU, or none with half floats where f16 is asked for. */
export async function openWebgpu(options: OpenOptions = {}): Promise<Backend> {
  const { facts, device } = await openAdapter(options);
  return {
    name: 'webgpu',
    adapter: `${facts.name}, WebGPU`,
    precision: device.traits.precision,
    allocate: async (states) => {
      const store = new GpuStore(device);
      await store.add(states);
      return store;
    },
    dispose: () => {
      device.dispose();
      return Promise.resolve();
    },
  };
}
