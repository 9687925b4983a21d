/**
 * The controls of every page: VS Code's webview toolkit, registered here and named nowhere else, so
 * that what follows it (the toolkit is archived) replaces it in this file. Pages use the elements
 * `vscode-button`, `vscode-dropdown`, `vscode-option`, `vscode-text-field`, `vscode-text-area`,
 * `vscode-checkbox`, `vscode-panels` and so on, and `icon` for codicons.
 */
import { allComponents, provideVSCodeDesignSystem, TextArea } from '@vscode/webview-ui-toolkit';
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import './base.css';

/** The toolkit calls every text area "Text area" as it enters the page; a name of its own stays. */
const enter = (area: TextArea, connect: () => void): void => {
  const name = area.getAttribute('aria-label');
  connect.call(area);
  if (name !== null) area.setAttribute('aria-label', name);
};
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on its area, above
const { connectedCallback } = TextArea.prototype;
TextArea.prototype.connectedCallback = function (this: TextArea) {
  enter(this, connectedCallback);
};

provideVSCodeDesignSystem().register(allComponents);

/** A codicon; decoration only: what it stands for is said by the text beside it or the label. */
export function icon(name: string): TemplateResult {
  return html`<span class="codicon codicon-${name}" aria-hidden="true"></span>`;
}
