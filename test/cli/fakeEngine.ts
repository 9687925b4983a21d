/** The program of the terminal on an engine that answers with fixed records. */
import type { CommandEngine } from '../../src/engine/cli/context';
import { runProgram } from '../../src/engine/cli/program';
import type { TrainEvent, TrainRequest } from '../../src/protocol/messages';

export const EVENTS: readonly TrainEvent[] = [
  { kind: 'note', text: 'Building' },
  {
    kind: 'start',
    run: '/r',
    steps: 1,
    parameters: 10,
    tokens: 100,
    validationTokens: 10,
    vocab: 50,
    backend: 'onnx',
    precision: 'f32',
    threads: 1,
    answers: false,
  },
  { kind: 'sample', step: 0, prompt: 'The ', text: 'qz' },
  {
    kind: 'train',
    step: 1,
    tokens: 64,
    loss: null,
    lr: 0.001,
    gradNorm: 1,
    tokensPerSecond: 640,
    stepMs: 100,
    time: 5,
  },
  { kind: 'eval', step: 1, valLoss: 3.25, bitsPerByte: 2.5 },
  { kind: 'checkpoint', step: 1, path: '/r/checkpoints/step-000001' },
  { kind: 'done', run: '/r', checkpoint: '/r/checkpoints/step-000001' },
];

export async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

/** An engine that answers with fixed records and remembers what it was asked. */
export class FakeEngine implements CommandEngine {
  readonly asked: unknown[] = [];
  disposed = 0;
  events: AsyncIterable<TrainEvent> | undefined;

  train(request: TrainRequest): AsyncIterable<TrainEvent> {
    this.asked.push(request);
    return this.events ?? each(EVENTS);
  }
  generate(request: unknown): ReturnType<CommandEngine['generate']> {
    this.asked.push(request);
    const top = [{ id: 5, text: ' whale', logprob: -0.5 }];
    return each([
      { kind: 'start', promptTokens: 1, context: 8 } as const,
      { kind: 'token', id: 5, text: ' whale', logprob: -0.5, rank: 0, entropy: 1, top } as const,
      { kind: 'token', id: 6, text: '\u001b', logprob: -1, rank: 1, entropy: 1, top } as const,
      { kind: 'done', text: ' whale\u001b', finishReason: 'length' } as const,
    ]);
  }
  converse(request: unknown): ReturnType<CommandEngine['converse']> {
    this.asked.push(request);
    const token = { kind: 'token', logprob: -0.5, rank: 0, entropy: 1, top: [] } as const;
    return each([
      { ...token, id: 4, text: '12 +', within: 'call' } as const,
      {
        ...({ kind: 'call', call: 0, tool: 'calculator' } as const),
        ...{ input: '12 + 30', arguments: '12 + 30' },
      },
      {
        ...({ kind: 'result', call: 0, outcome: 'answered', output: '42' } as const),
        ...{ milliseconds: 1, forced: [7] },
      },
      { ...token, id: 5, text: ' whale' },
      {
        ...({ kind: 'done', text: ' whale', finishReason: 'end' } as const),
        messages: [
          { role: 'assistant', content: '', toolCalls: [{ name: 'c', arguments: '12 + 30' }] },
          { role: 'tool', content: '42' },
          { role: 'assistant', content: ' whale' },
        ] as const,
      },
    ]);
  }
  stopRun(request: unknown): Promise<null> {
    this.asked.push(request);
    return Promise.resolve(null);
  }
  exportModel(request: unknown): ReturnType<CommandEngine['exportModel']> {
    this.asked.push(request);
    return Promise.resolve({ folder: '/out', bytes: 2_500_000 });
  }
  curate(request: unknown): ReturnType<CommandEngine['curate']> {
    this.asked.push(request);
    const dropped = { 'gopherQuality.minWords': 2 };
    return each([
      { kind: 'start', out: '/c', files: 1, bytes: 9, segments: 1, resumed: 0 } as const,
      { kind: 'done', documentsIn: 3, documentsKept: 1, tokens: 70, dropped, out: '/c' } as const,
    ]);
  }
  planCorpus(request: unknown): ReturnType<CommandEngine['planCorpus']> {
    this.asked.push(request);
    return Promise.resolve({ files: ['/c-slurm/submit.sh'] });
  }
  explainDocument(request: unknown): ReturnType<CommandEngine['explainDocument']> {
    this.asked.push(request);
    const drop = { stage: 'gopherQuality', reason: 'minWords', measured: 7, threshold: 50 };
    const document = {
      id: '0-12',
      tokens: 9,
      text: 'A \u001b[2J page.',
      file: 'a.warc',
      offset: 12,
      drop,
    };
    const limit = { setting: 'minWords', threshold: 50, drops: 'below', crossed: true } as const;
    const values = [{ measure: 'words', value: 7, limits: [limit] }];
    const stages = [{ stage: 'gopherQuality', values }];
    return Promise.resolve([{ document, shard: 'dropped-00000.jsonl', line: 1, stages }]);
  }
  traceToken(request: unknown): ReturnType<CommandEngine['traceToken']> {
    this.asked.push(request);
    return Promise.resolve({ document: 2, start: 10, end: 20, source: 'notes.txt' });
  }
  corpusStatistics(request: unknown): ReturnType<CommandEngine['corpusStatistics']> {
    this.asked.push(request);
    return Promise.resolve({
      documentsIn: 3,
      documentsKept: 1,
      tokens: 70,
      bytes: 300,
      funnel: [{ stage: 'gopherQuality', documents: 1, tokens: 70 }],
      dropped: { 'gopherQuality.minWords': 2 },
      histograms: {},
    });
  }
  logits(request: unknown): ReturnType<CommandEngine['logits']> {
    this.asked.push(request);
    return Promise.resolve({
      backend: 'onnx',
      adapter: 'CPU',
      precision: 'f32',
      logits: [0.5, -1],
    });
  }
  evaluate(request: unknown): ReturnType<CommandEngine['evaluate']> {
    this.asked.push(request);
    return Promise.resolve({ loss: 1, perplexity: Math.E, bitsPerByte: 0.5, tokens: 9 });
  }
  trainTokenizer(request: unknown): ReturnType<CommandEngine['trainTokenizer']> {
    this.asked.push(request);
    return each([
      { kind: 'progress', doing: 'Counting', done: 1, total: 2 } as const,
      { kind: 'done', file: 't.json', vocab: 300 } as const,
    ]);
  }
  makeTinyworld(request: unknown): ReturnType<CommandEngine['makeTinyworld']> {
    this.asked.push(request);
    const sums = { bytes: 4e6, stories: 9, people: 8, facts: 40, mentions: 51.2, talks: 7 };
    return each([{ kind: 'done', folder: '/w', ...sums, questions: 5 } as const]);
  }
  probeKnowledge(request: unknown): ReturnType<CommandEngine['probeKnowledge']> {
    this.asked.push(request);
    const bin = { from: 0.9, to: 1, count: 3, right: 2, mean: 0.95 };
    return each([
      { kind: 'progress', doing: 'asking', done: 1, total: 4 } as const,
      { kind: 'problem', place: 'a.jsonl:2', message: 'no \u001b[2J question' } as const,
      {
        kind: 'done',
        out: '/p',
        summary: {
          ...{ questions: 4, unended: 1 },
          knowledge: { known: 2, inconsistent: 0, unknown: 1, refused: 1 },
          table: [{ row: 'known', right: 2, wrong: 0, refused: 0 }] as const,
          told: [{ row: 'never', right: 0, wrong: 1, refused: 1 }] as const,
          ...{ probability: [bin], agreement: [bin] },
        },
      } as const,
    ]);
  }
  teachKnowledge(request: unknown): ReturnType<CommandEngine['teachKnowledge']> {
    this.asked.push(request);
    return Promise.resolve({ file: '/t.jsonl', answers: 5, refusals: 4, leftOut: 2, identity: 9 });
  }
  renderConversations(request: unknown): ReturnType<CommandEngine['renderConversations']> {
    this.asked.push(request);
    const problem = {
      severity: 'error',
      code: 'bad-json',
      message: 'This line is not JSON',
    } as const;
    return each([
      {
        kind: 'conversation',
        file: 'a.jsonl',
        line: 1,
        problems: [],
        text: 'Q: A',
        ids: [1, 2, 3],
        mask: [0, 0, 1],
        offsets: [
          [0, 1],
          [1, 3],
          [3, 4],
        ],
        said: [
          [0, 1],
          [3, 4],
        ],
      } as const,
      { kind: 'broken', file: 'a.jsonl', line: 2, problems: [problem] } as const,
      { kind: 'done', conversations: 1, broken: 1, tokens: 3, learnt: 1 } as const,
    ]);
  }
  encode(request: unknown): ReturnType<CommandEngine['encode']> {
    this.asked.push(request);
    return Promise.resolve({
      ids: [7],
      offsets: [{ bytes: [0, 2], utf16: [0, 1], partial: false }],
    });
  }
  decode(request: { ids: readonly number[] }): Promise<string> {
    this.asked.push(request);
    return Promise.resolve(`<${request.ids.join(' ')}>`);
  }
  devices(): ReturnType<CommandEngine['devices']> {
    const details = { threads: 2 };
    return Promise.resolve([{ backend: 'onnx', adapter: 'CPU', available: true, details }]);
  }
  dispose(): Promise<void> {
    this.disposed++;
    return Promise.resolve();
  }
}

export async function cli(
  args: readonly string[],
  { stdin = '', engine = new FakeEngine(), abort = false, columns = 80 } = {},
): Promise<{ code: number; out: string; err: string; lines: unknown[]; engine: FakeEngine }> {
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (text: string) => (out += text), columns },
    stderr: { write: (text: string) => (err += text), columns },
    readLines: () => each(stdin.split('\n').filter((line) => line !== '')),
    readStdin: () => Promise.resolve(new TextEncoder().encode(stdin)),
    env: {},
  };
  const signal = abort ? AbortSignal.abort() : new AbortController().signal;
  const code = await runProgram(args, streams, () => Promise.resolve(engine), signal);
  const lines = args.includes('--json')
    ? out
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line))
    : [];
  return { code, out, err, lines, engine };
}
