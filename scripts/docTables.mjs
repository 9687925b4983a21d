// The parts of the documents that follow from the code, as text: every field of a recipe, the shapes
// that presets and depths stand for, the help of every command. Pure functions of what the rooms
// give, so that `scripts/docs.mjs` writes with them and the tests check with them.

/* global AbortController */

/** The documents that have such parts, and which. */
export const DOCUMENTS = {
  'docs/recipes.md': ['fields'],
  'docs/models.md': ['shapes'],
  'docs/cli.md': [
    'help',
    'help train',
    'help sft',
    'help chat',
    'help chat render',
    'help tinyworld',
    'help knowledge probe',
    'help knowledge teach',
    'help generate',
    'help logits',
    'help eval',
    'help export',
    'help tokenizer train',
    'help tokenizer encode',
    'help tokenizer decode',
    'help data curate',
    'help data plan',
    'help data explain',
    'help data stats',
    'help data trace',
    'help devices',
  ],
};

/**
 * A document with its generated parts made anew. `partOf` gives a part's text by its name. Throws
 * where a part's marks are missing.
 */
export function renewed(file, text, partOf) {
  return DOCUMENTS[file].reduce((whole, name) => {
    const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${file} has no part between ${begin} and ${end}.`);
    return `${whole.slice(0, from + begin.length)}\n${partOf(name)}\n${whole.slice(to)}`;
  }, text);
}

const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function table(heads, rows) {
  return [row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n');
}

// --- Recipes --------------------------------------------------------------------------------

const code = (value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** What a field takes, in few words, from its JSON schema. */
function takes(field) {
  if (field.anyOf) return field.anyOf.map(takes).join(' or ');
  if (field.const !== undefined) return code(JSON.stringify(field.const));
  if (field.enum) return field.enum.map(code).join(', ');
  switch (field.type) {
    case 'array':
      return field.minItems ? 'list of texts, not empty' : 'list of texts';
    case 'boolean':
      return '`true`, `false`';
    case 'integer':
      return `whole number${range(field)}`;
    case 'number':
      return `number${range(field)}`;
    case 'object':
      return Object.entries(field.properties)
        .map(([key, inner]) => `${code(key)}: ${takes(inner)}`)
        .join('; ');
    default:
      return 'text';
  }
}

function range({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const low = type === 'integer' && exclusiveMinimum === 0 ? 1 : minimum;
  const parts = [
    ...(low === undefined && exclusiveMinimum !== undefined ? [`above ${exclusiveMinimum}`] : []),
    ...(low === undefined ? [] : [`from ${low}`]),
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? [] : [`to ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
  ];
  return parts.length > 0 ? ` ${parts.join(' ')}` : '';
}

/** A table a section; the fields outside of any section come first. */
export function recipeFields(schema) {
  const fields = Object.entries(schema.properties);
  const single = fields.filter(([, field]) => !field.properties);
  const sections = fields.filter(([, field]) => field.properties);
  const rows = (entries, prefix) =>
    entries.map(([key, field]) => [
      code(prefix + key),
      takes(field),
      field.default === undefined ? '' : code(field.default),
      field.description ?? '',
    ]);
  const heads = ['Field', 'Takes', 'Default', 'Meaning'];
  return [
    table(heads, rows(single, '')),
    ...sections.flatMap(([name, section]) => [
      `### ${name}\n\n${section.description}`,
      table(heads, rows(Object.entries(section.properties), `${name}.`)),
    ]),
  ].join('\n\n');
}

// --- Models ---------------------------------------------------------------------------------

/** Vocabularies at which parameters are counted: the default recipe's, and GPT-2's. */
const VOCABULARIES = [4096, 50_257];
const PRESETS = ['tiny', 'small', 'base'];
const DEPTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 20];

const grouped = (value) => value.toLocaleString('en-US');

/** `resolveModel` and `parameterCount` of the model room. */
export function modelShapes({ resolveModel, parameterCount }) {
  const line = (name, wishes) => {
    const shape = resolveModel({ freeze: [], ...wishes }, VOCABULARIES[0]);
    const { layers, heads, kvHeads, headDim, width, intermediate, context, tieEmbeddings } = shape;
    return [
      name,
      ...[layers, heads, kvHeads, headDim, width, intermediate, context].map(grouped),
      tieEmbeddings ? 'yes' : 'no',
      ...VOCABULARIES.map((vocab) => grouped(parameterCount({ ...shape, vocab }))),
    ];
  };
  const heads = [
    'layers',
    'heads',
    'kvHeads',
    'headDim',
    'width',
    'intermediate',
    'context',
    'tied',
    ...VOCABULARIES.map((vocab) => `parameters at vocab ${grouped(vocab)}`),
  ];
  const presets = PRESETS.map((preset) => line(code(preset), { preset }));
  const depths = DEPTHS.map((depth) => line(String(depth), { depth }));
  return `${table(['`preset`', ...heads], presets)}\n\n${table(['`depth`', ...heads], depths)}`;
}

// --- Command line ---------------------------------------------------------------------------

/** The help of a command, given by words as in `help tokenizer train`; bare `help` is the program's. */
export async function commandHelp(name, runProgram) {
  let text = '';
  const stdout = { write: (part) => (text += part) };
  const streams = {
    stdout,
    stderr: stdout,
    readStdin: async () => new Uint8Array(),
    readLines: async function* () {},
    env: {},
  };
  const noEngine = () => Promise.reject(new Error('Help needs no engine.'));
  const args = [...name.split(' ').slice(1), '--help'];
  await runProgram(args, streams, noEngine, new AbortController().signal);
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}

/** Every document with its generated parts made anew: file -> text. `read` gives what is there. */
export async function renewDocuments(read, rooms) {
  const parts = new Map([
    ['fields', recipeFields(rooms.recipeJsonSchema())],
    ['shapes', modelShapes(rooms)],
  ]);
  for (const name of DOCUMENTS['docs/cli.md'])
    parts.set(name, await commandHelp(name, rooms.runProgram));
  return new Map(
    Object.keys(DOCUMENTS).map((file) => [
      file,
      renewed(file, read(file), (name) => parts.get(name)),
    ]),
  );
}
