/**
 * A labels file on the disk, and the drafts beside it. What is finished, skipped or decided is appended
 * to the file, which is never rewritten. What is still being written goes into a file of drafts that
 * belongs to this writer alone and is replaced whole at each autosave: so a crash loses nothing, two
 * windows never write over each other, and the labels file holds no half-typed answers. Reading puts
 * the lines of all of them together.
 *
 * Not covered: noticing that a file has changed; whoever shows it watches.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { atomicFile, fileError, readTextIfPresent, systemCodeOf, writerLives } from '../base/files';
import { Ledger } from './ledger';
import { lineOf, readLines } from './record';
import type { BrokenLine, Label, LabelRecord, ReadLines } from './record';

export interface LabelsRead {
  readonly ledger: Ledger;
  /** Lines of the labels file that can't be read; they stay as they are. */
  readonly broken: readonly BrokenLine[];
  /** Whether the last line of the file has no end, as a writer that was killed leaves it. */
  readonly tornEnd: boolean;
}

const DRAFTS_NAME = /^(\d+)-[0-9a-f]+\.jsonl$/;

export class LabelFile {
  readonly file: string;
  readonly draftsFolder: string;
  readonly #own: string;
  readonly #drafts = new Map<string, Label>();
  /** What was read, by file, with what tells whether it is the same still. */
  readonly #known = new Map<string, FileRead & { readonly stamp: string }>();
  #writing: Promise<void> = Promise.resolve();

  /** @param draftsFolder need not be there. */
  constructor(file: string, draftsFolder: string) {
    this.file = file;
    this.draftsFolder = draftsFolder;
    this.#own = path.join(draftsFolder, `${process.pid}-${randomBytes(6).toString('hex')}.jsonl`);
  }

  /** A file that is not there is an empty one. Throws what `fileError` makes of a failure. */
  async read(): Promise<LabelsRead> {
    await this.#writing;
    const { records, broken, tornEnd } = await this.#linesOf(this.file);
    const drafts: LabelRecord[] = [];
    const draftFiles = await this.#draftFiles();
    for (const file of draftFiles) drafts.push(...(await this.#linesOf(file)).records);
    for (const file of this.#known.keys())
      if (file !== this.file && !draftFiles.includes(file)) this.#known.delete(file);
    return { ledger: new Ledger([...records, ...drafts]), broken, tornEnd };
  }

  /** Adds lines, on the disk when it resolves. Drafts of this writer that they replace are dropped. */
  append(records: readonly LabelRecord[]): Promise<void> {
    return this.#inTurn(async () => {
      if (records.length === 0) return;
      await appendLines(this.file, records.map(lineOf).join(''));
      const before = this.#drafts.size;
      for (const record of records)
        if (record.kind === 'label') this.#drafts.delete(placeOf(record));
      if (this.#drafts.size !== before) await this.#writeDrafts();
    });
  }

  /**
   * Keeps a label that is being worked on, in place of what this writer kept of it before.
   *
   * @returns the version that is not on the disk any more, if there was one
   */
  keepDraft(label: Label): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const before = this.#drafts.get(placeOf(label));
      this.#drafts.set(placeOf(label), label);
      await this.#writeDrafts();
      return before?.id;
    });
  }

  /** Removes the drafts of writers that are gone where nothing in them counts any more. */
  async sweep(): Promise<void> {
    const { ledger } = await this.read();
    for (const file of await this.#draftFiles()) {
      if (file === this.#own || !(await isLeft(file))) continue;
      const { records } = await this.#linesOf(file);
      const counts = records.some(
        (each) =>
          each.kind === 'label' &&
          ledger.labelOf(each.task, each.by)?.heads.some(({ id }) => id === each.id),
      );
      if (!counts) await rm(file, { force: true });
    }
  }

  /** One write after the other; one that fails leaves the next its turn. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** A file that has not changed is not read again. */
  async #linesOf(file: string): Promise<FileRead> {
    const stamp = await stampOf(file);
    const known = this.#known.get(file);
    if (known?.stamp === stamp) return known;
    const text = (await readTextIfPresent(file)) ?? '';
    const read = { ...readLines(text), tornEnd: text !== '' && !text.endsWith('\n') };
    this.#known.set(file, { ...read, stamp });
    return read;
  }

  async #writeDrafts(): Promise<void> {
    if (this.#drafts.size === 0) await rm(this.#own, { force: true });
    else await atomicFile(this.#own, [...this.#drafts.values()].map(lineOf).join(''));
  }

  async #draftFiles(): Promise<string[]> {
    try {
      const names = (await readdir(this.draftsFolder)).sort();
      return names
        .filter((name) => DRAFTS_NAME.test(name))
        .map((name) => path.join(this.draftsFolder, name));
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'ENOENT') return [];
      throw fileError(thrown, 'read', this.draftsFolder);
    }
  }
}

/** Of a readable name, so many characters: the longest that a file system takes are not reached. */
const READABLE = 60;

/**
 * What the folder of a labels file's drafts is called: another for every file, whatever its name.
 *
 * @param name the file's path in its workspace folder, with slashes
 */
export function draftsName(name: string): string {
  const readable = name.replaceAll(/[^\w.-]+/g, '_').slice(-READABLE);
  return `${createHash('sha256').update(name).digest('hex').slice(0, 8)}-${readable}`;
}

/** What stands in a file alone, drafts left out. */
export async function readLedger(file: string): Promise<Ledger> {
  return new Ledger(readLines((await readTextIfPresent(file)) ?? '').records);
}

interface FileRead extends ReadLines {
  readonly tornEnd: boolean;
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(file, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return 'none';
    throw fileError(thrown, 'read', file);
  }
}

const placeOf = ({ task, by }: Label): string => JSON.stringify([task, by]);

async function isLeft(file: string): Promise<boolean> {
  const pid = Number(DRAFTS_NAME.exec(path.basename(file))?.[1]);
  try {
    return !writerLives(pid, (await stat(file)).ctimeMs);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

/** In one write, so that two writers' lines don't mix. A torn last line gets its end first. */
async function appendLines(file: string, lines: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(file, 'a+');
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      const torn = size > 0 && last[0] !== 0x0a;
      await handle.appendFile(`${torn ? '\n' : ''}${lines}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw fileError(thrown, 'write', file);
  }
}
