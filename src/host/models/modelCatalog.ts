/** The models that this window can use: trained here, or found in the folders of the settings. */
import type * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';

export interface ModelCatalog {
  /** Those trained here first, newest first; then those found. */
  list(): readonly ModelSummary[];
  /** Fulfilled once the folders have been looked at. */
  ready(): Promise<readonly ModelSummary[]>;
  readonly onDidChange: vscode.Event<void>;
  refresh(): Promise<void>;
  /** Lets a person choose one that can be used; undefined where they don't. */
  choose(title: string): Promise<ModelSummary | undefined>;
}
