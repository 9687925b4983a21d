/** Token ids that a model has no embedding for are refused before anything is computed. */
import { GlassboxError } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';

/**
 * Checks that the model knows every id of a tokenizer, or of a text that one has encoded. A model may
 * know more: some pad their embedding.
 *
 * @throws GlassboxError `vocabulary-mismatch`
 */
export function checkVocabulary(vocabSize: number, config: Pick<ModelConfig, 'vocab'>): void {
  if (vocabSize <= config.vocab) return;
  throw new GlassboxError(
    'vocabulary-mismatch',
    `The tokenizer has ${vocabSize} tokens, but the model's embedding has only ${config.vocab} rows.`,
    {
      remedy: 'Use the tokenizer.json that the model was trained with.',
      details: { tokenizer: vocabSize, model: config.vocab },
    },
  );
}
