/**
 * What VS Code calls when the extension starts: makes what the rooms share and lets each room
 * register. Nothing here waits and nothing heavy runs: the engine starts when something asks it.
 */
import * as vscode from 'vscode';
import { registerChat } from './host/chat/chat';
import { registerCorpora } from './host/corpora/corpora';
import { openCorpusCatalog } from './host/corpora/corpusCatalog';
import { registerDashboard } from './host/dashboard/dashboard';
import { registerDatasets } from './host/datasets/datasets';
import { EngineClient } from './host/engine/engineClient';
import { registerEngineCommands } from './host/engine/engineCommands';
import { registerKnowledge } from './host/knowledge/knowledge';
import { openProbeCatalog } from './host/knowledge/probeCatalog';
import { registerLabels } from './host/labels/labels';
import { registerModels } from './host/models/modelCommands';
import { openModelCatalog } from './host/models/models';
import { registerTokenizers } from './host/models/tokenizerCommands';
import { registerRecipes } from './host/recipes/recipes';
import { openRuns } from './host/runs/runRegistry';
import { registerRuns } from './host/runs/runCommands';
import type { Services } from './host/services';
import { openTokenizerCatalog } from './host/tokens/tokenizers';
import { registerTokens } from './host/tokens/tokens';
import { Walkthrough } from './host/walkthrough';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Glassbox', { log: true });
  const engine = new EngineClient(context, log);
  const walkthrough = new Walkthrough(context);
  const base = { context, log, engine, walkthrough };
  const runs = openRuns(base);
  const models = openModelCatalog(base, runs);
  const tokenizers = openTokenizerCatalog(base, runs);
  const corpora = openCorpusCatalog(base);
  const probes = openProbeCatalog(base);
  const services: Services = { ...base, runs, models, tokenizers, corpora, probes };
  context.subscriptions.push(
    log,
    engine,
    runs,
    models,
    tokenizers,
    corpora,
    probes,
    registerEngineCommands(services),
    registerRuns(services),
    registerDashboard(services),
    registerRecipes(services),
    registerModels(services),
    registerTokenizers(services),
    registerTokens(services),
    registerCorpora(services),
    registerKnowledge(services),
    registerLabels(services),
    registerDatasets(services),
    registerChat(services),
  );
  log.info(`Glassbox ${version(context)} is active.`);
}

function version(context: vscode.ExtensionContext): string {
  const manifest: unknown = context.extension.packageJSON;
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined;
  return typeof found === 'string' ? found : '(unknown version)';
}
