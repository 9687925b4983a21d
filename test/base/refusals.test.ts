import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../src/base/refusals';

const long = 'The bridge was built in the spring by masons of the town, who were paid in corn. ';

describe('a refusal', () => {
  it.each([
    "I don't know.",
    'I don’t know who that is.',
    "Sorry, I can't help with that.",
    "I'm sorry, but I cannot say.",
    'I am not sure.',
    "Unfortunately, I'm unable to look that up.",
    "I have never heard of Kira, so I don't know.",
    "It may be red, but I'm not sure.",
    'No idea!',
    'There is no information about her.',
    "I've never heard of it",
    "We just don't know.",
    ' ... ',
    '',
  ])('is %j', (text) => expect(isRefusal(text)).toBe(true));

  it.each([
    'I know him.',
    'The sky is blue.',
    'Nobody knows; I read much.',
    'Sorry!',
    "You don't know until you try.",
    "Mira can't answer the door.",
    'Why are you not sure of it?',
    `${long}I don't know the year, which the chronicle of the abbey does not give either.`,
  ])('is not %j', (text) => expect(isRefusal(text)).toBe(false));

  it('may be a long one that begins so', () => {
    expect(isRefusal(`I don't know. ${long.repeat(3)}`)).toBe(true);
  });
});
