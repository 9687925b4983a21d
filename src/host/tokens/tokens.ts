/** Tokens in the editor: their overlay, hover and count, the choice of the tokenizer, the explorer. */
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { registerCommand } from '../problems';
import type { Services } from '../services';
import { onDidChangeSetting } from '../settings';
import { chooseTokenizer, useTokenizer } from './chooseTokenizer';
import { MirroredDocuments } from './mirroredDocuments';
import { ShownDocuments } from './shownDocuments';
import { TokenCount } from './tokenCount';
import { registerTokenHover } from './tokenHover';
import { registerTokenizerExplorer } from './tokenizerExplorer';
import { tokenizerIn } from './tokenizerNames';
import { TokenOverlay } from './tokenOverlay';

export function registerTokens(services: Services): vscode.Disposable {
  const { context, engine, log } = services;
  const shown = new ShownDocuments(context.workspaceState);
  const documents = new MirroredDocuments(engine);
  const overlay = new TokenOverlay(services, documents, shown);
  const count = new TokenCount(documents, shown, overlay, engine);
  const prune = (): void =>
    documents.keepOnly(
      new Set(
        vscode.workspace.textDocuments.filter(
          (document) => shown.has(document) || count.needs(document),
        ),
      ),
    );
  return vscode.Disposable.from(
    count,
    overlay,
    documents,
    shown,
    shown.onDidChange(prune),
    vscode.window.onDidChangeActiveTextEditor(prune),
    onDidChangeSetting('tokens.statusBar', prune),
    registerTokenHover(services, documents, shown),
    registerTokenizerExplorer(services),
    registerCommand(log, 'glassbox.showTokens', () => overlay.show(true)),
    registerCommand(log, 'glassbox.hideTokens', () => overlay.show(false)),
    registerCommand(log, 'glassbox.openSampleText', async () => {
      const file = vscode.Uri.joinPath(context.extensionUri, 'dist', 'sample', 'moby-dick.txt');
      await vscode.window.showTextDocument(file);
      // It is a part of the installed extension.
      await vscode.commands.executeCommand(
        'workbench.action.files.setActiveEditorReadonlyInSession',
      );
    }),
    registerCommand(log, 'glassbox.chooseTokenizer', () => chooseTokenizer(services)),
    registerCommand(log, 'glassbox.useTokenizer', async (item: unknown) => {
      const tokenizer = tokenizerIn(item);
      if (tokenizer === undefined)
        throw new GlassboxError('no-tokenizer', 'No tokenizer was chosen.', {
          remedy: 'Use "Glassbox: Choose Tokenizer...".',
        });
      await useTokenizer(tokenizer);
      overlay.show(true);
    }),
  );
}
