/**
 * Prompts from a seed list, a text file:
 *
 *     # who is told of
 *     animal = cat | grey whale
 *     Where does a {animal} live?
 *
 * A line `name = one | another` gives a slot its fillings; every other line is a prompt, in which
 * `{name}` stands for each of them. `#` begins a comment. A prompt without slots stands for itself.
 */
import { GlassboxError } from '../base/errors';
import { Rng } from '../base/rng';

export interface Seeds {
  readonly templates: readonly string[];
  readonly slots: ReadonlyMap<string, readonly string[]>;
}

const SLOT_LINE = /^([\p{L}_][\p{L}\p{N}_]*)\s*=\s*(.+)$/u;
const SLOT = /\{([\p{L}_][\p{L}\p{N}_]*)\}/gu;
/** More ways to fill a template than this are not written out, but drawn. */
const MOST_LISTED = 20_000;

/** @throws GlassboxError `bad-seeds`: a slot without fillings, or no prompt at all */
export function parseSeeds(text: string): Seeds {
  const templates: string[] = [];
  const slots = new Map<string, string[]>();
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, fillings] = SLOT_LINE.exec(line) ?? [];
    if (name === undefined || fillings === undefined) templates.push(line);
    else {
      const values = fillings.split('|').map((value) => value.trim());
      slots.set(name, [...(slots.get(name) ?? []), ...values.filter((value) => value !== '')]);
    }
  }
  for (const template of templates)
    for (const name of slotsOf(template))
      if ((slots.get(name) ?? []).length === 0)
        throw badSeeds(`"${template}" has the slot {${name}}, which no line fills.`);
  if (templates.length === 0) throw badSeeds('There is no prompt in it.');
  return { templates, slots };
}

/**
 * Different prompts in an order of chance, `count` at most, without those that `known` holds. The same
 * seed gives the same prompts.
 */
export function promptsFrom(
  seeds: Seeds,
  { count, seed, known }: { count: number; seed: number; known: ReadonlySet<string> },
): string[] {
  const rng = new Rng(seed);
  const found = new Set<string>();
  const ways = seeds.templates.map((template) =>
    slotsOf(template).reduce((product, name) => product * (seeds.slots.get(name)?.length ?? 0), 1),
  );
  if (ways.reduce((sum, each) => sum + each, 0) <= MOST_LISTED) {
    const all = seeds.templates.flatMap((template, at) =>
      Array.from({ length: ways[at] ?? 0 }, (_, way) => filled(template, seeds, way)),
    );
    for (let last = all.length - 1; last > 0; last--) {
      const other = rng.below(last + 1);
      [all[last], all[other]] = [all[other]!, all[last]!];
    }
    for (const prompt of all) if (found.size < count && !known.has(prompt)) found.add(prompt);
    return [...found];
  }
  // So many ways that chance hardly ever draws one twice; and where it does, it is given up some day.
  for (let tries = 0; found.size < count && tries < 20 * count; tries++) {
    const at = rng.below(seeds.templates.length);
    const prompt = filled(seeds.templates[at]!, seeds, rng.below(Math.min(ways[at]!, 2 ** 53)));
    if (!known.has(prompt)) found.add(prompt);
  }
  return [...found];
}

function slotsOf(template: string): string[] {
  return [...new Set([...template.matchAll(SLOT)].map(([, name]) => name ?? ''))];
}

/** The `way`th of the ways to fill it. */
function filled(template: string, { slots }: Seeds, way: number): string {
  let rest = way;
  const chosen = new Map<string, string>();
  for (const name of slotsOf(template)) {
    const values = slots.get(name) ?? [];
    chosen.set(name, values[rest % values.length] ?? '');
    rest = Math.floor(rest / values.length);
  }
  return template.replaceAll(SLOT, (whole, name: string) => chosen.get(name) ?? whole);
}

function badSeeds(what: string): GlassboxError {
  return new GlassboxError('bad-seeds', `This is no list of seeds: ${what}`, {
    remedy:
      'Write a prompt a line, and "name = one | another" for each {name} in them; docs/labelling.md has an example.',
  });
}

/** A list to begin with. */
export const STARTING_SEEDS = `# Seeds for prompts: a prompt a line. {name} stands for each filling of the slot "name".
# Prompts are drawn from all combinations by chance; those in the queue already are left out.

topic = the sea | a small town | friendship | how bread is baked
reader = a child | an expert | somebody in a hurry

Tell {reader} something about {topic}.
Write two sentences about {topic}.
What should {reader} know about {topic}?
Who are you?
`;
