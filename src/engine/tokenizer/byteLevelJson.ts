/**
 * Writes byte-level BPE as Hugging Face's tokenizer.json: the `ByteLevel` form of GPT-2 where the
 * pattern is GPT-2's, else `Split` by a regular expression followed by `ByteLevel`, as Llama 3 has it.
 */
import type { AddedToken } from './addedTokens';
import { toByteLevel } from './bytes';
import type { MergeRules } from './merge';
import { GPT2_EXPRESSION } from './splitPattern';
import type { Vocabulary } from './vocabulary';

export interface ByteLevelParts {
  readonly vocabulary: Vocabulary;
  readonly rules: MergeRules;
  readonly added: readonly AddedToken[];
  /** The expression of the pre-split; undefined where text isn't split. */
  readonly expression?: string | undefined;
  readonly ignoreMerges?: boolean;
}

export function byteLevelJson(parts: ByteLevelParts): string {
  const { rules } = parts;
  const spelling = new Map<number, string>();
  for (const id of parts.vocabulary.ids()) {
    spelling.set(id, toByteLevel(parts.vocabulary.view(id)));
  }
  // Hugging Face's reader gives an added token the id of the vocabulary's entry, else the next free
  // one, whatever the file says.
  for (const { id, content } of parts.added) spelling.set(id, content);
  const order = Array.from({ length: rules.size }, (_, rule) => rule);
  order.sort(
    (a, b) =>
      rules.rank(a) - rules.rank(b) ||
      rules.left(a) - rules.left(b) ||
      rules.right(a) - rules.right(b),
  );
  return tokenizerJson({
    added: parts.added,
    preTokenizer: preTokenizerOf(parts.expression),
    decoder: byteLevel(true),
    ignoreMerges: parts.ignoreMerges ?? false,
    vocab: Object.fromEntries(
      [...spelling].sort(([a], [b]) => a - b).map(([id, text]) => [text, id]),
    ),
    merges: order.map((rule) => [
      spelling.get(rules.left(rule))!,
      spelling.get(rules.right(rule))!,
    ]),
  });
}

function preTokenizerOf(expression: string | undefined): object {
  if (expression === undefined) return byteLevel(false);
  if (expression === GPT2_EXPRESSION) return byteLevel(true);
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false },
      byteLevel(false),
    ],
  };
}

function byteLevel(useRegex: boolean): object {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex };
}

/** The frame that all of them share. */
export function tokenizerJson(parts: {
  readonly added: readonly AddedToken[];
  readonly preTokenizer: object | null;
  readonly decoder: object | null;
  readonly ignoreMerges: boolean;
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
}): string {
  return `${JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: parts.added.map((token) => ({
        id: token.id,
        content: token.content,
        single_word: token.singleWord,
        lstrip: token.stripLeft,
        rstrip: token.stripRight,
        normalized: token.normalized,
        special: token.special,
      })),
      normalizer: null,
      pre_tokenizer: parts.preTokenizer,
      post_processor: null,
      decoder: parts.decoder,
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: parts.ignoreMerges,
        vocab: parts.vocab,
        merges: parts.merges,
      },
    },
    null,
    2,
  )}\n`;
}
