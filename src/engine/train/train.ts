/**
 * The train room: a run from a recipe to checkpoints, one loop for every stage. Yields what happens
 * as plain records; knows nothing of the protocol, of terminals or of VS Code.
 */
export type { RunEvent, StepEvent } from './events';
export { listCheckpoints, readPosition } from './checkpoints';
export { resumeRun, runRecipe, startRun } from './run';
export type { Place, RunContext } from './run';
export { scheduleAt } from './schedule';
export { optimizerStates } from './optimizers';
export type { OptimizerSettings } from './optimizers';
export { accumulateGraph, accumulationStates, applyGraph, stepGraph } from './trainingGraph';
export type { TrainingShape } from './trainingGraph';
