/** The tree "Tokenizers": those built in, those trained here, those found. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { TokenizerSummary } from '../../protocol/catalogMessages';
import { countText } from '../formats';
import { logError } from '../problems';
import type { Services } from '../services';
import { storageOf, withRoot, workFolders } from '../workspace';
import { liesIn } from './modelOrder';

export class TokenizerTree implements vscode.TreeDataProvider<TokenizerSummary> {
  readonly #services: Pick<Services, 'tokenizers' | 'log'>;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Pick<Services, 'tokenizers' | 'log'>) {
    this.#services = services;
  }

  update(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(above?: TokenizerSummary): Promise<TokenizerSummary[]> {
    if (above) return [];
    const { tokenizers, log } = this.#services;
    const all = await tokenizers.ready().catch((thrown: unknown) => {
      logError(log, thrown);
      return tokenizers.list();
    });
    return [...all];
  }

  getTreeItem(summary: TokenizerSummary): vscode.TreeItem {
    const { tokenizer, name, vocab, builtin, problem } = summary;
    const item = new vscode.TreeItem(name);
    item.id = tokenizer;
    const said = problem ?? vscode.l10n.t('{0} tokens', countText(vocab));
    item.description = builtin ? said : withRoot(tokenizer, said);
    item.iconPath =
      problem === undefined
        ? new vscode.ThemeIcon(builtin ? 'package' : 'symbol-key')
        : new vscode.ThemeIcon('warning', new vscode.ThemeColor('charts.orange'));
    item.contextValue = contextOf(summary);
    item.tooltip = builtin ? vscode.l10n.t('Built in') : tokenizer;
    const where = builtin ? vscode.l10n.t('built in') : vscode.l10n.t('from a file');
    const label = `${name}, ${where}, ${item.description}`;
    item.accessibilityInformation = { label, role: 'treeitem' };
    if (problem === undefined)
      item.command = {
        command: 'glassbox.openTokenizerExplorer',
        title: vscode.l10n.t('Open Tokenizer Explorer'),
        arguments: [summary],
      };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/**
 * `tokenizer.builtin` or `tokenizer.file`, with `.own` where it lies in this workspace and no run
 * needs it: menus depend on it.
 */
function contextOf({ tokenizer, builtin, problem }: TokenizerSummary): string {
  if (builtin) return 'tokenizer.builtin';
  const folders = workFolders().map(({ uri }) => uri);
  const isRuns = liesIn(
    tokenizer,
    folders.map((folder) => path.join(storageOf(folder), 'runs')),
  );
  const isHere = liesIn(
    tokenizer,
    folders.map(({ fsPath }) => fsPath),
  );
  return `tokenizer.file${isHere && !isRuns ? '.own' : ''}${problem === undefined ? '' : '.broken'}`;
}
