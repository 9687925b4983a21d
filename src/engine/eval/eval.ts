/**
 * The eval room: how well a model predicts. The training loop compiles `evaluationGraph` once on its
 * own store and runs `evaluateWindows` at intervals; `evaluate` does both for a model at rest. Task
 * accuracy comes with a later issue.
 */
export { evaluate, evaluateWindows, type Evaluation, type MeasuredBatch } from './evaluate';
export { evaluationGraph } from './evaluationGraph';
