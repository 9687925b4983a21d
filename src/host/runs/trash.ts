/** Deleting what a person asked to delete: to the trash, and for good only where there is none. */
import { rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';

/** Throws `cancelled` where there is no trash and a person doesn't want it gone for good. */
export async function moveToTrash(uri: vscode.Uri): Promise<void> {
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch (thrown) {
    const forGood = vscode.l10n.t('Delete Permanently');
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('This machine has no trash for {0}. Delete it permanently?', uri.fsPath),
      { modal: true },
      forGood,
    );
    if (answer !== forGood)
      throw new GlassboxError('cancelled', vscode.l10n.t('Nothing was deleted.'), {
        cause: thrown,
      });
    await rm(uri.fsPath, { recursive: true });
  }
}
