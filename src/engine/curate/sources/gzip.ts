/**
 * A gzip file member by member, with the offset of each: WARC files have one member for each record,
 * and a member's offset is where a record can be found again. Node's own gunzip joins members and says
 * nothing of their borders. Its raw inflate stops at each and says where: that is the quick way, for
 * members that are sound and not too large. pako's zlib goes the long way, bit by bit.
 *
 * A damaged member is told, and reading goes on at the next place where a member of the expected kind
 * begins. The same search finds the first member of a stretch of the file, so that stretches can be
 * read by themselves; a gzip file *inside* of a record that isn't compressed any further could be taken
 * for one of ours then.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateEnd,
  zlibInflateInit2,
} from 'pako';

export type GzipPart =
  | { readonly kind: 'member'; readonly offset: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'damaged'; readonly reason: GzipDamage };

export type GzipDamage = 'truncatedGzip' | 'damagedGzip' | 'decompressionBomb';

export interface GzipStretch {
  /** Members that begin in [start, end), in bytes. */
  readonly start: number;
  readonly end: number;
  /** Whether a member's text may begin like this; tells members from bytes that look like one. */
  readonly begins: (head: Uint8Array) => boolean;
}

const CHUNK = 1 << 16;
const WINDOW = 1 << 18;
/** Inflated at once, in bytes. */
const LARGEST_WHOLE = 1 << 22;
/** With a gzip header, and with nothing else. */
const GZIP_WINDOW = 15 + 16;

/**
 * Text shrinks to a twentieth at best. From this ratio on, and this size, a member is made to fill a
 * memory, and is given up.
 */
const BOMB_RATIO = 200;
const BOMB_BYTES = 1 << 26;

/** Inflates one member bit by bit. */
class Member {
  readonly #stream = new ZStream();
  ended = false;
  broken = false;

  constructor() {
    if (zlibInflateInit2(this.#stream, GZIP_WINDOW) !== Z_OK)
      throw new Error('zlib takes this window');
  }

  /** What comes of more compressed bytes, in pieces, until they are used up or the member ends. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    const stream = this.#stream;
    stream.input = bytes;
    stream.next_in = 0;
    stream.avail_in = bytes.length;
    do {
      stream.output = new Uint8Array(CHUNK);
      stream.next_out = 0;
      stream.avail_out = CHUNK;
      const status = zlibInflate(stream, Z_NO_FLUSH);
      if (stream.next_out > 0) yield stream.output.subarray(0, stream.next_out);
      this.ended = status === Z_STREAM_END;
      this.broken = !this.ended && status !== Z_OK && status !== Z_BUF_ERROR;
    } while (!this.ended && !this.broken && (stream.avail_in > 0 || stream.avail_out === 0));
  }

  /** Of the bytes pushed last, those behind the member's end. */
  get unused(): number {
    return this.#stream.avail_in;
  }

  get isBomb(): boolean {
    const { total_in: read, total_out: made } = this.#stream;
    return made > BOMB_BYTES && made > BOMB_RATIO * read;
  }

  close(): void {
    zlibInflateEnd(this.#stream);
  }
}

/** A file through a window that is moved when it must be: neighbouring members are read together. */
class Window {
  readonly #file: FileHandle;
  #bytes = Buffer.alloc(0);
  #start = 0;
  #isLast = false;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The bytes from a position on: at least `CHUNK`, unless the file ends before. */
  async at(position: number): Promise<Buffer> {
    const left = this.#start + this.#bytes.length - position;
    const isInside = position >= this.#start && left > 0;
    if (!isInside || (left < CHUNK && !this.#isLast)) {
      // A new one each time: whoever asked before may still look at the old one.
      const { buffer, bytesRead } = await this.#file.read(
        Buffer.alloc(WINDOW),
        0,
        WINDOW,
        position,
      );
      this.#bytes = buffer.subarray(0, bytesRead);
      this.#start = position;
      // A short read may have more behind it, which is asked for once it is needed.
      this.#isLast = bytesRead < WINDOW;
    }
    return this.#bytes.subarray(position - this.#start);
  }

  /** At most `CHUNK` of them. */
  async chunkAt(position: number): Promise<Buffer> {
    return (await this.at(position)).subarray(0, CHUNK);
  }
}

const looksLikeMember = (bytes: Buffer, at: number): boolean =>
  bytes[at] === 0x1f && bytes[at + 1] === 0x8b && bytes[at + 2] === 8 && bytes[at + 3]! < 0x20;

/** Where the compressed bytes of a member begin, behind its header; undefined for one with a sum over it. */
function bodyStart(bytes: Buffer): number | undefined {
  const [hasSum, hasExtra, hasName, hasComment] = [2, 4, 8, 16].map((flag) => bytes[3]! & flag);
  if (hasSum) return undefined;
  let at = 10;
  if (hasExtra) {
    if (at + 2 > bytes.length) return undefined;
    at += 2 + bytes.readUInt16LE(at);
  }
  for (const isThere of [hasName, hasComment]) {
    if (!isThere) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  return at;
}

/** What `inflateRawSync` gives when it is asked for more than the bytes. */
function isInflated(
  value: unknown,
): value is { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } } {
  return typeof value === 'object' && value !== null && 'engine' in value;
}

/**
 * The text of the member that `bytes` begin with, and how many of them it takes; undefined if it isn't
 * all there, is damaged, or is too large to be held.
 */
function wholeMember(bytes: Buffer): { text: Buffer; length: number } | undefined {
  const start = looksLikeMember(bytes, 0) ? bodyStart(bytes) : undefined;
  if (start === undefined) return undefined;
  try {
    const options = { info: true, maxOutputLength: LARGEST_WHOLE, chunkSize: CHUNK };
    const inflated: unknown = inflateRawSync(bytes.subarray(start), options);
    if (!isInflated(inflated)) return undefined;
    const { buffer: text, engine } = inflated;
    const end = start + engine.bytesWritten;
    const isSound =
      end + 8 <= bytes.length &&
      bytes.readUInt32LE(end) === crc32(text) &&
      bytes.readUInt32LE(end + 4) === text.length;
    return isSound ? { text, length: end + 8 } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a member of the expected kind begins here, by its first bytes. */
async function isMember(
  file: Window,
  position: number,
  begins: GzipStretch['begins'],
): Promise<boolean> {
  const member = new Member();
  try {
    for (const piece of member.push((await file.at(position)).subarray(0, 1 << 12)))
      return begins(piece);
    return false;
  } finally {
    member.close();
  }
}

/** The first place from `from` on, and before `end`, where a member of the expected kind begins. */
async function findMember(
  file: Window,
  from: number,
  { end, begins }: GzipStretch,
): Promise<number | undefined> {
  for (let position = from; position < end;) {
    const chunk = await file.chunkAt(position);
    if (chunk.length < 10) return undefined;
    for (let at = chunk.indexOf(0x1f); at >= 0; at = chunk.indexOf(0x1f, at + 1)) {
      if (position + at >= end) return undefined;
      if (at > chunk.length - 4) break;
      if (looksLikeMember(chunk, at) && (await isMember(file, position + at, begins)))
        return position + at;
    }
    position += Math.max(1, chunk.length - 3);
  }
  return undefined;
}

/** The members that begin in a stretch of a gzip file, in order. */
export async function* gzipMembers(
  handle: FileHandle,
  stretch: GzipStretch,
): AsyncGenerator<GzipPart, void, void> {
  const file = new Window(handle);
  let offset: number | undefined = stretch.start;
  for (;;) {
    // One after the other, as long as they are as they should be.
    for (;;) {
      if (offset >= stretch.end) return;
      const whole = wholeMember(await file.at(offset));
      if (!whole || !stretch.begins(whole.text)) break;
      yield { kind: 'member', offset };
      for (let at = 0; at < whole.text.length; at += CHUNK)
        yield { kind: 'bytes', bytes: whole.text.subarray(at, at + CHUNK) };
      offset += whole.length;
    }
    offset = await findMember(file, offset, stretch);
    if (offset === undefined) return;
    yield { kind: 'member', offset };
    const member = new Member();
    let position: number = offset;
    let damage: GzipDamage | undefined;
    try {
      while (!member.ended && damage === undefined) {
        const chunk = await file.chunkAt(position);
        position += chunk.length;
        if (chunk.length === 0) damage = 'truncatedGzip';
        for (const bytes of member.push(chunk)) {
          yield { kind: 'bytes', bytes };
          if (!member.isBomb) continue;
          damage = 'decompressionBomb';
          break;
        }
        if (member.broken) damage = 'damagedGzip';
      }
    } finally {
      member.close();
    }
    if (damage !== undefined) yield { kind: 'damaged', reason: damage };
    offset = damage === undefined ? position - member.unused : offset + 1;
  }
}
