// `npm start`: installs, builds, trains the sample model, and opens VS Code on its folder, sample/, on
// a fresh clone too. Arguments are passed on to `glassbox train`: `npm start -- --steps 50`; but for
// `--no-open` (only trains), `--open` (only opens VS Code) and `--browser` (VS Code in the browser, where
// there is no other, without asking). With a recipe, text or run of one's own it trains in, and opens,
// the repository's folder.
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, dist, installIfNeeded, node, root, within } from './project.mjs';
import { SAMPLE_RECIPE, makeSampleFolder } from './sampleFolder.mjs';

const OWN = ['--no-open', '--open', '--browser'];
const args = process.argv.slice(2).filter((arg) => !OWN.includes(arg));
const wants = (name) => process.argv.includes(name);
const has = (...names) =>
  names.some((name) => args.some((arg) => arg === name || arg.startsWith(`${name}=`)));

await installIfNeeded();
const built = await buildIfStale();
if (built !== 0) process.exit(built);

const asksForHelp = has('--help', '-h');
const isSample = !asksForHelp && !has('--recipe', '--resume', '--data');
const folder = isSample ? within('sample') : root;
if (isSample) makeSampleFolder(folder);
if (!wants('--open') || asksForHelp) process.exitCode = await train();

if (!process.exitCode && !wants('--no-open') && !asksForHelp) {
  const { openVsCode } = await import('./open.mjs');
  // Not an empty editor: the recipe, with the way to start it anew above it.
  const file = isSample ? path.join(folder, SAMPLE_RECIPE) : undefined;
  process.exitCode = await openVsCode(folder, { browser: wants('--browser'), file });
}

async function train() {
  if (isSample) {
    args.unshift('--recipe', SAMPLE_RECIPE);
    console.error('In sample/:');
  }
  // Trained in another folder than the one where a person will type what is proposed at the end.
  const env = { GLASSBOX_PROGRAM: 'npx glassbox', GLASSBOX_STARTED_IN: root };
  const { code } = await node([path.join(dist, 'cli.js'), 'train', ...args], { cwd: folder, env });
  return code;
}
