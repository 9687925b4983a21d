/** The protocol's requests about what a model knows in terms of the rooms. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../base/errors';
import { atomicFile, readTextFile } from '../base/files';
import type { GenerateRequest } from '../protocol/messages';
import type {
  OpenProbeEvent,
  ProbeAnswer,
  ProbeEvent,
  ProbeRequest,
  ProbeSummary,
} from '../protocol/knowledgeMessages';
import type { Handlers } from '../protocol/protocol';
import { askFacts } from './data/data';
import { discover } from './discover';
import {
  askAll,
  checkOut,
  choosePassages,
  compare,
  identityTalks,
  isProbe,
  judge,
  lessonOf,
  modelJudge,
  parseProfile,
  questionsOf,
  readAbout,
  readProbe,
  readQuestions,
  summarize,
  tooLong,
  wordJudge,
  writeProbe,
  writeQuestions,
} from './knowledge/knowledge';
import type {
  Asked,
  Judge,
  KnowledgeQuestion,
  Probed,
  QuestionProblem,
  Said,
} from './knowledge/knowledge';
import type { Claimed } from './modelSlot';
import type { Tool, ToolWish } from './tools/tools';

type Claim = (
  request: Pick<GenerateRequest, 'model' | 'backend' | 'precision' | 'threads'>,
  signal: AbortSignal,
) => Promise<Claimed>;

/** Passages that are shown to a writer where nobody says how many. */
const PASSAGES = 200;
/** Answers of a probe that are told at once. */
const BATCH = 200;

export function createKnowledgeService(
  claim: Claim,
  toolbox: (wishes: readonly ToolWish[]) => Promise<readonly Tool[]>,
): Handlers<'probeKnowledge' | 'probes' | 'openProbe' | 'teachKnowledge'> {
  /** One model after the other is loaded, whichever are needed: to write, to answer, to judge. */
  async function* withModel<Event>(
    request: ProbeRequest,
    folder: string,
    signal: AbortSignal,
    work: (claimed: Claimed) => AsyncIterable<Event>,
  ): AsyncGenerator<Event, void, void> {
    const claimed = await claim({ ...request, model: folder }, signal);
    try {
      yield* work(claimed);
    } finally {
      claimed.release();
    }
  }

  async function* questionsFor(
    request: ProbeRequest,
    signal: AbortSignal,
    into: KnowledgeQuestion[],
  ): AsyncGenerator<ProbeEvent, void, void> {
    const { source, limit, seed } = request;
    if (source.kind === 'tinyworld') {
      const { folder, split } = source;
      into.push(...(await askFacts(path.resolve(folder), { split, limit, seed })));
      return;
    }
    if (source.kind === 'probe') {
      into.push(...(await questionsOf(path.resolve(source.folder))).slice(0, limit));
      return;
    }
    if (source.kind === 'questions') {
      const { questions, problems } = await readQuestions(source.paths, { limit, signal });
      into.push(...questions);
      for (const problem of problems) yield { kind: 'problem', ...problem };
      return;
    }
    const count = limit ?? PASSAGES;
    const passages = await choosePassages(source.paths, { count, seed, signal });
    yield* withModel(
      request,
      source.writer ?? request.model,
      signal,
      async function* ({ model }): AsyncGenerator<ProbeEvent> {
        let done = 0;
        for await (const found of writeQuestions(model, passages, { seed, signal })) {
          if ('question' in found) into.push(found);
          else yield { kind: 'problem', ...found };
          yield {
            kind: 'progress',
            doing: 'writing',
            done: ++done,
            total: passages.length,
          };
        }
      },
    );
  }

  return {
    async *probeKnowledge(request, signal) {
      const { out, before: earlier, samples, temperature, maxTokens, seed } = request;
      const folder = out === undefined ? undefined : path.resolve(out);
      if (folder !== undefined) await checkOut(folder);
      const before = earlier === undefined ? undefined : await readProbe(path.resolve(earlier));
      const tools = await toolbox(request.tools ?? []);
      const questions: KnowledgeQuestion[] = [];
      yield* questionsFor(request, signal, questions);
      if (questions.length === 0) throw noQuestions();

      const said: Said[] = [];
      const probed: Probed[] = [];
      const total = questions.length;
      let first: QuestionProblem | undefined;
      const leftOut = (problem: QuestionProblem): ProbeEvent => {
        first ??= problem;
        return { kind: 'problem', ...problem };
      };
      const told = async (each: Said, judgeOf: Judge): Promise<ProbeEvent> => {
        const found = await judge(each, judgeOf).catch((thrown: unknown) =>
          tooLong(thrown, each.question.question),
        );
        if ('message' in found) return leftOut(found);
        probed.push(found);
        const { question, ...rest } = found;
        return { kind: 'answer', question: question.question, right: question.answer, ...rest };
      };
      yield* withModel(
        request,
        request.model,
        signal,
        async function* ({ model }): AsyncGenerator<ProbeEvent> {
          const options = { samples, temperature, maxTokens, seed, tools, signal };
          let done = 0;
          for await (const each of askAll(model, questions, options)) {
            if ('message' in each) yield leftOut(each);
            else if (request.judge === undefined) yield await told(each, wordJudge);
            else said.push(each);
            yield { kind: 'progress', doing: 'asking', done: ++done, total };
          }
        },
      );
      if (request.judge !== undefined)
        yield* withModel(
          request,
          request.judge,
          signal,
          async function* ({ model }): AsyncGenerator<ProbeEvent> {
            const judgeOf = modelJudge(model, signal);
            for (const [at, each] of said.entries()) {
              yield await told(each, judgeOf);
              yield { kind: 'progress', doing: 'judging', done: at + 1, total: said.length };
            }
          },
        );
      if (probed.length === 0) throw noQuestions(first);

      const found = before ? compare(probed, before) : { summary: summarize(probed) };
      if (folder !== undefined)
        await writeProbe(folder, {
          ...{ model: request.model, probed, ...found, asked: askedOf(request) },
        });
      yield { kind: 'done', ...found, out: folder };
    },

    async probes({ folders }, signal) {
      const found: ProbeSummary[] = [];
      for await (const { folder, files } of discover(folders, signal)) {
        if (!isProbe(files)) continue;
        // Other programs have such names, too.
        const about = await readAbout(folder).catch(() => undefined);
        if (about) found.push({ ...about, folder, name: path.basename(folder) });
      }
      return found;
    },

    async *openProbe({ folder, before: earlier }): AsyncGenerator<OpenProbeEvent> {
      const probed = await readProbe(path.resolve(folder));
      const before = earlier === undefined ? undefined : await readProbe(path.resolve(earlier));
      const found = before ? compare(probed, before) : { summary: summarize(probed) };
      yield { kind: 'start', ...found };
      const knew = new Map(before?.map((each) => [each.question.question, each]));
      const shown = ({ question: asked, ...rest }: Probed): ProbeAnswer => {
        const { question, answer: right, source, told } = asked;
        const was = knew.get(question);
        const at = was && { knowledge: was.knowledge, answer: was.answer };
        return { ...rest, question, right, source, told, before: at };
      };
      for (let at = 0; at < probed.length; at += BATCH)
        yield { kind: 'answers', answers: probed.slice(at, at + BATCH).map(shown) };
    },

    async teachKnowledge({ probes, profile, refusals, seed, out }) {
      const file = path.resolve(out);
      // What somebody wrote or changed there is theirs.
      if (await stat(file).catch(() => undefined))
        throw new GlassboxError('already-exists', `${file} is there already.`, {
          remedy: 'Choose another name, or move that file away.',
        });
      const probed: Probed[] = [];
      for (const place of probes) probed.push(...(await readProbe(path.resolve(place))));
      const lesson = lessonOf(probed, { refusals, seed });
      const identity =
        profile === undefined
          ? []
          : identityTalks(parseProfile(await readTextFile(path.resolve(profile)), profile));
      const talks = [...lesson.talks, ...identity];
      if (talks.length === 0) throw nothingToTeach();
      await atomicFile(file, talks.map((talk) => `${JSON.stringify(talk)}\n`).join(''));
      const { answers, refusals: refused, leftOut } = lesson;
      return { file, answers, refusals: refused, leftOut, identity: identity.length };
    },
  };
}

/** With absolute paths: the folder may be read from anywhere. */
function askedOf(request: ProbeRequest): Asked {
  const { model, source, samples, temperature, maxTokens, seed, judge: judging, tools } = request;
  const { before } = request;
  const paths = 'paths' in source ? source.paths : [source.folder];
  const split = source.kind === 'tinyworld' ? source.split : undefined;
  const at = (place: string | undefined): string | undefined =>
    place === undefined ? undefined : path.resolve(place);
  return {
    ...{ model: path.resolve(model), samples, temperature, maxTokens, seed },
    about: { kind: source.kind, paths: paths.map((each) => path.resolve(each)), split },
    tools: tools?.map(({ name, folder }) => ({ name, folder: at(folder) })),
    ...{ judge: at(judging), before: at(before) },
  };
}

/** @param first what was wrong with the first that could not be asked */
function noQuestions(first?: QuestionProblem): GlassboxError {
  if (first)
    return new GlassboxError('no-questions', `No question can be asked: ${first.message}`, {
      remedy: 'Give shorter questions, or models with a longer context.',
    });
  return new GlassboxError('no-questions', 'There is no question to ask.', {
    remedy:
      'Give longer texts, or a model that writes questions (--writer): only questions whose answers stand in the text are asked.',
  });
}

function nothingToTeach(): GlassboxError {
  return new GlassboxError('nothing-to-teach', 'The probes give nothing to teach.', {
    remedy: 'Give a probe with answers that are known or made up, or a profile.',
  });
}
