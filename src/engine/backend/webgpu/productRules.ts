/** How matrix products, linear layers and embeddings become dispatches. */
import { sizeOf } from '../../graph/graph';
import type { Node, Shape } from '../../graph/graph';
import { broadcastStrides, rowsOf } from '../layout';
import type { Sized } from './kernel';
import { embedding } from './kernels/embedding';
import { rankIds, sumRows } from './kernels/embeddingBackward';
import type { MatmulPlan, Product } from './kernels/matmul';
import { halfBlocks, blocksOf } from './kernels/halfBlocks';
import type { BlockShape } from './kernels/halfBlocks';
import { matmulBlocks, leftBlock, rightBlock } from './kernels/matmulBlocks';
import { matmulBroadcast } from './kernels/matmulBroadcast';
import { matmulMatrix } from './kernels/matmulMatrix';
import { operandsOf } from './kernels/matmulOperand';
import type { Operand } from './kernels/matmulOperand';
import { matmulParts } from './kernels/matmulParts';
import { matmulPlain } from './kernels/matmulPlain';
import { matmulRow } from './kernels/matmulRow';
import { matmulTile } from './kernels/matmulTile';
import type { Lowering, Tensor } from './lowering';
import type { Rules } from './rules';

/** What a product reads: a, b, and bias and residual as far as it has them. */
type Operands = readonly [a: Tensor, b: Tensor, ...epilogue: Tensor[]];

/** The dispatches of a product. `plan` other than the default is for tests and for tuning. */
export function multiply(
  lowering: Lowering,
  product: Product,
  operands: Operands,
  y: Tensor,
  plan: MatmulPlan = lowering.planFor(product),
): void {
  const { rows, columns, inner, batch } = product;
  const work = sizeOf(batch) * rows * columns * inner;
  if (plan.tier === 'row' && inner % 8 === 0) {
    const half = lowering.halved(operands[1]);
    if (half) {
      const { kernel, workgroups } = matmulRow([product], { halves: true });
      const [a, , ...epilogue] = operands;
      lowering.dispatch(kernel, [a, half, ...epilogue], [y], workgroups, work);
      return;
    }
  }
  const { kernel, workgroups } = kernelOf(product, plan);
  if (plan.tier === 'blocks') {
    const { a, b } = operandsOf(product);
    operands = [
      inBlocks(lowering, operands[0], a, leftBlock(plan.unit)),
      inBlocks(lowering, operands[1], b, rightBlock(plan.unit)),
      ...operands.slice(2),
    ];
  }
  if (!('parts' in plan) || plan.parts === 1) {
    lowering.dispatch(kernel, operands, [y], workgroups, work);
    return;
  }
  const [a, b, ...epilogue] = operands;
  const partial = lowering.temporary(plan.parts * y.size);
  lowering.dispatch(kernel, [a, b], [partial], workgroups, work);
  const sum = matmulParts(product, plan.parts);
  lowering.dispatch(sum.kernel, [partial, ...epilogue], [y], sum.workgroups);
}

/** The operand as half floats in blocks: made now, or lately for another product. */
function inBlocks(lowering: Lowering, from: Tensor, operand: Operand, block: BlockShape): Tensor {
  const { outer, inner, innerLast } = operand;
  const form = `${outer} ${inner} ${innerLast} in ${block.outer} ${block.inner}`;
  return lowering.lately(from, form, () => {
    const matrices = from.size / (outer * inner);
    const blocks = blocksOf(operand, block);
    const { kernel, workgroups } = halfBlocks(operand, matrices, block);
    const size = matrices * blocks.outer * blocks.inner * block.outer * block.inner;
    const halves = lowering.temporary(size / 2);
    lowering.dispatch(kernel, [from], [halves], workgroups);
    return halves;
  });
}

function kernelOf(product: Product, plan: MatmulPlan): Sized {
  switch (plan.tier) {
    case 'plain':
      return matmulPlain(product);
    case 'row':
      return matmulRow([product]);
    case 'tile':
      return matmulTile(product, plan);
    case 'matrix':
      return matmulMatrix(product, plan);
    case 'blocks':
      return matmulBlocks(product, plan);
    case 'broadcast':
      return matmulBroadcast(product, plan);
  }
}

/** The product of two shapes; one in which every row meets the same matrix is taken as one, flat. */
export function productOf(
  shapeA: Shape,
  shapeB: Shape,
  batch: Shape,
  form: Pick<Product, 'transposeA' | 'transposeB' | 'scale'>,
): Product {
  const { transposeA, transposeB } = form;
  const [down, inner] = lastTwo(shapeA, transposeA);
  const [, columns] = lastTwo(shapeB, transposeB);
  const count = sizeOf(batch);
  const flat =
    !transposeA && sizeOf(shapeA) === count * down * inner && sizeOf(shapeB) === inner * columns;
  const matrices = (shape: Shape): number[] => broadcastStrides(shape.slice(0, -2), batch);
  return {
    ...form,
    rows: flat ? count * down : down,
    columns,
    inner,
    batch: flat ? [] : batch,
    batchA: flat ? [] : matrices(shapeA),
    batchB: flat ? [] : matrices(shapeB),
    bias: false,
    residual: false,
  };
}

function lastTwo(shape: Shape, swapped: boolean): [number, number] {
  const [first, second] = [shape.at(-2)!, shape.at(-1)!];
  return swapped ? [second, first] : [first, second];
}

export function linearProduct({ inputs: [x, weight], attributes }: Node<'linear'>): Product {
  const flat = [rowsOf(x!.shape).rows, x!.shape.at(-1)!];
  const form = { transposeA: false, transposeB: true, scale: 1 };
  return { ...productOf(flat, weight!.shape, [], form), ...attributes };
}

export const products = {
  matmul: ({ inputs: [a, b], outputs: [y], attributes }, lowering) => {
    const product = productOf(a!.shape, b!.shape, y!.shape.slice(0, -2), attributes);
    multiply(lowering, product, [lowering.of(a!), lowering.of(b!)], lowering.of(y!));
  },
  linear: (node, lowering) => {
    const [a, b, ...epilogue] = node.inputs.map((value) => lowering.of(value));
    multiply(lowering, linearProduct(node), [a!, b!, ...epilogue], lowering.of(node.outputs[0]!));
  },
  embedding: ({ inputs: [table, ids], outputs: [y] }, lowering) => {
    const { rows, width } = rowsOf(table!.shape);
    const { kernel, workgroups } = embedding(rows, width, sizeOf(ids!.shape));
    lowering.dispatch(
      kernel,
      [lowering.of(table!), lowering.of(ids!)],
      [lowering.of(y!)],
      workgroups,
    );
  },
  embeddingBackward: ({ inputs: [ids, gradient], outputs: [y] }, lowering) => {
    const { rows, width } = rowsOf(y!.shape);
    const tokens = sizeOf(ids!.shape);
    const [order, notes] = [lowering.temporary(tokens), lowering.temporary(2 * rows)];
    const rank = rankIds(rows, tokens);
    lowering.dispatch(rank.kernel, [lowering.of(ids!)], [order, notes], rank.workgroups);
    const sum = sumRows(rows, width, tokens);
    const reads = [lowering.of(ids!), order, notes, lowering.of(gradient!)];
    lowering.dispatch(sum.kernel, reads, [lowering.of(y!)], sum.workgroups);
  },
} satisfies Partial<Rules>;
