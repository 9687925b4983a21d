/** States as buffers of the GPU, one each, and the programs compiled on them. */
import { GlassboxError, hasCode } from '../../../base/errors';
import { sizeOf } from '../../graph/graph';
import type { Graph, Shape } from '../../graph/graph';
import type { CompileOptions, Program, Store } from '../backend';
import { checkStates, refuseKnown } from '../feeds';
import { MAP_READ, USAGE } from './device';
import type { Device } from './device';
import { Halves } from './halves';
import { BLOCKS_KERNEL } from './kernels/matmulBlocks';
import { MATRIX_KERNEL } from './kernels/matmulMatrix';
import { compile } from './program';
import type { Tuner } from './tuning';

export class GpuStore implements Store {
  readonly concurrent = true;
  readonly #states = new Map<string, Shape>();
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #programs = new Set<Program>();
  readonly #device: Device;
  readonly #tuner: Tuner | undefined;
  readonly #halves: Halves;
  #disposed = false;

  constructor(device: Device, tuner?: Tuner) {
    this.#device = device;
    this.#tuner = tuner;
    this.#halves = new Halves(device);
  }

  get states(): ReadonlyMap<string, Shape> {
    return this.#states;
  }

  async add(states: ReadonlyMap<string, Shape>): Promise<void> {
    await Promise.resolve();
    this.#refuseIfDisposed();
    refuseKnown(this.#states, states);
    const made: GPUBuffer[] = [];
    try {
      for (const [name, shape] of states) made.push(await this.#device.buffer(sizeOf(shape), name));
    } catch (thrown) {
      for (const buffer of made) this.#device.free(buffer);
      throw thrown;
    }
    [...states].forEach(([name, shape], index) => {
      this.#states.set(name, shape);
      this.#buffers.set(name, made[index]!);
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    await Promise.resolve();
    const buffers = names.map((name) => this.#get(name));
    for (const buffer of buffers) this.#device.free(buffer);
    for (const name of names) {
      this.#states.delete(name);
      this.#buffers.delete(name);
    }
  }

  async write(name: string, data: Float32Array): Promise<void> {
    await Promise.resolve();
    const buffer = this.#get(name);
    const size = sizeOf(this.#states.get(name)!);
    if (data.length !== size) {
      throw new GlassboxError(
        'backend-feed',
        `State ${name} has ${size} elements, not ${data.length}.`,
      );
    }
    this.#device.check();
    // A view of exactly these elements: writeBuffer takes no shared memory.
    this.#device.gpu.queue.writeBuffer(buffer, 0, new Float32Array(data));
  }

  async read(name: string): Promise<Float32Array> {
    await Promise.resolve();
    const source = this.#get(name);
    const size = sizeOf(this.#states.get(name)!);
    const target = await this.#device.buffer(
      size,
      `a copy of ${name}`,
      USAGE.mapRead | USAGE.copyTarget,
    );
    try {
      const encoder = this.#device.gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(source, 0, target, 0, size * 4);
      this.#device.gpu.queue.submit([encoder.finish()]);
      await this.#device.settled(target.mapAsync(MAP_READ));
      return new Float32Array(target.getMappedRange().slice(0));
    } finally {
      this.#device.free(target);
    }
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
    await Promise.resolve();
    this.#refuseIfDisposed();
    checkStates(graph, this.#states);
    const { matrix } = this.#device.traits;
    try {
      return await this.#compile(graph, options);
    } catch (thrown) {
      // A driver may refuse what its features promise, and not every kernel was tried before.
      if (!matrix || !isOfMatrixUnits(thrown)) throw thrown;
      this.#device.giveUpMatrixUnits();
      return this.#compile(graph, options);
    }
  }

  async dispose(): Promise<void> {
    for (const program of [...this.#programs]) await program.dispose();
    for (const buffer of this.#buffers.values()) this.#device.free(buffer);
    this.#buffers.clear();
    this.#disposed = true;
  }

  async #compile(graph: Graph, options: CompileOptions): Promise<Program> {
    const held: string[] = [];
    try {
      const program = await compile(graph, this.#device, {
        stateBuffer: (name, half) => (half ? this.#halves.get(name) : this.#get(name)),
        holdHalves: async (names) => {
          for (const name of names) {
            await this.#halves.hold(name, this.#get(name), sizeOf(this.#states.get(name)!));
            held.push(name);
          }
        },
        frozen: options.frozen ?? false,
        onDispose: (disposed) => {
          this.#programs.delete(disposed);
          this.#halves.release(held);
        },
        tuner: this.#tuner,
        onProgress: options.onProgress,
      });
      this.#programs.add(program);
      return program;
    } catch (thrown) {
      this.#halves.release(held);
      throw thrown;
    }
  }

  #get(name: string): GPUBuffer {
    this.#refuseIfDisposed();
    const buffer = this.#buffers.get(name);
    if (buffer) return buffer;
    throw new GlassboxError('backend-feed', `The store has no state ${name}.`);
  }

  #refuseIfDisposed(): void {
    if (this.#disposed) throw new GlassboxError('backend-disposed', 'The store was disposed.');
  }
}

const isOfMatrixUnits = (thrown: unknown): boolean =>
  hasCode(thrown, 'backend-compile') &&
  [MATRIX_KERNEL, BLOCKS_KERNEL].some((name) => String(thrown.details['kernel']).startsWith(name));
