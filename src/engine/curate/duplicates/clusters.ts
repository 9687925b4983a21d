/**
 * The third step: pairs become clusters (union-find), and of each cluster the first document in the
 * order of the sources is kept. It takes four bytes a document and kind of copy, whatever the number
 * of pairs.
 */
import { readPairs } from './pairs';

const NOBODY = 0xffff_ffff;

export interface Copy {
  /** Numbers among all documents that the filters have let through. */
  readonly number: number;
  readonly stage: 'exactDuplicates' | 'nearDuplicates';
  /** The first of the same text; or the one that is kept of a cluster of similar texts. */
  readonly of: number;
}

/** The first document of every cluster, by document. */
async function rootsOf(documents: number, files: readonly string[]): Promise<Uint32Array> {
  const parents = Uint32Array.from({ length: documents }, (_, number) => number);
  const rootOf = (number: number): number => {
    let at = number;
    while (parents[at]! !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  };
  for (const file of files)
    for await (const [first, other] of readPairs(file)) {
      const [a, b] = [rootOf(first), rootOf(other)];
      parents[Math.max(a, b)] = Math.min(a, b);
    }
  for (let number = 0; number < documents; number++) parents[number] = rootOf(number);
  return parents;
}

/** The copies among so many documents, in order. Files that are not given were not asked for. */
export async function* findCopies(
  documents: number,
  { exact, near }: { exact: string | undefined; near: readonly string[] },
): AsyncGenerator<Copy, void, void> {
  const firsts = new Uint32Array(exact === undefined ? 0 : documents).fill(NOBODY);
  if (exact !== undefined)
    for await (const [first, other] of readPairs(exact)) firsts[other] = first;
  const roots = await rootsOf(near.length === 0 ? 0 : documents, near);
  for (let number = 0; number < documents; number++) {
    const first = firsts[number] ?? NOBODY;
    const root = roots[number] ?? number;
    if (first !== NOBODY) yield { number, stage: 'exactDuplicates', of: first };
    else if (root !== number) yield { number, stage: 'nearDuplicates', of: root };
  }
}
