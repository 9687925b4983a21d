/**
 * Where a command's words go, and how it ends. Results go to standard output; with --json these are
 * JSON Lines and nothing else. Everything meant for a person only goes to standard error then.
 */
import { GlassboxError, messageOf } from '../../base/errors';
import { wantsColour, type Output } from './display';
import { styleFor } from './terminalText';

export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
  /** The whole of standard input. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** Standard input line by line, a person being asked for each by the prompt. */
  readonly readLines: (prompt: string) => AsyncIterable<string>;
  readonly env: NodeJS.ProcessEnv;
}

export const EXIT = { done: 0, failed: 1, interrupted: 130 } as const;

/** One JSON Lines record. Numbers that JSON lacks (a loss that is not a number) become null. */
export function writeJson(streams: Streams, record: object): void {
  streams.stdout.write(`${JSON.stringify(record)}\n`);
}

export function writeLine(streams: Streams, line: string): void {
  streams.stdout.write(`${line}\n`);
}

/** One clear line, then what to do; with `verbose` the stacks of the error and of its causes. */
export function writeError(streams: Streams, thrown: unknown, verbose: boolean): void {
  const style = styleFor(wantsColour(streams.stderr, streams.env));
  const write = (line: string): unknown => streams.stderr.write(`${line}\n`);
  const known = thrown instanceof GlassboxError;
  write(`${style.bad('error:')} ${messageOf(thrown)}`);
  if (known && thrown.remedy !== undefined) write(`  ${thrown.remedy}`);
  if (!known && !verbose)
    write('  Glassbox did not expect this. Run it again with --verbose, and report what you see.');
  if (!verbose) return;
  let at: unknown = thrown;
  for (let depth = 0; at instanceof Error && depth < 8; depth++) {
    write(style.dim(`${depth === 0 ? '' : 'caused by: '}${at.stack ?? at.message}`));
    at = at.cause;
  }
}
