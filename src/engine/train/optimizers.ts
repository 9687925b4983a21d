/**
 * One update of every trained parameter, as part of the training graph: clipping by the global norm,
 * then AdamW, or Muon for the matrices of the blocks (Jordan et al., 2024: momentum whose singular
 * values Newton-Schulz iterations bring near one) with AdamW for the rest. Learning rates and the
 * step's corrections are inputs, so that one compiled graph serves every step.
 */
import { sizeOf } from '../graph/graph';
import type { GraphBuilder, Shape, Value } from '../graph/graph';

export interface OptimizerSettings {
  readonly optimizer: 'adamw' | 'muon';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The longest gradient that is let through; 0: any. */
  readonly gradientClip: number;
  readonly muonMomentum: number;
}

/** Quintic coefficients that push small singular values up fastest, and five rounds of them. */
const NEWTON_SCHULZ = { a: 3.4445, b: -4.775, c: 2.0315, rounds: 5 };
/** Elements of the matrices that are orthogonalized together: 32 MiB of them. */
const MOST_TOGETHER = 2 ** 23;

/** Embeddings are tables of rows, not maps between spaces: Muon leaves them to AdamW. */
function usesMuon(settings: OptimizerSettings, name: string, shape: Shape): boolean {
  return settings.optimizer === 'muon' && shape.length === 2 && name.startsWith('model.layers.');
}

const momentName = (moment: 1 | 2, name: string): string => `moment${moment}.${name}`;
const momentumName = (name: string): string => `momentum.${name}`;

/** What the optimizer keeps for each trained parameter, all zero at first. */
export function optimizerStates(
  settings: OptimizerSettings,
  trained: ReadonlyMap<string, Shape>,
): Map<string, Shape> {
  const states = new Map<string, Shape>();
  for (const [name, shape] of trained) {
    if (usesMuon(settings, name, shape)) {
      states.set(momentumName(name), shape);
    } else {
      states.set(momentName(1, name), shape);
      states.set(momentName(2, name), shape);
    }
  }
  return states;
}

export interface Trained {
  readonly name: string;
  readonly parameter: Value;
  readonly gradient: Value;
}

export interface Updated {
  /** The gradient's global norm [1] before clipping. */
  readonly norm: Value;
  /** Where losses are scaled, 1 or 0 [1]: whether the gradient was finite, and the update made. */
  readonly applied?: Value;
}

/**
 * Appends the update to the graph. Adds the inputs `learningRate`, `muonRate`, `correction1` and
 * `correction2` (1 - beta^t), each [1]. With a `lossScale` [1] the gradients are those of the loss
 * times it, and where one of them is not finite every state stays as it was.
 */
export function appendUpdate(
  graph: GraphBuilder,
  settings: OptimizerSettings,
  trained: readonly Trained[],
  lossScale?: Value,
): Updated {
  const squares = trained.map(({ gradient }) => graph.total(graph.multiply(gradient, gradient)));
  const square = squares.reduce((sum, each) => graph.add(sum, each));
  const length = graph.sqrt(square);
  const norm = lossScale ? graph.divide(length, lossScale) : length;
  const clipping =
    settings.gradientClip > 0
      ? graph.minimum(
          graph.scalar(1),
          graph.divide(graph.scalar(settings.gradientClip), graph.add(norm, graph.scalar(1e-6))),
        )
      : graph.scalar(1);
  const applied = lossScale && graph.isFinite(square);
  const gradientScale =
    lossScale && applied
      ? graph.select(applied, graph.divide(clipping, lossScale), graph.scalar(0))
      : clipping;
  const scalars = {
    learningRate: graph.input('learningRate', 'f32', [1]),
    correction1: graph.input('correction1', 'f32', [1]),
    correction2: graph.input('correction2', 'f32', [1]),
    gradientScale,
  };
  if (settings.optimizer === 'muon') {
    const rate = graph.input('muonRate', 'f32', [1]);
    const matrices = trained.filter(({ name, parameter: { shape } }) =>
      usesMuon(settings, name, shape),
    );
    for (const alike of alikeIn(matrices))
      updateByMuon(graph, settings, alike, { rate, gradientScale, applied });
  }
  for (const { name, parameter, gradient } of trained) {
    const shape = parameter.shape;
    if (usesMuon(settings, name, shape)) continue;
    const moment1 = graph.state(momentName(1, name), shape);
    const moment2 = graph.state(momentName(2, name), shape);
    const updated = graph.adamw({ parameter, moment1, moment2, gradient }, scalars, {
      beta1: settings.beta1,
      beta2: settings.beta2,
      epsilon: settings.epsilon,
      weightDecay: shape.length >= 2 ? settings.weightDecay : 0,
      learningRateScale: 1,
    });
    graph.assign(parameter, updated.parameter);
    graph.assign(moment1, updated.moment1);
    graph.assign(moment2, updated.moment2);
  }
  return { norm, ...(applied && { applied }) };
}

/** Matrices of one shape, as many as are orthogonalized together. */
function alikeIn(matrices: readonly Trained[]): Trained[][] {
  const groups = new Map<string, Trained[][]>();
  for (const matrix of matrices) {
    const { shape } = matrix.parameter;
    const own = groups.get(shape.join()) ?? [];
    groups.set(shape.join(), own);
    const most = Math.max(1, Math.floor(MOST_TOGETHER / sizeOf(shape)));
    if (own.length === 0 || own.at(-1)!.length === most) own.push([]);
    own.at(-1)!.push(matrix);
  }
  return [...groups.values()].flat();
}

interface MuonScalars {
  readonly rate: Value;
  readonly gradientScale: Value;
  readonly applied: Value | undefined;
}

function updateByMuon(
  graph: GraphBuilder,
  settings: OptimizerSettings,
  alike: readonly Trained[],
  { rate, gradientScale, applied }: MuonScalars,
): void {
  const { muonMomentum: mu, weightDecay } = settings;
  // A factor of 0 would not do: 0 times what is not finite is no number.
  const unlessSkipped = (fresh: Value, old: Value): Value =>
    applied ? graph.select(applied, fresh, old) : fresh;
  const nesterov = alike.map(({ name, parameter, gradient }) => {
    const momentum = graph.state(momentumName(name), parameter.shape);
    const fresh = graph.scale(graph.multiply(gradient, gradientScale), 1 - mu);
    const moved = graph.add(graph.scale(momentum, mu), fresh);
    graph.assign(momentum, unlessSkipped(moved, momentum));
    return graph.add(fresh, graph.scale(moved, mu));
  });
  const directions = orthogonalize(graph, nesterov);
  for (const [index, { parameter }] of alike.entries()) {
    // A tall matrix has fewer directions than rows: its update is made longer (Jordan et al.).
    const length = Math.sqrt(Math.max(1, parameter.shape[0]! / parameter.shape[1]!));
    const decayed = graph.multiply(
      parameter,
      graph.subtract(graph.scalar(1), graph.scale(rate, weightDecay)),
    );
    const step = graph.multiply(directions[index]!, graph.scale(rate, length));
    graph.assign(parameter, unlessSkipped(graph.subtract(decayed, step), parameter));
  }
}

/**
 * Of matrices of one shape the nearest semi-orthogonal ones, roughly: singular values between about 0.7 and
 * 1.2. All in one stack, so that a GPU has a few large products to compute in place of many small ones.
 *
 * A round is X <- aX + (bS + cS^2)X with S = XX^T (X^TX, if X is tall). What is kept is Z = X / f with a factor f
 * that begins as a^-5 and grows by a each round. With T = (b/a)S a round is then Z <- Z + (T + (ca/b^2)T^2)Z: sums
 * of a product and a matrix, and no pass over a matrix that only multiplies it. Since a round multiplies small
 * singular values by a, the numbers in Z stay about as large as they are in the end, where Z is X.
 */
function orthogonalize(graph: GraphBuilder, matrices: readonly Value[]): Value[] {
  const { a, b, c, rounds } = NEWTON_SCHULZ;
  const shape = matrices[0]!.shape;
  const tall = shape[0]! > shape[1]!;
  const stack = graph.concatenate(
    matrices.map((matrix) => graph.reshape(matrix, [1, ...shape])),
    0,
  );
  const norm = graph.sqrt(graph.sum(graph.multiply(stack, stack), [1, 2]));
  let z = graph.multiply(
    stack,
    graph.divide(graph.scalar(a ** rounds), graph.add(norm, graph.scalar(1e-7))),
  );
  for (let round = 0; round < rounds; round++) {
    const scale = (b / a) * a ** (2 * (round - rounds));
    const square = graph.matmul(z, z, { transposeA: tall, transposeB: !tall, scale });
    const polynomial = graph.add(square, graph.matmul(square, square, { scale: (c * a) / b ** 2 }));
    z = graph.add(z, tall ? graph.matmul(z, polynomial) : graph.matmul(polynomial, z));
  }
  return matrices.map((_, index) =>
    graph.reshape(graph.slice(z, [index, 0, 0], [1, ...shape]), shape),
  );
}
