/**
 * "Teach Refusals": the training set that follows from a probe. It refuses what the model made up and
 * keeps the model's own answers to what it knows. Then a model is fine-tuned with it, or a person looks
 * its drafts through in the labelling desk first.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { countText } from '../formats';
import { guide, BACK } from '../guide';
import { tellError } from '../problems';
import { askName } from '../runs/askName';
import type { Services } from '../services';
import { chooseWorkFolder, freeName } from '../workspace';
import { findProbe } from './findProbe';
import { probedModel } from './probeTexts';

const FOLDER = 'talks';
const SEED = 1;

export async function teachRefusals(services: Services, folder: string): Promise<void> {
  const { l10n } = vscode;
  const workFolder = await chooseWorkFolder(vscode.Uri.file(folder));
  if (!workFolder) return;
  const probe = await findProbe(services, folder);
  const fileOf = (name: string): string =>
    path.join(workFolder.uri.fsPath, FOLDER, `${name}.jsonl`);
  const answered = await guide<{ name: string }>(l10n.t('Teach Refusals'), [
    async (_, place) => {
      const name = await askName(place, {
        value: await freeName(`${probe.name}-refusals`, fileOf),
        prompt: l10n.t(
          'What shall the training set be called? It refuses the {0} questions that were made up or refused, keeps the {1} known answers, and goes to {2}.',
          ...[probe.knowledge.unknown + probe.knowledge.refused, probe.knowledge.known],
          `${FOLDER}/NAME.jsonl`,
        ),
      });
      return name === undefined || name === BACK ? name : { name };
    },
  ]);
  if (answered?.name === undefined) return;
  const methods = await services.engine.methods();
  const request = { probes: [folder], seed: SEED, out: fileOf(answered.name) };
  const made = await methods.teachKnowledge(request, new AbortController().signal);
  // Nobody has to answer before the command is done.
  offer(services, probedModel(probe), made).catch((thrown: unknown) =>
    tellError(services.log, thrown),
  );
}

async function offer(
  services: Services,
  model: string,
  made: { file: string; answers: number; refusals: number; leftOut: number },
): Promise<void> {
  const { l10n, window, workspace } = vscode;
  const { file, answers, refusals, leftOut } = made;
  const said = [
    l10n.t(
      '{0} refusals and {1} known answers are in {2}.',
      ...[countText(refusals), countText(answers), workspace.asRelativePath(file)],
    ),
    ...(leftOut > 0 ? [l10n.t('{0} inconsistent ones teach nothing.', countText(leftOut))] : []),
  ].join(' ');
  const [tune, desk] = [l10n.t('Fine-Tune Model'), l10n.t('Open in Labelling Desk')];
  const answer = await window.showInformationMessage(said, tune, desk);
  const uri = vscode.Uri.file(file);
  if (answer === tune) {
    const { fineTune } = await import('../runs/fineTune');
    await fineTune(services, { model, data: uri });
  }
  if (answer === desk) {
    const { openDrafts } = await import('../labels/openDrafts');
    await openDrafts(services, uri);
  }
}
