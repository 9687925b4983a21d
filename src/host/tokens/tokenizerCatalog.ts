/** The tokenizers that this window can use: built in, trained here, or found. */
import type * as vscode from 'vscode';
import type { TokenizerSummary } from '../../protocol/catalogMessages';

export interface TokenizerCatalog {
  list(): readonly TokenizerSummary[];
  /** Fulfilled once the folders have been looked at. */
  ready(): Promise<readonly TokenizerSummary[]>;
  readonly onDidChange: vscode.Event<void>;
  refresh(): Promise<void>;
}
