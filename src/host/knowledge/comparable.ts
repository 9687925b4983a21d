/** Which probes can be laid beside each other: pure. */
import type { ProbeSummary } from '../../protocol/knowledgeMessages';

/** The others of the same questions, and the one that it was made to be compared with; newest first. */
export function comparable(probe: ProbeSummary, all: readonly ProbeSummary[]): ProbeSummary[] {
  const { questionsHash } = probe;
  return all
    .filter(
      (other) =>
        other.folder !== probe.folder &&
        (other.folder === probe.asked?.before ||
          (questionsHash !== undefined && other.questionsHash === questionsHash)),
    )
    .sort((a, b) => b.made - a.made);
}

/** What it is compared with where nobody says: what it was made for, else the newest before it. */
export function usualBefore(probe: ProbeSummary, all: readonly ProbeSummary[]): string | undefined {
  const others = comparable(probe, all);
  const meant = others.find(({ folder }) => folder === probe.asked?.before);
  return (meant ?? others.find(({ made }) => made < probe.made))?.folder;
}
