import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const { textsOf, translationBundle } = z
  .object({
    textsOf: z.custom<(source: string, name: string) => string[]>(isFunction),
    translationBundle: z.custom<() => string>(isFunction),
  })
  .parse(await import(path.resolve('scripts/l10n.mjs')));

const manifest = readFileSync('package.json', 'utf8');
const names = z
  .record(z.string(), z.string())
  .parse(JSON.parse(readFileSync('package.nls.json', 'utf8')));

describe('the texts for translators', () => {
  it('are those in the sources', () => {
    const written = readFileSync(path.join('l10n', 'bundle.l10n.json'), 'utf8');
    expect(written, 'stale: run npm run l10n').toBe(translationBundle());
  });

  it('are literals', () => {
    expect(textsOf("x(vscode.l10n.t('One {0}', 1), t(`two`))", 'a.ts')).toEqual(['One {0}', 'two']);
    expect(() => textsOf('\nt(`three ${x}`)', 'a.ts')).toThrow(/a\.ts:2: t\(\) takes one literal/);
  });

  it('name all that package.json shows, and nothing else', () => {
    const used = [...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key ?? '');
    expect([...new Set(used)].sort()).toEqual(Object.keys(names).sort());
  });
});

const commandsSchema = z.object({
  contributes: z.object({ commands: z.array(z.object({ command: z.string() })) }),
});

it('registers the commands that package.json declares, each once, and shows no other', () => {
  const declared = commandsSchema
    .parse(JSON.parse(manifest))
    .contributes.commands.map(({ command }) => command);
  const sources = readdirSync('src/host', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join('src/host', name), 'utf8'))
    .join('\n');
  // Each by its whole name, straight or through a helper called `command`.
  const registering = /\b(?:registerCommand|command)\(\s*(?:[\w.]+,\s*)?'(glassbox\.\w+)'/g;
  const registered = [...sources.matchAll(registering)].map(([, name]) => name ?? '');
  expect(registered.sort()).toEqual([...declared].sort());
  const linked = [...(manifest + JSON.stringify(names)).matchAll(/command:(glassbox\.\w+)/g)].map(
    ([, name]) => name ?? '',
  );
  expect(linked.filter((command) => !declared.includes(command))).toEqual([]);
});

it('puts nothing on the items of other views', () => {
  const { contributes } = z
    .object({
      contributes: z.object({
        menus: z.object({ 'view/item/context': z.array(z.object({ when: z.string() })) }),
      }),
    })
    .parse(JSON.parse(manifest));
  for (const { when } of contributes.menus['view/item/context'])
    expect(when).toMatch(/^view (==|=~) \/?\^?glassbox/);
});
