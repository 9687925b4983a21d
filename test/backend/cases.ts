/**
 * The cases of the conformance suite: for every operator, graphs that apply it to several shapes.
 * A table over the operators' names, so that an operator without a case doesn't compile.
 */
import type { OperatorName, Shape, Value } from '../../src/engine/graph/graph';
import { fusedCases } from './fusedCases';
import { awayFromZero, between, normal, normalTimes } from './sketch';
import type { Draw, Sketch } from './sketch';

export interface Case {
  readonly label: string;
  /** Draws data, applies the operator, and gives what a run should output. */
  readonly build: (sketch: Sketch) => readonly Value[];
  /** Set where a finite difference would straddle a kink. */
  readonly kinked?: true;
}

export type Cases = readonly [Case, ...Case[]];

const show = (...shapes: Shape[]) => shapes.map((shape) => `[${shape.join(', ')}]`).join(' ');

type Unary = 'negate' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'softmax' | 'logSoftmax';

function unary(op: Unary, draw: Draw = normal): Cases {
  const over = (shape: Shape): Case => ({
    label: show(shape),
    build: (sketch) => [sketch.graph[op](sketch.tensor(shape, draw))],
  });
  return [over([1]), over([3, 7]), over([2, 3, 5, 7]), over([1, 129])];
}

/** Large logits must neither overflow nor lose the small ones; wide rows must not lose precision. */
function alongRows(op: 'softmax' | 'logSoftmax'): Cases {
  const over = (shape: Shape, draw: Draw, label: string): Case => ({
    label: `${show(shape)} ${label}`,
    build: (sketch) => [sketch.graph[op](sketch.tensor(shape, draw))],
  });
  return [
    ...unary(op),
    over([2, 5003], normal, 'wide rows'),
    over([4, 17], normalTimes(100), 'large logits'),
    over([3, 9], between(999, 1001), 'far from zero'),
    over([2, 6], () => -2, 'all equal'),
  ];
}

type Binary = 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum' | 'less';

function binary(op: Binary, drawSecond: Draw = normal): Cases {
  const over = (a: Shape, b: Shape): Case => ({
    label: show(a, b),
    build: (sketch) => [sketch.graph[op](sketch.tensor(a), sketch.tensor(b, drawSecond))],
  });
  return [
    over([5], [5]),
    over([1], [1]),
    over([2, 3], [3]),
    over([3], [2, 3]),
    over([1], [2, 3, 5]),
    over([2, 1, 4], [3, 1]),
    over([3, 1], [1, 5]),
    over([7, 13, 3], [7, 13, 3]),
    over([2, 3, 4, 5], [3, 1, 5]),
  ];
}

/** Where both sides are equal, every backend must break the tie in the same way. */
function ties(op: 'maximum' | 'minimum' | 'less'): Case {
  const values = Float32Array.of(-1, 0, 2, 2, 3, -0.5);
  const others = Float32Array.of(-1, 0, 2, 1, 4, -0.5);
  return {
    label: 'with ties',
    kinked: true,
    build: (sketch) => [
      sketch.graph[op](sketch.tensorOf(values, [6]), sketch.tensorOf(others, [6])),
    ],
  };
}

/** The numbers at the borders of f32, and what is none. */
const EXTREMES = [
  ...[NaN, Infinity, -Infinity, 0, -0, 1, -3.5, 1e-45, 3.4028234663852886e38],
  ...[-3.4028234663852886e38, 1e-38, 65504],
];

/** So many of `EXTREMES`, which vectors of four take apart otherwise than single numbers. */
function finiteness(count: number): Case {
  return {
    label: `${count} numbers and none`,
    build: (sketch) => [sketch.graph.isFinite(sketch.fedWith(EXTREMES.slice(0, count), [count]))],
  };
}

function select(): Cases {
  const over = (condition: Shape, a: Shape, b: Shape): Case => ({
    label: show(condition, a, b),
    build: (sketch) => [
      sketch.graph.select(
        sketch.fed(condition, (rng) => [0, 1, -2][rng.below(3)]!),
        sketch.tensor(a),
        sketch.tensor(b),
      ),
    ],
  });
  const notChosen: Case = {
    label: 'what is no number, never chosen',
    build: (sketch) => [
      sketch.graph.select(
        sketch.fedWith([1, 0, 1, 0], [4]),
        sketch.fedWith([1, NaN, -2, Infinity], [4]),
        sketch.fedWith([NaN, 3, -Infinity, 4], [4]),
      ),
    ],
  };
  return [
    over([5], [5], [5]),
    over([8], [8], [8]),
    over([1], [2, 3], [2, 3]),
    over([1], [4, 8], [1]),
    over([2, 3], [1], [3]),
    over([3, 1], [1, 5], [2, 1, 1]),
    notChosen,
  ];
}

function withItself(op: 'add' | 'multiply'): Case {
  return {
    label: 'a value with itself',
    build: (sketch) => {
      const x = sketch.tensor([3, 4]);
      return [sketch.graph[op](x, x)];
    },
  };
}

function reduction(op: 'sum' | 'max'): Cases {
  const over = (shape: Shape, axes: readonly number[]): Case => ({
    label: `${show(shape)} over ${axes.join(', ')}`,
    build: (sketch) => [sketch.graph[op](sketch.tensor(shape), axes)],
  });
  return [
    over([5], [0]),
    over([1], [0]),
    over([3, 4], [0]),
    over([3, 4], [1]),
    over([3, 4], [1, 0]),
    over([2, 3, 4], [0, 2]),
    over([2, 3, 4, 5], [1, 3]),
    over([2, 4097], [1]),
  ];
}

/** As in a gradient's norm: more tensors of a size than a kernel has bindings, and others. */
function squaresOfSeveral(): Case {
  const shapes: Shape[] = [[5], ...new Array<Shape>(9).fill([4, 3]), [12], [129, 131], [2, 8]];
  return {
    label: 'the squares of several tensors',
    build: (sketch) => {
      const { graph } = sketch;
      const squares = shapes.map((shape) => {
        const x = sketch.tensor(shape);
        return graph.total(graph.multiply(x, x));
      });
      return [squares.reduce((sum, square) => graph.add(sum, square))];
    },
  };
}

function matmul(): Cases {
  const cases: Case[] = [];
  const batches: [Shape, Shape, string][] = [
    [[], [], 'plain'],
    [[3], [3], 'batched'],
    [[2, 3], [2, 3], 'batched twice'],
    [[2, 3], [], 'shared second'],
    [[1, 3], [2, 1], 'batches that broadcast'],
  ];
  for (const [batchA, batchB, label] of batches) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        cases.push({
          label: `${label}${transposeA ? ', first transposed' : ''}${transposeB ? ', second transposed' : ''}`,
          build: (sketch) => {
            const a = sketch.tensor([...batchA, ...(transposeA ? [7, 5] : [5, 7])]);
            const b = sketch.tensor([...batchB, ...(transposeB ? [3, 7] : [7, 3])]);
            return [sketch.graph.matmul(a, b, { transposeA, transposeB, scale: 0.375 })];
          },
        });
      }
    }
  }
  const over = (a: Shape, b: Shape): Case => ({
    label: show(a, b),
    build: (sketch) => [sketch.graph.matmul(sketch.tensor(a), sketch.tensor(b))],
  });
  return [over([1, 1], [1, 1]), over([1, 9], [9, 1]), over([33, 65], [65, 17]), ...cases];
}

function permuted(permutation: readonly number[], from: Shape): Case {
  return {
    label: `${show(from)} by ${permutation.join(', ')}`,
    build: (sketch) => [sketch.graph.transpose(sketch.tensor(from), permutation)],
  };
}

function reshaped(from: Shape, to: Shape): Case {
  return {
    label: `${show(from)} to ${show(to)}`,
    build: (sketch) => [sketch.graph.reshape(sketch.tensor(from), to)],
  };
}

function stretched(from: Shape, to: Shape): Case {
  return {
    label: `${show(from)} to ${show(to)}`,
    build: (sketch) => [sketch.graph.broadcast(sketch.tensor(from), to)],
  };
}

function sliced(from: Shape, starts: readonly number[], sizes: Shape): Case {
  return {
    label: `${show(sizes)} of ${show(from)} at ${starts.join(', ')}`,
    build: (sketch) => [sketch.graph.slice(sketch.tensor(from), starts, sizes)],
  };
}

function padded(from: Shape, before: readonly number[], to: Shape): Case {
  return {
    label: `${show(from)} at ${before.join(', ')} of ${show(to)}`,
    build: (sketch) => [sketch.graph.pad(sketch.tensor(from), before, to)],
  };
}

function concatenated(axis: number, ...shapes: Shape[]): Case {
  return {
    label: `${show(...shapes)} along ${axis}`,
    build: (sketch) => [
      sketch.graph.concatenate(
        shapes.map((shape) => sketch.tensor(shape)),
        axis,
      ),
    ],
  };
}

const times = (sketch: Sketch, value: Value) =>
  sketch.graph.multiply(value, sketch.tensor(value.shape));

export const cases: Readonly<Record<OperatorName, Cases>> = {
  input: [
    { label: 'passed through', build: (sketch) => [sketch.fed([2, 3])] },
    { label: 'times a state', build: (sketch) => [times(sketch, sketch.fed([2, 3]))] },
    {
      label: 'used twice',
      build: (sketch) => {
        const x = sketch.fed([4]);
        return [times(sketch, x), sketch.graph.negate(times(sketch, x))];
      },
    },
  ],
  state: [
    { label: 'passed through', build: (sketch) => [sketch.tensor([3, 2])] },
    { label: 'times another', build: (sketch) => [times(sketch, sketch.tensor([5]))] },
  ],
  constant: [
    {
      label: 'passed through',
      build: ({ graph }) => [graph.constant(Float32Array.of(1.5, -2), [2])],
    },
    {
      label: 'times a state',
      build: (sketch) => [times(sketch, sketch.graph.constant(Float32Array.of(3, 4), [2, 1]))],
    },
    {
      label: 'of ids',
      build: ({ graph }) => [graph.toFloat(graph.constant(Int32Array.of(7, -8, 2 ** 20), [3]))],
    },
    { label: 'scale', build: (sketch) => [sketch.graph.scale(sketch.tensor([2, 3]), -0.3)] },
  ],

  add: [...binary('add'), withItself('add')],
  subtract: binary('subtract'),
  multiply: [...binary('multiply'), withItself('multiply')],
  divide: binary('divide', awayFromZero),
  maximum: [...binary('maximum'), ties('maximum')],
  minimum: [...binary('minimum'), ties('minimum')],
  less: [...binary('less'), ties('less')],
  negate: unary('negate'),
  exp: [...unary('exp'), ...unary('exp', between(-20, 5))],
  log: unary('log', between(0.1, 9)),
  sqrt: unary('sqrt', between(0.1, 9)),
  tanh: [...unary('tanh'), ...unary('tanh', normalTimes(40))],
  sigmoid: [...unary('sigmoid'), ...unary('sigmoid', normalTimes(40))],
  isFinite: [finiteness(1), finiteness(4), finiteness(9), finiteness(12)],
  select: select(),
  toFloat: [
    {
      label: 'times a state',
      build: (sketch) => [times(sketch, sketch.graph.toFloat(sketch.ids([2, 5], 1000)))],
    },
    {
      label: 'negative and large',
      build: ({ graph }) => [graph.toFloat(graph.constant(Int32Array.of(-1, 0, 16_777_216), [3]))],
    },
  ],

  reshape: [
    reshaped([6], [2, 3]),
    reshaped([2, 3, 4], [24]),
    reshaped([4, 6], [2, 2, 3, 2]),
    reshaped([1], [1, 1, 1]),
  ],
  transpose: [
    permuted([1, 0], [3, 5]),
    permuted([0, 1], [2, 3]),
    permuted([2, 0, 1], [2, 3, 4]),
    permuted([0, 2, 1, 3], [2, 3, 4, 5]),
    permuted([3, 1, 0, 2], [2, 3, 4, 5]),
  ],
  broadcast: [
    stretched([1], [4]),
    stretched([3], [2, 3]),
    stretched([2, 1], [2, 5]),
    stretched([3, 1, 2], [4, 3, 5, 2]),
  ],
  slice: [
    sliced([7], [2], [3]),
    sliced([4, 5], [0, 4], [4, 1]),
    sliced([4, 5], [1, 2], [2, 3]),
    sliced([2, 3, 4], [1, 0, 1], [1, 3, 2]),
    sliced([2, 3], [0, 0], [2, 3]),
  ],
  pad: [
    padded([3], [2], [7]),
    padded([2, 3], [0, 1], [2, 4]),
    padded([2, 3], [1, 0], [4, 3]),
    padded([1, 2, 1], [1, 0, 2], [3, 2, 4]),
  ],
  concatenate: [
    concatenated(0, [2], [3], [1]),
    concatenated(0, [2, 3], [1, 3]),
    concatenated(1, [2, 3], [2, 4], [2, 1]),
    concatenated(2, [2, 1, 3], [2, 1, 2]),
    concatenated(0, [4]),
  ],

  sum: [...reduction('sum'), squaresOfSeveral()],
  max: reduction('max'),
  softmax: alongRows('softmax'),
  logSoftmax: alongRows('logSoftmax'),
  matmul: matmul(),
  ...fusedCases,
};

export const operatorNames = Object.keys(cases).filter(
  (name): name is OperatorName => name in cases,
);
