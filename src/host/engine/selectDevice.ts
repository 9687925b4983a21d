/** "Select Device": what this machine could compute with, and why not with the rest. */
import * as vscode from 'vscode';
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import type { Device } from '../../protocol/messages';
import type { Services } from '../services';
import { settings } from '../settings';

type Backend = ReturnType<typeof settings.backend>;

interface DeviceItem extends vscode.QuickPickItem {
  readonly backend: Backend;
  /** Why it can't be chosen. */
  readonly why?: string;
}

export async function selectDevice({ engine }: Services): Promise<void> {
  const { l10n, window, workspace } = vscode;
  const now = settings.backend();
  const list = async (): Promise<DeviceItem[]> => {
    const methods = await engine.methods();
    const devices = await methods.devices({}, new AbortController().signal);
    const itemOf = (backend: Backend): DeviceItem => ({ ...deviceItem(backend, devices), backend });
    return (['auto', 'onnx', 'webgpu'] as const).map((backend) => {
      const item = itemOf(backend);
      return backend === now ? { ...item, description: l10n.t('now') } : item;
    });
  };
  const chosen = await window.showQuickPick(list(), {
    title: l10n.t('Select Device'),
    placeHolder: l10n.t(
      'What shall train and answer? A recipe that names a backend has its own way.',
    ),
  });
  if (!chosen) return;
  if (chosen.why !== undefined)
    throw new GlassboxError(
      'backend-missing',
      l10n.t('{0} cannot be used: {1}', chosen.label, chosen.why),
    );
  const configuration = workspace.getConfiguration('glassbox');
  const { Global, Workspace } = vscode.ConfigurationTarget;
  const isWritten = configuration.inspect('device')?.workspaceValue !== undefined;
  await configuration.update('device', chosen.backend, isWritten ? Workspace : Global);
}

const detailsSchema = z.object({
  why: z.string().optional(),
  processor: z.string().optional(),
  cores: z.number().optional(),
  memoryGiB: z.number().optional(),
  software: z.boolean().optional(),
});

function deviceItem(backend: Backend, devices: readonly Device[]): Omit<DeviceItem, 'backend'> {
  const { l10n } = vscode;
  if (backend === 'auto')
    return { label: l10n.t('Automatic'), detail: l10n.t('The fastest there is') };
  const label = backend === 'onnx' ? l10n.t('CPU') : l10n.t('GPU');
  const device = devices.find((each) => each.backend === backend);
  const details = detailsSchema.safeParse(device?.details).data ?? {};
  if (!device?.available) {
    const why = details.why ?? l10n.t('The engine does not know it.');
    return { label, why, detail: l10n.t('$(circle-slash) Not available: {0}', why) };
  }
  const { processor, cores, memoryGiB, software } = details;
  const parts = [
    processor ?? device.adapter,
    ...(software ? [l10n.t('computed on the CPU, very slowly')] : []),
    ...(cores === undefined ? [] : [l10n.t('{0} cores', cores)]),
    ...(memoryGiB === undefined ? [] : [l10n.t('{0} GiB of memory', memoryGiB)]),
  ];
  return { label, detail: parts.join(', ') };
}
