/** Parts that the desk's views are made of. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { diffWords } from '../../src/labels/wordDiff';
import type { QueueItem } from '../../src/protocol/labelSurface';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';

export function valueOf(event: Event): string {
  const { target } = event;
  return target !== null && 'value' in target && typeof target.value === 'string'
    ? target.value
    : '';
}

/** A key as it stands on buttons. */
export const key = (name: string): TemplateResult => html`<kbd aria-hidden="true">${name}</kbd>`;

const isMac = navigator.platform.startsWith('Mac');
export const DONE_KEY = isMac ? '⌘↵' : 'Ctrl+↵';

interface Action {
  readonly icon?: string;
  readonly label: string;
  readonly key?: string;
  readonly appearance?: 'primary' | 'secondary';
  readonly disabled?: boolean;
  readonly run: () => void;
}

/** A button that shows its key. */
export function button(action: Action): TemplateResult {
  const { label, appearance = 'secondary', disabled = false, run } = action;
  return html`<button
    type="button"
    class="button ${appearance}"
    ?disabled=${disabled}
    @click=${run}
  >
    ${action.icon === undefined ? nothing : icon(action.icon)}<span>${label}</span>${action.key === undefined ? nothing : key(action.key)}
  </button>`;
}

/** A button that is no more than a symbol. */
export function symbol(
  name: string,
  label: string,
  run: () => void,
  pressed?: boolean,
): TemplateResult {
  return html`<button
    type="button"
    class="plain-button"
    aria-label=${label}
    aria-pressed=${pressed ?? nothing}
    title=${label}
    @click=${run}
  >
    ${icon(name)}
  </button>`;
}

const STATUS_ICONS: Readonly<Record<QueueItem['status'], string>> = {
  open: 'circle-large-outline',
  draft: 'edit',
  done: 'pass-filled',
  skipped: 'debug-step-over',
  conflict: 'git-merge',
};

export function statusText(status: QueueItem['status']): string {
  if (status === 'open') return t('Open');
  if (status === 'draft') return t('Begun');
  if (status === 'done') return t('Done');
  return status === 'skipped' ? t('Skipped') : t('Two versions');
}

export const statusIcon = (status: QueueItem['status']): TemplateResult =>
  html`<span class="status ${status}" title=${statusText(status)}
    >${icon(STATUS_ICONS[status])}<span class="visually-hidden">${statusText(status)}</span></span
  >`;

/** What was changed, word by word. */
export function wordDiff(before: string, after: string): TemplateResult {
  return html`<div class="diff">
    ${diffWords(before, after).map(({ text, kind }) =>
      kind === 'same'
        ? html`<span>${text}</span>`
        : kind === 'new'
          ? html`<ins>${text}</ins>`
          : html`<del>${text}</del>`,
    )}
  </div>`;
}

export function roleName(role: string): string {
  if (role === 'user') return t('User');
  if (role === 'assistant') return t('Assistant');
  return role === 'system' ? t('Instructions') : t('Tool');
}

export const percentText = (share: number): string => `${Math.round(100 * share)} %`;
