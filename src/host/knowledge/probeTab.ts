/** The tabs of probes: one for each probe. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { Services } from '../services';
import { Tabs } from '../webviews/tabs';
import { ProbePanel } from './probePanel';

export type ProbeTabs = Tabs<{ readonly folder: string }>;

export const probeTabs = (services: Services, viewType: string): ProbeTabs =>
  new Tabs({
    viewType,
    kept: z.object({ folder: z.string().min(1) }),
    same: (one, other) => one.folder === other.folder,
    open: (panel, { folder }) => new ProbePanel(services, panel, folder),
    untrusted: () => vscode.l10n.t('This folder is not trusted: its probes are not shown.'),
  });
