import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseRecipe } from '../../src/recipe/run';

const manifest = z
  .object({
    scripts: z.record(z.string(), z.string()),
    allowScripts: z.record(z.string(), z.boolean()),
    contributes: z.object({
      jsonValidation: z.array(z.object({ fileMatch: z.string(), url: z.string() })),
      grammars: z.array(z.object({ path: z.string() })),
    }),
  })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const lock = z
  .object({
    packages: z.record(z.string(), z.looseObject({ hasInstallScript: z.boolean().optional() })),
  })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));

/** What a script imports statically, itself and through the scripts beside it. */
function importsOf(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/^import .* from '([^']+)'/gm);
  return [...found].flatMap(([, source = '']) =>
    source.startsWith('./') ? importsOf(`scripts/${source.slice(2)}`) : [source],
  );
}

describe('the package', () => {
  it('lets no dependency run anything when it is installed', () => {
    const withScripts = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([folder]) =>
        folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length),
      );
    for (const name of withScripts) expect(manifest.allowScripts[name], name).toBe(false);
    expect(Object.values(manifest.allowScripts)).not.toContain(true);
    expect(readFileSync('.npmrc', 'utf8')).toContain('onnxruntime-node-install=skip');
  });

  it('names no registry in the lock file', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
  });

  it('has the scripts that start before anything is installed', () => {
    for (const name of ['test', 'start', 'bench']) {
      const file = /^node (scripts\/\w+\.mjs)$/.exec(manifest.scripts[name] ?? '')?.[1] ?? '';
      // Static imports are loaded before the install: only Node's own and ours may be among them.
      for (const source of importsOf(file)) expect(source).toMatch(/^node:/);
    }
  });

  it('contributes files that exist', () => {
    for (const { path } of manifest.contributes.grammars) expect(existsSync(path)).toBe(true);
    expect(manifest.contributes.jsonValidation[0]?.fileMatch).toBe('*.recipe.json');
  });

  it('has a sample recipe without mistakes', () => {
    const recipe = parseRecipe(readFileSync('media/sample.recipe.json', 'utf8'));
    expect(recipe.data.paths).toBe('sample');
  });
});
