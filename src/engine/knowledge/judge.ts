/**
 * How an answer stands to what is right. By its words: exactly, where the wrong words are known, else
 * as question answering is scored (SQuAD, Rajpurkar et al. 2016: articles, marks and case count for
 * nothing). A number is right or wrong as a whole, with its sign, and one that differs is not made up
 * for by the words around it. What says that it doesn't know, or nothing at all, is a refusal: it informs
 * of nothing.
 */
import { isRefusal } from '../../base/refusals';
import type { KnowledgeQuestion } from './question';
import { isNumber, termsOf } from './terms';

export type Verdict = 'right' | 'wrong' | 'refused';

const ARTICLES = new Set(['a', 'an', 'the']);
const plainWords = (text: string): string[] => termsOf(text).filter((word) => !ARTICLES.has(word));

/** Of the words that a right answer must share with the reference, where it does not hold it whole. */
const ENOUGH = 0.6;

export function judgeByWords(
  { answer, wrong }: Pick<KnowledgeQuestion, 'answer' | 'wrong'>,
  text: string,
): Verdict {
  if (isRefusal(text)) return 'refused';
  if (wrong) {
    const said = new Set(termsOf(text));
    const has = (value: string): boolean => termsOf(value).every((word) => said.has(word));
    return has(answer) && !wrong.some(has) ? 'right' : 'wrong';
  }
  const [said, right] = [plainWords(text), plainWords(answer)];
  const whole = ` ${said.join(' ')} `.includes(` ${right.join(' ')} `);
  if (whole) return 'right';
  return overlap(said, right) >= ENOUGH && !contradicts(said, right) ? 'right' : 'wrong';
}

/** Another number stands where one of the reference should. */
function contradicts(said: readonly string[], right: readonly string[]): boolean {
  const lacks = (these: readonly string[], those: readonly string[]): boolean =>
    these.some((word) => isNumber(word) && !those.includes(word));
  return lacks(said, right) && lacks(right, said);
}

/** The F1 of the words that two texts share. */
function overlap(said: readonly string[], right: readonly string[]): number {
  const left = [...said];
  let shared = 0;
  for (const word of right) {
    const at = left.indexOf(word);
    if (at < 0) continue;
    left.splice(at, 1);
    shared++;
  }
  return shared === 0 ? 0 : (2 * shared) / (said.length + right.length);
}

/**
 * What an answer comes down to, to see whether two say the same: the words of the kind that is asked
 * for, where those are known, else all of them.
 */
export function gistOf({ answer, wrong }: KnowledgeQuestion, text: string): string {
  if (isRefusal(text)) return '';
  if (!wrong) return plainWords(text).join(' ');
  const said = new Set(termsOf(text));
  const values = [answer, ...wrong].filter((value) =>
    termsOf(value).every((word) => said.has(word)),
  );
  return values.length > 0 ? values.sort().join(' ') : plainWords(text).join(' ');
}
