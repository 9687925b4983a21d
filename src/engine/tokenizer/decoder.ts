/**
 * From ids to text. A byte decoder holds back what may still become a character, so text that comes
 * out in a stream never ends in half of one, and the stream's parts add up to what `decode` gives.
 *
 * Differs from Hugging Face in one case: in a run of byte-fallback tokens that is no UTF-8 they make
 * every byte a U+FFFD, this decoder every broken sequence, as it does for byte-level tokens.
 */
import type { DecodeOptions, StreamDecoder } from './types';
import type { Vocabulary } from './vocabulary';

export interface DecoderParts {
  readonly vocabulary: Vocabulary;
  readonly specialIds: ReadonlySet<number>;
  /** Blanks to take off the beginning, at most: SentencePiece's tokenizers put one there. */
  readonly stripBlanks: number;
}

export function decodeIds(
  parts: DecoderParts,
  ids: Iterable<number>,
  options: DecodeOptions = {},
): string {
  let buffer = new Uint8Array(1024);
  let length = 0;
  for (const id of ids) {
    const bytes = parts.vocabulary.view(id);
    if (options.skipSpecial === true && parts.specialIds.has(id)) continue;
    if (length + bytes.length > buffer.length) {
      const larger = new Uint8Array((length + bytes.length) * 2);
      larger.set(buffer);
      buffer = larger;
    }
    buffer.set(bytes, length);
    length += bytes.length;
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(buffer.subarray(0, length));
  let start = 0;
  while (start < parts.stripBlanks && text[start] === ' ') start++;
  return text.slice(start);
}

export class TokenStreamDecoder implements StreamDecoder {
  readonly #parts: DecoderParts;
  readonly #skipSpecial: boolean;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Blanks that may still be taken off. */
  #toStrip: number;

  constructor(parts: DecoderParts, options: DecodeOptions = {}) {
    this.#parts = parts;
    this.#skipSpecial = options.skipSpecial === true;
    this.#toStrip = parts.stripBlanks;
  }

  push(id: number): string {
    const bytes = this.#parts.vocabulary.view(id);
    if (this.#skipSpecial && this.#parts.specialIds.has(id)) return '';
    return this.#strip(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): string {
    const rest = this.#strip(this.#decoder.decode());
    this.#toStrip = this.#parts.stripBlanks;
    return rest;
  }

  #strip(text: string): string {
    let start = 0;
    while (this.#toStrip > 0 && start < text.length) {
      if (text[start] !== ' ') {
        this.#toStrip = 0;
        break;
      }
      this.#toStrip--;
      start++;
    }
    return text.slice(start);
  }
}
