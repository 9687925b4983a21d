/** Sums and maxima over axes, in as many dispatches as they take to occupy the GPU. */
import { sizeOf } from '../../graph/graph';
import type { Node } from '../../graph/graph';
import { partsOf, reduce } from './kernels/reduce';
import type { Reduced, Reduction } from './kernels/reduce';
import type { Lowering, Tensor } from './lowering';
import type { Rules } from './rules';

/** `from` [outer, reduced, inner] -> `to` [outer, inner]. */
export function reduceTo(
  name: Reduction,
  shape: Reduced,
  from: Tensor,
  to: Tensor,
  lowering: Lowering,
): void {
  const parts = partsOf(shape);
  const { kernel, workgroups } = reduce(name, shape, parts);
  const partial = parts > 1 ? lowering.temporary(shape.outer * parts * shape.inner) : to;
  lowering.dispatch(kernel, [from], [partial], workgroups);
  if (parts > 1) reduceTo(name, { ...shape, reduced: parts }, partial, to, lowering);
}

/** Axes side by side are reduced at once; others one after the other, the last first. */
function reduction<Name extends Reduction>(
  name: Name,
): (node: Node<Name>, lowering: Lowering) => void {
  return ({ inputs: [x], outputs: [y], attributes: { axes } }, lowering) => {
    const runs: { first: number; last: number }[] = [];
    for (const axis of axes) {
      const run = runs.at(-1);
      if (run?.last === axis - 1) run.last = axis;
      else runs.push({ first: axis, last: axis });
    }
    let shape = x!.shape;
    let from = lowering.of(x!);
    for (const [index, { first, last }] of runs.toReversed().entries()) {
      const [outer, inner] = [sizeOf(shape.slice(0, first)), sizeOf(shape.slice(last + 1))];
      const reduced = sizeOf(shape.slice(first, last + 1));
      const final = index === runs.length - 1;
      const to = final ? lowering.of(y!) : lowering.temporary(outer * inner);
      reduceTo(name, { outer, reduced, inner }, from, to, lowering);
      shape = shape.map((length, axis) => (axis >= first && axis <= last ? 1 : length));
      from = to;
    }
  };
}

export const reductions = {
  sum: reduction('sum'),
  max: reduction('max'),
} satisfies Partial<Rules>;
