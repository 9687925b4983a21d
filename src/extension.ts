/**
 * What VS Code calls when the extension starts. Thin on purpose: everything heavy lives in the
 * engine's process, so that nothing here can freeze the window.
 */
import * as vscode from 'vscode';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Glassbox', { log: true });
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand('glassbox.showLog', () => {
      log.show();
    }),
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
