/** Which probes are laid beside each other. */
import { describe, expect, it } from 'vitest';
import { comparable, usualBefore } from '../../src/host/knowledge/comparable';
import type { ProbeSummary } from '../../src/protocol/knowledgeMessages';

const probe = (name: string, made: number, hash?: string, before?: string): ProbeSummary => ({
  ...{ folder: `/${name}`, name, model: 'm', questions: 1, made },
  knowledge: { known: 1, unknown: 0, inconsistent: 0, refused: 0 },
  ...(hash !== undefined && { questionsHash: hash }),
  asked: {
    ...{ model: '/m', samples: 5, temperature: 1, maxTokens: 48, seed: 1, before },
    about: { kind: 'questions', paths: ['/q.jsonl'] },
  },
});

describe('probes that can be compared', () => {
  const [first, second, third] = [probe('a', 1, 'x'), probe('b', 2, 'x'), probe('c', 3, 'x')];
  const [other, old, meant] = [probe('d', 4, 'y'), probe('e', 5), probe('f', 6, 'z', '/e')];
  const all = [first, second, third, other, old, meant];
  const names = (of: ProbeSummary): string[] => comparable(of, all).map(({ name }) => name);

  it('asked the same questions, or were made for it', () => {
    expect(names(second)).toEqual(['c', 'a']);
    expect(names(other)).toEqual([]);
    // Of probes without a hash nobody knows what they asked.
    expect(names(old)).toEqual([]);
    expect(names(meant)).toEqual(['e']);
  });

  it('are compared with the newest before, where they were made for none', () => {
    expect(usualBefore(third, all)).toBe('/b');
    expect(usualBefore(first, all)).toBeUndefined();
    expect(usualBefore(meant, all)).toBe('/e');
    // What it was made for is gone.
    expect(usualBefore(probe('g', 9, 'x', '/gone'), all)).toBe('/c');
  });
});
