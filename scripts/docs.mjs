// `node scripts/docs.mjs`: makes the parts of the documents anew that follow from the code (see
// docTables.mjs). A test fails where they are stale.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { renewDocuments } from './docTables.mjs';
import { dist, installIfNeeded, within } from './project.mjs';

const ROOMS = `
  export { recipeJsonSchema } from './src/recipe/run';
  export { parameterCount, resolveModel } from './src/engine/model/model';
  export { runProgram } from './src/engine/cli/program';
`;

await installIfNeeded();
const { default: esbuild } = await import('esbuild');
const { bundleOptions } = await import('./bundle.mjs');
const file = path.join(dist, `.docs-${process.pid}.cjs`);
mkdirSync(dist, { recursive: true });
await esbuild.build({
  ...bundleOptions,
  sourcemap: false,
  stdin: { contents: ROOMS, resolveDir: within(), loader: 'ts' },
  outfile: file,
});
try {
  const rooms = await import(pathToFileURL(file).href);
  const read = (name) => readFileSync(within(name), 'utf8');
  for (const [name, text] of await renewDocuments(read, rooms)) {
    const stale = read(name) !== text;
    if (stale) writeFileSync(within(name), text);
    console.error(`${name}: ${stale ? 'written' : 'up to date'}`);
  }
} finally {
  rmSync(file);
}
