/**
 * UTF-8, and the alphabet in which byte-level tokenizers write bytes.
 *
 * GPT-2's vocabulary files spell every byte as one printable character: the printable bytes of
 * Latin-1 as themselves, the other 68 as U+0100 onwards in byte order (Radford et al., 2019, the
 * published encoder). Inside this room bytes travel as a `Uint8Array`; the trainer, for which they are
 * the key of a map, has them as a string of the code units 0-255 ("binary string").
 */

/** Byte -> the character that stands for it in a byte-level vocabulary. */
export const BYTE_TO_CHARACTER: readonly string[] = buildAlphabet();

const CHARACTER_TO_BYTE = new Int16Array(0x200).fill(-1);
BYTE_TO_CHARACTER.forEach((character, byte) => {
  CHARACTER_TO_BYTE[character.charCodeAt(0)] = byte;
});

function buildAlphabet(): string[] {
  const alphabet: string[] = [];
  let shifted = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
    alphabet.push(String.fromCharCode(printable ? byte : shifted++));
  }
  return alphabet;
}

/** Bytes in the byte-level alphabet. */
export function toByteLevel(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += BYTE_TO_CHARACTER[byte]!;
  return text;
}

/** The bytes that byte-level text spells; undefined where a character is no byte's. */
export function fromByteLevel(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const byte = unit < CHARACTER_TO_BYTE.length ? CHARACTER_TO_BYTE[unit]! : -1;
    if (byte < 0) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** The UTF-8 bytes of `text`, as a binary string. */
export function toBinary(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Writes the UTF-8 bytes of `text[start, end)` to `target`, from `at` on, and gives their number;
 * there must be room for three bytes for each code unit. Half of a surrogate pair becomes U+FFFD, as in TextEncoder.
 */
export function writeUtf8(
  text: string,
  start: number,
  end: number,
  target: Uint8Array,
  at = 0,
): number {
  let length = at;
  for (let i = start; i < end; i++) {
    let point = text.charCodeAt(i);
    if (point < 0x80) {
      target[length++] = point;
      continue;
    }
    if (point < 0x800) {
      target[length++] = 0xc0 | (point >> 6);
      target[length++] = 0x80 | (point & 63);
      continue;
    }
    if (point >= 0xd800 && point < 0xe000) {
      const low = i + 1 < end ? text.charCodeAt(i + 1) : 0;
      if (point < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        target[length++] = 0xf0 | (point >> 18);
        target[length++] = 0x80 | ((point >> 12) & 63);
        target[length++] = 0x80 | ((point >> 6) & 63);
        target[length++] = 0x80 | (point & 63);
        i++;
        continue;
      }
      point = 0xfffd;
    }
    target[length++] = 0xe0 | (point >> 12);
    target[length++] = 0x80 | ((point >> 6) & 63);
    target[length++] = 0x80 | (point & 63);
  }
  return length - at;
}

/** UTF-8 bytes of a code point; half of a surrogate pair counts as U+FFFD. */
export function utf8Width(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

const WHOLE = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes for a person to read: whole characters as they are, any other byte as `<0xE2>`. */
export function displayBytes(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const lead = bytes[i]!;
    const width = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const whole = width > 0 && i + width <= bytes.length && tryDecode(bytes.subarray(i, i + width));
    if (typeof whole === 'string') {
      text += whole;
      i += width;
    } else {
      text += `<0x${lead.toString(16).toUpperCase().padStart(2, '0')}>`;
      i++;
    }
  }
  return text;
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return WHOLE.decode(bytes);
  } catch {
    return undefined;
  }
}
