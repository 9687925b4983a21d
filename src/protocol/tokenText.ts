/**
 * Tokens' texts as the messages carry them, for display: a byte that is no part of a whole character is
 * written `<0xE2>`. (A text that really holds those six characters looks the same.)
 */

const VISIBLE: Readonly<Record<string, string>> = { ' ': '·', '\n': '⏎', '\r': '␍', '\t': '→' };
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|[^\S ]/u;

/** The text with what can't be seen made visible. */
export function visibleText(text: string): string {
  let visible = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    visible +=
      VISIBLE[character] ??
      (UNSEEN.test(character)
        ? `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
        : character);
  }
  return visible;
}

/** The text of what two neighbours make: bytes that are a character together become one. */
export function joinTokenTexts(left: string, right: string): string {
  const text = left + right;
  return text.replace(/(?:<0x[0-9A-F]{2}>)+/g, (written) => displayText(bytesOf(written)));
}

/** The bytes of a token's text. */
export function bytesOf(text: string): number[] {
  const encoder = new TextEncoder();
  return text
    .split(/(<0x[0-9A-F]{2}>)/)
    .flatMap((part, index) =>
      index % 2 === 1 ? [Number.parseInt(part.slice(3, 5), 16)] : [...encoder.encode(part)],
    );
}

/** The other way: whole characters as they are, the rest as `<0xE2>`. */
export function displayText(bytes: readonly number[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const width = widthOf(bytes[at]!);
    try {
      text += decoder.decode(Uint8Array.from(bytes.slice(at, at + width)));
      at += width;
    } catch {
      text += `<0x${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}>`;
      at++;
    }
  }
  return text;
}

/** Bytes of the character that begins with this one. */
function widthOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
