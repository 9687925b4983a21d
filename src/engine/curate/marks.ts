/**
 * Where in a segment the work is, as a file that survives whatever ends the worker: a page that never
 * ends, a page that eats the memory, a reader that loops on damaged bytes. What ended a worker twice is
 * passed over the third time. (Once may be chance: the machine was switched off just then.)
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { WorkFolder } from './folder';

const ENOUGH = 2;

const markSchema = z.object({
  place: z.string(),
  /** How many workers came to this place and no further. */
  attempts: z.int().positive(),
  /** Places that have ended a worker often enough before. */
  passed: z.array(z.string()),
});

type Mark = z.infer<typeof markSchema>;

const fileOf = (work: WorkFolder, segment: number): string =>
  path.join(work.path, 'marks', String(segment).padStart(6, '0'));

function readMark(file: string): Mark | undefined {
  try {
    return markSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // None was left, or the machine was switched off while it was written.
    return undefined;
  }
}

export class Marks {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #left: Mark | undefined;
  readonly #passed: string[];

  constructor(work: WorkFolder, segment: number) {
    this.#file = fileOf(work, segment);
    mkdirSync(path.dirname(this.#file), { recursive: true });
    this.#left = readMark(this.#file);
    this.#passed = [...(this.#left?.passed ?? [])];
    this.#descriptor = openSync(this.#file, 'w');
    if (this.#left) this.#write(this.#left);
  }

  /** Says that the work is at this place now; false if it had better not try. */
  reach(place: string): boolean {
    if (this.#passed.includes(place)) return false;
    const attempts = this.#left?.place === place ? this.#left.attempts : 0;
    if (attempts >= ENOUGH) {
      this.#passed.push(place);
      return false;
    }
    this.#write({ place, attempts: attempts + 1, passed: this.#passed });
    return true;
  }

  #write(mark: Mark): void {
    // Blanks cover the end of a longer one.
    writeSync(this.#descriptor, JSON.stringify(mark).padEnd(120), 0);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Forgets where the work on a segment is: it is done. */
export function clearMark(work: WorkFolder, segment: number): void {
  rmSync(fileOf(work, segment), { force: true });
}

/** When the work on a segment moved on last, in Unix milliseconds; undefined before it has begun. */
export async function segmentMoved(corpus: string, segment: number): Promise<number | undefined> {
  const file = fileOf(new WorkFolder(corpus), segment);
  return (await stat(file).catch(() => undefined))?.mtimeMs;
}
