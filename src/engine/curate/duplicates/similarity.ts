/** How alike two texts are: the Jaccard similarity of their sets of stretches of words, which MinHash estimates. */
import { wordsOf } from '../stages/words';
import { simplified } from './simplified';

interface Text {
  readonly text: string;
  readonly language?: string | undefined;
}

function stretchesOf({ text, language }: Text, width: number): Set<string> {
  const words = wordsOf(simplified(text), language);
  const stretches = new Set<string>();
  for (let i = 0; i + width <= words.length; i++)
    stretches.add(words.slice(i, i + width).join(' '));
  return stretches;
}

/** From 0 to 1; texts that are shorter than a stretch are alike if they are the same. */
export function similarity(a: Text, b: Text, width: number): number {
  const [first, second] = [stretchesOf(a, width), stretchesOf(b, width)];
  let common = 0;
  for (const stretch of first) if (second.has(stretch)) common++;
  const all = first.size + second.size - common;
  return all === 0 ? Number(simplified(a.text) === simplified(b.text)) : common / all;
}
