import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkpoint, contents, metrics, testFolder, writeText } from '../train/runs';
import { SMALL, cli, json, start } from './programs';
import type { Circumstances, Ended } from './programs';

const folder = testFolder();
const text = writeText(folder);
const run = path.join(folder, 'run');
const model = checkpoint(run, 5);
const at = (name: string): string => path.join(folder, name);
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};

beforeAll(async () => {
  await json(['train', '--data', text, ...SMALL, '--steps', '5', '--out', run]);
});

/** One clear line and what to do, exit 1, and everything as it was. */
async function refused(
  args: readonly string[],
  error: RegExp,
  circumstances?: Circumstances,
): Promise<Ended> {
  const before = contents(folder);
  const ended = await cli(args, { cwd: folder, ...circumstances });
  expect(ended.err).toMatch(error);
  const lines = ended.err.trimEnd().split('\n');
  const said = lines.filter((line) => !/^(Reading|Encoding|Training|Using)/.test(line));
  expect(said[0]).toMatch(/^error: \S/);
  expect(said).toHaveLength(2);
  expect(said[1]).toMatch(/^ {2}\S/);
  expect(ended.err).not.toMatch(/\n +at /);
  expect([ended.code, ended.out]).toEqual([1, '']);
  expect(contents(folder)).toEqual(before);
  return ended;
}

const train = (data: string, ...settings: string[]): string[] => [
  ...['train', '--json', '--data', data, ...SMALL, ...settings, '--out', at('new/run')],
];

describe('a text that cannot be used', () => {
  it('is missing, empty, binary, too short, or no UTF-8', async () => {
    mkdirSync(at('bare'));
    const empty = put('empty.txt', '');
    const binary = put('picture.bin', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]));
    const short = put('short.txt', 'Too short.');
    const latin = put('latin.txt', Buffer.from('caf\u00e9 '.repeat(100), 'latin1'));
    await refused(train(at('none.txt')), /none\.txt: there is no such file/);
    await refused(train(empty), /empty\.txt is empty/);
    await refused(train(at('bare')), /no text file in .*bare/);
    await refused(train(binary), /picture\.bin .*binary/);
    await refused(
      train(short),
      /1?\d tokens, and one window of context 16 takes 17[^]*model\.context/,
    );
    await refused(train(latin), /latin\.txt is not valid UTF-8[^]*offset 3[^]*data\.invalidUtf8/);
    const { code } = await cli([
      'train',
      '--data',
      latin,
      ...SMALL,
      'data.invalidUtf8=replace',
      '--steps',
      '1',
      '--out',
      at('latin'),
    ]);
    expect(code).toBe(0);
  });

  it('is refused by eval and by the tokenizer as well', async () => {
    const latin = put('latin2.txt', Buffer.from([0x61, 0xe9, 0x62]));
    await refused(['eval', '--json', '--model', model, '--data', at('none')], /no such file/);
    await refused(['eval', '--json', '--model', model, '--data', latin], /not valid UTF-8/);
    const out = ['--vocab-size', '300', '--out', at('t.json')];
    await refused(['tokenizer', 'train', '--json', '--data', at('none'), ...out], /no such file/);
    await refused(['tokenizer', 'train', '--json', '--data', latin, ...out], /not valid UTF-8/);
    await refused(['tokenizer', 'encode', '--json', '--tokenizer', 'gpt2', latin], /not UTF-8/);
    const pattern = ['--pattern', '(', ...out];
    await refused(
      ['tokenizer', 'train', '--json', '--data', text, ...pattern],
      /pattern|expression/,
    );
  });
});

describe('a recipe that cannot be', () => {
  it('has a key that there is none of, and hears of the nearest', async () => {
    const file = put('a.recipe.json', '{"train": {"learningRat": 1, "stps": 4}}');
    const two = await cli(['train', '--recipe', file]);
    expect(two.code).toBe(1);
    expect(two.err).toMatch(/train\.stps: unknown; did you mean train\.steps\?/);
    await refused(train(text, 'train.bach=3'), /train\.bach: unknown; did you mean train\.batch\?/);
    const one = put('b.recipe.json', '{"modle": {}}');
    await refused(
      ['train', '--json', '--recipe', one],
      /b\.recipe\.json: modle: unknown; did you mean model\?/,
    );
    await refused(
      ['train', '--json', '--recipe', put('c.json', '{"a"')],
      /c\.json: not JSON: line 1/,
    );
    await refused(
      ['train', '--json', '--recipe', at('none.json')],
      /none\.json: there is no such file/,
    );
  });

  it('has values out of range, or shapes that do not divide', async () => {
    await refused(train(text, 'train.lr=-1'), /train\.lr: must be more than 0/);
    await refused(train(text, 'train.optimizer=sgd'), /"adamw" or "muon"/);
    await refused(
      train(text, 'model.heads=3'),
      /model\.heads 3 does not divide model\.width 16[^]*1, 2, 4/,
    );
    await refused(train(text, 'model.kvHeads=3', 'model.heads=4'), /kvHeads 3 does not divide/);
    await refused(train(text, 'model.freeze=lm_heat'), /No parameter is called lm_heat/);
    await refused(train(text, 'tokenizer.kind=file'), /tokenizer\.file/);
    await refused(
      train(text, 'tokenizer.kind=file', `tokenizer.file=${at('none')}`),
      /no such file/,
    );
  });
});

describe('a model that cannot be used', () => {
  const copy = at('copy');
  const ask = ['logits', '--json', '--model', copy, '--ids', '1'];
  beforeEach(() => cpSync(model, copy, { recursive: true }));

  const weightsFile = path.join(copy, 'model.safetensors');
  /** The file with its header changed, the length in front right. */
  function withHeader(
    change: (header: Record<string, { data_offsets: number[] }>) => void,
  ): Buffer {
    const file = readFileSync(weightsFile);
    const length = Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<
      string,
      { data_offsets: number[] }
    >;
    change(header);
    const bytes = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([size, bytes, file.subarray(8 + length)]);
  }
  const norm = 'model.norm.weight';

  it('has weights that are cut short or lie about themselves', async () => {
    const huge = readFileSync(weightsFile);
    huge.writeBigUInt64LE(2n ** 60n, 0);
    const bad: [string, Uint8Array, RegExp][] = [
      ['cut in the data', readFileSync(weightsFile).subarray(0, -100), /model\.safetensors/],
      ['cut in the header', readFileSync(weightsFile).subarray(0, 50), /model\.safetensors/],
      ['nothing', Buffer.alloc(0), /model\.safetensors/],
      ['a huge header', huge, /model\.safetensors/],
      [
        'offsets beyond the end',
        withHeader((header) => {
          header[norm]!.data_offsets = [2 ** 50, 2 ** 50 + 64];
        }),
        /model\.safetensors/,
      ],
      [
        'offsets that overlap',
        withHeader((header) => {
          header[norm]!.data_offsets = [0, 64];
        }),
        /model\.safetensors/,
      ],
      [
        'a tensor too few',
        withHeader((header) => {
          header['model.norm.other'] = header[norm]!;
          Reflect.deleteProperty(header, norm);
        }),
        /model\.norm/,
      ],
    ];
    for (const [, content, error] of bad) {
      writeFileSync(weightsFile, content);
      await refused(ask, error);
    }
    await refused(
      ['train', '--json', '--data', text, '--set', `model.from=${copy}`, '--out', at('new')],
      /model\.norm|safetensors/,
    );
  });

  it('has a vocabulary that its tokenizer does not fit, or an architecture that is not ours', async () => {
    const tokenizer = at('large.json');
    await json(['tokenizer', 'train', '--data', text, '--vocab-size', '300', '--out', tokenizer]);
    cpSync(tokenizer, path.join(copy, 'tokenizer.json'));
    await refused(['generate', '--json', '--model', copy, '--prompt', 'a'], /300 tokens.* 256/);
    const set = [`model.from=${model}`, 'tokenizer.kind=file', `tokenizer.file=${tokenizer}`];
    const from = ['train', '--json', '--data', text, '--out', at('new')];
    await refused([...from, '--set', ...set], /300 tokens.* 256/);
    await refused(['logits', '--json', '--model', model, '--ids', '1,256'], /256 is not among/);
    const config = path.join(copy, 'config.json');
    const other = readFileSync(config, 'utf8').replace(/Llama\w*|Qwen\w*/g, 'GPTBigCode');
    writeFileSync(config, other);
    await refused(ask, /GPTBigCode/);
    writeFileSync(config, '{');
    await refused(ask, /config\.json/);
  });

  it('is none, or is not there', async () => {
    await refused(
      ['generate', '--json', '--model', at('bare2'), '--prompt', 'a'],
      /bare2 .* no such folder/,
    );
    const corpus = path.join(run, 'corpus');
    await refused(['generate', '--json', '--model', corpus, '--prompt', 'a'], /is not a model/);
    await refused(['generate', '--model', corpus, '--prompt', 'a'], /is not a model/);
    const empty = put('empty.jsonl', '');
    await refused(['chat', 'render', '--dataset', empty], /no conversation in .*empty\.jsonl/);
    await refused(
      ['tokenizer', 'decode', '--json', '--tokenizer', 'gpt5'],
      /gpt5 is neither[^]*gpt2/,
      {
        stdin: '1',
      },
    );
    await refused(['train', '--json', '--resume', at('nowhere')], /nowhere is not a run/);
    await refused(
      ['generate', '--json', '--model', model, '--prompt', 'x'.repeat(40)],
      /context of 16/,
    );
  });
});

describe('what is typed wrong', () => {
  it('is said in one line, too', async () => {
    for (const [args, error] of [
      [['train', '--steps', 'many'], /--steps.*whole number/],
      [['train', '--bakend', 'onnx'], /unknown option '--bakend'[^]*--backend/],
      [['tran'], /unknown command 'tran'[^]*train/],
      [['logits', '--model', 'x'], /--ids/],
      [['logits', '--model', 'x', '--ids', '1,a'], /ids/],
      [['generate', '--model', 'x', '--prompt', 'x', '--top-p', '2'], /--top-p/],
    ] as const) {
      const { code, out, err } = await cli(args, { cwd: folder });
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(error);
      expect(err).not.toMatch(/\n +at /);
    }
  });

  it('shows where it came from with --verbose only', async () => {
    const { err } = await cli(['train', '--data', at('none'), '--out', at('x'), '--verbose']);
    expect(err).toMatch(/\n +at /);
  });
});

describe('a disk that refuses', () => {
  const failing = (failure: { code: string; below: string; name: string }): Circumstances => ({
    env: {
      NODE_OPTIONS: `--require ${path.join(import.meta.dirname, 'failingDisk.cjs')}`,
      FAILING_DISK: JSON.stringify(failure),
    },
  });
  const broken = at('broken');
  const disk = (code: string, name: string): Circumstances =>
    failing({ code, below: broken, name });
  const start = ['train', '--json', '--data', text, ...SMALL, '--steps', '5', '--out'];

  it('is read-only: nothing is begun', async () => {
    await refused([...start, path.join(broken, 'run')], /read-only/, disk('EROFS', ''));
    const tokenizer = ['tokenizer', 'train', '--data', text, '--vocab-size', '300'];
    await refused(
      [...tokenizer, '--out', path.join(broken, 't.json')],
      /read-only/,
      disk('EROFS', ''),
    );
  });

  it('is full while the text is encoded: nothing stays', async () => {
    await refused([...start, path.join(broken, 'run')], /disk is full/, disk('ENOSPC', 'corpus'));
  });

  it('is full when a checkpoint is written: the last one stays, and the run goes on later', async () => {
    await json([...start.slice(0, 1), ...start.slice(2), broken]);
    const before = contents(path.join(broken, 'checkpoints'));
    for (const name of ['optimizer', 'model.safetensors', 'training.json']) {
      const resume = ['train', '--json', '--resume', broken, '--steps', '8'];
      const ended = await cli(resume, disk('ENOSPC', name));
      expect(ended.code).toBe(1);
      expect(ended.err).toMatch(
        /^error: Could not write .*step-000008: the disk is full\.\n {2}Free/,
      );
      expect(contents(path.join(broken, 'checkpoints'))).toEqual(before);
    }
    await json(['train', '--resume', broken, '--steps', '8']);
    expect(metrics(broken).filter(({ kind }) => kind === 'train')).toHaveLength(8);
  });

  it('is full in the midst of a line: the run ends, and goes on later without the half', async () => {
    const resume = ['train', '--resume', broken, '--steps', '12'];
    const ended = await cli(resume, disk('ENOSPC', 'metrics'));
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(/metrics\.jsonl: the disk is full/);
    expect(readFileSync(path.join(broken, 'metrics.jsonl'), 'utf8').endsWith('\n')).toBe(false);
    await json(resume);
    const steps = metrics(broken).flatMap(({ kind, step }) => (kind === 'train' ? [step] : []));
    expect(steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });
});

describe('two runs into one folder at once', () => {
  it('are one run and one clear error', async () => {
    const shared = at('shared');
    const args = ['train', '--json', '--data', text, ...SMALL, '--out', shared, '--steps'];
    const ends = await Promise.all([cli([...args, '20']), cli([...args, '20'])]);
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 1]);
    const loser = ends.find(({ code }) => code === 1)!;
    expect(loser.err).toMatch(/^error: .*(is in use|holds a run already)/m);
    expect(metrics(shared).filter(({ kind }) => kind === 'train')).toHaveLength(20);
  });

  it('are refused while one runs for long, whichever way the other comes', async () => {
    const shared = at('long');
    const args = ['train', '--json', '--data', text, ...SMALL, '--out', shared];
    const first = start([...args, '--steps', '1000000']);
    await first.line((line) => line.includes('"step":6,'));
    for (const second of [args, ['train', '--json', '--resume', shared]]) {
      const { code, out, err } = await cli(second);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(/^error: .*long is in use: another process \(\d+\)/);
    }
    first.child.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 130 });
    expect(readdirSync(shared)).not.toContain('run.lock');
  });
});
