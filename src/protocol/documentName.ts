/** What a document of a corpus is called in lists. */

/** Its title, or the end of its address. */
export function documentName({
  title,
  url,
  id,
}: {
  readonly title?: string | undefined;
  readonly url?: string | undefined;
  readonly id: string;
}): string {
  if (title !== undefined && title.trim() !== '') return title.replace(/\s+/g, ' ').trim();
  const last = url
    ?.replace(/[?#].*$/, '')
    .split('/')
    .findLast((part) => part !== '');
  return last ?? id;
}
