import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors, readModelFolder } from '../../src/engine/interop/interop';
import { listCheckpoints, readPosition } from '../../src/engine/train/train';
import { checkpointNames, metrics, testFolder, timeless, weights, writeText } from '../train/runs';
import { SMALL, cli, json, start, until, untilThere } from './programs';
import type { Started } from './programs';

const folder = testFolder();
const text = writeText(folder);
const at = (name: string): string => path.join(folder, name);

const STEPS = 14;
/** As much as possible goes on in the folder: a checkpoint and a measurement a step, and removals. */
const BUSY = [
  ...['train', '--data', text, ...SMALL, 'train.checkpointEvery=1', 'train.keepCheckpoints=1'],
  ...['train.evalEvery=2', 'train.sampleEvery=3', '--steps', String(STEPS)],
];
const whole = at('whole');
beforeAll(() => json([...BUSY, '--out', whole]));

/** Every checkpoint is there whole: each file in it can be read to its end. */
async function expectWhole(run: string): Promise<void> {
  for (const { folder, step } of await listCheckpoints(path.join(run, 'checkpoints'))) {
    expect((await readPosition(folder)).step).toBe(step);
    const model = await readModelFolder(folder);
    const optimizer = await openSafetensors(path.join(folder, 'optimizer.safetensors'));
    for (const source of [model.tensors, optimizer])
      for (const name of source.tensors.keys()) await source.readF32(name);
    expect(model.tokenizerJson).toBeDefined();
    await model.tensors.close();
    await optimizer.close();
  }
}

/** Names below the run's folder that are being written or removed just now. */
const aside = (run: string): string[] => {
  try {
    return readdirSync(path.join(run, 'checkpoints')).filter((name) => name.startsWith('.tmp-'));
  } catch {
    return [];
  }
};

const MOMENTS: readonly [string, (started: Started, run: string) => Promise<unknown>][] = [
  ['before the run has begun', (_, run) => untilThere(path.join(run, 'run.lock'))],
  ['when it has just begun', (_, run) => untilThere(path.join(run, 'recipe.json'))],
  ['after its first line', ({ line }) => line((each) => each.includes('"kind":"train"'))],
  ['while a checkpoint is written', (_, run) => until(() => aside(run).length > 0)],
  ['when a checkpoint has come', (_, run) => until(() => checkpointNames(run).length > 0)],
  [
    'while a checkpoint is removed',
    async (_, run) => {
      const old = (await listCheckpoints(path.join(run, 'checkpoints'))).at(-1)?.step ?? 0;
      const gone = new RegExp(`^\\.tmp-.*-step-0*${old + 1}$`);
      await until(() => aside(run).some((name) => gone.test(name)));
    },
  ],
  ['in the middle of everything', ({ line }) => line((each) => /"step":(1\d),/.test(each))],
];

describe('kill -9', () => {
  it.each(MOMENTS)('%s loses nothing that the last checkpoint has', async (name, moment) => {
    const run = at(name);
    const started = start([...BUSY, '--json', '--out', run]);
    await Promise.race([moment(started, run), started.ended]);
    started.child.kill('SIGKILL');
    await started.ended;
    await expectWhole(run);
    // Where the run had not begun, it is simply started; else it goes on.
    const begun = readdirSync(run).includes('recipe.json');
    await json(begun ? ['train', '--resume', run] : [...BUSY, '--out', run]);
    expect(timeless(run)).toEqual(timeless(whole));
    expect(weights(run, STEPS).equals(weights(whole, STEPS))).toBe(true);
    const samples = (of: string): string => readFileSync(path.join(of, 'samples.jsonl'), 'utf8');
    expect(samples(run)).toBe(samples(whole));
    expect(readdirSync(run).sort()).toEqual(readdirSync(whole).sort());
    expect(checkpointNames(run)).toEqual(checkpointNames(whole));
  });

  it('again and again ends where one run does', async () => {
    const run = at('again');
    let kills = 0;
    for (let step = 3; step < STEPS; step += 4) {
      const begun = kills > 0;
      const started = start([
        ...(begun ? ['train', '--resume', run] : [...BUSY, '--out', run]),
        '--json',
      ]);
      await started.line((line) => line.includes(`"step":${step},`));
      started.child.kill('SIGKILL');
      kills++;
      await started.ended;
      await expectWhole(run);
    }
    await json(['train', '--resume', run]);
    expect(timeless(run)).toEqual(timeless(whole));
    expect(weights(run, STEPS).equals(weights(whole, STEPS))).toBe(true);
  });
});

describe('Ctrl-C', () => {
  const LONG = [...BUSY.slice(0, -1), '1000000', '--set', 'train.checkpointEvery=0'];

  it.each([['SIGINT'], ['SIGTERM']] as const)(
    '(%s) ends with 130 and a checkpoint of the last step',
    async (signal) => {
      const run = at(signal);
      const started = start([...LONG, '--json', '--out', run]);
      await started.line((line) => line.includes('"step":5,'));
      started.child.kill(signal);
      expect(await started.ended).toMatchObject({ code: 130, err: expect.any(String) as string });
      const last = Math.max(...metrics(run).map(({ step }) => step));
      expect(checkpointNames(run)).toEqual([`step-${String(last).padStart(6, '0')}`]);
      expect(readdirSync(run)).not.toContain('run.lock');
      await expectWhole(run);
    },
  );

  it('tells a person where the run stands and how to go on', async () => {
    const run = at('told');
    const started = start([...LONG, 'train.sampleEvery=1', '--out', run]);
    await started.line((line) => line.includes('The'));
    started.child.kill('SIGINT');
    const { code, out, err } = await started.ended;
    expect([code, err]).toEqual([130, '']);
    expect(out).toContain('Stopped at step');
    expect(out).toContain(`glassbox train --resume ${run}`);
  });

  it('before the run has begun leaves nothing', async () => {
    const long = writeText(folder, 'long.txt', readFileSync(text, 'utf8').repeat(400));
    const run = at('early/run');
    const args = ['train', '--data', long, '--set', 'tokenizer.kind=bpe', 'tokenizer.vocab=5000'];
    const started = start([...args, '--out', run]);
    await untilThere(path.join(run, 'run.lock'));
    started.child.kill('SIGINT');
    expect(await started.ended).toMatchObject({ code: 130 });
    expect(readdirSync(folder)).not.toContain('early');
  });

  it('twice ends at once, whatever is under way', async () => {
    const run = at('twice');
    // The oracle takes minutes for a step of this size.
    const slow = ['--backend', 'reference', '--set', 'model.width=128', 'train.batch=64'];
    const started = start([...LONG, 'model.context=128', ...slow, '--out', run]);
    await started.line((line) => line.includes('parameters'));
    started.child.kill('SIGINT');
    await started.line((line) => line.includes('Ctrl-C again ends at once'));
    started.child.kill('SIGINT');
    expect(await started.ended).toMatchObject({ code: null, signal: 'SIGINT' });
    expect(checkpointNames(run)).toEqual([]);
    // And what that left can be gone on from.
    const { code } = await cli(['train', '--resume', run, '--steps', '1', '--backend', 'onnx']);
    expect(code).toBe(0);
  });
});
