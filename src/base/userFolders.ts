/** Where a program may keep what it can make again, by the customs of each system. */
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** Absolute; need not be there yet. */
export function userCacheFolder(): string {
  const { env, platform } = process;
  const given = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME'];
  // A relative one is no one's intention; the XDG specification says to ignore it.
  if (given !== undefined && path.isAbsolute(given) && platform !== 'darwin')
    return path.join(given, 'glassbox');
  const usual = { win32: ['AppData', 'Local'], darwin: ['Library', 'Caches'] };
  const parts = platform === 'win32' || platform === 'darwin' ? usual[platform] : ['.cache'];
  return path.join(homedir(), ...parts, 'glassbox');
}
