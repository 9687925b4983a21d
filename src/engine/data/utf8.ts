/**
 * What Node doesn't say about UTF-8: where a sequence is broken, and where a buffer that was cut
 * anywhere ends in the midst of a character.
 */

/** How many bytes the sequence that `lead` starts has; 0 if none starts so. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** Whether `second` may follow `lead`: no overlong forms, no surrogates, nothing past U+10FFFF. */
function secondFits(lead: number, second: number): boolean {
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return second >= least && second <= most;
}

/** The offset of the first sequence that isn't UTF-8, or -1. One cut off by the end counts. */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length;) {
    const lead = bytes[i]!;
    const length = sequenceLength(lead);
    if (length === 0 || i + length > bytes.length) return i;
    for (let k = 1; k < length; k++) {
      const next = bytes[i + k]!;
      if (k === 1 ? !secondFits(lead, next) : (next & 0xc0) !== 0x80) return i;
    }
    i += length;
  }
  return -1;
}

/** How many bytes of `bytes` come before a last sequence that more bytes might complete. */
export function completeLength(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    return sequenceLength(byte) > back ? length - back : length;
  }
  return length;
}
