/** ARCHITECTURE.md against the code: what it counts, and its table of who may import whom. */
import { Linter, type Rule } from 'eslint';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { operatorNames } from '../backend/cases';

const { fences } = z
  .object({ fences: z.custom<Rule.RuleModule>((value) => typeof value === 'object') })
  .parse(await import(path.resolve('scripts/fences.mjs')));

const text = readFileSync('ARCHITECTURE.md', 'utf8');

/** Room -> the names of the rooms that it may import, as the document has it. */
const table = new Map(
  [...text.matchAll(/^\| `(src[\w/.]*|webview)` \| ([\w, ]*) ?\|/gm)].map(
    ([, room = '', names = '']) => [
      room,
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ],
  ),
);
const rooms = [...table.keys()];
const nameOf = (room: string): string => path.posix.basename(room, '.ts');

/** Whether the lint rule lets a file of one room import another room's door. */
function lets(from: string, to: string): boolean {
  const folder = from.endsWith('.ts') ? path.posix.dirname(from) : from;
  const file = from.endsWith('.ts') ? from : `${from}/some.ts`;
  const door = to.endsWith('.ts') ? to.slice(0, -3) : `${to}/${nameOf(to)}`;
  const relative = path.posix.relative(folder, door);
  const source = relative.startsWith('.') ? relative : `./${relative}`;
  const config: Linter.Config[] = [
    {
      files: ['**/*.ts'],
      plugins: { glassbox: { rules: { fences } } },
      rules: { 'glassbox/fences': 'error' },
    },
  ];
  const linter = new Linter({ cwd: process.cwd() });
  return (
    linter.verify(`import '${source}';`, config, { filename: path.resolve(file) }).length === 0
  );
}

describe('ARCHITECTURE.md', () => {
  it('names every room', () => {
    const source = readFileSync('scripts/fences.mjs', 'utf8');
    const known = [...source.matchAll(/^ {2}'?(src[\w/.]*|webview)'?: \[/gm)].map(
      ([, room]) => room,
    );
    expect(known.length).toBeGreaterThan(10);
    expect(rooms.sort()).toEqual(known.sort());
  });

  it.each(rooms)('says what %s may import', (from) => {
    for (const to of rooms)
      if (to !== from)
        expect(lets(from, to), `${from} imports ${to}`).toBe(table.get(from)?.includes(nameOf(to)));
  });

  it('counts the operators', () => {
    expect(text).toContain(`There are ${operatorNames.length} operators`);
  });
});
