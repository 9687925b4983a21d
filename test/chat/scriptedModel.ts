/**
 * A model that writes what it is told, on a store that computes nothing. Logits that nobody took (those
 * between two chunks of a prompt) use up no token.
 */
import * as z from 'zod';
import type { Store } from '../../src/engine/backend/backend';
import { modelOn } from '../../src/engine/infer/infer';
import type { LoadedModel } from '../../src/engine/infer/infer';
import type { Tokenizer } from '../../src/engine/tokenizer/tokenizer';
import { tinyConfig } from '../infer/models';

const feeds = z.object({
  tokens: z.instanceof(Int32Array),
  offset: z.instanceof(Int32Array),
  row: z.instanceof(Int32Array).optional(),
});

export function scriptedModel(
  tokenizer: Tokenizer,
  chatTemplate: string,
  next: () => number,
  options: { readonly context?: number; readonly eos?: number | undefined } = {},
): LoadedModel {
  const config = tinyConfig({ vocab: tokenizer.vocabSize, context: options.context ?? 4096 });
  const seen: number[] = [];
  let given: { readonly at: number; readonly id: number } | undefined;
  const nothing = (): Promise<void> => Promise.resolve();
  const store: Store = {
    states: new Map(),
    concurrent: false,
    add: nothing,
    remove: nothing,
    write: nothing,
    dispose: nothing,
    read: () => Promise.resolve(new Float32Array(1 << 20)),
    compile: () =>
      Promise.resolve({
        dispose: nothing,
        run: (inputs) => {
          const { tokens, offset, row } = feeds.parse(inputs);
          const last = row?.[0] ?? 0;
          seen.length = offset[0]!;
          seen.push(...tokens.subarray(0, last + 1));
          const logits = new Float32Array(config.vocab);
          // Whoever begins anew has taken what came last, if only to end with it.
          const anew = given !== undefined && offset[0]! < given.at;
          const taken = anew || given === undefined || seen[given.at] === given.id;
          given = { at: seen.length, id: taken || !given ? next() : given.id };
          logits[given.id] = 50;
          return Promise.resolve({ logits });
        },
      }),
  };
  const specialTokens =
    options.eos === undefined
      ? {}
      : { specialTokens: { eos: [options.eos], bos: undefined, pad: undefined } };
  return modelOn(store, { config, tokenizer, chatTemplate, ...specialTokens });
}
