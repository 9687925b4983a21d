/** Kinds of questions, verdicts and shares as the page writes them. */
import { wilson } from '../../src/base/wilson';
import type { ProbeAnswer } from '../../src/protocol/knowledgeMessages';
import { t } from '../shared/l10n';
import type { Knew, Said } from './figures';
import type { Filter, Kind } from './view';

type Verdict = ProbeAnswer['answer']['verdict'];

export function kindText(kind: Filter): string {
  switch (kind) {
    case 'all':
      return t('All');
    case 'known':
      return t('Known');
    case 'unknown':
      return t('Made up');
    case 'inconsistent':
      return t('Inconsistent');
    case 'refused':
      return t('Refused');
    case 'changed':
      return t('Changed');
  }
}

export function kindHint(kind: Filter): string {
  switch (kind) {
    case 'all':
      return t('Every question');
    case 'known':
      return t('At least 80% of the drawn answers are right.');
    case 'unknown':
      return t('No drawn answer is right, and at least 80% are wrong: it does not know.');
    case 'inconsistent':
      return t('Now right, now wrong, or now an answer and now a refusal.');
    case 'refused':
      return t('At least 80% of the drawn answers say that it does not know.');
    case 'changed':
      return t('The earlier probe found otherwise.');
  }
}

export const KIND_ICONS: Readonly<Record<Kind, string>> = {
  known: 'pass',
  unknown: 'warning',
  inconsistent: 'question',
  refused: 'circle-slash',
};

export const VERDICT_ICONS: Readonly<Record<Verdict, string>> = {
  right: 'check',
  wrong: 'close',
  refused: 'circle-slash',
};

export function verdictText(verdict: Verdict): string {
  switch (verdict) {
    case 'right':
      return t('right');
    case 'wrong':
      return t('wrong');
    case 'refused':
      return t('refused');
  }
}

export function saidText(knew: Knew, said: Said): string {
  if (said === 'refused')
    return knew === 'knew'
      ? t('refused, though it knew')
      : knew === 'ignorant'
        ? t('refused, as it should')
        : t('refused');
  if (said === 'right') return knew === 'ignorant' ? t('right by chance') : t('answered right');
  return knew === 'knew' ? t('answered wrong') : t('made up');
}

export function toldText(told: 'often' | 'once' | 'never'): string {
  switch (told) {
    case 'often':
      return t('told often');
    case 'once':
      return t('told once');
    case 'never':
      return t('never told');
  }
}

/** In per cent: `[78.1, 92.0]`. */
export function intervalText(hits: number, all: number): string {
  if (all === 0) return '';
  const [low, high] = wilson(hits, all).map((bound) => tenths.format(100 * bound));
  return `[${low ?? ''}, ${high ?? ''}]`;
}
const tenths = new Intl.NumberFormat(document.documentElement.lang || undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

const dates = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: 'medium',
  timeStyle: 'short',
});
export const dateText = (milliseconds: number): string => dates.format(milliseconds);

const sure = new Intl.NumberFormat(document.documentElement.lang || undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
/** A confidence, from 0 to 1. */
export const sureText = (value: number): string => sure.format(value);
