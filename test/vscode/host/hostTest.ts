/**
 * A test as it runs inside VS Code's extension host: a name and a function. VS Code calls `run` of
 * the bundle that harness/hostTests.ts makes of all of them; a line of JSON for each test goes into a
 * file beside that bundle, and one without a name when all are done.
 *
 * Not covered: what vitest has beyond that. It cannot run here: it starts processes of its own, and
 * `vscode` is only in this one.
 */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

interface HostTest {
  readonly name: string;
  readonly body: () => Promise<void> | void;
}

/** One line of the file: a test's name, and what was wrong. */
export interface HostResult {
  readonly name?: string;
  readonly error?: string;
}

/** Milliseconds that a test may take, and that something may take to become so. */
const LIMIT = 60_000;
const PATIENCE = 30_000;

const tests: HostTest[] = [];

/** In the order in which they are written, one after the other. */
export function test(name: string, body: HostTest['body']): void {
  tests.push({ name, body });
}

/** Waits until `check` throws no longer, and gives what it gives. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await check();
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown;
      await setTimeout(50);
    }
  }
}

/** The value, which there must be. */
export function there<T>(value: T | undefined, what: string): T {
  if (value === undefined) assert.fail(`There is no ${what}.`);
  return value;
}

async function attempt({ body }: HostTest): Promise<string | undefined> {
  const limit = new AbortController();
  try {
    const late = setTimeout(LIMIT, undefined, { signal: limit.signal, ref: false });
    const tooLate = late.then(() => assert.fail(`not done in ${LIMIT / 1000} s`));
    await Promise.race([body(), tooLate]);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  } finally {
    limit.abort();
  }
}

export async function run(): Promise<void> {
  const file = path.join(__dirname, 'results.jsonl');
  const write = (result: HostResult): void => appendFileSync(file, `${JSON.stringify(result)}\n`);
  for (const each of tests) {
    const error = await attempt(each);
    write({ name: each.name, ...(error !== undefined && { error }) });
  }
  write({});
}
