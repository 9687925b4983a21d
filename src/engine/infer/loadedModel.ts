/**
 * A model that can be asked: its weights in a store, its tokenizer, its cache. One asker at a time;
 * a second one is refused rather than made to wait for the first to finish its text.
 */
import { GlassboxError } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { Backend, Store } from '../backend/backend';
import { parameterShapes, readModelFolder } from '../interop/interop';
import type { GenerationConfig, SpecialTokens, TensorSource } from '../interop/interop';
import { checkVocabulary } from '../model/model';
import { parseTokenizerJson } from '../tokenizer/tokenizer';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { Sequence } from './sequence';

export interface ModelParts {
  readonly config: ModelConfig;
  /** Without one the model reads and writes ids only. */
  readonly tokenizer?: Tokenizer | undefined;
  readonly specialTokens?: SpecialTokens | undefined;
  /** How the model's makers sample. */
  readonly generationConfig?: GenerationConfig | undefined;
  /** The Jinja template that makes a conversation a text. */
  readonly chatTemplate?: string | undefined;
}

export class LoadedModel {
  readonly store: Store;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer | undefined;
  readonly generationConfig: GenerationConfig | undefined;
  readonly chatTemplate: string | undefined;
  /** What an empty prompt stands for, where the model knows such a token. */
  readonly startId: number | undefined;
  /** Tokens that end a text. */
  readonly endIds: ReadonlySet<number>;
  /** Rows of the embedding that no token has: never sampled, for they cannot be written. */
  readonly unusedIds: readonly number[];
  readonly #sequence: Sequence;
  readonly #ownsStore: boolean;
  #busy = false;

  constructor(store: Store, parts: ModelParts, options: { readonly ownsStore: boolean }) {
    const { config, tokenizer, specialTokens } = parts;
    if (tokenizer) checkVocabulary(tokenizer.vocabSize, config);
    this.store = store;
    this.config = config;
    this.tokenizer = tokenizer;
    this.generationConfig = parts.generationConfig;
    this.chatTemplate = parts.chatTemplate;
    this.endIds = new Set([...(specialTokens?.eos ?? []), ...present(tokenizer?.eosId)]);
    this.startId = [
      ...present(tokenizer?.bosId),
      ...present(specialTokens?.bos),
      // Where documents only end, the end of one is the start of the next.
      ...this.endIds,
    ].find((id) => id < config.vocab);
    this.unusedIds = tokenizer ? unused(tokenizer, config.vocab) : [];
    this.#ownsStore = options.ownsStore;
    this.#sequence = new Sequence(store, config, { frozen: options.ownsStore });
  }

  /**
   * The sequence, for the caller alone until it calls `release`.
   *
   * @throws GlassboxError `model-busy`
   */
  claim(): Sequence {
    if (this.#busy) {
      throw new GlassboxError('model-busy', 'The model is writing something else.', {
        remedy: 'Wait until it has finished, or cancel it.',
      });
    }
    this.#busy = true;
    return this.#sequence;
  }

  release(): void {
    this.#busy = false;
  }

  /** What was computed is forgotten: the weights in someone else's store have changed. */
  forget(): void {
    this.#sequence.forget();
  }

  /** Frees programs and cache; the weights too, unless the store is someone else's. */
  async dispose(): Promise<void> {
    if (this.#ownsStore) await this.store.dispose();
    else await this.#sequence.dispose();
  }
}

/**
 * A model from a folder in Hugging Face's format, on a store of its own.
 *
 * @throws GlassboxError whatever `readModelFolder` and the tokenizer's reader throw,
 *   `vocabulary-mismatch`, `backend-memory`
 */
export async function loadModel(folder: string, backend: Backend): Promise<LoadedModel> {
  const { tensors, tokenizerJson, tokenizerConfig, ...parts } = await readModelFolder(folder);
  try {
    const tokenizer =
      tokenizerJson === undefined
        ? undefined
        : parseTokenizerJson(tokenizerJson, 'tokenizer.json', tokenizerConfig);
    return await openModel(backend, tensors, { ...parts, tokenizer });
  } finally {
    await tensors.close();
  }
}

/** A model from weights, read one tensor at a time, on a store of its own. */
export async function openModel(
  backend: Backend,
  tensors: TensorSource,
  parts: ModelParts,
): Promise<LoadedModel> {
  if (parts.tokenizer) checkVocabulary(parts.tokenizer.vocabSize, parts.config);
  const shapes = parameterShapes(parts.config);
  const store = await backend.allocate(shapes);
  try {
    for (const name of shapes.keys()) await store.write(name, await tensors.readF32(name));
    return new LoadedModel(store, parts, { ownsStore: true });
  } catch (thrown) {
    await store.dispose();
    throw thrown;
  }
}

/** A model on a store that holds its parameters already, such as a run's, and stays its owner's. */
export function modelOn(store: Store, parts: ModelParts): LoadedModel {
  return new LoadedModel(store, parts, { ownsStore: false });
}

function unused(tokenizer: Tokenizer, vocab: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < vocab; id++) if (!tokenizer.hasToken(id)) ids.push(id);
  return ids;
}

function present(id: number | undefined): number[] {
  return id === undefined ? [] : [id];
}
