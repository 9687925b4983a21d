/**
 * Patterns that are found before lowering: the sum of something and what a matrix product or the gradient of
 * RMSNorm gives, as where gradients meet, or in Newton-Schulz iterations. Whoever computes it adds the other
 * on its way out, in the dispatch that it takes anyway, so that its own result is never written and read again.
 */
import type { Graph, Node, Value } from '../../graph/graph';
import { sizeOf } from '../../graph/graph';
import type { Lowering } from './lowering';
import { lowerNormBackward } from './normalizationRules';
import { linearProduct, multiply, productOf } from './productRules';
import type { Product } from './kernels/matmul';
import type { Found, Uses } from './uses';

type Factors = Node<'matmul'> | Node<'linear'>;

/** A product that adds nothing to its result yet. */
const isProduct = (node: Node): node is Factors =>
  node.op === 'matmul' || (node.op === 'linear' && !node.attributes.residual);

export function findResiduals(graph: Graph, uses: Uses): Found {
  const { makerOf, readersOf, placeOf, lasts, isTaken } = uses;
  const absorbed = new Set<Node>();
  const instead = new Map<Node, (lowering: Lowering) => void>();
  const updated = new Set(graph.updates.map(({ value }) => value));
  const isFree = (node: Node): boolean =>
    !isTaken(node) && !absorbed.has(node) && !instead.has(node);
  /** What made a value that the sum alone reads. */
  const makerFor = (sum: Node, value: Value): Node | undefined => {
    const maker = makerOf(value);
    // The first result alone: RMSNorm's gradient has another one.
    if (maker?.outputs[0] !== value || readersOf(value).length !== 1 || !isFree(maker))
      return undefined;
    return sizeOf(value.shape) === sizeOf(sum.outputs[0]!.shape) ? maker : undefined;
  };

  /** Computed where the sum stands, when both are there. */
  const withProduct = (sum: Node, product: Factors, residual: Value): boolean => {
    const place = placeOf(sum);
    if (!product.inputs.every((input) => lasts(input, place))) return false;
    // As in gradients that are accumulated: all that they are made of would have to wait for the end.
    if (updated.has(sum.outputs[0]!)) return false;
    absorbed.add(product);
    instead.set(sum, (lowering) => lowerProduct(product, residual, sum.outputs[0]!, lowering));
    return true;
  };
  /** Computed where the norm stands, whose other result is wanted from there on. */
  const withNorm = (sum: Node, norm: Node<'rmsNormBackward'>, residual: Value): boolean => {
    const maker = makerOf(residual);
    if (maker && (placeOf(maker) > placeOf(norm) || isTaken(maker))) return false;
    const added = { residual, sum: sum.outputs[0]! };
    absorbed.add(sum);
    instead.set(norm, (lowering) => lowerNormBackward(norm, lowering, added));
    return true;
  };

  for (const sum of graph.nodes) {
    if (sum.op !== 'add' || !isFree(sum)) continue;
    const [a, b] = sum.inputs as [Value, Value];
    if (a === b || sizeOf(a.shape) !== sizeOf(b.shape)) continue;
    // Of two that could, the later one: the other is there by then.
    const pairs = [
      { maker: makerFor(sum, a), residual: b },
      { maker: makerFor(sum, b), residual: a },
    ].flatMap(({ maker, residual }) => (maker ? [{ maker, residual }] : []));
    pairs.sort((one, other) => placeOf(other.maker) - placeOf(one.maker));
    for (const { maker, residual } of pairs) {
      if (isProduct(maker) && withProduct(sum, maker, residual)) break;
      if (maker.op === 'rmsNormBackward' && withNorm(sum, maker, residual)) break;
    }
  }
  return { absorbed, instead };
}

function lowerProduct(factors: Factors, residual: Value, sum: Value, lowering: Lowering): void {
  const [left, right, ...bias] = factors.inputs.map((value) => lowering.of(value));
  const product = { ...formOf(factors), residual: true };
  multiply(lowering, product, [left!, right!, ...bias, lowering.of(residual)], lowering.of(sum));
}

function formOf(node: Factors): Product {
  if (node.op === 'linear') return linearProduct(node);
  const { inputs, outputs, attributes } = node;
  const batch = outputs[0]!.shape.slice(0, -2);
  return productOf(inputs[0]!.shape, inputs[1]!.shape, batch, attributes);
}
