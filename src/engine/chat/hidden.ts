/**
 * Texts that stand for others nobody can guess: how what a message says goes through a template
 * without becoming a special token, and how a template says where an answer begins and ends.
 */
import { randomBytes } from 'node:crypto';

export interface Part {
  readonly text: string;
  readonly special: 'allow' | 'text';
}

/** Half-open, in UTF-16 code units. */
export type Span = readonly [start: number, end: number];

export interface Revealed {
  /** The text, cut where something that was hidden begins and ends. */
  readonly parts: readonly Part[];
  /** What stood between two marks. */
  readonly spans: readonly Span[];
}

export class Hidden {
  /** The texts to hide; undefined where there is none. */
  readonly #wanted: RegExp | undefined;
  readonly #key = BigInt(`0x${randomBytes(16).toString('hex')}`).toString();
  readonly #texts: string[] = [];

  constructor(texts: Iterable<string>) {
    // Of two that begin alike the longer one is found.
    const sorted = [...texts].sort((a, b) => b.length - a.length);
    const alternatives = sorted.map((text) => text.replace(/[^\w]/gu, '\\$&'));
    this.#wanted = sorted.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'g');
  }

  /** Marks for a template to write around an answer. */
  get opens(): string {
    return `${this.#key}:(;`;
  }
  get closes(): string {
    return `${this.#key}:);`;
  }

  /** What was hidden so far. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  hide(text: string): string {
    if (!this.#wanted) return text;
    return text.replace(this.#wanted, (found) => {
      this.#texts.push(found);
      return `${this.#key}:${this.#texts.length - 1};`;
    });
  }

  /** The text with what was hidden in its place and the marks taken out. */
  reveal(text: string): Revealed {
    const parts: Part[] = [];
    const spans: Span[] = [];
    let opened: number | undefined;
    let length = 0;
    let plain = '';
    const flush = (): void => {
      if (plain !== '') parts.push({ text: plain, special: 'allow' });
      plain = '';
    };
    let rest = 0;
    for (const match of text.matchAll(new RegExp(`${this.#key}:(\\d+|[()]);`, 'g'))) {
      const before = text.slice(rest, match.index);
      plain += before;
      length += before.length;
      rest = match.index + match[0].length;
      const [, what = ''] = match;
      if (what === '(') {
        opened ??= length;
      } else if (what === ')') {
        if (opened !== undefined && length > opened) spans.push([opened, length]);
        opened = undefined;
      } else {
        const hidden = this.#texts[Number(what)] ?? '';
        flush();
        if (hidden !== '') parts.push({ text: hidden, special: 'text' });
        length += hidden.length;
      }
    }
    plain += text.slice(rest);
    flush();
    return { parts, spans };
  }
}
