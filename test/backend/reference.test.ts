/**
 * The oracle itself: its gradients against finite differences in float64, and the contract that it
 * shares with every backend. That its formulas are right is pinned from outside by
 * `goldens.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engine/backend/reference/reference';
import { GraphBuilder } from '../../src/engine/graph/graph';
import { cases, operatorNames } from './cases';
import { contract } from './contract';
import { flow, gradientSketch, lossSketch } from './gradientSketch';
import { runExactly } from './sketch';

describe('the contract of the oracle', async () => {
  const backend = await openReference();
  contract(() => backend);
});

/** Elements of a tensor that are tried, evenly spread: a cheap case is tried whole. */
const TRIED = 24;
const STEP = 1e-4;

describe('the gradients of the oracle are those of finite differences', () => {
  for (const operator of operatorNames) {
    if (flow[operator] !== 'flows') continue;
    for (const one of cases[operator]) {
      if (one.kinked) continue;
      it(`${operator} ${one.label}`, async () => {
        const { sketch, graph } = gradientSketch(one);
        const states = new Map(
          [...sketch.states].map(([name, { data }]) => [name, Float64Array.from(data)]),
        );
        const gradients = await runExactly(sketch, graph, states);
        const loss = lossSketch(one);
        const lossAt = async (name: string, element: number, move: number): Promise<number> => {
          const moved = states.get(name)!.slice();
          moved[element]! += move;
          const moving = new Map([...states, [name, moved]]);
          const results = await runExactly(loss.sketch, loss.graph, moving);
          return results['loss']![0]!;
        };
        for (const [name, data] of states) {
          const stride = Math.ceil(data.length / TRIED);
          for (let element = 0; element < data.length; element += stride) {
            // Central differences of fourth order: the error is of the order of STEP^4.
            const near = (await lossAt(name, element, STEP)) - (await lossAt(name, element, -STEP));
            const far =
              (await lossAt(name, element, 2 * STEP)) - (await lossAt(name, element, -2 * STEP));
            const slope = (8 * near - far) / (12 * STEP);
            const gradient = gradients[`d ${name}`]![element]!;
            const error = Math.abs(gradient - slope) / Math.max(1, Math.abs(slope));
            expect(error, `${name}[${element}]: ${gradient}, not ${slope}`).toBeLessThan(1e-6);
          }
        }
      });
    }
  }
});

describe('the oracle refuses what lies out of range', () => {
  const outOfRange: unknown = expect.objectContaining({ code: 'backend-range' });
  const run = async (build: (graph: GraphBuilder) => void): Promise<unknown> => {
    const graph = new GraphBuilder();
    build(graph);
    const store = await (await openReference()).allocate(new Map([['table', [3, 2]]]));
    return (await store.compile(graph.build())).run({});
  };

  it.each([-1, 3])('id %i of an embedding of three rows', async (id) => {
    const running = run((graph) => {
      const ids = graph.constant(Int32Array.of(id), [1]);
      graph.output('y', graph.embedding(graph.state('table', [3, 2]), ids));
    });
    await expect(running).rejects.toEqual(outOfRange);
  });

  it.each([-1, 2])('a row assigned at %i of two that would fit', async (offset) => {
    const running = run((graph) => {
      const rows = graph.constant(new Float32Array(4), [2, 2]);
      const at = graph.constant(Int32Array.of(offset), [1]);
      graph.assignAt(graph.state('table', [3, 2]), rows, 0, at);
    });
    await expect(running).rejects.toEqual(outOfRange);
  });
});
