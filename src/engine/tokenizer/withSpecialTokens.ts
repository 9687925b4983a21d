/**
 * A tokenizer with more special tokens than it had, as post-training needs them: every id that there
 * was keeps its token, new ones come after the last. What is in the vocabulary already under such a
 * name becomes special where it is.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { parseTokenizerJson } from './readJson';
import type { Tokenizer } from './types';

const fileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })).nullish(),
  model: z.looseObject({ vocab: z.record(z.string(), z.int()) }),
});

const configSchema = z.looseObject({});

export interface AddedSpecials {
  readonly tokenizer: Tokenizer;
  /** Ids that stood for nothing before, in ascending order. */
  readonly added: readonly number[];
}

/**
 * @param contents each becomes a special token unless it is one
 * @param options.eos the content of the token that ends a text from now on; as before if absent
 * @throws GlassboxError `tokenizer-special-token` for one of less than two characters
 */
export function withSpecialTokens(
  tokenizer: Tokenizer,
  contents: readonly string[],
  options: { readonly eos?: string | undefined } = {},
): AddedSpecials {
  const short = contents.find((content) => Array.from(content).length < 2);
  if (short !== undefined)
    throw new GlassboxError(
      'tokenizer-special-token',
      `The special token ${JSON.stringify(short)} is too short: it would stand in for plain text.`,
      { remedy: 'Use at least two characters, such as <|user|>.' },
    );
  const file = fileSchema.parse(JSON.parse(tokenizer.toJson()));
  const tokens = [...(file.added_tokens ?? [])];
  const added: number[] = [];
  for (const content of new Set(contents)) {
    if (tokenizer.specialTokens.has(content)) continue;
    const known = tokens.findIndex((token) => token.content === content);
    const inVocabulary = Object.hasOwn(file.model.vocab, content)
      ? file.model.vocab[content]
      : undefined;
    const id = tokens[known]?.id ?? inVocabulary ?? tokenizer.vocabSize + added.length;
    if (id >= tokenizer.vocabSize) added.push(id);
    const token = {
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    };
    if (known >= 0) tokens[known] = token;
    else tokens.push(token);
  }
  const json = JSON.stringify({ ...file, added_tokens: tokens }, null, 2);
  const config = configSchema.parse(JSON.parse(tokenizer.toConfigJson()));
  const renewed = JSON.stringify(
    { ...config, ...(options.eos === undefined ? {} : { eos_token: options.eos }) },
    null,
    2,
  );
  return { tokenizer: parseTokenizerJson(json, tokenizer.name, renewed), added };
}
