/** `data plan`: what has a cluster make a corpus. */
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { GlassboxError } from '../../base/errors';
import { writeJson, writeLine } from './console';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { corpusFrom, noSources, withCorpusOptions, type CorpusOptions } from './corpusOptions';
import { MANY, wholeNumber } from './options';

/** `3/8` as the fourth of eight parts. */
export function shardOf(text: string): { readonly index: number; readonly of: number } {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text.trim()) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (shard.index < shard.of && shard.of <= MANY) return shard;
  throw new InvalidArgumentError('Expected a part, from 0, and their number, as in 0/8.');
}

interface PlanOptions extends CommonOptions, CorpusOptions {
  readonly engine: 'slurm' | 'kubernetes';
  readonly shards: number;
  readonly cores: number;
  readonly command: string;
  readonly manifests?: string;
  readonly image?: string;
  readonly claim?: string;
  readonly mount?: string;
}

export function addPlan(group: Command, context: Context): void {
  const command = withCorpusOptions(
    group
      .command('plan')
      .description('Write what has a cluster make a corpus: job arrays, or Indexed Jobs.')
      .addOption(
        new Option('--engine <name>', 'what runs the jobs')
          .choices(['slurm', 'kubernetes'])
          .makeOptionMandatory(),
      ),
  )
    .option('--shards <n>', 'parts that the filtering is cut into', wholeNumber(1, 100_000), 8)
    .option('--cores <n>', 'processor cores for each of them', wholeNumber(1, 1024), 4)
    .option('--command <text>', 'how Glassbox is called there', 'glassbox')
    .option('--manifests <dir>', 'where the files go; beside the corpus if not given')
    .option('--image <name>', 'Kubernetes: an image with Glassbox in it')
    .option('--claim <name>', 'Kubernetes: the claim of a volume with sources and corpus')
    .option('--mount <dir>', 'Kubernetes: where that is mounted; around the corpus if not given')
    .addHelpText(
      'after',
      `
Examples:
  glassbox data plan --engine slurm --recipe web.corpus.json --out /shared/web --shards 64
  sh /shared/web-slurm/submit.sh

The machines have to see the sources and the corpus's folder under the same paths as this one. A job
that failed can be started again; it goes on with what is missing.`,
    )
    .action((options: PlanOptions) => plan(options, context));
  withCommonOptions(command);
}

async function plan(options: PlanOptions, context: Context): Promise<void> {
  const { streams, signal } = context;
  const { engine, shards, cores, command, image, claim, mount, json } = options;
  if (engine === 'kubernetes' && (image === undefined || claim === undefined))
    throw new GlassboxError('no-image', 'A cluster needs to know what to run, and on which disk.', {
      remedy: 'Give --image and --claim.',
    });
  const { recipe, out } = await corpusFrom(options);
  if (!recipe) throw noSources();
  const manifests = path.resolve(options.manifests ?? `${out}-${engine}`);
  const cluster = { engine, shards, cores, command, image, claim, mount };
  const service = await context.engine();
  const { files } = await service.planCorpus({ recipe, out, manifests, ...cluster }, signal);
  if (json) {
    writeJson(streams, { files });
    return;
  }
  for (const file of files) writeLine(streams, ` ${file}`);
  writeLine(streams, '');
  writeLine(streams, ` Start it with  sh ${path.join(manifests, 'submit.sh')}`);
}
