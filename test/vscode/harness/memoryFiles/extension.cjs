// A file system with one folder and one file, which are on no disk. Not covered: making, renaming and
// deleting files, and telling who watches them.
'use strict';
const { Buffer } = require('node:buffer');
const { EventEmitter, FileSystemError, FileType, workspace } = require('vscode');

const times = { ctime: 0, mtime: 0 };

exports.activate = ({ subscriptions }) => {
  let notes = Buffer.from('Call me Ishmael.\n');
  const refuse = (uri) => {
    throw FileSystemError.NoPermissions(uri);
  };
  const provider = {
    onDidChangeFile: new EventEmitter().event,
    watch: () => ({ dispose: () => undefined }),
    stat: (uri) => {
      if (uri.path === '/sea') return { type: FileType.Directory, size: 0, ...times };
      if (uri.path === '/sea/notes.txt')
        return { type: FileType.File, size: notes.length, ...times };
      throw FileSystemError.FileNotFound(uri);
    },
    readDirectory: () => [['notes.txt', FileType.File]],
    readFile: (uri) => {
      if (uri.path === '/sea/notes.txt') return notes;
      throw FileSystemError.FileNotFound(uri);
    },
    writeFile: (uri, content) => {
      if (uri.path !== '/sea/notes.txt') refuse(uri);
      notes = content;
    },
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
  subscriptions.push(workspace.registerFileSystemProvider('memory', provider));
};
