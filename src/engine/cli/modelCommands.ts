/** `generate`, `logits`, `eval` and `devices`: what asks a model, or the machine, and prints the answer. */
import { Option, type Command } from 'commander';
import { writeJson, writeLine } from './console';
import { wantsColour } from './display';
import type { BackendChoice, GenerateEvent, PrecisionChoice } from '../../protocol/messages';
import {
  backendOption,
  decimal,
  idList,
  MANY,
  precisionOption,
  SEED,
  wholeNumber,
} from './options';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { clean, styleFor, type Style } from './terminalText';

const modelOption = (): Option =>
  new Option(
    '--model <dir>',
    'a run, one of its checkpoints, or any model in Hugging Face format',
  ).makeOptionMandatory();

/** What every command that asks a model has. */
interface ModelOptions extends CommonOptions {
  readonly model: string;
  readonly backend: BackendChoice;
  readonly precision: PrecisionChoice;
}

interface GenerateOptions extends ModelOptions {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed?: number;
  readonly topLogprobs: number;
}

export function addGenerate(program: Command, context: Context): void {
  const command = program
    .command('generate')
    .description('Let a model go on with a text.')
    .addOption(modelOption())
    .requiredOption('--prompt <text>', 'what it goes on with; may be empty')
    .option('--max-tokens <n>', 'how much it may write', wholeNumber(1, MANY), 128)
    .option(
      '--temperature <x>',
      '0: always the likeliest token; more: wilder',
      decimal(0, Infinity),
      0.8,
    )
    .option('--top-k <n>', 'choose among the n likeliest; 0: all', wholeNumber(0, MANY), 0)
    .option('--top-p <x>', 'choose among the likeliest that make up x', decimal(0, 1, true), 1)
    .option('--min-p <x>', "leave out what is below x times the likeliest's", decimal(0, 1), 0)
    .option('--seed <n>', 'makes the same choices each time', SEED)
    .option(
      '--top-logprobs <k>',
      'show the k likeliest tokens at each step',
      wholeNumber(0, 1000),
      0,
    )
    .addOption(backendOption())
    .addOption(precisionOption())
    .action((options: GenerateOptions) => generate(options, context));
  withCommonOptions(command);
}

async function generate(options: GenerateOptions, context: Context): Promise<void> {
  const { streams, signal } = context;
  const { model, prompt, maxTokens, temperature, topK, topP, minP, topLogprobs } = options;
  const { backend, precision } = options;
  const sampling = { temperature, topK, topP, minP, seed: options.seed };
  const engine = await context.engine();
  const events = engine.generate(
    { model, prompt, maxTokens, ...sampling, topLogprobs, backend, precision },
    signal,
  );
  if (options.json) {
    for await (const event of events) if (event.kind !== 'start') writeJson(streams, record(event));
    return;
  }
  const style = styleFor(wantsColour(streams.stdout, streams.env));
  // On a terminal a model must not be able to move the cursor; into a file goes what it wrote.
  const safe = (text: string): string =>
    streams.stdout.isTTY ? text.split('\n').map(clean).join('\n') : text;
  const table = options.topLogprobs > 0;
  let open = false;
  try {
    for await (const event of events) {
      if (event.kind === 'done') break;
      if (table) {
        if (event.kind === 'token') writeLine(streams, tokenLine(event, style));
        continue;
      }
      open = true;
      streams.stdout.write(event.kind === 'start' ? style.dim(safe(prompt)) : safe(event.text));
    }
  } finally {
    // What goes wrong is told on a line of its own.
    if (open) streams.stdout.write('\n');
  }
}

type TokenEvent = Extract<GenerateEvent, { kind: 'token' }>;

/** What `--json` shows of an event. */
function record(event: Exclude<GenerateEvent, { kind: 'start' }>): object {
  if (event.kind === 'done') return { kind: event.kind, text: event.text };
  const { id, text, logprob, top } = event;
  return { id, text, logprob, top };
}

/** A token with its probability, and beside it what else was likely. */
function tokenLine(event: TokenEvent, style: Style): string {
  const percent = (logprob: number): string => `${(Math.exp(logprob) * 100).toFixed(1)}%`;
  const others = event.top.map(
    (other) => `${JSON.stringify(other.text)} ${percent(other.logprob)}`,
  );
  const chosen = `${percent(event.logprob).padStart(6)}  ${JSON.stringify(event.text).padEnd(16)}`;
  return `${style.bold(clean(chosen))} ${style.dim(clean(others.join('  ')))}`;
}

export function addLogits(program: Command, context: Context): void {
  const command = program
    .command('logits')
    .description('What a model makes of token ids: the logits at the last position.')
    .addOption(modelOption())
    .requiredOption('--ids <ids>', 'token ids divided by commas', idList)
    .addOption(backendOption())
    .addOption(precisionOption())
    .action(async (options: ModelOptions & { ids: number[] }) => {
      const { model, ids, backend, precision } = options;
      const engine = await context.engine();
      const answer = await engine.logits({ model, ids, backend, precision }, context.signal);
      const { logits } = answer;
      if (options.json) {
        writeJson(context.streams, answer);
        return;
      }
      const computed = `${answer.backend} in ${answer.precision} (${answer.adapter})`;
      writeLine(context.streams, `${logits.length} logits, from ${computed}`);
      const best = logits.map((logit, id) => ({ id, logit })).sort((a, b) => b.logit - a.logit);
      for (const { id, logit } of best.slice(0, 10))
        writeLine(context.streams, `${String(id).padStart(8)}  ${logit.toFixed(4)}`);
    });
  withCommonOptions(command);
}

export function addEval(program: Command, context: Context): void {
  const command = program
    .command('eval')
    .description('How well a model predicts a text.')
    .addOption(modelOption())
    .requiredOption('--data <path...>', 'files and folders of text')
    .addOption(backendOption())
    .addOption(precisionOption())
    .action(async (options: ModelOptions & { data: string[] }) => {
      const { model, data, backend, precision } = options;
      const engine = await context.engine();
      const answer = await engine.evaluate({ model, data, backend, precision }, context.signal);
      const { loss, perplexity, bitsPerByte, tokens } = answer;
      if (options.json) {
        writeJson(context.streams, { loss, perplexity, bitsPerByte, tokens });
        return;
      }
      writeLine(context.streams, `loss          ${loss.toFixed(4)} nats per token`);
      writeLine(context.streams, `perplexity    ${perplexity?.toFixed(3) ?? 'too large to say'}`);
      writeLine(
        context.streams,
        `bits per byte ${bitsPerByte?.toFixed(4) ?? 'none: the tokens stand for no bytes'}`,
      );
      writeLine(context.streams, `tokens        ${tokens}`);
    });
  withCommonOptions(command);
}

export function addExport(program: Command, context: Context): void {
  const command = program
    .command('export')
    .description('Copy a model into a folder of its own, without what its run keeps beside it.')
    .addOption(modelOption())
    .requiredOption('--out <dir>', 'a folder that is not there yet, or empty')
    .action(async ({ json, ...request }: CommonOptions & { model: string; out: string }) => {
      const engine = await context.engine();
      const { model, out } = request;
      const answer = await engine.exportModel({ model, out }, context.signal);
      if (json) writeJson(context.streams, answer);
      else writeLine(context.streams, `${(answer.bytes / 1e6).toFixed(1)} MB in ${answer.folder}`);
    });
  withCommonOptions(command);
}

export function addDevices(program: Command, context: Context): void {
  const command = program
    .command('devices')
    .description('What this machine can compute with.')
    .action(async (options: CommonOptions) => {
      const engine = await context.engine();
      const devices = await engine.devices({}, context.signal);
      if (options.json) {
        for (const device of devices) writeJson(context.streams, device);
        return;
      }
      const style = styleFor(wantsColour(context.streams.stdout, context.streams.env));
      for (const { backend, adapter, available, details } of devices) {
        const mark = available ? style.good('yes') : style.dim('no ');
        writeLine(context.streams, `${mark}  ${style.bold(backend.padEnd(10))} ${clean(adapter)}`);
        for (const [name, value] of Object.entries(details)) {
          const text = shown(value);
          writeLine(context.streams, style.dim(`     ${name}: ${clean(text)}`));
        }
      }
    });
  withCommonOptions(command);
}

/** A detail of a device in one line: a list with commas, a table as name = value. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${shown(each)}`)
    .join(', ');
}
