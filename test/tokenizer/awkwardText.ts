import fc from 'fast-check';

/** Parts on which splitting and merging go wrong first. */
const PARTS = [
  ' ',
  '  ',
  '   ',
  '\n',
  '\r\n',
  '\n\n ',
  '\t',
  "'s",
  "'LL",
  "'Re",
  "'",
  "don't",
  '123',
  '45678',
  '٣٤٥',
  'ABC',
  'camelCase',
  'HTTPServer',
  'hello',
  ' the',
  '!!',
  '/',
  '//\n',
  '好',
  '日本語',
  'नमस्ते',
  'e\u0301',
  '\u0301',
  'ǅ',
  'ʰ',
  '👍🏽',
  '👨‍👩‍👧',
  '\u00a0',
  '\u3000',
  '\u2028',
  '\ud83d',
  '\udc4d',
  '<|endoftext|>',
  '\u0000',
];

/** A few code points of any kind, halves of surrogate pairs among them. */
export function anyCharacters(): fc.Arbitrary<string> {
  const points = fc.oneof(
    fc.nat({ max: 0x10ffff }),
    fc.nat({ max: 0xffff }),
    fc.nat({ max: 0x3ff }),
  );
  return fc
    .array(points, { maxLength: 6 })
    .map((found) => found.map((point) => String.fromCodePoint(point)).join(''));
}

/**
 * Texts of awkward parts and random characters. Without U+0085 and U+FEFF, of which JavaScript's \s
 * (in the peer gpt-tokenizer) and Unicode's White_Space (in tiktoken and here) disagree, and without
 * the long s, which the peer doesn't fold.
 */
export function awkwardText(): fc.Arbitrary<string> {
  const part = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...PARTS) },
    { weight: 1, arbitrary: anyCharacters() },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
  );
  return fc
    .array(part, { maxLength: 14 })
    .map((parts) => parts.join('').replace(/[\u0085\ufeff\u017f]/g, ''));
}
