/** The corpora that this window can use: those that lie in its folders, finished. */
import type * as vscode from 'vscode';
import type { CorpusSummary } from '../../protocol/corpusMessages';

export interface CorpusCatalog {
  list(): readonly CorpusSummary[];
  /** Fulfilled once the folders have been looked at. */
  ready(): Promise<readonly CorpusSummary[]>;
  readonly onDidChange: vscode.Event<void>;
  refresh(): Promise<void>;
}
