/** What the rooms of the extension share. Each room takes this and gives back what ends with it. */
import type * as vscode from 'vscode';
import type { CorpusCatalog } from './corpora/corpusCatalog';
import type { EngineClient } from './engine/engineClient';
import type { ProbeCatalog } from './knowledge/probeCatalog';
import type { ModelCatalog } from './models/modelCatalog';
import type { Runs } from './runs/runs';
import type { TokenizerCatalog } from './tokens/tokenizerCatalog';
import type { Walkthrough } from './walkthrough';

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly walkthrough: Walkthrough;
  readonly engine: EngineClient;
  readonly runs: Runs;
  readonly models: ModelCatalog;
  readonly tokenizers: TokenizerCatalog;
  readonly corpora: CorpusCatalog;
  readonly probes: ProbeCatalog;
}
