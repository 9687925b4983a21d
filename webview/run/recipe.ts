/** A run's recipe as a list; of several runs, what differs between theirs. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { t } from '../shared/l10n';
import { differences, flatten } from './recipeValues';
import type { KnownRun } from './runState';

export function recipesOf(
  runs: readonly KnownRun[],
  open: boolean,
  toggle: (open: boolean) => void,
): TemplateResult | typeof nothing {
  if (runs.every(({ recipe }) => recipe === undefined)) return nothing;
  const several = runs.length > 1;
  const rows: [string, string[]][] = several
    ? differences(runs.map(({ recipe }) => recipe))
    : flatten(runs[0]?.recipe)
        .filter(([path]) => path !== '$schema')
        .map(([path, value]) => [path, [value]]);
  return html`<details
    class="recipe"
    ?open=${open}
    @toggle=${(event: Event) => {
      if (event.target instanceof HTMLDetailsElement) toggle(event.target.open);
    }}
  >
    <summary><h2>${several ? t('What differs') : t('Recipe')}</h2></summary>
    ${
      rows.length === 0
        ? html`<p class="quiet">${t('The recipes are the same.')}</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              ${
                several
                  ? html`<thead>
                      <tr>
                        <th scope="col">${t('Setting')}</th>
                        ${runs.map(({ shown }) => html`<th scope="col">${shown.name}</th>`)}
                      </tr>
                    </thead>`
                  : nothing
              }
              <tbody>
                ${rows.map(
                  ([path, values]) =>
                    html`<tr>
                      <th scope="row">${path}</th>
                      ${values.map((value) => html`<td class="mono">${value}</td>`)}
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </details>`;
}
