/**
 * A pattern that is found before lowering: queries and keys that are turned by the same angles. Each pair
 * of turns is one dispatch, where the earlier or the later of them stands: forward queries are turned before
 * keys are there, backward both gradients are there before one is turned back.
 */
import type { Graph, Node } from '../../graph/graph';
import { rope } from './kernels/rope';
import type { Lowering } from './lowering';
import type { Found, Uses } from './uses';

type Rope = Node<'rope'>;

export function findRopePairs(graph: Graph, uses: Uses): Found {
  const { makerOf, readersOf, placeOf, changes } = uses;
  const absorbed = new Set<Node>();
  const instead = new Map<Node, (lowering: Lowering) => void>();
  const turns = graph.nodes.filter((node): node is Rope => node.op === 'rope');

  const canBeEarly = (later: Rope, place: number): boolean =>
    later.inputs.every((value) => {
      const maker = makerOf(value);
      return !maker || placeOf(maker) < place;
    });
  /** Nobody wants it before, and no state that it reads has its new value by then. */
  const canBeLate = (earlier: Rope, place: number): boolean =>
    readersOf(earlier.outputs[0]!).every(
      (reader) => reader === 'outside' || placeOf(reader) > place,
    ) && !earlier.inputs.some(changes);

  for (const [index, later] of turns.entries()) {
    const earlier = turns[index - 1];
    if (!earlier || absorbed.has(earlier) || instead.has(earlier) || !alike(earlier, later))
      continue;
    const [at, other] = canBeEarly(later, placeOf(earlier)) ? [earlier, later] : [later, earlier];
    if (at === later && !canBeLate(earlier, placeOf(later))) continue;
    absorbed.add(other);
    instead.set(at, (lowering) => lowerTurns([earlier, later], lowering));
  }
  return { absorbed, instead };
}

/** The same positions, tables and direction, of as many tokens and of heads as wide. */
function alike(one: Rope, other: Rope): boolean {
  const [a, b] = [one.outputs[0]!.shape, other.outputs[0]!.shape];
  return (
    one.attributes.inverse === other.attributes.inverse &&
    [1, 2, 3].every((input) => one.inputs[input] === other.inputs[input]) &&
    [0, 1, 3].every((axis) => a[axis] === b[axis])
  );
}

/** Turns that are `alike`, in one dispatch. */
export function lowerTurns(turns: readonly [Rope, ...Rope[]], lowering: Lowering): void {
  const [{ inputs, outputs, attributes }] = turns;
  const [rows, tokens, , width] = outputs[0]!.shape;
  const { kernel, workgroups } = rope({
    tokens: rows! * tokens!,
    heads: turns.map((turn) => turn.outputs[0]!.shape[2]!),
    width: width!,
    positions: inputs[2]!.shape[0]!,
    inverse: attributes.inverse,
  });
  const reads = [...turns.map((turn) => turn.inputs[0]!), ...inputs.slice(1)];
  lowering.dispatch(
    kernel,
    reads.map((value) => lowering.of(value)),
    turns.map((turn) => lowering.of(turn.outputs[0]!)),
    workgroups,
  );
}
