/** A probe by its folder, whether it lies in this window's folders or not. */
import { GlassboxError } from '../../base/errors';
import type { ProbeSummary } from '../../protocol/knowledgeMessages';
import type { Services } from '../services';
import * as vscode from 'vscode';

/** @throws GlassboxError `not-a-probe`, or what the engine throws */
export async function findProbe(
  { engine, probes }: Pick<Services, 'engine' | 'probes'>,
  folder: string,
): Promise<ProbeSummary> {
  const { l10n } = vscode;
  const isIt = (probe: ProbeSummary): boolean => probe.folder === folder;
  const listed = (await probes.ready()).find(isIt);
  if (listed) return listed;
  const methods = await engine.methods();
  const found = await methods.probes({ folders: [folder] }, new AbortController().signal);
  const probe = found.find(isIt);
  if (probe) return probe;
  throw new GlassboxError('not-a-probe', l10n.t('{0} is no probe.', folder), {
    remedy: l10n.t('Choose a folder that "Probe Knowledge" has made: answers.jsonl lies in it.'),
  });
}
