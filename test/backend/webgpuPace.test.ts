/**
 * Long steps in several submissions, and long dispatches in bands: nothing that is computed changes by
 * a bit. And how a run is cut, for GPUs of every speed.
 */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import type { CopyCommand } from '../../src/engine/backend/webgpu/commands';
import { Pace, Speed } from '../../src/engine/backend/webgpu/pace';
import { openWebgpu, profile } from '../../src/engine/backend/webgpu/webgpu';
import { buildTrainer } from './decoder';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

/** Steps past the first, whose submissions are waited for, and what is then in the store. */
async function trained(backend: Backend) {
  const { sketch, graph, feedsOf } = buildTrainer('adamw');
  const shapes = [...sketch.states].map(([name, { value }]) => [name, value.shape] as const);
  const store = await backend.allocate(new Map(shapes));
  for (const [name, { data }] of sketch.states) await store.write(name, data);
  const program = await store.compile(graph);
  const results: unknown[] = [];
  for (let step = 1; step <= 3; step++) results.push(await program.run(feedsOf(step)));
  const found = await profile(program, feedsOf(4), 'whole');
  for (const name of store.states.keys()) results.push(await store.read(name));
  await store.dispose();
  return { results, dispatches: found.profile.dispatches };
}

describe('a long step', () => {
  it('gives the same bits in submissions of a command each and in bands', async () => {
    const whole = await openWebgpu({ software: true });
    const expected = await trained(whole);
    await whole.dispose();
    const cut = await openWebgpu({ software: true, submission: 0, work: 400 });
    const actual = await trained(cut);
    await cut.dispose();
    expect(actual.results).toEqual(expected.results);
    expect(actual.dispatches).toBeGreaterThan(1.5 * expected.dispatches);
  });
});

describe('how a run is cut', () => {
  /** A hundred milliseconds each for the slowest GPU that is reckoned with. */
  const commands = Array.from({ length: 200 }, () => ({ kind: 'copy', bytes: 1e9 }) as CopyCommand);

  /** What each submission of a run takes on a GPU that needs so long for each command. */
  function run(pace: Pace, milliseconds: number): number[] {
    const took: number[] = [];
    for (let from = 0; from < commands.length;) {
      const stretch = pace.next(from);
      took.push((stretch.to - from) * milliseconds);
      if (!pace.known) pace.measured(stretch, took.at(-1)!);
      from = stretch.to;
    }
    return took;
  }

  it('is one submission on a fast GPU, once it has shown itself so', () => {
    const pace = new Pace(commands, new Speed(), 250);
    expect(run(pace, 0.5).length).toBeLessThan(10);
    expect(run(pace, 0.5)).toEqual([100]);
  });

  it('never takes long on a slow one, not even in the first run', () => {
    for (const milliseconds of [20, 100, 240]) {
      const pace = new Pace(commands, new Speed(), 250);
      expect(Math.max(...run(pace, milliseconds))).toBeLessThan(1000);
      expect(Math.max(...run(pace, milliseconds))).toBeLessThanOrEqual(250);
    }
  });

  it('follows a GPU that gets slower', () => {
    const pace = new Pace(commands, new Speed(), 250);
    run(pace, 1);
    for (let step = 0; step < 8; step++) pace.took(commands.length * 20);
    expect(Math.max(...run(pace, 20))).toBeLessThanOrEqual(250);
  });

  it('starts from what earlier programs have shown', () => {
    const speed = new Speed();
    run(new Pace(commands, speed, 250), 0.5);
    expect(run(new Pace(commands, speed, 250), 0.5)).toEqual([100]);
  });
});
