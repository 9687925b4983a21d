import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { compile, target } from '../../scripts/wasm.mjs';

it('adamwModule.ts holds what adamw.wat says', async () => {
  expect(await readFile(target, 'utf8')).toBe(await compile());
});
