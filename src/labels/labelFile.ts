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
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { atomicFile, fileError, readTextIfPresent, systemCodeOf, writerLives } from '../base/files';
import { LabelLines } from './labelLines';
import type { Ledger } from './ledger';
import { lineOf, readLines } from './record';
import type { BrokenLine, Label, LabelRecord } from './record';

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
  readonly #lines: LabelLines;
  readonly #own: string;
  /** This writer's drafts, as they are on the disk or shall be. */
  #drafts: readonly Label[] = [];
  #othersDrafts: readonly Label[] = [];
  #working: Promise<void> = Promise.resolve();

  /** @param draftsFolder need not be there. */
  constructor(file: string, draftsFolder: string) {
    this.file = file;
    this.draftsFolder = draftsFolder;
    this.#lines = new LabelLines(file);
    this.#own = path.join(draftsFolder, `${process.pid}-${randomBytes(6).toString('hex')}.jsonl`);
  }

  /** What was read last, with what this writer wrote since. */
  get now(): LabelsRead {
    const { ledger, broken, tornEnd } = this.#lines;
    return { ledger, broken, tornEnd };
  }

  /**
   * A file that is not there is an empty one. What was known holds until all is read, and after a
   * failure. Throws what `fileError` makes of it.
   */
  read(): Promise<LabelsRead> {
    return this.#inTurn(async () => {
      const drafts: Label[] = [];
      for (const file of await this.#draftFiles())
        if (file !== this.#own) drafts.push(...(await draftsIn(file)));
      await this.#lines.read();
      this.#othersDrafts = drafts;
      this.#tellDrafts();
      return this.now;
    });
  }

  /**
   * Adds lines, on the disk when it resolves. Drafts of this writer that they stand in for are dropped.
   */
  append(records: readonly LabelRecord[]): Promise<void> {
    return this.#inTurn(async () => {
      if (records.length === 0) return;
      const left = this.#drafts.filter(
        (draft) => !records.some((each) => each.kind === 'label' && standsIn(each, draft)),
      );
      const stale = left.length < this.#drafts.length;
      await this.#lines.append(records);
      this.#drafts = left;
      this.#tellDrafts();
      // The labels are kept. A draft that stays on the disk counts no more: they name it.
      if (stale) await this.#writeDrafts(left).catch(() => undefined);
    });
  }

  /**
   * Keeps a label that is being worked on, in place of the drafts of this writer that it names.
   *
   * @returns the versions that are not on the disk any more
   */
  keepDraft(label: Label): Promise<string[]> {
    return this.#inTurn(async () => {
      const left = this.#drafts.filter((draft) => !standsIn(label, draft));
      const gone = this.#drafts.filter((draft) => !left.includes(draft));
      await this.#writeDrafts([...left, label]);
      this.#drafts = [...left, label];
      this.#tellDrafts();
      return gone.map(({ id }) => id);
    });
  }

  /** Removes the drafts of writers that are gone where nothing in them counts any more. */
  async sweep(): Promise<void> {
    const { ledger } = await this.read();
    for (const file of await this.#draftFiles()) {
      if (file === this.#own || !(await isLeft(file))) continue;
      const counts = (await draftsIn(file)).some((each) =>
        ledger.labelOf(each.task, each.by)?.heads.some(({ id }) => id === each.id),
      );
      if (!counts) await rm(file, { force: true });
    }
  }

  /** One after the other; what fails leaves the next its turn. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  #tellDrafts(): void {
    this.#lines.setDrafts([...this.#othersDrafts, ...this.#drafts]);
  }

  async #writeDrafts(drafts: readonly Label[]): Promise<void> {
    if (drafts.length === 0) await rm(this.#own, { force: true });
    else await atomicFile(this.#own, drafts.map(lineOf).join(''));
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

const standsIn = (label: Label, { id, task, by }: Label): boolean =>
  label.task === task && label.by === by && label.after.includes(id);

async function draftsIn(file: string): Promise<Label[]> {
  const { records } = readLines((await readTextIfPresent(file)) ?? '');
  return records.filter((each) => each.kind === 'label');
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

async function isLeft(file: string): Promise<boolean> {
  const pid = Number(DRAFTS_NAME.exec(path.basename(file))?.[1]);
  try {
    return !writerLives(pid, (await stat(file)).ctimeMs);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
