/**
 * A graph in the making: the nodes so far, the leaves they start from and what leaves the graph. What
 * an operator's node looks like is for the classes that build on this one to say.
 */
import { GlassboxError } from '../../base/errors';
import type {
  Attributes,
  DType,
  Graph,
  Node,
  OperatorName,
  Shape,
  Update,
  Value,
} from './operators';
import { checkLengths, sameShape, shapeError, sizeOf } from './shapes';

export class GraphDraft {
  readonly #nodes: Node[] = [];
  readonly #producers = new Map<number, Node>();
  readonly #inputs = new Map<string, Value>();
  readonly #states = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #updates: Update[] = [];
  #values = 0;

  // --- Leaves -------------------------------------------------------------------------------

  input(name: string, dtype: DType, shape: Shape): Value {
    return this.#named(this.#inputs, 'input', name, dtype, shape);
  }

  state(name: string, shape: Shape): Value {
    return this.#named(this.#states, 'state', name, 'f32', shape);
  }

  constant(data: Float32Array | Int32Array, shape: Shape): Value {
    if (data.length !== sizeOf(shape)) {
      throw new GlassboxError(
        'graph-shape',
        `constant has ${data.length} elements, not the ${sizeOf(shape)} of [${shape.join(', ')}].`,
      );
    }
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    return this.one('constant', { data }, [], dtype, shape);
  }

  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), [1]);
  }

  // --- Results ------------------------------------------------------------------------------

  output(name: string, value: Value): void {
    if (this.#outputs.has(name)) throw duplicate('output', name);
    this.producer(value);
    this.floats(`output ${name}`, value);
    this.#outputs.set(name, value);
  }

  /** After the run, the state holds the value. */
  assign(state: Value, value: Value): void {
    if (!sameShape(state.shape, value.shape))
      throw shapeError('assign', [state, value], 'equal shapes');
    this.#update(state, value, undefined);
  }

  /** After the run, the state's part from `offset` [1] on along `axis` holds the value. */
  assignAt(state: Value, value: Value, axis: number, offset: Value): void {
    const fits =
      state.shape.length === value.shape.length &&
      state.shape[axis] !== undefined &&
      state.shape.every((length, i) =>
        i === axis ? value.shape[i]! <= length : value.shape[i] === length,
      );
    if (!fits)
      throw shapeError('assignAt', [state, value], `shapes that differ only along axis ${axis}`);
    if (offset.dtype !== 'i32' || !sameShape(offset.shape, [1]))
      throw shapeError('assignAt', [state, value, offset], 'an offset i32 [1]');
    this.#update(state, value, { axis, offset });
  }

  /** The node that made a value. */
  producer(value: Value): Node {
    const node = this.#producers.get(value.id);
    if (!node?.outputs.includes(value)) {
      throw new GlassboxError('graph-foreign', `${value.label} belongs to another graph.`);
    }
    return node;
  }

  /** All nodes so far, each after its inputs. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The finished graph, without the nodes that no output and no update needs. */
  build(): Graph {
    const needed = new Set<Node>();
    const pending = [...this.#outputs.values()];
    for (const { value, at } of this.#updates) pending.push(value, ...(at ? [at.offset] : []));
    for (let value = pending.pop(); value; value = pending.pop()) {
      const node = this.producer(value);
      if (needed.has(node)) continue;
      needed.add(node);
      pending.push(...node.inputs);
    }
    return {
      nodes: this.#nodes.filter((node) => needed.has(node)),
      inputs: new Map(this.#inputs),
      states: new Map(this.#states),
      outputs: new Map(this.#outputs),
      updates: [...this.#updates],
    };
  }

  // --- For operators ------------------------------------------------------------------------

  /** Throws `graph-shape` unless all are f32. */
  protected floats(op: string, ...values: readonly Value[]): void {
    if (values.some((value) => value.dtype !== 'f32')) throw shapeError(op, values, 'f32');
  }

  /** Adds a node with one output. */
  protected one<Name extends OperatorName>(
    op: Name,
    attributes: Attributes[Name],
    inputs: readonly Value[],
    dtype: DType,
    shape: Shape,
    label?: string,
  ): Value {
    return this.node(op, attributes, inputs, [shape], dtype, label)[0]!;
  }

  /** Adds a node; gives its outputs, all of one type. */
  protected node<Name extends OperatorName>(
    op: Name,
    attributes: Attributes[Name],
    inputs: readonly Value[],
    shapes: readonly Shape[],
    dtype: DType = 'f32',
    label: string = op,
  ): readonly Value[] {
    for (const input of inputs) this.producer(input);
    for (const shape of shapes) checkLengths(label, shape);
    const outputs = shapes.map((shape) => ({ id: this.#values++, dtype, shape, label }));
    // Sound, but beyond the checker: a Node<Name> for some Name is one of the union's members.
    const node = { op, attributes, inputs, outputs } satisfies Node<Name> as Node;
    this.#nodes.push(node);
    for (const output of outputs) this.#producers.set(output.id, node);
    return outputs;
  }

  // --- Inside -------------------------------------------------------------------------------

  #update(state: Value, value: Value, at: Update['at']): void {
    const node = this.producer(state);
    if (node.op !== 'state') throw shapeError('assign', [state, value], 'a state to assign to');
    this.producer(value);
    this.floats('assign', value);
    const name = node.attributes.name;
    if (this.#updates.some((update) => update.state === name)) throw duplicate('update of', name);
    this.#updates.push({ state: name, value, at });
  }

  #named(
    registry: Map<string, Value>,
    op: 'input' | 'state',
    name: string,
    dtype: DType,
    shape: Shape,
  ): Value {
    if (registry.has(name)) throw duplicate(op, name);
    const value = this.one(op, { name }, [], dtype, shape, name);
    registry.set(name, value);
    return value;
  }
}

function duplicate(what: string, name: string): GlassboxError {
  return new GlassboxError('graph-duplicate', `The graph has the ${what} ${name} already.`);
}
