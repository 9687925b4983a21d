// `npm start`: installs, builds, trains the sample model, and opens VS Code on it, on a fresh clone
// too. Arguments are passed on to `glassbox train`: `npm start -- --steps 50`; but for `--no-open`
// (only trains) and `--browser` (VS Code in the browser, where there is no other, without asking).
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, dist, installIfNeeded, node, root, within } from './project.mjs';

const OWN = ['--no-open', '--browser'];
const args = process.argv.slice(2).filter((arg) => !OWN.includes(arg));
const wants = (name) => process.argv.includes(name);
const has = (name) => args.some((arg) => arg === name || arg.startsWith(`${name}=`));

await installIfNeeded();
const built = await buildIfStale();
if (built !== 0) process.exit(built);
const recipe =
  has('--recipe') || has('--resume') ? [] : ['--recipe', within('media', 'sample.recipe.json')];
const { code } = await node([path.join(dist, 'cli.js'), 'train', ...recipe, ...args]);
process.exitCode = code;

if (code === 0 && !wants('--no-open') && !has('--help') && !has('-h')) {
  const { openVsCode } = await import('./open.mjs');
  process.exitCode = await openVsCode(root, { browser: wants('--browser') });
}
