/** Logits without sampling: what the model makes of a row of ids. */
import { throwIfAborted } from '../../base/errors';
import { rowGraph } from './inferenceGraph';
import type { LoadedModel } from './loadedModel';

/**
 * The logits [V] after the last of `ids`.
 *
 * @throws GlassboxError `empty-prompt`, `prompt-too-long`, `token-range`, `model-busy`, `cancelled`
 */
export async function logitsOf(
  model: LoadedModel,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const sequence = model.claim();
  try {
    return await sequence.start(ids, { reuse: 'exact', signal });
  } finally {
    model.release();
  }
}

/** The logits [ids, V] after each of `ids`, all computed at once and without the cache. */
export async function allLogitsOf(
  model: LoadedModel,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  throwIfAborted(signal);
  const program = await model.store.compile(rowGraph(model.config, ids.length));
  try {
    return (await program.run({ tokens: Int32Array.from(ids) }))['logits']!;
  } finally {
    await program.dispose();
  }
}
