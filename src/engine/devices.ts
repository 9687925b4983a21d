/**
 * Which backends this machine has, and the choice among them. A backend that was asked for by name
 * is never replaced by another.
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import process from 'node:process';
import { GlassboxError, messageOf } from '../base/errors';
import type { BackendChoice, Device } from '../protocol/messages';
import type { Backend } from './backend/backend';
import { openReference } from './backend/reference/reference';

/** All cores but one, which stays free for the machine's owner, unless told otherwise. */
export function threadsFor(wanted: number | undefined): number {
  const cores = availableParallelism();
  return wanted === undefined || wanted === 0 ? Math.max(1, cores - 1) : wanted;
}

/** Throws `backend-missing` where the machine or this build has no such backend. */
export async function openBackend(choice: BackendChoice, threads: number): Promise<Backend> {
  switch (choice) {
    case 'auto':
      return (await hasGpu()) ? openGpu() : openOnnx(threads);
    case 'onnx':
      return openOnnx(threads);
    case 'reference':
      return openReference();
    case 'webgpu':
      return openGpu();
  }
}

/** By name a software adapter will do, too. */
async function openGpu(): Promise<Backend> {
  const { openWebgpu } = await import('./backend/webgpu/webgpu');
  return openWebgpu({ software: true });
}

/** Whether there is hardware that `auto` should take. */
async function hasGpu(): Promise<boolean> {
  // Electron forbids the external ArrayBuffers that Dawn maps buffers into.
  if (process.versions['electron'] !== undefined) return false;
  const { findHardware } = await import('./backend/webgpu/webgpu');
  return (await findHardware().catch(() => undefined)) !== undefined;
}

/** Loaded when it is first needed: it is native, large, and not there for every system. */
async function openOnnx(threads: number): Promise<Backend> {
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
      ...{ training: true, inference: true, dtypes: ['f32'], automatic: !software },
    };
    return { backend: 'webgpu', adapter: name, available: true, details };
  } catch (thrown) {
    return none(messageOf(thrown));
  }
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
