/** (being written) */
import { cannotLower } from './lowering';
import type { Rules } from './rules';

export const products = {
  matmul: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  linear: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  embedding: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
  embeddingBackward: (node) => {
    throw cannotLower(node, 'its kernel is not written yet');
  },
} satisfies Partial<Rules>;
