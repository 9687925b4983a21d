import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrainEvent } from '../../src/protocol/messages';
import type { ShownRun } from '../../src/protocol/runSurface';
import { Announcer } from '../../webview/run/announcer';
import { csvOf } from '../../webview/run/csv';
import { eventOf, linesOf, readEvents } from '../../webview/run/jsonLines';
import { differences, flatten } from '../../webview/run/recipeValues';
import { RunRecords } from '../../webview/run/records';
import { KnownRun, afterEvent } from '../../webview/run/runState';
import { Smoothed } from '../../webview/run/smoothing';

const train = (step: number, loss: number | null = 6 - step / 100): TrainEvent => ({
  ...{ kind: 'train', step, tokens: step * 10, loss, lr: 1e-3, gradNorm: 1 },
  ...{ tokensPerSecond: 100, stepMs: 500, time: 1000 + step },
});
const measured = (step: number, valLoss = 5): TrainEvent => ({
  ...{ kind: 'eval', step, valLoss, bitsPerByte: 2 },
});
const start = (resumedFrom?: number): TrainEvent => ({
  ...{ kind: 'start', run: '/r', steps: 100, parameters: 1, tokens: 1, validationTokens: 1 },
  ...{
    vocab: 1,
    backend: 'onnx',
    precision: 'f32',
    threads: 1,
    answers: false,
    ...(resumedFrom ? { resumedFrom } : {}),
  },
});
const sample = (step: number, prompt: string): TrainEvent => ({
  ...{ kind: 'sample', step, prompt, text: `${prompt} at ${step}` },
});
const shown = (change: Partial<ShownRun> = {}): ShownRun => ({
  ...{
    folder: '/runs/a',
    name: 'a',
    files: 'x/',
    state: 'running',
    resumable: false,
    extendable: false,
  },
  ...{ step: 0, steps: 100, tokens: 0, checkpoints: [], started: 0, updated: 1 },
  ...change,
});

async function* parts(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) yield await Promise.resolve(text);
}

describe('the records of a run', () => {
  it('puts a measurement where its step lies on every axis', () => {
    const records = new RunRecords();
    for (const step of [1, 2, 3]) records.add(train(step));
    records.add(measured(2));
    expect(records.measurements.at('tokens', 0)).toBe(20);
    expect(records.measurements.at('seconds', 0)).toBe(1);
    expect(records.steps.last('seconds')).toBe(1.5);
  });

  it('is the same whichever of its records come twice', () => {
    const events = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
    fc.assert(
      fc.property(events, (repeats) => {
        const once = new RunRecords();
        const twice = new RunRecords();
        const all = Array.from({ length: 20 }, (_, i) => [train(i + 1), measured(i + 1)]).flat();
        for (const event of all) once.add(event);
        for (const [i, event] of all.entries()) {
          twice.add(event);
          for (const from of repeats.filter((at) => at === i))
            for (const again of all.slice(Math.max(0, from - 5), i)) twice.add(again);
        }
        expect([...twice.steps.get('step')]).toEqual([...once.steps.get('step')]);
        expect([...twice.measurements.get('step')]).toEqual([...once.measurements.get('step')]);
      }),
    );
  });

  it('takes back what a resumed run does again', () => {
    const records = new RunRecords();
    for (let step = 1; step <= 10; step++) records.add(train(step, 9));
    records.add(measured(8));
    records.add(sample(9, 'a'));
    records.add(start(5));
    expect(records.steps.last('step')).toBe(5);
    expect(records.measurements.length).toBe(0);
    expect(records.samples).toEqual([]);
    records.add(train(6, 3));
    expect(records.steps.last('loss')).toBe(3);
    expect(records.steps.last('seconds')).toBe(3);
  });

  it('keeps what could not be measured as not a number', () => {
    const records = new RunRecords();
    records.add(train(1, null));
    expect(records.steps.at('loss', 0)).toBeNaN();
  });

  it('gives the samples of the last step that has some', () => {
    const records = new RunRecords();
    for (const step of [10, 20]) for (const prompt of ['a', 'b']) records.add(sample(step, prompt));
    records.add(sample(20, 'b'));
    expect(records.samplesOf(15).map(({ text }) => text)).toEqual(['a at 10', 'b at 10']);
    expect(records.samplesOf(99)).toHaveLength(2);
    expect(records.samplesOf(5)).toEqual([]);
  });
});

describe('reading a file of records', () => {
  it('finds the same lines wherever the text is cut, and passes over half a line', async () => {
    const line = fc.string({ maxLength: 8 }).map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(fc.array(line), line, fc.array(fc.nat(40)), async (lines, half, cuts) => {
        const text = lines.map((each) => `${each}\n`).join('') + half;
        const places = [0, ...cuts.map((at) => Math.min(at, text.length)), text.length];
        places.sort((a, b) => a - b);
        const pieces = places.slice(1).map((end, i) => text.slice(places[i], end));
        const found: string[] = [];
        for await (const each of linesOf(parts(...pieces))) found.push(each);
        expect(found).toEqual(lines);
      }),
    );
  });

  it('passes over what says nothing', async () => {
    expect(eventOf('{"kind":"train","step":')).toBeUndefined();
    expect(eventOf('{"kind":"unheard of"}')).toBeUndefined();
    expect(eventOf('null')).toBeUndefined();
    const taken: TrainEvent[] = [];
    const text = `${JSON.stringify(train(1))}\nrubbish\n${JSON.stringify(train(2))}\n{"kind":"tr`;
    await readEvents(
      parts(text),
      (event) => taken.push(event),
      () => Promise.resolve(),
    );
    expect(taken.map((event) => 'step' in event && event.step)).toEqual([1, 2]);
  });
});

describe('what the page knows of its runs', () => {
  it('keeps what a run says while its files are read', () => {
    const [run] = afterEvent([], { runs: [shown()], news: [] });
    const records = run!.beginReading();
    afterEvent([run!], { news: [{ folder: '/runs/a', event: train(3) }] });
    for (const step of [1, 2]) records.add(train(step));
    expect(run!.records.steps.length).toBe(2);
    run!.endReading(records, run!.shown);
    expect([...run!.records.steps.get('step')]).toEqual([1, 2, 3]);
  });

  it('reads again what another process writes, and nothing that it was told', () => {
    const run = new KnownRun(shown({ state: 'elsewhere' }));
    expect(run.behind).toBe(true);
    run.endReading(run.beginReading(), run.shown);
    expect(run.behind).toBe(false);
    run.shown = shown({ state: 'elsewhere', step: 5, updated: 2 });
    expect(run.behind).toBe(true);
    run.shown = shown({ state: 'running', step: 5, updated: 2 });
    expect(run.behind).toBe(false);
  });

  it('reads a long run of another process again only when much is new, and at its end', () => {
    const run = new KnownRun(shown({ state: 'elsewhere', step: 1000 }));
    const records = run.beginReading();
    for (let step = 1; step <= 1000; step++) records.add(train(step));
    run.endReading(records, run.shown);
    run.shown = shown({ state: 'elsewhere', step: 1020, updated: 2 });
    expect(run.behind).toBe(false);
    run.shown = shown({ state: 'elsewhere', step: 1021, updated: 3 });
    expect(run.behind).toBe(true);
    run.shown = shown({ state: 'finished', step: 1001, updated: 4 });
    expect(run.behind).toBe(true);
  });

  it('knows a run again, and forgets one that was removed', () => {
    const [first] = afterEvent([], { runs: [shown()], news: [] });
    const next = afterEvent([first!], {
      runs: [shown({ folder: '/runs/b' }), shown({ step: 7 })],
      news: [],
    });
    expect(next[1]).toBe(first);
    expect(first!.shown.step).toBe(7);
    expect(afterEvent(next, { runs: [next[0]!.shown], news: [] })).toHaveLength(1);
  });
});

describe('smoothing', () => {
  const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1 });
  const weight = fc.double({ min: 0, max: 0.999, noNaN: true });

  it('gives the same whether values come at once or one after the other', () => {
    fc.assert(
      fc.property(numbers, weight, (values, weight) => {
        const all = Float64Array.from(values);
        const growing = new Smoothed();
        for (let n = 1; n <= all.length; n++) growing.of(all.subarray(0, n), weight, 0);
        expect([...growing.of(all, weight, 0)]).toEqual([...new Smoothed().of(all, weight, 0)]);
      }),
    );
  });

  it('stays within what it smooths, and leaves a constant alone', () => {
    fc.assert(
      fc.property(numbers, weight, (values, weight) => {
        const smooth = new Smoothed().of(Float64Array.from(values), weight, 0);
        expect(Math.min(...smooth)).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6);
        expect(Math.max(...smooth)).toBeLessThanOrEqual(Math.max(...values) + 1e-6);
      }),
    );
  });

  it('passes over what is no number, and begins anew after a cut', () => {
    const smoothed = new Smoothed();
    const values = smoothed.of(Float64Array.of(2, NaN, 2), 0.5, 0);
    expect([values[0], values[2]]).toEqual([2, 2]);
    expect(values[1]).toBeNaN();
    expect([...smoothed.of(Float64Array.of(8), 0.5, 1)]).toEqual([8]);
  });
});

describe('what is saved and said', () => {
  it('writes one line a step, with the measurement of that step', () => {
    const run = new KnownRun(shown({ name: 'a "b", c' }));
    for (const event of [train(1, null), train(2, 5.5), measured(2, 4)]) run.hear(event);
    expect(csvOf([run]).split('\r\n').slice(1)).toEqual([
      '"a ""b"", c",1,10,0.5,,0.001,1,100,,',
      '"a ""b"", c",2,20,1,5.5,0.001,1,100,4,2',
      '',
    ]);
  });

  it('says nothing more often than every ten seconds, but a change of state at once', () => {
    const announcer = new Announcer();
    expect(announcer.line('Step 1.', 'Training', 0)).toBe('Step 1. Training');
    expect(announcer.line('Step 2.', 'Training', 9000)).toBe('Step 1. Training');
    expect(announcer.line('Step 3.', 'Training', 10_000)).toBe('Step 3. Training');
    expect(announcer.line('Step 4.', 'Finished', 10_001)).toBe('Step 4. Finished');
  });

  it('tells what differs between recipes', () => {
    const one = { name: 'a', train: { steps: 5, lr: 1 }, data: { paths: ['x', 'y'] } };
    const two = { name: 'b', train: { steps: 5, lr: 2, warmup: 1 }, data: { paths: ['x', 'y'] } };
    expect(flatten(one)).toContainEqual(['data.paths', '["x","y"]']);
    expect(differences([one, two])).toEqual([
      ['name', ['a', 'b']],
      ['train.lr', ['1', '2']],
      ['train.warmup', ['', '1']],
    ]);
    expect(differences([one, undefined, 'rubbish'])[0]).toEqual(['name', ['a', '', '']]);
  });
});
