/**
 * Whether an answer refuses: by how it begins ("I don't know", "Sorry, I can't"), or, where it is short,
 * by a part of it that says so ("It may be red, but I'm not sure", "That I do not know"). A long answer
 * that names a doubt on the way answers all the same. Text without a word informs of nothing, and counts
 * as a refusal.
 *
 * What nobody knows makes a refusal where a short answer begins with it ("It is not known who built it"):
 * further on it is said of something else ("She sings, and it is not known why").
 *
 * Not covered: languages other than English; questions that are asked back.
 */
import { wordsOf } from './words';

/** In an answer of so many words no doubt stands beside it. */
const SHORT = 25;

/** What follows a verb of knowing where it is said of what was asked, and of nothing else. */
const ASKED =
  '(?:(?: that| this| it| anything)?$| (?:anything )?(?:about|of|who|whom|whose|what|which|where|when|why|how|whether|if)\\b)';

// All of these are held against words as `plainly` writes them.

/** What may stand before a refusal. */
const APOLOGY =
  /^(?:i am )?(?:so )?(?:sorry|afraid|unfortunately)\b *(?:but |that (?=i |we |there |no ))?/;

/** Not being able, or not willing: a sentence further on may say it of anything. */
const UNABLE =
  /^(?:i|we) (?:can not|could not|will not|do not have|have no|(?:am|are) (?:not able|unable))\b/;

/** Not knowing. */
const UNKNOWING =
  /^(?:(?:i|we) )?(?:(?:have|am|are|had) )*(?:(?:do|did) not know|never heard|not sure|no idea|can not (?:answer|say|tell)|(?:there is |have )?no information)\b/;

/** Not knowing, said of oneself in other words or another order. */
const OTHERWISE = oneOf(
  '(?:i|we) (?:would not know|could not (?:answer|say|tell))\\b',
  '(?:i|we) have not heard (?:of|about)\\b',
  '(?:i|we) (?:am|are) (?:not certain|not aware of|unaware of|unsure|uncertain)\\b',
  '(?:i|we) (?:know|have heard|have been told|was told|were told) nothing(?:$| (?:about|of)\\b)',
  '(?:i|we) know (?:nobody|no one) (?:called|named|of that name|by that name)\\b',
  `(?:i|we) (?:(?:was|were) (?:not|never)|have (?:not|never) been) told${ASKED}`,
  `(?:nobody|no one) (?:has |have |had )?told (?:me|us)${ASKED}`,
  // That I do not know. Her I don't know. This name I can't tell.
  '(?:that|this|it|him|her|them|(?:that|this) \\S+) (?:i|we) (?:do|can) not (?:know|say|tell)$',
  // Of her family I know nothing.
  '(?:about|of) (?:\\S+ ){1,5}(?:i|we) (?:know nothing|do not know|have heard nothing|(?:was|were) told nothing|can not say)$',
  '(?:that|this|it) is something (?:that )?(?:i|we) do not know$',
  '(?:that|this|it) is not (?:something|anything) (?:that )?(?:i|we) know(?: about| of)?$',
  '\\S+ is (?:someone|somebody) (?:whom? |that )?(?:i|we) do not know$',
  // The name of her dog is not known to me. But not: a man who is unknown to me; no man is unknown to me.
  '(?!no\\b|nothing\\b|nobody\\b|none\\b|few\\b)\\S+ (?:(?!who |whom |whose |which |that )\\S+ ){0,5}(?:is|are|remains?) (?:not known|unknown) to (?:me|us)$',
  'nothing (?:\\S+ ){0,5}is known to (?:me|us)$',
);

/** Says of whom or what it is not known. */
const NAMES_IT = /\b(?:of|about|called|named|to us) ?/;

/** Nobody knows what is asked. */
const NOT_KNOWN = oneOf(
  `(?:well |alas )?(?:that|this|it|the answer) (?:is|remains) (?:not known|unknown)(?: here| today| now| to anyone| to anybody)?${ASKED}`,
  '(?:there is )?nothing (?:is )?known (?:about|of)\\b',
);

/** Answers that say nothing else. */
const ALONE = oneOf('(?:unknown|not known|who knows|(?:nobody|no one) knows(?: that| this| it)?)$');

export function isRefusal(text: string): boolean {
  const count = wordsOf(text).length;
  if (count === 0) return true;
  const said = plainly(text);
  if (UNABLE.test(said) || UNKNOWING.test(said)) return true;
  if (count > SHORT) return false;
  const parts = partsOf(text)
    .map(plainly)
    .filter((part) => part !== '');
  const [first = ''] = parts;
  // Further on, what names something is a remark on something else: "Paris. I know nothing about Rome."
  const tells = (part: string): boolean =>
    UNKNOWING.test(part) || (OTHERWISE.test(part) && !NAMES_IT.test(part));
  return OTHERWISE.test(first) || parts.some(tells) || NOT_KNOWN.test(first) || ALONE.test(said);
}

function oneOf(...alternatives: readonly string[]): RegExp {
  return new RegExp(`^(?:${alternatives.join('|')})`);
}

/** Sentences and what commas and the like divide them into. */
function partsOf(text: string): string[] {
  return text.split(/[.!?;:,\n]+\s*(?:(?:but|so|and|because)\s+)?|\s(?:but|so|and|because)\s+/i);
}

/** The words of a text in lower case, without what stands before a refusal, what stresses it, and marks. */
function plainly(text: string): string {
  const whole = text
    .toLowerCase()
    .replace(/’/g, "'")
    .replace(/\bcan(?:no|')t\b/g, 'can not')
    .replace(/\bwon't\b/g, 'will not')
    .replace(/\b(do|did)n'?t\b|n't\b/g, (_, verb: string | undefined) => `${verb ?? ''} not`)
    .replace(/\b(i|we|you|they)'(m|ve|re)\b/g, (_, who: string, verb: string) => {
      return `${who} ${verb === 'm' ? 'am' : verb === 've' ? 'have' : 'are'}`;
    })
    .replace(/\b(that|this|it|there|he|she)'s\b/g, '$1 is');
  return wordsOf(whole)
    .join(' ')
    .replace(/\b(?:really|simply|just|actually|even|ever|yet|at all|quite|entirely|very)\b ?/g, '')
    .trim()
    .replace(APOLOGY, '');
}
