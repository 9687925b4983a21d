/** Which parameters a run trains. With adapters (LoRA) these alone, and an embedding with new tokens. */
import { GlassboxError } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import { parameterShapes } from '../interop/interop';

/**
 * Whether a parameter is trained, by the recipe's patterns of frozen ones (`*` for anything).
 *
 * @throws GlassboxError `model-freeze` for a pattern of nothing, and where nothing is left to train
 */
export function trainedBy(
  freeze: readonly string[],
  config: ModelConfig,
): (name: string) => boolean {
  const names = [...parameterShapes(config).keys()];
  const frozen = freeze.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
    const expression = new RegExp(`^${parts.join('.*')}$`);
    if (!names.some((name) => expression.test(name))) {
      throw new GlassboxError('model-freeze', `No parameter is called ${pattern}.`, {
        remedy: `Names are such as ${names[1] ?? ''}; * stands for anything.`,
      });
    }
    return expression;
  });
  const { lora } = config;
  const byMethod = (name: string): boolean =>
    !lora ||
    name.includes('.lora_') ||
    (lora.embeddings && /^(model\.embed_tokens|lm_head)\./.test(name));
  const trains = (name: string): boolean =>
    byMethod(name) && !frozen.some((expression) => expression.test(name));
  if (!names.some(trains)) {
    throw new GlassboxError(
      'model-freeze',
      'Every parameter is frozen: nothing would be trained.',
      { remedy: 'Take a pattern out of model.freeze.' },
    );
  }
  return trains;
}
