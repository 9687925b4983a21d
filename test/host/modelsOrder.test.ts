import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inOrder, liesIn, newestOf, olderThan } from '../../src/host/models/modelOrder';
import type { ModelSummary } from '../../src/protocol/catalogMessages';

const model = (name: string, run?: { folder: string; step: number }): ModelSummary => ({
  ...{ folder: `/m/${name}/${run?.step ?? ''}`, name, architecture: 'LlamaForCausalLM' },
  ...{ parameters: 1, context: 1, vocab: 1, bytes: 1, chat: false },
  ...(run ? { run: { ...run, best: false } } : {}),
});
const models = [
  model('zebra'),
  model('old', { folder: '/r/old', step: 5 }),
  model('new', { folder: '/r/new', step: 5 }),
  model('new', { folder: '/r/new', step: 9 }),
  model('ape'),
];
const ordered = inOrder(models, (run) => (run === '/r/new' ? 2 : 1));

describe('models', () => {
  it('come with the newest run and its newest checkpoint first, those found last', () => {
    expect(ordered.map(({ name, run }) => `${name} ${run?.step ?? ''}`)).toEqual([
      ...['new 9', 'new 5', 'old 5', 'ape ', 'zebra '],
    ]);
  });

  it('of one run stand below its newest', () => {
    expect(newestOf(ordered).map(({ name }) => name)).toEqual(['new', 'old', 'ape', 'zebra']);
    expect(olderThan(ordered[0]!, ordered)).toEqual([ordered[1]]);
    expect(olderThan(ordered[3]!, ordered)).toEqual([]);
  });
});

it('knows what lies in a folder', () => {
  const folder = path.resolve('/work');
  expect(liesIn(path.join(folder, 'models', 'a'), [folder])).toBe(true);
  expect(liesIn(path.resolve('/workshop/a'), [folder])).toBe(false);
  expect(liesIn(folder, [folder])).toBe(false);
});
