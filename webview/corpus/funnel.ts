/** What each stage leaves, drawn; and why documents are dropped, the most frequent reason first. */
import { html, nothing } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { TemplateResult } from 'lit-html';
import type { CorpusStatistics } from '../../src/protocol/corpusMessages';
import { isOn, SWITCHED_STAGES, switchKey } from '../../src/recipe/judging';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import { count, share, short, signed } from '../shared/numbers';
import { estimated, STAGES, type StageName } from './judged';
import type { Actions, Changed } from './page';
import { reasonText, stageHint, stageText } from './words';

const MOST_REASONS = 9;

const width = (part: number, of: number) =>
  styled({ width: `${of === 0 ? 0 : (100 * part) / of}%` });

export function funnelOf(
  { funnel, documentsIn, tokens: keptTokens }: CorpusStatistics,
  changed: Changed | undefined,
  actions: Actions,
): TemplateResult {
  const counted = new Map(funnel.map((each) => [each.stage, each]));
  const isChanged = changed !== undefined && Object.keys(changed.outcome.changed).length > 0;
  let before = documentsIn;
  const rows = STAGES.map((stage) => {
    const { documents = before, tokens = keptTokens } = counted.get(stage) ?? {};
    const lost = before - documents;
    before = documents;
    const now = changed ? estimate(documents, stage, changed) : documents;
    return html`<tr class=${lost === 0 ? 'idle' : ''}>
      <td class="switch">${changed ? switchOf(stage, changed, actions) : nothing}</td>
      <th scope="row" title=${stageHint(stage)}>${stageText(stage)}</th>
      <td class="bar-cell">
        <div class="funnel-bar">
          <span class="bar kept" ${width(documents, documentsIn)}></span
          ><span class="bar lost" ${width(lost, documentsIn)}></span>
          <span
            class="marker"
            ?hidden=${!isChanged || now === documents}
            ${styled({ left: `${documentsIn === 0 ? 0 : Math.min(100, (100 * now) / documentsIn)}%` })}
          ></span>
        </div>
      </td>
      <td class="number">${count(documents)}</td>
      <td class="number quiet">${share(documents, documentsIn)}</td>
      <td class="number quiet">${t('{0} tokens', short(tokens))}</td>
      ${
        isChanged
          ? html`<td class="number change">${now === documents ? '' : signed(now - documents)}</td>`
          : nothing
      }
    </tr>`;
  });
  return html`<section class="funnel">
    <h2>${t('What each stage leaves')}</h2>
    <div class="scroll">
      <table>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">${t('Switch')}</th>
            <th scope="col">${t('Stage')}</th>
            <th scope="col">${t('Documents left, drawn')}</th>
            <th scope="col">${t('Documents')}</th>
            <th scope="col">${t('Share')}</th>
            <th scope="col">${t('Tokens')}</th>
            ${isChanged ? html`<th scope="col">${t('With your changes')}</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** Switches a stage off or on, where it can be. */
function switchOf(
  stage: StageName,
  { outcome }: Changed,
  { set }: Actions,
): TemplateResult | typeof nothing {
  if (!SWITCHED_STAGES.some((each) => each === stage)) return nothing;
  const key = switchKey(stage);
  const isStageOn = isOn(outcome.settings, stage);
  return html`<input
    type="checkbox"
    aria-label=${key}
    title=${isStageOn ? t('Switch {0} off', stageText(stage)) : t('Switch {0} on', stageText(stage))}
    .checked=${live(isStageOn)}
    @change=${() => set(key, !isStageOn)}
  />`;
}

/** Documents that are left after the stage, with the thresholds as they are now. */
function estimate(documents: number, stage: string, { study, outcome }: Changed): number {
  const [was, is] = [study.before.funnel[stage], outcome.after.funnel[stage]];
  return estimated(documents, was?.documents ?? 0, is?.documents ?? 0, study.factor);
}

export function reasonsOf(
  { dropped, documentsIn }: CorpusStatistics,
  changed: Changed | undefined,
): TemplateResult {
  const now = (key: string): number => {
    const counted = dropped[key] ?? 0;
    if (!changed) return counted;
    const { study, outcome } = changed;
    const [was, is] = [study.before.dropped[key] ?? 0, outcome.after.dropped[key] ?? 0];
    return estimated(counted, was, is, study.factor);
  };
  const keys = new Set([
    ...Object.keys(dropped),
    ...Object.keys(changed?.outcome.after.dropped ?? {}),
  ]);
  const ranked = [...keys]
    .map((key) => ({ key, documents: now(key), before: dropped[key] ?? 0 }))
    .filter(({ documents, before }) => documents > 0 || before > 0)
    .sort((a, b) => b.documents - a.documents || (a.key < b.key ? -1 : 1));
  const [first] = ranked;
  const most = Math.max(first?.documents ?? 0, ...ranked.map(({ before }) => before));
  const more = ranked.slice(MOST_REASONS);
  return html`<section class="reasons">
    <h2>${t('Why documents are dropped')}</h2>
    ${
      ranked.length === 0
        ? html`<p class="quiet">${t('None is dropped.')}</p>`
        : html`<ol>
            ${ranked.slice(0, MOST_REASONS).map(({ key, documents, before }) => {
              const [stage = '', reason = ''] = key.split('.');
              return html`<li>
                <span class="reason" title=${key}>${reasonText({ stage, reason })}</span>
                <span class="reason-bar"
                  ><span class="bar lost" ${width(documents, most)}></span
                ></span>
                <span class="number">${count(documents)}</span>
                <span class="number quiet">${share(documents, documentsIn)}</span>
                <span class="number change"
                  >${documents === before ? nothing : signed(documents - before)}</span
                >
              </li>`;
            })}
          </ol>`
    }
    ${
      more.length > 0
        ? html`<p class="quiet">
            ${t(
              '{0} more reasons, {1} documents',
              more.length,
              count(more.reduce((sum, { documents }) => sum + documents, 0)),
            )}
          </p>`
        : nothing
    }
  </section>`;
}
