import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { parseRecipe } from '../../src/recipe/run';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const { openVsCode } = z
  .object({
    openVsCode:
      z.custom<(folder: string, options: { browser: boolean; file: string }) => Promise<number>>(
        isFunction,
      ),
  })
  .parse(await import(path.resolve('scripts/open.mjs')));
const { makeSampleFolder, SAMPLE_RECIPE } = z
  .object({
    makeSampleFolder: z.custom<(folder: string) => void>(isFunction),
    SAMPLE_RECIPE: z.string(),
  })
  .parse(await import(path.resolve('scripts/sampleFolder.mjs')));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'glassbox-start-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('the desktop’s VS Code is opened on the folder and a file, with the extension of this checkout', async () => {
  const said = path.join(folder, 'arguments.json');
  const recorder = path.join(folder, 'recorder.cjs');
  writeFileSync(
    recorder,
    `require('node:fs').writeFileSync(${JSON.stringify(said)}, JSON.stringify(process.argv.slice(2)))`,
  );
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'code.cmd'), `@"${process.execPath}" "${recorder}" %*\r\n`);
  writeFileSync(
    path.join(bin, 'code'),
    `#!/bin/sh\nexec "${process.execPath}" "${recorder}" "$@"\n`,
    { mode: 0o755 },
  );
  vi.stubEnv('PATH', `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`);

  const file = path.join(folder, SAMPLE_RECIPE);
  expect(await openVsCode(folder, { browser: false, file })).toBe(0);
  const development = `--extensionDevelopmentPath=${path.resolve('.')}`;
  expect(JSON.parse(readFileSync(said, 'utf8'))).toEqual([development, folder, file]);
});

it('the sample’s folder holds its text and a recipe that reads it, and keeps what was changed', () => {
  const sample = path.join(folder, 'sample');
  makeSampleFolder(sample);
  const file = path.join(sample, SAMPLE_RECIPE);
  const recipe = parseRecipe(readFileSync(file, 'utf8'), file);
  expect(recipe.name).toBe('moby-dick');
  expect(recipe.data.paths).toEqual(['moby-dick.txt']);
  expect(existsSync(path.join(sample, 'moby-dick.txt'))).toBe(true);

  writeFileSync(file, '{}');
  makeSampleFolder(sample);
  expect(readFileSync(file, 'utf8')).toBe('{}');
});
