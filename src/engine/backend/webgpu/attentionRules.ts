/** (being written) */
import { cannotLower } from './lowering';
import type { Rules } from './rules';

export const attention = {
  rope: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  attention: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  attentionBackward: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  cachedAttention: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
} satisfies Partial<Rules>;
