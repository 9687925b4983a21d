/** The built programs as a person or a shell starts them: child processes of their own. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

export const dist = path.resolve(import.meta.dirname, '..', '..', 'dist');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** The next line on standard output that the test is true of; fails if the program ends first. */
  readonly line: (test: (line: string) => boolean) => Promise<string>;
}

export interface Circumstances {
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
}

export function start(args: readonly string[], circumstances: Circumstances = {}): Started {
  const { cwd, stdin, env } = circumstances;
  const child = spawn(process.execPath, [path.join(dist, 'cli.js'), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  // One that ends without reading its input is no failure of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8');
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out: text(out), err: text(err) }));
  });
  const lines = createInterface({ input: child.stdout });
  const line = (test: (line: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        if (test(line)) resolve(line);
      });
      void ended.then(({ err }) => reject(new Error(`It ended without that line. ${err}`)));
    });
  return { child, ended, line };
}

/** One command from beginning to end. */
export const cli = (args: readonly string[], circumstances?: Circumstances): Promise<Ended> =>
  start(args, circumstances).ended;

/** The same with --json: the lines on standard output, each of which must be JSON. */
export async function json(
  args: readonly string[],
  circumstances?: Circumstances,
): Promise<Record<string, unknown>[]> {
  const { code, out, err } = await cli([...args, '--json'], circumstances);
  if (code !== 0) throw new Error(`Exit ${code}: ${err}`);
  return linesOf(out);
}

export function linesOf(out: string): Record<string, unknown>[] {
  const lines = out.split('\n');
  if (lines.pop() !== '') throw new Error('The last line does not end.');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Looks again and again until it is so; the test's own timeout is the limit. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(1);
}

export const untilThere = (file: string): Promise<void> => until(() => existsSync(file));

/** Options that make a run small enough for a test: see test/train/runs.ts. */
export const SMALL = [
  '--set',
  ...['tokenizer.kind=byte', 'model.layers=1', 'model.width=16', 'model.heads=2'],
  ...['model.intermediate=16', 'model.context=16', 'train.batch=2', 'train.warmup=2'],
  ...['train.lr=0.01', 'train.checkpointEvery=5', 'train.evalEvery=5', 'train.sampleEvery=0'],
  ...['train.evalTokens=64', 'samples.maxTokens=3', 'samples.prompts=["The "]'],
];
