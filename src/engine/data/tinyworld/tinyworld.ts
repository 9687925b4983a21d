/** Tinyworld: a world that is known completely, as stories, truth, conversations and questions. */
export { askFacts, type AskOptions, type FactQuestion } from './askFacts';
export { writeTinyworld, type TinyworldOptions, type TinyworldSummary } from './writeTinyworld';
