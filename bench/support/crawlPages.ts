/**
 * Pages of documentation out of Debian packages, and pages as records of a WARC file: what the benchmarks
 * of the curation are made of. Packages are fetched by `apt-get download` and unpacked; none is installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const PACKAGES = [
  'apache2-doc aptitude-doc-en aptitude-doc-es aptitude-doc-fr debian-faq-de debian-handbook',
  'debian-policy debian-reference-de debian-reference-en debian-reference-fr debian-reference-ja',
  'debian-reference-zh-cn developers-reference exim4-doc-html git-doc jargon libreoffice-help-de',
  'libreoffice-help-en-us libreoffice-help-es libreoffice-help-fr libreoffice-help-ja',
  'lilypond-doc-html-de maint-guide-de octave-doc postgresql-doc-15 python-django-doc python3.11-doc',
  'sqlite3-doc',
].flatMap((line) => line.split(' '));

function command(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

export interface PackagePage {
  readonly url: string;
  readonly file: string;
}

/** The pages of the packages, fetched and unpacked if they aren't there, in an order of their own. */
export function packagePages(cache: string): PackagePage[] {
  mkdirSync(cache, { recursive: true });
  const archiveOf = (name: string): string | undefined =>
    readdirSync(cache).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  const missing = PACKAGES.filter((name) => archiveOf(name) === undefined);
  if (missing.length > 0) command('apt-get', ['download', '-q', ...missing], cache);
  const pages: PackagePage[] = [];
  for (const name of PACKAGES) {
    const tree = path.join(cache, name);
    if (statSync(tree, { throwIfNoEntry: false }) === undefined)
      command('dpkg-deb', ['-x', archiveOf(name) ?? name, name], cache);
    const files = readdirSync(tree, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.x?html?$/.test(entry.name))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) {
      const { size } = statSync(file);
      const below = path.relative(tree, file).split(path.sep).map(encodeURIComponent).join('/');
      if (size > 300 && size < 3_000_000)
        pages.push({ url: `http://${name}.example.org/${below}`, file });
    }
  }
  return pages;
}

export interface PageRecord {
  readonly url: string;
  readonly body: Uint8Array;
  readonly status?: string;
  readonly contentType?: string;
  /** Added to the true length. */
  readonly lie?: number;
}

/** A response of a server, as a crawler writes it down. */
export function recordOf(
  { url, body, status, contentType, lie = 0 }: PageRecord,
  number: number,
): Buffer {
  const http = `HTTP/1.1 ${status ?? '200 OK'}\r\nContent-Type: ${contentType ?? 'text/html'}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const date = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString().slice(0, 19);
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const head = [
    'WARC/1.0',
    'WARC-Type: response',
    `WARC-Target-URI: ${url}`,
    `WARC-Date: ${date}Z`,
    `WARC-Record-ID: <urn:uuid:${id}>`,
    'Content-Type: application/http; msgtype=response',
    `Content-Length: ${http.length + body.length + lie}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n${http}`), body, Buffer.from('\r\n\r\n')]);
}
