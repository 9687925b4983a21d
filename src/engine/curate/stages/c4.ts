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

export function c4(settings: CorpusRecipe['c4']): Stage {
  const { minWordsPerLine, maxWordLength, endPunctuation, removeCitations } = settings;

  function measure({ text, language }: Page): Finding {
    const cut = { longWord: 0, noPunctuation: 0, fewWords: 0, javascript: 0, policy: 0 };
    let sentences = 0;
    let loremIpsum = 0;
    let curlyBrackets = 0;
    const kept: string[] = [];
    for (const whole of linesOf(text)) {
      const trimmed = whole.trim();
      const words = trimmed === '' ? [] : trimmed.split(/\s+/);
      if (words.some((word) => word.length > maxWordLength && lengthOf(word) > maxWordLength)) {
        cut.longWord++;
        continue;
      }
      const line = removeCitations ? trimmed.replace(CITATION, '') : trimmed;
      const lower = line.toLowerCase();
      if (endPunctuation && (!ENDS.test(line) || line.endsWith('...'))) cut.noPunctuation++;
      else if (words.length < minWordsPerLine) cut.fewWords++;
      else if (lower.includes('lorem ipsum')) loremIpsum++;
      else if (settings.javascript && lower.includes('javascript')) cut.javascript++;
      else if (line.includes('{')) curlyBrackets++;
      else if (settings.policies && POLICIES.some((phrase) => lower.includes(phrase))) cut.policy++;
      else {
        sentences += countSentences(line, language);
        kept.push(line);
      }
    }
    return {
      values: {
        loremIpsum,
        curlyBrackets,
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
