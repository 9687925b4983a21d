/**
 * C4's rules (Raffel et al., 2020), as FineWeb uses them: lines that are no prose are cut, and pages
 * that are placeholder, program code or too short are dropped.
 */
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';
import { linesOf } from './lines';
import { countSentences, lengthOf } from './words';

const CITATION = /\[\d*\]|\[edit\]|\[citation needed\]/g;
const POLICIES = [
  'terms of use',
  'privacy policy',
  'cookie policy',
  'uses cookies',
  'use of cookies',
  'use cookies',
];
const ENDS = /[.?!"']$/;

/** Why a line is cut. */
type Cut = 'longWord' | 'noPunctuation' | 'fewWords' | 'javascript' | 'policy';

export type LineFate =
  | { readonly kind: 'kept'; readonly text: string }
  | { readonly kind: 'cut'; readonly reason: Cut | 'loremIpsum' | 'curlyBrackets' };

/** What becomes of each line. */
export function c4Lines(settings: CorpusRecipe['c4']): (line: string) => LineFate {
  const { minWordsPerLine, maxWordLength, endPunctuation, removeCitations } = settings;
  const cut = (reason: Extract<LineFate, { kind: 'cut' }>['reason']): LineFate => ({
    kind: 'cut',
    reason,
  });
  return (whole) => {
    const trimmed = whole.trim();
    const words = trimmed === '' ? [] : trimmed.split(/\s+/);
    if (words.some((word) => word.length > maxWordLength && lengthOf(word) > maxWordLength))
      return cut('longWord');
    const line = removeCitations ? trimmed.replace(CITATION, '') : trimmed;
    const lower = line.toLowerCase();
    if (endPunctuation && (!ENDS.test(line) || line.endsWith('...'))) return cut('noPunctuation');
    if (words.length < minWordsPerLine) return cut('fewWords');
    if (lower.includes('lorem ipsum')) return cut('loremIpsum');
    if (settings.javascript && lower.includes('javascript')) return cut('javascript');
    if (line.includes('{')) return cut('curlyBrackets');
    if (settings.policies && POLICIES.some((phrase) => lower.includes(phrase)))
      return cut('policy');
    return { kind: 'kept', text: line };
  };
}

export function c4(settings: CorpusRecipe['c4']): Stage {
  const fateOf = c4Lines(settings);

  function measure({ text, language }: Page): Finding {
    const cut = { longWord: 0, noPunctuation: 0, fewWords: 0, javascript: 0, policy: 0 };
    const dropping = { loremIpsum: 0, curlyBrackets: 0 };
    let sentences = 0;
    const kept: string[] = [];
    for (const line of linesOf(text)) {
      const fate = fateOf(line);
      if (fate.kind === 'kept') {
        sentences += countSentences(fate.text, language);
        kept.push(fate.text);
      } else if (fate.reason === 'loremIpsum' || fate.reason === 'curlyBrackets') {
        dropping[fate.reason]++;
      } else {
        cut[fate.reason]++;
      }
    }
    return {
      values: {
        ...dropping,
        sentences,
        linesCut: Object.values(cut).reduce((sum, count) => sum + count, 0),
        cutLongWord: cut.longWord,
        cutNoPunctuation: cut.noPunctuation,
        cutFewWords: cut.fewWords,
        cutJavascript: cut.javascript,
        cutPolicy: cut.policy,
      },
      change: { text: kept.join('\n').trim() },
    };
  }

  return { name: 'c4', measure };
}
