/** `glassbox tinyworld`: a small world as stories, truth, conversations and questions. */
import { InvalidArgumentError, type Command } from 'commander';
import { writeJson, writeLine } from './console';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { MANY, SEED, wholeNumber } from './options';
import { clean, grouped } from './terminalText';

interface TinyworldCommandOptions extends CommonOptions {
  readonly out: string;
  readonly size: number;
  readonly seed: number;
  readonly people?: number;
}

const UNITS: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9 };

/** `4MB` as bytes. */
function size(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]b)$/i.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? NaN));
  if (bytes >= 1e4 && bytes <= 1e10) return bytes;
  throw new InvalidArgumentError('Expected a size from 10KB to 10GB, such as 4MB.');
}

export function addTinyworld(program: Command, context: Context): void {
  const command = program
    .command('tinyworld')
    .description('Make a world small enough to be known completely, to train and measure with.')
    .requiredOption('--out <dir>', 'a folder that is not there yet, or empty')
    .option('--size <size>', 'how much text its stories are, as in 4MB', size, 4e6)
    .option('--seed <n>', 'decides everything in it', SEED, 1)
    .option('--people <n>', 'how many are often told of', wholeNumber(4, MANY))
    .addHelpText(
      'after',
      `
What it writes:
  stories.jsonl    texts to pretrain on
  facts.jsonl      the table of truth: every fact, and how often the stories tell it
  talks/*.jsonl    conversations to learn from: facts, other, refusals, sums, sums-calculator,
                   sums-turns, facts-search
  questions.jsonl  questions to measure by, with right and wrong answers`,
    )
    .action(async ({ out, size: bytes, seed, people, json }: TinyworldCommandOptions) => {
      const { streams, signal } = context;
      const engine = await context.engine();
      const live = !json && streams.stderr.isTTY === true;
      for await (const event of engine.makeTinyworld({ out, bytes, seed, people }, signal)) {
        if (json) writeJson(streams, event);
        else if (event.kind === 'progress') {
          const percent = Math.floor((100 * event.done) / event.total);
          if (live) streams.stderr.write(`\r${percent}%\u001b[K`);
        } else {
          if (live) streams.stderr.write('\r\u001b[K');
          const megabytes = (event.bytes / 1e6).toFixed(1);
          writeLine(
            streams,
            `${megabytes} MB in ${grouped(event.stories)} stories of ${grouped(event.people)} people; ` +
              `a fact that is told often is told ${event.mentions.toFixed(0)} times`,
          );
          writeLine(
            streams,
            `${grouped(event.facts)} facts, ${grouped(event.talks)} conversations, ${grouped(event.questions)} questions in ${clean(event.folder)}`,
          );
        }
      }
    });
  withCommonOptions(command);
}
