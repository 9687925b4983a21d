/**
 * Forty training steps, whose losses must be the oracle's: errors that add up show here. A software
 * adapter, which computes as a CPU does and takes up to a second a step, makes a dozen.
 */
import { expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openReference } from '../../src/engine/backend/reference/reference';
import { expectClose } from './close';
import { buildTrainer, FROZEN } from './decoder';
import type { Trainer } from './decoder';
import { isSoftware } from './softwareAdapter';

interface Trajectory {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly frozen: Float32Array;
  readonly table: Float32Array;
}

async function train(
  backend: Backend,
  { sketch, graph, feedsOf }: Trainer,
  steps: number,
): Promise<Trajectory> {
  const shapes = [...sketch.states].map(([name, { value }]) => [name, value.shape] as const);
  const store = await backend.allocate(new Map(shapes));
  try {
    for (const [name, { data }] of sketch.states) await store.write(name, data);
    const program = await store.compile(graph);
    const losses: number[] = [];
    const norms: number[] = [];
    for (let step = 1; step <= steps; step++) {
      const results = await program.run(feedsOf(step));
      losses.push(results['loss']![0]!);
      norms.push(results['gradient norm']![0]!);
    }
    return {
      ...{ losses, norms },
      frozen: await store.read(FROZEN),
      table: await store.read('table'),
    };
  } finally {
    await store.dispose();
  }
}

export function trajectories(backendOf: () => Backend): void {
  for (const rule of ['adamw', 'muon'] as const) {
    it(`follows the oracle, step for step, with ${rule}`, async () => {
      const trainer = buildTrainer(rule);
      const backend = backendOf();
      const steps = isSoftware(backend) ? 12 : 40;
      const expected = await train(await openReference(), trainer, steps);
      const actual = await train(backend, trainer, steps);
      const first = expected.losses[0]!;
      const last = expected.losses.at(-1)!;
      expect(last, 'the oracle learns').toBeLessThan(first - 1);
      expectClose(actual.losses, expected.losses, { relative: 0, absolute: 1e-3 }, 'loss');
      expectClose(actual.norms, expected.norms, { relative: 2e-3, absolute: 0 }, 'gradient norm');
      expectClose(actual.table, expected.table, { relative: 1e-2, absolute: 1e-2 }, 'table');
      expect(actual.frozen).toEqual(trainer.sketch.states.get(FROZEN)!.data);
    });
  }
}
