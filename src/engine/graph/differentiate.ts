/**
 * Reverse-mode automatic differentiation as a graph-to-graph transform: walks back from a scalar
 * loss over the nodes built so far and appends the nodes that compute its gradients. Only paths that
 * lead to a wanted value are followed, so that a frozen parameter costs nothing.
 */
import { GlassboxError } from '../../base/errors';
import type { GraphBuilder } from './builder';
import { gradientRules } from './gradients';
import { applyRule } from './operators';
import type { Node, Value } from './operators';
import { describe, sizeOf } from './shapes';

/**
 * The gradients of `loss` (one element) with respect to each of `wanted`, in their order.
 * Throws `graph-gradient` where the loss doesn't depend on one of them.
 */
export function differentiate(graph: GraphBuilder, loss: Value, wanted: readonly Value[]): Value[] {
  if (sizeOf(loss.shape) !== 1) {
    throw new GlassboxError('graph-gradient', `A loss is one number, not ${describe(loss)}.`);
  }
  const forward = [...graph.nodes];
  const depends = dependents(forward, wanted);
  const gradients = new Map<number, Value>();
  gradients.set(loss.id, graph.constant(Float32Array.of(1), loss.shape));

  for (const node of forward.reverse()) {
    const flowing = node.outputs.map((output) => gradients.get(output.id));
    const leads = node.inputs.some((input) => depends.has(input.id));
    if (!leads || flowing.every((gradient) => gradient === undefined)) continue;
    const contributions = applyRule(gradientRules, node, graph, flowing);
    node.inputs.forEach((input, index) => {
      const contribution = contributions[index];
      if (!contribution || !depends.has(input.id)) return;
      const sofar = gradients.get(input.id);
      gradients.set(input.id, sofar ? graph.add(sofar, contribution) : contribution);
    });
  }
  return wanted.map((value) => {
    const gradient = gradients.get(value.id);
    if (gradient) return gradient;
    throw new GlassboxError('graph-gradient', `The loss does not depend on ${describe(value)}.`);
  });
}

/** The ids of all values that depend on one of `sources`, themselves included. */
function dependents(nodes: readonly Node[], sources: readonly Value[]): Set<number> {
  const reached = new Set(sources.map((value) => value.id));
  for (const node of nodes) {
    if (node.inputs.some((input) => reached.has(input.id))) {
      for (const output of node.outputs) reached.add(output.id);
    }
  }
  return reached;
}
