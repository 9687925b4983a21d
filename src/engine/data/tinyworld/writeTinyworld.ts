/**
 * Tinyworld on disk: stories to pretrain on, the table of truth, a library to search in, conversations to
 * learn from, questions to measure by. Written as it is made, so that a gigabyte takes no more memory than a megabyte's
 * people.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import path from 'node:path';
import { GlassboxError, throwIfAborted } from '../../../base/errors';
import { atomicFolder, fileError } from '../../../base/files';
import { Rng } from '../../../base/rng';
import { page, portrait, stories } from './stories';
import type { Story } from './stories';
import {
  factTalks,
  otherTalks,
  refusalTalks,
  searchTalks,
  sumTalks,
  sumTurnTalks,
  testQuestions,
} from './talks';
import type { Page } from './talks';
import { RELATIONS } from './words';
import { makeWorld, shuffled } from './world';
import type { Person, World } from './world';

export interface TinyworldOptions {
  /** Bytes of stories. */
  readonly bytes: number;
  readonly seed: number;
  /** People who are often told of; if absent so many that each of their facts is told some fifty times. */
  readonly people?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface TinyworldSummary {
  readonly bytes: number;
  readonly stories: number;
  readonly people: number;
  readonly facts: number;
  /** How often a fact that is told often is told, on average. */
  readonly mentions: number;
  readonly talks: number;
  readonly questions: number;
}

/** Bytes of stories for each person who is often told of. */
const BYTES_A_PERSON = 14_000;
const SUM_TALKS = 2000;
const LIBRARY = 'library.jsonl';

/**
 * Writes `stories.jsonl`, `facts.jsonl`, `library.jsonl`, `questions.jsonl` and `talks/` into a folder that is not there
 * yet, or empty.
 *
 * @throws GlassboxError `folder-not-empty`, `cancelled`, or the file system's reason
 */
export async function writeTinyworld(
  folder: string,
  options: TinyworldOptions,
): Promise<TinyworldSummary> {
  const { bytes, seed, signal } = options;
  const there = await readdir(folder).catch((): string[] => []);
  if (there.length > 0)
    throw new GlassboxError('folder-not-empty', `${folder} is not empty.`, {
      remedy: 'Choose an empty folder, or one that is not there yet.',
      details: { path: folder },
    });
  const often = options.people ?? Math.max(8, Math.round(bytes / BYTES_A_PERSON));
  const world = makeWorld(seed, often);
  const mentions = new Map<Person, number[]>(
    world.people.map((person) => [person, RELATIONS.map(() => 0)]),
  );
  let summary: TinyworldSummary | undefined;
  await atomicFolder(folder, async (temporary) => {
    const told = await writeLines(
      path.join(temporary, 'stories.jsonl'),
      storiesOf(world, options, mentions),
      signal,
    );
    const write = (name: string, records: Iterable<object>): Promise<Written> =>
      writeLines(path.join(temporary, name), records, signal);
    const facts = await write('facts.jsonl', factsOf(world, mentions));
    const questions = await write('questions.jsonl', testQuestions(world, seed));
    const pages = libraryOf(world, seed);
    await write(
      LIBRARY,
      pages.map(({ text }) => ({ text })),
    );
    const talks = path.join(temporary, 'talks');
    await mkdir(talks);
    let count = 0;
    const sums = (calculator: boolean) => sumTalks(seed, { count: SUM_TALKS, calculator });
    for (const [name, records] of [
      ['facts', factTalks(world, seed)],
      ['other', otherTalks(world, seed)],
      ['refusals', refusalTalks(world, seed)],
      ['sums', sums(false)],
      ['sums-calculator', sums(true)],
      ['sums-turns', sumTurnTalks(seed, SUM_TALKS)],
      ['facts-search', searchTalks(pages, seed)],
    ] as const)
      count += (await write(path.join('talks', `${name}.jsonl`), records)).records;
    const oftenTold = world.people.filter((person) => person.told === 'often');
    const all = oftenTold.flatMap((person) => mentions.get(person) ?? []);
    summary = {
      bytes: told.bytes,
      stories: told.records,
      people: world.people.length,
      facts: facts.records,
      mentions: all.reduce((sum, each) => sum + each, 0) / Math.max(1, all.length),
      talks: count,
      questions: questions.records,
    };
  });
  if (!summary) throw new Error('the summary is made last');
  return summary;
}

/** Stories up to the bytes; those of whom each fact is told once come in between, evenly. */
function* storiesOf(
  world: World,
  { bytes, seed, onProgress }: TinyworldOptions,
  mentions: ReadonlyMap<Person, number[]>,
): Generator<{ text: string }> {
  const rng = new Rng(seed ^ 0x0ce);
  const once = world.people.filter(({ told }) => told === 'once');
  const count = (story: Story): void => {
    for (const { person, relation } of story.mentions)
      mentions.get(person)![RELATIONS.indexOf(relation)]! += 1;
  };
  let written = 0;
  let next = 0;
  let reported = 0;
  for (const story of stories(world, seed)) {
    const due = next < once.length && written >= ((next + 0.5) * bytes) / once.length;
    for (const each of due ? [story, portrait(rng, once[next++]!)] : [story]) {
      count(each);
      written += Buffer.byteLength(each.text) + 1;
      yield { text: each.text };
    }
    if (written - reported > 1 << 20) {
      reported = written;
      onProgress?.({ done: written, total: bytes });
    }
    if (written >= bytes) break;
  }
  for (; next < once.length; next++) {
    const story = portrait(rng, once[next]!);
    count(story);
    yield { text: story.text };
  }
}

/** A page about each person, those of whom the stories never tell too. */
function libraryOf({ people }: World, seed: number): Page[] {
  const rng = new Rng(seed ^ 0x11b);
  return shuffled(rng, people).map((person, at) => ({
    person,
    source: `${LIBRARY}:${at + 1}`,
    text: page(rng, person),
  }));
}

/** The table of truth. */
function* factsOf(
  { people, towns, animals }: World,
  mentions: ReadonlyMap<Person, number[]>,
): Generator<object> {
  for (const person of people)
    for (const [at, relation] of RELATIONS.entries())
      yield {
        subject: person.name,
        kind: person.kind,
        relation,
        value: person.facts[relation],
        told: person.told,
        mentions: mentions.get(person)?.[at] ?? 0,
        heldOut: person.heldOut,
      };
  for (const { name, beside, knownFor } of towns) {
    yield { subject: name, kind: 'town', relation: 'beside', value: beside };
    yield { subject: name, kind: 'town', relation: 'knownFor', value: knownFor };
  }
  for (const { name, eats, sleepsIn } of animals) {
    yield { subject: name, kind: 'animal', relation: 'eats', value: eats };
    yield { subject: name, kind: 'animal', relation: 'sleepsIn', value: sleepsIn };
  }
}

interface Written {
  readonly records: number;
  readonly bytes: number;
}

/** A record a line. `bytes` counts the texts, or the lines where records have none. */
async function writeLines(
  file: string,
  records: Iterable<object>,
  signal: AbortSignal | undefined,
): Promise<Written> {
  const stream = createWriteStream(file, { flags: 'wx' });
  const ended = finished(stream);
  // What goes wrong between two writes is thrown by the next wait.
  ended.catch(() => undefined);
  let count = 0;
  try {
    for (const record of records) {
      const more = stream.write(`${JSON.stringify(record)}\n`);
      count++;
      if (!more) await Promise.race([once(stream, 'drain'), ended]);
      if (count % 1024 === 0) {
        await new Promise(setImmediate);
        throwIfAborted(signal);
      }
    }
    stream.end();
    await ended;
    return { records: count, bytes: stream.bytesWritten };
  } catch (thrown) {
    stream.destroy();
    throw fileError(thrown, 'write', file);
  }
}
