/**
 * The protocol's requests about what lies on the disk (runs, models, tokenizers) and about recipes, in
 * terms of the rooms. They read, list and measure; the supervisor gives them a worker of their own.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../base/errors';
import type { ModelSummary, TokenizerSummary } from '../protocol/catalogMessages';
import type { Handlers } from '../protocol/protocol';
import { checkCorpusRecipe } from './checkCorpusRecipe';
import { checkRecipe } from './checkRecipe';
import { discover } from './discover';
import { estimate } from './estimate';
import { exportModel, summarizeModel, WEIGHT_FILE } from './interop/interop';
import { readTokenizer } from './tokenizer/tokenizer';
import { isCheckpoint, listRuns, modelFolder, readBest, readPosition } from './train/train';

type CatalogRequest = 'runs' | 'models' | 'exportModel' | 'tokenizers' | 'checkRecipe' | 'estimate';

/** Known without loading their tables, each of which takes a tenth of a second. */
export const BUILTIN_VOCABULARIES = {
  gpt2: 50_257,
  cl100k_base: 100_277,
  o200k_base: 200_019,
} as const;

export function createCatalogService(options: {
  readonly samplePath: string;
}): Handlers<CatalogRequest> {
  const tokenizers = new Map<string, TokenizerSummary>();

  /** Read once for each content of the file; undefined where it has vanished, or the link dangles. */
  async function tokenizerIn(file: string): Promise<TokenizerSummary | undefined> {
    const found = await stat(file).catch(() => undefined);
    if (!found) return undefined;
    const key = JSON.stringify([file, found.mtimeMs, found.size]);
    let summary = tokenizers.get(key);
    if (!summary) {
      summary = await summarizeTokenizer(file);
      tokenizers.set(key, summary);
    }
    return summary;
  }

  return {
    runs: async ({ folders }) => {
      const runs = await Promise.all(folders.map((folder) => listRuns(path.resolve(folder))));
      return runs.flat().map((run) => ({ ...run, checkpoints: [...run.checkpoints] }));
    },

    models: async ({ folders }, signal) => {
      const models: ModelSummary[] = [];
      for await (const { folder, files } of discover(folders, signal)) {
        if (!files.includes('config.json')) continue;
        if (!files.some((name) => WEIGHT_FILE.test(name))) continue;
        const model = await modelIn(folder);
        if (model) models.push(model);
      }
      return models;
    },

    exportModel: async ({ model, out }, signal) => {
      const folder = path.resolve(out);
      return { folder, bytes: await exportModel(await modelFolder(model), folder, signal) };
    },

    tokenizers: async ({ folders }, signal) => {
      const found: TokenizerSummary[] = Object.entries(BUILTIN_VOCABULARIES).map(
        ([name, vocab]) => ({ tokenizer: name, name, builtin: true, vocab }),
      );
      for await (const { folder, files } of discover(folders, signal)) {
        // A run's checkpoints have the run's own tokenizer.
        if (path.basename(path.dirname(folder)) === 'checkpoints') continue;
        for (const name of files.filter((each) => TOKENIZER.test(each))) {
          const tokenizer = await tokenizerIn(path.join(folder, name));
          if (tokenizer) found.push(tokenizer);
        }
      }
      return found;
    },

    checkRecipe: ({ kind, text, folder }) =>
      kind === 'corpus'
        ? checkCorpusRecipe(text, folder)
        : checkRecipe(text, { folder, ...options }),

    estimate: ({ recipe }, signal) => estimate(recipe, signal),
  };
}

const TOKENIZER = /^(.+\.)?tokenizer\.json$/;

async function modelIn(folder: string): Promise<ModelSummary | undefined> {
  const summary = await summarizeModel(folder);
  if (!summary) return undefined;
  const checkpoints = path.dirname(folder);
  if (path.basename(checkpoints) === 'checkpoints' && (await isCheckpoint(folder))) {
    const run = path.dirname(checkpoints);
    const [position, best] = await Promise.all([
      readPosition(folder).catch(() => undefined),
      readBest(checkpoints),
    ]);
    if (position)
      return {
        ...{ folder, name: path.basename(run) },
        ...summary,
        run: { folder: run, step: position.step, best: position.step === best?.step },
      };
  }
  return { folder, name: nameOf(folder), ...summary };
}

/** The folder's name; in the cache of Hugging Face's hub, that of the repository. */
function nameOf(folder: string): string {
  const repository = /models--([^/\\]+)[/\\]snapshots[/\\][^/\\]+$/.exec(folder)?.[1];
  return repository?.replace('--', '/') ?? path.basename(folder);
}

async function summarizeTokenizer(file: string): Promise<TokenizerSummary> {
  const base = path.basename(file);
  const own = base === 'tokenizer.json' ? nameOf(path.dirname(file)) : base.slice(0, -15);
  const known = { tokenizer: file, name: own, builtin: false };
  try {
    return { ...known, vocab: (await readTokenizer(file)).vocabSize };
  } catch (thrown) {
    return { ...known, vocab: 0, problem: messageOf(thrown) };
  }
}
