/**
 * Where the time of one run goes: on the host (upload, encoding, submission) and on the GPU, in all or
 * kernel by kernel. The GPU's own time comes from timestamp queries; where an adapter has none, from
 * the wall clock, submission by submission, which counts the way to the GPU and back as well.
 *
 * Kernel by kernel each dispatch is a pass of its own, so that dispatches that could overlap don't: the
 * sum over the kernels is then a little more than the time of the same run in one pass.
 */
import { encode } from './commands';
import type { Command, DispatchCommand, Stamps } from './commands';
import { MAP_READ, USAGE } from './device';
import type { Device } from './device';

/** Of all dispatches of the kernels with one name. */
export interface KernelProfile {
  readonly name: string;
  readonly dispatches: number;
  readonly milliseconds: number;
  /** Bound by its dispatches: what they move if they touch each element once. */
  readonly bytes: number;
}

export interface RunProfile {
  /** Milliseconds of the host's thread. */
  readonly host: { readonly upload: number; readonly encode: number; readonly submit: number };
  /** Milliseconds of the GPU, from the first dispatch's beginning to the last one's end. */
  readonly gpu: number;
  readonly clock: 'timestamps' | 'wall';
  /** Milliseconds from the call to its results. */
  readonly wall: number;
  readonly dispatches: number;
  /** Pipelines among them: texts that differ. */
  readonly pipelines: number;
  /** Bound by all dispatches. */
  readonly bytes: number;
  /** Bytes of GPU memory that the program has, the states apart. */
  readonly memory: number;
  /** Slowest first; empty where only the whole was asked for. */
  readonly kernels: readonly KernelProfile[];
}

/** WebGPU's limit for one query set. */
const MOST_QUERIES = 4096;

export interface Timed {
  readonly encode: number;
  readonly submit: number;
  readonly gpu: number;
  readonly clock: RunProfile['clock'];
  readonly kernels: readonly KernelProfile[];
}

/** Runs the commands, once, and waits until that is done. */
export async function timeCommands(
  device: Device,
  commands: readonly Command[],
  detail: 'whole' | 'kernels',
): Promise<Timed> {
  const dispatches = commands.filter((command) => command.kind === 'dispatch');
  const timed = device.gpu.features.has('timestamp-query')
    ? await byTimestamps(device, commands, detail)
    : await byWallClock(device, commands, detail);
  return { ...timed, kernels: detail === 'kernels' ? byName(dispatches, timed.each) : [] };
}

/** Milliseconds of each group of dispatches, one after the other without a pause between them. */
export async function timeGroups(
  device: Device,
  groups: readonly (readonly DispatchCommand[])[],
): Promise<readonly number[]> {
  const { gpu } = device;
  if (!gpu.features.has('timestamp-query')) {
    const times: number[] = [];
    for (const group of groups) times.push((await byWallClock(device, group, 'whole')).gpu);
    return times;
  }
  const sets: GPUQuerySet[] = [];
  const queries = new Queries(gpu, sets);
  gpu.queue.submit(groups.map((group) => encode(gpu, group, { stamps: () => queries.pass() })));
  const times = await readQueries(device, sets, queries.count);
  for (const set of sets) set.destroy();
  return groups.map((_, index) => times[2 * index + 1]! - times[2 * index]!);
}

/** Two queries for each pass, in as many sets as they need. */
class Queries {
  count = 0;
  readonly #gpu: GPUDevice;
  readonly #sets: GPUQuerySet[];

  constructor(gpu: GPUDevice, sets: GPUQuerySet[]) {
    this.#gpu = gpu;
    this.#sets = sets;
  }

  pass(): Stamps {
    const at = this.count % MOST_QUERIES;
    if (at === 0)
      this.#sets.push(this.#gpu.createQuerySet({ type: 'timestamp', count: MOST_QUERIES }));
    this.count += 2;
    const [beginningOfPassWriteIndex, endOfPassWriteIndex] = [at, at + 1];
    return { querySet: this.#sets.at(-1)!, beginningOfPassWriteIndex, endOfPassWriteIndex };
  }
}

type Measured = Omit<Timed, 'kernels'> & {
  /** Milliseconds of each dispatch, in order. */
  readonly each: readonly number[];
};

async function byTimestamps(
  device: Device,
  commands: readonly Command[],
  detail: 'whole' | 'kernels',
): Promise<Measured> {
  const { gpu } = device;
  const sets: GPUQuerySet[] = [];
  const queries = new Queries(gpu, sets);
  const began = performance.now();
  const buffer = encode(gpu, commands, {
    apart: detail === 'kernels',
    stamps: () => queries.pass(),
  });
  const encoded = performance.now();
  gpu.queue.submit([buffer]);
  const submitted = performance.now();
  const { count } = queries;
  const times = await readQueries(device, sets, count);
  for (const set of sets) set.destroy();
  const each = Array.from({ length: count / 2 }, (_, i) => times[2 * i + 1]! - times[2 * i]!);
  const gpuTime = count > 0 ? times[count - 1]! - times[0]! : 0;
  return {
    ...{ encode: encoded - began, submit: submitted - encoded },
    ...{ gpu: gpuTime, clock: 'timestamps', each },
  };
}

/** Milliseconds since the first one. */
async function readQueries(
  device: Device,
  sets: readonly GPUQuerySet[],
  count: number,
): Promise<number[]> {
  if (count === 0) return [];
  const size = 2 * MOST_QUERIES * sets.length;
  const resolved = await device.buffer(size, 'timestamps', USAGE.query | USAGE.copySource);
  const target = await device.buffer(size, 'timestamps', USAGE.mapRead | USAGE.copyTarget);
  try {
    const encoder = device.gpu.createCommandEncoder();
    sets.forEach((set, index) => {
      const here = Math.min(MOST_QUERIES, count - index * MOST_QUERIES);
      encoder.resolveQuerySet(set, 0, here, resolved, index * MOST_QUERIES * 8);
    });
    encoder.copyBufferToBuffer(resolved, 0, target, 0, size * 4);
    device.gpu.queue.submit([encoder.finish()]);
    await device.settled(target.mapAsync(MAP_READ));
    const nanoseconds = new BigUint64Array(target.getMappedRange()).slice(0, count);
    return Array.from(nanoseconds, (time) => Number(time - nanoseconds[0]!) / 1e6);
  } finally {
    device.free(resolved);
    device.free(target);
  }
}

async function byWallClock(
  device: Device,
  commands: readonly Command[],
  detail: 'whole' | 'kernels',
): Promise<Measured> {
  const { gpu } = device;
  const each: number[] = [];
  const [host, all] = [{ encode: 0, submit: 0 }, performance.now()];
  const stretches = detail === 'kernels' ? commands.map((command) => [command]) : [commands];
  for (const stretch of stretches) {
    const began = performance.now();
    const buffer = encode(gpu, stretch);
    const encoded = performance.now();
    gpu.queue.submit([buffer]);
    const submitted = performance.now();
    await device.settled(gpu.queue.onSubmittedWorkDone());
    host.encode += encoded - began;
    host.submit += submitted - encoded;
    if (stretch[0]?.kind === 'dispatch') each.push(performance.now() - encoded);
  }
  const gpuTime = detail === 'kernels' ? sum(each) : performance.now() - all;
  return { ...host, gpu: gpuTime, clock: 'wall', each };
}

function byName(dispatches: readonly DispatchCommand[], times: readonly number[]): KernelProfile[] {
  const groups = new Map<string, { dispatches: number; milliseconds: number; bytes: number }>();
  dispatches.forEach(({ name, bytes }, index) => {
    const group = groups.get(name) ?? { dispatches: 0, milliseconds: 0, bytes: 0 };
    group.dispatches += 1;
    group.milliseconds += times[index]!;
    group.bytes += bytes;
    groups.set(name, group);
  });
  return [...groups]
    .map(([name, group]) => ({ name, ...group }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
