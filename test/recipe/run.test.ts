import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import {
  applySettings,
  defaultRecipe,
  parseRecipe,
  recipeJsonSchema,
  type Recipe,
} from '../../src/recipe/run';

/** The GlassboxError that `action` throws; anything else fails the test. */
function failure(action: () => unknown): GlassboxError {
  try {
    action();
  } catch (error) {
    if (error instanceof GlassboxError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

const problem = (json: unknown): string =>
  failure(() => parseRecipe(JSON.stringify(json), 'a.recipe.json')).message;

describe('parseRecipe', () => {
  it('fills in every default', () => {
    const recipe = parseRecipe('{}');
    expect(recipe).toEqual(defaultRecipe());
    expect(recipe.data).toEqual({
      paths: 'sample',
      format: 'text',
      validationFraction: 0.1,
      invalidUtf8: 'error',
      batching: 'windows',
    });
    expect(recipe.model).toEqual({ freeze: [] });
    expect(recipe.runtime).toEqual({ backend: 'auto', precision: 'auto', threads: 0 });
  });

  it('keeps what is written, beside the defaults', () => {
    const recipe = parseRecipe(
      '{"train": {"lr": 3e-4}, "model": {"preset": "small"}, "name": "é1"}',
    );
    expect(recipe.train.lr).toBe(3e-4);
    expect(recipe.train.beta1).toBe(0.9);
    expect(recipe.model.preset).toBe('small');
    expect(recipe.name).toBe('é1');
  });

  it('reads what it gives', () => {
    const recipe = parseRecipe('{"data": {"paths": ["a.txt", "b"]}, "model": {"depth": 4}}');
    expect(parseRecipe(JSON.stringify(recipe))).toEqual(recipe);
  });

  it('accepts a byte order mark', () => {
    expect(parseRecipe('\uFEFF{"seed": 7}').seed).toBe(7);
  });

  it.each([
    [{ train: { optimiser: 'muon' } }, 'train.optimiser: unknown; did you mean train.optimizer?'],
    [{ lr: 1 }, 'lr: unknown; did you mean train.lr?'],
    [{ trian: {} }, 'trian: unknown; did you mean train?'],
    [{ model: { kv_heads: 2 } }, 'model.kv_heads: unknown; did you mean model.kvHeads?'],
    [{ data: { vocab: 2 } }, 'data.vocab: unknown; did you mean tokenizer.vocab?'],
    [{ zzzzzz: 2 }, 'a.recipe.json: zzzzzz: unknown.'],
    [{ train: { lr: 'fast' } }, 'train.lr: expected a number, not "fast"'],
    [{ train: { lr: 0 } }, 'train.lr: must be more than 0, not 0'],
    [{ train: { beta1: 1 } }, 'train.beta1: must be less than 1, not 1'],
    [{ train: { steps: 1.5 } }, 'train.steps: expected a whole number, not 1.5'],
    [{ train: null }, 'train: expected an object, not null'],
    [{ seed: -1 }, 'seed: must be at least 0, not -1'],
    [{ seed: 2 ** 40 }, 'seed: must be at most 4294967295'],
    [{ data: { paths: [] } }, 'data.paths: must not be empty'],
    [{ data: { paths: 'mine' } }, 'data.paths: expected "sample", or a list of at least one file'],
    [{ samples: { prompts: [1] } }, 'samples.prompts[0]: expected a text, not 1'],
    [{ model: { preset: 'huge' } }, 'expected "tiny" or "small" or "base", not "huge"'],
    [{ tokenizer: { kind: 'file' } }, 'tokenizer.file: missing: tokenizer.kind "file" needs it'],
    [{ tokenizer: { kind: 'builtin' } }, 'tokenizer.name: missing'],
    [{ model: { from: 'a', heads: 2 } }, 'model.heads: cannot be chosen together with model.from'],
    [{ name: '../up' }, 'name: expected a name for a folder'],
    [[], 'a.recipe.json: expected an object, not a list.'],
    ['x', 'a.recipe.json: expected an object, not "x".'],
  ])('says what is wrong with %j', (json, message) => {
    expect(problem(json)).toContain(message);
  });

  it('lists every problem, in the message and in the details', () => {
    const error = failure(() => parseRecipe('{"seed": "x", "train": {"lr": -1, "lrr": 2}}', 'r'));
    expect(error.code).toBe('recipe-invalid');
    expect(error.message.split('\n')).toEqual([
      'r: 3 problems.',
      '  seed: expected a number, not "x"',
      '  train.lr: must be more than 0, not -1',
      '  train.lrr: unknown; did you mean train.lr?',
    ]);
    expect(error.details['problems']).toHaveLength(3);
  });

  it.each([
    ['', 1, 1, 'expected a value'],
    ['{"a": 1,}', 1, 9, 'expected a key in double quotes (a comma before } is one too many)'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, 'expected a comma or }'],
    ['{"a" 1}', 1, 6, 'expected a colon after the key'],
    ['[1, ]', 1, 5, 'expected a value (a comma before ] is one too many)'],
    ['{"a": tru}', 1, 7, 'expected a value'],
    ['{"a": 01}', 1, 8, 'expected a comma or }'],
    ['{"a": "b\n"}', 1, 9, 'the string is not closed'],
    [String.raw`{"a": "\x"}`, 1, 8, 'an escape that JSON does not have'],
    ['{} {}', 1, 4, 'expected nothing more'],
    ["{'a': 1}", 1, 2, 'expected a key in double quotes'],
    ['{\r\n// why\r\n}', 2, 1, 'expected a key in double quotes'],
  ])('gives line and column of what is not JSON: %j', (text, line, column, expected) => {
    const error = failure(() => parseRecipe(text));
    expect(error.message).toContain(`line ${line}, column ${column}: ${expected}`);
    expect(error.details['problems']).toMatchObject([{ line, column }]);
  });

  it('is not harmed by depth, huge numbers, or the names that objects are born with', () => {
    const depth = 200_000;
    expect(failure(() => parseRecipe('['.repeat(depth))).message).toContain(`column ${depth + 1}`);
    const nested = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
    expect(failure(() => parseRecipe(nested)).code).toBe('recipe-invalid');
    const huge = failure(() => parseRecipe('{"train": {"steps": 1e400, "lr": 1e999}}'));
    expect(huge.message).toContain('train.steps: expected a number, not Infinity');
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const error = failure(() => parseRecipe(`{"${key}": {"seed": 3}, "train": {"${key}": 1}}`));
      expect(error.message).toContain(`${key}: unknown`);
      expect(error.message).toContain(`train.${key}: unknown`);
    }
    expect({}).not.toHaveProperty('seed');
  });

  it('throws nothing but GlassboxError, whatever the text', () => {
    const key = fc.oneof(
      fc.constantFrom(
        'train',
        'model',
        'data',
        'paths',
        'lr',
        'kind',
        'from',
        '__proto__',
        '$schema',
      ),
      fc.string(),
    );
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.maxSafeInteger()),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    })).value;
    const broken = fc
      .tuple(json, fc.nat(), fc.string({ maxLength: 3 }))
      .map(([value, at, inserted]) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + inserted + text.slice(cut + (at % 3));
      });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          json.map((v) => JSON.stringify(v)),
          broken,
        ),
        (text) => {
          let recipe: Recipe | undefined;
          try {
            recipe = parseRecipe(text);
          } catch (error) {
            expect(error).toBeInstanceOf(GlassboxError);
          }
          if (recipe) expect(parseRecipe(JSON.stringify(recipe))).toEqual(recipe);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the place of a mistake', () => {
  it('is where the text stops being the beginning of any JSON', () => {
    // What stands before the place is fine as far as it goes: it is whole, or ends too early.
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('}', ']', ',', '"', ':', 'x', '{', '1'),
        (json, at, inserted) => {
          const cut = at % (json.length + 1);
          const text = json.slice(0, cut) + inserted + json.slice(cut);
          const place = (source: string): number | undefined => {
            try {
              parseRecipe(source);
            } catch (error) {
              if (!(error instanceof GlassboxError)) throw error;
              const column = /line 1, column (\d+)/.exec(error.message)?.[1];
              return column === undefined ? undefined : Number(column);
            }
            return undefined;
          };
          const column = place(text);
          if (column === undefined) return;
          expect(column).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual(text.length + 1);
          expect(place(text.slice(0, column - 1)) ?? column).toBe(column);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('applySettings', () => {
  const set = (...settings: string[]): Recipe => applySettings(defaultRecipe(), settings);

  it('reads values as the field takes them', () => {
    const recipe = set(
      'train.lr=3e-4',
      'train.optimizer=muon',
      'model.tieEmbeddings=true',
      'name=2024',
      'data.paths=a.txt',
      'samples.prompts=Call me=',
      'samples.prompts=["a","b"]',
      'tokenizer.pattern=[a-z]+|\\s',
      'model.freeze=embed*',
    );
    expect(recipe.train.lr).toBe(3e-4);
    expect(recipe.train.optimizer).toBe('muon');
    expect(recipe.model.tieEmbeddings).toBe(true);
    expect(recipe.name).toBe('2024');
    expect(recipe.data.paths).toEqual(['a.txt']);
    expect(recipe.samples.prompts).toEqual(['a', 'b']);
    expect(recipe.tokenizer.pattern).toBe('[a-z]+|\\s');
    expect(recipe.model.freeze).toEqual(['embed*']);
    expect(set('data.paths=["a"]', 'data.paths=sample').data.paths).toBe('sample');
    expect(set('samples.prompts=Call me=').samples.prompts).toEqual(['Call me=']);
  });

  it('brings a default back with null', () => {
    expect(set('train.lr=5', 'model.depth=3', 'train.lr=null', 'model.depth=null')).toEqual(
      defaultRecipe(),
    );
  });

  it('leaves the recipe as it was', () => {
    const recipe = defaultRecipe();
    applySettings(recipe, ['train.lr=5', 'samples.prompts=["x"]']);
    expect(recipe).toEqual(defaultRecipe());
  });

  it.each([
    ['train.optimiser=muon', '--set: train.optimiser: unknown; did you mean train.optimizer?'],
    ['lr=1', '--set: lr: unknown; did you mean train.lr?'],
    ['model.kvheads=1', 'did you mean model.kvHeads?'],
    ['train.lr=fast', '--set: train.lr: expected a number, not "fast".'],
    ['train.lr', '--set: "train.lr": expected key=value'],
    ['=3', 'expected key=value'],
    ['train=3', '--set: train: expected an object, not 3.'],
    ['__proto__.x=3', '__proto__.x: unknown'],
    ['constructor=3', 'constructor: unknown'],
    ['train.lr.x=3', 'train.lr.x: unknown'],
  ])('says what is wrong with %s', (setting, message) => {
    expect(failure(() => set(setting)).message).toContain(message);
  });

  it('reaches every field of the schema', () => {
    const recipe = defaultRecipe();
    const sections = recipeJsonSchema().properties ?? {};
    const paths = Object.entries(sections).flatMap(([section, { properties }]) =>
      properties ? Object.keys(properties).map((key) => `${section}.${key}`) : [section],
    );
    expect(paths.length).toBeGreaterThan(50);
    for (const path of paths) {
      // No field takes this: each must answer by its own name, or take it as a text.
      let message = path;
      try {
        applySettings(recipe, [`${path}={"no": "such"}`]);
      } catch (error) {
        if (!(error instanceof GlassboxError)) throw error;
        message = error.message;
      }
      expect(message).toContain(path);
      expect(message).not.toContain(`${path}: unknown`);
    }
  });

  it('throws nothing but GlassboxError', () => {
    const key = fc.oneof(fc.constantFrom('train', 'model.from', 'data.paths', 'name'), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.oneof(fc.json(), fc.string()))), (pairs) => {
        try {
          applySettings(
            defaultRecipe(),
            pairs.map(([left, right]) => `${left}=${right}`),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(GlassboxError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('recipeJsonSchema', () => {
  it('describes every field, for hovers and completion', () => {
    const schema = recipeJsonSchema();
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    for (const [name, section] of Object.entries(schema.properties ?? {})) {
      expect(section['description'], name).toBeTypeOf('string');
      for (const [key, field] of Object.entries(section.properties ?? {}))
        expect(field['description'], `${name}.${key}`).toBeTypeOf('string');
    }
  });

  it('refuses unknown keys and gives the defaults', () => {
    const train = recipeJsonSchema().properties?.['train'];
    expect(train?.['additionalProperties']).toBe(false);
    expect(train?.properties?.['steps']?.['default']).toBe(1000);
  });
});
