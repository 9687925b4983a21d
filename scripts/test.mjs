// `npm test`: everything that must hold, on a fresh clone too. Installs, then type check, lint and
// format check side by side, then the build, then the tests, then those in a real VS Code. The last
// line, `N passed, N failed`, counts real tests; a check that fails counts as one more failure, and so
// do, with CI=true, tests that were skipped. Arguments are passed on to vitest: `npm test --
// test/recipe`; with some, VS Code is started only if they name test/vscode.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { installIfNeeded, node, within } from './project.mjs';

const tool = (...parts) => within('node_modules', ...parts);
const CHECKS = [
  ['typecheck', [tool('typescript', 'bin', 'tsc'), '--noEmit']],
  ['webviews', [tool('typescript', 'bin', 'tsc'), '--noEmit', '-p', within('webview')]],
  ['lint', [tool('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0']],
  ['format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '.']],
];

const lines = [];
let failed = 0;
let passed = 0;

function report(name, ok, seconds, note = '') {
  if (!ok) failed++;
  lines.push(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${seconds.toFixed(1)} s${note}`);
}

async function check(name, args, quiet) {
  const started = performance.now();
  const { code, output } = await node(args, { quiet });
  if (code !== 0 && quiet) console.log(`--- ${name}\n${output.trimEnd()}\n`);
  report(name, code === 0, (performance.now() - started) / 1000);
}

/** Runs vitest and adds its counts. What it could not count (a file that did not load) is a failure. */
async function runTests(name, extra) {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-test-'));
  const file = path.join(folder, 'results.json');
  const started = performance.now();
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const args = [tool('vitest', 'vitest.mjs'), 'run', ...reporters, ...extra];
  const { code } = await node(args);
  const seconds = (performance.now() - started) / 1000;
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    const unloaded = results.testResults.filter(
      (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
    ).length;
    const skipped = results.numPendingTests + results.numTodoTests;
    const skippedCount = process.env.CI ? skipped : 0;
    let bad = results.numFailedTests + unloaded + skippedCount;
    const good = results.numPassedTests;
    passed += good;
    if (bad === 0 && (code !== 0 || !results.success || good === 0)) bad = 1;
    failed += bad;
    const note = [
      `${good} passed`,
      `${results.numFailedTests} failed`,
      ...(unloaded ? [`${unloaded} files did not load`] : []),
      ...(skipped ? [`${skipped} skipped${skippedCount ? ' (a failure with CI=true)' : ''}`] : []),
      ...(good === 0 ? ['no test ran'] : []),
    ].join(', ');
    lines.push(`${bad ? 'FAILED' : 'ok    '}  ${name.padEnd(10)} ${seconds.toFixed(1)} s  ${note}`);
  } catch (error) {
    report(name, false, seconds, `  no results: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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
  await runTests('vscode', ['--config', 'vitest.vscode.config.mjs', ...filters]);

console.log(`\n${lines.join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
