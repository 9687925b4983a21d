/** Which runs a command was called for. Pure: the palette, a tree and other rooms call it alike. */

const folderOf = (target: unknown): string | undefined => {
  if (typeof target === 'string') return target === '' ? undefined : target;
  const item = typeof target === 'object' && target !== null ? target : {};
  return 'folder' in item && typeof item.folder === 'string' ? item.folder : undefined;
};

/**
 * The folders that a command's arguments name: a folder, a list of them, a tree's item, or all that
 * is selected in the tree. None where a person has to be asked.
 */
export function foldersOf(target: unknown, selected?: unknown): string[] {
  const many: readonly unknown[] = Array.isArray(selected)
    ? selected
    : Array.isArray(target)
      ? target
      : [target];
  const folders = many.map(folderOf).filter((folder) => folder !== undefined);
  return [...new Set(folders)];
}
