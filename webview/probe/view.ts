/** What a person has done to the probe's tab: kept by the page across reloads. */
import * as z from 'zod';

export const KINDS = ['known', 'unknown', 'inconsistent', 'refused'] as const;
export type Kind = (typeof KINDS)[number];

/** Which questions are listed; `changed`: what an earlier probe found otherwise. */
export const FILTERS = ['all', ...KINDS, 'changed'] as const;
export type Filter = (typeof FILTERS)[number];

export const viewSchema = z.object({
  folder: z.string().min(1),
  /** The probe that a person chose to compare with, or none; undefined: the usual one. */
  before: z.string().optional(),
  filter: z.enum(FILTERS),
  query: z.string(),
});

export type View = z.infer<typeof viewSchema>;

/** As `View.before`, compared with nothing. */
export const NOTHING = '';
