/** A whole text encoded at once, but with breaks, so that the thread can answer others meanwhile. */
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../../base/errors';
import type { SpecialTokenPolicy, TokenOffset, Tokenizer } from '../tokenizer/tokenizer';
import { blocksOf } from './block';
import { SLICE } from './editedText';

/**
 * The ids, and where each token stands if that is asked for.
 *
 * @throws GlassboxError as `Tokenizer.encode`, `cancelled`
 */
export async function encodeText(
  tokenizer: Tokenizer,
  text: string,
  options: { readonly special: SpecialTokenPolicy; readonly offsets: boolean },
  signal: AbortSignal,
): Promise<{ ids: number[]; offsets: TokenOffset[] | undefined }> {
  if (options.special === 'forbid') tokenizer.forbidSpecial(text);
  const special = options.special === 'allow' ? 'allow' : 'text';
  const ids: number[] = [];
  const offsets: TokenOffset[] = [];
  let unit = 0;
  let byte = 0;
  let started = performance.now();
  for (const { text: part, continues } of blocksOf(tokenizer, text, {
    continues: false,
    special,
  })) {
    throwIfAborted(signal);
    if (options.offsets) {
      const encoded = tokenizer.encodeWithOffsets(part, { special, continues });
      for (const id of encoded.ids) ids.push(id);
      for (const offset of encoded.offsets) offsets.push(moved(offset, unit, byte));
      byte += Buffer.byteLength(part);
    } else {
      for (const id of tokenizer.encode(part, { special, continues })) ids.push(id);
    }
    unit += part.length;
    if (performance.now() - started < SLICE) continue;
    await setImmediate();
    started = performance.now();
  }
  return { ids, offsets: options.offsets ? offsets : undefined };
}

function moved({ bytes, utf16, partial }: TokenOffset, unit: number, byte: number): TokenOffset {
  return {
    bytes: [bytes[0] + byte, bytes[1] + byte],
    utf16: [utf16[0] + unit, utf16[1] + unit],
    partial,
  };
}
