/**
 * The webgpu backend: lowers a graph to WGSL compute shaders and runs them on a GPU through Dawn. A
 * run is planned once (kernels, memory, bindings) and replayed.
 */
import type { Backend, Feeds, Program, Results } from '../backend';
import { openAdapter } from './adapters';
import type { OpenOptions } from './adapters';
import { memoryOf } from './memory';
import { GpuProgram } from './program';
import type { RunProfile } from './profile';
import { GpuStore } from './store';

export { findAdapter, findHardware } from './adapters';
export type { AdapterFacts, OpenOptions } from './adapters';
export type { KernelProfile, RunProfile } from './profile';

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
    memory: memoryOf(device, facts.software),
    dispose: () => {
      device.dispose();
      return Promise.resolve();
    },
  };
}

/**
 * Runs a program of this backend once, its updates included, and tells where the time went. `whole`
 * is the run as it always is; in `kernels` each dispatch is timed by itself. For benchmarks and for
 * people who write kernels.
 */
export function profile(
  program: Program,
  feeds: Feeds,
  detail: 'whole' | 'kernels',
): Promise<{ readonly results: Results; readonly profile: RunProfile }> {
  if (!(program instanceof GpuProgram)) throw new TypeError('Only a program of webgpu has this.');
  return program.profile(feeds, detail);
}
