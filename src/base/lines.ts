/**
 * The lines of a file that was written line by line. A line ends at a line feed and nowhere else:
 * `node:readline` also ends one at U+2028, from Node 24 on, which JSON leaves in its strings as it is;
 * and it leaves the file open for whoever stops before the end.
 */
import { open } from 'node:fs/promises';
import { fileError } from './files';

const CHUNK = 1 << 18;

/** In UTF-8. Throws what `fileError` makes of a failure. */
export async function* linesOfFile(file: string): AsyncGenerator<string, void, void> {
  try {
    const handle = await open(file, 'r');
    try {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      const buffer = Buffer.alloc(CHUNK);
      let held = '';
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK, null);
        const stream = bytesRead > 0;
        const [first = '', ...more] = decoder
          .decode(buffer.subarray(0, bytesRead), { stream })
          .split('\n');
        held += first;
        for (const next of more) {
          yield held;
          held = next;
        }
        if (stream) continue;
        if (held !== '') yield held;
        return;
      }
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}
