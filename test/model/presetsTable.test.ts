/** The table of shapes in docs/models.md, read as a person would, against the model room. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parameterCount, resolveModel } from '../../src/engine/model/model';
import { recipeSchema, type Recipe } from '../../src/recipe/run';

interface Row {
  readonly name: string;
  readonly cells: ReadonlyMap<string, string>;
}

function rowsOf(firstHead: string): Row[] {
  const lines = readFileSync('docs/models.md', 'utf8').split('\n');
  const split = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line) => line.startsWith(`| \`${firstHead}\` |`));
  const heads = split(lines[start] ?? '');
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) => {
    const cells = split(line);
    return {
      name: (cells[0] ?? '').replaceAll('`', ''),
      cells: new Map(heads.map((head, i) => [head, cells[i] ?? ''])),
    };
  });
}

function checkRow({ cells }: Row, model: Partial<Recipe['model']>): void {
  const wishes = recipeSchema.parse({ model }).model;
  const number = (head: string): number => Number(cells.get(head)?.replaceAll(',', ''));
  const shape = resolveModel(wishes, 4096);
  const named = [
    'layers',
    'heads',
    'kvHeads',
    'headDim',
    'width',
    'intermediate',
    'context',
  ] as const;
  for (const head of named) expect(number(head), head).toBe(shape[head]);
  expect(cells.get('tied')).toBe(shape.tieEmbeddings ? 'yes' : 'no');
  for (const vocab of [4096, 50_257]) {
    const head = `parameters at vocab ${vocab.toLocaleString('en-US')}`;
    expect(number(head), head).toBe(parameterCount(resolveModel(wishes, vocab)));
  }
}

describe('the table of shapes', () => {
  it('tells what each preset stands for', () => {
    const rows = rowsOf('preset');
    expect(rows.map(({ name }) => name)).toEqual(['tiny', 'small', 'base']);
    for (const preset of ['tiny', 'small', 'base'] as const)
      checkRow(
        rows.find(({ name }) => name === preset)!,
        { preset },
      );
  });

  it('tells what each depth stands for', () => {
    const rows = rowsOf('depth');
    expect(rows.length).toBeGreaterThanOrEqual(12);
    for (const row of rows) checkRow(row, { depth: Number(row.name) });
  });

  it('has presets of the sizes that their descriptions promise', () => {
    const count = (preset: 'tiny' | 'small' | 'base', vocab: number): number =>
      parameterCount(resolveModel(recipeSchema.parse({ model: { preset } }).model, vocab));
    expect(count('tiny', 2048)).toBeGreaterThan(0.8e6);
    expect(count('tiny', 4096)).toBeLessThan(1.5e6);
    expect(count('small', 4096)).toBeGreaterThan(8e6);
    expect(count('small', 4096)).toBeLessThan(14e6);
    expect(count('base', 50_257)).toBeGreaterThan(118e6);
    expect(count('base', 50_257)).toBeLessThan(130e6);
  });
});
