/** Runs a tool so that something always comes of it: an answer, or what went wrong, in time. */
import { messageOf, throwIfAborted } from '../../base/errors';
import type { Tool } from './tool';

/** `failed`: the tool threw. `late`: it had not answered in time, and is not waited for any more. */
export type ToolOutcome = 'answered' | 'failed' | 'late';

export interface ToolResult {
  readonly outcome: ToolOutcome;
  /** What the model is given: the answer, or `error: ` with the reason. */
  readonly output: string;
  readonly milliseconds: number;
}

const MILLISECONDS = 10_000;

/** @throws GlassboxError `cancelled` where the caller gave up; never for what a tool does */
export async function runTool(
  tool: Tool,
  input: string,
  options: { readonly signal?: AbortSignal | undefined; readonly milliseconds?: number } = {},
): Promise<ToolResult> {
  const { signal, milliseconds = MILLISECONDS } = options;
  throwIfAborted(signal);
  const began = performance.now();
  const late = new AbortController();
  const ends = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  const timer = setTimeout(() => late.abort(), milliseconds);
  const givenUp = new Promise<'given-up'>((resolve) =>
    ends.addEventListener('abort', () => resolve('given-up'), { once: true }),
  );
  const answered = async (): Promise<Omit<ToolResult, 'milliseconds'>> => {
    try {
      return { outcome: 'answered', output: await tool.run(input, ends) };
    } catch (thrown) {
      return { outcome: 'failed', output: `error: ${messageOf(thrown)}` };
    }
  };
  try {
    const result = await Promise.race([answered(), givenUp]);
    throwIfAborted(signal);
    const took = Math.round(performance.now() - began);
    if (result !== 'given-up') return { ...result, milliseconds: took };
    const output = `error: no answer after ${milliseconds / 1000} s`;
    return { outcome: 'late', output, milliseconds: took };
  } finally {
    clearTimeout(timer);
  }
}
