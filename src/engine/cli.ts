/**
 * `glassbox`: the engine without VS Code. Thin: it joins the process (arguments, streams, Ctrl-C) to
 * the commands in `cli/`.
 */
import { createInterface } from 'node:readline';
import { runProgram } from './cli/program';
import { builtEngineOptions } from './paths';
import { startEngine } from './supervisor';

const interrupt = new AbortController();
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
for (const signal of SIGNALS) {
  process.on(signal, () => {
    // The first asks the engine to stop where nothing is lost; the second means it.
    if (interrupt.signal.aborted) endAtOnce(signal);
    interrupt.abort();
  });
}

/** Dies of the signal itself: an exit would wait for a native step to end. */
function endAtOnce(signal: NodeJS.Signals): void {
  if (process.stdout.isTTY) process.stdout.write('\u001b[?25h');
  for (const each of SIGNALS) process.removeAllListeners(each);
  process.kill(process.pid, signal);
}

// Whoever reads our output may stop reading (`| head`): then there is nobody left to write for, and
// we stop as if asked to.
process.stdout.on('error', () => interrupt.abort());

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* readLines(prompt: string): AsyncGenerator<string> {
  const { stdin, stdout } = process;
  const terminal = stdin.isTTY && stdout.isTTY;
  const lines = createInterface({ input: stdin, ...(terminal ? { output: stdout, prompt } : {}) });
  const close = (): void => lines.close();
  // On a terminal the line's own editor takes Ctrl-C.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  interrupt.signal.addEventListener('abort', close);
  try {
    if (terminal) lines.prompt();
    for await (const line of lines) {
      yield line;
      if (terminal) lines.prompt();
    }
  } finally {
    interrupt.signal.removeEventListener('abort', close);
    close();
  }
}

const { stdout, stderr, env } = process;
void runProgram(
  process.argv.slice(2),
  { stdout, stderr, readStdin, readLines, env },
  () => Promise.resolve(startEngine(builtEngineOptions())),
  interrupt.signal,
).then((code) => {
  // Not before the output is out; and not later: a native thread must not keep the process.
  stdout.write('', () => process.exit(code));
});
