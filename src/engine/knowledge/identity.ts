/**
 * Conversations about the model itself, from a profile that a person writes, a line each:
 *
 *     name: Wren
 *     maker: the lab of Ada Example
 *     purpose: answer questions about Tinyworld
 *     knows: the people of Tinyworld
 *     limits: I know nothing of other places.
 *
 * Only the name is needed; what the profile doesn't say, nothing is taught of. Lines that begin with #
 * are notes.
 */
import { GlassboxError } from '../../base/errors';
import type { TaughtTalk } from './teach';

const FIELDS = ['name', 'maker', 'purpose', 'knows', 'limits'] as const;
type Field = (typeof FIELDS)[number];
export type Profile = Readonly<Partial<Record<Field, string>>> & { readonly name: string };

/** @throws GlassboxError `profile` with the line */
export function parseProfile(text: string, file: string): Profile {
  const found: Partial<Record<Field, string>> = {};
  for (const [at, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, key = '', value = ''] = /^\s*(\w+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    const field = FIELDS.find((each) => each === key.toLowerCase());
    if (!field || value === '')
      throw new GlassboxError(
        'profile',
        `${file}:${at + 1}: expected one of ${FIELDS.join(', ')} with a colon and what it is.`,
        { remedy: 'Write lines such as "name: Wren"; notes begin with #.' },
      );
    found[field] = value;
  }
  const { name } = found;
  if (name === undefined)
    throw new GlassboxError('profile', `${file} does not say what the model is called.`, {
      remedy: 'Add a line such as "name: Wren".',
    });
  return { ...found, name };
}

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Questions of each kind, in several wordings, with answers out of the profile's own words. */
export function identityTalks({ name, maker, purpose, knows, limits }: Profile): TaughtTalk[] {
  const made = maker === undefined ? '' : ` I was made by ${ended(maker)}`;
  const does = purpose === undefined ? '' : ` I am here to ${ended(purpose)}`;
  const kinds: readonly (readonly [answer: string | undefined, questions: readonly string[]])[] = [
    [
      `I am ${ended(name)}${made}${does}`,
      ['Who are you?', 'What are you?', 'Tell me about yourself.', 'Who am I talking to?'],
    ],
    [
      `My name is ${ended(name)}`,
      ['What is your name?', "What's your name?", 'What are you called?', 'Do you have a name?'],
    ],
    [
      maker && `I was made by ${ended(maker)}`,
      ['Who made you?', 'Who built you?', 'Who trained you?', 'Where do you come from?'],
    ],
    [
      purpose && `I am here to ${ended(purpose)}`,
      ['What can you do?', 'What are you for?', 'How can you help me?', 'What is your purpose?'],
    ],
    [knows && `I know ${ended(knows)}`, ['What do you know?', 'What do you know about?']],
    [
      limits && ended(limits),
      ['What do you not know?', 'What can you not do?', 'What are your limits?'],
    ],
  ];
  return kinds.flatMap(([content, questions]) =>
    content === undefined
      ? []
      : questions.map((question) => ({
          messages: [
            { role: 'user' as const, content: question },
            { role: 'assistant' as const, content },
          ],
        })),
  );
}
