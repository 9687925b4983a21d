// The licences of what a package contains and others wrote: the packages that went into the bundles,
// as the build wrote them down, and those that lie beside them. Each is printed as its author ships it.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { dist, within } from './project.mjs';

const LICENSE_FILE = /^(licen[cs]e|copying|notice|thirdpartynotices)/i;

function notice(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((name) => LICENSE_FILE.test(name));
  const texts = files.map((name) => readFileSync(path.join(folder, name), 'utf8').trim());
  const license = manifest.license ?? manifest.licenses?.[0]?.type;
  if (!license && texts.length === 0)
    throw new Error(`${manifest.name} names no licence: find out before it is packed.`);
  // Some packages name their licence and ship no text of it.
  const body = texts.join('\n\n') || `Licence: ${license} (the package ships no text of it).`;
  return `${manifest.name} ${manifest.version}\n\n${body}`;
}

/** The notices of the bundled packages and of `more`, folders below node_modules. */
export function thirdPartyNotices(more, extra) {
  const bundled = JSON.parse(readFileSync(path.join(dist, '.packages.json'), 'utf8'));
  const folders = [...new Set([...bundled, ...more])].sort();
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  const notices = [...folders.map((folder) => notice(within('node_modules', folder))), ...extra];
  return `Glassbox contains the following works of others.${rule}${notices.join(rule)}\n`;
}
