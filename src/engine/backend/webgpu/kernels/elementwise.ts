/**
 * One expression for each element, with NumPy's broadcasting. Bound by bytes: every operand is read
 * once and the result written once. Four elements a lane where all operands lie alike; an operand
 * that is always the same number is written into the shader.
 */
import { sizeOf } from '../../../graph/graph';
import type { Shape } from '../../../graph/graph';
import { broadcastStrides } from '../../layout';
import { kernel, LANES, literal, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement, positionOf } from './indexing';

/** A tensor's shape, or the number that it always is. */
export type Operand = Shape | number;

const NAMES = 'abcdefgh';

/**
 * `expressions` gives WGSL for each output from the operands' expressions; `type` is `f32` or
 * `vec4<f32>`, in which WGSL's operators mean the same.
 */
export function elementwise(
  name: string,
  shape: Shape,
  operands: readonly Operand[],
  expressions: (operands: readonly string[], type: string) => readonly string[],
  integers = false,
): Sized {
  const size = sizeOf(shape);
  const alike = operands.every((each) => typeof each === 'number' || sizeOf(each) === size);
  const wide = alike && size % 4 === 0 && !integers;
  const type = wide ? 'vec4<f32>' : 'f32';
  const values = operands.map((operand, index) => {
    if (typeof operand === 'number') return `${type}(${literal(operand)})`;
    const at = alike ? 'i' : positionOf(shape, broadcastStrides(operand, shape));
    return `${NAMES[index]!}[${at}]`;
  });
  const results = expressions(values, type);
  const reads = operands.flatMap((operand, index) =>
    typeof operand === 'number' ? [] : [[NAMES[index]!, integers ? 'i32' : type] as const],
  );
  const count = wide ? size / 4 : size;
  return {
    kernel: kernel({
      name,
      reads,
      writes: results.map((_, index) => [`y${index}`, type] as const),
      body: [
        eachElement(count, LANES),
        ...results.map((result, index) => `y${index}[i] = ${result};`),
      ].join('\n  '),
    }),
    workgroups: spread(Math.ceil(count / LANES)),
  };
}
