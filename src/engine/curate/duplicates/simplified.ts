/**
 * A text without what should not keep two copies apart, as datatrove's `simplify_text` leaves it: in
 * small letters, every number 0, marks and white space one space, no diacritics.
 */
const NUMBER = /\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?/gu;
const MARKS =
  /[!/—”:％１〈&(、━\\【#%「」，】；+^\]~“《„';’{|∶´[=\-`*．（–？！：$～«〉,><》)?。…@_."}►»\p{Cc}\s]+/gu;

export function simplified(text: string): string {
  return text
    .toLowerCase()
    .replace(NUMBER, '0')
    .replace(MARKS, ' ')
    .normalize('NFD')
    .replace(/\p{Mn}+/gu, '')
    .trim();
}
