/**
 * A pattern that is found before lowering: what the graph of one token has many of. Linear layers of a few
 * rows that read the same rows (query, key and value; gate and up) become one dispatch. The RMSNorm that
 * made these rows for such layers alone comes along, and so does the SwiGLU that made the rows of one
 * layer (kernels/matmulRow.ts).
 */
import type { Graph, Node } from '../../graph/graph';
import { rowsOf } from '../layout';
import { MOST_ROWS } from './kernels/matmul';
import { matmulRow, MOST_SISTERS } from './kernels/matmulRow';
import type { Lowering } from './lowering';
import { linearProduct } from './productRules';
import type { Found, Uses } from './uses';

type Linear = Node<'linear'>;

interface Sisters {
  readonly linears: readonly [Linear, ...Linear[]];
  /** What made the rows that they read, where nobody else reads these. */
  readonly maker: Node<'rmsNorm'> | Node<'swiglu'> | undefined;
}

/** A layer of few rows with a weight that isn't the rows themselves. */
const isOfRows = (node: Node): node is Linear =>
  node.op === 'linear' &&
  node.inputs[0] !== node.inputs[1] &&
  rowsOf(node.inputs[0]!.shape).rows <= MOST_ROWS;

/** Without bias and residual. */
const isBare = (node: Node): node is Linear => isOfRows(node) && node.inputs.length === 2;

export function findRowSisters(
  graph: Graph,
  { makerOf, readersOf, placeOf, changes }: Uses,
): Found {
  const absorbed = new Set<Node>();
  const instead = new Map<Node, (lowering: Lowering) => void>();

  /** The layers behind `first` that read what it reads, and can be computed where it stands. */
  const groupOf = (first: Linear): Sisters['linears'] => {
    if (!isBare(first)) return [first];
    const x = first.inputs[0]!;
    const isReady = ({ inputs }: Node): boolean =>
      inputs.every((value) => {
        const maker = makerOf(value);
        return !maker || placeOf(maker) < placeOf(first);
      });
    const others = readersOf(x).filter(
      (node): node is Linear =>
        node !== 'outside' &&
        placeOf(node) > placeOf(first) &&
        isBare(node) &&
        node.inputs[0] === x &&
        isReady(node) &&
        !absorbed.has(node) &&
        !instead.has(node),
    );
    return [first, ...others.slice(0, MOST_SISTERS - 1)];
  };

  const makerFor = ([first, ...others]: Sisters['linears']): Sisters['maker'] => {
    const x = first.inputs[0]!;
    const maker = makerOf(x);
    // What comes along is computed later than it stands: a state could have its new value by then.
    if (!maker || maker.inputs.some(changes)) return undefined;
    if (maker.op === 'swiglu')
      return others.length === 0 && readersOf(x).length === 1 ? maker : undefined;
    const areSuch = readersOf(x).every(
      (node) => node !== 'outside' && isBare(node) && node.inputs[0] === x,
    );
    return maker.op === 'rmsNorm' && areSuch && readersOf(maker.outputs[1]!).length === 0
      ? maker
      : undefined;
  };

  for (const first of graph.nodes) {
    if (!isOfRows(first) || absorbed.has(first)) continue;
    const linears = groupOf(first);
    const maker = makerFor(linears);
    if (linears.length === 1 && !maker) continue;
    for (const node of linears.slice(1)) absorbed.add(node);
    if (maker) absorbed.add(maker);
    instead.set(first, (lowering) => lowerSisters({ linears, maker }, lowering));
  }
  return { absorbed, instead };
}

function lowerSisters({ linears, maker }: Sisters, lowering: Lowering): void {
  const [first] = linears;
  const weights = linears.map(({ inputs }) => lowering.of(inputs[1]!));
  const width = first.inputs[0]!.shape.at(-1)!;
  const halved = width % 8 === 0 ? weights.map((weight) => lowering.halved(weight)) : [];
  const halves = halved.flatMap((weight) => (weight ? [weight] : []));
  const all = halves.length === weights.length;
  const products = linears.map(linearProduct);
  const { kernel, workgroups } = matmulRow(products, {
    halves: all,
    ...(maker?.op === 'rmsNorm' ? { epsilon: maker.attributes.epsilon } : {}),
    gated: maker?.op === 'swiglu',
  });
  const rows = (maker ?? first).inputs.slice(0, maker ? 2 : 1);
  const epilogue = linears.length === 1 ? first.inputs.slice(2) : [];
  const work = products.reduce((sum, each) => sum + each.rows * each.inner * each.columns, 0);
  lowering.dispatch(
    kernel,
    [
      ...rows.map((value) => lowering.of(value)),
      ...(all ? halves : weights),
      ...epilogue.map((value) => lowering.of(value)),
    ],
    linears.map(({ outputs }) => lowering.of(outputs[0]!)),
    workgroups,
    work,
  );
}
