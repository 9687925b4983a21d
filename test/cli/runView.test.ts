import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrainEvent } from '../../src/protocol/messages';
import { drawPlot } from '../../src/engine/cli/plot';
import { drawRun, lastingLines, plainLine, RunProgress } from '../../src/engine/cli/runView';
import { styleFor, widthOf } from '../../src/engine/cli/terminalText';

const plain = styleFor(false);

function step(number: number, loss: number | null): TrainEvent {
  return {
    kind: 'train',
    step: number,
    tokens: number * 1024,
    loss,
    lr: 1e-3,
    gradNorm: 1,
    tokensPerSecond: 10_240,
    stepMs: 100,
    time: 1_000_000 + number * 100,
  };
}

const start: TrainEvent = {
  kind: 'start',
  run: 'runs/moby',
  steps: 200,
  parameters: 1_048_576,
  tokens: 301_234,
  validationTokens: 33_470,
  vocab: 2048,
  backend: 'onnxruntime 1.30.0, CPU, 1 thread',
  precision: 'f32',
  threads: 1,
  answers: false,
};

/** A run of 200 steps, `done` of them made, measured every 50. */
function run(done: number): RunProgress {
  const progress = new RunProgress();
  progress.take(start);
  for (let k = 1; k <= done; k++) {
    progress.take(step(k, 3 + 5 * Math.exp(-k / 20)));
    if (k % 50 === 0) progress.take({ kind: 'eval', step: k, valLoss: 3.5, bitsPerByte: 2.345 });
  }
  return progress;
}

const frame = (columns: number, rows: number, progress: RunProgress): string[] =>
  drawRun(progress, { columns, rows, style: plain, now: 1_000_000 + progress.step * 100 });

describe('drawPlot', () => {
  it('draws a falling line from corner to corner', () => {
    const curve = Array.from({ length: 101 }, (_, x) => ({ x, y: 100 - x }));
    const lines = drawPlot({ curve, markers: [], end: 100, columns: 30, rows: 8, style: plain });
    expect(lines).toEqual([
      ' 100 ┤⠑⠢⢄⡀',
      '     │   ⠈⠑⠢⢄⡀',
      '     │       ⠈⠑⠢⠤⡀',
      '  50 ┤           ⠈⠑⠒⠤⣀',
      '     │                ⠉⠒⠤⣀',
      '   0 ┤                    ⠉⠒⠤⣀',
      '     └────────────────────────',
      '      0                    100',
    ]);
  });

  it('joins points that are far apart, without holes', () => {
    const curve = [
      { x: 0, y: 0 },
      { x: 10, y: 1 },
    ];
    const lines = drawPlot({ curve, markers: [], end: 10, columns: 40, rows: 12, style: plain });
    const body = lines.slice(0, -2).map((line) => line.slice(line.search(/[┤│]/) + 1));
    for (let column = 0; column < Math.max(...body.map((line) => line.length)); column++)
      expect(body.some((line) => (line[column] ?? ' ') !== ' ')).toBe(true);
  });

  it('gives up where there is no room, nothing to draw, or nothing finite', () => {
    const curve = [{ x: 1, y: 2 }];
    const base = { curve, markers: [], end: 10, columns: 60, rows: 12, style: plain };
    expect(drawPlot(base).length).toBe(12);
    expect(drawPlot({ ...base, rows: 4 })).toEqual([]);
    expect(drawPlot({ ...base, columns: 12 })).toEqual([]);
    expect(drawPlot({ ...base, curve: [] })).toEqual([]);
    expect(drawPlot({ ...base, curve: [{ x: 1, y: NaN }] })).toEqual([]);
  });

  it('never exceeds its columns and rows, whatever the numbers', () => {
    const point = fc.record({ x: fc.nat(1000), y: fc.double({ min: -1e6, max: 1e6 }) });
    fc.assert(
      fc.property(
        fc.array(point).map((points) => points.sort((a, b) => a.x - b.x)),
        fc.array(point, { maxLength: 5 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 30 }),
        (curve, markers, columns, rows) => {
          const lines = drawPlot({ curve, markers, end: 1000, columns, rows, style: plain });
          expect([0, rows]).toContain(lines.length);
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('drawRun', () => {
  it('shows where the run stands', () => {
    const text = frame(100, 40, run(100)).join('\n');
    expect(text).toContain('step 100 of 200');
    expect(text).toContain('50.0%');
    expect(text).toContain('0:10 left');
    expect(text).toContain(`loss ${(3 + 5 * Math.exp(-5)).toFixed(3)}`);
    expect(text).toContain('validation 3.500');
    expect(text).toContain('2.345 bits/byte');
    expect(text).toContain('10,240 tokens/s');
    expect(text).toContain('lr 1.00e-3');
    expect(text).toContain('●');
  });

  it('says what it is doing before the first step', () => {
    const progress = new RunProgress();
    expect(frame(80, 24, progress).join('')).toContain('Preparing');
    progress.take({ kind: 'note', text: 'Training the tokenizer' });
    expect(frame(80, 24, progress).join('')).toContain('Training the tokenizer');
  });

  it('fits every terminal', () => {
    for (const progress of [run(0), run(1), run(130), run(200)])
      for (let columns = 1; columns <= 140; columns += 3)
        for (const rows of [1, 8, 14, 24, 60]) {
          const lines = frame(columns, rows, progress);
          const width = Math.max(20, columns);
          for (const line of lines) expect(widthOf(line)).toBeLessThan(width);
          if (rows >= 12 && columns >= 60) expect(lines.length).toBeLessThan(rows);
        }
  });

  it('says how long a finished run took', () => {
    const progress = run(200);
    progress.take({ kind: 'done', run: 'r', checkpoint: 'c' });
    expect(frame(100, 40, progress).join('\n')).toContain('0:20 in all');
  });

  it('measures the pace of a resumed run from where it was resumed', () => {
    const progress = new RunProgress();
    progress.take({ ...start, resumedFrom: 100 });
    expect(progress.step).toBe(100);
    for (let k = 101; k <= 150; k++) progress.take(step(k, 3));
    expect(progress.remaining(1_000_000 + 15_000)).toBeCloseTo(5000, 6);
  });
});

describe('the smoothed loss', () => {
  it('is the loss where that is constant, from the first step on', () => {
    const progress = new RunProgress();
    expect(progress.smoothedLoss).toBeUndefined();
    for (let k = 1; k <= 100; k++) {
      progress.take(step(k, 2.5));
      expect(progress.smoothedLoss).toBeCloseTo(2.5, 10);
    }
  });

  it('is not spoilt by a loss that is not a number', () => {
    const progress = new RunProgress();
    progress.take(step(1, 2));
    progress.take(step(2, null));
    expect(progress.smoothedLoss).toBeCloseTo(2, 10);
    progress.steps = 10;
    expect(frame(80, 24, progress).join('\n')).toContain('loss not a number');
  });
});

describe('lastingLines', () => {
  const view = { columns: 60, style: plain, answers: false };

  it('shows what the model wrote, with nothing that moves the cursor', () => {
    const text = 'Ishmael.\n\nSome years ago\u001b[2J never mind how long precisely, having money';
    const lines = lastingLines({ kind: 'sample', step: 1200, prompt: 'Call me ', text }, view);
    expect(lines[1]).toBe(' step 1,200   Call me Ishmael. ¶ Some years ago·[2J never');
    for (const line of lines) expect(widthOf(line)).toBeLessThan(60);
  });

  it('shows an answer below its question', () => {
    const sample = { kind: 'sample', step: 0, prompt: 'Who are you?', text: 'A whale.' } as const;
    expect(lastingLines(sample, { ...view, answers: true })).toEqual([
      '',
      ' before       Who are you?',
      '              A whale.',
    ]);
  });

  it('introduces the run', () => {
    const lines = lastingLines(start, view);
    expect(lines.join('\n')).toContain('runs/moby');
    expect(lines.join('\n')).toContain('1.05M parameters');
    expect(lines.join(' ').split('1 thread')).toHaveLength(2);
  });
});

it('plainLine says it all on one line', () => {
  expect(plainLine(run(100), 1_010_000)).toBe(
    'step 100/200  loss 3.0337  validation 3.5000, 2.345 bits/byte  10,240 tokens/s  0:10 left',
  );
});
