/**
 * A pattern that is found before lowering: tensors that are laid one after the other, and taken apart again.
 * What makes one of them writes it where it belongs, and what reads a stretch reads it where it lies, so that
 * neither costs a copy. As in Muon's update, which multiplies many small matrices as one stack.
 */
import { sizeOf, stridesOf } from '../../graph/graph';
import type { Graph, Node, Shape, Value } from '../../graph/graph';
import { isElementwise } from './elementwiseRules';
import { PART_ALIGNMENT } from './lowering';
import type { Lowering } from './lowering';
import type { Found, Uses } from './uses';

interface Placed {
  readonly value: Value;
  readonly start: number;
  readonly stack: Value;
}

export function findStacks(graph: Graph, { makerOf, readersOf, isTaken }: Uses): Found {
  const instead = new Map<Node, (lowering: Lowering) => void>();
  const placed: Placed[] = [];

  /** What is behind a value that nobody else reads, if its maker writes it anew. */
  const freshOf = (value: Value): Value | undefined => {
    if (readersOf(value).length !== 1) return undefined;
    const maker = makerOf(value);
    if (maker?.op === 'reshape') return freshOf(maker.inputs[0]!);
    return maker && isElementwise(maker) ? value : undefined;
  };
  for (const node of graph.nodes) {
    if (isTaken(node)) continue;
    const [stack] = node.outputs;
    if (node.op === 'concatenate' && sizeOf(stack!.shape.slice(0, node.attributes.axis)) === 1) {
      const starts = startsOf(node.inputs);
      const fresh = node.inputs.map(freshOf);
      if (starts.some((start) => start % PART_ALIGNMENT !== 0)) continue;
      if (fresh.some((value) => value === undefined)) continue;
      fresh.forEach((value, i) => placed.push({ value: value!, start: starts[i]!, stack: stack! }));
      instead.set(node, () => undefined);
    } else if (node.op === 'slice' && isRun(stack!.shape, node.inputs[0]!.shape)) {
      const [x] = node.inputs;
      const strides = stridesOf(x!.shape);
      const start = node.attributes.starts.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
      if (start % PART_ALIGNMENT !== 0 || !isComputed(x!, makerOf)) continue;
      instead.set(node, (lowering) =>
        lowering.alias(stack!, lowering.part(lowering.of(x!), start, sizeOf(stack!.shape))),
      );
    }
  }
  const before = (lowering: Lowering): void => {
    for (const { value, start, stack } of placed)
      lowering.alias(value, lowering.part(lowering.of(stack), start, sizeOf(value.shape)));
  };
  return { before, absorbed: new Set(), instead };
}

/** Where each of several tensors begins that lie one after the other. */
function startsOf(values: readonly Value[]): number[] {
  let start = 0;
  return values.map(({ shape }) => {
    const own = start;
    start += sizeOf(shape);
    return own;
  });
}

/** Whether a part of this shape is one stretch of the whole. */
function isRun(part: Shape, whole: Shape): boolean {
  const first = part.findIndex((length) => length !== 1);
  return part.every((length, axis) => axis <= first || length === whole[axis]);
}

/** A state may have its new value by the time it is read. */
function isComputed(value: Value, makerOf: Uses['makerOf']): boolean {
  const maker = makerOf(value);
  if (maker?.op === 'reshape') return isComputed(maker.inputs[0]!, makerOf);
  return maker !== undefined && !['state', 'input', 'constant'].includes(maker.op);
}
