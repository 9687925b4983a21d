/**
 * A compiled graph: one onnxruntime session for everything but AdamW, which runs here on the
 * gradients that the session gives, in place on the store. States are fed where they lie, without a
 * copy, unless they are frozen; a whole new value of a state is taken over as the state.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GlassboxError, messageOf } from '../../../base/errors';
import { sizeOf } from '../../graph/graph';
import type { Graph, Node, Shape, Update, Value } from '../../graph/graph';
import type { CompileOptions, Feeds, Program, Results } from '../backend';
import { checkFeeds, checkStates } from '../feeds';
import { adamwInPlace } from './adamw';
import { inputName, lower, stateName } from './lowering';
import { encodeModel } from './protobuf';
import type { OnnxExternalTensor, OnnxPort } from './protobuf';

const OPSET = 21;

export interface SessionSettings {
  readonly threads: number;
}

/** What a program needs of the store whose states it reads and updates. */
export interface States {
  readonly states: ReadonlyMap<string, Shape>;
  /** The state itself, not a copy. */
  data(name: string): Float32Array;
  /** The same memory as onnxruntime takes it. */
  tensor(name: string): Tensor;
  /** Takes `data` as the state, without a copy: the caller gives it away. */
  adopt(name: string, data: Float32Array): void;
}

export async function compile(
  graph: Graph,
  store: States,
  settings: SessionSettings & CompileOptions,
): Promise<Program> {
  checkStates(graph, store.states);
  const optimizer = graph.nodes.filter((node) => node.op === 'adamw');
  const computedHere = new Set(optimizer.flatMap((node) => node.outputs.map((each) => each.id)));
  const late = graph.nodes.find((node) => node.inputs.some((input) => computedHere.has(input.id)));
  if (late) {
    throw new GlassboxError('backend-compile', `${late.op} cannot use what adamw has computed.`);
  }
  const lowering = lower(graph);

  // Everything that leaves the session: outputs, new states, what the optimizer reads.
  const fetched = new Map<string, Value>();
  const names = new Map<number, string>();
  const produced = new Set(lowering.emit.nodes.flatMap((node) => node.outputs));
  const fetch = (value: Value): void => {
    if (computedHere.has(value.id) || names.has(value.id)) return;
    const made = lowering.of(value);
    // An input or a constant cannot be an output itself, nor one result two: a copy can.
    const direct = produced.has(made) && !fetched.has(made);
    const name = direct ? made : lowering.emit.node('Identity', [made]);
    names.set(value.id, name);
    fetched.set(name, value);
  };
  const inputs = new Map([...graph.inputs].map(([name, value]) => [value.id, name]));
  for (const value of graph.outputs.values()) fetch(value);
  for (const { value, at } of graph.updates) {
    fetch(value);
    if (at && !inputs.has(at.offset.id)) fetch(at.offset);
  }
  const states = new Map([...graph.states].map(([name, value]) => [value.id, name]));
  for (const node of optimizer) {
    for (const input of node.inputs) if (!states.has(input.id)) fetch(input);
  }

  const nodes = lowering.emit.needed(fetched.keys());
  const used = new Set(nodes.flatMap((node) => node.inputs));
  const ports: OnnxPort[] = [];
  for (const [name, { dtype, shape }] of graph.inputs) {
    if (used.has(inputName(name))) ports.push({ name: inputName(name), type: dtype, shape });
  }
  const updated = new Set(graph.updates.map(({ state }) => state));
  const read = [...graph.states.keys()].filter((name) => used.has(stateName(name)));
  const isFrozen = (name: string): boolean => settings.frozen === true && !updated.has(name);
  const frozen = read.filter(isFrozen).map((name) => freeze(store, name));
  const fedStates = read.filter((name) => !isFrozen(name));
  for (const name of fedStates) {
    ports.push({ name: stateName(name), type: 'f32', shape: store.states.get(name)! });
  }
  const outputs = [...fetched].map(([name, { dtype, shape }]) => ({ name, type: dtype, shape }));
  const bytes = encodeModel({
    nodes,
    initializers: [...lowering.emit.initializers, ...frozen.map((each) => each.tensor)],
    inputs: ports,
    outputs,
    opset: OPSET,
  });
  const session = outputs.length > 0 ? await createSession(bytes, settings, frozen) : undefined;
  return new OnnxProgram({
    graph,
    store,
    session,
    names,
    states,
    optimizer,
    fedStates,
    inputs,
    frozen,
  });
}

/** A state as a constant of the session, which packs it as its kernels like it best. */
interface Frozen {
  readonly tensor: OnnxExternalTensor;
  /** Kept for as long as the session: whether that has copied all of it, it doesn't promise. */
  readonly bytes: Uint8Array;
}

function freeze(store: States, name: string): Frozen {
  const { buffer, byteOffset, byteLength } = store.data(name);
  const shape = store.states.get(name)!;
  return {
    tensor: { name: stateName(name), type: 'f32', shape, byteLength },
    bytes: new Uint8Array(buffer, byteOffset, byteLength),
  };
}

async function createSession(
  model: Uint8Array,
  settings: SessionSettings,
  frozen: readonly Frozen[],
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, {
      intraOpNumThreads: settings.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      externalData: frozen.map(({ tensor, bytes }) => ({ path: tensor.name, data: bytes })),
    });
  } catch (cause) {
    throw new GlassboxError(
      'backend-compile',
      `onnxruntime refused the graph: ${messageOf(cause)}`,
      { cause },
    );
  }
}

interface Parts {
  readonly graph: Graph;
  readonly store: States;
  readonly session: InferenceSession | undefined;
  /** Value id -> name of the session's output. */
  readonly names: ReadonlyMap<number, string>;
  /** Value id -> name of the state that it reads. */
  readonly states: ReadonlyMap<number, string>;
  readonly optimizer: readonly Node<'adamw'>[];
  readonly fedStates: readonly string[];
  /** Value id -> name of the input that it is. */
  readonly inputs: ReadonlyMap<number, string>;
  readonly frozen: readonly Frozen[];
}

class OnnxProgram implements Program {
  readonly #parts: Parts;
  #disposed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run(feeds: Feeds): Promise<Results> {
    const { graph, store, session, states, names, optimizer, inputs } = this.#parts;
    checkFeeds(graph, feeds);
    if (this.#disposed) throw new GlassboxError('backend-disposed', 'The program was disposed.');
    const fetched = session ? await this.#runSession(session, feeds) : {};

    const computed = new Map<number, Float32Array | Int32Array>();
    for (const [id, name] of inputs) computed.set(id, feeds[name]!);
    for (const [id, name] of names) {
      const data = fetched[name]?.data;
      if (data instanceof Float32Array || data instanceof Int32Array) computed.set(id, data);
    }
    const floats = (value: Value): Float32Array => {
      const state = states.get(value.id);
      const data = computed.get(value.id) ?? (state === undefined ? undefined : store.data(state));
      if (data instanceof Float32Array) return data;
      throw new GlassboxError('backend-run', `onnxruntime gave no floats for ${value.label}.`);
    };
    const assigned = new Map(graph.updates.map((update) => [update.value.id, update.state]));
    // A state that is also an output was fetched: the copy stays what it was, the state moves on.
    const current = (value: Value): Float32Array => {
      const state = states.get(value.id);
      return state === undefined ? floats(value) : store.data(state);
    };
    for (const node of optimizer) {
      const results = runAdamw(node, current, (input, output) => {
        const state = states.get(input.id);
        return state !== undefined && assigned.get(output.id) === state;
      });
      node.outputs.forEach((output, index) => computed.set(output.id, results[index]!));
    }

    const outputs: Record<string, Float32Array> = {};
    for (const [name, value] of graph.outputs) {
      const data = floats(value);
      outputs[name] = states.has(value.id) || assigned.has(value.id) ? data.slice() : data;
    }
    const taken = new Set<Float32Array>();
    for (const update of graph.updates) {
      const data = floats(update.value);
      applyUpdate(store, update, taken.has(data) ? data.slice() : data, computed);
      taken.add(data);
    }
    return outputs;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#parts.session?.release();
  }

  async #runSession(
    session: InferenceSession,
    feeds: Feeds,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const { graph, store, fedStates } = this.#parts;
    const tensors: Record<string, Tensor> = {};
    const wanted = new Set(session.inputNames);
    for (const [name, { shape }] of graph.inputs) {
      const data = feeds[name]!;
      if (!wanted.has(inputName(name))) continue;
      tensors[inputName(name)] =
        data instanceof Float32Array
          ? new Tensor('float32', data, [...shape])
          : new Tensor('int32', data, [...shape]);
    }
    for (const name of fedStates) tensors[stateName(name)] = store.tensor(name);
    try {
      return await session.run(tensors);
    } catch (cause) {
      throw new GlassboxError('backend-run', `onnxruntime failed: ${messageOf(cause)}`, { cause });
    }
  }
}

/** In place where the node reads and then replaces the same state; on copies elsewhere. */
function runAdamw(
  node: Node<'adamw'>,
  floats: (value: Value) => Float32Array,
  inPlace: (input: Value, output: Value) => boolean,
): [Float32Array, Float32Array, Float32Array] {
  const target = (index: number): Float32Array => {
    const data = floats(node.inputs[index]!);
    return inPlace(node.inputs[index]!, node.outputs[index]!) ? data : data.slice();
  };
  const scalar = (index: number): number => floats(node.inputs[index]!)[0]!;
  const [parameter, moment1, moment2] = [target(0), target(1), target(2)];
  const gradient = floats(node.inputs[3]!);
  const scalars = {
    learningRate: scalar(4),
    correction1: scalar(5),
    correction2: scalar(6),
    gradientScale: scalar(7),
  };
  adamwInPlace({ parameter, moment1, moment2, gradient }, scalars, node.attributes);
  return [parameter, moment1, moment2];
}

function applyUpdate(
  store: States,
  { state, value, at }: Update,
  data: Float32Array,
  computed: ReadonlyMap<number, Float32Array | Int32Array>,
): void {
  const target = store.data(state);
  if (target === data) return;
  if (!at) {
    store.adopt(state, data);
    return;
  }
  const shape = store.states.get(state)!;
  const offset = computed.get(at.offset.id)?.[0] ?? 0;
  const inner = sizeOf(shape.slice(at.axis + 1));
  const [length, count] = [shape[at.axis]!, value.shape[at.axis]!];
  if (offset < 0 || offset + count > length) {
    throw new GlassboxError('backend-run', `${state} has no room at ${offset} for ${count} more.`);
  }
  for (let outer = 0; outer < sizeOf(shape.slice(0, at.axis)); outer++) {
    const from = outer * count * inner;
    target.set(data.subarray(from, from + count * inner), (outer * length + offset) * inner);
  }
}
