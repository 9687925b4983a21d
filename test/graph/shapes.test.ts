/** Broadcasting by NumPy's rule, and strides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastShapes,
  GraphBuilder,
  sizeOf,
  stretchedAxes,
  stridesOf,
} from '../../src/engine/graph/graph';

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

describe('broadcastShapes', () => {
  it.each([
    [[2, 3], [3], [2, 3]],
    [
      [2, 1, 4],
      [3, 1],
      [2, 3, 4],
    ],
    [[1], [5, 2], [5, 2]],
    [[2], [3], undefined],
    [[2, 3], [2], undefined],
  ])('of %j and %j is %j', (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected);
  });

  it('does not care for the order, and a shape broadcasts with itself to itself', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        expect(broadcastShapes(a, b)).toEqual(broadcastShapes(b, a));
        expect(broadcastShapes(a, a)).toEqual(a);
      }),
    );
  });

  it('stretches exactly the axes that stretchedAxes names', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        const result = broadcastShapes(a, b);
        if (!result) return;
        const axes = stretchedAxes(a, result);
        const kept = result.filter((_, axis) => !axes.includes(axis));
        expect(sizeOf(kept)).toBe(sizeOf(a));
      }),
    );
  });

  it('decides what the elementwise operators of a builder take', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        const graph = new GraphBuilder();
        const add = () => graph.add(graph.input('a', 'f32', a), graph.input('b', 'f32', b));
        const expected = broadcastShapes(a, b);
        if (expected) expect(add().shape).toEqual(expected);
        else expect(add).toThrow(/add cannot take/);
      }),
    );
  });
});

it('stridesOf counts the elements that one step along each axis skips', () => {
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  expect(stridesOf([7])).toEqual([1]);
});
