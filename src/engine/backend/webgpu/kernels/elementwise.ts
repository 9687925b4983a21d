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

/** Where a step of a chain takes an operand from. */
export type ChainOperand =
  { readonly read: number } | { readonly step: number } | { readonly number: number };

export interface Chain {
  readonly name: string;
  /** Elements of what is written. */
  readonly size: number;
  /** What is read, each as large or one number. */
  readonly reads: readonly { readonly size: number }[];
  /** One after the other, each as large or one number. */
  readonly steps: readonly {
    readonly size: number;
    readonly operands: readonly ChainOperand[];
    readonly expression: (operands: readonly string[], type: string) => string;
  }[];
  /** Results of steps; `over` is the read that such a one takes the place of, in the same buffer. */
  readonly written: readonly { readonly step: number; readonly over?: number }[];
}

/**
 * Several expressions for each element, of which each may use those before: reads what is not written over,
 * writes the rest. Each element is read before it is written, by the same lane.
 */
export function elementwiseChain({ name, size, reads, steps, written }: Chain): Sized {
  const wide = size % 4 === 0;
  const type = wide ? 'vec4<f32>' : 'f32';
  const isWhole = (part: { readonly size: number }): boolean => part.size === size;
  const overwritten = new Map(
    written.flatMap(({ over }, at) => (over === undefined ? [] : [[over, at]])),
  );
  const typeOf = (part: { readonly size: number }): string => (isWhole(part) ? type : 'f32');
  const loads = reads.map((read, index) => {
    const target = overwritten.get(index);
    const buffer = target === undefined ? `x${index}` : `y${target}`;
    return `let r${index} = ${buffer}[${isWhole(read) ? 'i' : '0'}];`;
  });
  const sums = steps.map(({ operands, expression, size: own }, index) => {
    const [wanted, whole] = [own === size ? type : 'f32', own === size];
    const shown = operands.map((operand) => {
      if ('number' in operand) return `${wanted}(${literal(operand.number)})`;
      const [called, part] =
        'read' in operand
          ? [`r${operand.read}`, reads[operand.read]!]
          : [`s${operand.step}`, steps[operand.step]!];
      return whole && !isWhole(part) ? `${type}(${called})` : called;
    });
    return `let s${index} = ${expression(shown, wanted)};`;
  });
  const count = wide ? size / 4 : size;
  return {
    kernel: kernel({
      name,
      reads: reads.flatMap((read, index) =>
        overwritten.has(index) ? [] : [[`x${index}`, typeOf(read)] as const],
      ),
      writes: written.map((_, at) => [`y${at}`, type] as const),
      body: [
        eachElement(count, LANES),
        ...loads,
        ...sums,
        ...written.map(({ step }, at) => `y${at}[i] = s${step};`),
      ].join('\n  '),
    }),
    workgroups: spread(Math.ceil(count / LANES)),
  };
}
