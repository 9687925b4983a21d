/**
 * What the conformance suite is too small to reach on the webgpu backend: a vocabulary in several
 * chunks, RMSNorm over several blocks of rows, reductions in parts, and AdamW in a graph that reads the
 * parameter before it is updated (in place), or still needs it afterwards (not).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openAdapter } from '../../src/engine/backend/webgpu/adapters';
import type { OpenedAdapter } from '../../src/engine/backend/webgpu/adapters';
import { Device } from '../../src/engine/backend/webgpu/device';
import type { Traits } from '../../src/engine/backend/webgpu/device';
import { GpuStore } from '../../src/engine/backend/webgpu/store';
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import type { Shape } from '../../src/engine/graph/graph';
import { expectAllClose } from './close';
import { between, normal, normalTimes, runExactly, runOn, Sketch } from './sketch';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();

const TOLERANCE = { relative: 1e-3, absolute: 1e-4 };

/** Has room in one binding for the logits of 30 tokens and 136 ids. */
class NarrowDevice extends Device {
  override readonly traits: Traits;

  constructor(gpu: GPUDevice) {
    super(gpu);
    this.traits = { ...new Device(gpu).traits, maxStorageBufferBindingSize: 2 ** 14 };
  }
}

describe('the webgpu backend beyond the suite', () => {
  let backend: Backend;
  let opened: OpenedAdapter;
  beforeAll(async () => {
    backend = await openWebgpu({ software: true });
    opened = await openAdapter({ software: true });
  });
  afterAll(async () => {
    opened.device.dispose();
    await backend.dispose();
  });

  async function expectSame(sketch: Sketch, on = backend): Promise<void> {
    const graph = sketch.graph.build();
    const expected = await runExactly(sketch, graph);
    expectAllClose(await runOn(on, sketch, graph), expected, TOLERANCE);
  }

  it('takes a vocabulary in chunks where there is no room for all of its logits', async () => {
    // Two chunks of 128 ids, and 45 that are left.
    const [tokens, width, vocabulary] = [29, 13, 301];
    const sketch = new Sketch();
    const { graph } = sketch;
    const x = sketch.tensor([tokens, width]);
    const weight = sketch.tensor([vocabulary, width]);
    const targets = sketch.ids([tokens], vocabulary);
    const { nll, logSumExp } = graph.crossEntropy(x, weight, targets);
    const gradient = sketch.tensor([tokens]);
    const [dx, dWeight] = graph.crossEntropyBackward({ x, weight, targets, logSumExp }, gradient);
    graph.output('nll', nll);
    graph.output('log-sum-exp', logSumExp);
    graph.output('dx', dx);
    graph.output('dWeight', dWeight);
    await expectSame(sketch, {
      ...backend,
      allocate: async (states) => {
        const store = new GpuStore(new NarrowDevice(opened.device.gpu));
        await store.add(states);
        return store;
      },
    });
  });

  it.each([[[67, 36]], [[9, 130]], [[300, 8]]])(
    'adds up weights of RMSNorm over %j',
    async (shape) => {
      const sketch = new Sketch();
      const { graph } = sketch;
      const x = sketch.tensor(shape);
      const weight = sketch.tensor(shape.slice(-1), between(0.5, 1.5));
      const { inverseRms } = graph.rmsNorm(x, weight, 1e-5);
      const [dx, dWeight] = graph.rmsNormBackward(x, weight, inverseRms, sketch.tensor(shape));
      graph.output('dx', dx);
      graph.output('dWeight', dWeight);
      await expectSame(sketch);
    },
  );

  it.each([
    [[70_001], [0]],
    [[3, 9001], [1]],
    [[300, 7], [0]],
    [[2, 1100, 5], [1]],
  ])('sums up %j over %j in parts', async (shape, axes) => {
    const sketch = new Sketch();
    const { graph } = sketch;
    const x = sketch.fed(shape);
    graph.output('sum', graph.sum(x, axes));
    graph.output('max', graph.max(x, axes));
    await expectSame(sketch);
  });

  function updated(shape: Shape, alsoRead: 'before' | 'after' | 'by its gradient'): Sketch {
    const sketch = new Sketch();
    const { graph } = sketch;
    const parameter = sketch.tensor(shape);
    const moment1 = sketch.tensor(shape, normalTimes(0.1));
    const moment2 = sketch.tensor(shape, between(0, 0.02));
    if (alsoRead === 'before') graph.output('doubled', graph.scale(parameter, 2));
    const gradient = alsoRead === 'by its gradient' ? parameter : sketch.tensor(shape, normal);
    const scalar = (value: number) => sketch.fed([1], () => value);
    const next = graph.adamw(
      { parameter, moment1, moment2, gradient },
      {
        learningRate: scalar(0.01),
        correction1: scalar(1 - 0.9 ** 3),
        correction2: scalar(1 - 0.95 ** 3),
        gradientScale: scalar(0.7),
      },
      { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, learningRateScale: 1 },
    );
    if (alsoRead === 'after') graph.output('doubled', graph.scale(parameter, 2));
    graph.output('sum', graph.add(next.parameter, next.moment1));
    graph.assign(parameter, next.parameter);
    graph.assign(moment1, next.moment1);
    graph.assign(moment2, next.moment2);
    return sketch;
  }

  for (const alsoRead of ['before', 'after', 'by its gradient'] as const) {
    it.each([[[5, 7]], [[4, 300]]])(`updates parameters %j that are read ${alsoRead}`, (shape) =>
      expectSame(updated(shape, alsoRead)),
    );
  }

  it('clamps targets outside of the vocabulary, and reads nothing outside', async () => {
    const build = (targets: readonly number[]): Sketch => {
      const sketch = new Sketch();
      const { graph } = sketch;
      const x = sketch.tensor([2, 4]);
      const weight = sketch.tensor([6, 4]);
      // Cut out of an input: those that are fed are checked before a run.
      const given = graph.slice(sketch.integers([...targets, 0], [3]), [0], [2]);
      graph.output('nll', graph.crossEntropy(x, weight, given).nll);
      return sketch;
    };
    const [outside, inside] = [build([-3, 9]), build([0, 5])];
    const clamped = await runOn(backend, outside, outside.graph.build());
    expect(clamped).toEqual(await runOn(backend, inside, inside.graph.build()));
  });
});
