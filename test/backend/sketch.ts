/**
 * A graph together with the data that it is run on: seeded states and feeds, made as the graph is
 * built, and one call that runs the whole on a backend.
 */
import { Rng } from '../../src/base/rng';
import type { Backend, Feeds } from '../../src/engine/backend/backend';
import { openReference } from '../../src/engine/backend/reference/reference';
import { differentiate, GraphBuilder, sizeOf } from '../../src/engine/graph/graph';
import type { Graph, Shape, Value } from '../../src/engine/graph/graph';

/** How to draw one number. */
export type Draw = (rng: Rng) => number;
export const normal: Draw = (rng) => rng.normal();
export const normalTimes =
  (scale: number): Draw =>
  (rng) =>
    scale * rng.normal();
export const between =
  (low: number, high: number): Draw =>
  (rng) =>
    low + (high - low) * rng.uniform();
/** Of either sign and at least 0.5 away from zero. */
export const awayFromZero: Draw = (rng) => (rng.uniform() < 0.5 ? -1 : 1) * (0.5 + rng.uniform());

export interface State {
  readonly value: Value;
  readonly data: Float32Array;
}

export class Sketch {
  readonly graph = new GraphBuilder();
  readonly states = new Map<string, State>();
  readonly feeds: Record<string, Float32Array | Int32Array> = {};
  readonly #rng: Rng;
  #names = 0;

  constructor(seed = 1) {
    this.#rng = new Rng(seed);
  }

  /** A state filled with drawn numbers: what gradients are taken of. */
  tensor(shape: Shape, draw: Draw = normal): Value {
    return this.tensorOf(this.#draws(shape, draw), shape);
  }

  tensorOf(data: Float32Array, shape: Shape, name = this.#name('state')): Value {
    const value = this.graph.state(name, shape);
    this.states.set(name, { value, data });
    return value;
  }

  fed(shape: Shape, draw: Draw = normal): Value {
    return this.#feed('f32', this.#draws(shape, draw), shape);
  }

  fedWith(data: readonly number[], shape: Shape): Value {
    return this.#feed('f32', Float32Array.from(data), shape);
  }

  /** Ids drawn from [0, bound). */
  ids(shape: Shape, bound: number): Value {
    const ids = Int32Array.from({ length: sizeOf(shape) }, () => this.#rng.below(bound));
    return this.integers(ids, shape);
  }

  integers(data: Iterable<number>, shape: Shape): Value {
    return this.#feed('i32', Int32Array.from(data), shape);
  }

  /**
   * A loss that every element of each value moves differently: the sum of all elements, each times
   * a drawn constant.
   */
  lossOf(values: readonly Value[]): Value {
    const { graph } = this;
    const parts = values.map((value) => {
      const factors = graph.constant(this.#draws(value.shape, awayFromZero), value.shape);
      return graph.total(graph.multiply(value, factors));
    });
    return parts.reduce((sum, part) => graph.add(sum, part));
  }

  /** Adds the outputs `loss` and, for each state that it depends on, `d <state>`. */
  outputGradients(loss: Value): void {
    const states = [...this.states];
    const gradients = differentiate(
      this.graph,
      loss,
      states.map(([, { value }]) => value),
    );
    this.graph.output('loss', loss);
    states.forEach(([name], i) => this.graph.output(`d ${name}`, gradients[i]!));
  }

  #draws(shape: Shape, draw: Draw): Float32Array {
    return Float32Array.from({ length: sizeOf(shape) }, () => draw(this.#rng));
  }

  #feed(dtype: 'f32' | 'i32', data: Float32Array | Int32Array, shape: Shape): Value {
    const name = this.#name('input');
    this.feeds[name] = data;
    return this.graph.input(name, dtype, shape);
  }

  #name(kind: string): string {
    return `${kind}${this.#names++}`;
  }
}

/** Named numbers: the outputs of a run, and the states after it as `after <name>`. */
export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** Runs the sketch once on a store of its own. */
export async function runOn(backend: Backend, sketch: Sketch, graph: Graph): Promise<Numbers> {
  const shapes = [...sketch.states].map(([name, { value }]) => [name, value.shape] as const);
  const store = await backend.allocate(new Map(shapes));
  try {
    for (const [name, { data }] of sketch.states) await store.write(name, data);
    const program = await store.compile(graph);
    const results: Record<string, ArrayLike<number>> = { ...(await program.run(sketch.feeds)) };
    for (const [name] of sketch.states) results[`after ${name}`] = await store.read(name);
    return results;
  } finally {
    await store.dispose();
  }
}

/** As `runOn`, on the oracle and with its full precision; `states` replaces what the sketch holds. */
export async function runExactly(
  sketch: Sketch,
  graph: Graph,
  states?: ReadonlyMap<string, Float64Array>,
): Promise<Numbers> {
  const shapes = [...sketch.states].map(([name, { value }]) => [name, value.shape] as const);
  const store = await (await openReference()).allocate(new Map(shapes));
  for (const [name, { data }] of sketch.states) {
    store.writeExact(name, states?.get(name) ?? Float64Array.from(data));
  }
  const program = await store.compile(graph);
  const feeds: Feeds = sketch.feeds;
  const results: Record<string, ArrayLike<number>> = { ...program.runExact(feeds) };
  for (const [name] of sketch.states) results[`after ${name}`] = store.readExact(name);
  return results;
}
