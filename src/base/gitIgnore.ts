/** Folders that are made beside a person's own files and shall not be committed with them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileError, systemCodeOf } from './files';

/** Tells git to pass over what is in the folder; a `.gitignore` that is there stays as it is. */
export async function keepOutOfGit(folder: string): Promise<void> {
  const file = path.join(folder, '.gitignore');
  try {
    await writeFile(file, '*\n', { flag: 'wx' });
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EEXIST') throw fileError(thrown, 'write', file);
  }
}
