/** What a crawler kept of a web server's answer: status, headers, and the page in its bytes. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Body, UnreadableReason } from '../document';

export type Headers = ReadonlyMap<string, string>;

/** Header lines by their names in lower case; of several the last counts. */
export function parseHeaders(lines: readonly string[]): Headers {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** Bytes that a page may unpack to. */
const LARGEST_PAGE = 1 << 25;

/** Puts chunks together. Crawlers often do that, and leave the header as it was: then as it is. */
function dechunked(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const line = body.indexOf('\r\n', at);
    const size = /^([0-9a-fA-F]{1,7})\s*(;.*)?$/.exec(
      body.toString('latin1', at, Math.max(at, line)),
    );
    if (line < 0 || line - at > 64 || !size) return at === 0 ? body : Buffer.concat(chunks);
    const length = parseInt(size[1]!, 16);
    if (length === 0) break;
    chunks.push(body.subarray(line + 2, line + 2 + length));
    at = line + 2 + length + 2;
  }
  return Buffer.concat(chunks);
}

/** Undoes a content coding, where it is still there: crawlers mostly undo it themselves. */
function decoded(body: Buffer, coding: string): Buffer | undefined {
  const options = { maxOutputLength: LARGEST_PAGE };
  try {
    switch (coding) {
      case 'gzip':
      case 'x-gzip':
        return body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body, options) : body;
      case 'deflate':
        return (body[0]! & 0x0f) === 8 ? inflateSync(body, options) : inflateRawSync(body, options);
      case 'br':
        return brotliDecompressSync(body, options);
      default:
        return body;
    }
  } catch (thrown) {
    const tooLarge = thrown instanceof RangeError;
    return tooLarge ? undefined : body;
  }
}

/** The page in an HTTP answer, or why there is none. */
export function pageOf(answer: Buffer): Body | UnreadableReason {
  let end = answer.indexOf('\r\n\r\n');
  let width = 4;
  if (end < 0) {
    end = answer.indexOf('\n\n');
    width = 2;
  }
  if (end < 0) return 'damagedHeader';
  const [status = '', ...lines] = answer.toString('latin1', 0, end).split(/\r?\n/);
  const code = /^HTTP\/\d(?:\.\d)?\s+(\d{3})/.exec(status)?.[1];
  if (code === undefined) return 'damagedHeader';
  if (!code.startsWith('2')) return 'httpStatus';
  const headers = parseHeaders(lines);
  const chunked = /chunked/i.test(headers.get('transfer-encoding') ?? '');
  const sent = answer.subarray(end + width);
  const whole = chunked ? dechunked(sent) : sent;
  const body = decoded(whole, headers.get('content-encoding')?.toLowerCase() ?? '');
  if (body === undefined) return 'decompressionBomb';
  return bodyOf(body, headers.get('content-type'));
}

const PAGE_START = /^\s*(<!--[^]*?-->\s*)*<(!doctype\s+html|html|head|body)\b/i;

/** What bytes of a declared type are: a page, a text, or neither. */
export function bodyOf(bytes: Buffer, contentType: string | undefined): Body | UnreadableReason {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  const charset = /charset\s*=\s*["']?([\w:.-]+)/i.exec(contentType ?? '')?.[1];
  const html =
    type === 'text/html' ||
    type === 'application/xhtml+xml' ||
    (type === '' && PAGE_START.test(bytes.toString('latin1', 0, 1024)));
  if (html || type === 'text/plain') return { kind: html ? 'html' : 'text', bytes, charset };
  return 'notAPage';
}
