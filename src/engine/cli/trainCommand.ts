/**
 * `glassbox train`: a recipe (a file, or the defaults) with settings on top becomes a run. Every option
 * but the folders is a setting in short form: `--steps 100` is `--set train.steps=100`.
 */
import path from 'node:path';
import { Option, type Command } from 'commander';
import { hasCode } from '../../base/errors';
import { readTextFile } from '../../base/files';
import { resolvePaths } from '../../recipe/paths';
import { applySettings, defaultRecipe, parseRecipe, type Recipe } from '../../recipe/run';
import { writeJson, writeLine } from './console';
import { RunDisplay } from './display';
import type { TrainEvent, TrainRequest } from '../../protocol/messages';
import { epochsOption, MANY, SEED, wholeNumber } from './options';
import { withCommonOptions, type CommandEngine, type CommonOptions, type Context } from './context';
import { clean, grouped } from './terminalText';

interface TrainOptions extends CommonOptions {
  readonly recipe?: string;
  readonly data?: readonly string[];
  readonly preset?: string;
  readonly set?: readonly string[];
  readonly steps?: number;
  readonly epochs?: number;
  readonly backend?: string;
  readonly precision?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly seed?: number;
  readonly threads?: number;
}

export function addTrain(program: Command, context: Context): void {
  const command = program
    .command('train')
    .description('Train a model, and watch it learn to write.')
    .addOption(new Option('--recipe <file>', 'what to do, as a *.recipe.json').conflicts('resume'))
    .addOption(
      new Option('--data <path...>', 'files and folders of text to learn from').conflicts('resume'),
    )
    .addOption(
      new Option('--preset <name>', 'the size of the model')
        .choices(['tiny', 'small', 'base'])
        .conflicts('resume'),
    )
    .option('--set <key=value...>', 'any field of the recipe, as in train.lr=3e-4')
    .option(
      '--steps <n>',
      'how many steps in all, those before --resume included',
      wholeNumber(1, MANY),
    )
    .addOption(epochsOption())
    .addOption(
      new Option(
        '--backend <name>',
        'what computes; one asked for by name is never replaced',
      ).choices(['auto', 'onnx', 'webgpu', 'reference']),
    )
    .addOption(
      new Option(
        '--precision <name>',
        'what products multiply: f32, or f16 (half floats); auto: f16 on a GPU that has them',
      ).choices(['auto', 'f32', 'f16']),
    )
    .option('--out <dir>', "the run's folder")
    .option('--resume <dir>', 'go on with a run, or from one of its checkpoints')
    .option('--seed <n>', 'decides every random choice', SEED)
    .option('--threads <n>', 'CPU threads; 0: all cores but one', wholeNumber(0, 1024))
    .addHelpText(
      'after',
      `
Examples:
  glassbox train                                      the sample text with the default recipe
  glassbox train --data notes/ --preset tiny --steps 2000
  glassbox train --recipe my.recipe.json --set train.optimizer=muon model.layers=6
  glassbox train --resume .glassbox/runs/my-run --steps 4000`,
    )
    .action((options: TrainOptions) => train(options, context));
  withCommonOptions(command);
}

async function train(options: TrainOptions, context: Context): Promise<void> {
  await runTraining(await requestFrom(options), options, context);
}

/** Trains, and shows it as the options say. */
export async function runTraining(
  request: TrainRequest,
  options: CommonOptions,
  context: Context,
): Promise<void> {
  const engine = await context.engine();
  const events = untilStopped(engine, request, context.signal);
  if (options.json) await trainAsJson(events, context);
  else await trainWithDisplay(events, context);
}

/**
 * A run's events. Ctrl-C tells the run to stop, and its events go on to its end, so that what is said
 * then is true. What has not begun has nothing to save: it is given up.
 */
async function* untilStopped(
  engine: CommandEngine,
  request: TrainRequest,
  signal: AbortSignal,
): AsyncGenerator<TrainEvent, void, void> {
  const givenUp = new AbortController();
  let run: string | undefined;
  const stop = (): void => {
    if (run === undefined) givenUp.abort();
    // One that has ended meanwhile need not be told.
    else engine.stopRun({ folder: run }, givenUp.signal).catch(() => undefined);
  };
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) stop();
    for await (const event of engine.train(request, givenUp.signal)) {
      if (event.kind === 'start') run = event.run;
      if (event.kind === 'start' && signal.aborted) stop();
      yield event;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function requestFrom(options: TrainOptions): Promise<TrainRequest> {
  const settings = settingsFrom(options);
  if (options.resume !== undefined)
    return { kind: 'resume', folder: options.resume, settings, out: options.out };
  const recipe = options.recipe === undefined ? defaultRecipe() : await readRecipe(options.recipe);
  return { kind: 'new', recipe: applySettings(recipe, settings), out: options.out };
}

/** All settings in order: what an option of its own says comes after what `--set` says. */
function settingsFrom(options: TrainOptions): string[] {
  const { recipe, data, preset, steps, epochs, backend, precision, seed, threads } = options;
  const set = options.set ?? [];
  const inSteps = steps !== undefined || set.some((each) => /^\s*train\.steps\s*=/.test(each));
  const short: readonly (readonly [string, unknown])[] = [
    ['data.paths', data],
    ['model.preset', preset],
    ['train.steps', steps],
    ['train.epochs', epochs],
    ['runtime.backend', backend],
    ['runtime.precision', precision],
    ['seed', seed],
    ['runtime.threads', threads],
  ];
  const given = short.filter(([, value]) => value !== undefined);
  return [
    // A file's epochs would take the place of the steps that are asked for.
    ...(recipe !== undefined && inSteps ? ['train.epochs=null'] : []),
    ...set,
    ...given.map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  ];
}

/** The recipe in a file, whose paths are relative to it; those of options are relative to here. */
async function readRecipe(file: string): Promise<Recipe> {
  const recipe = parseRecipe(await readTextFile(file), file);
  return resolvePaths(recipe, path.dirname(path.resolve(file)));
}

const WRITTEN: ReadonlySet<TrainEvent['kind']> = new Set(['train', 'eval', 'done', 'stopped']);

/** The metrics as the run's own metrics.jsonl has them, then where everything lies. */
async function trainAsJson(events: AsyncIterable<TrainEvent>, { streams }: Context): Promise<void> {
  for await (const event of events) {
    if (WRITTEN.has(event.kind)) writeJson(streams, event);
    else if (event.kind === 'note') streams.stderr.write(`${clean(event.text)}\n`);
  }
}

async function trainWithDisplay(
  events: AsyncIterable<TrainEvent>,
  context: Context,
): Promise<void> {
  const { streams, signal } = context;
  const display = new RunDisplay(streams.stdout, streams.env);
  const { style, progress } = display;
  let run: string | undefined;
  let done: Extract<TrainEvent, { kind: 'done' }> | undefined;
  const stopping = (): void => {
    if (run !== undefined) display.say(' Stops after this step. Ctrl-C again ends at once.');
  };
  signal.addEventListener('abort', stopping);
  try {
    for await (const event of events) {
      if (event.kind === 'start') run = event.run;
      if (event.kind === 'done') done = event;
      display.take(event);
    }
  } catch (thrown) {
    if (!(signal.aborted && hasCode(thrown, 'cancelled'))) throw thrown;
  } finally {
    signal.removeEventListener('abort', stopping);
    display.close();
  }

  const { answers } = progress;
  const write = (line: string): void => writeLine(streams, line);
  const stopped = signal.aborted || done === undefined;
  write('');
  if (stopped) write(` Stopped at step ${grouped(progress.step)}.`);
  const measured = progress.lastEval;
  if (measured?.valLoss != null && measured.bitsPerByte !== null && !stopped) {
    const bits = `${measured.bitsPerByte.toFixed(3)} bits per byte`;
    const loss = `loss ${measured.valLoss.toFixed(3)}`;
    write(
      answers
        ? ` On the answers held out: ${style.bold(loss)}, ${bits}.`
        : ` On the text held out: ${style.bold(bits)}, ${loss}.`,
    );
  }
  const folder = done?.run ?? run;
  if (folder !== undefined) write(` ${style.dim('The run is in')}  ${shown(folder)}`);
  if (folder !== undefined && stopped)
    write(` ${style.dim('Go on with')}     ${program()} train --resume ${shown(folder)}`);
  if (done === undefined || stopped) return;
  const asked = answers
    ? `${style.dim('Talk to it')}     ${program()} chat --model ${shown(done.checkpoint)}`
    : `${style.dim('Let it write')}   ${program()} generate --model ${shown(done.checkpoint)} --prompt "The "`;
  write(` ${asked}`);
}

/**
 * What a person types to start this program: `npm start` says how it is reached from a checkout, npx
 * that it ran it.
 */
const program = (): string =>
  process.env['GLASSBOX_PROGRAM'] ??
  (process.env['npm_command'] === 'exec' ? 'npx glassbox' : 'glassbox');

/** A path as a person would type it, from where they started. */
function shown(folder: string): string {
  const whole = path.resolve(folder);
  const relative = path.relative(process.env['GLASSBOX_STARTED_IN'] ?? '', whole);
  const best = relative !== '' && !relative.startsWith('..') ? relative : whole;
  return /^[\w./\\:@~-]+$/.test(best) ? best : JSON.stringify(best);
}
