/**
 * Output projection and cross-entropy in chunks of the vocabulary: the logits of a chunk are made by a
 * product, used, and forgotten; the backward pass makes them anew. That is one product in four more
 * than keeping them would need, for a few tens of megabytes in place of gigabytes (8,192 tokens of
 * GPT-2's vocabulary: 1.6 GB). Where one chunk is the whole vocabulary, they are kept.
 */
import type { Value } from '../../graph/graph';
import { rowsOf } from '../layout';
import { crossEntropyBackward, crossEntropyForward } from './kernels/crossEntropy';
import type { LogitChunk } from './kernels/crossEntropy';
import type { Lowering, Tensor } from './lowering';
import { multiply, productOf } from './productRules';
import type { Rules } from './rules';

/** Of a chunk's logits; more makes the products hardly faster. A vocabulary that fits is one chunk. */
const MOST_BYTES = 64 * 2 ** 20;
/** Chunks begin at multiples of so many ids: whole tiles, and aligned as `Lowering.part` needs it. */
const STEP = 128;

interface Chunk extends LogitChunk {
  readonly width: number;
  /** The chunk's first id, and the same as a tensor [1]. */
  readonly start: number;
  readonly startTensor: Tensor;
  readonly weight: Tensor;
}

function chunksOf(x: Value, weight: Value, lowering: Lowering): Chunk[] {
  const { rows: tokens, width } = rowsOf(x.shape);
  const vocabulary = weight.shape[0]!;
  const limit = lowering.traits.maxStorageBufferBindingSize;
  const most = Math.min(MOST_BYTES / 4 / tokens, limit / 4 / Math.max(tokens, width));
  const steps = Math.max(1, Math.floor(most / STEP));
  const count = most >= vocabulary ? 1 : Math.ceil(vocabulary / (steps * STEP));
  const each = Math.ceil(vocabulary / count / STEP) * STEP;
  return Array.from({ length: count }, (_, index) => {
    const start = index * each;
    const ids = Math.min(each, vocabulary - start);
    return {
      ...{ tokens, width, ids, vocabulary, start },
      startTensor: lowering.constant(Int32Array.of(start)),
      weight: lowering.part(lowering.of(weight), start * width, ids * width),
    };
  });
}

/** x @ the chunk's weight, transposed: [tokens, ids]. */
function logitsOf({ tokens, width, ids, weight }: Chunk, x: Tensor, lowering: Lowering): Tensor {
  const logits = lowering.temporary(tokens * ids);
  const form = { transposeA: false, transposeB: true, scale: 1 };
  multiply(lowering, productOf([tokens, width], [ids, width], [], form), [x, weight], logits);
  return logits;
}

/** Under which the forward pass leaves all logits for the backward pass. */
const nameOf = (x: Value, weight: Value): string => `logits ${x.id} ${weight.id}`;

export const loss = {
  crossEntropy: ({ inputs: [x, weight, targets], outputs }, lowering) => {
    const chunks = chunksOf(x!, weight!, lowering);
    for (const chunk of chunks) {
      const logits = logitsOf(chunk, lowering.of(x!), lowering);
      if (chunks.length === 1) lowering.left.set(nameOf(x!, weight!), logits);
      const [first, last] = [chunk === chunks[0], chunk === chunks.at(-1)];
      const { kernel, workgroups } = crossEntropyForward(chunk, first, last);
      lowering.dispatch(
        kernel,
        [logits, lowering.of(targets!), chunk.startTensor],
        outputs.map((output) => lowering.of(output)),
        workgroups,
      );
    }
  },

  crossEntropyBackward: ({ inputs, outputs: [dx, dWeight] }, lowering) => {
    const [x, , ...others] = inputs.map((input) => lowering.of(input));
    const name = nameOf(inputs[0]!, inputs[1]!);
    const kept = lowering.left.get(name);
    // Their gradient takes their place.
    lowering.left.delete(name);
    const chunks = chunksOf(inputs[0]!, inputs[1]!, lowering);
    let sum: Tensor | undefined;
    for (const chunk of chunks) {
      const { tokens, width, ids, start, startTensor, weight } = chunk;
      const logits = kept ?? logitsOf(chunk, x!, lowering);
      const { kernel, workgroups } = crossEntropyBackward(chunk);
      lowering.dispatch(kernel, [...others, startTensor], [logits], workgroups);

      const form = { transposeA: true, transposeB: false, scale: 1 };
      const toWeight = productOf([tokens, ids], [tokens, width], [], form);
      const rows = lowering.part(lowering.of(dWeight!), start * width, ids * width);
      multiply(lowering, toWeight, [logits, x!], rows);

      const toX = productOf([tokens, ids], [ids, width], [], { ...form, transposeA: false });
      const next = chunk === chunks.at(-1) ? lowering.of(dx!) : lowering.temporary(tokens * width);
      const before = sum ? [sum] : [];
      const product = { ...toX, residual: sum !== undefined };
      multiply(lowering, product, [logits, weight, ...before], next);
      sum = next;
    }
  },
} satisfies Partial<Rules>;
