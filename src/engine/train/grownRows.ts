/**
 * The rows that an embedding gets for tokens that the model has not met: the mean of all rows of those
 * that it has, which gives a new token the probability of an average one and disturbs nothing that was
 * learnt (Hewitt, "Initializing new word embeddings for pretrained language models", 2021).
 */
import { GlassboxError } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { Tokenizer } from '../tokenizer/tokenizer';

const BY_TOKEN: ReadonlySet<string> = new Set(['model.embed_tokens.weight', 'lm_head.weight']);

/**
 * What makes the parameters of a model those of `config`, whose vocabulary is that of `after`. `before`
 * is the model's own tokenizer: rows that none of its tokens has count as new.
 */
export function growthOf(
  config: ModelConfig,
  before: Tokenizer,
  after: Tokenizer,
): (name: string, data: Float32Array) => Float32Array {
  const isNew = (id: number): boolean => !before.hasToken(id) && after.hasToken(id);
  return (name, data) => {
    if (!BY_TOKEN.has(name)) return data;
    const { width, vocab } = config;
    const rows = data.length / width;
    const known: number[] = [];
    for (let id = 0; id < rows; id++) if (before.hasToken(id)) known.push(id);
    if (known.length === 0)
      throw new GlassboxError('vocabulary-mismatch', `No token of the model has a row in ${name}.`);
    const mean = new Float64Array(width);
    for (const id of known) for (let i = 0; i < width; i++) mean[i]! += data[id * width + i]!;
    for (let i = 0; i < width; i++) mean[i]! /= known.length;
    const grown = new Float32Array(vocab * width);
    grown.set(data.subarray(0, vocab * width));
    for (let id = 0; id < vocab; id++)
      if (id >= rows || isNew(id)) grown.set(Float32Array.from(mean), id * width);
    return grown;
  };
}
