/**
 * Muon's update in a training step's graph against its definition, matrix by matrix (Jordan et al., 2024):
 * momentum, Newton-Schulz iterations on the matrix divided by its norm, and the step. In the graph matrices of
 * one shape are one stack, and the iteration is written with fewer passes over them.
 */
import { expect, it } from 'vitest';
import { Rng } from '../../src/base/rng';
import { openReference } from '../../src/engine/backend/reference/reference';
import { initialParameters, resolveModel } from '../../src/engine/model/model';
import { parameterShapes } from '../../src/engine/interop/interop';
import { optimizerStates, stepGraph } from '../../src/engine/train/train';
import { defaultRecipe } from '../../src/recipe/run';

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: readonly number[];
}

const of = (
  rows: number,
  columns: number,
  at: (row: number, column: number) => number,
): Matrix => ({
  ...{ rows, columns },
  data: Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)),
});
const at = ({ columns, data }: Matrix, row: number, column: number): number =>
  data[row * columns + column]!;
const scaled = (a: Matrix, factor: number): Matrix => ({
  ...a,
  data: a.data.map((x) => x * factor),
});
const plus = (a: Matrix, b: Matrix): Matrix => ({
  ...a,
  data: a.data.map((x, i) => x + b.data[i]!),
});
const turned = (a: Matrix): Matrix => of(a.columns, a.rows, (row, column) => at(a, column, row));
const times = (a: Matrix, b: Matrix): Matrix =>
  of(a.rows, b.columns, (row, column) => {
    let sum = 0;
    for (let k = 0; k < a.columns; k++) sum += at(a, row, k) * at(b, k, column);
    return sum;
  });

/** Five rounds of X <- aX + (bA + cA^2)X with A = XX^T, as published, on the wide form. */
function newtonSchulz(matrix: Matrix): Matrix {
  const tall = matrix.rows > matrix.columns;
  const wide = tall ? turned(matrix) : matrix;
  let x = scaled(wide, 1 / (Math.hypot(...wide.data) + 1e-7));
  for (let round = 0; round < 5; round++) {
    const a = times(x, turned(x));
    const polynomial = plus(scaled(a, -4.775), scaled(times(a, a), 2.0315));
    x = plus(scaled(x, 3.4445), times(polynomial, x));
  }
  return tall ? turned(x) : x;
}

it('follows its definition, whatever matrices are computed together', async () => {
  const sizes = { layers: 3, heads: 2, width: 16, intermediate: 24, context: 8 };
  const config = resolveModel({ ...defaultRecipe().model, ...sizes }, 11);
  const settings = { ...defaultRecipe().train, optimizer: 'muon' as const, weightDecay: 0.1 };
  const shapes = parameterShapes(config);
  const states = new Map([...shapes, ...optimizerStates(settings, shapes)]);
  const store = await (await openReference()).allocate(states);
  const before = new Map<string, Float32Array>();
  for (const { name, data } of initialParameters(config, 1)) {
    before.set(name, data);
    await store.write(name, data);
  }
  const shape = { config, batch: 2, context: 8, segments: false, trains: () => true };
  const program = await store.compile(stepGraph(shape, settings));
  const rng = new Rng(1);
  const ids = (): Int32Array => Int32Array.from({ length: 16 }, () => rng.below(11));
  const rate = 0.03;
  const [one, correction] = [Float32Array.of(1e-3), Float32Array.of(0.1)];
  program.runExact({
    ...{ tokens: ids(), targets: ids(), weights: new Float32Array(16).fill(1) },
    ...{ normalizer: Float32Array.of(1 / 16), learningRate: one, muonRate: Float32Array.of(rate) },
    ...{ correction1: correction, correction2: correction },
  });

  const matrices = [...shapes].filter(([name]) => states.has(`momentum.${name}`));
  expect(matrices).toHaveLength(3 * 7);
  const { muonMomentum: mu, weightDecay } = settings;
  for (const [name, [rows, columns]] of matrices) {
    // The first step's momentum is the gradient times 1 - mu; Nesterov's goes one step of it further.
    const momentum = Array.from(store.readExact(`momentum.${name}`));
    const direction = newtonSchulz({
      rows: rows!,
      columns: columns!,
      data: momentum.map((m) => m * (1 + mu)),
    });
    const length = Math.sqrt(Math.max(1, rows! / columns!));
    const exactRate = Math.fround(rate);
    const after = store.readExact(name);
    const off = direction.data.map((d, i) => {
      const wanted = before.get(name)![i]! * (1 - exactRate * weightDecay) - exactRate * length * d;
      return Math.abs(after[i]! - wanted);
    });
    expect(Math.max(...off), name).toBeLessThan(1e-8);
    expect(Math.max(...direction.data.map(Math.abs)), name).toBeGreaterThan(0.1);
  }
});
