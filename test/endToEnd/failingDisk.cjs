// Loaded before a program (`node --require`), in its workers too: makes the file system refuse what
// FAILING_DISK says, `{"code": "ENOSPC", "below": FOLDER, "name": REGULAR EXPRESSION}`: writing to files
// whose path below the folder matches, and with EROFS making anything there at all. A disk that is
// really full takes root to mount.
/* global process */
const fs = require('node:fs');
const { code, below, name } = JSON.parse(process.env.FAILING_DISK);
const pattern = new RegExp(name);
const hit = (file) => {
  const path = String(file);
  return path.startsWith(below) && pattern.test(path.slice(below.length));
};
const failure = (file) => Object.assign(new Error(`${code}: it failed, '${file}'`), { code });

const { open, mkdir, writeFile, rename, link, copyFile } = fs.promises;
fs.promises.open = async (file, ...rest) => {
  const [flags] = rest;
  const writes = flags !== undefined && flags !== 'r';
  if (code === 'EROFS' && writes && hit(file)) throw failure(file);
  const handle = await open(file, ...rest);
  if (!hit(file) || !writes) return handle;
  const refuse = () => Promise.reject(failure(file));
  handle.write = refuse;
  handle.writeFile = refuse;
  handle.writev = refuse;
  return handle;
};
if (code === 'EROFS') {
  const guarded =
    (original, at) =>
    (...args) =>
      hit(args[at]) && !fs.existsSync(args[at])
        ? Promise.reject(failure(args[at]))
        : original(...args);
  Object.assign(fs.promises, {
    // As Node has it: whoever asks for all of a path at once hears that it is not there.
    mkdir: (folder, options) =>
      options?.recursive && hit(folder) && !fs.existsSync(folder)
        ? Promise.reject(Object.assign(failure(folder), { code: 'ENOENT' }))
        : guarded(mkdir, 0)(folder, options),
    writeFile: guarded(writeFile, 0),
    rename: guarded(rename, 1),
    link: guarded(link, 1),
    copyFile: guarded(copyFile, 1),
  });
}

const { openSync, writeSync } = fs;
const files = new Map();
fs.openSync = (file, flags, ...rest) => {
  const descriptor = openSync(file, flags, ...rest);
  files.set(descriptor, file);
  return descriptor;
};
let lines = 0;
fs.writeSync = (descriptor, ...rest) => {
  const file = files.get(descriptor);
  // The disk takes two lines and the half of a third.
  if (file === undefined || !hit(file) || ++lines <= 2) return writeSync(descriptor, ...rest);
  if (lines > 3) throw failure(file);
  const [data, offset = 0] = rest;
  return writeSync(descriptor, data, offset, Math.floor((data.length - offset) / 2));
};
