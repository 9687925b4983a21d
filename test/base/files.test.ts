import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import {
  atomicFile,
  atomicFolder,
  atomicRemove,
  fileError,
  readTextFile,
  readTextIfPresent,
  sweepTemporary,
} from '../../src/base/files';

/** A text that the pattern matches, inside `toMatchObject` (a bare RegExp there checks nothing). */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'glassbox-files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: it failed`), { code });

describe('atomicFile', () => {
  it('writes a file and the folders above it, and replaces one that was there', async () => {
    const target = path.join(folder, 'a', 'b.txt');
    await atomicFile(target, 'one');
    await atomicFile(target, async (file) => {
      await file.write('two');
    });
    expect(await readFile(target, 'utf8')).toBe('two');
    expect(await readdir(path.dirname(target))).toEqual(['b.txt']);
  });

  it('leaves the old file and nothing else when the disk is full half-way', async () => {
    const target = path.join(folder, 'b.txt');
    await atomicFile(target, 'old');
    const failing = atomicFile(target, async (file) => {
      await file.write('half');
      throw systemError('ENOSPC');
    });
    await expect(failing).rejects.toMatchObject({ code: 'disk-full', remedy: like(/space/) });
    expect(await readFile(target, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['b.txt']);
  });
});

describe('atomicRemove', () => {
  it('takes a folder away whole, and what is not there as well', async () => {
    const target = path.join(folder, 'old');
    await atomicFolder(target, (temporary) => writeFile(path.join(temporary, 'a'), '1'));
    await atomicRemove(target);
    await atomicRemove(target);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('atomicFolder', () => {
  it('replaces a folder whole', async () => {
    const target = path.join(folder, 'model');
    await atomicFolder(target, (temporary) => writeFile(path.join(temporary, 'a'), '1'));
    await atomicFolder(target, async (temporary) => {
      await mkdir(path.join(temporary, 'deep'));
      await writeFile(path.join(temporary, 'deep', 'b'), '2');
    });
    expect(await readdir(target)).toEqual(['deep']);
    expect(await readFile(path.join(target, 'deep', 'b'), 'utf8')).toBe('2');
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('leaves what was there and nothing else when writing fails', async () => {
    const target = path.join(folder, 'model');
    await atomicFolder(target, (temporary) => writeFile(path.join(temporary, 'a'), '1'));
    const failing = atomicFolder(target, async (temporary) => {
      await writeFile(path.join(temporary, 'a'), 'half');
      throw new GlassboxError('cancelled', 'Cancelled.');
    });
    await expect(failing).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readFile(path.join(target, 'a'), 'utf8')).toBe('1');
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('names the folder, not the temporary one, when a file in it cannot be written', async () => {
    const target = path.join(folder, 'model');
    const failing = atomicFolder(target, (temporary) =>
      atomicFile(path.join(temporary, 'weights'), () => Promise.reject(systemError('ENOSPC'))),
    );
    await expect(failing).rejects.toMatchObject({
      code: 'disk-full',
      message: `Could not write ${target}: the disk is full.`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says why it cannot write below a file', async () => {
    await writeFile(path.join(folder, 'file'), '');
    const target = path.join(folder, 'file', 'model');
    await expect(atomicFolder(target, () => Promise.resolve())).rejects.toBeInstanceOf(
      GlassboxError,
    );
  });
});

describe('sweepTemporary', () => {
  /** The id of a process that has ended. */
  const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

  it('removes what dead writers left and leaves the rest', async () => {
    const dead = `.tmp-${deadPid()}-0123456789ab-model`;
    const living = `.tmp-${process.ppid}-0123456789ab-model`;
    const mine = `.tmp-${process.pid}-0123456789ab-model`;
    const others = ['.tmp-notes', 'model'];
    for (const name of [dead, living, mine, ...others]) {
      await mkdir(path.join(folder, name));
      await writeFile(path.join(folder, name, 'file'), '');
    }
    expect(await sweepTemporary(folder)).toEqual([dead]);
    expect((await readdir(folder)).sort()).toEqual([living, mine, ...others].sort());
  });

  it('gives a folder its name back whose replacement never came', async () => {
    const old = `.old-${deadPid()}-0123456789ab-model`;
    await mkdir(path.join(folder, old));
    await writeFile(path.join(folder, old, 'weights'), '1');
    await sweepTemporary(folder);
    expect(await readFile(path.join(folder, 'model', 'weights'), 'utf8')).toBe('1');
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('removes a replaced folder whose replacement is there', async () => {
    await mkdir(path.join(folder, 'model'));
    await mkdir(path.join(folder, `.old-${deadPid()}-0123456789ab-model`));
    await sweepTemporary(folder);
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('finds nothing in a folder that is missing', async () => {
    expect(await sweepTemporary(path.join(folder, 'none'))).toEqual([]);
  });
});

describe('fileError', () => {
  it.each([
    ['ENOSPC', 'disk-full'],
    ['EROFS', 'read-only'],
    ['EACCES', 'no-permission'],
    ['ENOENT', 'not-found'],
    ['EIO', 'file-failure'],
  ])('says what to do about %s', (systemCode, code) => {
    const error = fileError(systemError(systemCode), 'write', 'some/path');
    expect(error).toBeInstanceOf(GlassboxError);
    expect(error).toMatchObject({ code, message: like(/some\/path/), remedy: like(/\w/) });
  });

  it('passes on what is no failure of the file system', () => {
    const bug = new TypeError('a defect');
    expect(fileError(bug, 'write', 'x')).toBe(bug);
    const nodeError = Object.assign(new TypeError('bad argument'), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect(fileError(nodeError, 'write', 'x')).toBe(nodeError);
  });
});

describe('reading a text', () => {
  it('says what to do where it cannot be read', async () => {
    const missing = path.join(folder, 'none.txt');
    await expect(readTextFile(missing)).rejects.toMatchObject({
      code: 'not-found',
      message: like(/none\.txt/),
    });
    await expect(readTextFile(folder)).rejects.toMatchObject({ code: 'not-a-file' });
  });

  it('takes only a missing file for absence', async () => {
    const file = path.join(folder, 'a.txt');
    expect(await readTextIfPresent(file)).toBeUndefined();
    await writeFile(file, 'é');
    expect(await readTextIfPresent(file)).toBe('é');
    expect(await readTextFile(file)).toBe('é');
    await expect(readTextIfPresent(folder)).rejects.toMatchObject({ code: 'not-a-file' });
  });
});
