/**
 * Which addresses are not wanted: blocked domains and pages, words, and pieces of words, as in FineWeb.
 * What a blocked domain has below it is blocked as well. A document without an address passes.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, readTextFile } from '../../../base/files';
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';

interface Blocked {
  readonly domains: Set<string>;
  /** Without the scheme, a leading `www.` and a slash at the end. */
  readonly addresses: Set<string>;
}

const bare = (address: string): string =>
  address
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/^www\./, '')
    .replace(/\/+$/, '');

function addLine(line: string, blocked: Blocked): void {
  const entry = bare(line.trim());
  if (entry === '' || entry.startsWith('#')) return;
  if (entry.includes('/')) blocked.addresses.add(entry);
  else blocked.domains.add(entry);
}

/** The files of a list: itself, or in a folder all that are called `domains` or `urls` (UT1). */
async function filesOf(list: string): Promise<string[]> {
  try {
    if (!(await stat(list)).isDirectory()) return [list];
    const entries = await readdir(list, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && /^(domains|urls)(\.txt)?$/.test(entry.name))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
  } catch (thrown) {
    throw fileError(thrown, 'read', list);
  }
}

async function readLists(settings: CorpusRecipe['url']): Promise<Blocked> {
  const blocked: Blocked = { domains: new Set(), addresses: new Set() };
  for (const domain of settings.domains) addLine(domain, blocked);
  for (const list of settings.lists)
    for (const file of await filesOf(list))
      for (const line of (await readTextFile(file)).split('\n')) addLine(line, blocked);
  return blocked;
}

/** The host and every domain above it. */
function* domainsOf(host: string): Generator<string> {
  for (let domain = host; domain !== ''; domain = domain.slice(domain.indexOf('.') + 1)) {
    yield domain;
    if (!domain.includes('.')) return;
  }
}

/** @throws GlassboxError where a list can't be read */
export async function urlFilter(settings: CorpusRecipe['url']): Promise<Stage> {
  const { domains, addresses } = await readLists(settings);
  const hard = new Set(settings.hardWords.map((word) => word.toLowerCase()));
  const soft = new Set(settings.softWords.map((word) => word.toLowerCase()));
  const squeeze = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '');
  const substrings = settings.substrings.map(squeeze).filter((part) => part !== '');

  function reasonFor(url: string, words: ReadonlySet<string>): string | undefined {
    const address = bare(url);
    const host = address
      .replace(/[/?#].*$/, '')
      .replace(/^[^@]*@/, '')
      .replace(/:\d*$/, '');
    for (const domain of domainsOf(host)) if (domains.has(domain)) return 'domain';
    if (addresses.has(address)) return 'address';
    for (const word of words) if (hard.has(word)) return 'hardWord';
    const squeezed = squeeze(url);
    return substrings.some((part) => squeezed.includes(part)) ? 'substring' : undefined;
  }

  function measure({ url }: Page): Finding {
    if (url === undefined) return { values: {} };
    const words = new Set(url.toLowerCase().split(/[^a-z0-9]+/));
    const softWords = [...words].filter((word) => soft.has(word)).length;
    const reason = reasonFor(url, words);
    return { values: { softWords }, ...(reason === undefined ? {} : { reason }) };
  }

  return { name: 'url', measure };
}
