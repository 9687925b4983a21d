/** The extension's settings, one reader each; their defaults and descriptions are in package.json. */
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import type { Recipe } from '../recipe/run';

const SECTION = 'glassbox';

/** The setting, or its default where a person wrote something that it can't be. */
function read<T>(name: string, schema: z.ZodType<T>, scope?: vscode.ConfigurationScope): T {
  const configuration = vscode.workspace.getConfiguration(SECTION, scope);
  const read = schema.safeParse(configuration.get(name));
  return read.success ? read.data : schema.parse(configuration.inspect(name)?.defaultValue);
}

const text = z.string();
const atHome = (folder: string): string =>
  folder.startsWith('~/') ? path.join(homedir(), folder.slice(2)) : folder;

export const settings = {
  nodePath: () => read('node.path', text).trim(),
  /** The name of the folder in each workspace folder that holds runs, models and tokenizers. */
  storageFolder: (scope: vscode.ConfigurationScope) => read('storageFolder', text.min(1), scope),
  modelFolders: () => read('models.folders', z.array(text.min(1))).map(atHome),
  backend: () => read('device', z.enum(['auto', 'onnx', 'webgpu'])),
  /** CPU threads; 0: one fewer than there are cores. */
  threads: () => read('threads', z.int().min(0)),
  offerResume: () => read('runs.offerResume', z.boolean()),
  tokenizer: (scope?: vscode.ConfigurationScope) => read('tokens.tokenizer', text.min(1), scope),
  comparedTokenizers: () => read('tokens.compareWith', z.array(text.min(1))),
  tokenStatusBar: () => read('tokens.statusBar', z.enum(['always', 'withOverlay', 'never'])),
  offerLanguageModels: () => read('chat.offerToEditor', z.boolean()),
  sampling: () => ({
    maxTokens: read('chat.maxTokens', z.int().positive()),
    temperature: read('chat.temperature', z.number().min(0)),
    topK: read('chat.topK', z.int().min(0)),
    topP: read('chat.topP', z.number().positive().max(1)),
    minP: read('chat.minP', z.number().min(0).max(1)),
    repetitionPenalty: read('chat.repetitionPenalty', z.number().positive()),
  }),
  continuationTokens: () => read('continueText.maxTokens', z.int().positive()),
};

/** The recipe with what it leaves open as the settings say. */
export function withSettings(recipe: Recipe): Recipe {
  const { backend, threads } = recipe.runtime;
  return {
    ...recipe,
    runtime: {
      backend: backend === 'auto' ? settings.backend() : backend,
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
