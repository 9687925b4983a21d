/**
 * The oracle: a slow interpreter whose formulas can be read, in float64, against which the other
 * backends are tested. Data goes in and out as f32 like everywhere; the `...Exact` methods keep all
 * digits, for tests against finite differences and outside golden numbers.
 *
 * Not covered: speed. A model of a million parameters takes minutes a step here.
 */
import { GlassboxError } from '../../../base/errors';
import { sizeOf } from '../../graph/graph';
import type { Graph, Shape } from '../../graph/graph';
import type { Backend, Feeds, Precision, Program, Results, Store } from '../backend';
import { checkFeeds, checkStates, refuseKnown } from '../feeds';
import { evaluate } from './interpreter';

export interface ReferenceBackend extends Backend {
  allocate(states: ReadonlyMap<string, Shape>): Promise<ReferenceStore>;
}

export interface ReferenceStore extends Store {
  compile(graph: Graph): Promise<ReferenceProgram>;
  writeExact(name: string, data: Float64Array): void;
  readExact(name: string): Float64Array;
}

export interface ReferenceProgram extends Program {
  /** As `run`, with the outputs in full precision. */
  runExact(feeds: Feeds): Readonly<Record<string, Float64Array>>;
}

/** With `f16` it rounds the factors of products to half floats, and is an oracle of that too. */
export function openReference(options: { precision?: Precision } = {}): Promise<ReferenceBackend> {
  const { precision = 'f32' } = options;
  return Promise.resolve({
    name: 'reference',
    adapter: 'plain TypeScript, float64',
    precision,
    // A promise even where it throws: callers await it.
    allocate: (states) => Promise.resolve().then(() => new Tensors(states, precision)),
    dispose: () => Promise.resolve(),
  });
}

class Tensors implements ReferenceStore {
  readonly concurrent = false;
  readonly #states: Map<string, Shape>;
  readonly #data = new Map<string, Float64Array>();
  readonly #precision: Precision;
  #disposed = false;

  constructor(states: ReadonlyMap<string, Shape>, precision: Precision) {
    this.#precision = precision;
    this.#states = new Map(states);
    for (const [name, shape] of states) this.#data.set(name, new Float64Array(sizeOf(shape)));
  }

  get states(): ReadonlyMap<string, Shape> {
    return this.#states;
  }

  async add(states: ReadonlyMap<string, Shape>): Promise<void> {
    await Promise.resolve();
    this.#refuseIfDisposed();
    refuseKnown(this.#states, states);
    for (const [name, shape] of states) {
      this.#states.set(name, shape);
      this.#data.set(name, new Float64Array(sizeOf(shape)));
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    await Promise.resolve();
    for (const name of names) this.#tensor(name);
    for (const name of names) {
      this.#states.delete(name);
      this.#data.delete(name);
    }
  }

  async write(name: string, data: Float32Array): Promise<void> {
    await Promise.resolve();
    this.writeExact(name, Float64Array.from(data));
  }

  async read(name: string): Promise<Float32Array> {
    await Promise.resolve();
    return Float32Array.from(this.readExact(name));
  }

  writeExact(name: string, data: Float64Array): void {
    const length = this.#tensor(name).length;
    if (data.length !== length) {
      throw new GlassboxError(
        'backend-feed',
        `State ${name} has ${length} elements, not ${data.length}.`,
      );
    }
    this.#data.set(name, data.slice());
  }

  readExact(name: string): Float64Array {
    return this.#tensor(name).slice();
  }

  async compile(graph: Graph): Promise<ReferenceProgram> {
    await Promise.resolve();
    this.#refuseIfDisposed();
    checkStates(graph, this.#states);
    let disposed = false;
    const runExact = (feeds: Feeds): Readonly<Record<string, Float64Array>> => {
      this.#refuseIfDisposed();
      if (disposed) throw gone('program');
      checkFeeds(graph, feeds);
      const inputs = new Map(
        Object.entries(feeds).map(([name, data]) => [name, Float64Array.from(data)]),
      );
      const { outputs, updates } = evaluate(graph, { inputs, states: this.#data }, this.#precision);
      for (const [name, data] of updates) this.#data.set(name, data);
      return Object.fromEntries([...outputs].map(([name, data]) => [name, data.slice()]));
    };
    return {
      runExact,
      run: async (feeds): Promise<Results> => {
        await Promise.resolve();
        const exact = Object.entries(runExact(feeds));
        return Object.fromEntries(exact.map(([name, data]) => [name, Float32Array.from(data)]));
      },
      dispose: () => {
        disposed = true;
        return Promise.resolve();
      },
    };
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    this.#data.clear();
    return Promise.resolve();
  }

  #tensor(name: string): Float64Array {
    this.#refuseIfDisposed();
    const data = this.#data.get(name);
    if (data) return data;
    throw new GlassboxError('backend-feed', `The store has no state ${name}.`);
  }

  #refuseIfDisposed(): void {
    if (this.#disposed) throw gone('store');
  }
}

function gone(what: string): GlassboxError {
  return new GlassboxError('backend-disposed', `This ${what} was disposed of already.`);
}
