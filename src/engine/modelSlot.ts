/**
 * The model that was asked last stays loaded, for most questions come in rows, unless its GPU is lost:
 * then the next question opens another. One question at a time: the others wait for their turn, and
 * may give up waiting.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../base/errors';
import type { LogitsRequest } from '../protocol/messages';
import type { Backend } from './backend/backend';
import { openBackend, threadsFor } from './devices';
import { loadModel } from './infer/infer';
import type { LoadedModel } from './infer/infer';

type Wanted = Pick<LogitsRequest, 'model' | 'backend' | 'precision' | 'threads'>;

interface Loaded {
  readonly key: string;
  readonly model: LoadedModel;
  readonly backend: Backend;
}

export interface Claimed {
  readonly model: LoadedModel;
  readonly backend: Backend;
  /** Lets the next one ask. */
  readonly release: () => void;
}

export class ModelSlot {
  #loaded: Loaded | undefined;
  /** Fulfilled once everyone who came before has released. */
  #turn: Promise<void> = Promise.resolve();

  /**
   * The model, for the caller alone until it releases.
   *
   * @throws GlassboxError `cancelled`, `backend-missing`, and what is wrong with the model
   */
  async claim(wanted: Wanted, signal: AbortSignal): Promise<Claimed> {
    const before = this.#turn;
    let release = (): void => undefined;
    this.#turn = new Promise((resolve) => (release = resolve));
    await before;
    try {
      throwIfAborted(signal);
      const { model, backend } = await this.#open(wanted);
      return { model, backend, release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  async dispose(): Promise<void> {
    await this.#turn;
    await this.#unload();
  }

  async #open(wanted: Wanted): Promise<Loaded> {
    const threads = threadsFor(wanted.threads);
    // A folder that was written anew is another model.
    const written = await stat(path.join(wanted.model, 'config.json')).catch(() => undefined);
    const { precision = 'auto' } = wanted;
    const key = JSON.stringify([
      ...[wanted.model, wanted.backend, precision, threads, written?.mtimeMs],
    ]);
    if (this.#loaded?.key === key && !this.#loaded.backend.lost) return this.#loaded;
    await this.#unload();
    const backend = await openBackend(wanted.backend, threads, { precision });
    try {
      this.#loaded = { key, model: await loadModel(wanted.model, backend), backend };
    } catch (thrown) {
      await backend.dispose();
      throw thrown;
    }
    return this.#loaded;
  }

  async #unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.model.dispose();
    await loaded?.backend.dispose();
  }
}
