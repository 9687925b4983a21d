/** Facts of Tinyworld as sentences (words.ts has the ways to say them). */
import type { Rng } from '../../../base/rng';
import { ANSWERS, CONFESSIONS, FOLLOW_UP_ANSWERS, STATEMENTS } from './words';
import type { Relation } from './words';
import { pick } from './world';
import type { Person } from './world';

export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

interface Named {
  readonly subject: string;
  readonly whose: string;
}

function fill(template: string, person: Person, value: string, named: Named): string {
  const parts: Readonly<Record<string, string>> = {
    N: person.name,
    S: capitalized(named.subject),
    s: named.subject,
    P: capitalized(named.whose),
    p: person.kind === 'man' ? 'his' : 'her',
    v: value,
    V: capitalized(value),
    a: withArticle(value),
    A: capitalized(withArticle(value)),
  };
  return template.replace(/\{(\w)\}/g, (_, key: string) => parts[key] ?? '');
}

const pronoun = (person: Person): Named =>
  person.kind === 'man' ? { subject: 'he', whose: 'his' } : { subject: 'she', whose: 'her' };
const byName = ({ name }: Person): Named => ({ subject: name, whose: `${name}'s` });

/** @param known whether it was said already who is meant, so that a pronoun will do. */
export function statement(rng: Rng, person: Person, relation: Relation, known: boolean): string {
  const named = known && rng.below(5) < 2 ? pronoun(person) : byName(person);
  return fill(pick(rng, STATEMENTS[relation]), person, person.facts[relation], named);
}

/** Without an end. */
export function confession(rng: Rng, person: Person, relation: Relation): string {
  const template = pick(rng, CONFESSIONS[relation]);
  return fill(template, person, person.facts[relation], byName(person));
}

export function question(template: string, person: Person): string {
  return fill(template, person, '', pronoun(person));
}

export function answer(person: Person, relation: Relation, named: 'name' | 'pronoun'): string {
  const value = person.facts[relation];
  return named === 'name'
    ? fill(ANSWERS[relation], person, value, byName(person))
    : fill(FOLLOW_UP_ANSWERS[relation], person, value, pronoun(person));
}
