/**
 * One sequence and its cache: feeds tokens to the model and gives the logits of the last.
 *
 * The cache grows in powers of two, and a prompt is fed in chunks whose lengths are powers of two,
 * so that a handful of programs serves every length; they are compiled when first needed. A chunk
 * may be longer than what is left of the prompt: what the padding writes into the cache lies behind
 * the sequence's end, where nothing looks before a later token has overwritten it.
 *
 * What a new prompt has in common with what is cached need not be computed again: a conversation that
 * goes on, or another branch of a text, reads only what is new. What was read in other pieces than it
 * would be now differs in its last bits, since sums are made in another order. Whoever wants the same
 * bits whatever was asked before reuses only what was read in whole chunks. (Growing the cache may
 * change the last bits, too.)
 */
import { GlassboxError, throwIfAborted } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { Program, Store } from '../backend/backend';
import { cacheShapes } from '../model/model';
import { cachedGraph } from './inferenceGraph';

/** Growing compiles the programs anew, so not too little; decoding looks at all of it, so not too much. */
const SMALLEST_CAPACITY = 256;
/** A chunk is not cancelled midway: long enough for fast products, short enough to wait for. */
const LONGEST_CHUNK = 128;
/** Shorter rests are padded to this: another program costs more than the padding. */
const SHORTEST_CHUNK = 16;

export class Sequence {
  readonly #store: Store;
  readonly #config: ModelConfig;
  readonly #frozen: boolean;
  readonly #programs = new Map<number, Program>();
  /** The tokens whose keys and values are in the cache. */
  #cached: number[] = [];
  /** How many of them came in whole chunks from the beginning on. */
  #exact = 0;
  #capacity = 0;

  /** @param options.frozen whether the weights in the store will stay as they are. */
  constructor(store: Store, config: ModelConfig, options: { readonly frozen: boolean }) {
    this.#store = store;
    this.#config = config;
    this.#frozen = options.frozen;
  }

  /** Forgets what is cached: the weights have changed. Only while nothing is being fed. */
  forget(): void {
    this.#cached = [];
    this.#exact = 0;
  }

  /**
   * Begins anew with `ids`, of which there is at least one, and gives the logits [V] after the last.
   *
   * @param options.reuse of the cache: `all` that the two have in common, or what is `exact` to the
   *   last bit.
   * @throws GlassboxError `empty-prompt`, `prompt-too-long`, `token-range`, `cancelled`
   */
  async start(
    ids: readonly number[],
    { reuse, signal }: { reuse: 'all' | 'exact'; signal?: AbortSignal | undefined },
  ): Promise<Float32Array> {
    this.#check(ids);
    const shared = this.#shared(ids);
    const exact = Math.min(this.#exact, Math.floor(shared / LONGEST_CHUNK) * LONGEST_CHUNK);
    let known = reuse === 'all' ? shared : exact;
    this.#cached.length = known;
    this.#exact = exact;
    await this.#reserve(ids.length);
    for (;;) {
      throwIfAborted(signal);
      const rest = ids.length - known;
      const length = this.#chunkFor(rest, known);
      const real = Math.min(rest, length);
      const logits = await this.#feed(ids.slice(known, known + real), length);
      known += real;
      if (known === ids.length) return logits;
      await new Promise(setImmediate);
    }
  }

  /** Goes on with one more token, which the context must have room for. */
  async next(id: number): Promise<Float32Array> {
    await this.#reserve(this.#cached.length + 1);
    return this.#feed([id], 1);
  }

  /** Frees the programs and the cache; the store and its parameters stay. */
  async dispose(): Promise<void> {
    await this.#disposePrograms();
    if (this.#capacity > 0) await this.#store.remove(this.#cacheNames(this.#capacity));
    this.#capacity = 0;
    this.forget();
  }

  /** How many of the first tokens are cached, the last one left out: its logits are not kept. */
  #shared(ids: readonly number[]): number {
    let shared = 0;
    while (shared < ids.length - 1 && this.#cached[shared] === ids[shared]) shared++;
    return shared;
  }

  #check(ids: readonly number[]): void {
    const { context, vocab } = this.#config;
    if (ids.length === 0) throw new GlassboxError('empty-prompt', 'There are no tokens to go on.');
    if (ids.length > context) {
      throw new GlassboxError(
        'prompt-too-long',
        `${ids.length} tokens are more than the model's context of ${context}.`,
        { remedy: 'Shorten the text.', details: { tokens: ids.length, context } },
      );
    }
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocab);
    if (wrong !== undefined) {
      throw new GlassboxError(
        'token-range',
        `${wrong} is not among the model's token ids, 0 to ${vocab - 1}.`,
        { remedy: 'Use the tokenizer that belongs to the model.', details: { id: wrong, vocab } },
      );
    }
  }

  #chunkFor(rest: number, offset: number): number {
    if (rest === 1) return 1;
    let length = Math.min(LONGEST_CHUNK, Math.max(SHORTEST_CHUNK, powerOfTwo(rest)));
    while (offset + length > this.#capacity) length /= 2;
    return length;
  }

  async #feed(ids: readonly number[], length: number): Promise<Float32Array> {
    const offset = this.#cached.length;
    const program = await this.#program(length);
    const tokens = new Int32Array(length);
    tokens.set(ids);
    const { logits } = await program.run({
      tokens,
      positions: Int32Array.from(tokens, (_, i) => offset + i),
      offset: Int32Array.of(offset),
      ...(length > 1 ? { row: Int32Array.of(ids.length - 1) } : {}),
    });
    if (offset === this.#exact && ids.length === LONGEST_CHUNK) this.#exact += LONGEST_CHUNK;
    this.#cached.push(...ids);
    return logits!;
  }

  async #program(length: number): Promise<Program> {
    let program = this.#programs.get(length);
    if (!program) {
      const graph = cachedGraph(this.#config, length, this.#capacity);
      // One token at a time is where reading the weights takes all the time, and how they lie matters.
      const frozen = this.#frozen && length === 1;
      program = await this.#store.compile(graph, { frozen });
      this.#programs.set(length, program);
    }
    return program;
  }

  /** Makes the cache hold `tokens` tokens, those in it kept. */
  async #reserve(tokens: number): Promise<void> {
    if (tokens <= this.#capacity) return;
    const [old, capacity] = [this.#capacity, Math.max(SMALLEST_CAPACITY, powerOfTwo(tokens))];
    await this.#store.add(cacheShapes(this.#config, 1, capacity));
    await this.#disposePrograms();
    if (old > 0) {
      const names = this.#cacheNames(old);
      for (const [index, name] of this.#cacheNames(capacity).entries()) {
        if (this.#cached.length > 0) {
          const data = await this.#store.read(names[index]!);
          await this.#store.write(name, this.#stretch(data, old, capacity));
        }
        await this.#store.remove([names[index]!]);
      }
    }
    this.#capacity = capacity;
  }

  /** [K, from, D] as the beginning of [K, to, D]. */
  #stretch(data: Float32Array, from: number, to: number): Float32Array {
    const { kvHeads, headDim } = this.#config;
    const result = new Float32Array(kvHeads * to * headDim);
    for (let head = 0; head < kvHeads; head++) {
      const part = data.subarray(head * from * headDim, (head + 1) * from * headDim);
      result.set(part, head * to * headDim);
    }
    return result;
  }

  #cacheNames(capacity: number): string[] {
    return [...cacheShapes(this.#config, 1, capacity).keys()];
  }

  async #disposePrograms(): Promise<void> {
    for (const program of this.#programs.values()) await program.dispose();
    this.#programs.clear();
  }
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
