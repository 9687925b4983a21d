/**
 * Who owns a folder, as a file that names the process: there whole or not at all, made by a hard link
 * so that of several who want it exactly one gets it. What a killed process left is nobody's.
 *
 * Not covered: a process id that another program got meanwhile. Then the folder seems in use until
 * the file is deleted, which the message says.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { GlassboxError } from '../../base/errors';
import { asideName, fileError, systemCodeOf, writerLives } from '../../base/files';

const lockSchema = z.object({ pid: z.int().positive() });

/** Times that a lock may change hands under our eyes before we give up. */
const ATTEMPTS = 8;

/** Makes the lock file. Throws `run-busy` while a live process has it, or the file system's reason. */
export async function takeLock(file: string): Promise<void> {
  const mine = asideName('tmp', file);
  try {
    const nonce = randomBytes(8).toString('hex');
    await writeFile(mine, `${JSON.stringify({ pid: process.pid, nonce })}\n`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await claim(mine, file)) return;
      await clearStale(file);
    }
  } catch (thrown) {
    throw fileError(thrown, 'write', file);
  } finally {
    await rm(mine, { force: true }).catch(() => undefined);
  }
  throw new GlassboxError('run-busy', `${path.dirname(file)} was taken by another run just now.`, {
    remedy: 'Choose another folder with --out.',
  });
}

export async function releaseLock(file: string): Promise<void> {
  await rm(file, { force: true });
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

/** Puts away the lock of a process that is gone. Throws `run-busy` for a live one's. */
async function clearStale(file: string): Promise<void> {
  const judged = await read(file);
  if (judged === undefined) return;
  const owner = ownerIn(judged.text);
  if (owner !== undefined && writerLives(owner, judged.changedMs)) throw busy(file, owner);
  const aside = asideName('tmp', file);
  try {
    // Of several who find the lock stale, one moves it.
    await rename(file, aside);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return;
    throw thrown;
  }
  // Where a new owner came in between, its lock goes back.
  if ((await read(aside))?.text !== judged.text) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function read(file: string): Promise<{ text: string; changedMs: number } | undefined> {
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

function busy(file: string, owner: number): GlassboxError {
  const folder = path.dirname(file);
  return new GlassboxError(
    'run-busy',
    `${folder} is in use: another run (process ${owner}) writes there.`,
    {
      remedy: `Wait for it, stop it, or choose another folder with --out. If there is no such run, delete ${file}.`,
      details: { path: folder, pid: owner },
    },
  );
}
