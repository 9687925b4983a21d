/**
 * Added tokens: strings that become one token wherever they stand, found before anything else is
 * done to a text. Of those that begin at the same place the longest is taken. Matching follows
 * Hugging Face's added vocabulary: `singleWord` wants no word character beside it, `stripLeft` and
 * `stripRight` swallow the white space there.
 */
import { GlassboxError } from '../../base/errors';
import type { SpecialTokenPolicy } from './types';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly singleWord: boolean;
  readonly stripLeft: boolean;
  readonly stripRight: boolean;
  /** Looked for in the normalized text, not in the original. */
  readonly normalized: boolean;
}

/** A part of a text: a token, or plain text where `id` is -1. Never empty where it is text. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly id: number;
}

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;

/** The added tokens that count in a text: found before normalizing, and after it. */
export interface FoundTokens {
  readonly original: AddedTokenMatcher;
  /** Undefined where there are none. */
  readonly normalized: AddedTokenMatcher | undefined;
}

/** Those of one tokenizer: which of them count depends on what is done with the special ones. */
export class AddedTokens {
  readonly #special: AddedTokenMatcher;
  readonly #all: FoundTokens;
  readonly #ordinary: FoundTokens;

  /** @param normalize what becomes of a token that is looked for in normalized text */
  constructor(added: readonly AddedToken[], normalize: (content: string) => string) {
    const original = added.filter((token) => !token.normalized);
    const normalized = added
      .filter((token) => token.normalized)
      .map((token) => ({ ...token, content: normalize(token.content) }));
    const found = (wanted: (token: AddedToken) => boolean): FoundTokens => ({
      original: new AddedTokenMatcher(original.filter(wanted)),
      normalized:
        normalized.length > 0 ? new AddedTokenMatcher(normalized.filter(wanted)) : undefined,
    });
    this.#special = new AddedTokenMatcher(added.filter((token) => token.special));
    this.#all = found(() => true);
    this.#ordinary = found((token) => !token.special);
  }

  found(special: SpecialTokenPolicy | undefined): FoundTokens {
    return special === 'allow' ? this.#all : this.#ordinary;
  }

  /** Throws `tokenizer-special-forbidden` where a special token stands in the text. */
  forbidSpecial(text: string): void {
    const found = this.#special.first(text);
    if (!found) return;
    const { token, start } = found;
    throw new GlassboxError(
      'tokenizer-special-forbidden',
      `The text has the special token ${token.content} at position ${start}.`,
      {
        remedy:
          'Take it out, or choose what it shall mean: special "text" (plain text) or "allow" (the token).',
        details: { token: token.content, position: start },
      },
    );
  }
}

export class AddedTokenMatcher {
  readonly tokens: readonly AddedToken[];
  readonly #byContent: ReadonlyMap<string, AddedToken>;
  readonly #regex: RegExp | undefined;

  constructor(tokens: readonly AddedToken[]) {
    this.tokens = tokens;
    this.#byContent = new Map(tokens.map((token) => [token.content, token]));
    const contents = [...this.#byContent.keys()].filter((content) => content !== '');
    contents.sort((a, b) => b.length - a.length);
    const alternatives = contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    this.#regex = alternatives.length > 0 ? new RegExp(alternatives.join('|'), 'g') : undefined;
  }

  /** The text cut into tokens and what is between them. */
  split(text: string): Segment[] {
    const segments: Segment[] = [];
    let done = 0;
    for (const { token, start, end } of this.#matches(text)) {
      if (start > done) segments.push({ start: done, end: start, id: -1 });
      segments.push({ start: Math.max(start, done), end, id: token.id });
      done = end;
    }
    if (done < text.length) segments.push({ start: done, end: text.length, id: -1 });
    return segments;
  }

  /** The first token in the text, if there is one. */
  first(text: string): { token: AddedToken; start: number } | undefined {
    for (const match of this.#matches(text)) return match;
    return undefined;
  }

  *#matches(text: string): Generator<{ token: AddedToken; start: number; end: number }> {
    if (!this.#regex) return;
    let done = 0;
    for (const match of text.matchAll(this.#regex)) {
      const token = this.#byContent.get(match[0]);
      let start = match.index;
      let end = start + match[0].length;
      if (!token || start < done) continue;
      if (token.singleWord) {
        const before = text.slice(Math.max(0, start - 2), start);
        if (WORD_BEFORE.test(before) || WORD_AFTER.test(text.slice(end, end + 2))) continue;
      }
      if (token.stripLeft) {
        while (start > done && /\p{White_Space}/u.test(text[start - 1]!)) start--;
      }
      if (token.stripRight) {
        while (end < text.length && /\p{White_Space}/u.test(text[end]!)) end++;
      }
      yield { token, start, end };
      done = end;
    }
  }
}
