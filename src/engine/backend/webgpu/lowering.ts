/**
 * From a graph to the list of dispatches that computes it: walks the nodes in order and lets each
 * operator's rule (rules.ts) say which kernels run on which tensors. A reshape costs nothing: it is
 * another name of the same tensor. Where the tensors lie in memory is decided afterwards (plan.ts).
 */
import { GlassboxError } from '../../../base/errors';
import { describe, sizeOf } from '../../graph/graph';
import type { Graph, Node, Shape, Value } from '../../graph/graph';
import { inBands, MOST_WORK } from './bands';
import type { Traits } from './device';
import type { Kernel } from './kernel';
import { chooseMatmul } from './matmulChoice';
import type { MatmulPlan, Product } from './kernels/matmul';
import { findReaders } from './uses';
import type { Readers } from './uses';

/** What a run computes on: a piece of GPU memory that holds one value, row-major. */
export interface Tensor {
  readonly id: number;
  /** Elements, of four bytes each. */
  readonly size: number;
  readonly from:
    | { readonly kind: 'input'; readonly name: string }
    /** `half`: the state rounded to half floats, two in the place of one element; see `halved`. */
    | { readonly kind: 'state'; readonly name: string; readonly half?: true }
    | { readonly kind: 'constant'; readonly data: Float32Array | Int32Array }
    /** Written by a dispatch of this run, and forgotten after it. */
    | { readonly kind: 'computed' };
  /** Set where this is a run of elements of another tensor; see `Lowering.part`. */
  readonly within?: { readonly whole: Tensor; readonly start: number };
}

/** What a tensor takes, or a part of one: no buffer, and no binding, is empty. */
export const bytesOf = ({ size }: Pick<Tensor, 'size'>): number => Math.max(4, size * 4);

/** Where parts of a tensor may begin: WebGPU binds a buffer from multiples of 256 bytes on. */
export const PART_ALIGNMENT = 64;

/** The tensor that has memory of its own: the one that this is a part of, or itself. */
export function wholeOf(tensor: Tensor): Tensor {
  return tensor.within?.whole ?? tensor;
}

export interface Dispatch {
  readonly kernel: Kernel;
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Multiply-adds, or as many other operations. */
  readonly work: number;
  /** For a kernel over a stretch of its workgroups: which stretch; see bands.ts. */
  readonly band?: Tensor;
}

export interface Copy {
  readonly from: Tensor;
  readonly to: Tensor;
}

/** In the order in which a run does it; so that every read sees what was there before the run. */
export interface Lowered {
  readonly dispatches: readonly Dispatch[];
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Old states that others are updated with, put aside before the first is overwritten. */
  readonly saves: readonly Copy[];
  /** Dispatches that write into a part of a state. */
  readonly parts: readonly Dispatch[];
  /** Whole states. */
  readonly copies: readonly Copy[];
}

export interface LoweringOptions {
  /** Of products for which a plan is known. */
  readonly planFor?: ((product: Product) => MatmulPlan | undefined) | undefined;
  /** Multiply-adds that one dispatch may have. Default: `MOST_WORK`. */
  readonly mostWork?: number | undefined;
  /** States that the program only reads never change; see `halved`. */
  readonly frozen?: boolean;
}

/** How many dispatches ago is lately. */
const LATELY = 12;

interface Lately {
  readonly from: Tensor;
  readonly form: string;
  readonly made: Tensor;
  /** After how many dispatches it was last asked for. */
  readonly wanted: number;
}

/** What a rule works with. */
export class Lowering {
  readonly traits: Traits;
  readonly dispatches: Dispatch[] = [];
  /** What one node's rule leaves for another's, under a name that they agree on. */
  readonly left = new Map<string, Tensor>();
  readonly #graph: Graph;
  readonly #tensors = new Map<number, Tensor>();
  readonly #states = new Map<string, Tensor>();
  readonly #options: LoweringOptions;
  readonly #halved = new Map<string, Tensor>();
  /** What `lately` made, asked for last at the end. */
  #lately: readonly Lately[] = [];
  /** States whose new value their last reader has already written in place. */
  readonly #replaced = new Set<string>();
  readonly #readers: Readers;
  #count = 0;

  constructor(graph: Graph, traits: Traits, options: LoweringOptions = {}) {
    this.#graph = graph;
    this.#options = options;
    this.traits = traits;
    this.#readers = findReaders(graph, true);
  }

  /** The tensor of a value that an earlier node gave, or a new one for an output of this node. */
  of(value: Value): Tensor {
    const known = this.#tensors.get(value.id);
    if (known) return known;
    const tensor = this.temporary(sizeOf(value.shape));
    this.#tensors.set(value.id, tensor);
    return tensor;
  }

  /** Room for `size` elements that only this run's dispatches see. */
  temporary(size: number): Tensor {
    return { id: this.#count++, size, from: { kind: 'computed' } };
  }

  /** A tensor that holds these elements in every run. */
  constant(data: Float32Array | Int32Array): Tensor {
    return { id: this.#count++, size: data.length, from: { kind: 'constant', data } };
  }

  /**
   * `size` elements of a tensor from `from` on, in its whole a multiple of `PART_ALIGNMENT`, for a dispatch to read
   * or write as if they were all there is.
   */
  part(of: Tensor, from: number, size: number): Tensor {
    const { whole, start: first } = of.within ?? { whole: of, start: 0 };
    const start = first + from;
    if (start % PART_ALIGNMENT !== 0) throw new RangeError(`No part can begin at ${start}.`);
    return { id: this.#count++, size, from: whole.from, within: { whole, start } };
  }

  /**
   * The same numbers as half floats, where the program multiplies in those and the tensor is a state
   * that stays as it is, whole; else undefined. Of a multiple of eight elements.
   */
  halved({ size, from, within }: Tensor): Tensor | undefined {
    if (this.traits.precision !== 'f16' || !this.#options.frozen || within) return undefined;
    if (from.kind !== 'state' || size % 8 !== 0) return undefined;
    const { name } = from;
    if (this.#graph.updates.some(({ state }) => state === name)) return undefined;
    const known = this.#halved.get(name);
    const half: Tensor = known ?? {
      id: this.#count++,
      size: size / 2,
      from: { kind: 'state', name, half: true },
    };
    this.#halved.set(name, half);
    return half;
  }

  /** Gives a value the tensor of another: a reshape, or an update in place. */
  alias(value: Value, tensor: Tensor): void {
    this.#tensors.set(value.id, tensor);
  }

  leaf(value: Value, from: Tensor['from']): void {
    const tensor = { id: this.#count++, size: sizeOf(value.shape), from };
    this.#tensors.set(value.id, tensor);
    if (from.kind === 'state') this.#states.set(from.name, tensor);
  }

  /** The number that a value always is, where it is a constant of one element. */
  scalarOf(value: Value): number | undefined {
    const { from, size } = this.of(value);
    return from.kind === 'constant' && size === 1 ? from.data[0] : undefined;
  }

  /**
   * What `make` computes from a tensor, in a form that has a name: made anew unless it was wanted so a few
   * dispatches ago. To keep it for longer would cost more memory than it saves time.
   */
  lately(from: Tensor, form: string, make: () => Tensor): Tensor {
    const oldest = this.dispatches.length - LATELY;
    const lately = this.#lately.filter(({ wanted }) => wanted >= oldest);
    const known = lately.find((each) => each.from.id === from.id && each.form === form);
    const made = known?.made ?? make();
    const wanted = { from, form, made, wanted: this.dispatches.length };
    this.#lately = [...lately.filter((each) => each !== known), wanted];
    return made;
  }

  /** How a product is computed on this device: what was found fastest, else what is estimated to be. */
  planFor(product: Product): MatmulPlan {
    return this.#options.planFor?.(product) ?? chooseMatmul(product, this.traits);
  }

  /** Default for `work`: an operation for each element. */
  dispatch(
    kernel: Kernel,
    reads: readonly Tensor[],
    writes: readonly Tensor[],
    workgroups: readonly [x: number, y: number, z: number],
    work = [...reads, ...writes].reduce((sum, { size }) => sum + size, 0),
  ): void {
    const dispatch = { kernel, reads, writes, workgroups, work };
    const written = new Set(writes.map(wholeOf));
    this.#lately = this.#lately.filter(({ from }) => !written.has(wholeOf(from)));
    this.dispatches.push(...inBands(dispatch, this.#options.mostWork ?? MOST_WORK, this));
  }

  /**
   * True where `node` may write `output` over the state that is its input `read`: that is the state's
   * update, and nobody reads afterwards what the state was before. The update then costs no copy.
   */
  replaces(node: Node, read: Value, output: Value): boolean {
    const { from } = this.of(read);
    const readers = this.#readers.get(read.id);
    if (from.kind !== 'state' || !readers) return false;
    if (readers.indexOf(node) !== readers.length - 1) return false;
    return this.#graph.updates.some(
      (update) => update.state === from.name && update.value === output && !update.at,
    );
  }

  /** Writes `output` over the state that `read` is; see `replaces`. */
  replace(read: Value, output: Value): Tensor {
    const tensor = this.of(read);
    if (tensor.from.kind === 'state') this.#replaced.add(tensor.from.name);
    this.alias(output, tensor);
    return tensor;
  }

  /**
   * As `replaces`, for a state of which `part` becomes a part, from `offset` on: `node` alone reads the state,
   * and nobody wants the part for anything else. It may then be written where it belongs, if the node looks at
   * nothing else there.
   */
  replacesPart(node: Node, read: Value, part: Value, at: { axis: number; offset: Value }): boolean {
    const { from } = this.of(read);
    const only = (value: Value): Node | string | undefined => {
      const readers = this.#readers.get(value.id) ?? [];
      return readers.length === 1 ? readers[0] : undefined;
    };
    if (from.kind !== 'state' || only(read) !== node || only(part) !== 'outside') return false;
    return this.#graph.updates.some(
      (update) =>
        update.state === from.name &&
        update.value === part &&
        update.at?.axis === at.axis &&
        update.at.offset === at.offset,
    );
  }

  /** The part of the state that `read` is has been written; see `replacesPart`. */
  replacePart(read: Value): void {
    const { from } = this.of(read);
    if (from.kind === 'state') this.#replaced.add(from.name);
  }

  finish(assignParts: (parts: readonly Part[], lowering: Lowering) => Dispatch[]): Lowered {
    const outputs = new Map(
      [...this.#graph.outputs].map(([name, value]) => [name, this.of(value)] as const),
    );
    const saves: Copy[] = [];
    const saved = (from: Tensor): Tensor => {
      if (from.from.kind !== 'state') return from;
      const to = this.temporary(from.size);
      saves.push({ from, to });
      return to;
    };
    const parts: Part[] = [];
    const copies: Copy[] = [];
    for (const { state, value, at } of this.#graph.updates) {
      if (this.#replaced.has(state)) continue;
      const to = this.#stateOf(state);
      const from = saved(this.of(value));
      if (at)
        parts.push({ state: to, shape: this.#graph.states.get(state)!.shape, value, from, ...at });
      else copies.push({ from, to });
    }
    return {
      ...{ dispatches: this.dispatches, outputs, saves, copies },
      parts: assignParts(parts, this),
    };
  }

  /** A state that is only written has no node. */
  #stateOf(name: string): Tensor {
    const known = this.#states.get(name);
    if (known) return known;
    const value = this.#graph.states.get(name);
    if (!value) throw new GlassboxError('backend-compile', `The graph has no state ${name}.`);
    this.leaf(value, { kind: 'state', name });
    return this.of(value);
  }
}

/** An update of a part of a state: `value`'s extent along `axis` from `offset` on. */
export interface Part {
  readonly state: Tensor;
  readonly shape: Shape;
  readonly value: Value;
  readonly from: Tensor;
  readonly axis: number;
  readonly offset: Value;
}

/** For a rule that cannot lower its node on this device. */
export function cannotLower(node: Node, why: string): GlassboxError {
  const shown = node.outputs.map(describe).join(', ');
  return new GlassboxError(
    'backend-compile',
    `WebGPU cannot compute ${node.op} -> ${shown}: ${why}.`,
  );
}
