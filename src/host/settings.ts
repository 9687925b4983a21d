/**
 * The extension's settings, one reader each; their defaults and descriptions are in package.json.
 * Checked by hand: they are read when VS Code starts, and a library of schemas would be loaded then.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Recipe } from '../recipe/run';

const SECTION = 'glassbox';

type Check<T> = (value: unknown) => value is T;

/** The setting, or its default where a person wrote something that it can't be. */
function read<T>(name: string, fits: Check<T>, scope?: vscode.ConfigurationScope): T {
  const configuration = vscode.workspace.getConfiguration(SECTION, scope);
  const written: unknown = configuration.get(name);
  if (fits(written)) return written;
  const usual: unknown = configuration.inspect(name)?.defaultValue;
  if (fits(usual)) return usual;
  throw new Error(`package.json gives ${SECTION}.${name} no default that it can be.`);
}

const isText: Check<string> = (value) => typeof value === 'string';
const isFilled: Check<string> = (value): value is string => isText(value) && value !== '';
const isList: Check<string[]> = (value): value is string[] =>
  Array.isArray(value) && value.every(isFilled);
const isFlag: Check<boolean> = (value) => typeof value === 'boolean';
const isOneOf =
  <T extends string>(...choices: readonly T[]): Check<T> =>
  (value): value is T =>
    choices.some((choice) => choice === value);
const isNumber =
  (fits: (value: number) => boolean): Check<number> =>
  (value): value is number =>
    typeof value === 'number' && Number.isFinite(value) && fits(value);
const isCount = isNumber((value) => Number.isInteger(value) && value >= 0);
const isSomeCount = isNumber((value) => Number.isInteger(value) && value > 0);
const atHome = (folder: string): string =>
  folder.startsWith('~/') ? path.join(homedir(), folder.slice(2)) : folder;

export const settings = {
  nodePath: () => read('node.path', isText).trim(),
  /** The name of the folder in each workspace folder that holds runs, models, tokenizers, corpora. */
  storageFolder: (scope: vscode.ConfigurationScope) => read('storageFolder', isFilled, scope),
  modelFolders: () => read('models.folders', isList).map(atHome),
  /** As they are written: `~/` stays what it is. */
  writtenModelFolders: () => read('models.folders', isList),
  backend: () => read('device', isOneOf('auto', 'onnx', 'webgpu')),
  precision: () => read('precision', isOneOf('auto', 'f32', 'f16')),
  /** CPU threads; 0: one fewer than there are cores. */
  threads: () => read('threads', isCount),
  offerResume: () => read('runs.offerResume', isFlag),
  tokenizer: (scope?: vscode.ConfigurationScope) => read('tokens.tokenizer', isFilled, scope),
  comparedTokenizers: () => read('tokens.compareWith', isList),
  tokenStatusBar: () => read('tokens.statusBar', isOneOf('always', 'withOverlay', 'never')),
  offerLanguageModels: () => read('chat.offerToEditor', isFlag),
  sampling: () => ({
    maxTokens: read('chat.maxTokens', isSomeCount),
    temperature: read(
      'chat.temperature',
      isNumber((value) => value >= 0),
    ),
    topK: read('chat.topK', isCount),
    topP: read(
      'chat.topP',
      isNumber((value) => value > 0 && value <= 1),
    ),
    minP: read(
      'chat.minP',
      isNumber((value) => value >= 0 && value <= 1),
    ),
    repetitionPenalty: read(
      'chat.repetitionPenalty',
      isNumber((value) => value > 0),
    ),
  }),
  continuationTokens: () => read('continueText.maxTokens', isSomeCount),
};

/** The recipe with what it leaves open as the settings say. */
export function withSettings(recipe: Recipe): Recipe {
  const { backend, precision, threads } = recipe.runtime;
  return {
    ...recipe,
    runtime: {
      backend: backend === 'auto' ? settings.backend() : backend,
      precision: precision === 'auto' ? settings.precision() : precision,
      threads: threads === 0 ? settings.threads() : threads,
    },
  };
}

/** Fires when a setting whose name begins with `name` has changed. */
export function onDidChangeSetting(name: string, listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.${name}`)) listener();
  });
}
