/**
 * States a second time, rounded to half floats, for programs that are told that they won't change: made
 * once, when the first program asks for one, shared by all, and freed with the last of them.
 */
import type { Device } from './device';
import { halve } from './kernels/halve';

interface Kept {
  readonly ready: Promise<GPUBuffer>;
  buffer: GPUBuffer | undefined;
  users: number;
}

export class Halves {
  readonly #device: Device;
  readonly #kept = new Map<string, Kept>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Until `release`. `state` has `size` elements, a multiple of eight. */
  async hold(name: string, state: GPUBuffer, size: number): Promise<void> {
    const known = this.#kept.get(name);
    const kept = known ?? { ready: this.#make(name, state, size), buffer: undefined, users: 0 };
    kept.users++;
    this.#kept.set(name, kept);
    try {
      kept.buffer = await kept.ready;
    } catch (thrown) {
      this.#kept.delete(name);
      throw thrown;
    }
  }

  get(name: string): GPUBuffer {
    return this.#kept.get(name)!.buffer!;
  }

  release(names: readonly string[]): void {
    for (const name of names) {
      const kept = this.#kept.get(name);
      if (!kept || --kept.users > 0) continue;
      this.#kept.delete(name);
      if (kept.buffer) this.#device.free(kept.buffer);
    }
  }

  async #make(name: string, state: GPUBuffer, size: number): Promise<GPUBuffer> {
    const { gpu } = this.#device;
    const { kernel, workgroups } = halve(size);
    const pipeline = await this.#device.pipeline(kernel);
    const buffer = await this.#device.buffer(size / 2, `${name} in half floats`);
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [state, buffer].map((each, binding) => ({
      binding,
      resource: { buffer: each },
    }));
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    return buffer;
  }
}
