/** The dashboard's tabs: one for each set of runs. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { Services } from '../services';
import { Tabs } from '../webviews/tabs';
import { DashboardPanel } from './dashboardPanel';
import { sameRuns } from './sameRuns';

export type DashboardPanels = Tabs<{ folders: string[] }>;

export const dashboardPanels = (services: Services, viewType: string): DashboardPanels =>
  new Tabs({
    viewType,
    kept: z.object({ folders: z.array(z.string().min(1)).min(1) }),
    same: (one, other) => sameRuns(one.folders, other.folders),
    open: (panel, { folders }) => new DashboardPanel(services, panel, folders),
    untrusted: () => vscode.l10n.t('This folder is not trusted: its runs are not shown.'),
  });
