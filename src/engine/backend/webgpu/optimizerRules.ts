/** (being written) */
import { cannotLower } from './lowering';
import type { Rules } from './rules';

export const optimizer = {
  adamw: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
} satisfies Partial<Rules>;
