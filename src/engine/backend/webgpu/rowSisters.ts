/**
 * A pattern that is found before lowering: what the graph of one token has many of. Linear layers of a few
 * rows that read the same rows (query, key and value; gate and up) become one dispatch, and the RMSNorm
 * that made these rows for such layers alone comes along (kernels/matmulRow.ts).
 */
import type { Graph, Node, Value } from '../../graph/graph';
import { rowsOf } from '../layout';
import { MOST_ROWS } from './kernels/matmul';
import { matmulRow, MOST_SISTERS } from './kernels/matmulRow';
import type { Lowering } from './lowering';
import { linearProduct } from './productRules';

type Linear = Node<'linear'>;

export interface Sisters {
  readonly linears: readonly [Linear, ...Linear[]];
  readonly norm: Node<'rmsNorm'> | undefined;
}

export interface RowSisters {
  /** Nodes that need nothing of their own. */
  readonly absorbed: ReadonlySet<Node>;
  /** The first node of each group -> the group. */
  readonly sisters: ReadonlyMap<Node, Sisters>;
}

/** A layer of few rows, without bias and residual, and with a weight that isn't the rows themselves. */
const isBare = (node: Node): node is Linear =>
  node.op === 'linear' &&
  node.inputs.length === 2 &&
  node.inputs[0] !== node.inputs[1] &&
  rowsOf(node.inputs[0]!.shape).rows <= MOST_ROWS;

export function findRowSisters(graph: Graph): RowSisters {
  const places = new Map<number, number>();
  const makers = new Map<number, Node>();
  const readers = new Map<number, (Node | 'outside')[]>();
  const read = ({ id }: Value, reader: Node | 'outside'): void => {
    readers.set(id, [...(readers.get(id) ?? []), reader]);
  };
  graph.nodes.forEach((node, place) => {
    for (const { id } of node.outputs) makers.set(id, node);
    for (const { id } of node.outputs) places.set(id, place);
    for (const input of node.inputs) read(input, node);
  });
  for (const value of graph.outputs.values()) read(value, 'outside');
  for (const { value } of graph.updates) read(value, 'outside');
  const readersOf = ({ id }: Value): readonly (Node | 'outside')[] => readers.get(id) ?? [];

  const rootOf = (value: Value): Value => {
    const maker = makers.get(value.id);
    return maker?.op === 'reshape' ? rootOf(maker.inputs[0]!) : value;
  };
  // A norm that comes along is computed later than it stands: a state could have its new value by then.
  const changing = new Set(graph.updates.map(({ state }) => graph.states.get(state)?.id));

  const absorbed = new Set<Node>();
  const sisters = new Map<Node, Sisters>();
  graph.nodes.forEach((first, place) => {
    if (!isBare(first) || absorbed.has(first)) return;
    const x = first.inputs[0]!;
    const ready = ({ inputs }: Node): boolean => inputs.every(({ id }) => places.get(id)! < place);
    const others = readersOf(x).filter(
      (node): node is Linear =>
        node !== 'outside' && node !== first && isBare(node) && ready(node) && !absorbed.has(node),
    );
    const group = others.filter((node) => node.inputs[0] === x && !sisters.has(node));
    const linears: Sisters['linears'] = [first, ...group.slice(0, MOST_SISTERS - 1)];
    const maker = makers.get(x.id);
    const norm =
      maker?.op === 'rmsNorm' &&
      !maker.inputs.some((input) => changing.has(rootOf(input).id)) &&
      readersOf(maker.outputs[1]!).length === 0 &&
      readersOf(x).every((node) => node !== 'outside' && isBare(node) && node.inputs[0] === x)
        ? maker
        : undefined;
    if (linears.length === 1 && !norm) return;
    for (const node of linears.slice(1)) absorbed.add(node);
    if (norm) absorbed.add(norm);
    sisters.set(first, { linears, norm });
  });
  return { absorbed, sisters };
}

export function lowerSisters({ linears, norm }: Sisters, lowering: Lowering): void {
  const weights = linears.map(({ inputs }) => lowering.of(inputs[1]!));
  const width = linears[0].inputs[0]!.shape.at(-1)!;
  const halved = width % 8 === 0 ? weights.map((weight) => lowering.halved(weight)) : [];
  const halves = halved.flatMap((weight) => (weight ? [weight] : []));
  const all = halves.length === weights.length;
  const products = linears.map(linearProduct);
  const { kernel, workgroups } = matmulRow(products, {
    halves: all,
    epsilon: norm?.attributes.epsilon,
  });
  const rows = norm ? norm.inputs : linears[0].inputs.slice(0, 1);
  const work = products.reduce((sum, each) => sum + each.rows * each.inner * each.columns, 0);
  lowering.dispatch(
    kernel,
    [...rows.map((value) => lowering.of(value)), ...(all ? halves : weights)],
    linears.map(({ outputs }) => lowering.of(outputs[0]!)),
    workgroups,
    work,
  );
}
