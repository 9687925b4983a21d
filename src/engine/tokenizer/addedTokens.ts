/**
 * Added tokens: strings that become one token wherever they stand, found before anything else is
 * done to a text. Of those that begin at the same place the longest is taken. Matching follows
 * Hugging Face's added vocabulary: `singleWord` wants no word character beside it, `stripLeft` and
 * `stripRight` swallow the white space there.
 */

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

export class AddedTokenMatcher {
  readonly #byContent: ReadonlyMap<string, AddedToken>;
  readonly #regex: RegExp | undefined;

  constructor(tokens: readonly AddedToken[]) {
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
