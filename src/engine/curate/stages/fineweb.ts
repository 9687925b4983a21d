/** FineWeb's own rules (Penedo et al., 2024, section 3.6): lists, menus and repeated lines. */
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';
import { duplicates } from './repetition';
import { endsSentence, lengthOf, wordsOf } from './words';

export function fineweb(settings: CorpusRecipe['fineweb']): Stage {
  const { shortLine } = settings;

  function measure({ text, language }: Page): Finding {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) return { values: {}, reason: 'empty' };
    const count = (holds: (line: string) => boolean): number => lines.filter(holds).length;
    const words = wordsOf(text, language);
    const newlines = text.split('\n').length - 1;
    return {
      values: {
        punctuatedLines: count(endsSentence) / lines.length,
        shortLines: count((line) => lengthOf(line) <= shortLine) / lines.length,
        duplicateLineCharacters: duplicates(lines).characters / (lengthOf(text) - newlines),
        newlines: words.length === 0 ? newlines : newlines / words.length,
      },
    };
  }

  return { name: 'fineweb', measure };
}
