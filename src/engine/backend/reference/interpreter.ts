/** Evaluates a graph node by node, in float64. */
import { GlassboxError } from '../../../base/errors';
import { applyRule } from '../../graph/graph';
import type { Graph, Update, Value } from '../../graph/graph';
import type { Precision } from '../backend';
import { attention } from './attention';
import { elementwise } from './elementwise';
import { withHalfFactors } from './halves';
import { loss } from './loss';
import { normalization } from './normalization';
import { optimizer } from './optimizer';
import { products } from './products';
import type { Given, Rules } from './rule';
import { place, shape } from './shape';

const rules: Rules = {
  ...elementwise,
  ...shape,
  ...products,
  ...normalization,
  ...attention,
  ...loss,
  ...optimizer,
};

export interface Evaluation {
  readonly outputs: ReadonlyMap<string, Float64Array>;
  /** The new content of each updated state. `given` is untouched. */
  readonly updates: ReadonlyMap<string, Float64Array>;
}

/** Every output and update of the graph. Throws `backend-range` for an id or offset out of bounds. */
export function evaluate(graph: Graph, given: Given, precision: Precision): Evaluation {
  const values = new Map<number, Float64Array>();
  const valueOf = (value: Value): Float64Array => values.get(value.id)!;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(valueOf);
    const factors = precision === 'f16' ? withHalfFactors(node, inputs) : inputs;
    const results = applyRule(rules, node, factors, given);
    node.outputs.forEach((output, i) => values.set(output.id, results[i]!));
  }
  const updated = (update: Update): Float64Array => {
    const value = valueOf(update.value);
    if (!update.at) return value;
    const { axis } = update.at;
    const offset = valueOf(update.at.offset)[0]!;
    const whole = graph.states.get(update.state)!.shape;
    const part = update.value.shape;
    if (offset < 0 || offset + part[axis]! > whole[axis]!) {
      throw new GlassboxError(
        'backend-range',
        `State ${update.state} [${whole.join(', ')}] cannot take [${part.join(', ')}] at ${offset} of axis ${axis}.`,
      );
    }
    const target = given.states.get(update.state)!.slice();
    const at = whole.map((_, i) => (i === axis ? offset : 0));
    place(target, whole, value, part, at);
    return target;
  };
  return {
    outputs: new Map([...graph.outputs].map(([name, value]) => [name, valueOf(value)])),
    updates: new Map(graph.updates.map((update) => [update.state, updated(update)])),
  };
}
