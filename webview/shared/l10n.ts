/** Translations, as the extension host has them: the page carries them in its head. */
import * as l10n from '@vscode/l10n';

const carrier = document.querySelector('meta[name="glassbox-translations"]');
l10n.config({ contents: carrier?.getAttribute('content') ?? '{}' });

/** The text in the editor's language; `{0}`, `{1}` stand for the values. */
export function t(message: string, ...values: (string | number)[]): string {
  return l10n.t(message, ...values);
}
