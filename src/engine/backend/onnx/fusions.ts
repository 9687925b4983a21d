/**
 * Patterns of the graph that ONNX has one operator for, found before lowering:
 * - a matrix product that is only added to something: Gemm adds it in place;
 * - rows of an embedding's gradient that are only added to something: ScatterND adds them there;
 * - a sum of squares: ReduceSumSquare needs no square in memory.
 */
import { sameShape } from '../../graph/graph';
import type { Graph, Node, Value } from '../../graph/graph';

export interface Fusions {
  /** Nodes that are not lowered on their own. */
  readonly absorbed: ReadonlySet<Node>;
  readonly accumulations: ReadonlyMap<Node, { matmul: Node<'matmul'>; onto: Value }>;
  readonly scatters: ReadonlyMap<Node, { embedding: Node<'embeddingBackward'>; onto: Value }>;
  /** A sum -> what is squared and summed. */
  readonly squares: ReadonlyMap<Node, Value>;
  readonly consumers: ReadonlyMap<number, readonly Node[]>;
  /** Ids of the values that leave the graph. */
  readonly exported: ReadonlySet<number>;
}

export function findFusions(graph: Graph): Fusions {
  const producers = new Map<number, Node>();
  const consumers = new Map<number, Node[]>();
  const exported = new Set<number>();
  for (const value of graph.outputs.values()) exported.add(value.id);
  for (const { value } of graph.updates) exported.add(value.id);
  for (const node of graph.nodes) {
    for (const output of node.outputs) producers.set(output.id, node);
    for (const input of node.inputs) {
      const known = consumers.get(input.id);
      if (known) known.push(node);
      else consumers.set(input.id, [node]);
    }
  }
  const onlyFor = (value: Value, consumer: Node): boolean =>
    !exported.has(value.id) && (consumers.get(value.id) ?? []).every((node) => node === consumer);

  const absorbed = new Set<Node>();
  const accumulations = new Map<Node, { matmul: Node<'matmul'>; onto: Value }>();
  const scatters = new Map<Node, { embedding: Node<'embeddingBackward'>; onto: Value }>();
  const squares = new Map<Node, Value>();
  for (const node of graph.nodes) {
    if (node.op === 'add') {
      const [a, b] = [node.inputs[0]!, node.inputs[1]!];
      // The later operand first: it is the one that the other has been computed before.
      for (const [part, onto] of [
        [b, a],
        [a, b],
      ] as const) {
        const made = producers.get(part.id);
        if (!made || part.id === onto.id || !sameShape(part.shape, onto.shape)) continue;
        if (!onlyFor(part, node)) continue;
        if (made.op === 'matmul' && part.shape.length === 2) {
          accumulations.set(node, { matmul: made, onto });
        } else if (made.op === 'embeddingBackward') {
          scatters.set(node, { embedding: made, onto });
        } else continue;
        absorbed.add(made);
        break;
      }
    } else if (node.op === 'sum') {
      const made = producers.get(node.inputs[0]!.id);
      const flat = made?.op === 'reshape' ? producers.get(made.inputs[0]!.id) : made;
      const squared =
        flat?.op === 'multiply' && flat.inputs[0] === flat.inputs[1] ? flat : undefined;
      // Through a reshape only where everything is summed: then the shape doesn't matter.
      const whole = node.inputs[0]!.shape.length === 1;
      if (!made || !squared || !onlyFor(node.inputs[0]!, node)) continue;
      if (made === squared) {
        squares.set(node, squared.inputs[0]!);
        absorbed.add(squared);
      } else if (whole && onlyFor(squared.outputs[0]!, made)) {
        squares.set(node, squared.inputs[0]!);
        absorbed.add(made).add(squared);
      }
    }
  }
  return { absorbed, accumulations, scatters, squares, consumers, exported };
}
