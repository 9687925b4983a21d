/**
 * The words of a text as they are judged by: as `wordsOf` has them, but that a number is one word with
 * its sign and its fraction, however it is written. "-1,250.50" and "minus 1250.5" are the same word, and
 * not the one that "1250.5" is. A unit that stands at a number is a word of its own, as "5 km" has it, and
 * what makes an ordinal of one is none: "July 4th" is "July 4".
 *
 * A minus is a sign where nothing stands before it that could be subtracted from, and no blank behind it:
 * "3-5", "7 minus 5" and "Boeing-747" hold none.
 *
 * Not covered: fractions (1/3), numbers in words, decimal commas, blanks between thousands: as before,
 * each is several words.
 */

const MINUS_IN_WORDS = /(?<![\p{N})]\s*)\b(?:minus|negative)\s+(?=\p{Sc}?\.?\d)/gu;

const TERM = new RegExp(
  [
    '(?:(?<sign>(?<![\\p{L}\\p{N})])[-\u2212\u2013])\\p{Sc}?)?',
    '(?<![\\p{L}\\p{N}])(?<number>',
    // Thousands in groups; a list of numbers or a date is none.
    "(?<!\\d[.,'_])\\d{1,3}(?:[,'_]\\d{3})+(?:\\.\\d+)?(?![\\d]|[.,'_]\\d)",
    '|(?<!\\d\\.)\\d+\\.\\d+(?!\\d|\\.\\d)',
    '|(?<!\\.)\\.\\d+(?!\\d|\\.\\d)',
    '|\\d+)(?<unit>[\\p{L}\\p{N}]*)',
    '|[\\p{L}\\p{N}]+',
  ].join(''),
  'gu',
);

const ORDINAL = /^(?:st|nd|rd|th)$/;

export function termsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase().replace(MINUS_IN_WORDS, '-');
  return [...plain.matchAll(TERM)].flatMap(({ 0: word, groups }) => {
    const { sign, number, unit = '' } = groups ?? {};
    if (number === undefined) return [word];
    const value = valueOf(number);
    const signed = `${sign !== undefined && /[1-9]/.test(value) ? '-' : ''}${value}`;
    return unit === '' || ORDINAL.test(unit) ? [signed] : [signed, unit];
  });
}

export const isNumber = (term: string): boolean => /^-?\d/.test(term);

/** Without what groups its digits, and without zeros that say nothing. */
function valueOf(number: string): string {
  const [whole = '', fraction = ''] = number.replace(/[,'_]/g, '').split('.');
  const rest = fraction.replace(/0+$/, '');
  return `${whole === '' ? '0' : whole}${rest === '' ? '' : `.${rest}`}`;
}
