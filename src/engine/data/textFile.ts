/**
 * One text file as a stream of strings, checked on the way: binary data and invalid UTF-8 are named
 * with their place in the file. A byte order mark at the start is left out.
 */
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { fileError } from '../../base/files';
import { completeLength, firstInvalidUtf8 } from './utf8';

export interface TextOptions {
  readonly signal?: AbortSignal | undefined;
  /** What to do about bytes that are not UTF-8: report them, or put U+FFFD in their place. */
  readonly invalidUtf8?: 'error' | 'replace' | undefined;
}

const CHUNK_BYTES = 1 << 20;

/** How much of a file tells whether it is text. */
const HEAD_BYTES = 1 << 16;

/** From this share of control characters on it is no text. */
const MOST_CONTROLS = 0.2;

/** Neither tab, line feed, form feed, carriage return, backspace nor escape, which texts do hold. */
function isOddControl(byte: number): boolean {
  return byte < 0x20
    ? byte < 0x08 || byte === 0x0b || (byte > 0x0d && byte !== 0x1b)
    : byte === 0x7f;
}

/** Why these bytes are no text, or undefined. `offset` is where they lie in the file. */
function binaryReason(bytes: Uint8Array, offset: number): string | undefined {
  if (offset === 0 && bytes.length >= 2) {
    const mark = (bytes[0]! << 8) | bytes[1]!;
    if (mark === 0xfffe || mark === 0xfeff) return 'it is UTF-16, not UTF-8';
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) return `it is binary data (a zero byte at offset ${offset + zero})`;
  let controls = 0;
  for (let i = 0; i < bytes.length; i++) if (isOddControl(bytes[i]!)) controls++;
  return controls > MOST_CONTROLS * bytes.length
    ? `it is binary data (${controls} of ${bytes.length} bytes from offset ${offset} on are control characters)`
    : undefined;
}

function binaryError(file: string, reason: string): GlassboxError {
  return new GlassboxError('binary-data', `${file} cannot be read as text: ${reason}.`, {
    remedy: 'Leave that file out, or convert it to text in UTF-8.',
    details: { path: file },
  });
}

function invalidError(file: string, offset: number): GlassboxError {
  return new GlassboxError(
    'invalid-utf8',
    `${file} is not valid UTF-8: the bytes at offset ${offset} are no character.`,
    {
      remedy:
        'Convert the file to UTF-8, or set data.invalidUtf8 to "replace" to put the replacement character there.',
      details: { path: file, offset },
    },
  );
}

/** Whether the start of a file looks like text in UTF-8. */
export async function looksLikeText(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = buffer.subarray(0, bytesRead);
      return binaryReason(head, 0) === undefined && isUtf8(head.subarray(0, completeLength(head)));
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}

/**
 * The text of a file, in strings that never cut a UTF-8 sequence.
 *
 * @throws GlassboxError `binary-data`, `invalid-utf8` (with the offset in bytes), `cancelled`, or
 *   the file system's reason
 */
export async function* streamText(
  file: string,
  { signal, invalidUtf8 = 'error' }: TextOptions = {},
): AsyncGenerator<string> {
  const handle = await open(file, 'r').catch((thrown: unknown) => {
    throw fileError(thrown, 'read', file);
  });
  try {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const buffer = Buffer.alloc(CHUNK_BYTES);
    /** Bytes at the start of `buffer` that are left from the chunk before, and where they lie. */
    let held = 0;
    let offset = 0;
    for (;;) {
      throwIfAborted(signal);
      const { bytesRead } = await handle.read(buffer, held, CHUNK_BYTES - held, offset + held);
      const bytes = buffer.subarray(0, held + bytesRead);
      if (bytes.length === 0) return;
      const reason = binaryReason(bytes, offset);
      if (reason !== undefined) throw binaryError(file, reason);
      // At the end of the file nothing can complete a sequence any more.
      const complete = bytes.subarray(0, bytesRead === 0 ? undefined : completeLength(bytes));
      if (invalidUtf8 === 'error' && !isUtf8(complete))
        throw invalidError(file, offset + firstInvalidUtf8(complete));
      const text = decoder.decode(complete);
      const unmarked = offset === 0 && text.startsWith('\ufeff') ? text.slice(1) : text;
      if (unmarked !== '') yield unmarked;
      offset += complete.length;
      held = bytes.copy(buffer, 0, complete.length);
    }
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  } finally {
    await handle.close();
  }
}
