/** What tabs that show one thing are made of: facts in a row, banners, what goes wrong, frames to draw in. */
import { html, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { GlassboxError, hasCode, messageOf } from '../../src/base/errors';
import { icon } from './controls';
import './tab.css';

export type Fact = readonly [
  name: string,
  value: string,
  /** What it is in full; how much room it takes. */
  more?: { readonly title?: string; readonly wide?: boolean },
];

export function factsOf(facts: readonly Fact[]): TemplateResult {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value, { title = value, wide = false } = {}]) =>
        html`<div title=${title} class=${wide ? 'wide' : ''}>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

export function problemOf(problem: string): TemplateResult {
  return html`<div role="alert" class="banner error">
    ${icon('error')}
    <p>${problem}</p>
  </div>`;
}

/** What a person is told of it; nothing where they wanted no more of it. */
export function problemText(thrown: unknown): string | undefined {
  if (hasCode(thrown, 'cancelled')) return undefined;
  const remedy = thrown instanceof GlassboxError ? thrown.remedy : undefined;
  return [messageOf(thrown), remedy].filter(Boolean).join(' ');
}

/** Draws the template in the next frame, once, however often it is asked to. */
export function drawing(root: HTMLElement, template: () => unknown): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      render(template(), root);
    });
  };
}
