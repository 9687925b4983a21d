/**
 * Finds the fastest kernel for each matrix product by trying the likely ones on the very GPU, for some
 * seconds in all, the largest products first. What was found is kept (tuningCache.ts), and once chosen
 * a plan stays: another one would add up in another order, and equal runs must give equal bits. What
 * there was no time for is computed as estimated, and tried the next time.
 *
 * A GPU's clock rises and falls with its load (an H100 that has little to do runs at a third of it), and
 * would make whatever is tried last look best. So it is kept busy first, and each candidate is timed
 * between two runs of the first one, without a pause: what counts is the ratio, of which the median of three
 * is taken. All run on memory of their own.
 */
import { isDeepStrictEqual } from 'node:util';
import { hasCode } from '../../../base/errors';
import { GraphBuilder, sizeOf } from '../../graph/graph';
import type { CompileOptions } from '../backend';
import type { AdapterFacts } from './adapters';
import { encode } from './commands';
import type { DispatchCommand } from './commands';
import type { Device } from './device';
import { candidateMatmuls } from './matmulChoice';
import type { MatmulPlan, Product } from './kernels/matmul';
import { Lowering } from './lowering';
import type { Lowered } from './lowering';
import { multiply } from './productRules';
import { timeGroups } from './profile';
import { makeReady } from './program';
import { addEntries, readEntries } from './tuningCache';
import type { Entry } from './tuningCache';

/** What one timing should take, in milliseconds, and how often a product is computed in it at most. */
const ENOUGH = 2;
const MOST_TIMES = 100;
const TIMINGS = 3;
/** A candidate that takes so many times as long as the best so far is tried no further. */
const HOPELESS = 3;
/** Milliseconds that a GPU is kept busy to wake up: at least, at most, and at a time. */
const WAKING = { least: 40, most: 1000, each: 15 } as const;
/** What two timings in a row differ by at most once it is awake. */
const AWAKE = 0.02;

interface TunerParts {
  readonly device: Device;
  readonly adapter: string;
  readonly file: string;
  readonly budget: number;
  readonly kept: ReadonlyMap<string, Entry>;
}

interface Compiled {
  readonly plans: readonly MatmulPlan[];
  readonly lowered: readonly Lowered[];
}

interface Prepared {
  readonly commands: readonly DispatchCommand[];
  readonly free: () => void;
}

interface Found {
  readonly plan: MatmulPlan;
  readonly milliseconds: number;
}

export class Tuner {
  readonly #device: Device;
  readonly #adapter: string;
  readonly #file: string;
  /** Milliseconds that are left for trying. */
  #left: number;
  readonly #known = new Map<string, MatmulPlan>();
  /** As the file had them: looked at when their product comes. */
  readonly #kept: ReadonlyMap<string, Entry>;

  private constructor(parts: TunerParts) {
    this.#device = parts.device;
    this.#adapter = parts.adapter;
    this.#file = parts.file;
    this.#left = parts.budget;
    this.#kept = parts.kept;
  }

  static async open(
    device: Device,
    facts: AdapterFacts,
    { file, budget }: { readonly file: string; readonly budget: number },
  ): Promise<Tuner> {
    const { vendor, architecture, name, driver } = facts;
    const adapter = [vendor, architecture, name, driver, device.traits.precision].join(' | ');
    const kept = await readEntries(file, adapter);
    return new Tuner({ device, adapter, file, budget, kept });
  }

  /** Undefined where nothing better than the estimate is known. */
  planFor(product: Product): MatmulPlan | undefined {
    const key = keyOf(product);
    const known = this.#known.get(key);
    if (known) return known;
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    const plans = candidateMatmuls(product, this.#device.traits);
    const plan = plans.find((each) => isDeepStrictEqual({ ...each }, kept.plan));
    if (plan) this.#known.set(key, plan);
    return plan;
  }

  /** Tries what isn't known yet, as far as the time goes. */
  async learn(
    products: readonly Product[],
    onProgress: CompileOptions['onProgress'],
  ): Promise<void> {
    const unknown = new Map<string, Product>();
    const work = new Map<string, number>();
    for (const product of products) {
      if (this.planFor(product)) continue;
      const key = keyOf(product);
      unknown.set(key, product);
      work.set(key, (work.get(key) ?? 0) + workOf(product));
    }
    const ordered = [...unknown].sort(([a], [b]) => work.get(b)! - work.get(a)!);
    const began = performance.now();
    const end = began + this.#left;
    const found = new Map<string, Entry>();
    const compiling = async (index: number): Promise<Compiled | undefined> =>
      index < ordered.length && performance.now() < end
        ? this.#compiled(ordered[index]![1])
        : undefined;
    try {
      // The next one's kernels are compiled while this one's are timed: a GPU that waits falls asleep.
      let coming = compiling(0);
      for (const [index, [key]] of ordered.entries()) {
        if (performance.now() > end) break;
        onProgress?.({ doing: 'tune', done: index + 1, total: ordered.length });
        const compiled = await coming;
        if (!compiled) break;
        coming = compiling(index + 1);
        // Awaited in the next turn, if there is one.
        coming.catch(() => undefined);
        const best = await this.#fastest(compiled, end);
        if (!best) continue;
        this.#known.set(key, best.plan);
        found.set(key, { plan: { ...best.plan }, milliseconds: best.milliseconds });
      }
    } finally {
      if (ordered.length > 0) this.#left -= performance.now() - began;
      // Kept though the GPU was lost over the next one. Without a file, it holds for this process.
      if (found.size > 0) await addEntries(this.#file, this.#adapter, found).catch(() => undefined);
    }
  }

  /** All that could be a product's fastest, compiled in parallel; one that fails is seen when it is timed. */
  async #compiled(product: Product): Promise<Compiled> {
    const plans = candidateMatmuls(product, this.#device.traits);
    const lowered = plans.map((plan) => lowerAlone(product, plan, this.#device));
    const kernels = lowered.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel));
    if (plans.length > 1)
      await Promise.allSettled(kernels.map((kernel) => this.#device.pipeline(kernel)));
    return { plans, lowered };
  }

  /** Undefined where the time is over before all that could be fastest have been tried. */
  async #fastest({ plans, lowered }: Compiled, end: number): Promise<Found | undefined> {
    if (plans.length === 1) return { plan: plans[0]!, milliseconds: 0 };
    let reference = 0;
    let first: Prepared | undefined;
    for (; reference < lowered.length && !first; reference++)
      first = await this.#prepare(lowered[reference]!);
    if (!first) return undefined;
    try {
      const once = await this.#wake(first.commands);
      if (once === undefined) return undefined;
      let best = { plan: plans[reference - 1]!, ratio: 1 };
      for (const [index, each] of lowered.entries()) {
        if (index < reference) continue;
        if (performance.now() > end) return undefined;
        const ratio = await this.#ratio(each, first.commands, once, best.ratio);
        if (ratio < best.ratio) best = { plan: plans[index]!, ratio };
      }
      return { plan: best.plan, milliseconds: best.ratio * once };
    } finally {
      first.free();
    }
  }

  /** What it takes to run a product; undefined where it has no room or won't compile. */
  async #prepare(lowered: Lowered): Promise<Prepared | undefined> {
    try {
      const { commands, own } = await makeReady(lowered, this.#device, noStates);
      return {
        commands: commands.filter((command) => command.kind === 'dispatch'),
        free: () => {
          for (const buffer of own) this.#device.free(buffer);
        },
      };
    } catch (thrown) {
      // A driver may refuse what its features promise: the other candidates are still to be had.
      const refused = hasCode(thrown, 'backend-memory') || hasCode(thrown, 'backend-compile');
      if (refused && !this.#device.lost) return undefined;
      throw thrown;
    }
  }

  /**
   * Runs a product over and over until it takes as long as the time before, and gives its milliseconds;
   * undefined where the GPU is too slow to be kept busy by anything.
   */
  async #wake(commands: readonly DispatchCommand[]): Promise<number | undefined> {
    const first = await this.#settledTime(commands);
    if (first > this.#device.options.submission) return undefined;
    const began = performance.now();
    const since = (): number => performance.now() - began;
    for (let before = first, awake = 0; ;) {
      const times = timesOf(before, WAKING.each);
      const [now] = await timeGroups(this.#device, [repeated(commands, times)]);
      awake = Math.abs(before / (now! / times) - 1) < AWAKE ? awake + 1 : 0;
      before = now! / times;
      if (since() > WAKING.most || (awake > 1 && since() > WAKING.least)) return before;
    }
  }

  /** Of what it takes to what the first candidate takes; infinite where it can't be the fastest. */
  async #ratio(
    lowered: Lowered,
    first: readonly DispatchCommand[],
    once: number,
    best: number,
  ): Promise<number> {
    const ready = await this.#prepare(lowered);
    if (!ready) return Infinity;
    try {
      const own = await this.#settledTime(ready.commands);
      if (own > this.#device.options.submission) return Infinity;
      const compare = async (times: number, otherTimes: number): Promise<number> => {
        const others = repeated(first, otherTimes);
        const groups = [others, repeated(ready.commands, times), others];
        const [before, between, after] = await timeGroups(this.#device, groups);
        return between! / times / ((before! + after!) / (2 * otherTimes));
      };
      const guess = await compare(1, 1);
      if (guess > HOPELESS * best) return Infinity;
      const ratios: number[] = [];
      for (let timing = 0; timing < TIMINGS; timing++)
        ratios.push(await compare(timesOf(guess * once, ENOUGH), timesOf(once, ENOUGH)));
      return ratios.sort((a, b) => a - b)[Math.floor(TIMINGS / 2)]!;
    } finally {
      ready.free();
    }
  }

  /**
   * The less of two runs: the first one clears memory, and some drivers (lavapipe) compile only then; the
   * second is of a GPU that may have fallen asleep.
   */
  async #settledTime(commands: readonly DispatchCommand[]): Promise<number> {
    const first = await this.#oneByOne(commands);
    return Math.min(first, await this.#oneByOne(commands));
  }

  /** Milliseconds by the clock, each command in a submission of its own, which no watchdog minds. */
  async #oneByOne(commands: readonly DispatchCommand[]): Promise<number> {
    const { gpu } = this.#device;
    const began = performance.now();
    for (const command of commands) {
      gpu.queue.submit([encode(gpu, [command])]);
      await this.#device.settled(gpu.queue.onSubmittedWorkDone());
    }
    return performance.now() - began;
  }
}

/** How often something that takes so long is to be done, to take `enough` milliseconds. */
function timesOf(once: number, enough: number): number {
  return Math.max(1, Math.min(MOST_TIMES, Math.ceil(enough / once)));
}

function repeated(commands: readonly DispatchCommand[], times: number): DispatchCommand[] {
  return Array.from({ length: times }, () => commands).flat();
}

function noStates(name: string): never {
  throw new RangeError(`A product alone has no state ${name}.`);
}

/** By which number a product is scaled changes no plan; whether it is does: some kernels can't. */
function keyOf({ scale, ...product }: Product): string {
  const entries = Object.entries({ ...product, scaled: scale !== 1 });
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const workOf = ({ batch, rows, columns, inner }: Product): number =>
  sizeOf(batch) * rows * columns * inner;

/** The dispatches of one product, by one plan, on operands that nobody has written. */
function lowerAlone(product: Product, plan: MatmulPlan, { traits, options }: Device): Lowered {
  const { rows, columns, inner, batch, batchA, batchB, bias, residual } = product;
  const lowering = new Lowering(new GraphBuilder().build(), traits, { mostWork: options.work });
  const y = lowering.temporary(sizeOf(batch) * rows * columns);
  const epilogue = [
    ...(bias ? [lowering.temporary(columns)] : []),
    ...(residual ? [lowering.temporary(y.size)] : []),
  ];
  const a = lowering.temporary(matricesOf(batch, batchA) * rows * inner);
  const b = lowering.temporary(matricesOf(batch, batchB) * inner * columns);
  multiply(lowering, product, [a, b, ...epilogue], y, plan);
  const none = { outputs: new Map(), saves: [], parts: [], copies: [] };
  return { dispatches: lowering.dispatches, ...none };
}

/** How many matrices an operand has whose strides over the result's axes are these. */
function matricesOf(batch: readonly number[], strides: readonly number[]): number {
  return batch.reduce((count, length, axis) => (strides[axis] === 0 ? count : count * length), 1);
}
