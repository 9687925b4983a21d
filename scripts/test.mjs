// `npm test`: everything that must hold, on a fresh clone too. Installs, then type check, lint and
// format check side by side, then the build, then the tests, then those in a real VS Code. The last
// line, `N passed, N failed`, counts real tests; a check that fails counts as one more failure, and so
// do, with CI=true, tests that were skipped. A file of VS Code's tests in which something failed has a
// second try, which is told: a whole server and browser share two cores there. Arguments are passed on to vitest: `npm test --
// test/recipe`; with some, VS Code is started only if they name test/vscode.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
import { installIfNeeded, node, within } from './project.mjs';

const tool = (...parts) => within('node_modules', ...parts);
const CHECKS = [
  ['typecheck', [tool('typescript', 'bin', 'tsc'), '--noEmit']],
  ['webviews', [tool('typescript', 'bin', 'tsc'), '--noEmit', '-p', within('webview')]],
  ['lint', [tool('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0']],
  ['format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '.']],
];

const lines = [];
const failures = [];
let failed = 0;
let passed = 0;

function report(name, ok, seconds, note = '', bad = ok ? 0 : 1) {
  failed += bad;
  lines.push(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${seconds.toFixed(1)} s${note}`);
}

async function check(name, args, quiet) {
  const started = performance.now();
  const { code, output } = await node(args, { quiet });
  if (code !== 0 && quiet) console.log(`--- ${name}\n${output.trimEnd()}\n`);
  report(name, code === 0, (performance.now() - started) / 1000);
}

/** What failed in a file, in few lines: a log of which only the end was kept still says it. */
function failuresOf(suite) {
  const file = path.relative(within(), suite.name);
  const failing = suite.assertionResults.filter(({ status }) => status === 'failed');
  if (suite.status === 'failed' && failing.length === 0) return [`${file}\n    ${suite.message}`];
  return failing.map(({ fullName, failureMessages }) => {
    const message = stripVTControlCharacters(failureMessages.join('\n'));
    const head = message.split('\n').filter((line) => !/^\s*at .*node_modules/.test(line));
    return `${file}: ${fullName}\n    ${head.slice(0, 12).join('\n    ')}`;
  });
}

/** What vitest found, or the error that says why there is nothing. */
async function vitest(args) {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-test-'));
  const file = path.join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code } = await node([tool('vitest', 'vitest.mjs'), 'run', ...reporters, ...args]);
  try {
    return { code, results: JSON.parse(readFileSync(file, 'utf8')) };
  } catch (error) {
    return { code, error };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tests that can be counted, and those that can't: a file that did not load is a failure. */
function count({ code, results }) {
  const unloaded = results.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  ).length;
  const skipped = results.numPendingTests + results.numTodoTests;
  const { numPassedTests: good, numFailedTests } = results;
  let bad = numFailedTests + unloaded + (process.env.CI ? skipped : 0);
  if (bad === 0 && (code !== 0 || !results.success || good === 0)) bad = 1;
  const notes = [
    `${good} passed`,
    `${numFailedTests} failed`,
    ...(unloaded ? [`${unloaded} files did not load`] : []),
    ...(skipped ? [`${skipped} skipped${process.env.CI ? ' (a failure with CI=true)' : ''}`] : []),
    ...(good === 0 ? ['no test ran'] : []),
  ];
  return { good, bad, notes };
}

/**
 * Runs vitest and adds its counts. With `again`, files in which something failed are run once more, by
 * themselves: what passes then counts as passed, and is named.
 */
async function runTests(name, filters, { options = [], again = false } = {}) {
  const started = performance.now();
  const first = await vitest([...options, ...filters]);
  const ended = (notes, bad) =>
    report(name, bad === 0, (performance.now() - started) / 1000, `  ${notes.join(', ')}`, bad);
  if (first.error) return ended([`no results: ${first.error.message}`], 1);
  let { good, bad, notes } = count(first);
  const failing = first.results.testResults.filter(({ status }) => status === 'failed');
  let messages = failing.flatMap(failuresOf);
  if (again && failing.length > 0) {
    console.log(`\nWhat failed, before a second try:\n\n${messages.join('\n\n')}\n`);
    const files = failing.map((suite) => path.relative(within(), suite.name));
    const second = await vitest([...options, ...files]);
    if (!second.error) {
      const tests = failing.reduce((sum, suite) => sum + passedIn(suite), 0);
      const now = count(second);
      good += now.good - tests;
      bad = now.bad;
      notes = [`${good} passed`, `${bad} failed`, `a second try for ${files.join(' and ')}`];
      messages = second.results.testResults.flatMap(failuresOf);
    }
  }
  passed += good;
  failures.push(...messages);
  ended(notes, bad);
}

const passedIn = ({ assertionResults }) =>
  assertionResults.filter(({ status }) => status === 'passed').length;

await installIfNeeded();
await Promise.all(CHECKS.map(([name, args]) => check(name, args, true)));
await check('build', [within('scripts', 'build.mjs')], false);
const filters = process.argv.slice(2);
const namesVsCode = filters.some((filter) => filter.replaceAll('\\', '/').includes('test/vscode'));
if (!namesVsCode) {
  if (filters.length === 0 || filters.some((filter) => /backend|webgpu|endToEnd/.test(filter))) {
    const { installSoftwareGpu } = await import('./softwareGpu.mjs');
    // Without one the tests that need a GPU fail, and say so; the others are worth running.
    await installSoftwareGpu().catch(({ message }) => console.error(message));
  }
  await runTests('tests', filters);
}
if (namesVsCode || filters.length === 0)
  await runTests('vscode', filters, {
    options: ['--config', 'vitest.vscode.config.mjs'],
    again: true,
  });

if (failures.length > 0) console.log(`\nWhat failed:\n\n${failures.join('\n\n')}`);
console.log(`\n${lines.join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
