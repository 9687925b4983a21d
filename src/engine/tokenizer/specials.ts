/** The special tokens of the tokenizers that are made here, rather than read. */
import { GlassboxError } from '../../base/errors';
import type { AddedToken } from './addedTokens';

/** The token that ends a text where nobody says otherwise: GPT-2's, and OpenAI's since. */
export const END_OF_TEXT = '<|endoftext|>';

/** A special token that is found in the text as it stands, and takes nothing around it. */
export function specialToken(id: number, content: string): AddedToken {
  return {
    id,
    content,
    special: true,
    singleWord: false,
    stripLeft: false,
    stripRight: false,
    normalized: false,
  };
}

export interface SpecialTokenOptions {
  readonly specialTokens?: readonly string[];
  /** Which of them begins and ends a text; by default `END_OF_TEXT`, where it is one of them. */
  readonly bosToken?: string;
  readonly eosToken?: string;
}

export interface Specials {
  readonly contents: readonly string[];
  /** With ids from `first` on. */
  added(first: number): AddedToken[];
  ends(first: number): { bosId: number | undefined; eosId: number | undefined };
}

/** @throws GlassboxError `tokenizer-special-token` */
export function specialsOf(options: SpecialTokenOptions): Specials {
  const contents = [...new Set(options.specialTokens ?? [])];
  const short = contents.find((content) => Array.from(content).length < 2);
  if (short !== undefined) {
    throw new GlassboxError(
      'tokenizer-special-token',
      `The special token ${JSON.stringify(short)} is too short: it would stand in for plain text.`,
      { remedy: 'Use at least two characters, such as <s>.' },
    );
  }
  for (const token of [options.bosToken, options.eosToken]) {
    if (token !== undefined && !contents.includes(token)) {
      throw new GlassboxError(
        'tokenizer-special-token',
        `The token ${JSON.stringify(token)} shall begin or end texts, but is not a special token.`,
        { remedy: 'Name it among the special tokens too.' },
      );
    }
  }
  const idOf = (content: string, first: number): number | undefined =>
    contents.includes(content) ? first + contents.indexOf(content) : undefined;
  return {
    contents,
    added: (first) => contents.map((content, index) => specialToken(first + index, content)),
    ends: (first) => ({
      bosId: idOf(options.bosToken ?? END_OF_TEXT, first),
      eosId: idOf(options.eosToken ?? END_OF_TEXT, first),
    }),
  };
}
