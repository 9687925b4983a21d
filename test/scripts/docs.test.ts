import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { runProgram } from '../../src/engine/cli/program';
import { parameterCount, resolveModel } from '../../src/engine/model/model';
import { recipeJsonSchema } from '../../src/recipe/run';

const rooms = { parameterCount, recipeJsonSchema, resolveModel, runProgram };

type Renew = (
  read: (file: string) => string,
  from: typeof rooms,
) => Promise<ReadonlyMap<string, string>>;

const { renewDocuments } = z
  .object({ renewDocuments: z.custom<Renew>((value) => typeof value === 'function') })
  .parse(await import(path.resolve('scripts/docTables.mjs')));

it('has documents that say what the code does', async () => {
  const read = (file: string): string => readFileSync(file, 'utf8');
  const documents = await renewDocuments(read, rooms);
  expect(documents.size).toBe(3);
  for (const [file, text] of documents)
    expect(read(file), `${file} is stale: run node scripts/docs.mjs`).toBe(text);
});
