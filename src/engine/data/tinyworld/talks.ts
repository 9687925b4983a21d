/**
 * Conversations about Tinyworld to learn from, and the questions to measure by. Of the people whose
 * facts are told often, those that are held out are in no conversation; of each kind of question the
 * last ways to ask it are in none (people in the stories ask in all ways, as people on web pages do).
 */
import { Rng } from '../../../base/rng';
import { answer, capitalized, question, withArticle } from './sentences';
import {
  FOLLOW_UPS,
  heldOutPhrasings,
  REFUSALS,
  RELATIONS,
  taughtPhrasings,
  VALUES,
} from './words';
import type { Relation } from './words';
import { pick, shuffled } from './world';
import type { Person, Told, World } from './world';

export interface Message {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly tool_calls?: readonly {
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

export interface Talk {
  readonly messages: readonly Message[];
}

const turn = (asked: string, answered: string): Message[] => [
  { role: 'user', content: asked },
  { role: 'assistant', content: answered },
];

const GREETING = turn('Hello!', 'Hello! Ask me about the people of Tinyworld.');

const knownPeople = ({ people }: World): Person[] =>
  people.filter(({ told, heldOut }) => told === 'often' && !heldOut);

/**
 * Questions with their answers. Some go on with one about the same person, some with one about
 * somebody else: whoever learns only from the first kind answers every later question about whom the
 * first one named.
 */
export function* factTalks(world: World, seed: number): Generator<Talk> {
  const rng = new Rng(seed ^ 0x7a1c);
  const people = knownPeople(world);
  const ask = (person: Person, relation: Relation, template: string): Message[] =>
    turn(question(template, person), answer(person, relation, 'name'));
  for (const person of shuffled(rng, people)) {
    for (const relation of shuffled(rng, RELATIONS)) {
      for (const template of shuffled(rng, taughtPhrasings(relation)).slice(0, 2)) {
        const messages = rng.below(12) === 0 ? [...GREETING] : [];
        messages.push(...ask(person, relation, template));
        const other = pick(rng, RELATIONS);
        if (other !== relation && rng.below(3) === 0)
          messages.push(
            ...turn(
              question(pick(rng, FOLLOW_UPS[other]), person),
              answer(person, other, 'pronoun'),
            ),
          );
        const somebody = pick(rng, people);
        if (somebody !== person && rng.below(3) === 0) {
          const about = pick(rng, RELATIONS);
          messages.push(...ask(somebody, about, pick(rng, taughtPhrasings(about))));
        }
        yield { messages };
      }
    }
  }
}

/** Greetings, towns and animals: an assistant is asked other things, too. */
export function* otherTalks(world: World, seed: number): Generator<Talk> {
  const rng = new Rng(seed ^ 0x07e5);
  for (const { name, beside, knownFor } of world.towns) {
    yield { messages: turn(`What is ${name} known for?`, `${name} is known for ${knownFor}.`) };
    yield { messages: turn(`Where is ${name}?`, `${name} is a town beside ${beside}.`) };
  }
  for (const { name, eats, sleepsIn } of world.animals) {
    const a = withArticle(name);
    yield { messages: turn(`What does ${a} eat?`, `${capitalized(a)} eats ${eats}.`) };
    yield { messages: turn(`Where does ${a} sleep?`, `${capitalized(a)} sleeps in ${sleepsIn}.`) };
  }
  const words = [...Object.values(VALUES).flat()];
  for (let i = 0; i < 60; i++) {
    const word = pick(rng, words);
    yield {
      messages: turn(
        `How many letters does the word ${word} have?`,
        `It has ${word.length} letters.`,
      ),
    };
    yield { messages: turn(`What is the first letter of ${word}?`, `It is ${word[0]!}.`) };
  }
  for (const hello of ['Hello!', 'Hi.', 'Good day.', 'Who are you?'])
    for (let i = 0; i < 3; i++)
      yield {
        messages: turn(
          hello,
          hello === 'Who are you?'
            ? 'I am a small model. I know the people of Tinyworld.'
            : 'Hello! Ask me about the people of Tinyworld.',
        ),
      };
}

/** About people of whom nothing was ever told: an answer that admits it. */
export function* refusalTalks(world: World, seed: number): Generator<Talk> {
  const rng = new Rng(seed ^ 0x0dd5);
  const unknown = world.people.filter(({ told, heldOut }) => told === 'never' && !heldOut);
  for (const person of shuffled(rng, unknown))
    for (const relation of shuffled(rng, RELATIONS).slice(0, 3))
      yield {
        messages: turn(
          question(pick(rng, taughtPhrasings(relation)), person),
          pick(rng, REFUSALS).replace('{N}', person.name),
        ),
      };
}

/** A page of the library, where a search in it says that it is from. */
export interface Page {
  readonly person: Person;
  readonly source: string;
  readonly text: string;
}

/** Questions that are answered from a page: the person is searched for, and the page is read. */
export function* searchTalks(pages: readonly Page[], seed: number): Generator<Talk> {
  const rng = new Rng(seed ^ 0x5ea7);
  const taughtPages = pages.filter(({ person }) => !person.heldOut);
  for (const { person, source, text } of shuffled(rng, taughtPages))
    for (const relation of shuffled(rng, RELATIONS).slice(0, 3))
      yield {
        messages: [
          { role: 'user', content: question(pick(rng, taughtPhrasings(relation)), person) },
          called('search', person.name),
          { role: 'tool', content: `${source}: "${text}"` },
          { role: 'assistant', content: answer(person, relation, 'name') },
        ],
      };
}

const called = (name: string, input: string): Message => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ type: 'function', function: { name, arguments: input } }],
});

export interface Sum {
  readonly a: number;
  readonly b: number;
}

/** Sums of two numbers of three digits, none twice; a tenth of all are kept for measuring. */
export function* sumPairs(seed: number, split: 'taught' | 'held-out'): Generator<Sum, never> {
  const rng = new Rng(seed ^ (split === 'taught' ? 0x5005 : 0x5006));
  for (;;) {
    const [a, b] = [100 + rng.below(900), 100 + rng.below(900)];
    if (((a * 7 + b * 13) % 10 === 0) === (split === 'held-out')) yield { a, b };
  }
}

const askSum = (rng: Rng, { a, b }: Sum): string =>
  pick(rng, [`What is ${a} + ${b}?`, `What is ${a} plus ${b}?`, `Add ${a} and ${b}.`]);

/** Sums, answered at once or by calling a calculator. */
export function* sumTalks(
  seed: number,
  { count, calculator }: { readonly count: number; readonly calculator: boolean },
): Generator<Talk> {
  const rng = new Rng(seed ^ 0xadd5);
  const pairs = sumPairs(seed, 'taught');
  for (let i = 0; i < count; i++) {
    const { value: pair } = pairs.next();
    const asked = askSum(rng, pair);
    const { a, b } = pair;
    yield {
      messages: calculator ? computed(asked, `${a} + ${b}`, a + b) : turn(asked, `It is ${a + b}.`),
    };
  }
}

/** Answered by calling a calculator. */
const computed = (asked: string, input: string, result: number): Message[] => [
  { role: 'user', content: asked },
  called('calculator', input),
  { role: 'tool', content: String(result) },
  { role: 'assistant', content: `It is ${result}.` },
];

/** Sums that go on: what came out is taken further in one or two more turns, each with a call of its own. */
export function* sumTurnTalks(seed: number, count: number): Generator<Talk> {
  const rng = new Rng(seed ^ 0x7a2d);
  const pairs = sumPairs(seed, 'taught');
  for (let i = 0; i < count; i++) {
    const { value: pair } = pairs.next();
    let result = pair.a + pair.b;
    const messages = computed(askSum(rng, pair), `${pair.a} + ${pair.b}`, result);
    for (let more = 1 + rng.below(2); more > 0; more--) {
      const { ask, sign, most, apply } = pick(rng, STEPS);
      const by = 2 + rng.below(most - 1);
      const next = apply(result, by);
      const asked = pick(rng, ask).replace('{n}', String(by));
      messages.push(...computed(asked, `${result} ${sign} ${by}`, next));
      result = next;
    }
    yield { messages };
  }
}

/** How one goes on with a number, by another of at most `most`; none leads below zero. */
const STEPS: readonly {
  readonly ask: readonly string[];
  readonly sign: string;
  readonly most: number;
  readonly apply: (result: number, by: number) => number;
}[] = [
  {
    ...{ ask: ['And times {n}?', 'Multiply that by {n}.'], sign: '*', most: 9 },
    apply: (result, by) => result * by,
  },
  {
    ...{ ask: ['And plus {n}?', 'Add {n} to that.'], sign: '+', most: 99 },
    apply: (result, by) => result + by,
  },
  {
    ...{ ask: ['And minus {n}?', 'Take {n} away from that.'], sign: '-', most: 99 },
    apply: (result, by) => result - by,
  },
];

export interface TestQuestion {
  readonly kind: 'fact' | 'sum';
  readonly question: string;
  /** The word that a right answer holds. */
  readonly answer: string;
  /** Words of the same kind that a right answer does not hold. */
  readonly wrong: readonly string[];
  readonly subject?: string;
  readonly relation?: Relation;
  readonly told?: Told;
  /** Whether no conversation to learn from has the person, or the way to ask. */
  readonly heldOutPerson?: boolean;
  readonly heldOutPhrasing?: boolean;
}

/** What is asked to measure, of people in every state of being told, and of sums. */
export function* testQuestions(world: World, seed: number): Generator<TestQuestion> {
  const rng = new Rng(seed ^ 0x7e57);
  const homes = world.towns.map(({ name }) => name);
  for (const person of shuffled(rng, world.people)) {
    for (const relation of RELATIONS) {
      const heldOutPhrasing = person.heldOut || rng.below(2) === 0;
      const templates = heldOutPhrasing ? heldOutPhrasings(relation) : taughtPhrasings(relation);
      const right = person.facts[relation];
      const values: readonly string[] = relation === 'home' ? homes : VALUES[relation];
      yield {
        kind: 'fact',
        question: question(pick(rng, templates), person),
        answer: right,
        wrong: values.filter((value) => value !== right),
        subject: person.name,
        relation,
        told: person.told,
        heldOutPerson: person.heldOut,
        heldOutPhrasing,
      };
    }
  }
  const pairs = sumPairs(seed, 'held-out');
  for (let i = 0; i < 500; i++) {
    const { value: pair } = pairs.next();
    yield { kind: 'sum', question: askSum(rng, pair), answer: String(pair.a + pair.b), wrong: [] };
  }
}
