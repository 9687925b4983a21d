/**
 * A gzip file member by member, with the offset of each: WARC files have one member for each record,
 * and a member's offset is where a record can be found again. Node's own gunzip joins members and says
 * nothing of their borders; pako's zlib stops at each.
 *
 * A damaged member is told, and reading goes on at the next place where a member of the expected kind
 * begins. The same search finds the first member of a stretch of the file, so that stretches can be
 * read by themselves; a gzip file *inside* of a record that isn't compressed any further could be taken
 * for one of ours then.
 */
import type { FileHandle } from 'node:fs/promises';
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

async function bytesAt(file: FileHandle, position: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(CHUNK), 0, CHUNK, position);
  return buffer.subarray(0, bytesRead);
}

/** Whether a member of the expected kind begins here, by its first bytes. */
async function isMember(
  file: FileHandle,
  position: number,
  begins: GzipStretch['begins'],
): Promise<boolean> {
  const member = new Member();
  try {
    for (const piece of member.push((await bytesAt(file, position)).subarray(0, 1 << 12)))
      return begins(piece);
    return false;
  } finally {
    member.close();
  }
}

/** The first place from `from` on, and before `end`, where a member of the expected kind begins. */
async function findMember(
  file: FileHandle,
  from: number,
  { end, begins }: GzipStretch,
): Promise<number | undefined> {
  for (let position = from; position < end;) {
    const chunk = Buffer.from(await bytesAt(file, position));
    if (chunk.length < 10) return undefined;
    for (let at = chunk.indexOf(0x1f); at >= 0; at = chunk.indexOf(0x1f, at + 1)) {
      if (position + at >= end) return undefined;
      if (at > chunk.length - 4) break;
      const looksRight = chunk[at + 1] === 0x8b && chunk[at + 2] === 8 && chunk[at + 3]! < 0x20;
      if (looksRight && (await isMember(file, position + at, begins))) return position + at;
    }
    position += Math.max(1, chunk.length - 3);
  }
  return undefined;
}

/** The members that begin in a stretch of a gzip file, in order. */
export async function* gzipMembers(
  file: FileHandle,
  stretch: GzipStretch,
): AsyncGenerator<GzipPart, void, void> {
  let offset = await findMember(file, stretch.start, stretch);
  while (offset !== undefined && offset < stretch.end) {
    yield { kind: 'member', offset };
    const member = new Member();
    let position: number = offset;
    let damage: GzipDamage | undefined;
    try {
      while (!member.ended && damage === undefined) {
        const chunk = await bytesAt(file, position);
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
    const from: number = damage === undefined ? position - member.unused : offset + 1;
    offset = await findMember(file, from, stretch);
  }
}
