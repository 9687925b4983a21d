/** Documents of every kind, good and bad, for corpora whose histograms have something to show. */
import { Rng } from '../../src/base/rng';
import { prose } from './warcFiles';

interface Varied {
  readonly id: string;
  readonly url: string;
  readonly title: string;
  readonly text: string;
}

/** Sentences of a book: drawn anew for each document, so that few are near copies of each other. */
const POOL = Array.from({ length: 20 }, (_, seed) => prose(seed, 1))
  .flatMap((paragraph) => paragraph.split(/(?<=[.!?])\s+/))
  .filter((sentence) => sentence.length > 40);

const TRICKS: readonly ((text: string, rng: Rng) => string)[] = [
  // Too short, more or less.
  (text, rng) =>
    text
      .split(' ')
      .slice(0, 15 + rng.below(120))
      .join(' '),
  // Says things again.
  (text, rng) =>
    [text, ...Array<string>(rng.below(3)).fill(text.slice(0, 200 + rng.below(500)))].join('\n'),
  // Lists.
  (text, rng) =>
    text
      .split(/(?<=[,;.])\s/)
      .map((line) => (rng.below(3) > 0 ? `- ${line}` : line))
      .join('\n'),
  // Program code here and there.
  (text, rng) =>
    text
      .split('\n')
      .flatMap((line) => [line, ...Array<string>(rng.below(3)).fill('if (whale) { dive(); }')])
      .join('\n'),
  // What C4 cuts.
  (text) =>
    `${text}\nThis site uses cookies to remember you.\nShare this\nPlease enable JavaScript.`,
  // Cut off in the middle of lines.
  (text, rng) =>
    text
      .split(/(?<=[,;.])\s/)
      .map((line) => line.slice(0, 12 + rng.below(60)))
      .join('\n'),
  // Shouting.
  (text, rng) => text.replace(/\s/g, (space) => (rng.below(9) === 0 ? ' ... # ' : space)),
];

/** JSON Lines, a document each; the same for the same count. */
export function variedTexts(count: number): string {
  const rng = new Rng(7);
  return Array.from({ length: count }, (_, i): Varied => {
    const sentences = Array.from(
      { length: 6 + rng.below(18) },
      () => POOL[rng.below(POOL.length)]!,
    );
    const text = sentences.join(rng.below(4) === 0 ? '\n' : ' ');
    const trick = TRICKS[rng.below(2 * TRICKS.length)];
    return {
      id: `document-${i}`,
      url: `http://example.com/${i}`,
      title: `Document ${i}`,
      text: trick ? trick(text, rng) : text,
    };
  })
    .map((document) => `${JSON.stringify(document)}\n`)
    .join('');
}
