/** Runs small enough for tests: one layer, 16 wide, bytes as tokens, on a text of a few kilobytes. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import type { Backend, Store } from '../../src/engine/backend/backend';
import type { Graph } from '../../src/engine/graph/graph';
import { resumeRun, startRun } from '../../src/engine/train/train';
import type { RunContext, RunEvent } from '../../src/engine/train/train';
import { applySettings, defaultRecipe } from '../../src/recipe/run';
import type { Recipe } from '../../src/recipe/run';

/** A folder of the test file's own, gone when its tests are. */
export function testFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Sentences that repeat with changes: something to learn, and not the same everywhere. */
export function sampleText(bytes: number): string {
  let text = '';
  for (let i = 0; text.length < bytes; i++) {
    text += `The ${i % 7} whales of boat ${i} went ${i % 3 ? 'north' : 'south'} in ${1800 + i}. `;
  }
  return text.slice(0, bytes);
}

export function writeText(folder: string, name = 'text.txt', text = sampleText(4000)): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const SMALL = [
  ...['tokenizer.kind=byte', 'model.layers=1', 'model.width=16', 'model.heads=2'],
  ...['model.intermediate=16', 'model.context=16', 'train.batch=2', 'train.warmup=2'],
  ...['train.lr=0.01', 'train.checkpointEvery=5', 'train.evalEvery=5', 'train.sampleEvery=0'],
  ...['train.evalTokens=64', 'samples.maxTokens=3', 'samples.prompts=["The "]'],
];

/** The small recipe on a text, with settings on top. */
export function smallRecipe(text: string | readonly string[], ...settings: string[]): Recipe {
  const paths = JSON.stringify(typeof text === 'string' ? [text] : text);
  return applySettings(defaultRecipe(), [...SMALL, `data.paths=${paths}`, ...settings]);
}

export const backend: Backend = await openOnnx({ threads: 1 });
export const context: RunContext = { backend, threads: 1, samplePath: '' };
export const never = new AbortController().signal;

export async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A whole run in a folder, or the rest of one. */
export const train = (recipe: Recipe, folder: string): Promise<RunEvent[]> =>
  collect(startRun(recipe, { folder }, context, never));

export const goOn = (folder: string, settings: string[] = [], out?: string): Promise<RunEvent[]> =>
  collect(resumeRun(folder, { settings, out }, context, never));

/** What was thrown; fails where nothing was. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (thrown: unknown) => thrown,
  );
}

export interface MetricLine {
  readonly kind: string;
  readonly step: number;
  readonly [key: string]: unknown;
}

/** The whole lines of metrics.jsonl. Throws for one that is not JSON. */
export function metrics(run: string): MetricLine[] {
  return readFileSync(path.join(run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MetricLine);
}

/** What must be the same in two runs that are the same: all but the clock. */
export function timeless(run: string): unknown[] {
  return metrics(run).map(({ kind, step, tokens, loss, lr, gradNorm, valLoss, bitsPerByte }) => ({
    ...{ kind, step, tokens, loss, lr, gradNorm, valLoss, bitsPerByte },
  }));
}

export const weights = (run: string, step: number): Buffer =>
  readFileSync(path.join(checkpoint(run, step), 'model.safetensors'));

export const checkpoint = (run: string, step: number): string =>
  path.join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`);

export const checkpointNames = (run: string): string[] =>
  existsSync(path.join(run, 'checkpoints'))
    ? readdirSync(path.join(run, 'checkpoints')).filter((name) => name !== 'best.json')
    : [];

/** Every file below a folder with its content: two are equal if nothing was harmed. */
export function contents(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    found.set(name, statSync(file).isDirectory() ? 'folder' : readFileSync(file, 'base64'));
  }
  return found;
}

/** The backend, telling before each run of a program which outputs it computes. */
export function watching(onRun: (outputs: readonly string[]) => void): RunContext {
  const watched = (store: Store): Store =>
    new Proxy(store, {
      get: (target, key) => {
        if (key === 'compile')
          return async (graph: Graph) => {
            const program = await target.compile(graph);
            const outputs = [...graph.outputs.keys()];
            return {
              run: (feeds: Parameters<typeof program.run>[0]) => {
                onRun(outputs);
                return program.run(feeds);
              },
              dispose: () => program.dispose(),
            };
          };
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  const allocate: Backend['allocate'] = async (states) => watched(await backend.allocate(states));
  return { ...context, backend: { ...backend, allocate } };
}
