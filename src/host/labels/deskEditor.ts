/**
 * The editor of labels files: the desk, in a tab like any file's. A folder that is not trusted, and a file
 * outside of the folders that are open, get a page that says why there is no desk.
 */
import * as vscode from 'vscode';
import { logError, tellError } from '../problems';
import type { Services } from '../services';
import type { Desk } from './desk';
import { pageOf, tabIconOf, textPage, webviewOptions } from '../webviews/page';
import { workFolders } from '../workspace';

export const VIEW = 'glassbox.labels';

/** @param desks is told of those that are open and have read their file, by its URI */
export function registerDeskEditor(
  services: Services,
  desks: Map<string, Desk>,
): vscode.Disposable {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: ({ uri }, panel) => show(services, desks, uri, panel),
  };
  return vscode.window.registerCustomEditorProvider(VIEW, provider, {
    // What is being typed, and where, is worth more than the memory of a page.
    webviewOptions: { retainContextWhenHidden: true },
    supportsMultipleEditorsPerDocument: false,
  });
}

async function show(
  services: Services,
  desks: Map<string, Desk>,
  uri: vscode.Uri,
  panel: vscode.WebviewPanel,
): Promise<void> {
  const { l10n, workspace } = vscode;
  if (!workspace.isTrusted) {
    const text = l10n.t(
      'This folder is not trusted: its labels are not shown. Trust it to open the desk.',
    );
    panel.webview.html = textPage(text);
    const granted = workspace.onDidGrantWorkspaceTrust(() => {
      granted.dispose();
      show(services, desks, uri, panel).catch((thrown: unknown) => tellError(services.log, thrown));
    });
    panel.onDidDispose(() => void granted.dispose());
    return;
  }
  const holder = workspace.getWorkspaceFolder(uri);
  const folder = workFolders().find((each) => each.uri.toString() === holder?.uri.toString());
  if (!folder) {
    panel.webview.html = textPage(
      l10n.t('Open the folder that holds this file: the desk keeps drafts beside it.'),
    );
    return;
  }
  const page = {
    extensionUri: services.context.extensionUri,
    surface: 'label',
    title: l10n.t('Labelling Desk'),
  };
  panel.iconPath = tabIconOf(page);
  panel.webview.options = webviewOptions(page);
  // The desk, and what a page may ask, are needed with the first one only.
  const [{ openDesk }, { answerDesk }, { answerWebview }] = await Promise.all([
    import('./openDesk'),
    import('./deskPanel'),
    import('../webviews/webviewConnection'),
  ]);
  const opened = openDesk(services, uri, folder);
  const { desk } = opened;
  const key = uri.toString();
  const closed = new AbortController();
  const answering = answerWebview(panel.webview, (answer) => answerDesk(services, opened, answer));
  panel.onDidDispose(() => {
    closed.abort();
    if (desks.get(key) === desk) desks.delete(key);
    answering.dispose();
    opened.dispose();
  });
  panel.webview.html = pageOf(panel.webview, page);
  try {
    await desk.refresh();
    if (!closed.signal.aborted) desks.set(key, desk);
  } catch (thrown) {
    logError(services.log, thrown);
    void tellError(services.log, thrown);
  }
}
