import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/base/errors';
import { resumeRun, startRun } from '../../src/engine/train/train';
import type { RunEvent } from '../../src/engine/train/train';
import type { Recipe } from '../../src/recipe/run';
import {
  checkpoint,
  checkpointNames,
  collect,
  contents,
  context,
  failure,
  goOn,
  metrics,
  never,
  sampleText,
  smallRecipe,
  testFolder,
  train,
  watching,
  writeText,
} from './runs';

const folder = testFolder();
const text = writeText(folder);
const at = (name: string): string => path.join(folder, name);

/** A process id that no system gives. */
const NOBODY = 4_194_305;

describe('a folder', () => {
  it('holds one run at a time', async () => {
    const run = at('busy');
    const recipe = smallRecipe(text, 'train.steps=3');
    const first = startRun(recipe, { folder: run }, context, never);
    await first.next();
    const lock = path.join(run, 'run.lock');
    const held = readFileSync(lock, 'utf8');
    for (const place of [run, `${run}/`])
      expect(await failure(train(recipe, place))).toMatchObject({ code: 'run-busy' });
    expect(readFileSync(lock, 'utf8')).toBe(held);
    expect((await collect(first)).at(-1)).toMatchObject({ kind: 'done' });
    expect(readdirSync(run).filter((name) => name.includes('lock'))).toEqual([]);
    expect(await failure(train(recipe, run))).toMatchObject({
      code: 'run-exists',
      remedy: expect.stringContaining(`--resume ${run}`) as string,
    });
  });

  it('is taken by exactly one of many who want it, whatever a dead one left', async () => {
    for (const left of [undefined, `{"pid": ${NOBODY}}`, '', 'x']) {
      const run = at(`wanted ${left}`);
      mkdirSync(run);
      if (left !== undefined) writeFileSync(path.join(run, 'run.lock'), left);
      const recipe = smallRecipe(text, 'train.steps=1');
      const wishes = Array.from({ length: 6 }, () => train(recipe, run));
      const ends = await Promise.allSettled(wishes);
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const end of ends) {
        if (end.status === 'rejected')
          expect(end.reason).toMatchObject({
            code: expect.stringMatching(/^run-(busy|exists)$/) as string,
          });
      }
      expect(metrics(run).filter(({ kind }) => kind === 'train')).toHaveLength(1);
      expect(readdirSync(run).filter((name) => /lock|tmp/.test(name))).toEqual([]);
    }
  });

  it('that holds what a run would write over is refused, and left as it is', async () => {
    const mine = at('not a run');
    mkdirSync(path.join(mine, 'checkpoints', 'step-000099'), { recursive: true });
    for (const name of ['metrics.jsonl', 'tokenizer.json', 'notes.txt'])
      writeFileSync(path.join(mine, name), 'mine');
    const before = contents(mine);
    expect(await failure(train(smallRecipe(text, 'train.steps=1'), mine))).toMatchObject({
      code: 'folder-not-empty',
      message: expect.stringContaining('tokenizer.json, checkpoints, metrics.jsonl') as string,
    });
    expect(contents(mine)).toEqual(before);
  });

  it('cannot be found where a file has the name of the runs', async () => {
    const runs = at('a file');
    writeFileSync(runs, '');
    const starting = collect(startRun(smallRecipe(text), { runs }, context, never));
    expect(messageOf(await failure(starting))).toContain(runs);
  });

  it('is found free by number where none is named', async () => {
    const runs = at('deep/runs');
    const recipe = { ...smallRecipe(text, 'train.steps=1'), name: 'whale' };
    const start = (): Promise<RunEvent[]> => collect(startRun(recipe, { runs }, context, never));
    const ends = await Promise.all([start(), start(), start()]);
    const made = ends.map((events) => events.at(-1)).map((end) => end && 'run' in end && end.run);
    const names = ['whale', 'whale-2', 'whale-3'];
    expect(made.sort()).toEqual(names.map((name) => path.join(runs, name)));
  });

  it('may hold other things, which stay', async () => {
    const run = at('mine');
    mkdirSync(run);
    writeFileSync(path.join(run, 'notes.txt'), 'mine');
    const before = contents(run);
    const bad = smallRecipe(text, 'model.context=100000');
    expect(await failure(train(bad, run))).toMatchObject({ code: 'corpus-too-short' });
    expect(contents(run)).toEqual(before);
    await train(smallRecipe(text, 'train.steps=1'), run);
    expect(contents(run).get('notes.txt')).toBe(before.get('notes.txt'));
  });

  it('keeps a folder called corpus that is none of ours', async () => {
    const run = at('foreign');
    mkdirSync(path.join(run, 'corpus'), { recursive: true });
    writeFileSync(path.join(run, 'corpus', 'novel.txt'), 'mine');
    const before = contents(run);
    const starting = train(smallRecipe(text), run);
    expect(await failure(starting)).toMatchObject({ code: 'not-a-corpus' });
    expect(contents(run)).toEqual(before);
  });

  it('is cleared of what killed processes left', async () => {
    const run = at('leftovers');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const clean = [...contents(run).keys()];
    const half = path.join(run, 'checkpoints', `.tmp-${NOBODY}-0123456789ab-step-000006`);
    mkdirSync(half);
    writeFileSync(path.join(half, 'config.json'), '{');
    writeFileSync(path.join(run, `.tmp-${NOBODY}-0123456789ab-recipe.json`), '{');
    await goOn(run);
    expect([...contents(run).keys()]).toEqual(clean);
    expect(checkpointNames(run)).toEqual(['step-000005']);
  });
});

describe('what fails before the first step', () => {
  const empty = writeText(folder, 'empty.txt', '');
  const binary = writeText(folder, 'binary.bin', 'GIF89a\u0000\u0001\u0000');
  const broken = at('broken.txt');
  writeFileSync(broken, Buffer.from([0x54, 0x68, 0x65, 0x20, 0xff, 0xfe, 0x41]));
  const bare = at('bare');
  mkdirSync(bare);

  const cases: readonly [name: string, code: string, recipe: () => Recipe][] = [
    ['a missing text', 'not-found', () => smallRecipe(at('nothing.txt'))],
    ['an empty text', 'empty-file', () => smallRecipe(empty)],
    ['an empty folder', 'no-text', () => smallRecipe(bare)],
    ['binary data', 'binary-data', () => smallRecipe(binary)],
    ['bytes that are no UTF-8', 'invalid-utf8', () => smallRecipe(broken)],
    ['a text below one window', 'corpus-too-short', () => smallRecipe(text, 'model.context=4000')],
    ['a shape that does not divide', 'model-shape', () => smallRecipe(text, 'model.heads=3')],
    [
      'a model that is none',
      'not-a-model',
      () => ({ ...smallRecipe(text), model: { freeze: [], from: bare } }),
    ],
    ['a pattern that freezes nothing', 'model-freeze', () => smallRecipe(text, 'model.freeze=x')],
    ['a pattern that freezes all', 'model-freeze', () => smallRecipe(text, 'model.freeze=*')],
    [
      'a regular expression that is none',
      'tokenizer-pattern',
      () => smallRecipe(text, 'tokenizer.kind=bpe', 'tokenizer.pattern=(('),
    ],
  ];

  it.each(cases)('leaves nothing: %s', async (name, code, recipe) => {
    const run = path.join(at('failed'), name, 'run');
    const thrown = await failure(train(recipe(), run));
    expect(thrown).toMatchObject({ name: 'GlassboxError', code });
    expect(thrown).toMatchObject({ remedy: expect.any(String) as string });
    expect(messageOf(thrown)).not.toContain('\n');
    expect(readdirSync(folder)).not.toContain('failed');
  });

  it('leaves nothing: stopped while the text is read', async () => {
    const long = writeText(folder, 'long.txt', sampleText(300_000));
    const stop = new AbortController();
    const runs = at('stopped/runs');
    const told: string[] = [];
    const running = startRun(
      smallRecipe(long, 'tokenizer.kind=bpe'),
      { runs },
      { ...context, onTaken: (taken) => void told.push(taken) },
      stop.signal,
    );
    const stopping = (async () => {
      for await (const event of running) if (event.kind === 'note') stop.abort();
    })();
    expect(await failure(stopping)).toMatchObject({ code: 'cancelled' });
    expect(readdirSync(folder)).not.toContain('stopped');
    expect(told).toEqual([path.join(runs, 'run')]);
  });

  it('leaves nothing: a branch that cannot go on', async () => {
    const run = at('branching');
    await train(smallRecipe(text, 'train.steps=10'), run);
    const before = readdirSync(folder);
    const settings = ['train.optimizer=muon'];
    const thrown = await failure(goOn(checkpoint(run, 5), settings));
    expect(thrown).toMatchObject({ code: 'checkpoint-optimizer' });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('replaces bytes that are no UTF-8 where it is told to', async () => {
    const file = at('replace.txt');
    writeFileSync(file, Buffer.concat([Buffer.from(sampleText(500)), Buffer.from([0xff, 0x0a])]));
    const recipe = smallRecipe(file, 'data.invalidUtf8=replace', 'train.steps=1');
    expect((await train(recipe, at('replaced'))).at(-1)).toMatchObject({ kind: 'done' });
  });
});

describe('a run that loses its folder to a failing disk', () => {
  it('ends with the reason, and its last checkpoint stays whole', async () => {
    const run = at('failing');
    await train(smallRecipe(text, 'train.steps=5'), run);
    const before = contents(path.join(run, 'checkpoints'));
    // In place of the folder that the next checkpoint would be written beside, a file.
    let steps = 0;
    const failing = watching((outputs) => {
      if (outputs.includes('gradientNorm') && ++steps === 2) throw systemError('EIO');
    });
    const going = resumeRun(run, { settings: ['train.steps=9'], out: undefined }, failing, never);
    expect(await failure(collect(going))).toMatchObject({ code: 'EIO' });
    expect(contents(path.join(run, 'checkpoints'))).toEqual(before);
    expect((await goOn(run, ['train.steps=9'])).at(-1)).toMatchObject({ kind: 'done' });
  });
});

const systemError = (code: string): Error => Object.assign(new Error('It failed'), { code });
