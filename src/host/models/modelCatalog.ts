/** The models that this window can use: trained here, or found in the folders of the settings. */
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { Catalog } from '../catalog';

/** Those trained here first, newest first; then those found. */
export interface ModelCatalog extends Catalog<ModelSummary> {
  /** Lets a person choose one that can be used; undefined where they don't. */
  choose(title: string): Promise<ModelSummary | undefined>;
}
