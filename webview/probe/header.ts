/** Which probe it is, what can be done with it, and what it is compared with. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { ShownProbe } from '../../src/protocol/probeSurface';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count } from '../shared/numbers';
import { factsOf } from '../shared/tab';
import type { Fact } from '../shared/tab';
import type { Actions, Found } from './page';
import { KINDS, NOTHING } from './view';
import { dateText, kindText } from './words';

export function headerOf(
  probe: ShownProbe,
  found: Found | undefined,
  before: string,
  actions: Actions,
): TemplateResult {
  const { act } = actions;
  return html`<header class="title">
      <h1>${probe.name}</h1>
      ${
        found
          ? html`<div class="row buttons">
              <vscode-button appearance="primary" @click=${() => act('teach')}
                >${icon('mortar-board')} ${t('Teach Refusals...')}</vscode-button
              >
              <vscode-button appearance="secondary" @click=${() => act('again')}
                >${icon('refresh')} ${t('Probe Again...')}</vscode-button
              >
              <vscode-button appearance="secondary" @click=${() => act('report')}
                >${icon('markdown')} ${t('Open Report')}</vscode-button
              >
            </div>`
          : nothing
      }
    </header>
    <p class="quiet made">${madeOf(probe)}</p>
    ${found ? factsOf(factsAbout(found.summary)) : nothing}
    ${probe.others.length > 0 ? comparisonOf(probe, before, actions) : nothing}`;
}

/** Whom it asked about what, and when. */
function madeOf({ model, about, samples, made }: ShownProbe): string {
  return [
    model,
    about,
    samples === undefined ? undefined : t('{0} drawn answers to each question', count(samples)),
    made === undefined ? undefined : dateText(made),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function factsAbout({ questions, knowledge, unended }: Found['summary']): Fact[] {
  return [
    [t('Questions'), count(questions)],
    ...KINDS.map((kind): Fact => [kindText(kind), count(knowledge[kind])]),
    ...(unended === 0 ? [] : [[t('Cut off'), count(unended)] satisfies Fact]),
  ];
}

/** Other probes of the same questions, to lay beside this one. */
function comparisonOf(
  { others }: ShownProbe,
  before: string,
  { compare }: Actions,
): TemplateResult {
  return html`<label class="comparison"
    ><span>${t('Compared with')}</span>
    <select
      @change=${({ target }: Event) => {
        if (target instanceof HTMLSelectElement) compare(target.value);
      }}
    >
      <option value=${NOTHING} ?selected=${before === NOTHING}>${t('nothing')}</option>
      ${others.map(
        ({ folder, name, model, made }) =>
          html`<option value=${folder} ?selected=${folder === before}>
            ${name} · ${model} · ${dateText(made)}
          </option>`,
      )}
    </select></label
  >`;
}
