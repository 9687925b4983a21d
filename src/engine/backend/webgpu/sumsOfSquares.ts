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

export interface SumsOfSquares {
  /** Nodes that need nothing of their own. */
  readonly absorbed: ReadonlySet<Node>;
  /** The node that gives a sum -> the tensors whose squares it is the sum of. */
  readonly sums: ReadonlyMap<Node, readonly Value[]>;
}

export function findSumsOfSquares(graph: Graph): SumsOfSquares {
  const producers = new Map<number, Node>();
  const readers = new Map<number, number>();
  const read = ({ id }: Value): void => void readers.set(id, (readers.get(id) ?? 0) + 1);
  for (const node of graph.nodes) {
    for (const output of node.outputs) producers.set(output.id, node);
    node.inputs.forEach(read);
  }
  graph.outputs.forEach(read);
  for (const { value } of graph.updates) read(value);
  const changing = new Set(graph.updates.map(({ state }) => graph.states.get(state)?.id));
  const once = (value: Value): boolean => readers.get(value.id) === 1;

  const absorbed = new Set<Node>();
  const sums = new Map<Node, readonly Value[]>();
  const rootOf = (value: Value): Value => {
    const made = producers.get(value.id);
    return made?.op === 'reshape' ? rootOf(made.inputs[0]!) : value;
  };
  const sumOf = (value: Value): readonly Value[] | undefined => {
    const made = producers.get(value.id);
    return made && sums.get(made);
  };
  for (const node of graph.nodes) {
    if (node.op === 'sum' && sizeOf(node.outputs[0]!.shape) === 1) {
      let from = node.inputs[0]!;
      const passed: Node[] = [];
      while (once(from) && producers.get(from.id)?.op === 'reshape') {
        passed.push(producers.get(from.id)!);
        from = passed.at(-1)!.inputs[0]!;
      }
      const square = producers.get(from.id);
      if (square?.op !== 'multiply' || square.inputs[0] !== square.inputs[1] || !once(from))
        continue;
      // Squares are read when all are there: a state could have its new value by then.
      if (changing.has(rootOf(square.inputs[0]!).id)) continue;
      for (const each of [...passed, square]) absorbed.add(each);
      sums.set(node, [square.inputs[0]!]);
    } else if (node.op === 'add' && node.inputs[0] !== node.inputs[1]) {
      const [a, b] = node.inputs;
      const [left, right] = [sumOf(a!), sumOf(b!)];
      if (!left || !right || !once(a!) || !once(b!)) continue;
      for (const value of [a!, b!]) {
        const made = producers.get(value.id)!;
        sums.delete(made);
        absorbed.add(made);
      }
      sums.set(node, [...left, ...right]);
    }
  }
  return { absorbed, sums };
}

/** The sum of the squares of all elements of `tensors` -> `to` [1]. */
export function sumOfSquares(tensors: readonly Value[], to: Value, lowering: Lowering): void {
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
