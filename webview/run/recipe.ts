/** A run's recipe as a list; of several runs, what differs between theirs. */
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { t } from '../shared/l10n';
import type { KnownRun } from './runState';

/** Every value by its dotted path, in the recipe's order. */
export function flatten(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return path === '' ? [] : [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, inner]) =>
    flatten(inner, path === '' ? name : `${path}.${name}`),
  );
}

/** The paths whose values are not the same in all, each with its values in the recipes' order. */
export function differences(recipes: readonly unknown[]): [string, string[]][] {
  const maps = recipes.map((recipe) => new Map(flatten(recipe)));
  const paths = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  return paths
    .map((path): [string, string[]] => [path, maps.map((map) => map.get(path) ?? '')])
    .filter(([, values]) => new Set(values).size > 1);
}

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
