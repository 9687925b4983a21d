/**
 * The knowledge room: finds out what a model knows by asking it, makes conversations that teach it to
 * say where it doesn't, and shows both. Knows no files of runs and no training: what it makes is a
 * dataset of conversations like any other.
 */
export {
  checkOut,
  isProbe,
  probedSchema,
  questionsOf,
  readAbout,
  readProbe,
  writeProbe,
  type Asked,
  type Probe,
  type ProbeAbout,
} from './folder';
export { identityTalks, parseProfile, type Profile } from './identity';
export { judgeByWords, type Verdict } from './judge';
export { modelJudge } from './modelJudge';
export {
  askAll,
  judge,
  KNOWLEDGE,
  knowledgeOf,
  wordJudge,
  type Judge,
  type Knowledge,
  type Probed,
  type ProbeOptions,
  type Said,
} from './probe';
export {
  questionSchema,
  tooLong,
  type KnowledgeQuestion,
  type QuestionProblem,
  type Questions,
} from './question';
export { readQuestions } from './readQuestions';
export { compare, knowledgeByQuestion, summarize, type KnowledgeSummary } from './statistics';
export { lessonOf, USUAL_REFUSALS, type Lesson, type TaughtTalk } from './teach';
export { choosePassages, writeQuestions } from './writeQuestions';
