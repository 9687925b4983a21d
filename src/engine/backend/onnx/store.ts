/** States as typed arrays in this process, with the tensors through which onnxruntime reads them. */
import { Tensor } from 'onnxruntime-node';
import { GlassboxError } from '../../../base/errors';
import { sizeOf } from '../../graph/graph';
import type { Graph, Shape } from '../../graph/graph';
import type { CompileOptions, Program, Store } from '../backend';
import { refuseKnown } from '../feeds';
import { compile } from './program';
import type { SessionSettings, States } from './program';

export class OnnxStore implements Store, States {
  readonly concurrent = false;
  readonly #states: Map<string, Shape>;
  readonly #tensors = new Map<string, { tensor: Tensor; data: Float32Array }>();
  readonly #programs = new Set<Program>();
  readonly #settings: SessionSettings;
  #disposed = false;

  constructor(states: ReadonlyMap<string, Shape>, settings: SessionSettings) {
    this.#states = new Map(states);
    this.#settings = settings;
    for (const [name, shape] of states) this.#put(name, shape, allocate(name, sizeOf(shape)));
  }

  get states(): ReadonlyMap<string, Shape> {
    return this.#states;
  }

  async add(states: ReadonlyMap<string, Shape>): Promise<void> {
    await Promise.resolve();
    this.#refuseIfDisposed();
    refuseKnown(this.#states, states);
    const arrays = [...states].map(([name, shape]) => allocate(name, sizeOf(shape)));
    [...states].forEach(([name, shape], index) => {
      this.#states.set(name, shape);
      this.#put(name, shape, arrays[index]!);
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    await Promise.resolve();
    for (const name of names) this.#get(name);
    for (const name of names) {
      this.#states.delete(name);
      this.#tensors.delete(name);
    }
  }

  async write(name: string, data: Float32Array): Promise<void> {
    // A rejected promise, never an exception: callers await.
    await Promise.resolve();
    const target = this.data(name);
    if (data.length !== target.length) {
      throw new GlassboxError(
        'backend-feed',
        `State ${name} has ${target.length} elements, not ${data.length}.`,
      );
    }
    target.set(data);
  }

  async read(name: string): Promise<Float32Array> {
    await Promise.resolve();
    return this.data(name).slice();
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
    this.#refuseIfDisposed();
    const program = await compile(graph, this, { ...this.#settings, ...options });
    const kept: Program = {
      run: (feeds) => program.run(feeds),
      dispose: async () => {
        this.#programs.delete(kept);
        await program.dispose();
      },
    };
    this.#programs.add(kept);
    return kept;
  }

  async dispose(): Promise<void> {
    for (const program of [...this.#programs]) await program.dispose();
    this.#tensors.clear();
    this.#disposed = true;
  }

  data(name: string): Float32Array {
    return this.#get(name).data;
  }

  tensor(name: string): Tensor {
    return this.#get(name).tensor;
  }

  adopt(name: string, data: Float32Array): void {
    const shape = this.#states.get(name);
    if (shape) this.#put(name, shape, data);
  }

  #get(name: string): { tensor: Tensor; data: Float32Array } {
    this.#refuseIfDisposed();
    const state = this.#tensors.get(name);
    if (state) return state;
    throw new GlassboxError('backend-feed', `The store has no state ${name}.`);
  }

  #refuseIfDisposed(): void {
    if (this.#disposed) throw new GlassboxError('backend-disposed', 'The store was disposed.');
  }

  #put(name: string, shape: Shape, data: Float32Array): void {
    this.#tensors.set(name, { tensor: new Tensor('float32', data, [...shape]), data });
  }
}

function allocate(name: string, size: number): Float32Array {
  try {
    return new Float32Array(size);
  } catch (cause) {
    throw new GlassboxError(
      'backend-memory',
      `There is no memory for ${name} (${Math.ceil((size * 4) / 2 ** 20)} MiB).`,
      { remedy: 'Choose a smaller model or close other programs.', cause },
    );
  }
}
