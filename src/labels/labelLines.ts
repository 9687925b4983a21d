/**
 * The lines of a labels file, read as far as they are new. Such a file grows at its end: what stood in
 * it when it was read last is held against its hash, and only the lines behind that are parsed. Where
 * something before has changed (git merged, a person mended a line), the whole file is parsed again, a
 * stretch at a time. What is appended here is known without a look at the file, unless another writer
 * came between.
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
import type { BrokenLine, LabelRecord } from './record';

/** Bytes that are read, and lines that are parsed, at once. */
const CHUNK = 1 << 18;
const LINE_FEED = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);
/** A file that is replaced while it is added to gets the lines again, so many times. */
const MOST_TRIES = 5;

export class LabelLines {
  readonly file: string;
  /** Of the file as it was when it was read whole. */
  #stamp: string | undefined;
  /** Whether the ledger knows lines that were not found in the file yet. */
  #ahead = false;
  /** Of the whole lines that were read: bytes, lines, hash. */
  #size = 0;
  #lines = 0;
  #hash = createHash('sha256');
  #broken: BrokenLine[] = [];
  /** What stands behind the last line's end: a line without one. */
  #tail = NOTHING;
  #tailBroken: readonly BrokenLine[] = [];
  #ledger = new Ledger([]);

  constructor(file: string) {
    this.file = file;
  }

  /** What the lines say together: the same object as long as lines are only added. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Lines that can't be read. */
  get broken(): readonly BrokenLine[] {
    return [...this.#broken, ...this.#tailBroken];
  }

  /** Whether the last line has no end, as a writer that was killed leaves it. */
  get tornEnd(): boolean {
    return this.#tail.length > 0;
  }

  /** A file that is not there is an empty one. Throws what `fileError` makes of a failure. */
  async read(): Promise<void> {
    try {
      const handle = await openIfPresent(this.file);
      if (!handle) {
        this.#forget();
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
      if (now.size === BigInt(this.#size + this.#tail.length + written.length)) {
        this.#take(Buffer.concat([this.#tail, written]));
        this.#setTail(NOTHING);
        this.#stamp = stampIn(now);
      } else {
        // Somebody else wrote meanwhile: what is known goes before what the next look finds.
        this.#ahead = true;
        this.#ledger.add(records);
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
    if (this.#ahead || !(await this.#beginsAsBefore(handle))) this.#forget();
    await this.#readOn(handle);
    this.#stamp = stamp;
  }

  #forget(): void {
    this.#stamp = undefined;
    if (this.#size === 0 && !this.tornEnd && !this.#ahead) return;
    this.#ahead = false;
    [this.#size, this.#lines] = [0, 0];
    this.#hash = createHash('sha256');
    this.#broken = [];
    this.#setTail(NOTHING);
    this.#ledger = new Ledger([]);
  }

  /** Whether every line that was read stands where it stood. */
  async #beginsAsBefore(handle: FileHandle): Promise<boolean> {
    const hash = createHash('sha256');
    for await (const chunk of chunksOf(handle, 0, this.#size)) hash.update(chunk);
    if (!hash.digest().equals(this.#hash.copy().digest())) return false;
    if (!this.tornEnd) return true;
    const tail: Buffer[] = [];
    for await (const chunk of chunksOf(handle, this.#size, this.#size + this.#tail.length + 1))
      tail.push(Buffer.from(chunk));
    const found = Buffer.concat(tail);
    const next = found[this.#tail.length] ?? LINE_FEED;
    return found.subarray(0, this.#tail.length).equals(this.#tail) && next === LINE_FEED;
  }

  async #readOn(handle: FileHandle): Promise<void> {
    let held: Buffer[] = [];
    for await (const chunk of chunksOf(handle, this.#size, Infinity)) {
      const end = chunk.lastIndexOf(LINE_FEED) + 1;
      if (end > 0) {
        this.#take(Buffer.concat([...held, chunk.subarray(0, end)]));
        held = [];
      }
      held.push(Buffer.from(chunk.subarray(end)));
    }
    this.#setTail(Buffer.concat(held));
  }

  /** Whole lines behind those that were taken. */
  #take(lines: Buffer): void {
    const text = lines.toString('utf8');
    const { records, broken } = readLines(text);
    for (const { line, problem } of broken)
      this.#broken.push({ line: this.#lines + line, problem });
    this.#hash.update(lines);
    this.#size += lines.length;
    this.#lines += text.split('\n').length - 1;
    this.#ledger.add(records);
  }

  #setTail(tail: Buffer): void {
    this.#tail = tail;
    const { records, broken } = readLines(tail.toString('utf8'));
    this.#tailBroken = broken.map(({ problem }) => ({ line: this.#lines + 1, problem }));
    this.#ledger.add(records);
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
