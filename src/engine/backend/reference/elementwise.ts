/** Leaves and elementwise operators, with NumPy's broadcasting. */
import type { Node } from '../../graph/graph';
import { broadcastStrides, positionsOf } from '../layout';
import type { Given, Rules } from './rule';

type Arrays = readonly Float64Array[];

function unary(compute: (x: number) => number) {
  return (_: Node, [x]: Arrays): Arrays => [x!.map(compute)];
}

function binary(compute: (a: number, b: number) => number) {
  return ({ inputs, outputs }: Node, [a, b]: Arrays): Arrays => {
    const shape = outputs[0]!.shape;
    const [atA, atB] = inputs.map(({ shape: from }) =>
      positionsOf(shape, broadcastStrides(from, shape)),
    );
    return [Float64Array.from(atA!, (position, i) => compute(a![position]!, b![atB![i]!]!))];
  };
}

function select({ inputs, outputs }: Node, arrays: Arrays): Arrays {
  const shape = outputs[0]!.shape;
  const [condition, a, b] = inputs.map(({ shape: from }, index) => {
    const at = positionsOf(shape, broadcastStrides(from, shape));
    return Float64Array.from(at, (position) => arrays[index]![position]!);
  });
  return [condition!.map((each, i) => (each !== 0 ? a![i]! : b![i]!))];
}

export const elementwise = {
  input: ({ attributes }: Node<'input'>, _: Arrays, given: Given) => [
    given.inputs.get(attributes.name)!,
  ],
  state: ({ attributes }: Node<'state'>, _: Arrays, given: Given) => [
    given.states.get(attributes.name)!,
  ],
  constant: ({ attributes }: Node<'constant'>) => [Float64Array.from(attributes.data)],

  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  less: binary((a, b) => (a < b ? 1 : 0)),

  negate: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  // What f32 cannot hold is infinite everywhere else.
  isFinite: unary((x) => (Number.isFinite(Math.fround(x)) ? 1 : 0)),
  select,
  toFloat: unary((x) => x),
} satisfies Partial<Rules>;
