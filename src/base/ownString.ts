/**
 * A part of a text that is kept longer than the text. V8 makes a part of 13 characters or more as a view
 * on the whole, which stays in memory as long as the part does: so a cache of words would keep every page
 * that it has a word of.
 */
const SHORTEST_VIEW = 13;

/** The same characters, in memory of their own. */
export function ownString(part: string): string {
  return part.length < SHORTEST_VIEW ? part : part.split('').join('');
}
