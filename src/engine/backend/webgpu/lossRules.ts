/** (being written) */
import { cannotLower } from './lowering';
import type { Rules } from './rules';

export const loss = {
  crossEntropy: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  crossEntropyBackward: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
} satisfies Partial<Rules>;
