/**
 * Which characters an expression means when it disregards case. Simple case folding only: an
 * expression for `ss` doesn't match `ß`.
 */

let cased: string | undefined;

/** Every character that has another form, in one string. */
function casedCharacters(): string {
  if (cased === undefined) {
    const found: string[] = [];
    for (let point = 0; point < 0x1f000; point++) {
      if (point >= 0xd800 && point < 0xe000) continue;
      const character = String.fromCodePoint(point);
      if (character.toLowerCase() !== character || character.toUpperCase() !== character) {
        found.push(character);
      }
    }
    cased = found.join('');
  }
  return cased;
}

/** The characters that equal one of `from`-`to` but for case, without those that have no other form. */
export function caseVariants(from: string, to: string): string[] {
  const code = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  const same = new RegExp(`[${code(from)}-${code(to)}]`, 'giu');
  return casedCharacters().match(same) ?? [];
}
