/** Differentiation as a transform: which nodes it adds, and what it refuses. Its numbers are tested in `test/backend`. */
import { expect, it } from 'vitest';
import { differentiate, GraphBuilder } from '../../src/engine/graph/graph';
import type { OperatorName, Value } from '../../src/engine/graph/graph';

/** Three linear layers, the second frozen or not, and a loss. */
function layers(): { graph: GraphBuilder; weights: readonly [Value, Value, Value]; loss: Value } {
  const graph = new GraphBuilder();
  const weight = (name: string) => graph.state(name, [4, 4]);
  const weights = [weight('first'), weight('second'), weight('third')] as const;
  const x = graph.input('x', 'f32', [3, 4]);
  const y = weights.reduce((stream: Value, each) => graph.linear(stream, each), x);
  return { graph, weights, loss: graph.total(graph.multiply(y, y)) };
}

function countOf(graph: GraphBuilder, op: OperatorName): number {
  return graph.build().nodes.filter((node) => node.op === op).length;
}

/** The matrix products of the backward pass that wants these weights. */
function productsFor(wanted: readonly number[]): number {
  const { graph, weights, loss } = layers();
  const values = wanted.map((index) => weights[index]!);
  differentiate(graph, loss, values).forEach((gradient, i) => graph.output(`d${i}`, gradient));
  return countOf(graph, 'matmul');
}

it('a frozen parameter costs nothing, nor does what lies before the first wanted one', () => {
  // One product for each wanted weight, one for each layer that the gradient must pass.
  expect(productsFor([0, 1, 2])).toBe(3 + 2);
  expect(productsFor([0, 2])).toBe(2 + 2);
  expect(productsFor([2])).toBe(1);
  expect(productsFor([1])).toBe(1 + 1);
  expect(productsFor([0])).toBe(1 + 2);
});

it('adds no node for a branch that leads to nothing wanted', () => {
  const graph = new GraphBuilder();
  const [a, b] = [graph.state('a', [2]), graph.state('b', [2])];
  const loss = graph.total(graph.add(graph.tanh(a), graph.sigmoid(graph.exp(b))));
  const before = graph.nodes.length;
  differentiate(graph, loss, [a]);
  const added = graph.nodes.slice(before);
  const ofSecond = new Set(
    graph.nodes
      .slice(0, before)
      .flatMap((node) =>
        node.op === 'sigmoid' || node.op === 'exp' ? node.outputs.map((value) => value.id) : [],
      ),
  );
  expect(added.flatMap((node) => node.inputs).some((value) => ofSecond.has(value.id))).toBe(false);
});

it('even where that branch has no gradient at all', () => {
  const graph = new GraphBuilder();
  const [a, b] = [graph.state('a', [2]), graph.state('b', [2])];
  const loss = graph.total(graph.multiply(a, graph.max(b, [0])));
  expect(differentiate(graph, loss, [a])[0]!.shape).toEqual([2]);
  expect(() => differentiate(graph, loss, [a, b])).toThrow(/^max has no gradient/);
});

it('gives gradients in the order and the shapes of what is wanted, intermediate values too', () => {
  const graph = new GraphBuilder();
  const [a, b] = [graph.state('a', [2, 3]), graph.state('b', [3])];
  const middle = graph.exp(graph.multiply(a, b));
  const loss = graph.total(middle);
  const shapes = differentiate(graph, loss, [b, middle, a]).map((gradient) => gradient.shape);
  expect(shapes).toEqual([[3], [2, 3], [2, 3]]);
});

it('refuses a loss of more than one number, and what the loss does not depend on', () => {
  const graph = new GraphBuilder();
  const [a, b] = [graph.state('a', [2]), graph.state('b', [2])];
  expect(() => differentiate(graph, graph.exp(a), [a])).toThrow(
    /A loss is one number, not exp f32\[2\]/,
  );
  expect(() => differentiate(graph, graph.total(a), [b])).toThrow(/does not depend on b f32\[2\]/);
  const through = graph.total(graph.less(a, b));
  expect(() => differentiate(graph, through, [a])).toThrow(/does not depend on a/);
});

it('refuses a loss taken from an output that exists for the backward pass', () => {
  const graph = new GraphBuilder();
  const x = graph.state('x', [2, 3]);
  const { logSumExp } = graph.crossEntropy(
    x,
    graph.state('w', [5, 3]),
    graph.input('t', 'i32', [2]),
  );
  expect(() => differentiate(graph, graph.total(logSumExp), [x])).toThrow(/log-sum-exp/);
  const { inverseRms } = graph.rmsNorm(x, graph.state('n', [3]), 1e-5);
  expect(() => differentiate(graph, graph.total(inverseRms), [x])).toThrow(/inverse root mean/);
});
