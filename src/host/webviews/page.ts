/**
 * The page of a webview: one bundled script and one style sheet, a policy that lets in nothing else,
 * and what the script needs to know before it asks. No inline script, no inline style sheet.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export interface PageOptions {
  readonly extensionUri: vscode.Uri;
  /** The folder below `webview/`. */
  readonly surface: string;
  readonly title: string;
  /** Folders besides the extension's whose files the page may fetch. */
  readonly readable?: readonly vscode.Uri[];
}

/** Where the pages' files may come from. */
export function webviewOptions({
  extensionUri,
  readable = [],
}: PageOptions): vscode.WebviewOptions {
  return {
    enableScripts: true,
    localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist', 'webview'), ...readable],
  };
}

/** The icon of the page's tab. VS Code doesn't colour it: there is one for each kind of theme. */
export function tabIconOf({ extensionUri, surface }: PageOptions): {
  light: vscode.Uri;
  dark: vscode.Uri;
} {
  const at = (theme: string): vscode.Uri =>
    vscode.Uri.joinPath(extensionUri, 'media', 'tabs', `${surface}-${theme}.svg`);
  return { light: at('light'), dark: at('dark') };
}

export function pageOf(
  webview: vscode.Webview,
  { extensionUri, surface, title }: PageOptions,
): string {
  const at = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', name)).toString();
  const nonce = randomBytes(16).toString('base64url');
  const source = webview.cspSource;
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source} data: blob:`,
    `connect-src ${source}`,
  ].join('; ');
  const translations = JSON.stringify(vscode.l10n.bundle ?? {});
  return `<!DOCTYPE html>
<html lang="${escape(vscode.env.language)}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escape(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="glassbox-translations" content="${escape(translations)}" />
    <link rel="stylesheet" href="${escape(at('codicon.css'))}" />
    <link rel="stylesheet" href="${escape(at(`${surface}.css`))}" />
    <title>${escape(title)}</title>
  </head>
  <body>
    <main id="root"></main>
    <script nonce="${nonce}" src="${escape(at(`${surface}.js`))}"></script>
  </body>
</html>`;
}

/** Fills a tab: with its page, which is loaded anew where there is one, and its icon. */
export function fillTab(panel: vscode.WebviewPanel, page: PageOptions): void {
  panel.iconPath = tabIconOf(page);
  panel.webview.options = webviewOptions(page);
  panel.webview.html = pageOf(panel.webview, page);
}

/** A page that only says something. */
export function textPage(text: string): string {
  return `<!DOCTYPE html>
<html lang="${escape(vscode.env.language)}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'" />
  </head>
  <body><p>${escape(text)}</p></body>
</html>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
