/**
 * The webgpu backend: lowers a graph to WGSL compute shaders and runs them on a GPU through Dawn. A
 * run is planned once (kernels, memory, bindings) and replayed.
 */
import path from 'node:path';
import { userCacheFolder } from '../../../base/userFolders';
import type { Backend, Feeds, MemoryPlan, Precision, Program, Results } from '../backend';
import { openAdapter } from './adapters';
import type { AdapterFacts, OpenOptions } from './adapters';
import { traitsOf } from './device';
import { memoryOf, memoryPlan } from './memory';
import { GpuProgram } from './program';
import type { RunProfile } from './profile';
import { GpuStore } from './store';
import { Tuner } from './tuning';

export { findAdapter, findHardware } from './adapters';
export type { AdapterFacts, OpenOptions } from './adapters';
export type { KernelProfile, RunProfile } from './profile';

export interface WebgpuOptions extends OpenOptions {
  /** Try which kernel is fastest for each product. Default: on hardware alone. */
  readonly tune?: boolean;
  /** Milliseconds that this may take in all. Default: 8000. */
  readonly tuningTime?: number;
  /** Where what was found is kept. Default: the user's folder for such things. */
  readonly cacheFolder?: string;
}

/** Throws `backend-missing` where there is no GPU, or none with half floats where f16 is asked for. */
export async function openWebgpu(options: WebgpuOptions = {}): Promise<Backend> {
  const { facts, device } = await openAdapter(options);
  const { tune = !facts.software, cacheFolder = userCacheFolder() } = options;
  const { tuningTime: budget = 8000 } = options;
  const file = path.join(cacheFolder, 'webgpu-tuning.json');
  const tuner = tune ? await Tuner.open(device, facts, { file, budget }) : undefined;
  return {
    name: 'webgpu',
    adapter: `${facts.name}, WebGPU`,
    precision: device.traits.precision,
    allocate: async (states) => {
      const store = new GpuStore(device, tuner);
      await store.add(states);
      return store;
    },
    get lost() {
      return device.lost;
    },
    memory: memoryOf(device, facts.software, tuner),
    dispose: () => {
      device.dispose();
      return Promise.resolve();
    },
  };
}

/**
 * What memory a backend on this adapter would plan, without opening its device: but for kernels that
 * trying them has found, which may add parts of results (128 MiB of a product at most) and operands as
 * half floats.
 */
export function planOn(facts: AdapterFacts, precision: Precision): MemoryPlan {
  const { limits, matrix, subgroupSizes } = facts;
  const features = new Set(facts.features);
  const leastSubgroup = subgroupSizes.least;
  return memoryPlan({ traits: traitsOf({ features, limits, leastSubgroup, precision, matrix }) });
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
