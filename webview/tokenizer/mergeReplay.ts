/** BPE's training on a person's own text, replayed: how its pieces are cut after so many merges. */
import type { MergeStep } from '../../src/protocol/documentMessages';
import { bytesOf, displayText } from '../../src/protocol/tokenText';

/** A token of a piece; `step` is the merge that made it, from 0; absent for a byte. */
export interface PieceToken {
  readonly text: string;
  readonly step?: number;
}

export class MergeReplay {
  readonly #pieces: readonly string[];
  readonly #steps: readonly MergeStep[];
  /** Equal pieces are cut alike: each different one is kept once. */
  #cuts = new Map<string, readonly PieceToken[]>();
  #made = 0;

  constructor(pieces: readonly string[], steps: readonly MergeStep[]) {
    this.#pieces = pieces;
    this.#steps = steps;
    this.#begin();
  }

  /** The tokens of each piece after the first `merges` steps. */
  after(merges: number): readonly (readonly PieceToken[])[] {
    const wanted = Math.min(merges, this.#steps.length);
    if (wanted < this.#made) this.#begin();
    while (this.#made < wanted) this.#merge(this.#made++);
    return this.#pieces.map((piece) => this.#cuts.get(piece) ?? []);
  }

  #begin(): void {
    this.#made = 0;
    this.#cuts = new Map(
      this.#pieces.map((piece) => [
        piece,
        bytesOf(piece).map((byte) => ({ text: displayText([byte]) })),
      ]),
    );
  }

  #merge(step: number): void {
    const { pairs, token } = this.#steps[step]!;
    const pair = pairs[0];
    if (!pair) return;
    for (const [piece, tokens] of this.#cuts) {
      const first = tokens.findIndex((_, index) => isPair(tokens, index, pair));
      if (first < 0) continue;
      const merged: PieceToken[] = tokens.slice(0, first);
      for (let index = first; index < tokens.length; index++) {
        if (isPair(tokens, index, pair)) {
          merged.push({ text: token.text, step });
          index++;
        } else merged.push(tokens[index]!);
      }
      this.#cuts.set(piece, merged);
    }
  }
}

function isPair(
  tokens: readonly PieceToken[],
  index: number,
  { left, right }: { readonly left: string; readonly right: string },
): boolean {
  return tokens[index]?.text === left && tokens[index + 1]?.text === right;
}
