/** A threshold as a line across a histogram: dragged by a pointer, moved by keys. */
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { thresholdIn } from '../../src/recipe/judging';
import { t } from '../shared/l10n';
import { styled } from '../shared/styled';
import { count } from '../shared/numbers';
import type { Measure, ShownRule } from './measures';
import type { Actions, Changed } from './page';
import { limitText } from './words';

/** Hundredths of the axis. */
const KEYS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
};

export function thresholdLine(
  { stage, scale }: Measure,
  { key, setting, drops }: ShownRule,
  { study, outcome }: Changed,
  { set, reset }: Actions,
): TemplateResult {
  const threshold = thresholdIn(outcome.settings, key) ?? 0;
  const place = scale.placeOf(threshold, drops);
  const moved = study.settings[key] !== threshold;
  const documents = outcome.after.dropped[`${stage}.${setting}`] ?? 0;

  const drag = (event: PointerEvent): void => {
    const line = event.currentTarget;
    if (!(line instanceof HTMLElement) || !line.hasPointerCapture(event.pointerId)) return;
    const frame = line.parentElement?.getBoundingClientRect();
    if (!frame || frame.width === 0) return;
    const at = Math.min(1, Math.max(0, (event.clientX - frame.left) / frame.width));
    set(key, scale.thresholdAt(at, drops));
  };
  const begin = (event: PointerEvent): void => {
    if (event.button !== 0 || !(event.currentTarget instanceof HTMLElement)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.focus();
    event.preventDefault();
  };
  const byKey = (event: KeyboardEvent): void => {
    const steps = KEYS[event.key];
    if (steps !== undefined) set(key, scale.moved(threshold, drops, steps));
    else if (event.key === 'Home') set(key, scale.least);
    else if (event.key === 'End') set(key, scale.most);
    else if (event.key === 'Escape' || event.key === 'Delete') reset(key);
    else return;
    event.preventDefault();
  };
  const beyond =
    drops === 'above'
      ? { left: `${place * 100}%`, width: `${(1 - place) * 100}%` }
      : { left: '0%', width: `${place * 100}%` };
  return html`<span class="beyond" ${styled(beyond)}></span>
    <span
      class="line ${moved ? 'moved' : ''}"
      role="slider"
      tabindex="0"
      aria-label=${key}
      aria-valuemin=${scale.least}
      aria-valuemax=${scale.most}
      aria-valuenow=${threshold}
      aria-valuetext=${t('{0}, drops {1} documents of the sample', limitText(drops, threshold), count(documents))}
      title=${t('{0}: drag, or use the arrow keys; Escape resets it', key)}
      ${styled({ left: `${place * 100}%` })}
      @pointerdown=${begin}
      @pointermove=${drag}
      @keydown=${byKey}
    ></span>`;
}
