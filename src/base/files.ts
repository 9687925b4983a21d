/**
 * Files and folders that are there whole or not at all.
 *
 * The idea: write beside the target under a temporary name, sync to the disk, rename. A reader never
 * sees half a file, and a process that dies at any moment leaves what was there before, plus a
 * leftover whose name starts with `.tmp-` and tells who wrote it; `sweepTemporary` clears those of
 * writers that are gone.
 *
 * Node has no call that exchanges two folders, so replacing a folder is two renames: the old one
 * steps aside as `.old-...`, the new one takes its name. A death between the two leaves only the
 * old folder under its aside name, and `sweepTemporary` gives it its name back.
 *
 * Not covered: locks. Two writers of one target do no harm to each other's files, and the last
 * rename wins.
 */
import { randomBytes } from 'node:crypto';
import {
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError, messageOf } from './errors';

/** `.tmp-<pid>-<random>-<name>` is being written; `.old-<pid>-<random>-<name>` is being replaced. */
const ASIDE = /^\.(tmp|old)-(\d+)-[0-9a-f]{12}-(.+)$/;

/** A path beside `target` that nobody else uses, and that `sweepTemporary` knows. */
export function asideName(kind: 'tmp' | 'old', target: string): string {
  const unique = randomBytes(6).toString('hex');
  return path.join(
    path.dirname(target),
    `.${kind}-${process.pid}-${unique}-${path.basename(target)}`,
  );
}

/** The system's code of a failed file operation (`ENOSPC`), if it was one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}

const FAILURES: Readonly<Record<string, readonly [code: string, what: string, remedy: string]>> = {
  ENOSPC: ['disk-full', 'the disk is full', 'Free some space, or choose a folder on another disk.'],
  EDQUOT: [
    'disk-full',
    'your disk quota is used up',
    'Free some space, or choose a folder on another disk.',
  ],
  EROFS: [
    'read-only',
    'the disk is read-only',
    'Choose a folder that can be written to, for example in your home folder.',
  ],
  EACCES: [
    'no-permission',
    'permission was denied',
    'Change the permissions of that place, or choose another one.',
  ],
  EPERM: [
    'no-permission',
    'permission was denied',
    'Change the permissions of that place, or choose another one.',
  ],
  ENOENT: ['not-found', 'there is no such file or folder', 'Check the path.'],
  ENOTDIR: ['not-a-folder', 'a part of the path is a file, not a folder', 'Check the path.'],
  EISDIR: ['not-a-file', 'it is a folder, not a file', 'Check the path.'],
  EEXIST: ['already-exists', 'something with that name is already there', 'Choose another name.'],
  EMFILE: [
    'too-many-files',
    'too many files are open',
    'Close other programs, or raise ulimit -n.',
  ],
  ENAMETOOLONG: ['name-too-long', 'the name is too long', 'Choose a shorter path.'],
};

/**
 * A failed file operation as an error for people: what was being done, to which path, why it
 * failed, what to do. Anything that the file system did not throw comes back as it is.
 *
 * @param doing the attempt in words that fit "Could not ... PATH", such as `write`.
 */
export function fileError(thrown: unknown, doing: string, target: string): unknown {
  const systemCode = systemCodeOf(thrown);
  if (
    thrown instanceof GlassboxError ||
    systemCode === undefined ||
    !/^E[A-Z0-9]+$/.test(systemCode)
  )
    return thrown;
  const [code, what, remedy] = FAILURES[systemCode] ?? [
    'file-failure',
    messageOf(thrown),
    'Check the path and the disk.',
  ];
  return new GlassboxError(code, `Could not ${doing} ${target}: ${what}.`, {
    remedy,
    details: { path: target, systemCode },
    cause: thrown,
  });
}

/** A file's text, as UTF-8. Throws what `fileError` makes of a failure. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}

/** As `readTextFile`, but undefined where there is no such file; any other failure is thrown. */
export async function readTextIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw fileError(thrown, 'read', file);
  }
}

/** Syncs a folder's own entries. Windows cannot open folders; there the rename is journalled. */
async function syncFolderEntries(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Syncs every file and folder below `folder`, deepest first. Symbolic links are left alone. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const child = path.join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(child);
    else if (entry.isFile()) {
      // Windows syncs only what was opened for writing; elsewhere a read-only file may be among them.
      const handle = await open(child, process.platform === 'win32' ? 'r+' : 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }
  await syncFolderEntries(folder);
}

async function exists(target: string): Promise<boolean> {
  try {
    await stat(target);
    return true;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

/**
 * Makes a folder and those above it. Gives the path of the first that was made, if one was.
 *
 * Node's own answer for a disk that refuses is often that the folder is not there (it looks at the
 * folder after the refusal): the true reason comes from asking again for the first that is missing.
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT') throw thrown;
    let missing = path.resolve(folder);
    while (missing !== path.dirname(missing) && !(await exists(path.dirname(missing))))
      missing = path.dirname(missing);
    await mkdir(missing);
    await mkdir(folder, { recursive: true });
    return missing;
  }
}

/**
 * Writes a file that is there whole or not at all, making its folder if need be. If anything fails,
 * a file that was there before is untouched and nothing else is left.
 *
 * @param content the bytes, the text (as UTF-8), or a function that writes to the open file.
 */
export async function atomicFile(
  target: string,
  content: Uint8Array | string | ((file: FileHandle) => Promise<void>),
): Promise<void> {
  const temporary = asideName('tmp', target);
  try {
    await makeFolder(path.dirname(target));
    const handle = await open(temporary, 'wx');
    try {
      if (typeof content === 'function') await content(handle);
      else await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    await syncFolderEntries(path.dirname(target));
  } catch (thrown) {
    await removeQuietly(temporary);
    throw fileError(thrown, 'write', target);
  }
}

/** Cleaning up after a failure must not hide the failure. */
async function removeQuietly(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Writes a folder that is there whole or not at all. `write` fills the temporary folder it is
 * given; then everything is synced and takes the target's name, in place of a folder that had it.
 * If anything fails, what was there before is untouched and nothing else is left.
 */
export async function atomicFolder(
  target: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = asideName('tmp', target);
  try {
    await makeFolder(path.dirname(target));
    await mkdir(temporary);
    await write(temporary);
    await syncTree(temporary);
    await takeName(temporary, target);
    await syncFolderEntries(path.dirname(target));
  } catch (thrown) {
    await removeQuietly(temporary);
    throw fileError(underTemporary(thrown, temporary) ? thrown.cause : thrown, 'write', target);
  }
}

/** Whether a file below the temporary folder, whose name means nothing to people, failed. */
function underTemporary(thrown: unknown, temporary: string): thrown is GlassboxError {
  if (!(thrown instanceof GlassboxError) || thrown.details['systemCode'] === undefined)
    return false;
  const failed = thrown.details['path'];
  return typeof failed === 'string' && failed.startsWith(temporary + path.sep);
}

/**
 * Removes a file or folder, so that under its name it is there whole or not at all. One that is not
 * there is removed already.
 */
export async function atomicRemove(target: string): Promise<void> {
  const temporary = asideName('tmp', target);
  try {
    await rename(target, temporary);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return;
    throw fileError(thrown, 'remove', target);
  }
  await removeQuietly(temporary);
}

async function takeName(temporary: string, target: string): Promise<void> {
  if (!(await exists(target))) {
    await rename(temporary, target);
    return;
  }
  const old = asideName('old', target);
  await rename(target, old);
  try {
    await rename(temporary, target);
  } catch (thrown) {
    await rename(old, target);
    throw thrown;
  }
  await removeQuietly(old);
}

/**
 * Whether the writer with this process id, whose leftover was last changed at `changedMs`, still
 * lives. Our own id with a file older than this process means that the id was used again, as is
 * usual in containers.
 */
export function writerLives(pid: number, changedMs: number): boolean {
  if (pid === process.pid) return changedMs >= Date.now() - process.uptime() * 1000 - 1000;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCodeOf(thrown) === 'EPERM';
  }
}

/**
 * Clears what writers that are gone left in `folder` (not in folders below it), and gives a folder
 * that was being replaced its name back if the new one never took it. Writers that still live are
 * left alone. A missing folder holds nothing to clear.
 *
 * @returns the names that were removed or restored, sorted.
 */
export async function sweepTemporary(folder: string): Promise<string[]> {
  const swept: string[] = [];
  try {
    for (const name of (await readdir(folder)).sort()) {
      const [, kind, pid, targetName] = ASIDE.exec(name) ?? [];
      if (kind === undefined || pid === undefined || targetName === undefined) continue;
      const leftover = path.join(folder, name);
      if (writerLives(Number(pid), (await stat(leftover)).ctimeMs)) continue;
      const target = path.join(folder, targetName);
      if (kind === 'old' && !(await exists(target))) await rename(leftover, target);
      else await rm(leftover, { recursive: true, force: true });
      swept.push(name);
    }
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return swept;
    throw fileError(thrown, 'clean up', folder);
  }
  return swept;
}
