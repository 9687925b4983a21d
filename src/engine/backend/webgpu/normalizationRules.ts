/** RMSNorm and SwiGLU, forward and backward. */
import type { Node, Value } from '../../graph/graph';
import { rowsOf } from '../layout';
import { elementwise } from './kernels/elementwise';
import { rmsNorm, rmsNormBackward } from './kernels/rmsNorm';
import { sigmoid, swiglu } from './kernels/swiglu';
import type { Lowering } from './lowering';
import { reduceTo } from './reductionRules';
import type { Rules } from './rules';

export const normalization = {
  rmsNorm: ({ inputs: [x, weight], outputs: [y, inverseRms], attributes }, lowering) => {
    const { rows, width } = rowsOf(x!.shape);
    const { kernel, workgroups } = rmsNorm(rows, width, attributes.epsilon);
    lowering.dispatch(
      kernel,
      [lowering.of(x!), lowering.of(weight!)],
      [lowering.of(y!), lowering.of(inverseRms!)],
      workgroups,
    );
  },

  rmsNormBackward: (node, lowering) => lowerNormBackward(node, lowering),

  swiglu: ({ inputs, outputs: [y] }, lowering) => {
    const { kernel, workgroups } = elementwise(
      'swiglu',
      y!.shape,
      inputs.map((input) => input.shape),
      ([gate, up], type) => [swiglu(gate!, up!, type)],
    );
    lowering.dispatch(
      kernel,
      inputs.map((input) => lowering.of(input)),
      [lowering.of(y!)],
      workgroups,
    );
  },

  /** d(g s)/dg = s (1 + g (1 - s)) with s = sigmoid(g). */
  swigluBackward: ({ inputs, outputs }, lowering) => {
    const { kernel, workgroups } = elementwise(
      'swigluBackward',
      outputs[0]!.shape,
      inputs.map((input) => input.shape),
      ([gate, up, gradient], type) => {
        const s = sigmoid(gate!, type);
        return [
          `${gradient!} * ${up!} * ${s} * (1.0 + ${gate!} * (1.0 - ${s}))`,
          `${gradient!} * ${gate!} * ${s}`,
        ];
      },
    );
    lowering.dispatch(
      kernel,
      inputs.map((input) => lowering.of(input)),
      outputs.map((output) => lowering.of(output)),
      workgroups,
    );
  },
} satisfies Partial<Rules>;

/** With `added`, dx and something as large go into `sum` together. */
export function lowerNormBackward(
  { inputs, outputs: [dx, dWeight] }: Node<'rmsNormBackward'>,
  lowering: Lowering,
  added?: { readonly residual: Value; readonly sum: Value },
): void {
  const { rows, width } = rowsOf(inputs[0]!.shape);
  const options = { residual: added !== undefined };
  const { kernel, workgroups, blocks } = rmsNormBackward(rows, width, options);
  const shares = blocks === 1 ? lowering.of(dWeight!) : lowering.temporary(blocks * width);
  lowering.dispatch(
    kernel,
    [...inputs, ...(added ? [added.residual] : [])].map((input) => lowering.of(input)),
    [lowering.of(added?.sum ?? dx!), shares],
    workgroups,
  );
  if (blocks === 1) return;
  const shape = { outer: 1, reduced: blocks, inner: width };
  reduceTo('sum', shape, shares, lowering.of(dWeight!), lowering);
}
