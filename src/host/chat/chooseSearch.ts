/** Where the tool search looks: a folder of the workspace, a corpus, or another folder. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../services';
import { workFolders } from '../workspace';
import type { Talk } from './talk';

interface PlaceItem extends vscode.QuickPickItem {
  readonly folder?: string;
}

export async function chooseSearch(
  { corpora }: Pick<Services, 'corpora'>,
  talk: Pick<Talk, 'searchIn'>,
): Promise<void> {
  const { l10n, window, ThemeIcon, QuickPickItemKind } = vscode;
  const folders = workFolders().map(({ uri, name }): PlaceItem => ({
    ...{ label: name, folder: uri.fsPath, iconPath: new ThemeIcon('root-folder') },
    description: l10n.t('the workspace'),
  }));
  const made = (await corpora.ready())
    .filter(({ problem }) => problem === undefined)
    .map(({ name, folder }): PlaceItem => {
      return { label: name, folder, iconPath: new ThemeIcon('library') };
    });
  const other: PlaceItem = {
    label: l10n.t('Choose a Folder...'),
    iconPath: new ThemeIcon('folder'),
  };
  const heading: PlaceItem = { label: l10n.t('Corpora'), kind: QuickPickItemKind.Separator };
  const items = [...folders, other, ...(made.length > 0 ? [heading, ...made] : [])];
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Search'),
    placeHolder: l10n.t('Where shall the model search?'),
  });
  if (!picked) return;
  const place = picked.folder ?? (await browse());
  if (place !== undefined)
    talk.searchIn(place, picked.folder === undefined ? path.basename(place) : picked.label);
}

async function browse(): Promise<string | undefined> {
  const [first] = workFolders();
  const chosen = await vscode.window.showOpenDialog({
    ...{ canSelectFolders: true, canSelectFiles: false },
    ...(first && { defaultUri: first.uri }),
    title: vscode.l10n.t('Where shall the model search?'),
    openLabel: vscode.l10n.t('Choose'),
  });
  return chosen?.[0]?.fsPath;
}
