/**
 * A pattern that is found before lowering: the sum of squares of one tensor or of many, as in the
 * gradient's norm. Node by node each square is written and read again, each sum takes two dispatches
 * and each addition another one. Together they are one dispatch for up to seven tensors of a size,
 * and one that adds up what those leave.
 */
import type { Graph, Node, Value } from '../../graph/graph';
import { sizeOf } from '../../graph/graph';
import { reduce } from './kernels/reduce';
import { MOST_TENSORS, squares } from './kernels/squares';
import type { Lowering } from './lowering';
import type { Found, Uses } from './uses';

export function findSumsOfSquares(graph: Graph, { makerOf, readersOf, changes }: Uses): Found {
  const once = (value: Value): boolean => readersOf(value).length === 1;

  const absorbed = new Set<Node>();
  const sums = new Map<Node, readonly Value[]>();
  const sumOf = (value: Value): readonly Value[] | undefined => {
    const made = makerOf(value);
    return made && sums.get(made);
  };
  for (const node of graph.nodes) {
    if (node.op === 'sum' && sizeOf(node.outputs[0]!.shape) === 1) {
      let from = node.inputs[0]!;
      const passed: Node[] = [];
      while (once(from) && makerOf(from)?.op === 'reshape') {
        passed.push(makerOf(from)!);
        from = passed.at(-1)!.inputs[0]!;
      }
      const square = makerOf(from);
      if (square?.op !== 'multiply' || square.inputs[0] !== square.inputs[1] || !once(from))
        continue;
      // Squares are read when all are there: a state could have its new value by then.
      if (changes(square.inputs[0]!)) continue;
      for (const each of [...passed, square]) absorbed.add(each);
      sums.set(node, [square.inputs[0]!]);
    } else if (node.op === 'add' && node.inputs[0] !== node.inputs[1]) {
      const [a, b] = node.inputs;
      const [left, right] = [sumOf(a!), sumOf(b!)];
      if (!left || !right || !once(a!) || !once(b!)) continue;
      for (const value of [a!, b!]) {
        const made = makerOf(value)!;
        sums.delete(made);
        absorbed.add(made);
      }
      sums.set(node, [...left, ...right]);
    }
  }
  const instead = new Map(
    [...sums].map(([node, tensors]) => [
      node,
      (lowering: Lowering) => sumOfSquares(tensors, node.outputs[0]!, lowering),
    ]),
  );
  return { absorbed, instead };
}

/** The sum of the squares of all elements of `tensors` -> `to` [1]. */
function sumOfSquares(tensors: readonly Value[], to: Value, lowering: Lowering): void {
  const sizes = new Map<number, Value[]>();
  for (const value of tensors) {
    const size = sizeOf(value.shape);
    sizes.set(size, [...(sizes.get(size) ?? []), value]);
  }
  const groups = [...sizes].flatMap(([size, alike]) =>
    Array.from({ length: Math.ceil(alike.length / MOST_TENSORS) }, (_, i) => {
      const group = alike.slice(i * MOST_TENSORS, (i + 1) * MOST_TENSORS);
      return { group, ...squares(size, group.length) };
    }),
  );
  const total = groups.reduce((sum, { sums }) => sum + sums, 0);
  const whole = lowering.temporary(total);
  let start = 0;
  for (const { group, sums, kernel, workgroups } of groups) {
    const reads = group.map((value) => lowering.of(value));
    lowering.dispatch(kernel, reads, [lowering.part(whole, start, sums)], workgroups);
    start += sums;
  }
  const { kernel, workgroups } = reduce('sum', { outer: 1, reduced: total, inner: 1 }, 1);
  lowering.dispatch(kernel, [whole], [lowering.of(to)], workgroups);
}
