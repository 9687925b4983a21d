/**
 * Which backends this machine has, and the choice among them and of the precision that they multiply
 * in. A backend or precision that was asked for by name is never replaced by another.
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import process from 'node:process';
import { GlassboxError, messageOf } from '../base/errors';
import type { BackendChoice, Device, PrecisionChoice } from '../protocol/messages';
import type { Backend, MemoryPlan, Precision } from './backend/backend';
import { openReference } from './backend/reference/reference';
import type { AdapterFacts } from './backend/webgpu/webgpu';

/** All cores but one, which stays free for the machine's owner, unless told otherwise. */
export function threadsFor(wanted: number | undefined): number {
  const cores = availableParallelism();
  return wanted === undefined || wanted === 0 ? Math.max(1, cores - 1) : wanted;
}

export interface Wanted {
  /** Default: `auto`. */
  readonly precision?: PrecisionChoice | undefined;
  /** What for: half floats are fine to learn with, and change a little what a model answers. */
  readonly training?: boolean;
}

/** Throws `backend-missing` where the machine or this build has no such backend, or not so precise. */
export async function openBackend(
  choice: BackendChoice,
  threads: number,
  { precision = 'auto', training = false }: Wanted = {},
): Promise<Backend> {
  const chosen = precision === 'auto' ? 'f32' : precision;
  const onGpu = (found: AdapterFacts | undefined): Precision =>
    precision === 'auto' && training ? trainingPrecision(found) : chosen;
  switch (choice) {
    case 'auto': {
      const found = await findGpu();
      return found ? openGpu(onGpu(found)) : openOnnx(threads, chosen);
    }
    case 'onnx':
      return openOnnx(threads, chosen);
    case 'reference':
      return openReference({ precision: chosen });
    case 'webgpu':
      return openGpu(onGpu(await findGpu()));
  }
}

/** What is known of a backend before it is opened. */
export interface Planned {
  readonly precision: Precision;
  /** Absent where its memory is the process's. */
  readonly memory?: MemoryPlan;
}

/** What `openBackend` would open. No GPU is, and none of its memory taken. Throws as that does. */
export async function planBackend(choice: BackendChoice, wanted: Wanted = {}): Promise<Planned> {
  const found =
    choice === 'auto' ? await findGpu() : choice === 'webgpu' ? await findAnyGpu() : undefined;
  if (found) {
    const { precision = 'auto', training = false } = wanted;
    const automatic = training ? trainingPrecision(found) : 'f32';
    const chosen = precision === 'auto' ? automatic : precision;
    if (chosen === 'f32' || hasHalves(found)) {
      const { planOn } = await import('./backend/webgpu/webgpu');
      return { precision: chosen, memory: planOn(found, chosen) };
    }
  }
  // On the CPU, or it says why it can't be.
  const backend = await openBackend(choice, 1, wanted);
  await backend.dispose();
  return { precision: backend.precision };
}

/** In what to train where nobody says: software adapters are no faster with half floats. */
function trainingPrecision(found: AdapterFacts | undefined): Precision {
  return found && !found.software && hasHalves(found) ? 'f16' : 'f32';
}

const hasHalves = ({ features }: AdapterFacts): boolean => features.includes('shader-f16');

/** By name a software adapter will do, too. */
async function openGpu(precision: Precision): Promise<Backend> {
  const { openWebgpu } = await import('./backend/webgpu/webgpu');
  return openWebgpu({ software: true, precision });
}

/** The hardware that `auto` should take. */
async function findGpu(): Promise<AdapterFacts | undefined> {
  // Electron forbids the external ArrayBuffers that Dawn maps buffers into.
  if (process.versions['electron'] !== undefined) return undefined;
  const { findHardware } = await import('./backend/webgpu/webgpu');
  return findHardware().catch(() => undefined);
}

async function findAnyGpu(): Promise<AdapterFacts | undefined> {
  const { findAdapter } = await import('./backend/webgpu/webgpu');
  return findAdapter();
}

/** Loaded when it is first needed: it is native, large, and not there for every system. */
async function openOnnx(threads: number, precision: Precision = 'f32'): Promise<Backend> {
  if (precision === 'f16') {
    throw new GlassboxError(
      'backend-missing',
      'The CPU multiplies in f32: half floats (f16) take a GPU that has them.',
      { remedy: 'Leave the precision to auto, or compute on such a GPU with --backend webgpu.' },
    );
  }
  try {
    const onnx = await import('./backend/onnx/onnx');
    return await onnx.openOnnx({ threads });
  } catch (cause) {
    throw new GlassboxError(
      'backend-missing',
      `onnxruntime does not load on this system: ${messageOf(cause)}`,
      { remedy: 'Install again, or compute with --backend reference, which is slow.', cause },
    );
  }
}

export async function listDevices(): Promise<Device[]> {
  const reference = await openReference();
  const gpu = await describeGpu();
  const onGpu = gpu.details['automatic'] === true;
  return [
    gpu,
    await describeOnnx(!onGpu),
    {
      backend: 'reference',
      adapter: reference.adapter,
      available: true,
      details: { training: true, inference: true, dtypes: ['f64'], purpose: 'checking the others' },
    },
  ];
}

async function describeGpu(): Promise<Device> {
  const none = (why: string): Device => ({
    backend: 'webgpu',
    adapter: 'none',
    available: false,
    details: { why },
  });
  try {
    const { findAdapter } = await import('./backend/webgpu/webgpu');
    const found = await findAdapter();
    if (!found) return none('No GPU, or no driver that WebGPU can use (Vulkan, Metal, D3D12).');
    const { name, software, features, limits } = found;
    const details = {
      ...{ vendor: found.vendor, architecture: found.architecture, driver: found.driver },
      ...{ software, features, limits },
      ...describeUnits(found),
      ...{ training: true, inference: true, automatic: !software },
      dtypes: hasHalves(found) ? ['f32', 'f16'] : ['f32'],
      precision: { training: trainingPrecision(found), inference: 'f32' },
    };
    return { backend: 'webgpu', adapter: name, available: true, details };
  } catch (thrown) {
    return none(messageOf(thrown));
  }
}

/** What products in half floats would be made with, and what the GPU's matrix units take. */
function describeUnits({ matrix, matrixConfigs, subgroupSizes }: AdapterFacts): Device['details'] {
  return {
    subgroups: subgroupSizes,
    subgroupMatrixConfigs: matrixConfigs.map(
      ({ M, N, K, componentType, resultComponentType }) =>
        `${M}x${N}x${K} ${componentType} to ${resultComponentType}`,
    ),
    matrixUnits: matrix
      ? `${matrix.unit.m}x${matrix.unit.n}x${matrix.unit.k} of ${matrix.unit.component}`
      : 'none that products could use',
  };
}

async function describeOnnx(automatic: boolean): Promise<Device> {
  try {
    const onnx = await openOnnx(threadsFor(undefined));
    const details = {
      processor: cpus()[0]?.model ?? 'unknown processor',
      cores: availableParallelism(),
      memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
      training: true,
      inference: true,
      dtypes: ['f32'],
      precision: { training: 'f32', inference: 'f32' },
      automatic,
    };
    return { backend: 'onnx', adapter: onnx.adapter, available: true, details };
  } catch (thrown) {
    return {
      backend: 'onnx',
      adapter: 'none',
      available: false,
      details: { why: messageOf(thrown) },
    };
  }
}
