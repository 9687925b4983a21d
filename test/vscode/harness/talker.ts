/**
 * A model for tests that talk: trained by them, small, and taught two kinds of sentences, which is
 * enough to see it write.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const CLI = path.resolve(import.meta.dirname, '..', '..', '..', 'dist', 'cli.js');
const THINGS = { red: 'apple', blue: 'sky', green: 'leaf', yellow: 'sun', black: 'night' };
const TEMPLATE = `{%- for message in messages -%}
{%- if message.role == 'user' %}Q: {{ message.content }}
{% elif message.role == 'assistant' %}A: {{ message.content }}
{% endif -%}
{%- endfor -%}
A:`;

function train(folder: string): string {
  const texts = Object.entries(THINGS).flatMap(([colour, thing]) => [
    `Q: What is ${colour}?\nA: The ${thing} is ${colour}.`,
    `Q: What of the ${thing}?\nA: The ${thing} is as ${colour} as can be, and all like it.`,
  ]);
  const lines = Array.from({ length: 80 }, () => texts.map((text) => JSON.stringify({ text })));
  const data = path.join(folder, 'talk.jsonl');
  writeFileSync(data, lines.flat().join('\n'));
  const out = path.join(folder, 'run');
  const settings = ['--set', 'model.context=64', 'tokenizer.vocab=330'];
  const size = ['--preset', 'tiny', '--steps', '60', ...settings];
  execFileSync(process.execPath, [CLI, 'train', '--data', data, '--out', out, ...size], {
    stdio: 'ignore',
  });
  return path.join(out, 'checkpoints', 'step-000060');
}

const SUMS = Array.from({ length: 20 }, (_, at) => [(at % 5) + 1, Math.floor(at / 5) + 2] as const);

/** Teaches a trained model to call the calculator: `models/caller`. */
export function trainCaller(): Record<string, string | Uint8Array> {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-caller-'));
  try {
    const talks = SUMS.map(([a, b]) => {
      const tool = { function: { name: 'calculator', arguments: `${a} + ${b}` } };
      return JSON.stringify({
        messages: [
          { role: 'user', content: `What is ${a} + ${b}?` },
          { role: 'assistant', content: '', tool_calls: [tool] },
          { role: 'tool', content: String(a + b) },
          { role: 'assistant', content: `It is ${a + b}.` },
        ],
      });
    });
    const data = path.join(folder, 'sums.jsonl');
    writeFileSync(data, talks.join('\n'));
    const out = path.join(folder, 'taught');
    const from = ['--model', train(folder), '--data', data, '--out', out, '--steps', '60'];
    const settings = ['train.lr=0.003', 'train.sampleEvery=0', 'train.evalEvery=0'];
    execFileSync(
      process.execPath,
      [CLI, 'sft', ...from, '--template', 'nanochat', '--set', ...settings],
      { stdio: 'ignore' },
    );
    return filesOf(path.join(out, 'checkpoints', 'step-000060'), ['caller']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesOf(trained: string, names: readonly string[]): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const name of readdirSync(trained)) {
    if (name === 'optimizer.safetensors' || name === 'training.json') continue;
    for (const model of names)
      files[`models/${model}/${name}`] = readFileSync(path.join(trained, name));
  }
  return files;
}

/**
 * Trains it, for the files of a workspace: `models/talker`, which has a chat template, and
 * `models/writer`, the same without one.
 */
export function trainTalker(): Record<string, string | Uint8Array> {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-talker-'));
  try {
    const files = filesOf(train(folder), ['talker', 'writer']);
    return { ...files, 'models/talker/chat_template.jinja': TEMPLATE };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
