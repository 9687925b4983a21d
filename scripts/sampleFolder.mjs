// The workspace that `npm start` trains in and opens: the sample text and its recipe, as a person would
// have them in a folder of their own. Runs come below it, in .glassbox/runs.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dist, within } from './project.mjs';

export const SAMPLE_RECIPE = 'moby-dick.recipe.json';
const TEXT = 'moby-dick.txt';

/** Makes it where it isn't there; what a person has changed in it stays. Needs a built dist/. */
export function makeSampleFolder(folder) {
  mkdirSync(folder, { recursive: true });
  const text = path.join(folder, TEXT);
  if (!existsSync(text)) copyFileSync(path.join(dist, 'sample', TEXT), text);
  const recipe = path.join(folder, SAMPLE_RECIPE);
  if (existsSync(recipe)) return;
  const sample = JSON.parse(readFileSync(within('media', 'sample.recipe.json'), 'utf8'));
  // The extension knows the schema by the file's name.
  delete sample.$schema;
  sample.data.paths = [TEXT];
  writeFileSync(recipe, `${JSON.stringify(sample, undefined, 2)}\n`);
}
