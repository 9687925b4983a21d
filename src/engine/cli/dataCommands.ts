/** `data curate`, `explain`, `stats` and `trace`: web pages become a corpus, and say why. */
import path from 'node:path';
import { Option, type Command } from 'commander';
import { hasCode } from '../../base/errors';
import type { CorpusStatistics, CurateEvent, Explanation } from '../../protocol/corpusMessages';
import { writeJson, writeLine, type Streams } from './console';
import { wantsColour } from './display';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { corpusFrom, withCorpusOptions, type CorpusOptions } from './corpusOptions';
import { MANY, wholeNumber } from './options';
import { addPlan, shardOf } from './planCommand';
import { clean, clock, grouped, short, styleFor, wrap, type Style } from './terminalText';

export function addData(program: Command, context: Context): void {
  const group = program
    .command('data')
    .description('Make a training corpus of web pages and texts; ask why a document is in it.');
  addCurate(group, context);
  addPlan(group, context);
  addExplain(group, context);
  addStats(group, context);
  addTrace(group, context);
}

interface TraceOptions extends CommonOptions {
  readonly token: number;
  readonly split: 'train' | 'validation';
}

interface CurateOptions extends CommonOptions, CorpusOptions {
  readonly workers?: number;
  readonly step?: 'filter' | 'bands' | 'clusters' | 'write';
  readonly shard?: { readonly index: number; readonly of: number };
}

function addCurate(group: Command, context: Context): void {
  const command = withCorpusOptions(
    group
      .command('curate')
      .description('Filter and deduplicate sources as FineWeb was made; every decision is kept.'),
  )
    .option(
      '--workers <n>',
      'how many threads filter; all cores but one if not given',
      wholeNumber(1, 1024),
    )
    .addOption(
      new Option('--step <step>', 'one step alone, on what the one before it has left').choices([
        'filter',
        'bands',
        'clusters',
        'write',
      ]),
    )
    .option('--shard <i/n>', 'part i, from 0, of n of the step filter or bands', shardOf)
    .addHelpText(
      'after',
      `
Examples:
  glassbox data curate --source crawl.warc.gz --out corpus
  glassbox data curate --recipe web.corpus.json
  glassbox train --data corpus

A corpus that was not finished is gone on with by the same command, or by --out alone. --shard without
--step is a part of the filtering; data plan writes what has a cluster make a corpus.`,
    )
    .action((options: CurateOptions) => curate(options, context));
  withCommonOptions(command);
}

async function curate(options: CurateOptions, context: Context): Promise<void> {
  const { streams, signal } = context;
  const { workers, json, shard, step = shard ? 'filter' : undefined } = options;
  const { recipe, out } = await corpusFrom(options);
  const engine = await context.engine();
  const request = { recipe, out, workers, step, shard };
  const live = !json && streams.stderr.isTTY === true;
  try {
    for await (const event of engine.curate(request, signal)) {
      if (json) {
        if (event.kind !== 'start') writeJson(streams, event);
      } else if (event.kind === 'done') {
        if (live) streams.stderr.write('\r\u001b[K');
        const statistics = await engine.corpusStatistics({ corpus: event.out }, signal);
        writeStatistics(statistics, streams);
        writeLine(streams, '');
        writeLine(streams, ` The corpus is in  ${event.out}`);
        writeLine(streams, ` Train on it       glassbox train --data ${event.out}`);
      } else if (event.kind === 'stepDone') {
        if (live) streams.stderr.write('\r\u001b[K');
        writeLine(streams, ` The step ${event.step} is done in  ${event.out}`);
      } else if (live) {
        streams.stderr.write(`\r${progressLine(event)}\u001b[K`);
      }
    }
  } catch (thrown) {
    if (!json && signal.aborted && hasCode(thrown, 'cancelled'))
      streams.stderr.write('\nStopped. The same command goes on from here.\n');
    throw thrown;
  }
}

function progressLine(event: Extract<CurateEvent, { kind: 'start' | 'progress' }>): string {
  if (event.kind === 'start') return `${grouped(event.files)} files, ${short(event.bytes)}B`;
  const { phase, done, total, documents, kept, documentsPerSecond, secondsLeft } = event;
  const share = total === 0 ? 100 : Math.floor((done / total) * 100);
  const doing = { filter: 'Filtering', duplicates: 'Comparing', write: 'Writing' }[phase];
  const left = secondsLeft === null ? '' : `, ${clock(secondsLeft * 1000)} left`;
  return `${doing} ${share}%: ${grouped(kept)} of ${grouped(documents)} documents kept, ${documentsPerSecond.toFixed(1)} a second${left}`;
}

function addStats(group: Command, context: Context): void {
  const command = group
    .command('stats')
    .description('What each stage of a corpus left, and why documents were dropped.')
    .argument('<dir>', "the corpus's folder")
    .action(async (corpus: string, options: CommonOptions) => {
      const engine = await context.engine();
      const statistics = await engine.corpusStatistics(
        { corpus: path.resolve(corpus) },
        context.signal,
      );
      if (options.json) writeJson(context.streams, statistics);
      else writeStatistics(statistics, context.streams);
    });
  withCommonOptions(command);
}

/** The funnel as bars, then the reasons. */
function writeStatistics(statistics: CorpusStatistics, streams: Streams): void {
  const style = styleFor(wantsColour(streams.stdout, streams.env));
  const write = (line: string): void => writeLine(streams, line);
  const { documentsIn, documentsKept, tokens, funnel, dropped } = statistics;
  write(
    ` ${style.bold(`${grouped(documentsKept)} of ${grouped(documentsIn)} documents kept`)}, ${grouped(tokens)} tokens`,
  );
  write('');
  write(style.dim(' left after                documents      tokens'));
  let before = documentsIn;
  for (const { stage, documents, tokens: left } of funnel) {
    const share = documentsIn === 0 ? 0 : documents / documentsIn;
    const bar = '█'.repeat(Math.round(share * 24));
    const line = ` ${stage.padEnd(22)}${grouped(documents).padStart(13)}${grouped(left).padStart(12)}  `;
    write(documents === before ? style.dim(line + bar) : line + bar);
    before = documents;
  }
  if (Object.keys(dropped).length === 0) return;
  write('');
  write(style.dim(' dropped for'));
  for (const [reason, count] of Object.entries(dropped))
    write(` ${reason.padEnd(42)}${grouped(count).padStart(8)}`);
}

function addExplain(group: Command, context: Context): void {
  const command = group
    .command('explain')
    .description("Why a document is in a corpus or isn't: its values against the thresholds.")
    .argument('<url|id>', 'its address, its id, or the id of its record')
    .requiredOption('--corpus <dir>', "the corpus's folder")
    .action(async (document: string, options: CommonOptions & { corpus: string }) => {
      const engine = await context.engine();
      const request = { corpus: path.resolve(options.corpus), document };
      const style = styleFor(wantsColour(context.streams.stdout, context.streams.env));
      for (const explanation of await engine.explainDocument(request, context.signal))
        if (options.json) writeJson(context.streams, explanation);
        else writeExplanation(explanation, context.streams, style);
    });
  withCommonOptions(command);
}

const shownNumber = (value: number): string =>
  Number.isInteger(value) ? grouped(value) : value.toFixed(value < 1 ? 4 : 2);

function writeExplanation(
  { document, shard, line, stages }: Explanation,
  streams: Streams,
  style: Style,
): void {
  const write = (text: string): void => writeLine(streams, text);
  const { drop, title, url, id, file, offset, record, language, tokens, text } = document;
  write(` ${style.bold(clean(title ?? url ?? id))}`);
  if (url !== undefined) write(` ${clean(url)}`);
  write(
    style.dim(
      ` ${id}: ${clean(file)}, at ${grouped(offset)}${record === undefined ? '' : `, ${clean(record)}`}`,
    ),
  );
  write(
    style.dim(` ${shard}:${line}, ${grouped(tokens)} tokens, language ${language ?? 'unknown'}`),
  );
  write('');
  if (!drop) {
    write(` ${style.good('kept')}`);
  } else {
    const held =
      drop.measured === undefined || drop.threshold === undefined
        ? ''
        : `: ${shownNumber(drop.measured)} against ${shownNumber(drop.threshold)}`;
    const of = drop.of === undefined ? '' : ` of ${drop.of}`;
    write(` ${style.bad('dropped')} by ${drop.stage}.${drop.reason}${of}${held}`);
  }
  for (const { stage, values } of stages) {
    write('');
    write(style.dim(` ${stage}`));
    for (const { measure, value, limits } of values) {
      const held = limits
        .map(({ setting, threshold, drops, crossed }) => {
          const limit = `${drops === 'above' ? 'at most' : 'at least'} ${shownNumber(threshold)} (${setting})`;
          return crossed ? style.bad(limit) : style.dim(limit);
        })
        .join(', ');
      write(`   ${measure.padEnd(30)}${shownNumber(value).padStart(10)}  ${held}`);
    }
  }
  const beginning = text.slice(0, 400).replace(/\s+/g, ' ').trim();
  if (beginning === '') return;
  write('');
  for (const part of wrap(clean(beginning), Math.min(100, (streams.stdout.columns ?? 80) - 4)))
    write(`   ${part}`);
}

function addTrace(group: Command, context: Context): void {
  const command = group
    .command('trace')
    .description(
      'Which document a token came from that a run was trained on, and why it was let in.',
    )
    .argument('<run>', "a run's folder")
    .requiredOption('--token <n>', 'its place among the tokens, from 0', wholeNumber(0, MANY))
    .addOption(
      new Option('--split <part>', 'which part it is in')
        .choices(['train', 'validation'])
        .default('train'),
    )
    .action(async (run: string, options: TraceOptions) => {
      const { streams, signal } = context;
      const { token, split, json } = options;
      const engine = await context.engine();
      const origin = await engine.traceToken({ run: path.resolve(run), split, token }, signal);
      if (json) {
        writeJson(streams, origin);
        return;
      }
      const { document, start, end, source, explanation } = origin;
      const place = `tokens ${grouped(start)} to ${grouped(end - 1)}`;
      writeLine(streams, ` document ${grouped(document)} (${place}): ${clean(source)}`);
      if (!explanation) return;
      writeLine(streams, '');
      const style = styleFor(wantsColour(streams.stdout, streams.env));
      writeExplanation(explanation, streams, style);
    });
  withCommonOptions(command);
}
