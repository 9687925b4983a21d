/** Finished labels as a file of training data, where a person wants it. */
import path from 'node:path';
import * as vscode from 'vscode';
import { GlassboxError } from '../../base/errors';
import { atomicFile } from '../../base/files';
import { exportLabels, EXPORTS } from '../../labels/exportLabels';
import type { Exported, ExportKind, Learnt } from '../../labels/exportLabels';
import type { Ledger } from '../../labels/ledger';
import type { Services } from '../services';
import type { OpenDesk } from './openDesk';

export async function exportFromDesk(
  services: Pick<Services, 'log'>,
  { desk, uri }: Pick<OpenDesk, 'desk' | 'uri'>,
): Promise<void> {
  const { l10n, window, workspace } = vscode;
  await desk.refresh();
  const items = EXPORTS.map((kind) => {
    const { records } = exportLabels(desk.ledger, kind);
    return {
      exports: kind,
      label: nameOf(kind),
      description: String(records),
      detail: detailOf(kind),
    };
  });
  const title = l10n.t('Export Labels');
  const picked = await window.showQuickPick(items, { title, matchOnDetail: true });
  if (!picked) return;
  const learnt = await chooseLearnt(desk.ledger, picked.exports);
  if (!learnt) return;
  const exported = exportLabels(desk.ledger, picked.exports, learnt);
  if (exported.records === 0)
    throw new GlassboxError(
      'no-labels',
      l10n.t('There is nothing to export: no label of this kind is finished.'),
      leftOutText(exported) === '' ? {} : { remedy: leftOutText(exported) },
    );
  const name = path.basename(uri.fsPath).replace(/(\.labels)?\.jsonl$/, '');
  const target = await window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.joinPath(uri, '..', `${name}.${picked.exports}.jsonl`),
    filters: { 'JSON Lines': ['jsonl'] },
  });
  if (!target) return;
  if (target.fsPath === uri.fsPath)
    throw new GlassboxError('same-file', l10n.t('That is the labels file itself.'), {
      remedy: l10n.t('Choose another name.'),
    });
  await atomicFile(target.fsPath, exported.text);
  services.log.info(`Exported ${exported.records} records to ${target.fsPath}.`);
  const where = workspace.asRelativePath(target);
  const said = l10n.t('{0} records are in {1}.', exported.records, where);
  const open = l10n.t('Open');
  // Nobody has to answer before the command is done.
  void window
    .showInformationMessage(`${said} ${leftOutText(exported)}`.trim(), open)
    .then((answer) => {
      if (answer === open) void window.showTextDocument(target);
    });
}

/** Asked where prompts came with answers of their own. */
async function chooseLearnt(ledger: Ledger, kind: ExportKind): Promise<Learnt | undefined> {
  const { l10n, window } = vscode;
  const { given } = exportLabels(ledger, kind);
  if (given === 0) return 'labelled';
  const labelled = {
    label: l10n.t('Learn What Was Labelled'),
    detail: l10n.t('Answers that came with the prompts are there to be seen ("weight": 0)'),
    learnt: 'labelled' as const,
  };
  const all = {
    label: l10n.t('Learn Every Answer'),
    detail: l10n.t('Those that came with the prompts, too, as they are'),
    learnt: 'all' as const,
  };
  const title = l10n.t('{0} answers came with the prompts, and nobody changed them', given);
  return (await window.showQuickPick([labelled, all], { title }))?.learnt;
}

function nameOf(kind: ExportKind): string {
  const { l10n } = vscode;
  if (kind === 'conversations') return l10n.t('Conversations');
  return kind === 'preferences' ? l10n.t('Preferences') : l10n.t('Ratings');
}

function detailOf(kind: ExportKind): string {
  const { l10n } = vscode;
  if (kind === 'conversations')
    return l10n.t('Finished answers as messages, for "glassbox sft" and other programs');
  return kind === 'preferences'
    ? l10n.t('Comparisons as prompt, chosen and rejected')
    : l10n.t('Answers with their marks');
}

/** `Left out: 2 unfinished, 1 skipped.` */
function leftOutText({ leftOut }: Exported): string {
  const { l10n } = vscode;
  const parts = [
    leftOut.unfinished > 0 && l10n.t('{0} unfinished', leftOut.unfinished),
    leftOut.skipped > 0 && l10n.t('{0} skipped', leftOut.skipped),
    leftOut.conflicts > 0 && l10n.t('{0} in two versions', leftOut.conflicts),
    leftOut.empty > 0 && l10n.t('{0} empty', leftOut.empty),
    leftOut.ties > 0 && l10n.t('{0} without a winner', leftOut.ties),
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : l10n.t('Left out: {0}.', parts.join(', '));
}
