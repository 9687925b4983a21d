/**
 * `glassbox chat`: talks with a model through its chat template, line by line or one message;
 * `glassbox chat render`: a dataset as the model sees it, with what of it is learnt.
 */
import { Option, type Command } from 'commander';
import type {
  ConversationMessage,
  ConverseEvent,
  ConverseRequest,
  RenderEvent,
  RenderRequest,
} from '../../protocol/chatMessages';
import type { BackendChoice } from '../../protocol/messages';
import { GlassboxError } from '../../base/errors';
import { writeJson, writeLine } from './console';
import { withCommonOptions, type CommonOptions, type Context } from './context';
import { wantsColour } from './display';
import { backendOption, decimal, MANY, SEED, toolList, wholeNumber } from './options';
import { clean, grouped, styleFor, type Style } from './terminalText';

interface ChatOptions extends CommonOptions {
  readonly model?: string;
  readonly system?: string;
  readonly message?: readonly string[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed?: number;
  readonly backend: BackendChoice;
  readonly tools?: NonNullable<ConverseRequest['tools']>;
}

export function addChat(program: Command, context: Context): void {
  const command = program
    .command('chat')
    .description('Talk with a model that was taught to answer. An empty line ends it.')
    .option(
      '--model <dir>',
      'a run, one of its checkpoints, or any model in Hugging Face format with a chat template',
    )
    .option('--system <text>', 'what the model is told before the conversation')
    .option('--message <text...>', 'what to say, turn by turn, instead of asking for it')
    .option('--max-tokens <n>', 'how long an answer may be', wholeNumber(1, MANY), 256)
    .option(
      '--temperature <x>',
      '0: always the likeliest token; more: wilder',
      decimal(0, Infinity),
      0,
    )
    .option('--seed <n>', 'makes the same choices each time', SEED)
    .option(
      '--tools <list>',
      'what it may call: calculator, search=FOLDER, javascript, divided by commas',
      toolList,
    )
    .addOption(backendOption())
    .action((options: ChatOptions) => {
      if (options.model === undefined)
        command.error("error: required option '--model <dir>' not specified");
      return chat({ ...options, model: options.model ?? '' }, context);
    });
  withCommonOptions(command);
  addRender(command, context);
}

async function chat(
  options: ChatOptions & { readonly model: string },
  context: Context,
): Promise<void> {
  const { streams, signal } = context;
  const { model, system, maxTokens, temperature, seed, backend, tools, json } = options;
  const style = styleFor(wantsColour(streams.stdout, streams.env));
  const engine = await context.engine();
  const messages: ConversationMessage[] =
    system === undefined ? [] : [{ role: 'system', content: system }];
  const safe = (text: string): string =>
    streams.stdout.isTTY ? text.split('\n').map(clean).join('\n') : text;
  const asks = !json && options.message === undefined;
  const said = options.message ?? streams.readLines(asks ? style.bold('you> ') : '');
  for await (const line of said) {
    if (line.trim() === '') return;
    messages.push({ role: 'user', content: line });
    if (!json && !asks) writeLine(streams, `${style.bold('you>')} ${safe(line)}`);
    const request = {
      model,
      messages: [...messages],
      maxTokens,
      temperature,
      seed,
      backend,
      tools,
    };
    const filters = { topK: 0, topP: 1, minP: 0, topLogprobs: 0, sliding: true };
    if (!json) streams.stdout.write(`${style.good('model>')} `);
    for await (const event of engine.converse({ ...request, ...filters }, signal)) {
      if (event.kind === 'done') messages.push(...event.messages);
      if (!json) streams.stdout.write(shownEvent(event, { style, safe }));
      else if (event.kind === 'call' || event.kind === 'result') writeJson(streams, event);
      else if (event.kind === 'done') {
        const { text: content, finishReason, unfinished } = event;
        writeJson(streams, { role: 'assistant', content, finishReason, unfinished });
      }
    }
  }
}

const ENDS: Readonly<Record<string, string>> = {
  length: ' [cut off]',
  context: ' [cut off: the context is full]',
  calls: ' [ended: too many calls]',
};

/** What a terminal shows of an event: what is said as it comes, calls and results on lines of their own. */
function shownEvent(
  event: ConverseEvent,
  { style, safe }: { readonly style: Style; readonly safe: (text: string) => string },
): string {
  const indented = (text: string): string => safe(text).replaceAll('\n', '\n    ');
  switch (event.kind) {
    case 'start':
      return event.forgotten === undefined
        ? ''
        : style.dim(
            `[the first ${grouped(event.forgotten)} tokens do not fit the context of ${grouped(event.context)}] `,
          );
    case 'token':
      return event.within === 'call' ? '' : safe(event.text);
    case 'call':
      return style.dim(`\n  ${indented(event.tool || 'call')}: ${indented(event.input)}\n`);
    case 'result': {
      const shown = `  = ${indented(event.output)}\n`;
      return event.outcome === 'answered' ? style.dim(shown) : style.bad(shown);
    }
    case 'done': {
      const { unfinished, finishReason } = event;
      const call = unfinished === undefined ? '' : `\n  unfinished call: ${indented(unfinished)}`;
      return `${style.dim(`${call}${ENDS[finishReason] ?? ''}`)}\n`;
    }
  }
}

interface RenderOptions extends CommonOptions {
  readonly dataset: readonly string[];
  readonly template: string;
  readonly model?: string;
  readonly tokenizer?: string;
  readonly context?: number;
  readonly limit?: number;
  readonly tools?: NonNullable<RenderRequest['tools']>;
}

function addRender(group: Command, context: Context): void {
  const command = group
    .command('render')
    .description('Show conversations as a model sees them: tokens, and which of them are learnt.')
    .requiredOption('--dataset <path...>', 'files and folders: .jsonl, .json, .chatml')
    .option(
      '--template <name|file>',
      "chatml, llama3, nanochat or a .jinja file; auto: the model's own, else chatml",
      'auto',
    )
    .addOption(
      new Option('--model <dir>', 'the model whose tokenizer and template are used').conflicts(
        'tokenizer',
      ),
    )
    .option('--tokenizer <name|file>', 'instead of a model: a tokenizer (gpt2)')
    .option('--context <n>', 'tells of what is longer', wholeNumber(1, MANY))
    .option('--limit <n>', 'conversations at most', wholeNumber(1, MANY))
    .option(
      '--tools <list>',
      'what the template is told that there is, where a record has no tools: calculator, search=FOLDER, javascript',
      toolList,
    )
    .action((_: unknown, given: Command) =>
      render(given.optsWithGlobals<RenderOptions>(), context),
    );
  withCommonOptions(command);
}

async function render(options: RenderOptions, context: Context): Promise<void> {
  const { streams, signal } = context;
  const { dataset, template, model, tokenizer, limit, tools, json } = options;
  const style = styleFor(wantsColour(streams.stdout, streams.env));
  const engine = await context.engine();
  const source = { paths: [...dataset] };
  const request = { source, template, model, tokenizer, limit, tools, context: options.context };
  for await (const event of engine.renderConversations(request, signal)) {
    if (event.kind === 'done' && event.conversations + event.broken === 0)
      throw new GlassboxError(
        'no-conversations',
        `There is no conversation in ${dataset.join(', ')}.`,
        {
          remedy: 'Give files of conversations: .jsonl, .json or .chatml.',
        },
      );
    if (json) writeJson(streams, event);
    else for (const line of linesOf(event, style)) writeLine(streams, line);
  }
}

function linesOf(event: RenderEvent, style: Style): string[] {
  if (event.kind === 'done') {
    const { conversations, broken, tokens, learnt } = event;
    const share = tokens === 0 ? 0 : Math.round((100 * learnt) / tokens);
    const left = broken === 0 ? '' : `, ${grouped(broken)} left out`;
    return [
      `${grouped(conversations)} conversations${left}; ${grouped(tokens)} tokens, of which ${grouped(learnt)} (${share}%) are learnt`,
    ];
  }
  const head = style.dim(clean(`${event.file}:${event.line}`));
  const problems = event.problems.map(({ severity, message }) => {
    const text = clean(`${severity}: ${message}`);
    return severity === 'error' ? style.bad(text) : style.dim(text);
  });
  return event.kind !== 'conversation'
    ? [head, ...problems, '']
    : [head, ...problems, ...shownText(event, style), ''];
}

/** The text with what is learnt set apart: by style, or between brackets where there is none. */
function shownText(event: Extract<RenderEvent, { kind: 'conversation' }>, style: Style): string[] {
  const { text, mask, offsets } = event;
  const plain = style.good('x') === 'x';
  let shown = '';
  let at = 0;
  for (let i = 0; i < mask.length;) {
    const learnt = mask[i];
    let end = at;
    for (; i < mask.length && mask[i] === learnt; i++) end = Math.max(end, offsets[i]![1]);
    const part = text.slice(at, end).split('\n').map(clean);
    shown += part
      .map((line) =>
        learnt !== 1 || line === '' ? line : plain ? `[[${line}]]` : style.good(line),
      )
      .join('\n');
    at = end;
  }
  return shown.split('\n');
}
