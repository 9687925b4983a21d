/** Continuing a text at a place of it: what the model reads, and what becomes of what it wrote. */

/** Beside the text there are tokens that a tokenizer adds, and a cut that falls between two tokens. */
const SPARE = 8;
/** A text's tokens are counted from so many of its last characters for each token of the context. */
const CHARACTERS = 16;

/** How many tokens of the text the model may read. At least half of its context is for reading. */
export function readingBudget(context: number, maxTokens: number): number {
  const writing = Math.min(maxTokens, Math.floor(context / 2));
  return Math.max(1, context - writing - SPARE);
}

/** How much text before the cursor has to be looked at, in UTF-16 units. */
export const longestReading = (context: number): number => context * CHARACTERS;

/**
 * The end of the text that fits.
 *
 * @param starts where each token of the text begins, in UTF-16 units
 */
export function endThatFits(text: string, starts: readonly number[], budget: number): string {
  return starts.length <= budget ? text : text.slice(starts[starts.length - budget]);
}

/** What a model writes at a place of a document, in offsets of UTF-16 units. */
export interface Continuation {
  readonly offset: number;
  readonly text: string;
}

/**
 * What is left of it after a change of the document: less where its beginning was accepted or typed,
 * undefined where the document went another way.
 */
export function afterChange(
  { offset, text }: Continuation,
  change: { readonly rangeOffset: number; readonly rangeLength: number; readonly text: string },
): Continuation | undefined {
  if (change.rangeOffset !== offset || change.rangeLength > 0) return undefined;
  if (!text.startsWith(change.text) || change.text.length === text.length) return undefined;
  return { offset: offset + change.text.length, text: text.slice(change.text.length) };
}
