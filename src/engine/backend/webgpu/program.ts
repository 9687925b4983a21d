/**
 * A graph made ready to run: its kernels compiled, its memory laid out, its bindings made, so that a
 * run is one upload, one submit and one read-back. A run's commands are encoded anew each time
 * (WebGPU has no compute commands to keep), at some microseconds a dispatch.
 */
import { GlassboxError } from '../../../base/errors';
import type { Graph } from '../../graph/graph';
import type { CompileOptions, Feeds, Program, Results } from '../backend';
import { checkFeeds } from '../feeds';
import { encode } from './commands';
import type { Command } from './commands';
import { CONSTANT, MAP_READ, USAGE } from './device';
import type { Device } from './device';
import { bytesOf, wholeOf } from './lowering';
import type { Product } from './kernels/matmul';
import type { Copy, Dispatch, Lowered, LoweringOptions, Tensor } from './lowering';
import { Pace } from './pace';
import type { Stretch } from './pace';
import { planMemory, tensorsOf } from './plan';
import { timeCommands } from './profile';
import type { RunProfile } from './profile';
import { checkRanges, rangesOf } from './ranges';
import type { Range } from './ranges';
import { lower } from './rules';
import type { Tuner } from './tuning';

interface Output {
  readonly name: string;
  readonly tensor: Tensor;
  /** Bytes into the read-back buffer. */
  readonly at: number;
}

/** What a program runs, and on what. */
export interface Ready {
  /** Of the inputs, by their names. */
  readonly uploads: readonly (readonly [name: string, buffer: GPUBuffer])[];
  readonly commands: readonly Command[];
  readonly outputs: readonly Output[];
  readonly readBack: GPUBuffer;
  /** What this program alone uses, and destroys. */
  readonly own: readonly GPUBuffer[];
  /** How many different pipelines there are among the dispatches'. */
  readonly pipelines: number;
}

type StateBuffer = (name: string, half?: boolean) => GPUBuffer;

export interface Surroundings {
  readonly stateBuffer: StateBuffer;
  /** Makes halves of states, which `stateBuffer` then has. */
  readonly holdHalves: (names: readonly string[]) => Promise<void>;
  readonly frozen: boolean;
  readonly onDispose: (program: Program) => void;
  readonly tuner: Tuner | undefined;
  readonly onProgress: CompileOptions['onProgress'];
}

/** The dispatches of a graph on this very device. */
export function lowerFor(
  { traits, options }: Device,
  graph: Graph,
  planFor: LoweringOptions['planFor'],
  frozen = false,
): Lowered {
  return lower(graph, traits, { mostWork: options.work, planFor, frozen });
}

export async function compile(
  graph: Graph,
  device: Device,
  { stateBuffer, holdHalves, frozen, onDispose, tuner, onProgress }: Surroundings,
): Promise<GpuProgram> {
  await tuner?.learn(productsOf(graph, device), onProgress);
  const lowered = lowerFor(device, graph, (product) => tuner?.planFor(product), frozen);
  await holdHalves(
    [...tensorsOf(lowered)].flatMap(({ from }) =>
      from.kind === 'state' && from.half ? [from.name] : [],
    ),
  );
  const ready = await makeReady(lowered, device, stateBuffer, onProgress);
  return new GpuProgram(graph, device, ready, onDispose);
}

/** Every product that a graph asks for, once for each time. */
function productsOf(graph: Graph, device: Device): Product[] {
  const products: Product[] = [];
  lowerFor(device, graph, (product) => {
    products.push(product);
    return undefined;
  });
  return products;
}

/** Compiles the kernels, places the tensors and makes the bindings. */
export async function makeReady(
  lowered: Lowered,
  device: Device,
  stateBuffer: StateBuffer,
  onProgress?: CompileOptions['onProgress'],
): Promise<Ready> {
  const dispatches = [...lowered.dispatches, ...lowered.parts];
  const pipelines = await device.pipelines(
    dispatches.map(({ kernel }) => kernel),
    (done, total) => onProgress?.({ doing: 'compile', done, total }),
  );
  const own: GPUBuffer[] = [];
  const keep = async (size: number, what: string, usage?: number): Promise<GPUBuffer> => {
    const buffer = await device.buffer(size, what, usage);
    own.push(buffer);
    return buffer;
  };
  try {
    const buffers = await placeTensors(lowered, device, stateBuffer, keep);
    let bytes = 0;
    const outputs = [...lowered.outputs].map(([name, tensor]): Output => {
      const at = bytes;
      bytes += tensor.size * 4;
      return { name, tensor, at };
    });
    const readBack = await keep(bytes / 4, 'the results', USAGE.mapRead | USAGE.copyTarget);
    const prepared = dispatches.map((each, index) =>
      prepare(device, each, pipelines[index]!, buffers),
    );
    const copy = ({ from, to }: Copy): Command => {
      const { buffer, offset } = placeOf(from, buffers);
      const bytes = from.size * 4;
      return { kind: 'copy', from: buffer, start: offset, to: buffers.get(to)!, at: 0, bytes };
    };
    const results = outputs.map(({ tensor, at }): Command => {
      const { buffer, offset } = placeOf(tensor, buffers);
      const bytes = tensor.size * 4;
      return { kind: 'copy', from: buffer, start: offset, to: readBack, at, bytes };
    });
    const count = lowered.dispatches.length;
    return {
      uploads: [...buffers].flatMap(([{ from }, buffer]) =>
        from.kind === 'input' ? [[from.name, buffer] as const] : [],
      ),
      commands: [
        ...prepared.slice(0, count),
        ...results,
        ...lowered.saves.map(copy),
        ...prepared.slice(count),
        ...lowered.copies.map(copy),
      ],
      outputs,
      readBack,
      own,
      pipelines: new Set(pipelines).size,
    };
  } catch (thrown) {
    for (const buffer of own) device.free(buffer);
    throw thrown;
  }
}

type Buffers = ReadonlyMap<Tensor, GPUBuffer>;

/** Where a tensor lies, or a part of one: `offset` in bytes. */
const placeOf = (tensor: Tensor, buffers: Buffers): { buffer: GPUBuffer; offset: number } => ({
  buffer: buffers.get(wholeOf(tensor))!,
  offset: (tensor.within?.start ?? 0) * 4,
});

/** The buffer of every tensor that the run touches. Constants are uploaded. */
async function placeTensors(
  lowered: Lowered,
  device: Device,
  stateBuffer: StateBuffer,
  keep: (size: number, what: string, usage?: number) => Promise<GPUBuffer>,
): Promise<Map<Tensor, GPUBuffer>> {
  const plan = planMemory(lowered);
  const slots: GPUBuffer[] = [];
  for (const [index, size] of plan.slots.entries())
    slots.push(await keep(size, `slot ${index} of the activations`));
  const buffers = new Map<Tensor, GPUBuffer>();
  for (const tensor of tensorsOf(lowered)) {
    const { from, size } = tensor;
    switch (from.kind) {
      case 'state':
        buffers.set(tensor, stateBuffer(from.name, from.half));
        break;
      case 'computed':
        buffers.set(tensor, slots[plan.slotOf.get(tensor.id)!]!);
        break;
      case 'input':
        buffers.set(tensor, await keep(size, `the input ${from.name}`));
        break;
      case 'constant': {
        const buffer = await keep(size, 'a constant', CONSTANT);
        device.gpu.queue.writeBuffer(buffer, 0, from.data);
        buffers.set(tensor, buffer);
      }
    }
  }
  return buffers;
}

function prepare(
  { gpu }: Device,
  { kernel, reads, writes, workgroups, work, band }: Dispatch,
  pipeline: GPUComputePipeline,
  buffers: Buffers,
): Command {
  const bound = [...reads, ...writes];
  const bindings = gpu.createBindGroup({
    label: kernel.name,
    layout: pipeline.getBindGroupLayout(0),
    entries: [...bound, ...(band ? [band] : [])].map((tensor, binding) => ({
      binding,
      resource: { ...placeOf(tensor, buffers), size: bytesOf(tensor) },
    })),
  });
  const bytes = bound.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  return { kind: 'dispatch', name: kernel.name, pipeline, bindings, workgroups, bytes, work };
}

export class GpuProgram implements Program {
  readonly #graph: Graph;
  readonly #device: Device;
  readonly #parts: Ready;
  readonly #onDispose: (program: Program) => void;
  readonly #ranges: readonly Range[];
  readonly #pace: Pace;
  /** The next run's commands, encoded while the GPU was busy with this one's. */
  #ahead: { readonly stretch: Stretch; readonly buffer: GPUCommandBuffer } | undefined;
  #disposed = false;

  constructor(graph: Graph, device: Device, parts: Ready, onDispose: (program: Program) => void) {
    this.#onDispose = onDispose;
    this.#graph = graph;
    this.#device = device;
    this.#parts = parts;
    this.#ranges = rangesOf(graph);
    this.#pace = new Pace(parts.commands, device.speed, device.options.submission);
  }

  async run(feeds: Feeds): Promise<Results> {
    // A rejected promise, never an exception: callers await.
    await Promise.resolve();
    this.#upload(feeds);
    const submitted = await this.#submit();
    const results = await this.#results();
    submitted.done();
    return results;
  }

  /** In one submission or in several; see pace.ts. */
  async #submit(): Promise<{ readonly done: () => void }> {
    const { gpu } = this.#device;
    const { commands } = this.#parts;
    const pace = this.#pace;
    let began = performance.now();
    const since = (): number => performance.now() - began;
    let stretch = pace.next(0);
    for (; ; stretch = pace.next(stretch.to)) {
      gpu.queue.submit([this.#commandsOf(stretch)]);
      if (stretch.to >= commands.length) break;
      if (pace.known) continue;
      await this.#device.settled(gpu.queue.onSubmittedWorkDone());
      pace.measured(stretch, since());
      began = performance.now();
    }
    if (pace.known && stretch.from === 0) this.#encodeAhead(stretch);
    return { done: () => (pace.known ? pace.took(since()) : pace.measured(stretch, since())) };
  }

  #commandsOf(stretch: Stretch): GPUCommandBuffer {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.stretch.from === stretch.from && ahead.stretch.to === stretch.to)
      return ahead.buffer;
    return encode(this.#device.gpu, this.#parts.commands.slice(stretch.from, stretch.to));
  }

  /**
   * A command buffer can be submitted once, but made before what it will read is there. So the next run's
   * is made while the GPU works: a token of a large model takes little more than this on the host.
   */
  #encodeAhead(stretch: Stretch): void {
    this.#ahead = { stretch, buffer: this.#commandsOf(stretch) };
  }

  /** A run, with its updates, that says where its time went; see `profile`. */
  async profile(
    feeds: Feeds,
    detail: 'whole' | 'kernels',
  ): Promise<{ readonly results: Results; readonly profile: RunProfile }> {
    await Promise.resolve();
    const { commands, pipelines, own } = this.#parts;
    const began = performance.now();
    this.#upload(feeds);
    const upload = performance.now() - began;
    const { encode, submit, ...timed } = await timeCommands(this.#device, commands, detail);
    const results = await this.#results();
    const wall = performance.now() - began;
    const dispatches = commands.filter((command) => command.kind === 'dispatch');
    const profile = {
      ...timed,
      ...{ host: { upload, encode, submit }, wall, pipelines, dispatches: dispatches.length },
      bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
      memory: own.reduce((sum, { size }) => sum + size, 0),
    };
    return { results, profile };
  }

  dispose(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    this.#disposed = true;
    this.#ahead = undefined;
    for (const buffer of this.#parts.own) this.#device.free(buffer);
    this.#onDispose(this);
    return Promise.resolve();
  }

  #refuseIfDisposed(): void {
    if (this.#disposed) throw new GlassboxError('backend-disposed', 'The program was disposed.');
  }

  #upload(feeds: Feeds): void {
    this.#refuseIfDisposed();
    checkFeeds(this.#graph, feeds);
    checkRanges(this.#ranges, feeds);
    this.#device.check();
    for (const [name, buffer] of this.#parts.uploads)
      this.#device.gpu.queue.writeBuffer(buffer, 0, feeds[name]!);
  }

  async #results(): Promise<Results> {
    const { outputs, readBack } = this.#parts;
    // A buffer that the run doesn't write is free at once, whatever the GPU is still doing.
    if (outputs.length === 0)
      await this.#device.settled(this.#device.gpu.queue.onSubmittedWorkDone());
    this.#refuseIfDisposed();
    await this.#device.settled(readBack.mapAsync(MAP_READ));
    const mapped = new Float32Array(readBack.getMappedRange());
    const results = Object.fromEntries(
      outputs.map(({ name, tensor, at }) => [name, mapped.slice(at / 4, at / 4 + tensor.size)]),
    );
    readBack.unmap();
    return results;
  }
}
