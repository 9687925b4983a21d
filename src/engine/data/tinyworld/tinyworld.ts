/** Tinyworld: a world that is known completely, as stories, truth, conversations and questions. */
export { judgeAnswer } from './talks';
export { writeTinyworld, type TinyworldOptions, type TinyworldSummary } from './writeTinyworld';
