/** Deleting what a person asked to delete: to the trash, and for good only where there is none. */
import { rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { GlassboxError, messageOf } from '../../base/errors';

/** Codes of VS Code's file system: reasons that deleting for good would meet as well. */
const OTHER_REASONS: readonly string[] = ['FileNotFound', 'NoPermissions', 'Unavailable'];

/**
 * Throws `cancelled` where the trash can't take it and a person doesn't want it gone for good; the
 * file system's own reason where it can't be deleted at all.
 */
export async function moveToTrash(uri: vscode.Uri): Promise<void> {
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch (thrown) {
    // VS Code has no code for a missing trash: it is what is left.
    if (thrown instanceof vscode.FileSystemError && OTHER_REASONS.includes(thrown.code))
      throw thrown;
    const forGood = vscode.l10n.t('Delete Permanently');
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('{0} could not be moved to the trash. Delete it permanently?', uri.fsPath),
      { modal: true, detail: messageOf(thrown) },
      forGood,
    );
    if (answer !== forGood)
      throw new GlassboxError('cancelled', vscode.l10n.t('Nothing was deleted.'), {
        cause: thrown,
      });
    await rm(uri.fsPath, { recursive: true });
  }
}
