/**
 * Patterns of nodes that are cheaper together, found before lowering, and what they are found by: who makes
 * a value of a graph, who reads it, and in which order.
 */
import type { Graph, Node, Value } from '../../graph/graph';
import type { Lowering } from './lowering';

/** Where a graph has a pattern. */
export interface Found {
  /** What must be known before the first node is lowered. */
  readonly before?: (lowering: Lowering) => void;
  /** Nodes that need nothing of their own. */
  readonly absorbed: ReadonlySet<Node>;
  /** What is done where a node stands, in place of its operator's rule. */
  readonly instead: ReadonlyMap<Node, (lowering: Lowering) => void>;
}

export interface Uses {
  readonly makerOf: (value: Value) => Node | undefined;
  /** Once for each time; outputs of the graph and updates of its states are read from outside. */
  readonly readersOf: (value: Value) => readonly (Node | 'outside')[];
  /** Where a node stands in the graph's order. */
  readonly placeOf: (node: Node) => number;
  /**
   * True for a state that the graph changes, through reshapes too: who reads it later than it stands
   * could see its new value.
   */
  readonly changes: (value: Value) => boolean;
  /**
   * True where whoever reads a value at a place sees what the graph means: it isn't a state that may have its
   * new value by then, which it has at the earliest from its last reader on.
   */
  readonly lasts: (value: Value, place: number) => boolean;
  /** The node that reads a state last, through reshapes too. */
  readonly lastReaderOf: (value: Value) => Node | undefined;
  /** Whether a pattern that was looked for before has the node. */
  readonly isTaken: (node: Node) => boolean;
}

/** How a pattern is found. */
export type Find = (graph: Graph, uses: Uses) => Found;

/** Looks for one pattern after the other; none takes what an earlier one has. */
export function findPatterns(graph: Graph, patterns: readonly Find[]): readonly Found[] {
  const found: Found[] = [];
  const isTaken = (node: Node): boolean =>
    found.some(({ absorbed, instead }) => absorbed.has(node) || instead.has(node));
  const uses = { ...usesOf(graph), isTaken };
  for (const find of patterns) found.push(find(graph, uses));
  return found;
}

function usesOf(graph: Graph): Omit<Uses, 'isTaken'> {
  const places = new Map<Node, number>();
  const makers = new Map<number, Node>();
  graph.nodes.forEach((node, place) => {
    places.set(node, place);
    for (const { id } of node.outputs) makers.set(id, node);
  });
  const readers = findReaders(graph, false);
  const behind = findReaders(graph, true);
  const rootOf = (value: Value): Value => {
    const maker = makers.get(value.id);
    return maker?.op === 'reshape' ? rootOf(maker.inputs[0]!) : value;
  };
  const changing = new Set(graph.updates.map(({ state }) => graph.states.get(state)?.id));
  const changes = (value: Value): boolean => changing.has(rootOf(value).id);
  const lastReaderOf = (value: Value): Node | undefined =>
    behind.get(rootOf(value).id)?.findLast((reader) => reader !== 'outside');
  return {
    makerOf: ({ id }) => makers.get(id),
    readersOf: ({ id }) => readers.get(id) ?? [],
    placeOf: (node) => places.get(node)!,
    changes,
    lastReaderOf,
    lasts: (value, place) => {
      const reader = lastReaderOf(value);
      return !changes(value) || (reader !== undefined && places.get(reader)! >= place);
    },
  };
}

/** A value's id -> who reads it, in the order in which they do, once for each time. */
export type Readers = ReadonlyMap<number, readonly (Node | 'outside')[]>;

/**
 * Nodes, and 'outside' for outputs and updates. Through reshapes, a reshape reads nothing, and who reads what
 * it gives reads what it was given.
 */
export function findReaders(graph: Graph, throughReshapes: boolean): Readers {
  const roots = new Map<number, number>();
  const readers = new Map<number, (Node | 'outside')[]>();
  const add = ({ id }: Value, reader: Node | 'outside'): void => {
    const root = roots.get(id) ?? id;
    const known = readers.get(root);
    if (known) known.push(reader);
    else readers.set(root, [reader]);
  };
  for (const node of graph.nodes) {
    const [first] = node.inputs;
    if (throughReshapes && node.op === 'reshape')
      roots.set(node.outputs[0]!.id, roots.get(first!.id) ?? first!.id);
    else for (const input of node.inputs) add(input, node);
  }
  for (const value of graph.outputs.values()) add(value, 'outside');
  for (const { value, at } of graph.updates) {
    add(value, 'outside');
    if (at) add(at.offset, 'outside');
  }
  return readers;
}
