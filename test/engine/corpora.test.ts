/** Which corpora the engine finds below a folder, and how it answers for a document that is gone. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createCurateService } from '../../src/engine/curateService';
import { corpusRecipe } from '../../src/recipe/corpus';
import { never, testFolder } from '../train/runs';

const folder = testFolder();
const service = createCurateService({ samplePath: '', runsFolder: '.glassbox/runs' });

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return path.dirname(file);
}

const sound = {
  ...{ format: 'glassbox-corpus', version: 1, kept: [], dropped: [] },
  ...{ documentsIn: 9, documentsKept: 4, tokens: 123 },
};

it('are found, a broken one with its problem, and no run’s shards among them', async () => {
  const usual = write('.glassbox/corpora/web/corpus.json', sound);
  const named = write('corpus/corpus.json', sound);
  const broken = write('broken/corpus.json', { ...sound, tokens: 'many' });
  write('foreign/corpus.json', { name: 'of somebody else' });
  write('.glassbox/runs/a/recipe.json', {});
  write('.glassbox/runs/a/corpus/corpus.json', sound);
  const found = await service.corpora({ folders: [folder] }, never);
  expect(found.map((each) => each.folder).sort()).toEqual([usual, broken, named].sort());
  expect(found.find((each) => each.folder === usual)).toEqual({
    ...{ folder: usual, name: 'web', documentsIn: 9, documentsKept: 4, tokens: 123 },
  });
  expect(found.find((each) => each.folder === broken)?.problem).toMatch(/can't be used/);
});

it('say which document is not there', async () => {
  const corpus = write('empty/corpus.json', sound);
  await expect(
    service.corpusDocument({ corpus, shard: '../empty/kept-00000.jsonl', line: 1 }, never),
  ).rejects.toMatchObject({ code: 'document-unknown' });
});

it('are found while they are not finished, with how far they have come', async () => {
  const plan = {
    ...{ format: 'glassbox-corpus-plan', version: 1, recipe: corpusRecipe.defaults() },
    files: ['a', 'b'].map((name) => ({
      ...{ path: `/${name}.warc`, format: 'warc', gzip: false, size: 1 << 22 },
    })),
  };
  const left = path.dirname(write('begun/left/.work/plan.json', plan));
  write('begun/left/.work/segments/000001/summary.json', {});
  write('begun/left/.work/segments/.tmp-000000/kept.jsonl', '');
  write('begun/left/.lock', { pid: 2 ** 22 + 1 });
  const busy = path.dirname(write('begun/busy/.work/plan.json', plan));
  write('begun/busy/.lock', { pid: process.pid });
  write('begun/none/.work/else.json', {});
  const broken = path.dirname(write('begun/broken/.work/plan.json', { ...plan, version: 9 }));
  const found = await service.corpora({ folders: [path.join(folder, 'begun')] }, never);
  const of = (each: string): unknown => found.find((summary) => summary.folder === each);
  expect(found).toHaveLength(3);
  expect(of(left)).toMatchObject({ unfinished: { segments: 2, segmentsDone: 1, busy: false } });
  expect(of(busy)).toMatchObject({ unfinished: { segmentsDone: 0, busy: true } });
  expect(of(broken)).toMatchObject({ problem: expect.stringMatching(/plan\.json/) as string });
});
