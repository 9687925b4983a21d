/** What the labels look like together. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { Agreement, Statistics } from '../../src/protocol/labelSurface';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import { percentText } from './parts';
import { modeText } from './queueView';

export function statisticsView(statistics: Statistics | undefined): TemplateResult {
  if (!statistics) return html`<p class="quiet">${t('Counting...')}</p>`;
  const { tasks, labelled } = statistics;
  if (labelled === 0)
    return html`<div class="empty">
      <p>${t('Nothing is finished yet.')}</p>
      <p class="quiet">
        ${t('Here will stand how long answers are, how often they refuse, which sections they cite, how long they took, and how far labellers agree.')}
      </p>
    </div>`;
  return html`<div class="statistics">
    <p>${t('{0} of {1} tasks are labelled.', labelled, tasks)}</p>
    ${byLabeller(statistics)} ${agreement(statistics)} ${lengths(statistics)}
    ${sections(statistics)} ${position(statistics)}
  </div>`;
}

const number = (value: number | null): string => (value === null ? '–' : String(Math.round(value)));

function byLabeller({ labellers }: Statistics): TemplateResult {
  return html`<section>
    <h2>${t('Labellers')}</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">${t('Labeller')}</th>
          <th scope="col">${t('Done')}</th>
          <th scope="col">${t('Skipped')}</th>
          <th scope="col">${t('Seconds, median')}</th>
          <th scope="col">${t('Words, median')}</th>
          <th scope="col">${t('Refusals')}</th>
          <th scope="col">${t('Draft kept')}</th>
        </tr>
      </thead>
      <tbody>
        ${labellers.map(
          (each) =>
            html`<tr>
              <th scope="row">${each.labeller}</th>
              <td>${each.done}</td>
              <td>${each.skipped}</td>
              <td>${number(each.medianSeconds)}</td>
              <td>${number(each.medianWords)}</td>
              <td>
                ${each.answers === 0 ? '–' : `${each.refusals} (${percentText(each.refusals / each.answers)})`}
              </td>
              <td>${each.draftKept === null ? '–' : percentText(each.draftKept)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    <p class="quiet">
      ${t('A refusal is an answer that begins with "I don\'t know", "I can\'t" or the like, or a short one that says so further on. Draft kept: how alike draft and answer are.')}
    </p>
  </section>`;
}

function agreement({ agreement: found }: Statistics): TemplateResult {
  return html`<section>
    <h2>${t('Agreement')}</h2>
    ${
      found.length === 0
        ? html`<p class="quiet">${t('No task has been finished by two labellers yet.')}</p>`
        : html`<table>
              <thead>
                <tr>
                  <th scope="col">${t('Kind')}</th>
                  <th scope="col">${t('Pairs')}</th>
                  <th scope="col">${t('Agreement')}</th>
                  <th scope="col">${t('Kappa')}</th>
                </tr>
              </thead>
              <tbody>
                ${found.map(agreementRow)}
              </tbody>
            </table>
            <p class="quiet">
              ${t('Answers: 2 × common words / all words of both, in the mean. Others: the share of equal judgements p, and kappa (p − chance) / (1 − chance); of marks 1 − squared distance / that of chance. 1 is full agreement, 0 is chance.')}
            </p>`
    }
  </section>`;
}

function agreementRow({ mode, pairs, agreement: share, kappa }: Agreement): TemplateResult {
  return html`<tr>
    <th scope="row">${modeText(mode)}</th>
    <td>${pairs}</td>
    <td>${percentText(share)}</td>
    <td>${kappa === null ? '–' : kappa.toFixed(2)}</td>
  </tr>`;
}

function bars(rows: readonly { label: string; count: number }[], caption: string): TemplateResult {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return html`<table class="bars">
    <caption class="visually-hidden">
      ${caption}
    </caption>
    <tbody>
      ${rows.map(
        ({ label, count }) =>
          html`<tr>
            <th scope="row">${label}</th>
            <td>
              <span
                class=${count === 0 ? 'bar none' : 'bar'}
                ${styled({ width: `${((100 * count) / most).toFixed(1)}%` })}
              ></span
              ><span>${count}</span>
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function lengths({ lengths: found }: Statistics): TemplateResult {
  const rows = found.map(({ from, answers }, at) => {
    const next = found[at + 1]?.from;
    return { label: next === undefined ? `${from}+` : `${from}–${next - 1}`, count: answers };
  });
  return html`<section>
    <h2>${t('Words of the answers')}</h2>
    ${bars(rows, t('Words of the answers'))}
  </section>`;
}

function sections({ sections: found, uncited }: Statistics): TemplateResult | typeof nothing {
  if (found.length === 0) return nothing;
  const rows = [
    ...found.map(({ title, cited }) => ({ label: title, count: cited })),
    { label: t('(none)'), count: uncited },
  ];
  const never = found.filter(({ cited }) => cited === 0).length;
  return html`<section>
    <h2>${t('Sections of the guidelines that were cited')}</h2>
    ${bars(rows, t('Sections of the guidelines that were cited'))}
    ${never > 0 ? html`<p class="quiet">${t('{0} of {1} sections were never cited.', never, found.length)}</p>` : nothing}
  </section>`;
}

function position({
  firstChosen: { first, decided },
}: Statistics): TemplateResult | typeof nothing {
  if (decided === 0) return nothing;
  return html`<section>
    <h2>${t('Order of the comparisons')}</h2>
    <p>
      ${t('The answer that stood first was chosen in {0} of {1} comparisons ({2}). Far from half, the order decides more than it should.', first, decided, percentText(first / decided))}
    </p>
  </section>`;
}
