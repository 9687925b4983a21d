/**
 * What a backend is: something that keeps named tensors in a store and runs graphs over them. Every
 * implementation passes the same conformance suite, and nothing outside this folder knows which one
 * it talks to. Choosing a backend is not done here (see `engine/devices.ts`).
 */
import type { Graph, Shape } from '../graph/graph';

export type BackendName = 'reference' | 'onnx' | 'webgpu';

/**
 * In what matrix products multiply. `f16`: their factors are rounded to half floats, and the products
 * added up in f32. All tensors in memory are f32 with either.
 */
export type Precision = 'f32' | 'f16';

/** Data on its way in: as many elements as the input's shape has, of its type. */
export type Feeds = Readonly<Record<string, Float32Array | Int32Array>>;
export type Results = Readonly<Record<string, Float32Array>>;

export interface Backend {
  readonly name: BackendName;
  /** What really computes, for people: "onnxruntime 1.30.0, CPU, 2 threads". */
  readonly adapter: string;
  readonly precision: Precision;
  /** Room for the states, all zero. Throws `backend-memory` where they don't fit. */
  allocate(states: ReadonlyMap<string, Shape>): Promise<Store>;
  /** True once it can compute nothing more: what it runs on is gone. Another has to be opened. */
  readonly lost?: boolean;
  /** Where it has memory of its own, which it plans. Absent where that is the process's. */
  readonly memory?: BackendMemory;
  dispose(): Promise<void>;
}

export interface MemoryNeeds {
  /** In all. */
  readonly bytes: number;
  /** Of the largest tensor. */
  readonly largest: number;
}

/** What is known of memory without any of it being taken, or tried. */
export interface MemoryPlan {
  /** What these states take. */
  statesNeed(states: ReadonlyMap<string, Shape>): MemoryNeeds;
  /** What a program of this graph takes besides its states, before anything is compiled. */
  programNeeds(graph: Graph): MemoryNeeds;
  /** Why there could be no room for it however much is free; undefined where there may be. */
  tooLarge(needs: MemoryNeeds): string | undefined;
}

export interface BackendMemory extends MemoryPlan {
  /** Why there is no room for so much besides what is there already; undefined where there is. */
  refusal(needs: MemoryNeeds): Promise<string | undefined>;
}

/**
 * Named f32 tensors that live where the backend computes, shared by the programs compiled on it.
 * Once disposed of, it and its programs throw `backend-disposed`, as a rejected promise like all.
 */
export interface Store {
  readonly states: ReadonlyMap<string, Shape>;
  /** Whether a run leaves this thread free for something else until its results are there. */
  readonly concurrent: boolean;
  /** Room for more states, all zero. Throws `backend-memory`, and `backend-feed` for a known name. */
  add(states: ReadonlyMap<string, Shape>): Promise<void>;
  /** Frees states. Programs that use them must not run again. Throws `backend-feed` if unknown. */
  remove(names: readonly string[]): Promise<void>;
  /** Copies `data` in, row-major. Throws `backend-feed` for an unknown name or a wrong length. */
  write(name: string, data: Float32Array): Promise<void>;
  /** A copy, row-major. Throws `backend-feed` for an unknown name. */
  read(name: string): Promise<Float32Array>;
  /**
   * Compiles a graph whose states are among this store's. Throws `backend-compile` where a state is
   * missing or shaped otherwise, or where the backend cannot lower the graph.
   */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** Frees the tensors and every program compiled on them. */
  dispose(): Promise<void>;
}

export interface CompileOptions {
  /**
   * The states that the program only reads will not change while it lives, so it may keep them a
   * second time, in whatever form computes fastest. Default: false.
   */
  readonly frozen?: boolean;
  /** Told how far a preparation is that takes long. */
  readonly onProgress?: ((progress: CompileProgress) => void) | undefined;
}

/** `compile`: kernels made ready. `tune`: products tried, to find the fastest kernel for each. */
export interface CompileProgress {
  readonly doing: 'compile' | 'tune';
  readonly done: number;
  readonly total: number;
}

export interface Program {
  /**
   * Runs once: reads `feeds` for every input of the graph, applies the graph's updates to the store
   * and gives its outputs, once all of it is done. Runs on one store never overlap: the caller awaits
   * each.
   * Throws `backend-feed` for a missing, unknown or misshapen input.
   */
  run(feeds: Feeds): Promise<Results>;
  dispose(): Promise<void>;
}
