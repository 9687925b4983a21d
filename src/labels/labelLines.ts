/**
 * The lines of a labels file, read as far as they are new. Such a file grows at its end: what stood in
 * it when it was read last is held against its hash, and only the lines behind that are parsed. Where
 * something before has changed (git merged, a person mended a line), the whole file is parsed again, a
 * stretch at a time, and what was known holds until that is done. What is appended here is known without
 * a look at the file, unless another writer came between.
 *
 * Not covered: a change in place that leaves size and time of the file as they were is not seen.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../base/errors';
import { fileError, systemCodeOf } from '../base/files';
import { Ledger } from './ledger';
import { lineOf, readLines } from './record';
import type { BrokenLine, Label, LabelRecord } from './record';

/** Bytes that are read, and lines that are parsed, at once. */
const CHUNK = 1 << 18;
const LINE_FEED = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);
/** A file that is replaced while it is added to gets the lines again, so many times. */
const MOST_TRIES = 5;

/** What was read of a file, from its beginning on. */
class Known {
  readonly ledger = new Ledger([]);
  /** Of the whole lines: bytes, lines, hash. */
  #size = 0;
  #lines = 0;
  readonly #hash = createHash('sha256');
  readonly #broken: BrokenLine[] = [];
  #tail = NOTHING;
  #tailBroken: readonly BrokenLine[] = [];

  get size(): number {
    return this.#size;
  }

  /** What stands behind the last line's end: a line without one. */
  get tail(): Buffer {
    return this.#tail;
  }

  get broken(): readonly BrokenLine[] {
    return [...this.#broken, ...this.#tailBroken];
  }

  /** Whether all of it stands in a file where it stood. */
  async beginsIn(handle: FileHandle): Promise<boolean> {
    const hash = createHash('sha256');
    for await (const chunk of chunksOf(handle, 0, this.#size)) hash.update(chunk);
    if (!hash.digest().equals(this.#hash.copy().digest())) return false;
    if (this.#tail.length === 0) return true;
    const tail: Buffer[] = [];
    for await (const chunk of chunksOf(handle, this.#size, this.#size + this.#tail.length + 1))
      tail.push(Buffer.from(chunk));
    const found = Buffer.concat(tail);
    const next = found[this.#tail.length] ?? LINE_FEED;
    return found.subarray(0, this.#tail.length).equals(this.#tail) && next === LINE_FEED;
  }

  async readOn(handle: FileHandle): Promise<void> {
    let held: Buffer[] = [];
    for await (const chunk of chunksOf(handle, this.#size, Infinity)) {
      const end = chunk.lastIndexOf(LINE_FEED) + 1;
      if (end > 0) {
        this.take(Buffer.concat([...held, chunk.subarray(0, end)]));
        held = [];
      }
      held.push(Buffer.from(chunk.subarray(end)));
    }
    this.#setTail(Buffer.concat(held));
  }

  /** Whole lines behind those that were taken; the first begins with the tail. */
  take(lines: Buffer): void {
    this.#setTail(NOTHING);
    const text = lines.toString('utf8');
    const { records, broken } = readLines(text);
    for (const { line, problem } of broken)
      this.#broken.push({ line: this.#lines + line, problem });
    this.#hash.update(lines);
    this.#size += lines.length;
    this.#lines += text.split('\n').length - 1;
    this.ledger.add(records);
  }

  #setTail(tail: Buffer): void {
    this.#tail = tail;
    const { records, broken } = readLines(tail.toString('utf8'));
    this.#tailBroken = broken.map(({ problem }) => ({ line: this.#lines + 1, problem }));
    this.ledger.add(records);
  }
}

export class LabelLines {
  readonly file: string;
  /** Of the file as it was when it was read whole. */
  #stamp: string | undefined;
  /** Whether the ledger knows lines that were not found in the file yet. */
  #ahead = false;
  #known = new Known();
  #drafts: readonly Label[] = [];

  constructor(file: string) {
    this.file = file;
  }

  /** What the lines say together: the same object as long as lines are only added. */
  get ledger(): Ledger {
    return this.#known.ledger;
  }

  /** Lines that can't be read. */
  get broken(): readonly BrokenLine[] {
    return this.#known.broken;
  }

  /** Whether the last line has no end, as a writer that was killed leaves it. */
  get tornEnd(): boolean {
    return this.#known.tail.length > 0;
  }

  /** Drafts that count with the lines, in place of those before, until others are set. */
  setDrafts(drafts: readonly Label[]): void {
    this.#drafts = drafts;
    this.ledger.setDrafts(drafts);
  }

  /**
   * A file that is not there is an empty one. Throws what `fileError` makes of a failure; what was known
   * stays then.
   */
  async read(): Promise<void> {
    try {
      const handle = await openIfPresent(this.file);
      if (!handle) {
        this.#stamp = undefined;
        this.#know(new Known());
        return;
      }
      try {
        await this.#readNew(handle);
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throw fileError(thrown, 'read', this.file);
    }
  }

  /**
   * Adds lines, on the disk when it resolves, in one write, so that two writers' lines don't mix. A torn
   * last line gets its end first.
   */
  async append(records: readonly LabelRecord[]): Promise<void> {
    try {
      await mkdir(path.dirname(this.file), { recursive: true });
      let tries = 1;
      while (!(await this.#write(records)))
        if (++tries > MOST_TRIES)
          throw new GlassboxError('file-replaced', `${this.file} is replaced again and again.`, {
            remedy: 'Wait for the program that writes it, then try again.',
          });
    } catch (thrown) {
      throw fileError(thrown, 'write', this.file);
    }
  }

  /** False where the file that was written to is not the one of this name any more. */
  async #write(records: readonly LabelRecord[]): Promise<boolean> {
    const handle = await open(this.file, 'a+');
    try {
      await this.#readNew(handle);
      const lines = records.map(lineOf).join('');
      const written = Buffer.from(`${this.tornEnd ? '\n' : ''}${lines}`);
      await handle.appendFile(written);
      await handle.sync();
      const now = await handle.stat({ bigint: true });
      const { size, tail } = this.#known;
      if (now.size === BigInt(size + tail.length + written.length)) {
        this.#known.take(Buffer.concat([tail, written]));
        this.#stamp = stampIn(now);
      } else {
        // Somebody else wrote meanwhile: what is known goes before what the next look finds.
        this.#ahead = true;
        this.ledger.add(records);
      }
      return (await inodeOf(this.file)) === now.ino;
    } finally {
      await handle.close();
    }
  }

  async #readNew(handle: FileHandle): Promise<void> {
    const stamp = stampIn(await handle.stat({ bigint: true }));
    if (stamp === this.#stamp) return;
    this.#stamp = undefined;
    if (!this.#ahead && (await this.#known.beginsIn(handle))) await this.#known.readOn(handle);
    else {
      const known = new Known();
      await known.readOn(handle);
      this.#know(known);
    }
    this.#stamp = stamp;
  }

  #know(known: Known): void {
    known.ledger.setDrafts(this.#drafts);
    this.#known = known;
    this.#ahead = false;
  }
}

/** What stands in a file alone, drafts left out. */
export async function readLedger(file: string): Promise<Ledger> {
  const lines = new LabelLines(file);
  await lines.read();
  return lines.ledger;
}

/** What tells whether a file is the same still. */
export async function stampOf(file: string): Promise<string> {
  try {
    return stampIn(await stat(file, { bigint: true }));
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}

const stampIn = ({ mtimeNs, size, ino }: BigIntStats): string => `${mtimeNs} ${size} ${ino}`;

async function inodeOf(file: string): Promise<bigint | undefined> {
  try {
    return (await stat(file, { bigint: true })).ino;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function openIfPresent(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** The bytes from one place to another, or to the end; a chunk holds until the next is asked for. */
async function* chunksOf(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(CHUNK);
  for (let at = from; at < to;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK, to - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
