/**
 * What every backend must do, as one suite: each operator and each gradient as the oracle computes
 * it, a training run step for step, and the contract of stores and programs.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import type { OperatorName } from '../../src/engine/graph/graph';
import { cases, operatorNames } from './cases';
import { expectAllClose } from './close';
import type { Tolerance } from './close';
import { contract } from './contract';
import { flow, forwardSketch, gradientSketch } from './gradientSketch';
import { runExactly, runOn } from './sketch';
import { trajectories } from './trajectories';

const OPERATOR_TOLERANCE = { relative: 1e-4, absolute: 1e-5 };
/** A gradient adds up many products that cancel: what is left is judged against their size. */
const GRADIENT_TOLERANCE = { relative: 1e-3, absolute: 1e-4 };

/** Registers the suite for the backend that `open` opens, `as` it is opened there. */
export function conformance(name: string, open: () => Promise<Backend>, as = ''): void {
  describe(`the ${name} backend${as}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.dispose());

    it('says what it is', () => {
      expect(backend.name).toBe(name);
      expect(backend.adapter).not.toBe('');
    });

    operators(() => backend, operatorNames, OPERATOR_TOLERANCE, GRADIENT_TOLERANCE);

    describe('contract', () => {
      contract(() => backend);
    });

    describe('training', () => {
      trajectories(() => backend);
    });
  });
}

/** Registers the cases of some operators, and of their gradients, within `close` and `gradientClose`. */
export function operators(
  backendOf: () => Backend,
  names: readonly OperatorName[],
  close: Tolerance,
  gradientClose: Tolerance,
): void {
  for (const operator of names) {
    describe(operator, () => {
      for (const one of cases[operator]) {
        it(`computes ${one.label}`, async () => {
          const { sketch, graph } = forwardSketch(one);
          expect(graph.nodes.map((node) => node.op)).toContain(operator);
          const expected = await runExactly(sketch, graph);
          expectAllClose(await runOn(backendOf(), sketch, graph), expected, close);
        });

        if (flow[operator] !== 'flows') continue;
        it(`has the gradient of ${one.label}`, async () => {
          const { sketch, graph } = gradientSketch(one);
          const expected = await runExactly(sketch, graph);
          expectAllClose(await runOn(backendOf(), sketch, graph), expected, gradientClose);
        });
      }
    });
  }
}
