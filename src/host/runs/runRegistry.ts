/** Scaffold: its owner replaces this file. */
import * as vscode from 'vscode';
import type { Services } from '../services';
import type { RunNews } from './runView';
import type { Runs } from './runs';

export function openRuns({ log }: Pick<Services, 'log' | 'engine'>): Runs & vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const news = new vscode.EventEmitter<RunNews>();
  const none = (): Promise<never> => Promise.reject(new Error('scaffold'));
  log.debug('runs');
  return {
    list: () => [],
    get: () => undefined,
    onDidChange: changed.event,
    onNews: news.event,
    refresh: () => Promise.resolve(),
    start: none,
    resume: none,
    pause: none,
    stop: none,
    delete: none,
    dispose: () => changed.dispose(),
  };
}
