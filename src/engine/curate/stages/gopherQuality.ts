/** Whether a text reads as prose (Rae et al., "Scaling Language Models: Gopher", 2021, appendix A). */
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';
import { linesOf } from './lines';
import { isPunctuation, lengthOf, wordsOf } from './words';

const LETTER = /\p{L}/u;
const BULLET = /^\s*[•-]/;
const ELLIPSIS = /(?:\.\.\.|…)\s*$/;

const share = (lines: readonly string[], holds: (line: string) => boolean): number =>
  lines.length === 0 ? 0 : lines.filter(holds).length / lines.length;

export function gopherQuality(settings: CorpusRecipe['gopherQuality']): Stage {
  const stopWords = new Set(settings.stopWords);

  function measure({ text, language }: Page): Finding {
    const words = wordsOf(text, language);
    const real = words.filter((word) => !isPunctuation(word));
    const letters = real.reduce((sum, word) => sum + lengthOf(word), 0);
    const per = (count: number): number => (words.length === 0 ? 0 : count / words.length);
    const lines = linesOf(text);
    const met = new Set(words.filter((word) => stopWords.has(word)));
    return {
      values: {
        words: real.length,
        meanWordLength: real.length === 0 ? 0 : letters / real.length,
        hashes: per(text.split('#').length - 1),
        ellipses: per(text.match(/\.\.\.|…/g)?.length ?? 0),
        bulletLines: share(lines, (line) => BULLET.test(line)),
        ellipsisLines: share(lines, (line) => ELLIPSIS.test(line)),
        alphabeticWords: per(words.filter((word) => LETTER.test(word)).length),
        stopWords: met.size,
      },
    };
  }

  return { name: 'gopherQuality', measure };
}
