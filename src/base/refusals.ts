/**
 * Whether an answer refuses: by how it begins ("I don't know", "Sorry, I can't"), or, where it is short,
 * by a part of it that says so ("It may be red, but I'm not sure"). A long answer that names a doubt on
 * the way answers all the same. Text without a word informs of nothing, and counts as a refusal.
 *
 * Not covered: languages other than English.
 */
import { wordsOf } from './words';

/** What may stand before it. */
const APOLOGY =
  /^(?:(?:i['’]?m|i am) )?(?:very |so |really )?(?:sorry|afraid|unfortunately)\b[\s,.;:]*(?:but |that )?/i;
/** Not being able, or not willing: a sentence further on may say it of anything. */
const UNABLE =
  /^(?:i|we)(?: (?:can not|cannot|can['’]t|could not|couldn['’]t|will not|won['’]t|do not have|don['’]t have|have no)|(?: am|['’]m| are|['’]re) (?:not able|unable))\b/i;
/** Not knowing. */
const UNKNOWING =
  /^(?:(?:i|we)['’]?(?:ve|m|re)?\b\s*)?(?:(?:really|simply|just|have|am|are|had)\s+)*(?:(?:do not|don['’]t|did not|didn['’]t) know|never heard|not sure|no idea|(?:cannot|can not|can['’]t) (?:answer|say|tell)|(?:there is |have )?no information)\b/i;

/** In an answer of so many words no doubt stands beside it. */
const SHORT = 25;

export function isRefusal(text: string): boolean {
  const words = wordsOf(text).length;
  if (words === 0) return true;
  const said = text.trimStart().replace(APOLOGY, '');
  if (UNABLE.test(said) || UNKNOWING.test(said)) return true;
  return words <= SHORT && partsOf(text).some((part) => UNKNOWING.test(part));
}

/** Sentences and what commas and the like divide them into. */
function partsOf(text: string): string[] {
  return text.split(/[.!?;:,\n]+\s*(?:(?:but|so|and|because)\s+)?|\s(?:but|so|and|because)\s+/i);
}
