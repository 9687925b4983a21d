/** (being written) */
import { cannotLower } from './lowering';
import type { Rules } from './rules';

export const normalization = {
  rmsNorm: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  rmsNormBackward: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  swiglu: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  swigluBackward: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
} satisfies Partial<Rules>;
