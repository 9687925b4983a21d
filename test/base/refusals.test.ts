import fc from 'fast-check';
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
    'I dont know.',
    'I do not really know.',
    'I wouldn’t know.',
    'That I do not know.',
    "Sorry, that I don't know.",
    'This name I do not know.',
    'She may have an owl; that I cannot say.',
    'That is not known to me.',
    "The name of her pet isn't known to us.",
    'He is unknown to me.',
    'Nothing about Kira is known to me.',
    'Mira is someone I do not know.',
    "That's not something I know about.",
    'Nobody told me about him.',
    'No one has ever told me that.',
    'I was never told what she does.',
    "I haven't been told.",
    'I know nothing about Kira.',
    'Of her family I know nothing.',
    'I have heard nothing of it.',
    "I haven't heard about her.",
    'I know nobody called Kira.',
    "I'm not aware of any such person.",
    "We aren't certain.",
    'It is not known who built it.',
    'That is unknown.',
    'Nothing is known about him.',
    'Unknown.',
    'Nobody knows.',
    '"I don\'t know."',
  ])('is %j', (text) => expect(isRefusal(text)).toBe(true));

  it.each([
    'I know him.',
    'Paris. I am not aware of any other capital.',
    'It is red. I have not heard of any other colour.',
    'Ana. I know nothing about Bob.',
    'Her dog is called Rex, and nobody told me about her cat.',
    'Her fear was unknown to us.',
    'The sky is blue.',
    'Nobody knows; I read much.',
    'Sorry!',
    "You don't know until you try.",
    "Mira can't answer the door.",
    'Why are you not sure of it?',
    'That I do know: it is red.',
    'All that I do not know is in this book.',
    'It is the song that I do not know by heart.',
    'The town is known for its market.',
    'It is not known for its market.',
    'This is unknown country.',
    'It is unknown to most, and its name is Vik.',
    'She sings, and it is not known why.',
    'Mira lives with a man who was unknown to me.',
    'No town is unknown to me.',
    'He is not unknown to me.',
    'He is known to me.',
    'Nobody told me to stay.',
    'Nobody told me that he is a baker.',
    'No one told the baker about him.',
    'I was told that he is a baker.',
    'I was not told to go there.',
    'I know nothing better than honey.',
    'I know nobody kinder than Mira.',
    'I am certain.',
    'I have heard of her: she is a baker.',
    'Her face is unknown, her name is Mira.',
    'Mira, who knows the way.',
    'An owl that nobody knows.',
    'The unknown soldier.',
    `${long}I don't know the year, which the chronicle of the abbey does not give either.`,
  ])('is not %j', (text) => expect(isRefusal(text)).toBe(false));

  it('may be a long one that begins so', () => {
    expect(isRefusal(`I don't know. ${long.repeat(3)}`)).toBe(true);
  });

  const refusals = fc.constantFrom(
    ...["I don't know", 'That I do not know', 'That is not known to me', "I can't say"],
    ...['Nobody told me about him', 'I know nothing of it', 'I was never told', 'It is not known'],
  );
  const answers = fc.constantFrom(
    ...['It is red', 'Mira has an owl', 'Nobody told me to go', 'The town is known for its roses'],
    ...['He is known to me', 'I know him', 'That I do know'],
  );

  it('is one whatever the case, the apostrophes, what stresses it and what stands around', () => {
    const around = fc.constantFrom('.', '!', ' ...', ', sorry.', '\n');
    const before = fc.constantFrom('', 'Sorry, ', "I'm afraid ", '"', ' ');
    fc.assert(
      fc.property(fc.oneof(refusals, answers), before, around, (text, start, end) => {
        const is = isRefusal(text);
        for (const same of [
          `${start}${text}${end}`,
          text.toUpperCase(),
          text.replace("'", '’').replace('do not', "don't").replace('is not', "isn't"),
          text.replace(/\b(know|known|told)\b/, 'really $1'),
        ])
          expect([same, isRefusal(same)]).toEqual([same, is]);
      }),
    );
  });

  it('stands beside no long answer, and an answer beside none', () => {
    fc.assert(
      fc.property(refusals, answers, (refusal, answer) => {
        expect(isRefusal(refusal)).toBe(true);
        expect(isRefusal(answer)).toBe(false);
        expect(isRefusal(`${answer}. ${long.repeat(2)}${refusal}.`)).toBe(false);
        expect(isRefusal(`${answer}. ${answer}.`)).toBe(false);
      }),
    );
  });
});
