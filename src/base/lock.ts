/**
 * Who owns a folder, as a file that names the process: there whole or not at all, made by a hard link
 * so that of several who want it exactly one gets it. What a killed process left is nobody's.
 *
 * Not covered: a process id that another program got meanwhile. Then the folder seems in use until
 * the file is deleted, which the message says.
 */
import { constants } from 'node:fs';
import { copyFile, link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { GlassboxError } from './errors';
import { asideName, fileError, systemCodeOf, writerLives } from './files';

const lockSchema = z.object({ pid: z.int().positive() });

/** How often to look again while another process clears what a dead one left, in milliseconds. */
const PAUSE = 5;
const ATTEMPTS = 400;

/** Makes the lock file. Throws `run-busy` while a live process has it, or the file system's reason. */
export async function takeLock(file: string): Promise<void> {
  const mine = asideName('tmp', file);
  try {
    await writeFile(mine, `${JSON.stringify({ pid: process.pid })}\n`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await claim(mine, file)) return;
      if (!(await clearStale(file, mine))) await setTimeout(PAUSE);
    }
  } catch (thrown) {
    throw fileError(thrown, 'write', file);
  } finally {
    await rm(mine, { force: true }).catch(() => undefined);
  }
  throw new GlassboxError(
    'run-busy',
    `${path.dirname(file)} was taken by another process just now.`,
    {
      remedy: 'Choose another folder with --out.',
    },
  );
}

export async function releaseLock(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** The live process that has the lock; `gone` where a dead one left it, undefined where there is none. */
export async function lockOwner(file: string): Promise<number | 'gone' | undefined> {
  const found = await read(file);
  if (!found) return undefined;
  return isLive(found) ? (ownerIn(found.text) ?? 'gone') : 'gone';
}

/** Whether `file` is now what `mine` is; false where it was there already. */
async function claim(mine: string, file: string): Promise<boolean> {
  try {
    await link(mine, file);
    return true;
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code === 'EEXIST') return false;
    // Some file systems (FAT, some network drives) have no hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw thrown;
  }
  try {
    await copyFile(mine, file, constants.COPYFILE_EXCL);
    return true;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/**
 * Removes the lock of a process that is gone, one remover at a time: else the second could remove the
 * lock that was taken since. False where another is at it. Throws `run-busy` for a live one's lock.
 */
async function clearStale(file: string, mine: string): Promise<boolean> {
  const guard = `${file}.guard`;
  if (!(await claim(mine, guard))) {
    const other = await read(guard);
    if (other && !isLive(other)) await rm(guard, { force: true });
    return false;
  }
  try {
    const found = await read(file);
    if (found && isLive(found)) throw busy(file, ownerIn(found.text));
    await rm(file, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

interface Found {
  readonly text: string;
  readonly changedMs: number;
}

function isLive({ text, changedMs }: Found): boolean {
  const owner = ownerIn(text);
  return owner !== undefined && writerLives(owner, changedMs);
}

async function read(file: string): Promise<Found | undefined> {
  try {
    return { text: await readFile(file, 'utf8'), changedMs: (await stat(file)).ctimeMs };
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function ownerIn(text: string): number | undefined {
  try {
    return lockSchema.parse(JSON.parse(text)).pid;
  } catch {
    return undefined;
  }
}

function busy(file: string, owner: number | undefined): GlassboxError {
  const folder = path.dirname(file);
  return new GlassboxError(
    'run-busy',
    `${folder} is in use: another process (${String(owner)}) writes there.`,
    {
      remedy: `Wait for it, stop it, or choose another folder with --out. If there is no such process, delete ${file}.`,
      details: { path: folder, pid: owner },
    },
  );
}
