/**
 * The train room: a run from a recipe to checkpoints, one loop for every stage. Yields what happens
 * as plain records; knows nothing of the protocol, of terminals or of VS Code.
 */
export type { RunEvent } from './events';
export { isCheckpoint, listCheckpoints, readBest, readPosition } from './checkpoints';
export { resumeRun, runRecipe, startRun } from './run';
export { stepFootprint } from './footprint';
export { trainedBy } from './frozen';
export { needsOn } from './room';
export { modelFolder } from './resume';
export { abandonRun } from './runFolder';
export { listRuns } from './runSummary';
export type { RunState, RunSummary } from './runSummary';
export type { RunContext } from './run';
export type { ConversationRequest, Conversations } from './prepare';
export { scheduleAt } from './schedule';
export { FIRST_LOSS_SCALE } from './lossScale';
export { optimizerStates } from './optimizers';
export { stepGraph } from './trainingGraph';
