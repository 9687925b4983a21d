/** Curation by the built program, with workers of its own: killed, gone on with, and trained on. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { gzipped, page, prose, warcRecord } from '../curate/warcFiles';
import { testFolder } from '../train/runs';
import { SMALL, cli, json, start, until } from './programs';

const folder = testFolder();
const at = (name: string): string => path.join(folder, name);

/** Enough for several segments. */
const filler = `<!--${'x'.repeat(1_500_000)}-->`;
const source = at('pages.warc');
const curate = (out: string, ...more: string[]): string[] => [
  ...['data', 'curate', '--source', source, at('small.warc.gz'), '--out', at(out), ...more],
];

const contents = (name: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at(name))
      .sort()
      .map((each) => [each, readFileSync(path.join(at(name), each), 'utf8')]),
  );

const segments = (name: string): string[] => {
  const inside = path.join(at(name), '.work', 'segments');
  return existsSync(inside) ? readdirSync(inside).filter((each) => !each.startsWith('.')) : [];
};

beforeAll(async () => {
  const records = Array.from({ length: 12 }, (_, i) =>
    warcRecord({ url: `http://example.com/${i}`, body: page(prose(i % 10)) + filler }),
  );
  writeFileSync(source, Buffer.concat(records));
  writeFileSync(
    at('small.warc.gz'),
    gzipped([warcRecord({ status: '404 Not Found', body: page('Gone.') })]),
  );
  const lines = await json(curate('whole', '--workers', '2'));
  expect(lines.at(-1)).toEqual({
    kind: 'done',
    documentsIn: 13,
    documentsKept: 10,
    tokens: expect.any(Number) as number,
    dropped: { 'exactDuplicates.copy': 2, 'source.httpStatus': 1 },
    out: at('whole'),
  });
  expect(lines[0]).toMatchObject({ kind: 'progress', phase: 'filter' });
});

it('killed at any time, it goes on and gives the same bytes', async () => {
  for (const [i, enough] of [0, 2].entries()) {
    const out = `killed-${i}`;
    const { child, ended } = start(curate(out, '--workers', '1', '--json'));
    await until(() => segments(out).length >= enough && existsSync(path.join(at(out), '.work')));
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(path.join(at(out), 'corpus.json'))).toBe(false);
    await json(curate(out, '--workers', '2'));
    expect(contents(out)).toEqual(contents('whole'));
  }
});

it('trains on the corpus, and every token leads back to its page', async () => {
  const run = at('run');
  const lines = await json([
    ...['train', '--data', at('whole'), ...SMALL, '--steps', '5', '--out', run],
  ]);
  expect(lines.at(-1)).toMatchObject({ kind: 'done' });
  const trace = async (token: number, ...more: string[]): Promise<unknown> =>
    (await json(['data', 'trace', run, '--token', String(token), ...more]))[0];
  // Tokens are bytes here.
  const second = Buffer.byteLength(prose(0));
  const page = (url: string): object => ({ explanation: { document: { url } } });
  expect(await trace(second - 1)).toMatchObject({ document: 0, start: 0, end: second });
  expect(await trace(second - 1)).toMatchObject(page('http://example.com/0'));
  expect(await trace(second)).toMatchObject({ document: 1, start: second });
  expect(await trace(second)).toMatchObject(page('http://example.com/1'));
  expect(await trace(0, '--split', 'validation')).toMatchObject({
    source: expect.stringMatching(/whole.kept-00000\.jsonl:10$/) as string,
  });
});

it('refuses what it cannot do, and leaves what was there', async () => {
  const before = contents('whole');
  const again = await cli(curate('whole'));
  expect(again.code).toBe(1);
  expect(again.err).toMatch(/^error: .*whole holds a corpus already/);
  const none = await cli(['data', 'curate', '--source', at('none.warc'), '--out', at('none')]);
  expect(none.err).toMatch(/none\.warc: there is no such file/);
  expect(existsSync(at('none'))).toBe(false);
  const recipe = at('bad.corpus.json');
  writeFileSync(recipe, '{"sources": ["pages.warc"], "language": {"minScor": 1}}');
  const bad = await cli(['data', 'curate', '--recipe', recipe, '--out', at('bad')]);
  expect(bad.err).toMatch(/language\.minScor: unknown; did you mean language\.minScore\?/);
  expect(existsSync(at('bad'))).toBe(false);
  expect(contents('whole')).toEqual(before);
});
