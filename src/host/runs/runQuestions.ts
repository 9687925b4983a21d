/**
 * What is asked of every new run, from a text or from a model: how many steps, and its name; and what
 * a run would take on this machine, as far as the engine can tell.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import type { Estimate } from '../../protocol/catalogMessages';
import type { Recipe } from '../../recipe/run';
import { bytesText, durationText } from '../formats';
import { BACK, input } from '../guide';
import type { Answer, PickOptions, Place } from '../guide';
import { logError } from '../problems';
import type { Services } from '../services';
import { withSettings } from '../settings';
import { freeName, storageOf } from '../workspace';
import { askName } from './askName';
import { stepsIn } from './runPlan';

export async function estimateOf(
  { engine }: Pick<Services, 'engine'>,
  recipe: Recipe,
  signal: AbortSignal,
): Promise<Estimate> {
  const methods = await engine.methods();
  return methods.estimate({ recipe: withSettings(recipe) }, signal);
}

/** What so many steps would take, and whether there is room for them. */
export function needsText(estimate: Estimate, steps: number): string {
  const { l10n } = vscode;
  const { seconds, memory, refusal, memoryTotal = Infinity, memoryFree = Infinity } = estimate;
  const needs = l10n.t(
    '{0} steps take about {1} and {2} of memory',
    ...[steps, durationText(seconds), bytesText(memory)],
  );
  const fits =
    refusal !== undefined
      ? l10n.t('$(error) does not fit: {0}', refusal)
      : memory > memoryTotal
        ? l10n.t('$(error) does not fit: this machine has {0}', bytesText(memoryTotal))
        : memory > memoryFree
          ? l10n.t('$(warning) only {0} are free now', bytesText(memoryFree))
          : '';
  return fits === '' ? needs : `${fits}  ${needs}`;
}

/** Brings what each of the items would take into it, one after the other. */
export function fillEstimates<Item extends vscode.QuickPickItem>(
  { log }: Pick<Services, 'log'>,
  items: readonly Item[],
  estimated: (item: Item, signal: AbortSignal) => Promise<Item>,
): NonNullable<PickOptions<Item>['fill']> {
  return async (update, signal) => {
    const now = [...items];
    for (const [index, item] of items.entries()) {
      try {
        now[index] = await estimated(item, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        logError(log, thrown);
        now[index] = { ...item, detail: vscode.l10n.t('No estimate: {0}', messageOf(thrown)) };
      }
      update([...now]);
    }
  };
}

export async function askSteps(
  place: Place,
  options: {
    readonly value: number;
    readonly prompt: string;
    /** What so many steps would take. */
    readonly estimate?: (steps: number, signal: AbortSignal) => Promise<Estimate>;
  },
): Promise<Answer<{ steps: number }>> {
  const { l10n } = vscode;
  const { value, prompt, estimate } = options;
  const written = await input(place, {
    value: String(value),
    prompt,
    problem: (text) =>
      stepsIn(text) === undefined ? l10n.t('Expected a whole number above 0.') : undefined,
    note: async (text, signal) => {
      const found = await estimate?.(stepsIn(text) ?? value, signal).catch(() => undefined);
      if (!found) return undefined;
      return l10n.t(
        'About {0} on this machine, and {1} of memory.',
        durationText(found.seconds),
        bytesText(found.memory),
      );
    },
  });
  if (written === undefined || written === BACK) return written;
  return { steps: stepsIn(written) ?? value };
}

/** @param proposed by `nameFrom`; `before`: what was answered already */
export async function askRunName(
  { runs }: Pick<Services, 'runs'>,
  folder: vscode.WorkspaceFolder,
  place: Place,
  { before, proposed }: { readonly before: string | undefined; readonly proposed: string },
): Promise<Answer<{ name: string }>> {
  const taken = new Set(runs.list().map((run) => run.folder));
  const inRuns = (name: string): string => path.join(storageOf(folder.uri), 'runs', name);
  const name = await askName(place, {
    value: before ?? (await freeName(proposed, inRuns)),
    prompt: vscode.l10n.t('What shall the run be called?'),
    taken: (each) => taken.has(inRuns(each)),
  });
  return name === undefined || name === BACK ? name : { name };
}
