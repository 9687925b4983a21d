/**
 * The graph room: what a model computes, as data. A builder makes a static graph once per model and
 * shape; differentiation appends the backward pass to it; a backend compiles the result and runs it
 * many times. Knows nothing of backends, models or tokens.
 */
export { GraphBuilder } from './builder';
export { differentiate } from './differentiate';
export { applyRule } from './operators';
export type {
  Attributes,
  DType,
  Graph,
  Node,
  OperatorName,
  RuleTable,
  Shape,
  Update,
  Value,
} from './operators';
export { broadcastShapes, describe, sameShape, sizeOf, stretchedAxes, stridesOf } from './shapes';
