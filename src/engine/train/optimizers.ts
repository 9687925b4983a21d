/**
 * One update of every trained parameter, as part of the training graph: clipping by the global norm,
 * then AdamW, or Muon for the matrices of the blocks (Jordan et al., 2024: momentum whose singular
 * values Newton-Schulz iterations bring near one) with AdamW for the rest. Learning rates and the
 * step's corrections are inputs, so that one compiled graph serves every step.
 */
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
  const muonRate = settings.optimizer === 'muon' ? graph.input('muonRate', 'f32', [1]) : undefined;
  for (const { name, parameter, gradient } of trained) {
    const shape = parameter.shape;
    if (muonRate && usesMuon(settings, name, shape)) {
      const scaled = graph.multiply(gradient, gradientScale);
      updateByMuon(graph, settings, { name, parameter, gradient: scaled }, muonRate, applied);
      continue;
    }
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

function updateByMuon(
  graph: GraphBuilder,
  settings: OptimizerSettings,
  { name, parameter, gradient }: Trained,
  rate: Value,
  applied: Value | undefined,
): void {
  const { muonMomentum: mu, weightDecay } = settings;
  const momentum = graph.state(momentumName(name), parameter.shape);
  const fresh = graph.scale(gradient, 1 - mu);
  const moved = graph.add(graph.scale(momentum, mu), fresh);
  const nesterov = graph.add(fresh, graph.scale(moved, mu));
  const direction = orthogonalize(graph, nesterov);
  // A tall matrix has fewer directions than rows: its update is made longer (Jordan et al.).
  const [rows, columns] = [parameter.shape[0]!, parameter.shape[1]!];
  const length = Math.sqrt(Math.max(1, rows / columns));
  const decayed = graph.multiply(
    parameter,
    graph.subtract(graph.scalar(1), graph.scale(rate, weightDecay)),
  );
  const step = graph.multiply(direction, graph.scale(rate, length));
  // A factor of 0 would not do: 0 times what is not finite is no number.
  const unlessSkipped = (fresh: Value, old: Value): Value =>
    applied ? graph.select(applied, fresh, old) : fresh;
  graph.assign(momentum, unlessSkipped(moved, momentum));
  graph.assign(parameter, unlessSkipped(graph.subtract(decayed, step), parameter));
}

/** The nearest semi-orthogonal matrix, roughly: singular values between about 0.7 and 1.2. */
function orthogonalize(graph: GraphBuilder, matrix: Value): Value {
  const { a, b, c, rounds } = NEWTON_SCHULZ;
  const tall = matrix.shape[0]! > matrix.shape[1]!;
  const wide = tall ? graph.transpose(matrix, [1, 0]) : matrix;
  const norm = graph.sqrt(graph.total(graph.multiply(wide, wide)));
  let x = graph.divide(wide, graph.add(norm, graph.scalar(1e-7)));
  for (let round = 0; round < rounds; round++) {
    const square = graph.matmul(x, x, { transposeB: true });
    const polynomial = graph.add(
      graph.scale(square, b),
      graph.matmul(square, square, { scale: c }),
    );
    x = graph.add(graph.scale(x, a), graph.matmul(polynomial, x));
  }
  return tall ? graph.transpose(x, [1, 0]) : x;
}
