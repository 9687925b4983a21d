/** What the models wrote, step by step: a timeline to scrub. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { icon } from '../shared/controls';
import { t } from '../shared/l10n';
import { count } from './format';
import { isHidden } from './lines';
import type { Sample } from './records';
import { learnsConversations } from './recipeValues';
import type { KnownRun } from './runState';
import { colorClass } from './theme';
import type { View } from './view';

/** Every step at which any of the runs wrote something, in order. */
export function sampledSteps(runs: readonly KnownRun[]): number[] {
  const steps = runs.flatMap(({ records }) => records.samples.map(({ step }) => step));
  return [...new Set(steps)].sort((a, b) => a - b);
}

export interface SampleActions {
  /** `undefined`: the newest one, whichever that will be. */
  readonly chooseSample: (step: number | undefined) => void;
}

export function samplesOf(
  all: readonly KnownRun[],
  view: View,
  actions: SampleActions,
): TemplateResult | typeof nothing {
  const runs = all.filter(({ folder }) => !isHidden(view, folder));
  const steps = sampledSteps(runs);
  if (steps.length === 0) return nothing;
  const wanted = view.sampleStep ?? Infinity;
  const index = Math.max(0, steps.filter((step) => step <= wanted).length - 1);
  const step = steps[index]!;
  const choose = (chosen: number): void =>
    actions.chooseSample(chosen >= steps.length - 1 ? undefined : steps[Math.max(0, chosen)]);
  const label = t('Step {0}', count(step));
  return html`<section class="samples" aria-labelledby="samples-title">
    <div class="row">
      <h2 id="samples-title">${t('What it writes')}</h2>
      <span class="quiet" aria-hidden="true">${label}</span>
    </div>
    <div class="scrub">
      <vscode-button
        appearance="icon"
        aria-label=${t('Earlier sample')}
        ?disabled=${index === 0}
        @click=${() => choose(index - 1)}
        >${icon('chevron-left')}</vscode-button
      >
      <input
        type="range"
        min="0"
        .max=${String(steps.length - 1)}
        .value=${String(index)}
        ?disabled=${steps.length === 1}
        aria-label=${t('Step of the samples')}
        aria-valuetext=${label}
        @input=${(event: Event) => {
          if (event.target instanceof HTMLInputElement) choose(Number(event.target.value));
        }}
      />
      <vscode-button
        appearance="icon"
        aria-label=${t('Later sample')}
        ?disabled=${index === steps.length - 1}
        @click=${() => choose(index + 1)}
        >${icon('chevron-right')}</vscode-button
      >
      <vscode-button
        appearance="secondary"
        ?disabled=${view.sampleStep === undefined}
        @click=${() => actions.chooseSample(undefined)}
        >${t('Newest')}</vscode-button
      >
    </div>
    ${runs.map((run) => writtenBy(run, step, all))}
  </section>`;
}

function writtenBy(run: KnownRun, step: number, all: readonly KnownRun[]): TemplateResult {
  const samples = run.records.samplesOf(step);
  const own = samples[0]?.step;
  const older = own !== undefined && own !== step;
  return html`${
    all.length > 1
      ? html`<h3 class="row">
          <span class="swatch ${colorClass(all.indexOf(run))}" aria-hidden="true"></span>
          <span>${run.shown.name}</span>
          ${older ? html`<span class="quiet">${t('Step {0}', count(own))}</span>` : nothing}
        </h3>`
      : nothing
  }
  ${
    samples.length === 0
      ? html`<p class="quiet">${t('Nothing written yet.')}</p>`
      : samples.map(learnsConversations(run.recipe) ? talkOf : sampleOf)
  }`;
}

function sampleOf({ prompt, text }: Sample): TemplateResult {
  // White space is the text's own here: none of the template's may come in between.
  // prettier-ignore
  return html`<blockquote class="mono"><span class="prompt" title=${t('The prompt')}>${prompt}</span>${text}</blockquote>`;
}

/** A question and its answer. */
function talkOf({ prompt, text }: Sample): TemplateResult {
  // prettier-ignore
  return html`<div class="talk">
    <p class="asked"><span class="visually-hidden">${t('Question')}: </span>${prompt}</p>
    <p class="answered">${icon('hubot')}<span class="visually-hidden">${t('Answer')}: </span><span>${text.trim() === '' ? html`<i class="quiet">${t('(says nothing)')}</i>` : text}</span></p>
  </div>`;
}
