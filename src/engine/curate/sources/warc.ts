/**
 * WARC and WET files (ISO 28500), plain or gzipped: each response is a page, each conversion a text.
 *
 * The format is a header, a length and that many bytes; what takes thought is damage. A record whose
 * length is wrong is counted, and reading goes on where the next header stands. (The library warcio
 * passes what it can't inflate on as if it were text, and ends at the first header that it doesn't
 * understand; the tests hold this reader against it on good files.)
 */
import { open, type FileHandle } from 'node:fs/promises';
import { fileError } from '../../../base/files';
import type { Body, Read, RecordHead, UnreadableReason } from '../document';
import { ByteQueue } from './byteQueue';
import { gzipMembers, type GzipPart } from './gzip';
import { pageOf, parseHeaders, type Headers } from './http';
import type { Stretch } from './source';

const CHUNK = 1 << 18;
/** A header that is longer is none. */
const LONGEST_HEADER = 1 << 16;
/** The largest record that is held in memory, in bytes. */
const LARGEST_RECORD = 1 << 25;

const RECORD_START = /^WARC\/\d\.\d\r?\n/;
const SEPARATOR = '\r\n\r\n';

/** A plain file as if it were one member; its first record is found by its first line. */
async function* plainBytes(file: FileHandle, { start, end }: Stretch): AsyncGenerator<GzipPart> {
  const chunkAt = async (position: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
    return buffer.subarray(0, bytesRead);
  };
  // One byte before, to see whether a line begins here.
  let position = Math.max(0, start - 1);
  let from = start - position;
  for (;;) {
    const chunk = await chunkAt(position);
    const found = findStart(chunk, from);
    if (position + Math.max(0, found) >= end) return;
    if (found >= 0) {
      position += found;
      break;
    }
    if (chunk.length < CHUNK) return;
    position += chunk.length - 16;
    from = 1;
  }
  yield { kind: 'member', offset: position };
  for (;;) {
    const bytes = await chunkAt(position);
    if (bytes.length === 0) return;
    position += bytes.length;
    yield { kind: 'bytes', bytes };
  }
}

/** Where in `bytes`, from `from` on, a line begins that begins a record; -1 if nowhere. */
function findStart(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf('WARC/', from); at >= 0; at = bytes.indexOf('WARC/', at + 1)) {
    const onLine = at === 0 || bytes[at - 1] === 0x0a;
    if (onLine && RECORD_START.test(bytes.toString('latin1', at, at + 10))) return at;
  }
  return -1;
}

interface Begun {
  readonly head: RecordHead;
  readonly type: string;
  readonly length: number;
  readonly headers: Headers;
}

/** Takes a file apart as its bytes come. */
class RecordParser {
  readonly #stretch: Stretch;
  readonly #queue = new ByteQueue();
  #record: Begun | undefined;
  /** Looking for the next header after something that can't be understood. */
  #lost = false;
  /** Where the queue begins: of plain files the place in the file, of gzip the member's. */
  #offset = 0;
  #inMember = 0;
  /** Past the end of the stretch. */
  done = false;

  constructor(stretch: Stretch) {
    this.#stretch = stretch;
  }

  *member(offset: number): Generator<Read> {
    yield* this.finish();
    this.#offset = offset;
    this.#inMember = 0;
    this.#lost = false;
  }

  *bytes(bytes: Uint8Array): Generator<Read> {
    this.#queue.push(bytes);
    for (;;) {
      const before = this.#queue.length;
      const had = this.#record;
      if (this.#lost) this.#search();
      else if (this.#record) yield* this.#body(this.#record);
      else yield* this.#header();
      if (this.done || (this.#queue.length === before && this.#record === had)) return;
    }
  }

  /** The member, or the file, is at its end, or can't be read any further. */
  *finish(reason?: UnreadableReason): Generator<Read> {
    const record = this.#record;
    this.#record = undefined;
    if (record) {
      // What separates records may be missing behind the last.
      const whole = this.#queue.length >= record.length && reason === undefined;
      if (whole) {
        yield* this.#give(record, this.#queue.take(record.length));
      } else {
        yield this.#unreadable(record.head, reason ?? 'wrongLength');
        // Others may lie inside of what it claimed.
        this.#lost = true;
        yield* this.bytes(new Uint8Array());
        yield* this.finish();
      }
    } else if (reason !== undefined) {
      if (!this.#lost) yield this.#unreadable(this.#head(new Map()), reason);
    } else if (!this.#lost && this.#queue.peek().toString('latin1').trim() !== '') {
      yield this.#unreadable(this.#head(new Map()), 'damagedHeader');
    }
    this.#queue.clear();
  }

  #take(count: number): Buffer {
    if (!this.#stretch.file.gzip) this.#offset += Math.min(count, this.#queue.length);
    return this.#queue.take(count);
  }

  #head(headers: Headers): RecordHead {
    const { number, file } = this.#stretch;
    const bare = (name: string): string | undefined => headers.get(name)?.replace(/^<|>$/g, '');
    const place = this.#inMember === 0 || !file.gzip ? '' : `.${this.#inMember}`;
    return {
      id: `${number}-${this.#offset}${place}`,
      origin: { file: file.path, offset: this.#offset, record: bare('warc-record-id') },
      url: bare('warc-target-uri'),
      date: bare('warc-date'),
    };
  }

  #unreadable(head: RecordHead, reason: UnreadableReason): Read {
    return { kind: 'unreadable', record: { ...head, reason } };
  }

  #search(): void {
    const found = findStart(this.#queue.peek(), 0);
    this.#take(found >= 0 ? found : Math.max(0, this.#queue.length - 16));
    if (found >= 0) this.#lost = false;
  }

  *#header(): Generator<Read> {
    const { file, end } = this.#stretch;
    const bytes = this.#queue.peek();
    let blank = 0;
    while (bytes[blank] === 0x0d || bytes[blank] === 0x0a) blank++;
    if (blank > 0) {
      this.#take(blank);
      return;
    }
    const length = bytes.indexOf(SEPARATOR);
    if (length < 0 && bytes.length < LONGEST_HEADER) return;
    if (!file.gzip && this.#offset >= end) {
      this.done = true;
      this.#queue.clear();
      return;
    }
    const lines = bytes.toString('latin1', 0, Math.max(0, length)).split('\r\n');
    const headers = parseHeaders(lines.slice(1));
    const declared = headers.get('content-length') ?? '';
    const head = this.#head(headers);
    if (!RECORD_START.test(`${lines[0]!}\n`) || !/^\d+$/.test(declared)) {
      yield this.#unreadable(head, 'damagedHeader');
      this.#lost = true;
      this.#take(1);
      return;
    }
    this.#take(length + SEPARATOR.length);
    const type = headers.get('warc-type')?.toLowerCase() ?? '';
    this.#record = { head, type, length: Number(declared), headers };
    this.#inMember++;
    if (this.#record.length <= LARGEST_RECORD) return;
    yield this.#unreadable(head, 'tooLarge');
    this.#record = undefined;
    this.#lost = true;
  }

  *#body(record: Begun): Generator<Read> {
    if (this.#queue.length < record.length + SEPARATOR.length) return;
    const bytes = this.#queue.peek();
    this.#record = undefined;
    if (bytes.toString('latin1', record.length, record.length + 4) === SEPARATOR) {
      const body = this.#take(record.length);
      this.#take(SEPARATOR.length);
      yield* this.#give(record, body);
    } else {
      // Too long or too short: the next record may begin inside of what this one claims.
      yield this.#unreadable(record.head, 'wrongLength');
      this.#lost = true;
      this.#search();
    }
  }

  *#give({ head, type, headers }: Begun, body: Buffer): Generator<Read> {
    if (type !== 'response' && type !== 'conversion') return;
    const language = headers.get('content-type')?.toLowerCase() ?? '';
    const page: Body | UnreadableReason =
      type === 'response' && language.startsWith('application/http')
        ? pageOf(body)
        : { kind: 'text', bytes: body, charset: 'utf-8' };
    if (typeof page === 'string') yield this.#unreadable(head, page);
    else yield { kind: 'document', document: { ...head, body: page } };
  }
}

/** The documents among the records that begin in a stretch of a WARC file. */
export async function* readWarc(stretch: Stretch): AsyncGenerator<Read, void, void> {
  const { file, start, end } = stretch;
  const handle = await open(file.path, 'r').catch((thrown: unknown) => {
    throw fileError(thrown, 'read', file.path);
  });
  try {
    const begins = (head: Uint8Array): boolean =>
      RECORD_START.test(Buffer.from(head.subarray(0, 10)).toString('latin1'));
    const parts = file.gzip
      ? gzipMembers(handle, { start, end, begins })
      : plainBytes(handle, stretch);
    const parser = new RecordParser(stretch);
    for await (const part of parts) {
      if (part.kind === 'member') yield* parser.member(part.offset);
      else if (part.kind === 'bytes') yield* parser.bytes(part.bytes);
      else yield* parser.finish(part.reason);
      if (parser.done) return;
    }
    yield* parser.finish();
  } catch (thrown) {
    throw fileError(thrown, 'read', file.path);
  } finally {
    await handle.close();
  }
}
