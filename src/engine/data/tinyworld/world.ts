/**
 * A world small enough to be known completely: who and what there is, every fact about it, and how
 * often its stories tell it. All of it follows from a seed.
 *
 * A person's facts are told often, once or never; which, goes with the person, so that nothing of some
 * people is ever said. A part of the people who are often told of is kept out of every conversation to
 * learn from (`heldOut`), as is half of those who are told of once or never.
 */
import { Rng } from '../../../base/rng';
import { BEDS, BESIDES, DIETS, KNOWN_FOR, RELATIONS, VALUES } from './words';
import type { Relation } from './words';

export const TOLD = ['often', 'once', 'never'] as const;
export type Told = (typeof TOLD)[number];

export interface Person {
  readonly name: string;
  readonly kind: 'man' | 'woman';
  readonly facts: Readonly<Record<Relation, string>>;
  readonly told: Told;
  /** In no conversation to learn from. */
  readonly heldOut: boolean;
}

export interface Town {
  readonly name: string;
  readonly beside: string;
  readonly knownFor: string;
}

export interface Animal {
  readonly name: string;
  readonly eats: string;
  readonly sleepsIn: string;
}

export interface World {
  readonly people: readonly Person[];
  readonly towns: readonly Town[];
  readonly animals: readonly Animal[];
}

/** Of those who are often told of, how many are kept out of the conversations to learn from. */
const HELD_OUT = 0.3;

/** @param often how many people are told of often; a quarter as many are told of once, twice as many never. */
export function makeWorld(seed: number, often: number): World {
  const rng = new Rng(seed);
  const names = new Names(rng);
  const towns = Array.from({ length: 24 }, () => ({
    name: names.next(),
    beside: pick(rng, BESIDES),
    knownFor: pick(rng, KNOWN_FOR),
  }));
  const animals = VALUES.pet.map((name) => ({
    name,
    eats: pick(rng, DIETS),
    sleepsIn: pick(rng, BEDS),
  }));
  const valueOf = (relation: Relation): string =>
    relation === 'home' ? pick(rng, towns).name : pick(rng, VALUES[relation]);
  const person = (told: Told, heldOut: boolean): Person => {
    const [home, job, pet, food, colour] = RELATIONS.map(valueOf);
    return {
      name: names.next(),
      kind: rng.below(2) === 0 ? 'man' : 'woman',
      facts: { home: home!, job: job!, pet: pet!, food: food!, colour: colour! },
      told,
      heldOut,
    };
  };
  const group = (count: number, told: Told, heldOut: number): Person[] =>
    Array.from({ length: count }, (_, i) => person(told, i < heldOut));
  const rare = Math.max(2, Math.round(often / 4));
  const unknown = Math.max(4, often * 2);
  const people = [
    ...group(often, 'often', Math.max(1, Math.round(often * HELD_OUT))),
    ...group(rare, 'once', Math.ceil(rare / 2)),
    ...group(unknown, 'never', Math.floor(unknown / 2)),
  ];
  return { people, towns, animals };
}

export function pick<Item>(rng: Rng, items: readonly Item[]): Item {
  return items[rng.below(items.length)]!;
}

/** The items in another order. */
export function shuffled<Item>(rng: Rng, items: readonly Item[]): Item[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

const ONSETS = [
  ...['b', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'w', 'z'],
  ...['br', 'dr', 'gr', 'kl', 'pl', 'st', 'tr'],
];
const VOWELS = ['a', 'e', 'i', 'o', 'u'];
const CODAS = ['', '', '', 'l', 'm', 'n', 'r', 's'];
/** Of so many ways to write two syllables, half may be used before names grow. */
const TWO_SYLLABLES = (ONSETS.length * VOWELS.length) ** 2;

/** Names that nobody else has: two syllables, and three where those run out. */
class Names {
  readonly #rng: Rng;
  readonly #used = new Set<string>([...Object.values(VALUES).flat()]);

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  next(): string {
    for (;;) {
      const syllables = this.#used.size > TWO_SYLLABLES / 2 ? 3 : 2;
      let name = '';
      for (let i = 0; i < syllables; i++) name += pick(this.#rng, ONSETS) + pick(this.#rng, VOWELS);
      name += pick(this.#rng, CODAS);
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      return name[0]!.toUpperCase() + name.slice(1);
    }
  }
}
