/**
 * Bytes of a page as text. What is declared may be a lie: bytes that are valid UTF-8 are UTF-8, since no
 * longer text in another charset is so by chance; then counts the byte order mark, the server's word,
 * the page's own, and at last what most old pages are in.
 */
import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

const FALLBACK = 'windows-1252';
const IN_PAGE =
  /<meta[^>]{0,512}?charset\s*=\s*["']?\s*([\w:.-]+)|<\?xml[^>]{0,128}?encoding=["']([\w:.-]+)/i;

function decoderOf(charset: string | undefined): TextDecoder | undefined {
  if (charset === undefined) return undefined;
  try {
    return new TextDecoder(charset);
  } catch {
    return undefined;
  }
}

/** Declared to be UTF-8, and mostly is: damaged here and there, or not at all. */
function mostlyUtf8(text: string): boolean {
  let replaced = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) replaced++;
  return replaced * 100 <= text.length;
}

export function decodePage(bytes: Uint8Array, declared: string | undefined): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const head = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  const inPage = IN_PAGE.exec(head);
  for (const charset of [declared, inPage?.[1] ?? inPage?.[2]]) {
    const decoder = decoderOf(charset);
    if (!decoder) continue;
    const text = decoder.decode(bytes);
    if (decoder.encoding !== 'utf-8' || mostlyUtf8(text)) return text;
  }
  return new TextDecoder(FALLBACK).decode(bytes);
}

/** Whether bytes that claim to be text are something else, by their first few thousand. */
export function looksBinary(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 4096);
  if (head[0] === 0xff && head[1] === 0xfe) return false;
  if (head[0] === 0xfe && head[1] === 0xff) return false;
  let odd = 0;
  for (const byte of head) {
    if (byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b) || byte === 0x7f) odd++;
  }
  return odd * 20 > head.length;
}
