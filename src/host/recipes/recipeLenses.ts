/** Above a recipe: a way to start it, and what it would take of this machine. */
import * as vscode from 'vscode';
import { hasCode } from '../../base/errors';
import { bytesText, countText, durationText } from '../formats';
import { logError } from '../problems';
import type { Services } from '../services';
import { withSettings } from '../settings';
import { isRecipe, readRecipe } from './recipeFiles';

class EstimateLens extends vscode.CodeLens {
  readonly document: vscode.TextDocument;

  constructor(range: vscode.Range, document: vscode.TextDocument) {
    super(range);
    this.document = document;
  }
}

export class RecipeLenses implements vscode.CodeLensProvider {
  readonly #services: Pick<Services, 'engine' | 'log'>;
  readonly onDidChangeCodeLenses = vscode.workspace.onDidGrantWorkspaceTrust;

  constructor(services: Pick<Services, 'engine' | 'log'>) {
    this.#services = services;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!isRecipe(document)) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    const start = new vscode.CodeLens(top, {
      title: vscode.l10n.t('$(play) Start Run'),
      command: 'glassbox.startRunFromRecipe',
      arguments: [document.uri],
    });
    return [start, new EstimateLens(top, document)];
  }

  async resolveCodeLens(
    lens: vscode.CodeLens,
    token: vscode.CancellationToken,
  ): Promise<vscode.CodeLens> {
    if (lens instanceof EstimateLens)
      lens.command = { title: await this.#estimate(lens.document, token), command: '' };
    return lens;
  }

  async #estimate(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<string> {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    try {
      const recipe = withSettings(await readRecipe(document.getText(), document.uri.fsPath));
      const methods = await this.#services.engine.methods();
      const found = await methods.estimate({ recipe }, abort.signal);
      const memory = bytesText(found.memory);
      // How many steps an epoch has shows when the text has been read.
      return recipe.train.epochs === undefined
        ? vscode.l10n.t('about {0}, {1}', durationText(found.seconds), memory)
        : vscode.l10n.t('{0} tokens/s, {1}', countText(Math.round(found.tokensPerSecond)), memory);
    } catch (thrown) {
      // A recipe that is being written is wrong most of the time, and squiggles say how.
      if (!abort.signal.aborted && !hasCode(thrown, 'recipe-invalid'))
        logError(this.#services.log, thrown);
      return vscode.l10n.t('no estimate');
    }
  }
}
