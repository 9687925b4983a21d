/** The runs of this window's folders: what they are, what they say, and what can be done to them. */
import type * as vscode from 'vscode';
import type { Recipe } from '../../recipe/run';
import type { RunNews, RunView } from './runView';

export interface Runs {
  /** Newest first. */
  list(): readonly RunView[];
  /** Why the disk could not be read the last time; in its own words. */
  problem(): string | undefined;
  get(folder: string): RunView | undefined;
  /** The list or anything in it has changed; at most four times a second. */
  readonly onDidChange: vscode.Event<void>;
  /** Every event of this window's runs, at once. */
  readonly onNews: vscode.Event<RunNews>;
  /** Looks at the disk again. */
  refresh(): Promise<void>;

  /** Starts a run in a workspace folder. Gives the run's folder once the engine has made it. */
  start(recipe: Recipe, workspaceFolder: vscode.Uri): Promise<string>;
  /** @param steps how many it shall have in all, where that is more than it was given. */
  resume(folder: string, steps?: number): Promise<void>;
  /** Both end the run in order, at a checkpoint; fulfilled once that is written. */
  pause(folder: string): Promise<void>;
  stop(folder: string): Promise<void>;
  /** Moves the run's folder to the trash. Asks nothing: whoever calls has asked. */
  delete(folder: string): Promise<void>;
}
