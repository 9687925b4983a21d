// `npm start`: installs, builds, and trains the sample model, on a fresh clone too. Arguments are
// passed on to `glassbox train`: `npm start -- --steps 50`. `--no-open` is accepted, and changes
// nothing until there is a window to open.
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, dist, installIfNeeded, node, within } from './project.mjs';

const args = process.argv.slice(2).filter((arg) => arg !== '--no-open');
const has = (name) => args.some((arg) => arg === name || arg.startsWith(`${name}=`));

await installIfNeeded();
const built = await buildIfStale();
if (built !== 0) process.exit(built);
const recipe =
  has('--recipe') || has('--resume') ? [] : ['--recipe', within('media', 'sample.recipe.json')];
const { code } = await node([path.join(dist, 'cli.js'), 'train', ...recipe, ...args]);
process.exitCode = code;
