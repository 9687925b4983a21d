/** The lines of a file: where they end, and that the file is closed, however far it was read. */
import type * as files from 'node:fs/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { linesOfFile } from '../../src/base/lines';

const opened: files.FileHandle[] = [];
vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof files>();
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => {
      const handle = await real.open(...given);
      opened.push(handle);
      return handle;
    },
  };
});

let scratch: string;
let file: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'glassbox-lines-'));
  file = path.join(scratch, 'lines.jsonl');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function linesOf(text: string): Promise<string[]> {
  await writeFile(file, text);
  const lines: string[] = [];
  for await (const line of linesOfFile(file)) lines.push(line);
  return lines;
}

it('gives back what was written, whatever else ends a line elsewhere', async () => {
  const ends = fc.constantFrom('\u2028', '\u2029', '\u0085', '\u000b', '\ufeff', 'ü', '\u{1f600}');
  const texts = fc.array(
    fc.string({ unit: fc.oneof(ends, fc.constantFrom('a', '"', '\r', '\n')) }),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (some) => {
      const lines = some.map((text) => JSON.stringify(text));
      expect(await linesOf(lines.map((line) => `${line}\n`).join(''))).toEqual(lines);
    }),
    { numRuns: 50 },
  );
  expect(await linesOf('a\n\nb')).toEqual(['a', '', 'b']);
  expect(await linesOf('')).toEqual([]);
});

it('reads lines that are longer than what is read at once, cut in the middle of characters', async () => {
  const lines = [`x${'ü€\u{1f600}'.repeat(100_000)}`, 'between', '€'.repeat(200_000)];
  expect(await linesOf(lines.join('\n'))).toEqual(lines);
});

it('closes the file for whoever stops before its end', async () => {
  await writeFile(file, 'line\n'.repeat(100_000));
  opened.length = 0;
  for await (const line of linesOfFile(file)) {
    expect(line).toBe('line');
    break;
  }
  expect(opened.map(({ fd }) => fd)).toEqual([-1]);
});

it('names a file that is not there', async () => {
  await expect(linesOfFile(path.join(scratch, 'none')).next()).rejects.toMatchObject({
    code: 'not-found',
  });
});
