/** Who labels in this window, and which model drafts. */
import { userInfo } from 'node:os';
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import { isUsable } from '../chat/openChat';
import type { Services } from '../services';

const LABELLER = 'glassbox.labels.labeller';
const MODEL = 'glassbox.labels.model';

export function labellerOf({ context }: Pick<Services, 'context'>): string | undefined {
  const kept: unknown = context.workspaceState.get(LABELLER);
  return typeof kept === 'string' && kept !== '' ? kept : undefined;
}

/** Asks who labels; true if a person said it. */
export async function chooseLabeller({ context }: Pick<Services, 'context'>): Promise<boolean> {
  const { l10n, window } = vscode;
  const name = await window.showInputBox({
    title: l10n.t('Who labels?'),
    // It may follow a notification, which gives the focus back to what had it before.
    ignoreFocusOut: true,
    prompt: l10n.t('The name stands in each label, so that two labellers can be compared.'),
    value: labellerOf({ context }) ?? usualName(),
    validateInput: (value) =>
      value.trim() === '' || value.length > 100 ? l10n.t('Give a short name.') : undefined,
  });
  if (name === undefined) return false;
  await context.workspaceState.update(LABELLER, name.trim());
  return true;
}

function usualName(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers may run under an id that has no name.
    return '';
  }
}

export const usableModels = ({ models }: Pick<Services, 'models'>): ModelSummary[] =>
  models.list().filter(isUsable);

/** The one that was chosen; else the first that was taught to chat, else the first. */
export function drafterOf(
  services: Pick<Services, 'context' | 'models'>,
): ModelSummary | undefined {
  const usable = usableModels(services);
  const kept: unknown = services.context.workspaceState.get(MODEL);
  const chosen = usable.find(({ folder }) => folder === kept);
  return chosen ?? usable.find(({ chat }) => chat) ?? usable[0];
}

export async function chooseDrafter(
  { context, models }: Pick<Services, 'context' | 'models'>,
  title = vscode.l10n.t('Draft with'),
): Promise<ModelSummary | undefined> {
  const model = await models.choose(title);
  if (model) await context.workspaceState.update(MODEL, model.folder);
  return model;
}
