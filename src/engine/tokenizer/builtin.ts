/**
 * The tokenizers that are known by name, from the rank tables that gpt-tokenizer ships (MIT). A
 * table is loaded when its tokenizer is first asked for, and kept.
 *
 * In these vocabularies a pair merges when its bytes together are a token, the lowest id first; so
 * the rules are all the ways in which a token falls into two.
 */
import { GlassboxError, messageOf } from '../../base/errors';
import { byteLevelJson } from './byteLevelJson';
import { MergeRules } from './merge';
import { BpeModel } from './model';
import { END_OF_TEXT, specialToken } from './specials';
import {
  CL100K_BASE_EXPRESSION,
  GPT2_EXPRESSION,
  O200K_EXPRESSION,
  splitterOf,
} from './splitPattern';
import { TextTokenizer } from './textTokenizer';
import type { Tokenizer } from './types';
import { Vocabulary } from './vocabulary';

type RankTable = readonly (string | readonly number[] | undefined)[];

interface Builtin {
  readonly load: () => Promise<{ readonly default: RankTable }>;
  readonly expression: string;
  readonly special: Readonly<Record<string, number>>;
}

const BUILTINS: ReadonlyMap<string, Builtin> = new Map([
  [
    'gpt2',
    {
      load: () => import('gpt-tokenizer/bpeRanks/r50k_base'),
      expression: GPT2_EXPRESSION,
      special: { [END_OF_TEXT]: 50256 },
    },
  ],
  [
    'cl100k_base',
    {
      load: () => import('gpt-tokenizer/bpeRanks/cl100k_base'),
      expression: CL100K_BASE_EXPRESSION,
      special: {
        [END_OF_TEXT]: 100257,
        '<|fim_prefix|>': 100258,
        '<|fim_middle|>': 100259,
        '<|fim_suffix|>': 100260,
        '<|endofprompt|>': 100276,
      },
    },
  ],
  [
    'o200k_base',
    {
      load: () => import('gpt-tokenizer/bpeRanks/o200k_base'),
      expression: O200K_EXPRESSION,
      special: { [END_OF_TEXT]: 199999, '<|endofprompt|>': 200018 },
    },
  ],
]);

/** The names that `builtinTokenizer` knows. */
export const BUILTIN_TOKENIZERS: readonly string[] = [...BUILTINS.keys()];

const loaded = new Map<string, Promise<Tokenizer>>();

/**
 * A built-in tokenizer by name; the same one each time.
 *
 * @throws GlassboxError `tokenizer-unknown`, or `tokenizer-missing` where the package that
 * holds its ranks is not there
 */
export function builtinTokenizer(name: string): Promise<Tokenizer> {
  const builtin = BUILTINS.get(name);
  if (!builtin) {
    return Promise.reject(
      new GlassboxError('tokenizer-unknown', `There is no built-in tokenizer "${name}".`, {
        remedy: `Use one of ${BUILTIN_TOKENIZERS.join(', ')}, or the path of a tokenizer.json.`,
        details: { name, known: BUILTIN_TOKENIZERS },
      }),
    );
  }
  let tokenizer = loaded.get(name);
  if (!tokenizer) {
    tokenizer = load(name, builtin).catch((cause: unknown) => {
      loaded.delete(name);
      throw new GlassboxError(
        'tokenizer-missing',
        `The ranks of the tokenizer "${name}" cannot be loaded: ${messageOf(cause)}`,
        { remedy: 'Install the package gpt-tokenizer again (npm ci).', cause },
      );
    });
    loaded.set(name, tokenizer);
  }
  return tokenizer;
}

async function load(name: string, builtin: Builtin): Promise<Tokenizer> {
  const table = (await builtin.load()).default;
  const vocabulary = new Vocabulary();
  table.forEach((token, id) => {
    if (typeof token === 'string') vocabulary.setText(id, token);
    else if (token !== undefined) vocabulary.setBytes(id, token);
  });
  const index = vocabulary.index();
  const byteIds = Int32Array.from({ length: 256 }, (_, byte) =>
    index.find(Uint8Array.of(byte), 0, 1),
  );
  const rules = new MergeRules(table.length * 3);
  index.forEachSplit((left, right, id) => rules.add(left, right, id, id));
  const added = Object.entries(builtin.special).map(([content, id]) => specialToken(id, content));
  for (const { id, content } of added) vocabulary.setText(id, content);
  const splitter = splitterOf({ regex: builtin.expression });
  const end = builtin.special[END_OF_TEXT];
  return new TextTokenizer({
    kind: 'bpe',
    name,
    model: new BpeModel({ alphabet: 'bytes', byteIds, rules, whole: index }),
    vocabulary,
    added,
    split: splitter,
    bosId: end,
    eosId: end,
    toJson: () =>
      byteLevelJson({
        vocabulary,
        rules,
        added,
        expression: builtin.expression,
        ignoreMerges: true,
      }),
  });
}
