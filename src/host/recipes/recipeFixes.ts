/** "Change to ..." on a field that does not exist, where the one that was meant is known. */
import * as vscode from 'vscode';
import { recipeKindOf } from './recipeFiles';

export class RecipeFixes implements vscode.CodeActionProvider {
  async provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): Promise<vscode.CodeAction[]> {
    const kind = recipeKindOf(document);
    if (!kind) return [];
    const { misspelt } = await import('./recipeText');
    return misspelt(document.getText(), kind).flatMap(({ span, meant }) => {
      const key = new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
      if (!key.intersection(range)) return [];
      const title = vscode.l10n.t('Change to "{0}"', meant);
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      action.edit.replace(document.uri, key, JSON.stringify(meant));
      action.diagnostics = diagnostics.filter((each) => each.range.intersection(key));
      action.isPreferred = true;
      return [action];
    });
  }
}
