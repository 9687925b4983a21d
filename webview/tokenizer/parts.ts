/** Parts that several of the explorer's tabs are made of. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import { visibleText } from '../../src/protocol/tokenText';
import { LONGEST_TEXT } from '../../src/protocol/tokenizerSurface';
import { t } from '../shared/l10n';
import type { Explorer } from './explorerState';

const NAMES: Readonly<Record<string, string>> = {
  gpt2: 'gpt2 (GPT-2)',
  cl100k_base: 'cl100k_base (GPT-4)',
  o200k_base: 'o200k_base (GPT-4o)',
};

export const numberText = (value: number): string => value.toLocaleString();

export interface Choice {
  readonly value: string;
  readonly label: string;
}

const valueOf = (event: Event): string =>
  event.target instanceof Element && 'value' in event.target ? String(event.target.value) : '';

/** A labelled drop-down list. */
export function dropdown(
  id: string,
  label: string,
  choices: readonly Choice[],
  value: string,
  onChange: (value: string) => void,
): TemplateResult {
  // The element takes a value only once it has the options: until then their attribute tells it.
  const select = (element: Element | undefined): void => {
    if (element && 'value' in element)
      queueMicrotask(() => {
        if (element.value !== value) element.value = value;
      });
  };
  return html`<div class="field">
    <label id="${id}-label">${label}</label>
    <vscode-dropdown
      id=${id}
      aria-labelledby="${id}-label"
      ${ref(select)}
      @change=${(event: Event) => {
        const chosen = valueOf(event);
        if (chosen !== '' && chosen !== value) onChange(chosen);
      }}
    >
      ${choices.map(
        (each) =>
          html`<vscode-option value=${each.value} ?selected=${each.value === value}
            >${each.label}</vscode-option
          >`,
      )}
    </vscode-dropdown>
  </div>`;
}

export function tokenizerChoice(
  { tokenizers }: Explorer,
  id: string,
  label: string,
  value: string,
  onChange: (tokenizer: string) => void,
): TemplateResult {
  const usable = tokenizers.filter(({ problem }) => problem === undefined);
  const choices = usable.map(({ tokenizer, name }) => ({
    value: tokenizer,
    label: NAMES[tokenizer] ?? name,
  }));
  const known = choices.some((choice) => choice.value === value);
  const all = known ? choices : [...choices, { value, label: NAMES[value] ?? value }];
  return dropdown(id, label, all, value, onChange);
}

/** The text that is looked at. */
export function textField(explorer: Explorer, id: string): TemplateResult {
  return html`<div class="field text">
    <label for=${id}>${t('Text')}</label>
    <textarea
      id=${id}
      class="mono"
      spellcheck="false"
      maxlength=${LONGEST_TEXT}
      .value=${explorer.kept.text}
      @input=${(event: Event) => explorer.change({ text: valueOf(event), merges: 0 })}
    ></textarea>
  </div>`;
}

export function inputValue(event: Event): string {
  return valueOf(event);
}

/** A token's text in a box, with a break behind where a line ends. */
export function tokenText(text: string): TemplateResult {
  return html`<span class="token-text">${text === '' ? '⋯' : visibleText(text)}</span>`;
}

export function problemLine(problem: string | undefined): TemplateResult | typeof nothing {
  return problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`;
}
