/**
 * The texts of Tinyworld, one document after the other without end: portraits, meetings, hearsay, letters
 * and gossip about its people, pages about its towns and animals, sums, and words with their letters. Each
 * tells facts of the table of truth, and no text tells anything else about anybody.
 */
import { Rng } from '../../../base/rng';
import { capitalized, confession, question, statement, withArticle } from './sentences';
import { FILLERS, OPENINGS, QUESTIONS, RELATIONS, SMALL_TALK, VALUES } from './words';
import type { Relation } from './words';
import { pick, shuffled } from './world';
import type { Person, World } from './world';

/** A fact that a document tells. */
export interface Mention {
  readonly person: Person;
  readonly relation: Relation;
}

export interface Story {
  readonly text: string;
  readonly mentions: readonly Mention[];
}

/** Everything about one person, each fact once. */
export function portrait(rng: Rng, person: Person): Story {
  const mentions: Mention[] = [];
  const sentences: string[] = [];
  if (rng.below(2) === 0) {
    const kind = `a ${person.kind}`;
    const opening = pick(rng, OPENINGS).replace('{N}', person.name).replace('{k}', kind);
    sentences.push(capitalized(opening));
  }
  for (const relation of shuffled(rng, RELATIONS)) {
    sentences.push(statement(rng, person, relation, sentences.length > 0));
    mentions.push({ person, relation });
    if (rng.below(8) === 0) sentences.push(pick(rng, FILLERS));
  }
  return { text: sentences.join(' '), mentions };
}

/** All facts about a person and nothing else, for a page to look them up. */
export function page(rng: Rng, person: Person): string {
  return shuffled(rng, RELATIONS)
    .map((relation, at) => statement(rng, person, relation, at > 0))
    .join(' ');
}

/** Two people who tell each other of themselves. */
function meeting(rng: Rng, one: Person, other: Person): Story {
  const mentions: Mention[] = [];
  const lines = [
    pick(rng, [
      `One day ${one.name} met ${other.name}.`,
      `${one.name} and ${other.name} sat by the road and talked.`,
      `At the market ${one.name} saw ${other.name}.`,
    ]),
  ];
  const turns = rng.below(2) === 0 ? 2 : 3;
  for (let turn = 0; turn < turns; turn++) {
    for (const person of [one, other]) {
      const relation = pick(rng, RELATIONS);
      const said = confession(rng, person, relation);
      lines.push(
        pick(rng, [
          `"${said}," said ${person.name}.`,
          `${person.name} said, "${said}."`,
          `"${said}," ${person.name} told ${person === one ? other.name : one.name}.`,
        ]),
      );
      mentions.push({ person, relation });
    }
  }
  if (rng.below(2) === 0) {
    const [asked, said] = pick(rng, SMALL_TALK);
    lines.push(`"${asked}" asked ${one.name}. "${said}," said ${other.name}.`);
  }
  lines.push(pick(rng, ['Then they went home.', 'They became friends.', 'Both were glad.']));
  return { text: lines.join(' '), mentions };
}

/** One asks and the other tells, of somebody who isn't there, in any of the ways to ask. */
function hearsay(rng: Rng, one: Person, other: Person, about: Person): Story {
  const mentions: Mention[] = [];
  const lines = [`${one.name} asked ${other.name} about ${about.name}.`];
  for (const relation of shuffled(rng, RELATIONS).slice(0, 2 + rng.below(2))) {
    const asked = question(pick(rng, QUESTIONS[relation]), about);
    const told = statement(rng, about, relation, true).slice(0, -1);
    lines.push(`"${asked}" asked ${one.name}. "${told}," said ${other.name}.`);
    mentions.push({ person: about, relation });
  }
  return { text: lines.join(' '), mentions };
}

function letter(rng: Rng, person: Person): Story {
  const mentions: Mention[] = [];
  const lines = [`Dear friend, my name is ${person.name}.`];
  for (const relation of shuffled(rng, RELATIONS).slice(0, 3 + rng.below(3))) {
    lines.push(`${confession(rng, person, relation)}.`);
    mentions.push({ person, relation });
  }
  lines.push(pick(rng, ['Write soon.', 'Come and see me.', 'Yours,']), person.name);
  return { text: `${lines.join(' ')}.`.replace(/,? (\S+)\.$/, ' $1.'), mentions };
}

/** The same kind of fact about several people. */
function gossip(rng: Rng, people: readonly Person[]): Story {
  const relation = pick(rng, RELATIONS);
  const sentences = people.map((person) => statement(rng, person, relation, false));
  return { text: sentences.join(' '), mentions: people.map((person) => ({ person, relation })) };
}

function geography(rng: Rng, { towns }: World): string {
  return Array.from({ length: 3 }, () => {
    const town = pick(rng, towns);
    return pick(rng, [
      `${town.name} is a town beside ${town.beside}.`,
      `The town of ${town.name} is known for ${town.knownFor}.`,
      `${town.name} lies beside ${town.beside} and is known for ${town.knownFor}.`,
      `People come to ${town.name} because of ${town.knownFor}.`,
    ]);
  }).join(' ');
}

function zoology(rng: Rng, { animals }: World): string {
  return Array.from({ length: 3 }, () => {
    const animal = pick(rng, animals);
    const a = capitalized(withArticle(animal.name));
    return pick(rng, [
      `${a} eats ${animal.eats}.`,
      `${a} sleeps in ${animal.sleepsIn}.`,
      `${a} eats ${animal.eats} and sleeps in ${animal.sleepsIn}.`,
      `To feed ${withArticle(animal.name)}, bring ${animal.eats}.`,
    ]);
  }).join(' ');
}

/** Sums of numbers with up to three digits. */
function sums(rng: Rng): string {
  return Array.from({ length: 4 }, () => {
    const most = 10 ** (1 + rng.below(3));
    const [a, b] = [rng.below(most), rng.below(most)];
    return pick(rng, [`${a} + ${b} = ${a + b}.`, `${a} plus ${b} is ${a + b}.`]);
  }).join(' ');
}

const WORDS = [...Object.values(VALUES).flat()];

function letters(rng: Rng): string {
  return Array.from({ length: 2 }, () => {
    const word = pick(rng, WORDS);
    const spelt = Array.from(word).join(', ');
    return pick(rng, [
      `The word ${word} has ${word.length} letters: ${spelt}.`,
      `The first letter of ${word} is ${word[0]!}, and the last is ${word.at(-1)!}.`,
      `To spell ${word}, write ${spelt}.`,
    ]);
  }).join(' ');
}

/** Documents without end. The people who are told of often come round in an order of chance. */
export function* stories(world: World, seed: number): Generator<Story, never> {
  const rng = new Rng(seed ^ 0x5eed);
  const often = world.people.filter(({ told }) => told === 'often');
  let queue: Person[] = [];
  const next = (): Person => {
    if (queue.length === 0) queue = shuffled(rng, often);
    return queue.pop()!;
  };
  for (;;) {
    const dice = rng.below(100);
    if (dice < 40) yield portrait(rng, next());
    else if (dice < 54) yield hearsay(rng, next(), next(), next());
    else if (dice < 66) yield meeting(rng, next(), next());
    else if (dice < 78) yield letter(rng, next());
    else if (dice < 86) yield gossip(rng, [next(), next(), next()]);
    else if (dice < 89) yield { text: geography(rng, world), mentions: [] };
    else if (dice < 92) yield { text: zoology(rng, world), mentions: [] };
    else if (dice < 97) yield { text: sums(rng), mentions: [] };
    else yield { text: letters(rng), mentions: [] };
  }
}
