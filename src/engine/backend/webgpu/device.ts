/**
 * One GPU device: buffers, pipelines, and errors under our own names. Pipelines are kept by their
 * text, so that programs share them. A device that is lost stays lost: everything on it then rejects
 * with `backend-lost`, and whoever opened it opens another (the trainer goes on from its checkpoint).
 *
 * Not here: which adapter (adapters.ts).
 */
import { GlassboxError, messageOf } from '../../../base/errors';
import type { Precision } from '../backend';
import { MOST_WORK } from './bands';
import type { Kernel } from './kernel';
import type { MatrixUnit } from './kernels/matmul';
import { bytesOf } from './lowering';
import { Speed } from './pace';

/** The matrix units of a device, in the shape that products use them in. */
export interface MatrixTraits {
  readonly unit: MatrixUnit;
  /** Lanes of the largest subgroup that the device makes. */
  readonly subgroupSize: number;
  /** It may make smaller ones. */
  readonly subgroupsVary: boolean;
}

/** What the lowering may count on. */
export interface Traits {
  readonly f16: boolean;
  /** `f16` only where the device has `f16`. */
  readonly precision: Precision;
  readonly subgroups: boolean;
  /** Lanes of the smallest subgroup that the device may make; 1 where it has none. */
  readonly leastSubgroup: number;
  /** Where the device has units that add up in f32, and its driver compiles kernels for them. */
  readonly matrix?: MatrixTraits | undefined;
  readonly maxStorageBufferBindingSize: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
}

export interface DeviceOptions {
  /** What matrix products multiply in. Default: `f32`. */
  readonly precision?: Precision;
  /** Bytes of the GPU's memory to hold at most. Default: what there is. */
  readonly memory?: number;
  /** Milliseconds that a submission should take at most. Default: 250. */
  readonly submission?: number;
  /** Multiply-adds that a dispatch may have. Default: 1e11. */
  readonly work?: number;
}

const DEFAULTS: Required<DeviceOptions> = {
  precision: 'f32',
  memory: Infinity,
  submission: 250,
  work: MOST_WORK,
};

const { min } = Math;
/** Of Dawn, and not yet of WebGPU. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';
/** The numbers of WebGPU's `GPUBufferUsage` and `GPUMapMode`, which Node has no globals for. */
export const USAGE = {
  mapRead: 1,
  copySource: 4,
  copyTarget: 8,
  storage: 128,
  uniform: 64,
  query: 512,
} as const;
export const MAP_READ = 1;
const STATE = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
export const CONSTANT = STATE | USAGE.uniform;

interface TraitsParts {
  readonly features: { has(name: string): boolean };
  readonly limits: Pick<
    GPUSupportedLimits,
    | 'maxBufferSize'
    | 'maxStorageBufferBindingSize'
    | 'maxComputeWorkgroupStorageSize'
    | 'maxComputeInvocationsPerWorkgroup'
  >;
  readonly leastSubgroup: number;
  readonly precision: Precision;
  readonly matrix: MatrixTraits | undefined;
}

/** Of a device, or of one that would be opened with all that its adapter has. */
export function traitsOf({
  features,
  limits,
  leastSubgroup,
  precision,
  matrix,
}: TraitsParts): Traits {
  const subgroups = features.has('subgroups');
  return {
    ...{ f16: features.has('shader-f16'), precision, subgroups },
    leastSubgroup: subgroups ? leastSubgroup : 1,
    ...(matrix ? { matrix } : {}),
    maxStorageBufferBindingSize: min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  };
}

export class Device {
  readonly gpu: GPUDevice;
  traits: Traits;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  #lost: GlassboxError | undefined;
  #ended = false;
  /** Bytes of each buffer that is there, and of all of them. */
  readonly #sizes = new Map<GPUBuffer, number>();
  #held = 0;
  readonly options: Required<DeviceOptions>;
  /** What programs have shown of how fast it is. */
  readonly speed = new Speed();

  /** `matrix` counts where the GPU was opened with its matrix units. */
  constructor(gpu: GPUDevice, options: DeviceOptions = {}, matrix?: MatrixTraits) {
    this.gpu = gpu;
    this.options = { ...DEFAULTS, ...options };
    const { features, limits, adapterInfo } = gpu;
    this.traits = traitsOf({
      ...{ features, limits, matrix: features.has(MATRIX_FEATURE) ? matrix : undefined },
      leastSubgroup: adapterInfo.subgroupMinSize ?? 1,
      precision: this.options.precision,
    });
    void gpu.lost.then(({ message, reason }) => {
      if (this.#ended) return;
      this.#lost = new GlassboxError('backend-lost', `The GPU was lost (${reason}): ${message}`, {
        remedy: 'Try again; if it happens again, compute with --backend onnx, on the CPU.',
      });
    });
    // What no error scope caught: the next call that awaits the device reports it.
    gpu.addEventListener('uncapturederror', ({ error }) => {
      // Memory may be found missing only when it is first used.
      const full = error.constructor.name === 'GPUOutOfMemoryError';
      this.#lost ??= full
        ? noRoom(`The GPU's memory is full: ${error.message}`)
        : new GlassboxError('backend-failed', `The GPU refused a command: ${error.message}`);
    });
  }

  /** Whether something has gone wrong with it, so that it is of no more use. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** Products are lowered without matrix units from now on, whatever the device says that it has. */
  giveUpMatrixUnits(): void {
    this.traits = { ...this.traits, matrix: undefined };
  }

  /** Throws what has gone wrong with the device since. */
  check(): void {
    if (this.#lost) throw this.#lost;
  }

  /** What the device has promised. Throws what has gone wrong with it instead. */
  async settled<Result>(promise: Promise<Result>): Promise<Result> {
    const result = await promise.catch(async (cause: unknown) => {
      // Why it was lost may be told a moment later.
      await new Promise(setImmediate);
      this.check();
      throw new GlassboxError('backend-failed', `The GPU gave up: ${messageOf(cause)}`, { cause });
    });
    this.check();
    return result;
  }

  /** A buffer of zeros for `size` elements. Throws `backend-memory`. */
  async buffer(size: number, what: string, usage: number = STATE): Promise<GPUBuffer> {
    this.check();
    const bytes = bytesOf({ size });
    const free = this.options.memory - this.#held;
    if (bytes > free) throw tooLarge(what, bytes, `${megabytes(free)} are free`);
    if (usage & USAGE.storage && bytes > this.traits.maxStorageBufferBindingSize)
      throw tooLarge(
        what,
        bytes,
        `one tensor can have ${megabytes(this.traits.maxStorageBufferBindingSize)}`,
      );
    this.gpu.pushErrorScope('out-of-memory');
    this.gpu.pushErrorScope('validation');
    const buffer = this.gpu.createBuffer({ size: bytes, usage, label: what });
    const scopes = [this.gpu.popErrorScope(), this.gpu.popErrorScope()];
    const [refused, full] = await this.settled(Promise.all(scopes));
    const error = refused ?? full;
    if (!error) {
      this.#sizes.set(buffer, bytes);
      this.#held += bytes;
      return buffer;
    }
    buffer.destroy();
    throw tooLarge(what, bytes, error.message);
  }

  /** Bytes of the buffers that are there. */
  get held(): number {
    return this.#held;
  }

  free(buffer: GPUBuffer): void {
    buffer.destroy();
    this.#held -= this.#sizes.get(buffer) ?? 0;
    this.#sizes.delete(buffer);
  }

  /** Of each kernel, compiled in parallel. Tells how many of those that are new are ready. */
  async pipelines(
    kernels: readonly Kernel[],
    onProgress: (done: number, total: number) => void,
  ): Promise<GPUComputePipeline[]> {
    const unknown = kernels.filter(({ code }) => !this.#pipelines.has(code));
    const total = new Set(unknown.map(({ code }) => code)).size;
    let done = 0;
    for (const [, kernel] of new Map(unknown.map((each) => [each.code, each])))
      void this.pipeline(kernel).then(
        () => onProgress(++done, total),
        () => undefined,
      );
    return Promise.all(kernels.map((kernel) => this.pipeline(kernel)));
  }

  /** Throws `backend-compile`, which names the kernel. */
  pipeline(kernel: Kernel): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(kernel.code);
    if (known) return known;
    const made = this.#compile(kernel);
    this.#pipelines.set(kernel.code, made);
    made.catch(() => this.#pipelines.delete(kernel.code));
    return made;
  }

  async #compile({ name, code, parts }: Kernel): Promise<GPUComputePipeline> {
    const buffers = parts.reads.length + parts.writes.length;
    const { maxStorageBuffersPerShaderStage: most } = this.gpu.limits;
    if (buffers > most)
      throw new GlassboxError(
        'backend-compile',
        `The kernel "${name}" needs ${buffers} buffers at a time, and this GPU's driver takes ${most}.`,
        { remedy: 'Compute with --backend onnx, on the CPU.', details: { kernel: name } },
      );
    this.gpu.pushErrorScope('validation');
    const module = this.gpu.createShaderModule({ code, label: name });
    const invalid = this.gpu.popErrorScope();
    try {
      const pipeline = await this.gpu.createComputePipelineAsync({
        label: name,
        layout: 'auto',
        compute: { module, entryPoint: 'main' },
      });
      this.check();
      return pipeline;
    } catch (cause) {
      // A lost device compiles nothing; why it was lost may be told a moment later.
      await new Promise(setImmediate);
      this.check();
      const { messages } = await module.getCompilationInfo();
      const first = messages.find(({ type }) => type === 'error');
      const where = first ? `, line ${first.lineNum}: ${first.message}` : `: ${messageOf(cause)}`;
      throw new GlassboxError('backend-compile', `The kernel "${name}" does not compile${where}`, {
        remedy: 'Please report this with the adapter that `glassbox devices` shows.',
        details: { kernel: name, code },
        cause,
      });
    } finally {
      await invalid;
    }
  }

  dispose(): void {
    this.#ended = true;
    this.gpu.destroy();
  }
}

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

function tooLarge(what: string, bytes: number, why: string): GlassboxError {
  return noRoom(`There is no room on the GPU for ${what} (${megabytes(bytes)}): ${why}.`);
}

function noRoom(message: string): GlassboxError {
  return new GlassboxError('backend-memory', message, {
    remedy: 'Choose a smaller model or batch, or compute with --backend onnx, on the CPU.',
  });
}
