/** The corpora that this window can use: those that lie in its folders, finished or begun. */
import type { CorpusSummary } from '../../protocol/corpusMessages';
import { openCatalog, watchFiles } from '../catalog';
import type { Catalog } from '../catalog';
import type { Services } from '../services';

export type CorpusCatalog = Catalog<CorpusSummary>;

export const openCorpusCatalog = (
  services: Pick<Services, 'engine' | 'log'>,
): CorpusCatalog & { dispose(): void } =>
  openCatalog(services, {
    look: async (methods, folders, signal) => {
      const found = await methods.corpora({ folders: [...folders] }, signal);
      return found.sort((a, b) => a.name.localeCompare(b.name));
    },
    listen: watchFiles('**/corpus.json'),
    none: 'noCorpora',
  });
