/** Stages, reasons and numbers as the page writes them. */
import { NOT_MEASURED, type Verdict } from '../../src/recipe/judging';
import { t } from '../shared/l10n';
import { valueText } from '../shared/numbers';

/** A threshold, or a switch. */
export const settingText = (value: number | boolean | undefined): string =>
  typeof value === 'number' ? valueText(value) : value === true ? t('on') : t('off');

export function stageText(stage: string): string {
  switch (stage) {
    case 'source':
      return t('Reading');
    case 'url':
      return t('Address');
    case 'extraction':
      return t('Main content');
    case 'language':
      return t('Language');
    case 'gopherRepetition':
      return t('Repetition (Gopher)');
    case 'gopherQuality':
      return t('Quality (Gopher)');
    case 'c4':
      return t('Lines (C4)');
    case 'fineweb':
      return t('FineWeb');
    case 'exactDuplicates':
      return t('Exact copies');
    case 'nearDuplicates':
      return t('Near copies');
    default:
      return stage;
  }
}

/** What the stage does, in a line. */
export function stageHint(stage: string): string {
  switch (stage) {
    case 'source':
      return t('Records that could not be read, or are no pages.');
    case 'url':
      return t('Blocked domains and words in addresses.');
    case 'extraction':
      return t('The text of a page without its menus; pages that are too large.');
    case 'language':
      return t('How sure the classifier is of a wanted language.');
    case 'gopherRepetition':
      return t('Lines, paragraphs and groups of words that repeat.');
    case 'gopherQuality':
      return t('Whether it reads as prose.');
    case 'c4':
      return t('Lines that are no sentences are cut; code and placeholders are dropped.');
    case 'fineweb':
      return t('Lists, menus and repeated lines.');
    case 'exactDuplicates':
      return t('The same text as an earlier document.');
    case 'nearDuplicates':
      return t('Almost the same text as another document.');
    default:
      return '';
  }
}

export const limitText = (drops: 'above' | 'below', threshold: number): string =>
  drops === 'above'
    ? t('at most {0}', valueText(threshold))
    : t('at least {0}', valueText(threshold));

/** `Quality (Gopher): minWords`. */
export const reasonText = ({ stage, reason }: Verdict): string =>
  reason === NOT_MEASURED
    ? t('{0}: dropped there, and not measured beyond', stageText(stage))
    : t('{0}: {1}', stageText(stage), reason);
