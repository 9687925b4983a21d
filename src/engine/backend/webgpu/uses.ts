/**
 * Patterns of nodes that are cheaper together, found before lowering, and what they are found by: who makes
 * a value of a graph, who reads it, and in which order.
 */
import type { Graph, Node, Value } from '../../graph/graph';
import type { Lowering } from './lowering';

/** Where a graph has a pattern. */
export interface Found {
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
}

export function usesOf(graph: Graph): Uses {
  const places = new Map<Node, number>();
  const makers = new Map<number, Node>();
  const readers = new Map<number, (Node | 'outside')[]>();
  const read = ({ id }: Value, reader: Node | 'outside'): void => {
    const known = readers.get(id);
    if (known) known.push(reader);
    else readers.set(id, [reader]);
  };
  graph.nodes.forEach((node, place) => {
    places.set(node, place);
    for (const { id } of node.outputs) makers.set(id, node);
    for (const input of node.inputs) read(input, node);
  });
  for (const value of graph.outputs.values()) read(value, 'outside');
  for (const { value, at } of graph.updates) {
    read(value, 'outside');
    if (at) read(at.offset, 'outside');
  }
  const changing = new Set(graph.updates.map(({ state }) => graph.states.get(state)?.id));
  const rootOf = (value: Value): Value => {
    const maker = makers.get(value.id);
    return maker?.op === 'reshape' ? rootOf(maker.inputs[0]!) : value;
  };
  return {
    makerOf: ({ id }) => makers.get(id),
    readersOf: ({ id }) => readers.get(id) ?? [],
    placeOf: (node) => places.get(node)!,
    changes: (value) => changing.has(rootOf(value).id),
  };
}
