/**
 * A graph made ready to run: its kernels compiled, its memory laid out, its bindings made, so that a
 * run is one upload, one submit and one read-back. A run's commands are encoded anew each time
 * (WebGPU has no compute commands to keep), at some microseconds a dispatch.
 */
import { GlassboxError } from '../../../base/errors';
import type { Graph } from '../../graph/graph';
import type { Feeds, Program, Results } from '../backend';
import { checkFeeds } from '../feeds';
import { MAP_READ, USAGE } from './device';
import type { Device } from './device';
import { wholeOf } from './lowering';
import type { Copy, Dispatch, Lowered, Tensor } from './lowering';
import { planMemory } from './plan';
import { checkRanges, rangesOf } from './ranges';
import type { Range } from './ranges';
import { lower } from './rules';

/** One dispatch with all that it needs. */
interface Ready {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly workgroups: Dispatch['workgroups'];
}

interface Output {
  readonly name: string;
  readonly tensor: Tensor;
  /** Bytes into the read-back buffer. */
  readonly at: number;
}

export async function compile(
  graph: Graph,
  device: Device,
  stateBuffer: (name: string) => GPUBuffer,
): Promise<GpuProgram> {
  const lowered = lower(graph, device.traits);
  const pipelines = await Promise.all(
    [...lowered.dispatches, ...lowered.parts].map(({ kernel }) => device.pipeline(kernel)),
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
    const ready = (each: Dispatch, index: number): Ready =>
      prepare(device, each, pipelines[index]!, buffers);
    return new GpuProgram(graph, device, {
      ...lowered,
      outputs,
      ready: lowered.dispatches.map(ready),
      readyParts: lowered.parts.map((each, i) => ready(each, lowered.dispatches.length + i)),
      buffers,
      readBack,
      own,
    });
  } catch (thrown) {
    for (const buffer of own) buffer.destroy();
    throw thrown;
  }
}

type Buffers = ReadonlyMap<Tensor, GPUBuffer>;

/** The buffer of every tensor that the run touches. Constants are uploaded. */
async function placeTensors(
  lowered: Lowered,
  device: Device,
  stateBuffer: (name: string) => GPUBuffer,
  keep: (size: number, what: string) => Promise<GPUBuffer>,
): Promise<Map<Tensor, GPUBuffer>> {
  const { dispatches, parts, outputs, saves, copies } = lowered;
  const plan = planMemory(lowered);
  const slots: GPUBuffer[] = [];
  for (const [index, size] of plan.slots.entries())
    slots.push(await keep(size, `slot ${index} of the activations`));
  const buffers = new Map<Tensor, GPUBuffer>();
  const all = [
    ...[...dispatches, ...parts].flatMap(({ reads, writes }) => [...reads, ...writes]),
    ...[...saves, ...copies].flatMap(({ from, to }) => [from, to]),
    ...outputs.values(),
  ];
  for (const tensor of new Set(all.map(wholeOf))) {
    const { from, size } = tensor;
    switch (from.kind) {
      case 'state':
        buffers.set(tensor, stateBuffer(from.name));
        break;
      case 'computed':
        buffers.set(tensor, slots[plan.slotOf.get(tensor.id)!]!);
        break;
      case 'input':
        buffers.set(tensor, await keep(size, `the input ${from.name}`));
        break;
      case 'constant': {
        const buffer = await keep(size, 'a constant');
        device.gpu.queue.writeBuffer(buffer, 0, from.data);
        buffers.set(tensor, buffer);
      }
    }
  }
  return buffers;
}

function prepare(
  { gpu }: Device,
  { kernel, reads, writes, workgroups }: Dispatch,
  pipeline: GPUComputePipeline,
  buffers: Buffers,
): Ready {
  const bindings = gpu.createBindGroup({
    label: kernel.name,
    layout: pipeline.getBindGroupLayout(0),
    entries: [...reads, ...writes].map((tensor, binding) => ({
      binding,
      resource: {
        buffer: buffers.get(wholeOf(tensor))!,
        offset: (tensor.within?.start ?? 0) * 4,
        size: Math.max(4, tensor.size * 4),
      },
    })),
  });
  return { pipeline, bindings, workgroups };
}

interface Parts extends Omit<Lowered, 'outputs'> {
  readonly outputs: readonly Output[];
  readonly ready: readonly Ready[];
  readonly readyParts: readonly Ready[];
  readonly buffers: Buffers;
  readonly readBack: GPUBuffer;
  /** What this program alone uses, and destroys. */
  readonly own: readonly GPUBuffer[];
}

export class GpuProgram implements Program {
  readonly #graph: Graph;
  readonly #device: Device;
  readonly #parts: Parts;
  readonly #ranges: readonly Range[];
  #disposed = false;

  constructor(graph: Graph, device: Device, parts: Parts) {
    this.#graph = graph;
    this.#device = device;
    this.#parts = parts;
    this.#ranges = rangesOf(graph);
  }

  async run(feeds: Feeds): Promise<Results> {
    // A rejected promise, never an exception: callers await.
    await Promise.resolve();
    if (this.#disposed) throw new GlassboxError('backend-disposed', 'The program was disposed.');
    checkFeeds(this.#graph, feeds);
    checkRanges(this.#ranges, feeds);
    this.#device.check();
    this.#upload(feeds);
    this.#submit();
    const results = await this.#results();
    this.#device.check();
    return results;
  }

  dispose(): Promise<void> {
    if (!this.#disposed) for (const buffer of this.#parts.own) buffer.destroy();
    this.#disposed = true;
    return Promise.resolve();
  }

  #upload(feeds: Feeds): void {
    for (const [tensor, buffer] of this.#parts.buffers)
      if (tensor.from.kind === 'input')
        this.#device.gpu.queue.writeBuffer(buffer, 0, feeds[tensor.from.name]!);
  }

  #submit(): void {
    const { ready, readyParts, outputs, saves, copies, buffers, readBack } = this.#parts;
    const encoder = this.#device.gpu.createCommandEncoder();
    const copy = ({ from, to }: Copy): void =>
      encoder.copyBufferToBuffer(buffers.get(from)!, 0, buffers.get(to)!, 0, from.size * 4);
    encode(encoder, ready);
    for (const { tensor, at } of outputs)
      encoder.copyBufferToBuffer(buffers.get(tensor)!, 0, readBack, at, tensor.size * 4);
    saves.forEach(copy);
    encode(encoder, readyParts);
    copies.forEach(copy);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  async #results(): Promise<Results> {
    const { outputs, readBack } = this.#parts;
    await readBack.mapAsync(MAP_READ);
    const mapped = new Float32Array(readBack.getMappedRange());
    const results = Object.fromEntries(
      outputs.map(({ name, tensor, at }) => [name, mapped.slice(at / 4, at / 4 + tensor.size)]),
    );
    readBack.unmap();
    return results;
  }
}

function encode(encoder: GPUCommandEncoder, dispatches: readonly Ready[]): void {
  if (dispatches.length === 0) return;
  const pass = encoder.beginComputePass();
  for (const { pipeline, bindings, workgroups } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
}
