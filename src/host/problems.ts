/** How an error reaches a person: one message that says what happened and what to do, and the log. */
import * as vscode from 'vscode';
import { GlassboxError, hasCode, messageOf } from '../base/errors';

/**
 * Shows it, unless it only says that a person wanted no more of it, or what was said already. Gives the
 * answer to `choices`.
 */
export async function tellError(
  log: vscode.LogOutputChannel,
  thrown: unknown,
  choices: readonly string[] = [],
): Promise<string | undefined> {
  if (hasCode(thrown, 'cancelled')) return undefined;
  logError(log, thrown);
  // The end of the engine has a notice of its own, one for all who waited for an answer.
  if (hasCode(thrown, 'engine-ended')) return undefined;
  if (hasCode(thrown, 'engine-start')) {
    await tellNoEngine(log, thrown);
    return undefined;
  }
  const showLog = vscode.l10n.t('Show Log');
  const answer = await vscode.window.showErrorMessage(textOf(thrown), ...choices, showLog);
  if (answer !== showLog) return answer;
  log.show();
  return undefined;
}

/** Said by all who need the engine; VS Code shows what is said twice in the same words once. */
async function tellNoEngine(log: vscode.LogOutputChannel, thrown: unknown): Promise<void> {
  const { l10n, window, commands, env } = vscode;
  const [openSetting, showLog] = [l10n.t('Open Setting'), l10n.t('Show Log')];
  const answer = await window.showErrorMessage(textOf(thrown), openSetting, showLog);
  if (answer === openSetting) {
    // It is of the machine that the engine runs on: a remote one's settings have a page of their own.
    const page = env.remoteName === undefined ? 'openSettings2' : 'openRemoteSettings';
    await commands.executeCommand(`workbench.action.${page}`, { query: '@id:glassbox.node.path' });
  }
  if (answer === showLog) log.show();
}

function textOf(thrown: unknown): string {
  const remedy = thrown instanceof GlassboxError ? thrown.remedy : undefined;
  return remedy ? `${messageOf(thrown)} ${remedy}` : messageOf(thrown);
}

/** A defect with its stack; what a person can mend with its message. */
export function logError(log: vscode.LogOutputChannel, thrown: unknown): void {
  if (thrown instanceof GlassboxError) log.error(`${thrown.code}: ${thrown.message}`);
  else if (thrown instanceof Error) log.error(thrown);
  else log.error(messageOf(thrown));
}

/** A command whose errors a person is told. What it is given comes from anywhere. */
export function registerCommand(
  log: vscode.LogOutputChannel,
  name: string,
  work: (...given: readonly unknown[]) => unknown,
): vscode.Disposable {
  return vscode.commands.registerCommand(name, async (...given: readonly unknown[]) => {
    try {
      await work(...given);
    } catch (thrown) {
      await tellError(log, thrown);
    }
  });
}
