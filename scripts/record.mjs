// `node scripts/record.mjs`: makes the picture of a run, media/run.svg. Runs what `npm start` runs,
// in an empty folder and in a real terminal of 108 x 32 (tmux, which must be installed), and draws
// what the terminal then holds, what has scrolled up included. Arguments are passed on to
// `glassbox train`. `--keep FILE` keeps the terminal's content as well, and `--render FILE` draws
// such a file without running anything.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { buildIfStale, dist, installIfNeeded, within } from './project.mjs';
import { terminalSvg } from './terminalSvg.mjs';

const SIZE = { columns: 108, rows: 32 };
const TARGET = within('media', 'run.svg');

function option(args, name) {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Runs a command line in a terminal and gives what the terminal holds at its end, styles included. */
function inTerminal(command, folder) {
  const socket = `glassbox-${process.pid}`;
  const config = path.join(folder, 'tmux.conf');
  writeFileSync(config, 'set -g status off\nset -g history-limit 5000\n');
  const tmux = (...args) => {
    const run = spawnSync('tmux', ['-u', '-L', socket, '-f', config, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', NO_COLOR: '' },
    });
    if (run.error) throw new Error('tmux did not start: is it installed?', { cause: run.error });
    if (run.status !== 0) throw new Error(`tmux ${args[0]} failed: ${run.stderr}`);
    return run.stdout;
  };
  // The shell stays after the command, so that the terminal keeps what it holds.
  const prompt = String.raw`\033[32m$\033[39m \033[1mnpm start\033[0m\n\n`;
  const script = `printf '${prompt}'; ${command}; echo $? > status; tmux -L ${socket} wait-for -S over; exec cat`;
  const size = ['-x', String(SIZE.columns), '-y', String(SIZE.rows)];
  tmux('new-session', '-d', ...size, script);
  try {
    tmux('wait-for', 'over');
    const content = tmux('capture-pane', '-e', '-p', '-S', '-');
    const status = readFileSync(path.join(folder, 'status'), 'utf8').trim();
    if (status !== '0') throw new Error(`The run ended with ${status}:\n${content}`);
    return content;
  } finally {
    tmux('kill-server');
  }
}

async function record(args) {
  await installIfNeeded();
  if ((await buildIfStale()) !== 0) process.exit(1);
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-record-'));
  const command = [process.execPath, path.join(dist, 'cli.js'), 'train'];
  const recipe = ['--recipe', within('media', 'sample.recipe.json')];
  console.error('Recording; this takes as long as the run.');
  try {
    return inTerminal([...command, ...recipe, ...args].map(quoted).join(' '), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
const [keep, render] = [option(args, '--keep'), option(args, '--render')];
const content = render === undefined ? await record(args) : readFileSync(render, 'utf8');
if (keep !== undefined) writeFileSync(keep, content);
const lines = content.trimEnd().split('\n');
writeFileSync(TARGET, terminalSvg(lines, { ...SIZE, title: 'glassbox' }));
console.error(`Drawn: ${path.relative(process.cwd(), TARGET)}`);
