/**
 * `glassbox knowledge`: what a model knows, found by asking it (`probe`), and conversations that teach
 * it to say where it doesn't (`teach`).
 */
import { Option, type Command } from 'commander';
import type { ProbeEvent, ProbeRequest } from '../../protocol/knowledgeMessages';
import type { BackendChoice } from '../../protocol/messages';
import { writeJson, writeLine } from './console';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { wantsColour } from './display';
import { linesOfSummary } from './knowledgeView';
import { backendOption, decimal, MANY, SEED, toolList, wholeNumber } from './options';
import { clean, grouped, styleFor } from './terminalText';

export function addKnowledge(program: Command, context: Context): void {
  const group = program
    .command('knowledge')
    .description('Find out what a model knows, and teach it to say where it does not.');
  addProbe(group, context);
  addTeach(group, context);
}

interface ProbeOptions extends CommonOptions {
  readonly model: string;
  readonly questions?: readonly string[];
  readonly tinyworld?: string;
  readonly split: 'taught' | 'held-out';
  readonly data?: readonly string[];
  readonly writer?: string;
  readonly tools?: ProbeRequest['tools'];
  readonly judge?: string;
  readonly before?: string;
  readonly limit?: number;
  readonly samples: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly out?: string;
  readonly backend: BackendChoice;
  readonly threads?: number;
}

function addProbe(group: Command, context: Context): void {
  const command = group
    .command('probe')
    .description('Ask a model questions, several times each, and sort them by what it knows.')
    .requiredOption(
      '--model <dir>',
      'a run, one of its checkpoints, or any model in Hugging Face format with a chat template',
    )
    .addOption(
      new Option(
        '--questions <path...>',
        'records with question and answer, or conversations: .jsonl, .json, .chatml',
      ).conflicts(['tinyworld', 'data']),
    )
    .addOption(
      new Option('--tinyworld <dir>', 'a Tinyworld: questions about its people').conflicts('data'),
    )
    .addOption(
      new Option(
        '--split <name>',
        'which people of a Tinyworld: those that its talks may name, or not',
      )
        .choices(['taught', 'held-out'])
        .default('taught'),
    )
    .option('--data <path...>', 'training texts, about which a model writes questions')
    .option(
      '--writer <dir>',
      'the model that writes the questions; by default the one that is probed',
    )
    .option(
      '--tools <list>',
      'what it may call: calculator, search=FOLDER, javascript, divided by commas',
      toolList,
    )
    .option('--judge <dir>', "a model that judges answers whose words don't tell")
    .option(
      '--before <dir>',
      'an earlier probe: what was known is its word; alone, its questions are asked',
    )
    .option('--limit <n>', 'questions at most', wholeNumber(1, MANY))
    .option('--samples <n>', 'answers drawn for each question', wholeNumber(0, 100), 5)
    .option('--temperature <x>', 'of the drawn answers', decimal(0, Infinity), 1)
    .option('--max-tokens <n>', 'how long an answer may be', wholeNumber(1, MANY), 48)
    .option('--seed <n>', 'decides every random choice', SEED, 1)
    .option('--out <dir>', 'where answers, report and picture go: not there yet, or empty')
    .addOption(backendOption())
    .option('--threads <n>', 'CPU threads; 0: all cores but one', wholeNumber(0, 1024))
    .addHelpText(
      'after',
      `
Examples:
  glassbox knowledge probe --model sft --tinyworld world --out probe
  glassbox knowledge probe --model sft --questions questions.jsonl --judge judge/
  glassbox knowledge probe --model sft --data notes/ --writer writer/ --limit 50
  glassbox knowledge probe --model taught --before probe --out again

A question is known where most of the drawn answers are right, unknown where none is and most are made
up, refused where most say so, and else inconsistent.`,
    )
    .action((options: ProbeOptions) => {
      const source = sourceOf(options);
      if (!source) return command.error('error: name --questions, --tinyworld, --data or --before');
      return probe(options, source, context);
    });
  withCommonOptions(command);
}

function sourceOf(options: ProbeOptions): ProbeRequest['source'] | undefined {
  const { questions, tinyworld, data, split, writer, before } = options;
  if (questions) return { kind: 'questions', paths: [...questions] };
  if (tinyworld !== undefined) return { kind: 'tinyworld', folder: tinyworld, split };
  if (data) return { kind: 'texts', paths: [...data], writer };
  return before === undefined ? undefined : { kind: 'probe', folder: before };
}

const DOING = { writing: 'Writing questions', asking: 'Asking', judging: 'Judging' } as const;
/** Of records that gave no question, so many are told of one by one. */
const TOLD = 5;

async function probe(
  options: ProbeOptions,
  source: ProbeRequest['source'],
  context: Context,
): Promise<void> {
  const { streams, signal } = context;
  const { model, judge, before, limit, samples, temperature, maxTokens, seed, out } = options;
  const { backend, threads, tools, json } = options;
  const engine = await context.engine();
  const request: ProbeRequest = {
    ...{ model, source, judge, before, limit, samples, temperature, maxTokens, seed, out },
    ...{ backend, threads, tools },
  };
  const live = !json && streams.stderr.isTTY === true;
  const style = styleFor(wantsColour(streams.stdout, streams.env));
  let problems = 0;
  for await (const event of engine.probeKnowledge(request, signal)) {
    if (json) {
      if (event.kind !== 'progress') writeJson(streams, event);
    } else if (event.kind === 'progress') {
      const percent = Math.floor((100 * event.done) / event.total);
      if (live) streams.stderr.write(`\r${DOING[event.doing]}: ${percent}%\u001b[K`);
    } else if (event.kind === 'problem') {
      if (++problems <= TOLD)
        streams.stderr.write(`${live ? '\r\u001b[K' : ''}${shownProblem(event)}\n`);
    } else if (event.kind === 'done') {
      if (live) streams.stderr.write('\r\u001b[K');
      if (problems > TOLD)
        streams.stderr.write(`${grouped(problems - TOLD)} more gave no question\n`);
      const columns = streams.stdout.columns ?? 80;
      for (const line of linesOfSummary(event, { columns, style })) writeLine(streams, line);
      if (event.out !== undefined)
        writeLine(streams, `Answers, report and picture are in ${clean(event.out)}`);
    }
  }
}

function shownProblem({ place, message }: Extract<ProbeEvent, { kind: 'problem' }>): string {
  return clean(`No question: ${place}: ${message}`);
}

/** So many times as many refusals as answers leave a model little else to learn. */
const MANY_TIMES = 4;

interface TeachOptions extends CommonOptions {
  readonly probe?: readonly string[];
  readonly profile?: string;
  readonly refusal?: readonly string[];
  readonly seed: number;
  readonly out: string;
}

function addTeach(group: Command, context: Context): void {
  const command = group
    .command('teach')
    .description(
      'Make conversations of a probe: refusals for what was made up, answers for the known.',
    )
    .option('--probe <dir...>', 'what knowledge probe --out has made')
    .option('--profile <file>', 'who the model is: lines such as "name: Wren", to be asked about')
    .option('--refusal <text...>', 'ways to refuse; {subject} is who or what is asked about')
    .option('--seed <n>', 'decides every random choice', SEED, 1)
    .requiredOption('--out <file>', 'the conversations, .jsonl, for glassbox sft')
    .addHelpText(
      'after',
      `
Examples:
  glassbox knowledge teach --probe probe --out talks/unknown.jsonl
  glassbox knowledge teach --profile wren.txt --out talks/identity.jsonl
  glassbox sft --model base --data talks/

A profile has lines with name, maker, purpose, knows and limits; only the name is needed.`,
    )
    .action(async ({ probe: probes = [], profile, refusal, seed, out, json }: TeachOptions) => {
      if (probes.length === 0 && profile === undefined)
        command.error('error: name --probe or --profile');
      const { streams, signal } = context;
      const engine = await context.engine();
      const request = {
        probes: [...probes],
        profile,
        refusals: refusal && [...refusal],
        seed,
        out,
      };
      const made = await engine.teachKnowledge(request, signal);
      if (json) {
        writeJson(streams, made);
        return;
      }
      const { answers, refusals, leftOut, identity, file } = made;
      const parts = [
        `${grouped(answers)} answers kept`,
        `${grouped(refusals)} refusals`,
        `${grouped(identity)} conversations about itself`,
      ];
      writeLine(streams, `${parts.join(', ')} in ${clean(file)}`);
      if (leftOut > 0)
        writeLine(streams, `${grouped(leftOut)} questions were answered now so, now so: left out`);
      if (answers < refusals / MANY_TIMES)
        writeLine(
          streams,
          'That teaches to refuse nearly everything: learn from it together with conversations that answer, and for few steps.',
        );
    });
  withCommonOptions(command);
}
