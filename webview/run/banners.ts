/** What a person should know before they look at the charts, each with the way on. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count } from './format';
import type { RunActions } from './header';
import type { KnownRun } from './runState';

/** What an action of the page ended in. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string | undefined;
}

interface Banner {
  readonly kind: 'warning' | 'error' | 'info';
  readonly text: string;
  readonly more: string | undefined;
}

function bannerOf({ shown, failure, known, records }: KnownRun): Banner | undefined {
  switch (shown.state) {
    case 'interrupted':
      return {
        kind: 'warning',
        text: t('Cut off at step {0}.', count(shown.step)),
        more: shown.resumable
          ? t('It goes on from its last checkpoint, as if nothing had happened.')
          : undefined,
      };
    case 'failed':
      return {
        kind: 'error',
        text: failure?.message ?? shown.problem ?? t('It ended by an error.'),
        more: failure?.remedy,
      };
    case 'damaged':
      return {
        kind: 'error',
        text: shown.problem ?? t("Something in the run's folder can't be read."),
        more: t('What could be read is shown. Mend the file, or delete the run.'),
      };
    case 'missing':
      // Right after a reload the runs have not been looked for yet, and their records can be read.
      return known && records.steps.length === 0
        ? {
            kind: 'info',
            text: t('There is no run in {0}.', shown.folder),
            more: t('It was deleted, or could not begin.'),
          }
        : undefined;
    case 'starting':
    case 'running':
    case 'stopping':
    case 'paused':
    case 'elsewhere':
    case 'finished':
    case 'stopped':
      return undefined;
  }
}

export function bannersOf(
  runs: readonly KnownRun[],
  refusal: Refusal | undefined,
  { act }: RunActions,
): TemplateResult {
  return html`<div role="status" class="banners">
    ${
      refusal
        ? html`<div class="banner error">
            ${icon('error')}
            <p>${refusal.message} ${refusal.remedy ?? ''}</p>
          </div>`
        : nothing
    }
    ${runs.map((run) => {
      const banner = bannerOf(run);
      if (!banner) return nothing;
      return html`<div class="banner ${banner.kind}">
        ${icon(banner.kind)}
        <p>
          ${runs.length > 1 ? html`<strong>${run.shown.name}</strong> ` : nothing}${banner.text}
          ${banner.more ? html`<span class="quiet">${banner.more}</span>` : nothing}
        </p>
        ${
          run.shown.resumable
            ? html`<vscode-button @click=${() => act(run, 'resume')}>${t('Resume')}</vscode-button>`
            : nothing
        }
        ${
          run.shown.state === 'failed'
            ? html`<vscode-button appearance="secondary" @click=${() => act(run, 'log')}
                >${t('Show Log')}</vscode-button
              >`
            : nothing
        }
      </div>`;
    })}
  </div>`;
}

/** Before the first step: what the engine does meanwhile. */
export function waitingOf(runs: readonly KnownRun[]): TemplateResult | typeof nothing {
  if (runs.some(({ records }) => records.steps.length > 0)) return nothing;
  const starting = runs.filter(
    ({ shown }) => shown.state === 'starting' || shown.state === 'running',
  );
  if (starting.length > 0)
    return html`<section class="waiting" role="status">
      <h2>${t('Before the first step')}</h2>
      <p class="quiet">
        ${t('The text becomes tokens, the model gets its first random weights, and its graph is compiled. Then the loss appears here.')}
      </p>
      <ul>
        ${starting.flatMap(({ notes, shown }) => {
          const all = notes.length > 0 || !shown.live?.note ? notes : [shown.live.note];
          return all.map(
            (note, i) => html`<li class=${i === all.length - 1 ? '' : 'quiet'}>${note}</li>`,
          );
        })}
      </ul>
    </section>`;
  if (runs.length === 0 || runs.some(({ known }) => !known)) return nothing;
  // Why is in the banner; there is nothing to draw.
  if (runs.every(({ shown }) => shown.state === 'missing')) return html``;
  return html`<section class="waiting">
    <h2>${t('No step was made')}</h2>
    <p class="quiet">
      ${t('The run ended before its first step. Resume it, or start another one.')}
    </p>
  </section>`;
}
