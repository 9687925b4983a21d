/** What the desk's page asks of the extension host. */
import { labelSurface } from '../../src/protocol/labelSurface';
import type { Asker } from '../../src/protocol/rpc';

export type Ask = ReturnType<typeof askOf>;

export function askOf(asker: Asker) {
  return {
    watch: asker.stream(labelSurface.watch),
    open: asker.call(labelSurface.open),
    keep: asker.call(labelSurface.keep),
    draft: asker.stream(labelSurface.draft),
    addPrompt: asker.call(labelSurface.addPrompt),
    addPrompts: asker.call(labelSurface.addPrompts),
    addComparisons: asker.call(labelSurface.addComparisons),
    writeGuidelines: asker.call(labelSurface.writeGuidelines),
    openGuidelines: asker.call(labelSurface.openGuidelines),
    guidelines: asker.call(labelSurface.guidelines),
    chooseLabeller: asker.call(labelSurface.chooseLabeller),
    chooseModel: asker.call(labelSurface.chooseModel),
    newRun: asker.call(labelSurface.newRun),
    openAsText: asker.call(labelSurface.openAsText),
    exportLabels: asker.call(labelSurface.exportLabels),
    statistics: asker.call(labelSurface.statistics),
  };
}
