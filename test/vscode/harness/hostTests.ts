/**
 * Runs the tests of `test/vscode/host` inside VS Code's extension host. The extension that they look
 * at is the installed package.
 */
import esbuild from 'esbuild';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { inject } from 'vitest';
import * as z from 'zod';
import { bundleOptions } from '../../../scripts/bundle.mjs';
import { openWorkspace } from './vscode';
import type { Code, WorkspaceOptions } from './vscode';

const HOST = path.resolve(import.meta.dirname, '..', 'host');
/** Milliseconds for all of them, the start of VS Code included. */
const LIMIT = 300_000;

const result = z.object({ name: z.string().optional(), error: z.string().optional() });

/** The tests of one file each, in this order, as one CommonJS file. */
async function bundle(names: readonly string[], folder: string): Promise<string> {
  const outfile = path.join(folder, 'tests.js');
  const imports = names.map((name) => `import './${name}.hostTest';`);
  await esbuild.build({
    ...bundleOptions,
    stdin: {
      contents: [...imports, "export { run } from './hostTest';"].join('\n'),
      resolveDir: HOST,
    },
    sourcemap: 'inline',
    outfile,
  });
  return outfile;
}

/** The folder into which VS Code unpacked the package. */
function installedExtension(): string {
  const extensions = inject('extensions');
  const name = readdirSync(extensions).find((each) => each.startsWith('glassbox.'));
  if (name === undefined) throw new Error(`Glassbox is not installed in ${extensions}.`);
  return path.join(extensions, name);
}

function read(file: string): z.infer<typeof result>[] {
  if (!existsSync(file)) return [];
  // What stands behind the last line break is still being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => result.parse(JSON.parse(line)));
}

interface HostResult {
  readonly name: string;
  readonly error?: string | undefined;
}

async function resultsIn(file: string): Promise<HostResult[]> {
  const deadline = performance.now() + LIMIT;
  for (;;) {
    const lines = read(file);
    const results = lines.flatMap(({ name, error }) => (name === undefined ? [] : { name, error }));
    if (results.length < lines.length) return results;
    if (performance.now() > deadline)
      throw new Error(
        `The tests in the extension host did not end; the last that did: ${results.at(-1)?.name ?? '(none)'}.`,
      );
    await setTimeout(100);
  }
}

/**
 * Opens a window that runs them, those of the files `first` before the others. When it is done, the
 * extension host has ended.
 *
 * @throws Error where they don't end.
 */
export async function runHostTests(
  first: readonly string[],
  options: WorkspaceOptions,
): Promise<{ readonly code: Code; readonly results: readonly HostResult[] }> {
  const names = readdirSync(HOST).flatMap((file) => /^(.+)\.hostTest\.ts$/.exec(file)?.[1] ?? []);
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-host-tests-'));
  let code: Code | undefined;
  try {
    const tests = await bundle([...new Set([...first, ...names])], folder);
    code = await openWorkspace({
      ...options,
      // VS Code runs tests only where its server lets it, and beside an extension in a folder.
      serverOptions: ['--vscode-option', 'enable-smoke-test-driver'],
      payload: [
        ['extensionDevelopmentPath', installedExtension()],
        ['extensionTestsPath', tests],
      ],
    });
    return { code, results: await resultsIn(path.join(folder, 'results.jsonl')) };
  } catch (thrown) {
    await code?.screenshot('failed-tests-in-the-extension-host');
    await code?.close();
    throw thrown;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
