/**
 * `glassbox sft`: supervised fine-tuning, a run like any other whose data are conversations. The
 * command is a recipe in short form; what it sets by itself, `--set` sets otherwise.
 */
import { Option, type Command } from 'commander';
import { FINE_TUNING } from '../../recipe/fineTune';
import { applySettings, recipeSchema } from '../../recipe/run';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { backendOption, epochsOption, MANY, SEED, wholeNumber } from './options';
import { runTraining } from './trainCommand';

interface SftOptions extends CommonOptions {
  readonly model: string;
  readonly data: readonly string[];
  readonly template?: string;
  readonly steps?: number;
  readonly epochs?: number;
  readonly set?: readonly string[];
  readonly out?: string;
  readonly seed?: number;
  readonly backend?: string;
  readonly threads?: number;
}

export function addSft(program: Command, context: Context): void {
  const command = program
    .command('sft')
    .description('Teach a model to answer, by conversations (supervised fine-tuning).')
    .addOption(
      new Option(
        '--model <dir>',
        'a run, one of its checkpoints, or any model in Hugging Face format',
      ).makeOptionMandatory(),
    )
    .requiredOption(
      '--data <path...>',
      'files and folders of conversations: .jsonl, .json, .chatml',
    )
    .option(
      '--template <name|file>',
      "chatml, llama3, nanochat or a .jinja file; auto: the model's own, else chatml",
    )
    .option('--steps <n>', 'how many steps (300)', wholeNumber(1, MANY))
    .addOption(epochsOption())
    .option('--set <key=value...>', 'any field of the recipe, as in train.lr=3e-4')
    .option('--out <dir>', "the run's folder")
    .option('--seed <n>', 'decides every random choice', SEED)
    .addOption(backendOption())
    .option('--threads <n>', 'CPU threads; 0: all cores but one', wholeNumber(0, 1024))
    .addHelpText(
      'after',
      `
Examples:
  glassbox sft --model .glassbox/runs/base --data talks.jsonl
  glassbox sft --model base/ --data talks/ --template nanochat --set train.lr=1e-3
  glassbox train --resume .glassbox/runs/sft --steps 600`,
    )
    .action(async (options: SftOptions) => {
      const recipe = applySettings(recipeSchema.parse(FINE_TUNING), settingsFrom(options));
      await runTraining({ kind: 'new', recipe, out: options.out }, options, context);
    });
  withCommonOptions(command);
}

function settingsFrom(options: SftOptions): string[] {
  const { model, data, template, steps, epochs, seed, backend, threads } = options;
  const given: readonly (readonly [string, unknown])[] = [
    ['data.format', 'conversations'],
    ['data.paths', data],
    ['model.from', model],
    ['chat.template', template],
    ['train.steps', steps],
    ['train.epochs', epochs],
    ['seed', seed],
    ['runtime.backend', backend],
    ['runtime.threads', threads],
  ];
  const named = given.filter(([, value]) => value !== undefined);
  return [
    ...(options.set ?? []),
    ...named.map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  ];
}
