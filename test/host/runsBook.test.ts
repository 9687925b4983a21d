import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryOf } from '../../src/host/runs/runBook';

it('remembers what was kept, whatever else stands beside it', () => {
  expect(memoryOf({ a: 'running', b: 'paused', c: 'asleep', d: 1 })).toEqual({
    a: 'running',
    b: 'paused',
  });
  const states = new Set(['running', 'paused']);
  fc.assert(
    fc.property(fc.anything(), (kept) => {
      expect(Object.values(memoryOf(kept)).every((left) => states.has(left))).toBe(true);
    }),
  );
});
