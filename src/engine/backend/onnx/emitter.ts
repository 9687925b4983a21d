/**
 * Collects ONNX nodes while a graph is lowered: names results, shares equal constants, and keeps
 * what a forward operator computed on the way, so that its backward operator need not do it again.
 */
import type { Shape } from '../../graph/graph';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './protobuf';

type Plain = number | string | readonly number[] | { readonly float: number };

export class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #constants = new Map<string, string>();
  readonly #kept = new Map<string, string>();
  /** Result of a reshape -> what it reshaped. */
  readonly #reshaped = new Map<string, string>();
  #names = 0;

  /** Emits one node with one result. Numbers become ints; `{ float }` says otherwise. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Plain>> = {},
    options: { domain?: string; output?: string } = {},
  ): string {
    const output = options.output ?? this.name();
    this.nodeWith(operator, inputs, [output], attributes, options.domain);
    return output;
  }

  /** Emits one node with the results named; an empty name leaves one out. */
  nodeWith(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Plain>> = {},
    domain = '',
  ): void {
    const encoded = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, toAttribute(value)]),
    );
    this.nodes.push({ operator, domain, inputs, outputs, attributes: encoded });
  }

  name(): string {
    return `t${this.#names++}`;
  }

  floats(values: readonly number[] | Float32Array, shape: Shape): string {
    return this.#constant('f32', Float32Array.from(values), shape);
  }

  scalar(value: number): string {
    return this.floats([value], [1]);
  }

  longs(values: readonly number[]): string {
    return this.#constant('i64', BigInt64Array.from(values, BigInt), [values.length]);
  }

  ints(values: Int32Array, shape: Shape): string {
    return this.#constant('i32', values, shape);
  }

  /** A reshape of a reshape is one of what that reshaped; the first falls away if nothing else needs it. */
  reshape(x: string, shape: Shape): string {
    const source = this.#reshaped.get(x);
    const name = this.node('Reshape', [source ?? x, this.longs(shape)]);
    this.#reshaped.set(name, source ?? x);
    return name;
  }

  /** The nodes that `results` need, in order. */
  needed(results: Iterable<string>): OnnxNode[] {
    const wanted = new Set(results);
    const nodes: OnnxNode[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some((output) => wanted.has(output))) continue;
      for (const input of node.inputs) wanted.add(input);
      nodes.push(node);
    }
    return nodes.reverse();
  }

  /** The name under `key`, made the first time that it is asked for. */
  once(key: string, make: () => string): string {
    let name = this.#kept.get(key);
    if (name === undefined) {
      name = make();
      this.#kept.set(key, name);
    }
    return name;
  }

  keep(key: string, name: string): void {
    this.#kept.set(key, name);
  }

  kept(key: string): string | undefined {
    return this.#kept.get(key);
  }

  #constant(type: OnnxTensor['type'], data: OnnxTensor['data'], shape: Shape): string {
    const small = data.length <= 16;
    const key = `${type}[${shape.join()}]${data.join()}`;
    const known = small ? this.#constants.get(key) : undefined;
    if (known !== undefined) return known;
    const name = this.name();
    this.initializers.push({ name, type, shape, data });
    if (small) this.#constants.set(key, name);
    return name;
  }
}

function toAttribute(value: Plain): OnnxAttribute {
  if (typeof value === 'number') return { int: value };
  if (typeof value === 'string') return { text: value };
  return 'float' in value ? value : { ints: value };
}
