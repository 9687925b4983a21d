/**
 * Finds the fastest kernel for each matrix product by trying the likely ones on the very GPU, for some
 * seconds in all, the largest products first. What was found is kept (tuningCache.ts), and once chosen
 * a plan stays: another one would add up in another order, and equal runs must give equal bits. What
 * there was no time for is computed as estimated, and tried the next time.
 *
 * Each candidate runs on memory of its own, a few times in a row, three times over; the median counts.
 */
import { isDeepStrictEqual } from 'node:util';
import { hasCode } from '../../../base/errors';
import { GraphBuilder, sizeOf } from '../../graph/graph';
import type { CompileOptions } from '../backend';
import type { AdapterFacts } from './adapters';
import { encode } from './commands';
import type { Command } from './commands';
import type { Device } from './device';
import { candidateMatmuls } from './kernels/matmul';
import type { MatmulPlan, Product } from './kernels/matmul';
import { Lowering } from './lowering';
import type { Lowered } from './lowering';
import { multiply } from './productRules';
import { timeCommands } from './profile';
import { makeReady } from './program';
import { addEntries, readEntries } from './tuningCache';
import type { Entry } from './tuningCache';

/** What one timing should take, in milliseconds, and how often a product is computed in it at most. */
const ENOUGH = 2;
const MOST_TIMES = 20;
const TIMINGS = 3;
/** A candidate that takes so many times as long as the best so far is tried no further. */
const HOPELESS = 3;

interface TunerParts {
  readonly device: Device;
  readonly adapter: string;
  readonly file: string;
  readonly budget: number;
  readonly kept: ReadonlyMap<string, Entry>;
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
    try {
      for (const [index, [key, product]] of ordered.entries()) {
        if (performance.now() > end) break;
        onProgress?.({ doing: 'tune', done: index + 1, total: ordered.length });
        const best = await this.#fastest(product, end);
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

  /** Undefined where the time is over before all that could be fastest have been tried. */
  async #fastest(
    product: Product,
    end: number,
  ): Promise<{ readonly plan: MatmulPlan; readonly milliseconds: number } | undefined> {
    const plans = candidateMatmuls(product, this.#device.traits);
    if (plans.length === 1) return { plan: plans[0]!, milliseconds: 0 };
    const lowered = plans.map((plan) => lowerAlone(product, plan, this.#device));
    // In parallel; whether one fails is seen when it is timed.
    await Promise.allSettled(
      lowered.flatMap(({ dispatches }) =>
        dispatches.map(({ kernel }) => this.#device.pipeline(kernel)),
      ),
    );
    let best: { plan: MatmulPlan; milliseconds: number } | undefined;
    for (const [index, each] of lowered.entries()) {
      if (performance.now() > end) return undefined;
      const milliseconds = await this.#time(each, best?.milliseconds ?? Infinity);
      if (milliseconds < (best?.milliseconds ?? Infinity))
        best = { plan: plans[index]!, milliseconds };
    }
    return best;
  }

  /** Milliseconds of one product; infinite where it can't be the fastest, has no room or won't compile. */
  async #time(lowered: Lowered, best: number): Promise<number> {
    const device = this.#device;
    try {
      const { commands, own } = await makeReady(lowered, device, noStates);
      try {
        // The first run clears memory and wakes the GPU; nobody knows yet how long it takes.
        const first = await this.#oneByOne(commands);
        if (first > device.options.submission) return first;
        const once = await this.#milliseconds(commands, 1);
        if (once > HOPELESS * best) return Infinity;
        const times = Math.max(1, Math.min(MOST_TIMES, Math.ceil(ENOUGH / once)));
        const timings: number[] = [];
        for (let round = 0; round < TIMINGS; round++)
          timings.push((await this.#milliseconds(commands, times)) / times);
        return timings.sort((a, b) => a - b)[Math.floor(TIMINGS / 2)]!;
      } finally {
        for (const buffer of own) device.free(buffer);
      }
    } catch (thrown) {
      // A driver may refuse what its features promise: the others are still to be had.
      const refused = hasCode(thrown, 'backend-memory') || hasCode(thrown, 'backend-compile');
      if (refused && !device.lost) return Infinity;
      throw thrown;
    }
  }

  /** Milliseconds by the clock, each command in a submission of its own, which no watchdog minds. */
  async #oneByOne(commands: readonly Command[]): Promise<number> {
    const { gpu } = this.#device;
    const began = performance.now();
    for (const command of commands) {
      gpu.queue.submit([encode(gpu, [command])]);
      await this.#device.settled(gpu.queue.onSubmittedWorkDone());
    }
    return performance.now() - began;
  }

  async #milliseconds(commands: readonly Command[], times: number): Promise<number> {
    const repeated = Array.from({ length: times }, () => commands).flat();
    return (await timeCommands(this.#device, repeated, 'whole')).gpu;
  }
}

function noStates(name: string): never {
  throw new RangeError(`A product alone has no state ${name}.`);
}

/** The scale costs nothing and changes no plan. */
function keyOf(product: Product): string {
  const entries = Object.entries({ ...product, scale: 1 });
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
