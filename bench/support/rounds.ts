/**
 * Measurements by turns: each in a process of its own, which prints one line of JSON, contender after
 * contender and round after round, so that all of them see the same machine. Beside the wall clock
 * stands the processor time of the measuring process, all its threads together: where the computing is
 * done on the CPU (a software adapter), other programs on the machine disturb it less.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import * as z from 'zod';

export const timingSchema = z.object({
  /** Milliseconds by the clock, and of all processors, for each repeat. */
  wall: z.array(z.number()),
  processor: z.array(z.number()),
});
export type Timing = z.infer<typeof timingSchema>;

/**
 * Runs to warm up, once at least and for `warmUp` milliseconds (a GPU's clock takes its time to rise),
 * then `repeats` times.
 */
export async function timeRuns(
  repeats: number,
  run: () => Promise<unknown>,
  warmUp = 0,
): Promise<Timing> {
  const timing: Timing = { wall: [], processor: [] };
  const warm = performance.now() + warmUp;
  do await run();
  while (performance.now() < warm);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const busy = process.cpuUsage();
    const began = performance.now();
    await run();
    timing.wall.push(performance.now() - began);
    const { user, system } = process.cpuUsage(busy);
    timing.processor.push((user + system) / 1000);
  }
  return timing;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** This benchmark once more, in a process of its own; what its last line says. */
export function inProcess<Result>(args: readonly string[], schema: z.ZodType<Result>): Result {
  const self = process.argv[1] ?? '';
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [self, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended by ${status ?? signal}:\n${stderr}`);
  return schema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}
