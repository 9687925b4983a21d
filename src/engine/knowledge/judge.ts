/**
 * How an answer stands to what is right. By its words: exactly, where the wrong words are known, else
 * as question answering is scored (SQuAD, Rajpurkar et al. 2016: articles, marks and case count for
 * nothing). What says that it doesn't know, or nothing at all, is a refusal: it informs of nothing.
 */
import { isRefusal } from '../../base/refusals';
import { wordsOf } from '../../base/words';
import type { KnowledgeQuestion } from './question';

export type Verdict = 'right' | 'wrong' | 'refused';

const ARTICLES = new Set(['a', 'an', 'the']);
const plainWords = (text: string): string[] => wordsOf(text).filter((word) => !ARTICLES.has(word));

/** Of the words that a right answer must share with the reference, where it does not hold it whole. */
const ENOUGH = 0.6;

export function judgeByWords(
  { answer, wrong }: Pick<KnowledgeQuestion, 'answer' | 'wrong'>,
  text: string,
): Verdict {
  if (isRefusal(text)) return 'refused';
  if (wrong) {
    const said = new Set(wordsOf(text));
    const has = (value: string): boolean => wordsOf(value).every((word) => said.has(word));
    return has(answer) && !wrong.some(has) ? 'right' : 'wrong';
  }
  const [said, right] = [plainWords(text), plainWords(answer)];
  const whole = ` ${said.join(' ')} `.includes(` ${right.join(' ')} `);
  return whole || overlap(said, right) >= ENOUGH ? 'right' : 'wrong';
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
  const said = new Set(wordsOf(text));
  const values = [answer, ...wrong].filter((value) =>
    wordsOf(value).every((word) => said.has(word)),
  );
  return values.length > 0 ? values.sort().join(' ') : plainWords(text).join(' ');
}
