/**
 * The words of Tinyworld: what people can be, have and like, and in how many ways it is said. Of a
 * statement's and a question's ways enough are there that a model which has read some of them has met
 * the words of the others.
 *
 * In statements `{S}` is the person as a subject at the beginning (a name, or He and She), `{s}` the
 * same within, `{P}` and `{p}` whose, `{o}` whom, `{N}` always the name, `{v}` the value, `{V}` the
 * value with a capital, `{a}` the value with its article.
 */

export const RELATIONS = ['home', 'job', 'pet', 'food', 'colour'] as const;
export type Relation = (typeof RELATIONS)[number];

/** Values by relation; homes are made for each world. */
export const VALUES = {
  job: [
    ...[
      'baker',
      'teacher',
      'farmer',
      'nurse',
      'miller',
      'painter',
      'tailor',
      'sailor',
      'carpenter',
    ],
    ...['gardener', 'doctor', 'cook', 'hunter', 'weaver', 'smith', 'singer', 'judge', 'fisher'],
    ...['potter', 'builder', 'writer', 'shepherd', 'guard', 'porter'],
  ],
  pet: [
    ...['dog', 'cat', 'fox', 'owl', 'goat', 'rabbit', 'mouse', 'crow', 'duck', 'hen', 'turtle'],
    ...['frog', 'pony', 'sheep', 'goose', 'hedgehog', 'squirrel', 'parrot', 'donkey', 'otter'],
  ],
  food: [
    ...['bread', 'soup', 'apples', 'cheese', 'rice', 'plums', 'honey', 'nuts', 'beans', 'eggs'],
    ...['pears', 'fish', 'carrots', 'cake', 'porridge', 'grapes', 'onions', 'pancakes', 'cherries'],
    ...['mushrooms'],
  ],
  colour: [
    ...['red', 'blue', 'green', 'yellow', 'white', 'black', 'brown', 'grey', 'purple', 'orange'],
    ...['pink', 'silver'],
  ],
} as const satisfies Readonly<Record<Exclude<Relation, 'home'>, readonly string[]>>;

export const STATEMENTS: Readonly<Record<Relation, readonly string[]>> = {
  home: [
    '{S} lives in {v}.',
    '{P} home is in {v}.',
    '{S} has a house in {v}.',
    'The home of {N} is {v}.',
    '{S} calls {v} home.',
    '{v} is the town where {s} lives.',
    '{v} is home to {N}.',
    '{S} moved to {v} long ago and still lives there.',
    'If you go to {v}, you can visit {N} at home.',
    'The town where {N} lives is {v}.',
    'You can find {N} in {v}.',
    '{P} house stands in the middle of {v}.',
    '{S} goes home to {v} every evening.',
    'The place that {N} calls home is {v}.',
  ],
  job: [
    '{S} is {a}.',
    '{S} works as {a}.',
    '{P} job is that of {a}.',
    'Every day {s} works as {a}.',
    'The job of {N} is to be {a}.',
    'People know {N} as {a}.',
    '{S} became {a} and likes the work.',
    'As {a}, {s} is busy all day.',
    '{S} earns money as {a}.',
    'By trade, {N} is {a}.',
    '{N} does the work of {a}.',
    'For a living, {s} is {a}.',
    '{N} the {v} is good at the job.',
  ],
  pet: [
    '{S} has {a}.',
    '{S} keeps {a} as a pet.',
    '{P} pet is {a}.',
    '{A} lives with {N}.',
    'The animal that {N} keeps is {a}.',
    'At home {a} waits for {N}.',
    '{S} feeds {p} {v} every morning.',
    '{S} loves {p} pet, {a}.',
    'The pet of {N} is {a}.',
    '{S} looks after {a}.',
    '{P} animal is {a}.',
    'When {s} goes out, {p} {v} comes too.',
  ],
  food: [
    '{P} favourite food is {v}.',
    '{S} likes to eat {v}.',
    '{S} eats {v} as often as {s} can.',
    'Nothing tastes better to {N} than {v}.',
    'The food that {N} likes best is {v}.',
    '{S} could eat {v} every day.',
    'When {s} is hungry, {s} wants {v}.',
    'For dinner {N} always asks for {v}.',
    'Of all food, {s} likes {v} best.',
    '{V} is what {N} loves to eat.',
    'The favourite food of {N} is {v}.',
    '{P} favourite meal is a plate of {v}.',
  ],
  colour: [
    '{P} favourite colour is {v}.',
    '{S} likes the colour {v} best.',
    '{S} always wears {v}.',
    'Of all colours, {s} likes {v} best.',
    '{V} is the colour that {N} loves.',
    'The favourite colour of {N} is {v}.',
    '{S} painted the door {v}, {p} favourite colour.',
    '{P} coat is {v}, the colour {s} likes best.',
    'The colour that {N} likes best is {v}.',
    '{S} thinks that {v} is the best colour.',
    'No colour is better to {N} than {v}.',
  ],
};

/** What a person says of himself or herself. */
export const CONFESSIONS: Readonly<Record<Relation, readonly string[]>> = {
  home: ['I live in {v}', 'My home is in {v}', 'I come from {v}', 'My house is in {v}'],
  job: ['I am {a}', 'I work as {a}', 'My job is to be {a}', 'I earn my money as {a}'],
  pet: ['I have {a}', 'My pet is {a}', 'I keep {a} at home', 'I look after {a}'],
  food: ['I like to eat {v}', 'My favourite food is {v}', 'I could eat {v} every day'],
  colour: ['My favourite colour is {v}', 'I like {v} best of all colours', 'I always wear {v}'],
};

/**
 * What two who meet ask each other besides, and what the other says to it: nothing of anybody. A base
 * model has to have read that people don't know things before it can be taught to say so.
 */
export const SMALL_TALK = [
  ['Will it rain tomorrow?', "I don't know"],
  ['How old is this bridge?', "I don't know"],
  ['Who made this song?', "I don't know, nobody knows"],
  ['Where does this road end?', "I have never been there, so I don't know"],
  ['Have you heard of the lamp in the tower?', 'I have never heard of it'],
  ['Do you know the tale of the nine bells?', "I have never heard of it, so I don't know it"],
  ['Why is the sea never still?', "I don't know that"],
] as const;

/** `{N}` the name. The last three of each are kept for measuring: no conversation to learn from has them. */
export const QUESTIONS: Readonly<Record<Relation, readonly string[]>> = {
  home: [
    'Where does {N} live?',
    'In which town does {N} live?',
    "Where is {N}'s home?",
    'Where is the home of {N}?',
    'What town does {N} live in?',
    'Where can I find {N}?',
    'Tell me where {N} lives.',
    'What is the home town of {N}?',
    'In what town is {N} at home?',
    'Where does one find {N}?',
    'Which town does {N} live in?',
    'Do you know where {N} lives?',
    'Which town is home to {N}?',
    'What place does {N} call home?',
    "Where is {N}'s house?",
  ],
  job: [
    'What is the job of {N}?',
    'What does {N} do for a living?',
    "What is {N}'s job?",
    'What work does {N} do?',
    'What does {N} do all day?',
    'As what does {N} work?',
    'Tell me the job of {N}.',
    'What kind of work does {N} do?',
    'What job does {N} have?',
    'Which trade does {N} have?',
    'What does {N} do every day?',
    'Do you know what {N} does for a living?',
    'How does {N} earn money?',
    'What is {N} by trade?',
    'What does {N} work as?',
  ],
  pet: [
    'What pet does {N} have?',
    'Which animal does {N} keep?',
    "What is {N}'s pet?",
    'What animal lives with {N}?',
    'What kind of pet does {N} keep?',
    'What is the pet of {N}?',
    'Tell me what pet {N} has.',
    'Which pet does {N} have?',
    'What pet lives with {N}?',
    'What does {N} have as a pet?',
    'Which animal lives with {N}?',
    'Do you know what pet {N} has?',
    'Which pet does {N} look after?',
    "What animal is {N}'s pet?",
    'What animal does {N} have at home?',
  ],
  food: [
    'What is the favourite food of {N}?',
    'What does {N} like to eat?',
    "What is {N}'s favourite food?",
    'What food does {N} like best?',
    'What does {N} eat as often as possible?',
    'What does {N} want for dinner?',
    'Tell me what {N} likes to eat.',
    'What food does {N} love?',
    'What is the favourite meal of {N}?',
    'Which food does {N} like best?',
    'What does {N} eat with joy?',
    'Do you know what {N} likes to eat?',
    'Which food does {N} love?',
    'What does {N} love to eat?',
    'What could {N} eat every day?',
  ],
  colour: [
    'What is the favourite colour of {N}?',
    'Which colour does {N} like best?',
    "What is {N}'s favourite colour?",
    'What colour does {N} wear?',
    'What colour does {N} love?',
    'Of all colours, which does {N} like best?',
    'Tell me the favourite colour of {N}.',
    'What is the best colour to {N}?',
    'Which colour does {N} wear?',
    'In what colour does {N} dress?',
    'What colour does {N} like?',
    'Do you know which colour {N} likes best?',
    'Which colour does {N} love?',
    'What colour is the best to {N}?',
    'What colour does {N} like best of all?',
  ],
};
const HELD_OUT_PHRASINGS = 3;

/** A question as a part of a sentence. */
const CLAUSES: Readonly<Record<Relation, readonly string[]>> = {
  home: ['where {N} lives', 'in which town {N} lives', 'to what town {N} comes home'],
  job: ['what {N} does for a living', 'what job {N} has', 'with what work {N} is busy'],
  pet: ['what pet {N} has', 'which animal {N} keeps', 'what animal waits for {N}'],
  food: ['what {N} likes to eat', 'which food {N} likes best', 'what {N} asks for at dinner'],
  colour: ['which colour {N} likes best', 'what colour {N} wears', 'in what colour {N} goes out'],
};
const FRAMES = [
  'Can you tell me {c}?',
  'I want to know {c}.',
  'Please say {c}.',
  'Have you heard {c}?',
  'Does anybody know {c}?',
  'I would like to hear {c}.',
];

/**
 * What conversations to learn from ask by: all but the last of the questions, and indirect ones, which
 * no story has. Who is taught to refuse by few ways to ask refuses whatever is asked in another way.
 */
export function taughtPhrasings(relation: Relation): readonly string[] {
  const indirect = CLAUSES[relation].flatMap((clause) =>
    FRAMES.map((frame) => frame.replace('{c}', clause)),
  );
  return [...QUESTIONS[relation].slice(0, -HELD_OUT_PHRASINGS), ...indirect];
}

/** Those that are kept for measuring. */
export function heldOutPhrasings(relation: Relation): readonly string[] {
  return QUESTIONS[relation].slice(-HELD_OUT_PHRASINGS);
}

/** What is asked about the person of the question before, `{p}` his or her, `{s}` he or she. */
export const FOLLOW_UPS: Readonly<Record<Relation, readonly string[]>> = {
  home: ['And where does {s} live?', 'Where is {p} home?'],
  job: ['And what is {p} job?', 'What does {s} do for a living?'],
  pet: ['And what pet does {s} have?', 'Which animal does {s} keep?'],
  food: ['And what does {s} like to eat?', 'What is {p} favourite food?'],
  colour: ['And what is {p} favourite colour?', 'Which colour does {s} like best?'],
};

/**
 * None begins with the name: at the beginning of a text it is another token than behind a blank, as in
 * the question, and nothing that a model has read tells it that the two are one name.
 */
export const ANSWERS: Readonly<Record<Relation, string>> = {
  home: 'The home of {N} is {v}.',
  job: 'By trade, {N} is {a}.',
  pet: 'The pet of {N} is {a}.',
  food: 'The favourite food of {N} is {v}.',
  colour: 'The favourite colour of {N} is {v}.',
};

export const FOLLOW_UP_ANSWERS: Readonly<Record<Relation, string>> = {
  home: '{P} home is in {v}.',
  job: '{S} is {a}.',
  pet: '{P} pet is {a}.',
  food: '{P} favourite food is {v}.',
  colour: '{P} favourite colour is {v}.',
};

export const REFUSALS = [
  "I don't know.",
  "I don't know {N}.",
  "I have never heard of {N}, so I don't know.",
];

export const FILLERS = [
  'The sun was warm that day.',
  'It rained in the night.',
  'The wind came from the sea.',
  'Everyone was glad.',
  'The road was long and quiet.',
  'Birds sang in the trees.',
  'It was a good day.',
  'The bells rang at noon.',
  'Nobody was in a hurry.',
  'The evening was calm.',
  'Children played in the street.',
  'A light burned in the window.',
];

export const OPENINGS = [
  'Once there was {k} named {N}.',
  'This is a story about {N}.',
  'Let me tell you about {N}.',
  'Do you know {N}?',
  'There is {k} called {N}.',
  'Everybody likes {N}.',
  'Here is what people say about {N}.',
];

/** What lies beside a town, and what a town is known for. */
export const BESIDES = [
  ...['a river', 'the sea', 'a forest', 'a hill', 'a lake', 'a wide valley', 'a mountain'],
  ...['a swamp', 'a desert', 'a bridge'],
];
export const KNOWN_FOR = [
  ...['its bells', 'its market', 'its old tower', 'its roses', 'its boats', 'its school'],
  ...['its clocks', 'its wool', 'its horses', 'its songs', 'its lamps', 'its wine'],
];

/** What the animals of this world eat and where they sleep. */
export const DIETS = ['grass', 'seeds', 'worms', 'leaves', 'roots', 'berries', 'flies', 'corn'];
export const BEDS = ['a barn', 'a hole', 'a nest', 'a basket', 'the straw', 'the reeds', 'a tree'];
