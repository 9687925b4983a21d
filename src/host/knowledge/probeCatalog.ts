/** The probes that lie in this window's folders, the newest first. */
import type { ProbeSummary } from '../../protocol/knowledgeMessages';
import { openCatalog, watchFiles } from '../catalog';
import type { Catalog } from '../catalog';
import type { Services } from '../services';

export type ProbeCatalog = Catalog<ProbeSummary>;

export const openProbeCatalog = (
  services: Pick<Services, 'engine' | 'log'>,
): ProbeCatalog & { dispose(): void } =>
  openCatalog(services, {
    look: async (methods, folders, signal) => {
      const found = await methods.probes({ folders: [...folders] }, signal);
      return found.sort((a, b) => b.made - a.made);
    },
    listen: watchFiles('**/summary.json'),
    none: 'noProbes',
  });
