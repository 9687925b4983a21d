/** Labels files: what their lines say together, whatever happened to them on the way. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Rng } from '../../src/base/rng';
import { draftsName, LabelFile } from '../../src/labels/labelFile';
import { Ledger } from '../../src/labels/ledger';
import { lineOf, readLines, recordSchema } from '../../src/labels/record';
import type { Label, LabelRecord } from '../../src/labels/record';
import { tasksOf } from '../../src/labels/tasks';

const NOW = '2026-11-26T10:00:00.000Z';
const folders: string[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-labels-'));
  folders.push(folder);
  return folder;
}

const label = (id: string, change: Partial<Label> = {}): Label => ({
  kind: 'label',
  id,
  after: [],
  task: 'task',
  by: 'anna',
  at: NOW,
  status: 'done',
  seconds: 3,
  cites: [],
  result: {
    mode: 'answer',
    branches: [
      [
        { role: 'user', content: 'Who?' },
        { role: 'assistant', content: id },
      ],
    ],
  },
  ...change,
});

const question = (content: string) =>
  tasksOf([{ mode: 'answer', turns: [{ role: 'user', content }] }], [], { by: 'anna', at: NOW });

type Read = (
  this: FileHandle,
  ...given: [buffer: Buffer, offset: number, length: number, position: number]
) => Promise<{ bytesRead: number }>;

/** Calls `before` with the number of each stretch, from 1, that is going to be read of any file. */
async function beforeReads(file: string, before: (stretch: number) => void): Promise<void> {
  const handle = await open(file, 'r');
  const prototype = Object.getPrototypeOf(handle) as { read: Read };
  await handle.close();
  const { read } = prototype;
  let stretches = 0;
  vi.spyOn(prototype, 'read').mockImplementation(async function (this: FileHandle, ...given) {
    before(++stretches);
    return read.apply(this, given);
  });
}

/** Lines of more than one stretch. */
const manyTasks = (source: string): LabelRecord[] =>
  tasksOf(
    Array.from({ length: 3000 }, (_, at) => ({
      ...{ mode: 'answer', source },
      turns: [{ role: 'user', content: `Question ${at}` }],
    })),
    [],
    { by: 'anna', at: NOW },
  );

/** Histories as several windows make them: each version stands in for some that were there before. */
const histories = fc
  .array(
    fc.record({
      task: fc.constantFrom('a', 'b'),
      by: fc.constantFrom('anna', 'ben'),
      parents: fc.array(fc.nat(20), { maxLength: 3 }),
      time: fc.nat(5),
      status: fc.constantFrom('draft', 'done', 'skipped'),
    }),
    { maxLength: 20 },
  )
  .map((entries) => {
    const made: Label[] = [];
    for (const [at, { task, by, parents, time, status }] of entries.entries()) {
      const same = made.filter((each) => each.task === task && each.by === by);
      const after = parents.flatMap((each) => same[each % Math.max(1, same.length)]?.id ?? []);
      made.push(
        label(`v${at}`, {
          ...{ task, by, status, after: [...new Set(after)] },
          at: `2026-11-26T10:00:0${time}.000Z`,
        }),
      );
    }
    const tasks: LabelRecord[] = tasksOf(
      [
        { mode: 'answer', turns: [{ role: 'user', content: 'a' }] },
        { mode: 'answer', turns: [{ role: 'user', content: 'b' }] },
      ],
      [],
      { by: 'anna', at: NOW },
    ).map((task, at) => ({ ...task, id: at === 0 ? 'a' : 'b' }));
    return [...tasks, ...made];
  });

const saidBy = (ledger: Ledger): unknown => [
  ledger.tasks,
  ['a', 'b'].map((id) => [...ledger.labelsOf(id)].sort(([a], [b]) => (a < b ? -1 : 1))),
  ledger.finished(),
  ledger.labellers,
];
const shownBy = (records: readonly LabelRecord[]): unknown => saidBy(new Ledger(records));

/** What may happen to a labels file between two looks at it. */
const deeds = fc.record({
  what: fc.constantFrom(
    ...(['append', 'appendElsewhere', 'tear', 'endLine', 'change', 'swap'] as const),
    ...(['cut', 'replace', 'remove'] as const),
  ),
  records: histories.map((all) => all.slice(0, 4)),
  where: fc.nat(1000),
  unread: fc.boolean(),
});
type Deed = typeof deeds extends fc.Arbitrary<infer T> ? T : never;

async function act(
  { what, records, where }: Deed,
  file: string,
  at: number,
  here: LabelFile,
  elsewhere: LabelFile,
): Promise<void> {
  if (what === 'append') await here.append(records);
  if (what === 'appendElsewhere') await elsewhere.append(records);
  if (what === 'append' || what === 'appendElsewhere') return;
  if (what === 'remove') {
    rmSync(file, { force: true });
    return;
  }
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = text.split('\n');
  const line = where % lines.length;
  if (what === 'tear') writeFileSync(file, text + records.map(lineOf).join('').slice(0, where));
  else if (what === 'endLine') writeFileSync(file, `${text}\n`);
  else if (what === 'cut') writeFileSync(file, text.slice(0, where));
  else if (what === 'change')
    writeFileSync(file, lines.with(line, (lines[line] ?? '').replace('anna', 'emma')).join('\n'));
  else if (what === 'swap') writeFileSync(file, [...lines].reverse().join('\n'));
  else {
    writeFileSync(`${file}.new`, [...lines, ...records.map(lineOf)].join('\n'));
    renameSync(`${file}.new`, file);
  }
  // A clock that ticks once in milliseconds would hide that it was changed again.
  utimesSync(file, 1000 + at, 1000 + at);
}

describe('the lines of a labels file', () => {
  it('say the same in any order, repeated or not, and merged from copies that went apart', () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(40), (records, seed, cut) => {
        const expected = shownBy(records);
        const chance = new Rng(seed);
        const shuffled = records
          .map((record) => ({ record, key: chance.uniform() }))
          .sort((a, b) => a.key - b.key)
          .map(({ record }) => record);
        expect(shownBy(shuffled)).toEqual(expected);
        expect(shownBy([...records, ...shuffled.slice(0, cut)])).toEqual(expected);
        // One copy has the first lines, the other the last; git's union puts them together.
        const [ours, theirs] = [records.slice(0, cut), records.slice(Math.floor(cut / 2))];
        expect(shownBy([...theirs, ...ours])).toEqual(expected);
      }),
    );
  });

  it('lose no version: every one is a head or named by a later one', () => {
    fc.assert(
      fc.property(histories, (records) => {
        const ledger = new Ledger(records);
        for (const record of records) {
          if (record.kind !== 'label') continue;
          const heads = ledger.labelOf(record.task, record.by)?.heads ?? [];
          const named = records.some(
            (each) => each.kind === 'label' && each.after.includes(record.id),
          );
          expect(heads.some(({ id }) => id === record.id) || named).toBe(true);
          expect(heads.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('are read back as they were written, whatever stands in them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (content, by) => {
        const record = label('one', {
          by: by || 'x',
          result: { mode: 'answer', branches: [[{ role: 'assistant', content }]] },
        });
        if (!recordSchema.safeParse(record).success) return;
        expect(readLines(lineOf(record)).records).toEqual([record]);
      }),
    );
  });

  it('are told of where they are broken, and harm no other', () => {
    const good = lineOf(label('one'));
    const { records, broken } = readLines(`${good}{"kind":"lab\r\n\n{"kind":"label"}\n${good}`);
    expect(records).toHaveLength(2);
    expect(broken.map(({ line }) => line)).toEqual([2, 4]);
    expect(broken[1]?.problem).toMatch(/^id: /);
  });

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { records, broken } = readLines(text);
        expect(records.length + broken.length).toBeLessThanOrEqual(text.split('\n').length);
      }),
    );
  });
});

describe('a labels file', () => {
  it('keeps a torn last line and goes on behind it', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'a.labels.jsonl');
    const labels = new LabelFile(file, path.join(folder, 'drafts'));
    await labels.append([...question('Who?'), label('one')]);
    appendFileSync(file, '{"kind":"label","id":"tw');
    expect((await labels.read()).tornEnd).toBe(true);
    await labels.append([label('three', { after: ['one'] })]);
    const { broken, ledger, tornEnd } = await labels.read();
    expect(readFileSync(file, 'utf8')).toContain('{"kind":"label","id":"tw\n');
    expect([broken.map(({ line }) => line), tornEnd]).toEqual([[3], false]);
    expect(ledger.labelOf('task', 'anna')?.heads.map(({ id }) => id)).toEqual(['three']);
  });

  it('has drafts that are no other file’s, however it is called', () => {
    const names = [
      ...['labels/ответы.labels.jsonl', 'labels/вопросы.labels.jsonl'],
      ...[
        'a b.labels.jsonl',
        'a_b.labels.jsonl',
        'a/b.labels.jsonl',
        `${'a'.repeat(200)}.labels.jsonl`,
      ],
    ].map(draftsName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[\w.-]{1,80}$/);
  });

  it('holds no drafts: those lie beside it, and are gone when the label is finished', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'a.labels.jsonl');
    const labels = new LabelFile(file, path.join(folder, 'drafts'));
    await labels.append(question('Who?'));
    const before = readFileSync(file, 'utf8');
    await labels.keepDraft(label('one', { status: 'draft' }));
    expect(await labels.keepDraft(label('two', { status: 'draft', after: ['one'] }))).toEqual([
      'one',
    ]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect((await labels.read()).ledger.labelOf('task', 'anna')?.label.id).toBe('two');
    await labels.append([label('three', { after: ['one', 'two'] })]);
    expect(readdirSync(path.join(folder, 'drafts'))).toEqual([]);
    expect((await labels.read()).ledger.statusOf('task', 'anna')).toBe('done');
  });

  it('finds the drafts of a writer that died, and clears them once they count no more', async () => {
    const folder = newFolder();
    const [file, drafts] = [path.join(folder, 'a.labels.jsonl'), path.join(folder, 'drafts')];
    const died = new LabelFile(file, drafts);
    await died.append(question('Who?'));
    await died.keepDraft(label('one', { status: 'draft' }));
    const [name = ''] = readdirSync(drafts);
    const left = path.join(drafts, '999999999-abcdef.jsonl');
    writeFileSync(left, readFileSync(path.join(drafts, name)));
    rmSync(path.join(drafts, name));

    const next = new LabelFile(file, drafts);
    await next.sweep();
    expect((await next.read()).ledger.labelOf('task', 'anna')?.label.id).toBe('one');
    await next.append([label('two', { after: ['one'] })]);
    await next.sweep();
    expect(readdirSync(drafts)).toEqual([]);
  });

  it('shows both versions of a label that two windows changed at once', async () => {
    const folder = newFolder();
    const [file, drafts] = [path.join(folder, 'a.labels.jsonl'), path.join(folder, 'drafts')];
    const [one, other] = [new LabelFile(file, drafts), new LabelFile(file, drafts)];
    await one.append([...question('Who?'), label('first')]);
    await Promise.all([
      one.keepDraft(label('mine', { after: ['first'], status: 'draft' })),
      other.append([label('theirs', { after: ['first'] })]),
    ]);
    for (const each of [one, other]) {
      const heads = (await each.read()).ledger.labelOf('task', 'anna')?.heads ?? [];
      expect(heads.map(({ id }) => id).sort()).toEqual(['mine', 'theirs']);
    }
    await one.append([label('both', { after: ['first', 'mine', 'theirs'] })]);
    expect((await other.read()).ledger.statusOf('task', 'anna')).toBe('done');
  });

  it('keeps a draft that a later one does not stand in for, and drops one that could not be removed', async () => {
    const folder = newFolder();
    const [file, drafts] = [path.join(folder, 'a.labels.jsonl'), path.join(folder, 'drafts')];
    const labels = new LabelFile(file, drafts);
    const heads = async () =>
      (await labels.read()).ledger
        .labelOf('task', 'anna')
        ?.heads.map(({ id }) => id)
        .sort();
    await labels.keepDraft(label('mine', { status: 'draft' }));
    // Of another window; a person goes on with it before the two are decided between.
    await labels.append([label('theirs')]);
    await labels.keepDraft(label('next', { status: 'draft', after: ['theirs'] }));
    expect(await heads()).toEqual(['mine', 'next']);
    const [name = ''] = readdirSync(drafts);
    rmSync(path.join(drafts, name));
    // A folder is nothing that `rm` removes as a file, nor that a file is renamed to.
    mkdirSync(path.join(drafts, name, 'in the way'), { recursive: true });
    await labels.append([label('done', { after: ['theirs', 'mine', 'next'] })]);
    expect(await heads()).toEqual(['done']);
  });

  it('is read as far as it is new, and whole where a line in it has changed', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'a.labels.jsonl');
    const [one, other] = [new LabelFile(file, folder), new LabelFile(file, folder)];
    await one.append(question('Who?'));
    await one.append([label('first', { task: 'a' })]);
    const { ledger } = await one.read();
    const first = ledger.labelOf('a', 'anna');
    await other.append([label('second', { task: 'b' })]);
    await one.append([label('third', { task: 'c' })]);
    const again = (await one.read()).ledger;
    // The very same objects: nothing has been parsed a second time.
    expect(again).toBe(ledger);
    expect(again.labelOf('a', 'anna')).toBe(first);
    expect(['b', 'c'].map((task) => again.statusOf(task, 'anna'))).toEqual(['done', 'done']);
    // As long as before, so that only the text tells.
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('first', 'worst'));
    utimesSync(file, 1, 1);
    const mended = (await one.read()).ledger;
    expect(mended).not.toBe(ledger);
    expect(mended.labelOf('a', 'anna')?.label.id).toBe('worst');
  });

  it('says what its lines say, whoever adds, changes or replaces them in between', async () => {
    const folder = newFolder();
    let files = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(deeds, { maxLength: 12 }), async (done) => {
        const file = path.join(folder, `${files++}.labels.jsonl`);
        const here = new LabelFile(file, path.join(folder, 'none'));
        const elsewhere = new LabelFile(file, path.join(folder, 'none'));
        for (const [at, deed] of done.entries()) {
          await act(deed, file, at, here, elsewhere);
          if (deed.unread) continue;
          const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
          const expected = readLines(text);
          const { ledger, broken, tornEnd } = await here.read();
          expect(saidBy(ledger)).toEqual(saidBy(new Ledger(expected.records)));
          expect(broken).toEqual(expected.broken);
          expect(tornEnd).toBe(text !== '' && !text.endsWith('\n'));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('shows what it knew, drafts too, until a file that was rewritten is read', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'a.labels.jsonl');
    const labels = new LabelFile(file, path.join(folder, 'drafts'));
    const before = manyTasks('before');
    await labels.append(before);
    const task = before[2999]!.id;
    await labels.keepDraft(label('mine', { task, status: 'draft' }));
    const shown = () => {
      const { ledger } = labels.now;
      return [ledger.tasks.length, ledger.tasks[0]?.source, ledger.labelOf(task, 'anna')?.label.id];
    };
    const seen: unknown[] = [];
    await beforeReads(file, () => seen.push(shown()));
    writeFileSync(file, [...question('Who?'), ...manyTasks('after')].map(lineOf).join(''));
    await labels.read();
    expect(seen.length).toBeGreaterThan(4);
    expect(new Set(seen.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify([3000, 'before', 'mine'])]),
    );
    expect(shown()).toEqual([3001, 'after', 'mine']);
  });

  it('shows what it knew, drafts too, wherever reading fails, and reads again at the next look', async () => {
    const folder = newFolder();
    const before = manyTasks('before');
    const task = before[2999]!.id;
    for (const look of ['read', 'append'] as const) {
      const file = path.join(folder, `${look}.labels.jsonl`);
      const labels = new LabelFile(file, path.join(folder, look));
      await labels.append(before);
      await labels.keepDraft(label('mine', { task, status: 'draft' }));
      const shown = () => {
        const { ledger } = labels.now;
        return [ledger.tasks.length, ledger.labelOf(task, 'anna')?.label.id];
      };
      writeFileSync(file, [...question('Who?'), ...manyTasks('after')].map(lineOf).join(''));
      let failures = 0;
      for (let failing = 1, left = true; left; failing++) {
        await beforeReads(file, (stretch) => {
          if (stretch === failing) throw Object.assign(new Error('EIO'), { code: 'EIO' });
        });
        try {
          await (look === 'read' ? labels.read() : labels.append([label('other', { task: 'b' })]));
          left = false;
        } catch {
          failures++;
          expect(shown()).toEqual([3000, 'mine']);
        }
        vi.restoreAllMocks();
      }
      expect(failures).toBeGreaterThan(4);
      expect(shown()).toEqual([3001, 'mine']);
    }
  });

  it('tells each broken line once where reading on fails', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'a.labels.jsonl');
    const labels = new LabelFile(file, folder);
    writeFileSync(file, 'torn');
    await labels.read();
    appendFileSync(file, `\n${manyTasks('later').map(lineOf).join('')}`);
    await beforeReads(file, (stretch) => {
      if (stretch === 5) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    await expect(labels.read()).rejects.toThrow('EIO');
    expect(labels.now.ledger.tasks.length).toBeGreaterThan(0);
    expect(labels.now.broken.map(({ line }) => line)).toEqual([1]);
    await labels.read();
    expect(labels.now.ledger.tasks).toHaveLength(3000);
    expect(labels.now.broken.map(({ line }) => line)).toEqual([1]);
  });

  it('takes the lines of many writers at once', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'a.labels.jsonl');
    const writers = Array.from({ length: 8 }, () => new LabelFile(file, folder));
    const ids = Array.from({ length: 40 }, (_, at) => `label-${at + 10}`);
    await Promise.all(
      ids.map((id, at) => writers[at % writers.length]!.append([label(id, { by: `by-${at}` })])),
    );
    for (const writer of writers) expect((await writer.read()).ledger.labellers).toHaveLength(40);
    const { records, broken } = readLines(readFileSync(file, 'utf8'));
    expect(records.map(({ id }) => id).sort()).toEqual(ids);
    expect(broken).toEqual([]);
  });
});
