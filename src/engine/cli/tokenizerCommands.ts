/** `tokenizer train`, `tokenizer encode`, `tokenizer decode`. */
import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { GlassboxError } from '../../base/errors';
import { fileError } from '../../base/files';
import { writeJson, writeLine, type Streams } from './console';
import type { EncodeAnswer, EncodeRequest } from '../../protocol/messages';
import { parseIds, wholeNumber } from './options';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { grouped } from './terminalText';

const tokenizerOption = (): Option =>
  new Option(
    '--tokenizer <name|file>',
    'gpt2, cl100k_base, o200k_base, a tokenizer.json, or a folder that holds one',
  ).makeOptionMandatory();

export function addTokenizer(program: Command, context: Context): void {
  const group = program
    .command('tokenizer')
    .description('Train a tokenizer; turn text into tokens and back.');
  addTokenizerTrain(group, context);
  addEncode(group, context);
  addDecode(group, context);
}

interface TokenizerTrainOptions extends CommonOptions {
  readonly data: string[];
  readonly vocabSize: number;
  readonly pattern: string;
  readonly specialToken?: string[];
  readonly out: string;
}

function addTokenizerTrain(group: Command, context: Context): void {
  const command = group
    .command('train')
    .description('Learn a byte-pair vocabulary from text, and write it as a tokenizer.json.')
    .requiredOption('--data <path...>', 'files and folders of text')
    .requiredOption(
      '--vocab-size <n>',
      'how many tokens, the 256 bytes included',
      wholeNumber(256, 1_000_000),
    )
    .option(
      '--special-token <text...>',
      'a token of its own, such as "<|endoftext|>"; counted in the vocabulary',
    )
    .option(
      '--pattern <pattern>',
      'how text is split first: gpt2, cl100k, o200k, or a regular expression',
      'gpt2',
    )
    .requiredOption('--out <file>', 'the tokenizer.json to write')
    .action(async (options: TokenizerTrainOptions) => {
      const {
        data,
        vocabSize: vocab,
        pattern,
        specialToken: specialTokens = [],
        out,
        json,
      } = options;
      const { streams, signal } = context;
      const engine = await context.engine();
      const live = !json && streams.stderr.isTTY === true;
      const request = { data, vocab, pattern, specialTokens, out };
      for await (const event of engine.trainTokenizer(request, signal)) {
        if (json) {
          writeJson(streams, event);
        } else if (event.kind === 'done') {
          if (live) streams.stderr.write('\r\u001b[K');
          writeLine(streams, `${grouped(event.vocab)} tokens written to ${event.file}`);
        } else if (live) {
          const share = event.total ? ` ${Math.floor((event.done / event.total) * 100)}%` : '';
          streams.stderr.write(`\r${event.doing}${share}\u001b[K`);
        }
      }
    });
  withCommonOptions(command);
}

interface EncodeOptions extends CommonOptions {
  readonly tokenizer: string;
  readonly offsets?: true;
  readonly special: EncodeRequest['special'];
}

function addEncode(group: Command, context: Context): void {
  const command = group
    .command('encode')
    .description('Turn text into token ids.')
    .argument('[file]', 'the text; - for standard input', '-')
    .addOption(tokenizerOption())
    .option('--offsets', 'say for each token which bytes and characters it stands for')
    .addOption(
      new Option(
        '--special <what>',
        'special tokens in the text: as plain text, as what they are, or as an error',
      )
        .choices(['text', 'allow', 'forbid'])
        .default('text'),
    )
    .action(async (file: string, options: EncodeOptions) => {
      const { tokenizer, special } = options;
      const text = await readInput(file, context.streams);
      const engine = await context.engine();
      const offsets = options.offsets === true;
      const answer = await engine.encode({ tokenizer, special, offsets, text }, context.signal);
      const { ids } = answer;
      if (options.json)
        writeJson(context.streams, offsets ? { ids, offsets: answer.offsets } : { ids });
      else if (answer.offsets) writeOffsets(text, ids, answer.offsets, context.streams);
      else writeLine(context.streams, ids.join(' '));
    });
  withCommonOptions(command);
}

/** One token a line: id, bytes, characters, and the text that it covers. */
function writeOffsets(
  text: string,
  ids: readonly number[],
  offsets: NonNullable<EncodeAnswer['offsets']>,
  streams: Streams,
): void {
  offsets.forEach(({ bytes, utf16, partial }, i) => {
    const span = ([from, to]: readonly [number, number]): string => `${from}-${to}`.padEnd(13);
    const covered = JSON.stringify(text.slice(utf16[0], utf16[1]));
    const note = partial ? '  (part of a character)' : '';
    const id = String(ids[i]).padStart(7);
    writeLine(streams, `${id}  bytes ${span(bytes)} utf16 ${span(utf16)} ${covered}${note}`);
  });
}

function addDecode(group: Command, context: Context): void {
  const command = group
    .command('decode')
    .description('Turn token ids, from standard input, into text.')
    .addOption(tokenizerOption())
    .action(async (options: CommonOptions & { tokenizer: string }) => {
      const { streams } = context;
      const ids = readIds(new TextDecoder().decode(await streams.readStdin()));
      const engine = await context.engine();
      const text = await engine.decode({ tokenizer: options.tokenizer, ids }, context.signal);
      if (options.json) writeJson(streams, { text });
      else streams.stdout.write(streams.stdout.isTTY ? `${text}\n` : text);
    });
  withCommonOptions(command);
}

/** Ids as `encode` prints them, either way: bare, or as `{"ids": [...]}`. */
function readIds(text: string): number[] {
  const inner = /"ids"\s*:\s*(\[[^\]]*\])/.exec(text)?.[1] ?? text;
  const ids = parseIds(inner);
  if (ids !== undefined) return ids;
  throw new GlassboxError('ids-invalid', 'Standard input holds no list of token ids.', {
    remedy: 'Pass ids divided by spaces or commas, or what `tokenizer encode --json` prints.',
  });
}

/** A file's text, or that of standard input. A byte order mark stays: offsets count from the start. */
async function readInput(file: string, streams: Streams): Promise<string> {
  const bytes = file === '-' ? await streams.readStdin() : await readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const name = file === '-' ? 'Standard input' : file;
    throw new GlassboxError('invalid-utf8', `${name} is not UTF-8 text.`, {
      remedy: 'Convert it first, for example with iconv.',
      cause,
    });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}
