/** AdamW: over the states themselves where it may, else over copies of them. */
import { sizeOf } from '../../graph/graph';
import { adamw } from './kernels/adamw';
import { elementwise } from './kernels/elementwise';
import type { Rules } from './rules';

export const optimizer = {
  adamw: (node, lowering) => {
    const { inputs, outputs, attributes } = node;
    const [parameter, moment1, moment2, ...others] = inputs;
    const old = [parameter!, moment1!, moment2!];
    const inPlace = old.every((value, i) => lowering.replaces(node, value, outputs[i]!));
    const updated = old.map((value, i) => {
      if (inPlace) return lowering.replace(value, outputs[i]!);
      const copy = elementwise('copy', value.shape, [value.shape], ([x]) => [x!]);
      const to = lowering.of(outputs[i]!);
      lowering.dispatch(copy.kernel, [lowering.of(value)], [to], copy.workgroups);
      return to;
    });
    const { kernel, workgroups } = adamw(sizeOf(parameter!.shape), attributes);
    lowering.dispatch(
      kernel,
      others.map((value) => lowering.of(value)),
      updated,
      workgroups,
    );
  },
} satisfies Partial<Rules>;
