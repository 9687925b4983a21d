/** The tabs of corpora: one for each corpus. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { Services } from '../services';
import { Tabs } from '../webviews/tabs';
import type { CorpusFiles } from './corpusFiles';
import { CorpusPanel } from './corpusPanel';

export type CorpusTabs = Tabs<{ readonly folder: string }>;

export const corpusTabs = (services: Services, files: CorpusFiles, viewType: string): CorpusTabs =>
  new Tabs({
    viewType,
    kept: z.object({ folder: z.string().min(1) }),
    same: (one, other) => one.folder === other.folder,
    open: (panel, { folder }) => new CorpusPanel(services, files, panel, folder),
    untrusted: () => vscode.l10n.t('This folder is not trusted: its corpora are not shown.'),
  });
