/** What a model looks like in words: the same in the tree and in lists. */
import * as vscode from 'vscode';
import type { ModelSummary } from '../../protocol/catalogMessages';
import { bytesText, countText } from '../formats';

/** `step 500 · best · 1.1M parameters · context 128 · chat`. */
export function modelDescription({
  run,
  parameters,
  context,
  chat,
  problem,
}: ModelSummary): string {
  const { l10n } = vscode;
  if (problem !== undefined) return problem;
  return [
    ...(run ? [l10n.t('step {0}', run.step)] : []),
    ...(run?.best ? [l10n.t('best')] : []),
    l10n.t('{0} parameters', countText(parameters)),
    l10n.t('context {0}', context),
    ...(chat ? [l10n.t('chat')] : []),
  ].join(' · ');
}

export function modelTooltip(model: ModelSummary): vscode.MarkdownString {
  const { l10n } = vscode;
  const { name, architecture, parameters, context, vocab, bytes, chat, problem, folder, run } =
    model;
  const lines =
    problem === undefined
      ? [
          `${l10n.t('Architecture')}: ${architecture}`,
          `${l10n.t('Parameters')}: ${countText(parameters)}`,
          `${l10n.t('Context')}: ${l10n.t('{0} tokens', context)}`,
          `${l10n.t('Vocabulary')}: ${l10n.t('{0} tokens', vocab)}`,
          `${l10n.t('On the disk')}: ${bytesText(bytes)}`,
          chat
            ? l10n.t('It was taught to chat.')
            : l10n.t('It continues text; it was not taught to chat.'),
          ...(run?.best
            ? [l10n.t("The run's best checkpoint: the one with the lowest validation loss.")]
            : []),
        ]
      : [problem];
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(name).appendMarkdown('**\n\n');
  for (const line of lines) text.appendMarkdown('- ').appendText(line).appendMarkdown('\n');
  text.appendMarkdown('\n').appendText(folder);
  return text;
}

export interface ModelItem extends vscode.QuickPickItem {
  readonly model?: ModelSummary;
  /** The way to models that are not in the list. */
  readonly add?: true;
}

/** Those that can be used, grouped by where they come from. */
export function modelItems(models: readonly ModelSummary[]): readonly ModelItem[] {
  const usable = models.filter(({ problem }) => problem === undefined);
  const itemOf = (model: ModelSummary): ModelItem => ({
    model,
    label: model.name,
    description: modelDescription(model),
    detail: vscode.workspace.asRelativePath(model.folder),
  });
  const group = (label: string, items: readonly ModelItem[]): readonly ModelItem[] =>
    items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
  return [
    ...group(vscode.l10n.t('Trained here'), usable.filter(({ run }) => run).map(itemOf)),
    ...group(vscode.l10n.t('Found'), usable.filter(({ run }) => !run).map(itemOf)),
    ...group(vscode.l10n.t('Other'), [
      { label: vscode.l10n.t('$(folder-library) Add Model Folder...'), add: true },
    ]),
  ];
}
